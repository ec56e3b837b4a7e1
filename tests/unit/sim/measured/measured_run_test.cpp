#include "sim/measured/measured_run.h"

#include <string>

#include "sim/base/error.h"
#include "sim/measured/stack_choice.h"
#include "tests/catch.h"

namespace mobasim::tests::measured_run_test {
namespace {

constexpr const char* kHeader =
    "id,group,framework,model,attn,hidden,ffn,layers,heads,kv_heads,head_dim,vocab,tied_emb,glu,moe,seq,gbs,mbs,gpu,"
    "n_gpus,gpus_per_node,tp,pp,vpp,dp,cp,sp,zero,recompute,precision,kernel_notes,iter_time_s,tokens_per_s_per_gpu,"
    "tflops_per_gpu,tflops_def,mem_GiB\n";
// GPT-22B on 8 devices (Korthikanti et al. 2022, table 5).
constexpr const char* kRow =
    "a,g,Megatron-LM,GPT-22B,MHA,6144,24576,48,64,,,51200,1,0,,2048,4,4,A100-80-SXM,8,8,8,1,1,1,1,1,0,full,fp16,,1.42,,"
    ",,\n";

std::vector<MeasuredRun> runs_of(const std::string& rows) {
  return measured_runs_from(CsvTable::from_text(kHeader + rows, "runs.csv"));
}

// The row above with the text of one column replaced.
std::string row_with(std::string_view column, const std::string& value) {
  const CsvTable table = CsvTable::from_text(std::string(kHeader) + kRow, "runs.csv");
  std::string row;
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    row += (i == 0 ? "" : ",");
    row += table.columns()[i] == column ? "\"" + value + "\"" : std::string(table.text(0, i));
  }
  return row + "\n";
}

MeasuredRun run_with(std::string_view column, const std::string& value) {
  return runs_of(row_with(column, value)).front();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("A row becomes a model, a workload and a layout") {
  const MeasuredRun run = runs_of(kRow).front();
  CHECK(run.reason == "");
  CHECK(run.model.groups.front().head_dim == 96);
  CHECK(run.model.groups.front().kv_heads == 64);
  CHECK(run.model.positions == 2048);
  CHECK(run.model.norm == Norm::layer_norm);
  CHECK(parameters(run.model).total == Approx(22.07e9).epsilon(0.01));
  CHECK(run.execution.layout.tensor == 8);
  CHECK(run.execution.layout.sequence_parallel);
  CHECK(run.execution.recompute == Recompute::full);
  CHECK(run.workload.dtype == "fp16");
  CHECK(run.time == 1.42);
  CHECK_FALSE(run.free.any());
}

TEST_CASE("What a row leaves open is free, and said so") {
  CHECK(run_with("mbs", "").free.microbatch);
  CHECK(run_with("recompute", "uncertain").free.recompute);
  const MeasuredRun run = runs_of(row_with("tp", "")).front();
  CHECK(run.execution.layout.tensor == 8);  // follows from the others
  MeasuredRun pipeline = run_with("vpp", "");
  CHECK_FALSE(pipeline.free.virtual_stages);  // one stage has nothing to split
}

TEST_CASE("What is not modelled is a reason in words, never a failure") {
  CHECK(contains(run_with("moe", "8 experts top2").reason, "mixture of experts"));
  CHECK(contains(run_with("attn", "MLA").reason, "latent"));
  CHECK(contains(run_with("attn", "Hyena").reason, "Hyena"));
  CHECK(contains(run_with("precision", "ternary").reason, "ternary"));
  CHECK(contains(run_with("zero", "7").reason, "sharding"));
  CHECK(contains(run_with("tp", "3").reason, "does not divide 8"));
  CHECK(contains(run_with("gbs", "7").reason, "no multiple"));
  CHECK(contains(run_with("kernel_notes", "DualPipe").reason, "schedule"));
  CHECK(contains(run_with("heads", "7").reason, "heads"));
  CHECK(contains(run_with("kv_heads", "5").reason, "kv_heads"));
}

TEST_CASE("A cell that is no number, zero or absurd is a reason with its place") {
  for (const char* column : {"hidden", "layers", "heads", "seq", "gbs", "mbs", "n_gpus", "tp", "vocab", "ffn"}) {
    for (const char* value : {"many", "0", "-4", "1e300", "2.5", "nan", "1-2"}) {
      const MeasuredRun run = run_with(column, value);
      INFO(column << " " << value << " " << run.reason);
      CHECK(contains(run.reason, std::string("column '") + column + "'"));
      CHECK(contains(run.reason, "runs.csv:2:"));
    }
    const MeasuredRun large = run_with(column, "99999999");
    INFO(column << " " << large.reason);
    CHECK((large.reason.empty() || large.reason.size() > 10));
  }
}

TEST_CASE("A missing column that no row can do without is named, others may be missing") {
  CHECK_THROWS_AS(measured_runs_from(CsvTable::from_text("id,framework\na,b\n", "runs.csv")), ConfigError);
  const auto runs = measured_runs_from(
      CsvTable::from_text("id,framework,gpu,seq,gbs,n_gpus,hidden,layers,heads,vocab,tokens_per_s_per_gpu\n"
                          "a,FSDP,H100,4096,8,8,4096,32,32,32000,10000\n",
                          "runs.csv"));
  CHECK(runs.front().reason == "");
  CHECK(runs.front().time == Approx(8 * 4096 / 80000.0));
  CHECK(runs.front().execution.layout.zero_stage == 3);
  CHECK(measured_runs_from(CsvTable::from_text("id,framework,gpu,seq,gbs,n_gpus,hidden,layers,heads\n", "runs.csv"))
            .empty());
}

TEST_CASE("Layouts that contradict themselves are mended or refused") {
  const MeasuredRun data = run_with("dp", "4");
  CHECK(data.execution.layout.data == 1);
  CHECK(contains(data.notes.front(), "contradicts"));
  const std::string rack =
      "b,g,Megatron-LM,m,GQA,8192,28672,80,64,8,,128256,0,1,,8192,256,1,GB200-NVL72,256,72,4,16,4,"
      "4,1,1,1,uncertain,MXFP8,,58,,,,\n";
  CHECK(runs_of(rack).front().devices_per_node == 64);
  CHECK(runs_of(rack).front().execution.layout.schedule == PipelineSchedule::interleaved);
}

TEST_CASE("Words of precision, recomputation and sharding mean what their tables mean") {
  CHECK(dtype_of_precision("bf16, fp32 grad accumulate/reduce") == "bf16");
  CHECK(dtype_of_precision("FP8-CS (FP8-MX)") == "fp8");
  CHECK(dtype_of_precision("float8 rowwise") == "fp8");
  CHECK(dtype_of_precision("NVFP4") == "nvfp4");
  CHECK(dtype_of_precision("amp_bf16") == "bf16");
  CHECK_FALSE(dtype_of_precision("wild").has_value());
  CHECK(recompute_of("none (8K) / uncertain 131K", 8192).known);
  CHECK_FALSE(recompute_of("none (8K) / uncertain 131K", 131072).known);
  CHECK(recompute_of("full (remat)", 1).value == Recompute::full);
  CHECK(recompute_of("selective(op)", 1).value == Recompute::selective);
  CHECK(sharding_of("3+CPU AdamW offload", "DeepSpeed", "").value.offload_optimizer);
  CHECK(sharding_of("FSDP(2-ish, grads+opt, no reshard)", "Meta", "").value.zero_stage == 2);
  CHECK(sharding_of("FSDP2", "torchtitan", "").value.zero_stage == 3);
  CHECK(sharding_of("zero", "x", "").known == false);
  CHECK(context_algorithm_of("CP a2a (Ulysses)", "Megatron-LM").value == ContextAlgorithm::ulysses);
  CHECK(context_algorithm_of("", "Megatron-Bridge").value == ContextAlgorithm::ring);
  CHECK(context_algorithm_of("", "torchtitan").value == ContextAlgorithm::all_gather);
  CHECK(stack_changes_of("compile, AsyncTP", "").overlap_tensor == TensorOverlap::all);
}

TEST_CASE("Fp8 with a scale per row is taken as bf16, and interleaving that is only said leaves its chunks free") {
  CHECK(run_with("precision", "float8 rowwise").workload.dtype == "bf16");
  CHECK(run_with("precision", "float8 tensorwise").workload.dtype == "fp8");
  CHECK(run_with("kernel_notes", "interleaved PP").execution.layout.schedule ==
        PipelineSchedule::one_forward_one_backward);
  const std::string row =
      "b,g,Meta internal,m,GQA,16384,53248,126,128,8,,128256,0,1,,8192,2048,1,H100,8192,8,8,16,,64,"
      "1,1,2,none,bf16,interleaved PP,12,,,,\n";
  const MeasuredRun run = runs_of(row).front();
  CHECK(run.reason == "");
  CHECK(run.free.virtual_stages);
  CHECK(run.execution.layout.schedule == PipelineSchedule::interleaved);
}

TEST_CASE("The shipped choice names a device and a stack, or says why not") {
  const auto rules = choice_rules_from(tests::source_folder() / "configs/stacks/choice.csv");
  const auto choice = [&](const char* framework, const char* gpu, const char* source) {
    return stack_choice(rules, framework, gpu, source);
  };
  CHECK(choice("Megatron-DeepSpeed", "A100-80-SXM", "vTrain data").stack == "vtrain");
  CHECK(choice("Megatron-DeepSpeed", "A100-80-SXM", "BigScience").stack == "megatron-deepspeed");
  CHECK(choice("Megatron-Bridge", "GB200-NVL72", "").stack == "megatron-bridge-blackwell");
  CHECK(choice("Megatron-Bridge", "GB200-NVL72", "").device == "gb200");
  CHECK(choice("torchtitan", "H100-96-HBM2e-500W", "").device == "h100-hbm2e-500w");
  CHECK(choice("Composer FSDP", "A100-40-SXM", "").device == "a100-40-sxm");
  CHECK(contains(choice("Pathways", "TPUv4", "").reason, "no profile of the GPU 'TPUv4'"));
  CHECK(contains(choice("Pathways", "TPUv4", "").reason, "no stack for the framework 'Pathways'"));
  CHECK(choice("torchtitan", "H100", "").reason == "");
  CHECK(contains(choice("", "", "").reason, "no profile"));
}

}  // namespace mobasim::tests::measured_run_test
