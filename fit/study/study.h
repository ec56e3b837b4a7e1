// A study: which runs are compared, what is known about them, and what chart is wanted. Written in YAML
// (docs/config/studies.md); two are shipped, the two panels of the MoBA report.
//
// A study compares exactly two arms, a treatment and a baseline (MoBA and full attention), trained at several sizes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fit/data/observations.h"
#include "sim/base/basis.h"
#include "sim/run/run.h"

namespace mobasim {

// The columns of the CSV that holds the training curves.
struct StudyColumns {
  std::string compute;    // 6 N D in PFLOP/s-days, N without embeddings and head
  std::string loss;       // nats per token
  std::string model;      // which size
  std::string attention;  // which arm
};

struct StudyModel {
  std::string value;  // in the model column
  std::filesystem::path file;
  ModelShape shape;
  std::int64_t global_batch = 0;  // sequences per step
};

struct StudyArm {
  std::string value;         // in the attention column
  std::string name;          // in the names of result columns: loss_<name>
  std::string label;         // in charts and sentences
  std::string colour;        // "#rrggbb", of the projection
  std::string curve_colour;  // of the training curves, in shades
  Attention attention;
};

// What the chart and projection.csv show on the 6nd axis; on other axes the range follows from the data.
struct StudyChart {
  std::string title;
  std::string x_label, y_label;
  double x_from = 0, x_to = 0;  // PFLOP/s-days; also the grid of projection.csv
  double y_from = 0, y_to = 0;
  std::vector<double> y_ticks;
  std::int64_t points_per_decade = 50;  // of the grid
};

// How the runs are (or would be) carried out: what hours and dollars rest on. Model, attention, batch and tokens come
// from the study.
struct StudyRun {
  std::filesystem::path device;
  std::string dtype;  // of the gemms
  Execution execution;
  KernelChoice kernels;
  Stack stack;
  std::optional<DollarRate> price;
};

struct Study {
  std::string name;  // of the file
  std::filesystem::path file;
  std::string source;
  std::filesystem::path data;
  StudyColumns columns;
  std::vector<std::string> where;  // "COL=VALUE"
  Basis data_basis = Basis::published;
  std::string points_text;  // "tail:0.05"
  PointRule points;
  std::int64_t sequence = 0;
  std::vector<StudyModel> models;  // from small to large
  StudyArm treatment, baseline;
  StudyChart chart;
  std::optional<StudyRun> run;
};

// True for "#rrggbb".
[[nodiscard]] bool is_colour(const std::string& text);

// Throws one ConfigError with all problems. `configs` is the folder that names are looked up in.
[[nodiscard]] Study study_from(const std::filesystem::path& file, const std::filesystem::path& configs);
// The runs of the two arms as the study selects them, one run a size, on the 6nd axis.
struct StudyData {
  RunGroup treatment, baseline;    // runs in the order of study.models; key of a run: {model value}
  std::int64_t dropped_empty = 0;  // rows without a loss
  std::int64_t ignored = 0;        // rows of sizes or arms that the study does not name
};
// Throws ConfigError when an arm has no run of a size of the study.
[[nodiscard]] StudyData data_of(const Study& study);

}  // namespace mobasim
