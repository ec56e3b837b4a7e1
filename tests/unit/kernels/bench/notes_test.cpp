#include "kernels/bench/notes.h"

#include "tests/catch.h"

namespace mobasim::tests::notes_test {
using namespace kernels::bench;

TEST_CASE("a bench says what it left out and how far the machine was disturbed") {
  Result result;
  CHECK(notes_on(result).empty());
  MeasuredRow row;
  row.row.sampling = name(Ending::disturbed);
  row.row.discarded = 2;
  row.samples.resize(5);
  result.rows = {row};
  result.unsupported = {"products of bf16"};
  result.left_out = {"a shape", "another"};
  result.load.known = true;
  result.load.others = 0.5;
  CHECK(notes_on(result) ==
        std::vector<std::string>{
            "left out: products of bf16",
            "the budget did not reach 2 shapes, from 'a shape' on; a longer --budget does",
            "2 of 5 samples were discarded: the machine was slower beside them",
            "1 rows are of a disturbed machine throughout (column sampling): their times are too long",
            "other processes had 50% of the processors, and other machines 0%"});
  GpuResult gpu;
  gpu.left_out = {"a case: the budget was spent"};
  CHECK(notes_on(gpu) == std::vector<std::string>{"left out: a case: the budget was spent"});
}

}  // namespace mobasim::tests::notes_test
