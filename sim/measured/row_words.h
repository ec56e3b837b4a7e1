// The words of published tables - "amp_bf16", "selective(attn core)", "3+CPU AdamW offload", "CP a2a (Ulysses)" - as
// the fields they mean. Nothing is thrown: what is not understood is said so, and the row's reader decides.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "sim/run/execution.h"
#include "sim/stack/stack.h"

namespace mobasim {

[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] std::string trimmed(std::string_view text);
[[nodiscard]] bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts);
// `*` stands for any characters, none too. Upper and lower case are the same.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

// The format of the gemms: nvfp4 | fp8 | bf16 | fp16 | f32. "bf16, fp32 grad accumulate" is bf16.
[[nodiscard]] std::optional<std::string> dtype_of_precision(std::string_view precision);

// A word of a table and what was made of it.
template <class T>
struct Meaning {
  T value{};
  bool known = true;  // false: the table does not say, or says what no one knows; `value` is the default
  std::string note;   // what was assumed; may be empty
};

[[nodiscard]] Meaning<Recompute> recompute_of(std::string_view text, std::int64_t sequence);

struct StateSharding {
  std::int64_t zero_stage = 0;
  bool offload_optimizer = false;
  bool shard_in_node = false;  // HSDP: replicas between nodes
};
// `remarks`: every free text of the row, where "HSDP" may stand.
[[nodiscard]] Meaning<StateSharding> sharding_of(std::string_view zero, std::string_view framework,
                                                 std::string_view remarks);

[[nodiscard]] Meaning<ContextAlgorithm> context_algorithm_of(std::string_view kernel_notes, std::string_view framework);
// not known: a schedule that is not modelled, named by the note
[[nodiscard]] Meaning<PipelineSchedule> schedule_of(std::string_view kernel_notes, std::string_view framework);

// Full attention, sliding windows in every layer (alternate: in every second one), or not modelled.
struct AttentionWords {
  std::int64_t window = 0;  // 0: full attention
  bool alternate = false;
  bool learned_positions = false;
  std::string not_modelled;  // not empty: why
};
[[nodiscard]] AttentionWords attention_of_words(std::string_view attention, bool gated);

// What a row says of the software beyond its name, and the policy with it.
struct StackChanges {
  std::optional<Fusion> fusion;
  std::optional<TensorOverlap> overlap_tensor;
  std::optional<bool> overlap_data, overlap_pipeline;
  std::optional<std::int64_t> gradient_bytes;
  bool operator==(const StackChanges&) const = default;
};
[[nodiscard]] StackChanges stack_changes_of(std::string_view kernel_notes, std::string_view precision);
[[nodiscard]] Stack with_changes(Stack stack, const StackChanges& changes);

}  // namespace mobasim
