// THE list of attention mechanisms. A new one is a pair of files beside this one and its name in the variant below.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/attention/full.h"
#include "sim/attention/moba.h"
#include "sim/attention/sliding_window.h"
#include "sim/attention/work.h"
#include "sim/base/config.h"

namespace mobasim {

using Attention = std::variant<FullAttention, Moba, SlidingWindow>;

[[nodiscard]] std::string_view name(const Attention& attention);    // "moba"
[[nodiscard]] std::string description(const Attention& attention);  // "moba(block=512, top_k=3)"
[[nodiscard]] std::vector<std::string> violations(const Attention& attention);
[[nodiscard]] AttentionCount count(const Attention& attention, std::int64_t sequence);
[[nodiscard]] AttentionWork work(const Attention& attention, const AttentionShape& shape, std::int64_t dtype_bytes);
// {"block", 512}, {"top_k", 3}: the parameters by name.
[[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> parameters(const Attention& attention);
// Where they stand in `attention`, by name: to be read and set in place.
[[nodiscard]] std::vector<AttentionParameter> parameter_places(Attention& attention);
// Sets them, in that order; as many as there are.
void set_parameters(Attention& attention, const std::vector<std::int64_t>& values);
// True when at this length the mechanism attends to all that full causal attention does (MoBA with top_k >= blocks,
// a window >= sequence): it then costs what full attention costs, and the user is told.
[[nodiscard]] bool is_full_at(const Attention& attention, std::int64_t sequence);

// One of each mechanism, with its default parameters, in the order of the list; and their names.
[[nodiscard]] const std::vector<Attention>& attention_mechanisms();
[[nodiscard]] const std::vector<std::string>& attention_names();
// Reads {mechanism: moba, block: 512, top_k: 3}; every parameter must be there. Other keys are left to the caller.
[[nodiscard]] Attention attention_from(ConfigMap map);

}  // namespace mobasim
