// One run of bench: its clock, its budget, the state of the machine, and what was found so far.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/bench/arms.h"
#include "kernels/bench/bench.h"
#include "kernels/bench/plan.h"

namespace mobasim::kernels::bench {

class Session {
 public:
  // Rows go to `result`, whose machine, threads and instruction set are known.
  Session(const Options& options, const ArmOptions& arms, Result& result);

  [[nodiscard]] double spent() const;  // seconds, with what an interrupted bench spent
  [[nodiscard]] double left() const;
  // Until the probe is steady, at most `seconds`.
  void warm_up(double seconds);
  // Times a group once for `seconds` after its first round, or takes what an interrupted bench found. Rows are added in
  // the group's own order; `left_after`: seconds that will be spent when it is done. Its arms are gone then, and their
  // memory.
  void time(Group& group, double seconds, double left_after);
  // As many of the groups as fit into what is left of the budget, each in several visits that lie apart: what disturbs
  // the machine for some seconds then falls on few samples of many groups, not on all samples of a few.
  void time_all(std::vector<Group>& groups);
  [[nodiscard]] bool stopped();
  // What the probe reads when nothing disturbs the machine: the 90th percentile of all probes.
  [[nodiscard]] FlopRate level() const;
  void finish();

 private:
  // A group between its visits.
  struct Visited {
    Group* group;
    Cost cost;  // what it wants beside what it had
    int visits_left;
    double share;  // seconds that it was promised and has not had
    int visits;
    std::vector<std::vector<Run>> runs;  // of each arm
    std::vector<MeasuredRow> rows;
  };
  [[nodiscard]] const FinishedGroup* done(const Group& group) const;
  [[nodiscard]] Sampling sampling_of(const std::string& what, double seconds, double left_after);
  // One visit of `seconds` and a round; false when it was stopped.
  bool visit(Visited& visited, double seconds, double left_after);
  void visit_again(std::vector<Visited>& all);
  void finish_group(Visited& visited);
  [[nodiscard]] MeasuredRow measured(ProfileRow row, const std::vector<Run>& runs, std::size_t which,
                                     Ending ending) const;
  void learn(const Group& group, const std::vector<MeasuredRow>& rows);
  [[nodiscard]] FlopRate expected_rate(const std::string& dtype) const;
  [[nodiscard]] Cost cost_of(const Group& group) const;

  const Options& options_;
  Result& result_;
  double begin_, spent_before_ = 0, probe_seconds_ = 0;
  std::function<double()> probe_;
  std::vector<double> probes_;
  std::map<std::string, FlopRate> rates_;  // that arms of a kind ran at, for the next estimate
};

}  // namespace mobasim::kernels::bench
