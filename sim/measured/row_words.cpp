#include "sim/measured/row_words.h"

#include <algorithm>
#include <cctype>

namespace mobasim {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The number that follows `word` in the text, 0 without one: "swa128" has 128 after "swa".
std::int64_t number_after(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  if (at == std::string_view::npos) return 0;
  std::int64_t value = 0;
  for (std::size_t i = at + word.size(); i < text.size() && is_digit(text[i]) && value < 1000000000; ++i) {
    value = 10 * value + (text[i] - '0');
  }
  return value;
}

bool is_fsdp(std::string_view lower_framework) {
  return contains_any(lower_framework, {"fsdp", "torchtitan", "automodel", "composer", "foundry"});
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return std::string(text);
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

bool matches_pattern(std::string_view text, std::string_view pattern) {
  const std::string lower_text = lower_case(text), lower_pattern = lower_case(pattern);
  // The last star, and where in the text what it stands for ends: on a mismatch it takes one character more.
  std::size_t at = 0, in_pattern = 0, star = std::string::npos, after_star = 0;
  while (at < lower_text.size()) {
    if (in_pattern < lower_pattern.size() && lower_pattern[in_pattern] == '*') {
      star = in_pattern++;
      after_star = at;
    } else if (in_pattern < lower_pattern.size() && lower_pattern[in_pattern] == lower_text[at]) {
      ++at, ++in_pattern;
    } else if (star != std::string::npos) {
      in_pattern = star + 1;
      at = ++after_star;
    } else {
      return false;
    }
  }
  while (in_pattern < lower_pattern.size() && lower_pattern[in_pattern] == '*') ++in_pattern;
  return in_pattern == lower_pattern.size();
}

std::optional<std::string> dtype_of_precision(std::string_view precision) {
  const std::string words = lower_case(precision);
  if (contains_any(words, {"fp4", "mxfp6", "int8"})) {
    return contains_any(words, {"nvfp4", "fp4"}) ? std::optional<std::string>("nvfp4") : std::nullopt;
  }
  if (contains_any(words, {"fp8", "float8", "e4m3"})) return "fp8";
  if (contains_any(words, {"bf16", "bfloat16"})) return "bf16";
  if (contains_any(words, {"fp16", "float16", "half"})) return "fp16";
  if (contains_any(words, {"tf32"})) return std::nullopt;
  if (contains_any(words, {"fp32", "f32", "float32"})) return "f32";
  return std::nullopt;
}

Meaning<Recompute> recompute_of(std::string_view text, std::int64_t sequence) {
  constexpr std::int64_t kLong = 32768;
  const std::string words = lower_case(trimmed(text));
  if (words.empty()) return {Recompute::none, false, "recomputation not published"};
  if (words.starts_with("none (8k)")) {  // "none (8K) / uncertain 131K"
    if (sequence < kLong) return {Recompute::none, true, ""};
    return {Recompute::none, false, "recomputation not published at this length"};
  }
  if (words.starts_with("uncertain") || words.starts_with("unknown") || words == "?") {
    return {Recompute::none, false, "recomputation not published"};
  }
  if (words == "0" || words.starts_with("none") || words == "no" || words == "false") {
    return {Recompute::none, true, ""};
  }
  if (words.starts_with("selective")) {
    if (contains_any(words, {"(op", " op"}))
      return {Recompute::selective, true, "every second product is computed again"};
    if (contains_any(words, {"partial"}))
      return {Recompute::selective, false, "which layers are recomputed is not published"};
    return {Recompute::selective, true, ""};
  }
  if (words == "1" || words.starts_with("full") || words == "true" || words.starts_with("remat")) {
    return {Recompute::full, true, ""};
  }
  return {Recompute::none, false, "recomputation '" + std::string(text) + "' is not understood"};
}

Meaning<StateSharding> sharding_of(std::string_view zero, std::string_view framework, std::string_view remarks) {
  const std::string words = lower_case(trimmed(zero)), maker = lower_case(framework);
  Meaning<StateSharding> found;
  found.value.offload_optimizer = contains_any(words, {"offload"});
  found.value.shard_in_node = contains_any(lower_case(remarks), {"hsdp"}) || contains_any(words, {"hsdp", "hybrid"});
  std::string stage = words.substr(0, words.find_first_of("+ ,;"));
  if (stage.starts_with("zero-") || stage.starts_with("zero_")) stage = stage.substr(5);
  if (stage.starts_with("zero") && stage.size() > 4) stage = stage.substr(4);
  if (stage.empty()) {
    found.value.zero_stage = is_fsdp(maker) ? 3 : 0;
    found.note =
        found.value.zero_stage == 3 ? "sharding not published: FSDP taken" : "sharding not published: none taken";
  } else if (stage.size() <= 2 && is_digit(stage[0])) {
    found.known = stage.size() == 1 && stage[0] <= '3';
    found.value.zero_stage = found.known ? stage[0] - '0' : 0;
  } else if (stage.starts_with("fsdp(2") || stage.starts_with("shard_grad_op")) {
    found.value.zero_stage = 2;
  } else if (contains_any(stage, {"fsdp", "hsdp", "full_shard", "hybrid"})) {
    found.value.zero_stage = 3;
  } else if (contains_any(stage, {"dist"})) {  // distributed optimizer
    found.value.zero_stage = 1;
  } else if (stage == "ddp" || stage == "none" || stage == "no") {
    found.value.zero_stage = 0;
  } else {
    found.known = false;
  }
  if (!found.known) found.note = "sharding '" + std::string(zero) + "' is not understood";
  return found;
}

Meaning<ContextAlgorithm> context_algorithm_of(std::string_view kernel_notes, std::string_view framework) {
  const std::string words = lower_case(kernel_notes), maker = lower_case(framework);
  const bool ring = contains_any(words, {"ring", "p2p cp", "cp p2p"});
  const bool gather = contains_any(words, {"all-gather", "allgather", "all_gather"});
  if (contains_any(words, {"ulysses", "a2a"})) return {ContextAlgorithm::ulysses, true, ""};
  if (ring && !gather) return {ContextAlgorithm::ring, true, ""};
  if (gather && !ring) return {ContextAlgorithm::all_gather, true, ""};
  if (contains_any(maker, {"megatron", "nemo", "bridge", "neox"}) && !contains_any(maker, {"automodel"})) {
    return {ContextAlgorithm::ring, false, "context parallelism not published: ring, Megatron-Core's default"};
  }
  return {ContextAlgorithm::all_gather, false, "context parallelism not published: all-gather"};
}

Meaning<PipelineSchedule> schedule_of(std::string_view kernel_notes, std::string_view framework) {
  const std::string words = lower_case(kernel_notes) + " " + lower_case(framework);
  if (contains_any(words, {"dualpipe", "zb-v", "zbv", "v-half", "v-min", "zb-2p", "zb2p", "chimera"})) {
    return {PipelineSchedule::one_forward_one_backward, false, "its pipeline schedule is not modelled"};
  }
  if (contains_any(words, {"zb-h1", "zbh1", "zero bubble", "zero-bubble"})) {
    return {PipelineSchedule::zero_bubble_h1, true, ""};
  }
  if (contains_any(words, {"interleaved"})) return {PipelineSchedule::interleaved, true, ""};
  if (contains_any(words, {"gpipe"})) return {PipelineSchedule::gpipe, true, ""};
  return {PipelineSchedule::one_forward_one_backward, true, ""};
}

AttentionWords attention_of_words(std::string_view attention, bool gated) {
  const std::string words = lower_case(attention);
  AttentionWords found;
  found.window = number_after(words, "swa");
  found.alternate = found.window > 0 && contains_any(words, {"alternat"});
  const bool known = words.empty() || contains_any(words, {"mha", "gqa", "mqa", "full", "causal"}) || found.window > 0;
  if (contains_any(words, {"mla"})) {
    found.not_modelled = "multi-head latent attention: not modelled yet";
  } else if (contains_any(words, {"linear", "mamba", "ssm", "hyena", "lightning", "moba", "nsa"}) || !known) {
    found.not_modelled = "attention '" + std::string(attention) + "': not modelled";
  }
  found.learned_positions = !gated && contains_any(words, {"mha"}) && !contains_any(words, {"alibi", "rope", "rotary"});
  return found;
}

StackChanges stack_changes_of(std::string_view kernel_notes, std::string_view precision) {
  const std::string words = lower_case(kernel_notes);
  StackChanges changes;
  if (words == "eager" || words.starts_with("eager,") || words.starts_with("eager;")) changes.fusion = Fusion::eager;
  if (contains_any(words, {"torch.compile"}) || words.starts_with("compile")) changes.fusion = Fusion::compiled;
  if (contains_any(words, {"asynctp", "async tp", "async-tp"})) changes.overlap_tensor = TensorOverlap::all;
  if (contains_any(words, {"tp overlap off", "tp=8 no overlap", "no tp overlap"})) {
    changes.overlap_tensor = TensorOverlap::none;
  }
  if (contains_any(words, {"p2p overlap off"})) changes.overlap_pipeline = false;
  if (contains_any(words, {"dp all-reduce not overlapped", "no comm overlap"})) changes.overlap_data = false;
  if (contains_any(lower_case(precision), {"fp32 grad", "fp32 reduce", "f32 grad"})) changes.gradient_bytes = 4;
  return changes;
}

Stack with_changes(Stack stack, const StackChanges& changes) {
  if (changes.fusion) stack.policy.fusion = *changes.fusion;
  if (changes.overlap_tensor) stack.policy.overlap_tensor = *changes.overlap_tensor;
  if (changes.overlap_data) stack.policy.overlap_data = *changes.overlap_data;
  if (changes.overlap_pipeline) stack.policy.overlap_pipeline = *changes.overlap_pipeline;
  if (changes.gradient_bytes) stack.policy.gradient_bytes = stack.policy.reduced_bytes = *changes.gradient_bytes;
  return stack;
}

}  // namespace mobasim
