#include "sim/run/run_file.h"

#include <fmt/format.h>

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

// Reads the parts of a run's document, and gathers what is wrong in it and in the files that it names.
class RunReader {
 public:
  RunReader(const Document& document, std::filesystem::path configs)
      : file_(document), root_(file_.root()), configs_(std::move(configs)) {}

  Run run(const LayoutAdvice& advice) {
    Run run;
    run.name = file_.path().stem().string();
    (void)root_.text("source");
    read_workload(run);
    if (auto layout = root_.optional_map("layout")) run.execution.layout = layout_from(*layout);
    if (auto kernels = root_.optional_map("kernels")) run.kernels = kernels_from(*kernels);
    const auto price = root_.optional_quantity<DollarRate>("price");
    read_model(run);
    read_device(run);
    read_stack(run);
    if (price) {
      run.device.price = price;
      run.device.price_source = root_.was_set("price") ? "given with " + root_.where("price").file : "the run's file";
    }
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

  void read_model(Run& run) {
    const std::string model = root_.text("model");
    const auto segments = read_attention();
    if (model.empty()) return;
    const auto path = file_named(model, configs_ / "models", root_.folder("model"));
    if (const std::string problem = problem_of_name(model, path); !problem.empty()) {
      tell_of_name("model", problem);
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

  void read_device(Run& run) {
    if (!root_.has("device")) return root_.missing("device", ": name one here or with --device");
    const std::string device = root_.text("device");
    if (device.empty()) return;
    const auto path = file_named(device, configs_ / "devices", root_.folder("device"));
    if (const std::string problem = problem_of_name(device, path); !problem.empty()) {
      tell_of_name("device", problem);
      return;
    }
    gathered([&] { run.device = device_from(path); });
  }

  void read_stack(Run& run) {
    const std::string stack = root_.text_or("stack", std::string(kDefaultStack));
    std::string problem;
    gathered([&] { run.stack = shipped_stack(stack, configs_, problem); });
    if (!problem.empty()) tell_of_name("stack", problem);
  }

  // Of a name that there is none of. Who set a value says which.
  void tell_of_name(std::string_view key, const std::string& problem) {
    root_.problem(key, root_.was_set(key) ? problem : fmt::format("'{}': {}", key, problem));
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
  std::filesystem::path configs_;
  std::vector<ConfigError::Problem> problems_;
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

Run run_from(const Document& document, const std::filesystem::path& configs, const LayoutAdvice& advice) {
  return RunReader(document, configs).run(advice);
}

Run run_from(const std::filesystem::path& file, const std::filesystem::path& configs,
             const std::vector<Override>& overrides, const LayoutAdvice& advice) {
  Document document = document_from_file(file);
  for (const Override& each : overrides) set(document, each);
  return run_from(document, configs, advice);
}

}  // namespace mobasim
