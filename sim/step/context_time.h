// What the devices that share a sequence exchange in a layer, and how much of it no computation hides.
//
// docs/method/parallel.md. ring: keys and values go round beside attention, their gradients too
// (Liu et al. 2023, arXiv 2310.01889). all_gather: keys and values before attention, their gradients reduced after
// (Llama 3, section 3.3.2). ulysses: queries, keys and values to whole heads, and the output back (Jacobs et al. 2023,
// arXiv 2309.14509).
//
// MoBA saves no such traffic by itself: of a whole sequence's queries nearly every block is wanted by some. A routed
// layer that gathers keys and values may instead gather mean keys, s / block of them, and send queries to where their
// picks lie: the query forward, the partial output with its log-sum-exp back; in the backward pass the query, the
// gradient of the output, the log-sum-exp and the row sum there, the query's gradient back. Keys, values and their
// gradients then stay where they are. The cheaper of the two is taken. A65: picks lie evenly over the devices, and
// a query goes to a device once, however many of its blocks lie there.
#pragma once

#include "sim/step/layer_time.h"

namespace mobasim::step {

struct ContextTime {
  double forward = 0, backward = 0;  // seconds that nothing hides
  bool queries_travel = false;       // instead of keys and values
};
// `attention` holds the seconds of attention that a ring hides behind.
[[nodiscard]] ContextTime context_time(const StepContext& context, const LayerShape& layer, const LayerSplitting& split,
                                       const PassTimes& attention);

}  // namespace mobasim::step
