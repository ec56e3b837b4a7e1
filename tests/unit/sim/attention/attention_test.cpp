// The list of mechanisms: FLOPs, bytes, names, reading.
#include "sim/attention/attention.h"

#include <algorithm>

#include "sim/base/text.h"
#include "tests/catch.h"

namespace mobasim::tests::attention_test {
namespace {

Attention attention_of(const std::string& yaml) {
  ConfigFile file = ConfigFile::from_text(yaml, "test.yaml");
  const Attention attention = attention_from(file.root());
  file.finish();
  return attention;
}

std::string complaint_about(const std::string& yaml) {
  try {
    (void)attention_of(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::vector<Attention>& some_of_each() {
  static const std::vector<Attention> list = {FullAttention{}, Moba{64, 3}, Moba{100, 2}, SlidingWindow{77}};
  return list;
}

}  // namespace

TEST_CASE("Work follows from the count by the FLOP convention") {
  const AttentionShape shape{1000, 2, 8, 4, 64};
  for (const Attention& attention : some_of_each()) {
    INFO(description(attention));
    const AttentionCount one = count(attention, 1000);
    const AttentionWork all = work(attention, shape, 2);
    const double heads = 2 * 8;
    REQUIRE(all.gate.value() == heads * 2 * 64 * static_cast<double>(one.gate_pairs));
    REQUIRE(all.forward.value() == heads * 4 * 64 * static_cast<double>(one.pairs) + all.gate.value());
    REQUIRE(all.backward.value() == heads * 8 * 64 * static_cast<double>(one.pairs));
    REQUIRE(all.backward_hardware.value() == heads * 10 * 64 * static_cast<double>(one.pairs));
  }
}

TEST_CASE("Least traffic: every tensor read or written once") {
  // One head of 10 queries, head_dim 4, 2 bytes: a tensor is 80 bytes, the log-sum-exp 40.
  const AttentionWork full = work(FullAttention{}, {10, 1, 1, 1, 4}, 2);
  REQUIRE(full.forward_bytes.value() == 4 * 80 + 40);
  REQUIRE(full.backward_bytes.value() == 8 * 80 + 40);
  // Eight query heads on two key heads: only q, o and their gradients grow.
  const AttentionWork grouped = work(FullAttention{}, {10, 1, 8, 2, 4}, 2);
  REQUIRE(grouped.forward_bytes.value() == 2 * 8 * 80 + 2 * 2 * 80 + 8 * 40);
  REQUIRE(grouped.backward_bytes.value() == 4 * 8 * 80 + 4 * 2 * 80 + 8 * 40);
  // MoBA with four mean keys of 8 bytes, written and read.
  const AttentionWork moba = work(Moba{3, 2}, {10, 1, 1, 1, 4}, 2);
  REQUIRE(moba.forward_bytes.value() == full.forward_bytes.value() + 2 * 4 * 8);
  REQUIRE(moba.backward_bytes.value() == full.backward_bytes.value());
}

TEST_CASE("Work is proportional to batch and heads and nothing for an empty sequence") {
  for (const Attention& attention : some_of_each()) {
    const AttentionWork one = work(attention, {500, 1, 1, 1, 32}, 4);
    const AttentionWork many = work(attention, {500, 3, 5, 5, 32}, 4);
    REQUIRE(many.forward.value() == 15 * one.forward.value());
    REQUIRE(many.backward.value() == 15 * one.backward.value());
    REQUIRE(many.forward_bytes.value() == 15 * one.forward_bytes.value());
    REQUIRE(many.backward_bytes.value() == 15 * one.backward_bytes.value());
    const AttentionWork none = work(attention, {0, 3, 5, 5, 32}, 4);
    REQUIRE(none.forward.value() == 0);
    REQUIRE(none.forward_bytes.value() == 0);
  }
}

TEST_CASE("MoBA that may pick every block costs exactly what full attention costs") {
  const AttentionShape shape{1536, 2, 8, 2, 128};
  const AttentionWork moba = work(Moba{512, 3}, shape, 2);
  const AttentionWork full = work(FullAttention{}, shape, 2);
  REQUIRE(moba.forward.value() == full.forward.value());
  REQUIRE(moba.gate.value() == 0);
  REQUIRE(moba.forward_bytes.value() == full.forward_bytes.value());
}

TEST_CASE("Every mechanism of the list is read by its name and described by its parameters") {
  const std::vector<std::string>& names = attention_names();
  REQUIRE(names.size() == attention_mechanisms().size());
  for (const std::string known : {"full", "moba", "sliding_window"}) REQUIRE(std::ranges::count(names, known) == 1);
  REQUIRE(attention_of("mechanism: full") == Attention{FullAttention{}});
  REQUIRE(attention_of("{mechanism: moba, block: 4Ki, top_k: 12}") == Attention{Moba{4096, 12}});
  REQUIRE(attention_of("{mechanism: sliding_window, window: 4096}") == Attention{SlidingWindow{4096}});
  REQUIRE(description(FullAttention{}) == "full");
  REQUIRE(description(Moba{}) == "moba(block=512, top_k=3)");
  REQUIRE(description(SlidingWindow{}) == "sliding_window(window=4096)");
}

TEST_CASE("A mechanism that is written wrongly is refused once, at its place") {
  REQUIRE(complaint_about("mechanism: mobba\nblock: 512\ntop_k: 3") ==
          "test.yaml:1:12: 'mechanism': 'mobba' is unknown (did you mean 'moba'?); allowed: " +
              joined(attention_names()));
  REQUIRE(contains(complaint_about("{mechanism: moba, block: 0, top_k: 3}"), "test.yaml:1:26: 'block': 0"));
  REQUIRE(contains(complaint_about("{mechanism: moba, block: 512, top_k: -1}"), "'top_k': -1"));
  REQUIRE(contains(complaint_about("{mechanism: moba, block: 512}"), "the key 'top_k' is missing"));
  REQUIRE(contains(complaint_about("{mechanism: full, block: 512}"), "unknown key 'block'"));
  REQUIRE(contains(complaint_about("{block: 512}"), "the key 'mechanism' is missing"));
  REQUIRE(contains(complaint_about("{mechanism: [moba]}"), "a list stands here"));
}

TEST_CASE("Rules of the mechanisms are said in words") {
  REQUIRE(violations(Attention{FullAttention{}}).empty());
  REQUIRE(violations(Attention{Moba{1, 1}}).empty());
  REQUIRE(violations(Attention{Moba{0, -1}}).size() == 2);
  REQUIRE(violations(Attention{SlidingWindow{0}}).size() == 1);
}

}  // namespace mobasim::tests::attention_test
