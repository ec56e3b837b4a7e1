// What a report of fits is about: all that is known of them and how they came about. Its forms are made elsewhere.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fit/prediction/group_fit.h"

namespace mobasim {

// What was asked for, as it was given, and what came out. Empty text: not given.
struct FitReport {
  std::vector<std::string> command;           // as it would be typed again
  std::vector<std::filesystem::path> inputs;  // every file that was read, the data first; their hashes are written
  LossLaw law;                                // its kind
  ResidualLoss loss;
  std::string definition;  // of compute, or of parameters and tokens, in the user's words
  std::string compute, parameters, tokens, loss_column, weight, cluster;  // columns
  std::vector<std::string> by, run;                                       // columns
  std::string pair, size;                                                 // of a paired law: "attention=moba,full"
  std::vector<std::string> where;                                         // conditions, all held
  std::string points = "all";                                             // the rule, as given
  std::int64_t dropped = 0;                                               // rows without a loss
  std::int64_t resamples = 0;                                             // of the bootstrap; 0: none
  std::uint64_t seed = 1;                                                 // of the bootstrap
  std::vector<GroupFit> groups;                                           // with diagnostics
};

}  // namespace mobasim
