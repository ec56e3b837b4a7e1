#include "kernels/verify/conformance/conformance.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "kernels/cuda/memory.h"
#include "kernels/random.h"
#include "kernels/verify/conformance/expectations.h"

namespace mobasim::kernels::conformance {
namespace {

WordList output_of(const Expectation& probe, const cuda::Target& target, LaunchProbe launch) {
  const auto bytes = [](const WordList& words) { return words.size() * sizeof(std::uint32_t); };
  cuda::Memory in(target, bytes(probe.input), "in"), out(target, bytes(probe.before), "out");
  in.upload(probe.input.data(), bytes(probe.input));
  out.upload(probe.before.data(), bytes(probe.before));
  launch(probe.name.c_str(),
         {static_cast<const std::uint32_t*>(in.data()), static_cast<std::uint32_t*>(out.data()),
          static_cast<int>(probe.input.size()), static_cast<int>(probe.before.size())},
         nullptr);
  target.synchronize(nullptr);
  WordList words(probe.before.size());
  out.download(words.data(), bytes(words));
  return words;
}

}  // namespace

Expectation exactly(std::string name, WordList input, WordList expected) {
  WordList before(expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) before[i] = ~expected[i];
  const auto wrong = [expected = std::move(expected)](const WordList& out) -> std::string {
    std::size_t differ = 0, first = 0;
    for (std::size_t i = expected.size(); i-- > 0;) {
      if (out[i] == expected[i]) continue;
      ++differ;
      first = i;
    }
    if (differ == 0) return "";
    return fmt::format("{} of {} words differ; word {} is {:#x}, expected {:#x}", differ, expected.size(), first,
                       out[first], expected[first]);
  };
  if (input.empty()) input = {0};
  return {std::move(name), std::move(input), std::move(before), wrong};
}

WordList random_words(std::size_t count, std::uint32_t seed) {
  Random random(seed);
  WordList words(count);
  for (std::uint32_t& word : words) word = static_cast<std::uint32_t>(random.bits() >> 32);
  return words;
}

std::vector<Row> conformance(const cuda::Target& target, LaunchProbe launch) {
  std::vector<Row> rows;
  for (const auto& expectations :
       {thread_expectations, memory_expectations, matrix_expectations, number_expectations}) {
    for (const Expectation& probe : expectations()) {
      std::string wrong;
      try {
        wrong = probe.wrong(output_of(probe, target, launch));
      } catch (const std::exception& error) {  // what the machine or the executor refused is a finding about the probe
        wrong = error.what();
      }
      rows.push_back({probe.name, wrong.empty(), wrong});
    }
  }
  return rows;
}

std::int64_t failures(const std::vector<Row>& rows) {
  return std::count_if(rows.begin(), rows.end(), [](const Row& row) { return !row.conforms; });
}

Table conformance_table(const std::vector<Row>& rows, const std::string& backend) {
  Table table{{"primitive", "backend", "verdict", "note"}, {}};
  for (const Row& row : rows) {
    table.rows.push_back({row.primitive, backend, std::string(row.conforms ? "pass" : "fail"), row.note});
  }
  return table;
}

}  // namespace mobasim::kernels::conformance
