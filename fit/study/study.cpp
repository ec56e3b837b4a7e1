#include "fit/study/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "sim/base/named_file.h"
#include "sim/base/text.h"
#include "sim/run/run_file.h"

namespace mobasim {
namespace {

namespace fs = std::filesystem;

// Names stand in column names (loss_moba), so they are plain identifiers.
bool is_identifier(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string colour(ConfigMap map, std::string_view key, const std::string& otherwise) {
  std::string text = map.text_or(key, otherwise);
  if (!is_colour(text)) map.problem(key, fmt::format("'{}' is no colour; write '#rrggbb', with quotes", text));
  return text;
}

StudyArm arm_from(ConfigMap map, const std::string& default_colour) {
  StudyArm arm;
  arm.value = map.text("value");
  arm.name = map.text_or("name", arm.value);
  if (!is_identifier(arm.name)) {
    map.problem(
        map.has("name") ? "name" : "value",
        fmt::format("'{}' stands in column names: use lower-case letters, digits and '_' (give a name)", arm.name));
  }
  arm.label = map.text_or("label", arm.name);
  arm.colour = colour(map, "colour", default_colour);
  arm.curve_colour = colour(map, "curve_colour", arm.colour);
  arm.attention = attention_from(map.map("attention"));
  return arm;
}

void read_data(ConfigMap map, Study& study) {
  study.data = (study.file.parent_path() / map.text("file")).lexically_normal();
  if (map.has("where")) study.where = map.texts("where");
  for (const std::string& condition : study.where) {
    const std::size_t equals = condition.find('=');
    if (equals == std::string::npos || equals == 0) {
      map.problem("where", fmt::format("'{}' is no condition; write COLUMN=VALUE", condition));
    }
  }
  const std::string basis = map.choice_or("basis", {"measured", "published", "assumed"}, "published");
  study.data_basis = basis_named(basis).value_or(Basis::published);
  ConfigMap columns = map.map("columns");
  study.columns.compute = columns.text("compute");
  study.columns.loss = columns.text("loss");
  study.columns.model = columns.text("model");
  study.columns.attention = columns.text("attention");
}

// A list [from, to] with 0 < from < to.
void read_range(ConfigMap map, std::string_view key, double& from, double& to) {
  const std::vector<double> range = map.numbers(key);
  if (range.size() != 2 || !(range[0] > 0) || !(range[1] > range[0])) {
    map.problem(key, "must be two numbers [from, to] with 0 < from < to (the axes are logarithmic)");
    return;
  }
  from = range[0];
  to = range[1];
}

StudyChart chart_from(ConfigMap map) {
  StudyChart chart;
  chart.title = map.text_or("title", "");
  chart.x_label = map.text_or("x_label", "PFLOP/s-days");
  chart.y_label = map.text("y_label");
  read_range(map, "x", chart.x_from, chart.x_to);
  read_range(map, "y", chart.y_from, chart.y_to);
  if (map.has("y_ticks")) chart.y_ticks = map.numbers("y_ticks");
  for (const double tick : chart.y_ticks) {
    if (!(tick >= chart.y_from && tick <= chart.y_to)) {
      map.problem("y_ticks", fmt::format("tick {} lies outside of y", shortest(tick)));
    }
  }
  chart.points_per_decade = map.count_or("points_per_decade", 50);
  return chart;
}

// Adds what `read` throws to the problems of the study.
template <class Read>
void gather(std::vector<ConfigError::Problem>& problems, Read read) {
  try {
    read();
  } catch (const ConfigError& error) {
    problems.insert(problems.end(), error.problems().begin(), error.problems().end());
  }
}

StudyRun run_part_from(ConfigMap map, const Study& study, const fs::path& configs) {
  StudyRun run;
  const std::string device = map.text("device");
  run.device = file_named(device, configs / "devices", study.file.parent_path());
  if (const std::string unknown = problem_of_name(device, run.device); !device.empty() && !unknown.empty()) {
    map.problem("device", unknown);
  }
  ConfigMap workload = map.map("workload");
  run.dtype = dtype_from(workload);
  read_execution(workload, run.execution);
  run.execution.layout = layout_from(map.map("layout"));
  if (auto kernels = map.optional_map("kernels")) run.kernels = kernels_from(*kernels);
  std::string problem;
  run.stack = shipped_stack(map.text_or("stack", std::string(kDefaultStack)), configs, problem);
  if (!problem.empty()) map.problem(map.has("stack") ? "stack" : "", "'stack': " + problem);
  run.price = map.optional_quantity<DollarRate>("price");
  return run;
}

std::vector<StudyModel> models_from(ConfigMap root, const Study& study, const fs::path& configs,
                                    std::vector<ConfigError::Problem>& problems) {
  std::vector<StudyModel> models;
  std::set<std::string> seen;
  for (ConfigMap map : root.maps("models")) {
    StudyModel model;
    model.value = map.text("value");
    const std::string name = map.text("model");
    model.global_batch = map.count_or("global_batch", 0);
    if (!seen.insert(model.value).second) {
      map.problem("value", fmt::format("'{}' stands here twice", model.value));
    }
    if (name.empty()) continue;
    const fs::path file = file_named(name, configs / "models", study.file.parent_path());
    if (const std::string unknown = problem_of_name(name, file); !unknown.empty()) {
      map.problem("model", unknown);
    } else {
      model.file = file;
      gather(problems, [&] { model.shape = model_from(file); });
    }
    models.push_back(std::move(model));
  }
  if (models.size() < 3) root.problem("models", "a law needs runs of at least 3 sizes");
  return models;
}

void check_batches(ConfigMap root, const Study& study) {
  if (!study.run) return;
  for (const StudyModel& model : study.models) {
    if (model.global_batch == 0) {
      root.problem("models",
                   fmt::format("'{}' needs its global_batch (sequences), as the study has a run", model.value));
    }
  }
}

std::vector<TrainingRun> ordered_runs(const RunGroup* group, const Study& study, const StudyArm& arm,
                                      std::int64_t& used) {
  std::vector<TrainingRun> runs;
  std::vector<std::string> missing;
  for (const StudyModel& model : study.models) {
    const TrainingRun* found = nullptr;
    if (group != nullptr) {
      for (const TrainingRun& run : group->runs) {
        if (run.key.front() == model.value) found = &run;
      }
    }
    if (found == nullptr) {
      missing.push_back(model.value);
      continue;
    }
    used += static_cast<std::int64_t>(found->points.size());
    runs.push_back(*found);
  }
  if (!missing.empty()) {
    throw ConfigError({study.data.string(), 0, 0},
                      fmt::format("no rows with {} '{}' and {} {} (study {}: where {})", study.columns.attention,
                                  arm.value, study.columns.model, joined(missing), study.file.string(),
                                  study.where.empty() ? "nothing" : joined(study.where)));
  }
  return runs;
}

}  // namespace

bool is_colour(const std::string& text) {
  return text.size() == 7 && text[0] == '#' && std::all_of(text.begin() + 1, text.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) != 0;
         });
}

