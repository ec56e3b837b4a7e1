#include "fit/report/notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "fit/report/tables.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

constexpr std::size_t kMostNamed = 3;  // groups or projections that are told one by one

std::string times(double ratio) {
  return ratio < 1000 || ratio >= 1e6 ? fmt::format("{:.3g}x", ratio) : fmt::format("{:.0f}x", ratio);
}

std::string unit_of(const GroupFit& group) {
  if (std::holds_alternative<PairedLaw>(group.estimate.fit.law)) return "pair";
  return group.data.clustered() || !group.data.cluster_names.empty() ? "run" : "point";
}

std::string words_on_intervals(const GroupFit& group, const ResidualLoss& loss) {
  const LawFit& fit = group.estimate.fit;
  if (!group.estimate.interval_method.empty()) return "";
  const auto fewest = static_cast<std::int64_t>(shape(fit.law).coordinates()) + 1;
  if (fit.clusters < fewest) {
    return fmt::format("{} {}{}: at least {} determine an interval, so those cells are empty", fit.clusters,
                       unit_of(group), fit.clusters == 1 ? "" : "s", fewest);
  }
  if (!loss.huber_delta) return "the data determine no intervals, so those cells are empty";
  return "under Huber's loss intervals come from resampling: --bootstrap N; without it those cells are empty";
}

// One line a projection, or one for all of a mark.
std::vector<std::string> words_on_reach(const GroupFit& group, const std::string& mark, const std::string& advice) {
  std::vector<std::string> words;
  double farthest = 0;
  for (const auto& [target, prediction, other] : group.projected) {
    if (extrapolation_mark(prediction.extrapolation) != mark) continue;
    std::vector<std::string> x;
    for (const double one : target.x) x.push_back(shortest(one));
    words.push_back(fmt::format("the projection to {} is at {} the data: {}", joined(x, ":"),
                                times(prediction.extrapolation), advice));
    farthest = std::max(farthest, prediction.extrapolation);
  }
  if (words.size() <= kMostNamed) return words;
  return {fmt::format("{} projections are that far, up to {} the data: {}", words.size(), times(farthest), advice)};
}

std::vector<std::string> words_on(const GroupFit& group, const ResidualLoss& loss) {
  std::vector<std::string> words = group.estimate.fit.degenerate;
  words.push_back(words_on_intervals(group, loss));
  if (group.estimate.floor_status == FloorStatus::not_identified) {
    words.emplace_back(
        "the floor is not identified: a floor of zero is not excluded; far from the data laws with and without one "
        "differ");
  }
  if (group.backtest) words.push_back(group.backtest->impossible);
  for (const auto& [mark, advice] : {std::pair{extrapolation_mark(2 * kWarnedExtrapolation), "to be read with care"},
                                     std::pair{extrapolation_mark(2 * kExtrapolated), "extrapolated"}}) {
    const std::vector<std::string> reach = words_on_reach(group, mark, advice);
    words.insert(words.end(), reach.begin(), reach.end());
  }
  std::erase(words, "");
  return words;
}

struct Note {
  std::string words;
  std::vector<std::string> names;  // of the groups
};

}  // namespace

std::vector<std::string> notes_on(const std::vector<GroupFit>& groups, const ResidualLoss& loss) {
  std::vector<Note> notes;
  for (const GroupFit& group : groups) {
    for (const std::string& words : words_on(group, loss)) {
      auto note = std::ranges::find(notes, words, &Note::words);
      if (note == notes.end()) note = notes.insert(notes.end(), {words, {}});
      note->names.push_back(group.name);
    }
  }
  std::vector<std::string> lines;
  for (const Note& note : notes) {
    if (note.names.size() <= kMostNamed) {
      for (const std::string& name : note.names) lines.push_back(name + ": " + note.words);
    } else {
      lines.push_back(fmt::format("{} of {} groups, the first {}: {}", note.names.size(), groups.size(),
                                  note.names.front(), note.words));
    }
  }
  return lines;
}

}  // namespace mobasim
