#include "sim/run/run_file.h"

#include "sim/base/config.h"
#include "sim/base/named_file.h"
#include "sim/base/text.h"
#include "sim/run/refusals.h"
#include "sim/run/run_rules.h"

namespace mobasim {
namespace {

// Whether a layout is refused and does not say itself what is near, as a single refusal of a batch does.
bool wants_advice(const Run& run) {
  const std::vector<Refusal> refused = refusals(run.model, run.workload, run.execution, run.device);
  if (refused.empty() || run.workload.sequence < 1) return false;
  return refused.size() > 1 || refused.front().section != "workload";
}

// Reads the parts of a RUN.yaml, and gathers what is wrong in it and in the files that it names.
class RunReader {
 public:
  RunReader(const std::filesystem::path& path, std::filesystem::path configs)
      : file_(ConfigFile::read(path)), root_(file_.root()), folder_(path.parent_path()), configs_(std::move(configs)) {}

  Run run(const RunOverrides& overrides, const LayoutAdvice& advice) {
    Run run;
    run.name = file_.path().stem().string();
    (void)root_.text("source");
    read_workload(run);
    if (auto layout = root_.optional_map("layout")) run.execution.layout = layout_from(*layout);
    if (auto kernels = root_.optional_map("kernels")) run.kernels = kernels_from(*kernels);
    const auto price = root_.optional_quantity<DollarRate>("price");
    read_model(run, overrides);
    read_device(run, overrides);
    read_stack(run, overrides);
    if (price) run.device.price = price, run.device.price_source = "the run's file";
    if (overrides.price) run.device.price = overrides.price, run.device.price_source = "--price";
    collect();
    if (problems_.empty()) check(run, advice);
    if (!problems_.empty()) throw ConfigError(problems_);
    return run;
  }

 private:
  void read_workload(Run& run) {
    ConfigMap map = root_.map("workload");
    run.workload.sequence = map.count("sequence");
    run.workload.global_batch = map.count("global_batch");
    run.workload.tokens = static_cast<double>(map.count("tokens"));
    run.workload.dtype = dtype_from(map);
    read_execution(map, run.execution);
  }

  void read_model(Run& run, const RunOverrides& overrides) {
    const std::string model = root_.text("model");
    const auto segments = read_attention();
    if (model.empty()) return;
    const auto path = file_named(model, configs_ / "models", folder_);
    if (const std::string problem = problem_of_name(model, path); !problem.empty()) {
      root_.problem("model", "'model': " + problem);
      return;
    }
    gathered([&] { run.model = model_from(path); });
    if (run.model.groups.empty()) return;
    if (segments.size() == 1 && segments.front().layers == 0) {
      run.model = with_attention(run.model, segments.front().attention);
    } else if (!segments.empty()) {
      try {
        run.model = with_attention_segments(run.model, segments);
      } catch (const ConfigError& error) {
        root_.problem("attention", error.what());
      }
    }
    if (overrides.attention) run.model = with_attention(run.model, *overrides.attention);
  }

  // One segment without layers for all of them, or a list.
  std::vector<AttentionSegment> read_attention() {
    std::vector<AttentionSegment> segments;
    if (!root_.has("attention")) return segments;
    if (!root_.is_list("attention")) return {{0, attention_from(root_.map("attention"))}};
    for (ConfigMap map : root_.maps("attention")) {
      AttentionSegment segment;
      segment.layers = map.count("layers");
      segment.attention = attention_from(map);
      segments.push_back(segment);
    }
    return segments;
  }

  void read_device(Run& run, const RunOverrides& overrides) {
    const auto named = root_.optional_text("device");
    const auto from = [&](const std::string& text, const std::filesystem::path& here) {
      const auto path = file_named(text, configs_ / "devices", here);
      std::string problem = problem_of_name(text, path);
      if (problem.empty()) gathered([&] { run.device = device_from(path); });
      return problem;
    };
    if (overrides.device) {
      if (const std::string problem = from(*overrides.device, ""); !problem.empty()) {
        problems_.push_back({{"--device"}, problem});
      }
    } else if (!named) {
      root_.problem("", "the key 'device' is missing: name one here or with --device");
    } else if (const std::string problem = named->empty() ? "" : from(*named, folder_); !problem.empty()) {
      root_.problem("device", "'device': " + problem);
    }
  }

  void read_stack(Run& run, const RunOverrides& overrides) {
    const auto named = root_.optional_text("stack");
    std::string problem;
    const std::string name = overrides.stack.value_or(named.value_or(std::string(kDefaultStack)));
    gathered([&] { run.stack = shipped_stack(name, configs_, problem); });
    if (problem.empty()) return;
    if (overrides.stack) {
      problems_.push_back({{"--stack"}, problem});
    } else {
      root_.problem("stack", "'stack': " + problem);
    }
  }

  // The rules of the whole, at their places.
  void check(const Run& run, const LayoutAdvice& advice) {
    for (const Breach& breach : breaches(run)) tell(breach);
    if (advice && wants_advice(run)) {
      if (const std::string words = advice(run); !words.empty()) tell({"layout", "", words});
    }
    collect();
  }

  void tell(const Breach& breach) {
    const bool there = root_.has(breach.section);
    if (there) root_.map(breach.section).problem(breach.key, breach.what);
    if (!there) root_.problem("", breach.what);
  }

  void collect() {
    gathered([&] { file_.finish(); });
  }

  template <class Do>
  void gathered(Do do_it) {
    try {
      do_it();
    } catch (const ConfigError& error) {
      problems_.insert(problems_.end(), error.problems().begin(), error.problems().end());
    }
  }

  ConfigFile file_;
  ConfigMap root_;
  std::filesystem::path folder_, configs_;
  std::vector<Problem> problems_;
};

}  // namespace

std::string dtype_from(ConfigMap workload) {
  return workload.choice_or("dtype", {"bf16", "fp16", "fp8", "nvfp4", "f32"}, "bf16");
}

void read_execution(ConfigMap workload, Execution& into) {
  into.microbatch = workload.count_or("microbatch", 1);
  into.recompute = recompute_named(workload.choice_or("recompute", recompute_names(), "none"));
  into.loss_chunks = workload.count_or("loss_chunks", 1);
  into.offload_optimizer = workload.flag_or("offload_optimizer", false);
}

Layout layout_from(ConfigMap map) {
  Layout layout;
  layout.tensor = map.count_or("tensor", 1);
  layout.sequence_parallel = map.flag_or("sequence_parallel", false);
  layout.context = map.count_or("context", 1);
  layout.context_algorithm = context_named(map.choice_or("context_algorithm", context_names(), "all_gather"));
  layout.pipeline = map.count_or("pipeline", 1);
  layout.virtual_stages = map.count_or("virtual_stages", 1);
  const std::string otherwise = layout.virtual_stages > 1 ? "interleaved" : "1f1b";
  layout.schedule = schedule_named(map.choice_or("schedule", schedule_names(), otherwise));
  layout.data = map.count_or("data", 1);
  if (map.has("zero_stage")) layout.zero_stage = map.whole_number("zero_stage");
  if (map.has("shard")) layout.shard = map.count("shard");
  return layout;
}

KernelChoice kernels_from(ConfigMap map) {
  return {map.text_or("full", ""), map.text_or("moba", ""), map.text_or("sliding_window", "")};
}

Run run_from(const std::filesystem::path& file, const std::filesystem::path& configs, const RunOverrides& overrides,
             const LayoutAdvice& advice) {
  return RunReader(file, configs).run(overrides, advice);
}

}  // namespace mobasim