Study study_from(const fs::path& file, const fs::path& configs) {
  ConfigFile config = ConfigFile::read(file);
  ConfigMap root = config.root();
  Study study;
  study.name = file.stem().string();
  study.file = file;
  study.source = root.text("source");
  read_data(root.map("data"), study);
  study.points_text = root.text_or("points", "all");
  try {
    study.points = point_rule_from(study.points_text);
  } catch (const ConfigError& error) {
    root.problem("points", error.what());
  }
  study.sequence = root.count("sequence");
  std::vector<ConfigError::Problem> problems;
  study.models = models_from(root, study, configs, problems);
  ConfigMap arms = root.map("arms");
  study.treatment = arm_from(arms.map("treatment"), "#1a4fd6");
  study.baseline = arm_from(arms.map("baseline"), "#d62222");
  if (study.treatment.name == study.baseline.name) arms.problem("baseline", "both arms have the same name");
  study.chart = chart_from(root.map("chart"));
  if (auto run = root.optional_map("run")) study.run = run_part_from(*run, study, configs);
  check_batches(root, study);
  gather(problems, [&] { config.finish(); });
  if (!problems.empty()) throw ConfigError(problems);
  return study;
}

StudyData data_of(const Study& study) {
  const CsvTable table = CsvTable::read(study.data);
  const Selection selection{
      study.columns.compute, study.columns.loss, {study.columns.attention}, {study.columns.model}, study.where};
  const Observations observations = observations_from(table, selection);
  const auto group_of = [&](const StudyArm& arm) -> const RunGroup* {
    for (const RunGroup& group : observations.groups) {
      if (group.key.front() == arm.value) return &group;
    }
    return nullptr;
  };
  std::int64_t all = 0, used = 0;
  for (const RunGroup& group : observations.groups) {
    for (const TrainingRun& run : group.runs) all += static_cast<std::int64_t>(run.points.size());
  }
  StudyData data;
  data.treatment = {{study.treatment.value}, ordered_runs(group_of(study.treatment), study, study.treatment, used)};
  data.baseline = {{study.baseline.value}, ordered_runs(group_of(study.baseline), study, study.baseline, used)};
  data.dropped_empty = observations.dropped_empty;
  data.ignored = all - used;
  return data;
}

}  // namespace mobasim
