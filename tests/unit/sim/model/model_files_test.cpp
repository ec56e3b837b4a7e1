// Every shipped model, held against what its source prints. A new file in configs/models is tested by itself.
#include <algorithm>
#include <cmath>
#include <fstream>

#include "sim/base/error.h"
#include "sim/model/model_shape.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::model_files_test {
namespace {

std::vector<std::filesystem::path> model_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(tests::source_folder() / "configs/models")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

ModelShape shipped(const std::string& name) {
  return model_from(tests::source_folder() / "configs/models" / (name + ".yaml"));
}

const std::vector<std::string> kMobaRuns = {"moba-545m", "moba-822m", "moba-1.1b", "moba-1.5b", "moba-2.1b"};

// Training FLOPs of attention alone, forward and backward, per token, over 6 N.
double attention_over_6n(const ModelShape& model, const Attention& attention, std::int64_t sequence) {
  double flops = 0;
  for (const LayerGroup& group : model.groups) {
    const AttentionWork one = work(attention, {sequence, 1, group.heads, group.kv_heads, group.head_dim}, 2);
    flops += static_cast<double>(group.layers) * (one.forward + one.backward).value();
  }
  return flops / static_cast<double>(sequence) / (6 * non_embedding_of_6nd(model));
}

class TemporaryModel {
 public:
  explicit TemporaryModel(const std::string& text) { tests::put_file(path_, text); }
  [[nodiscard]] std::string complaint() const {
    try {
      (void)model_from(path_);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

 private:
  tests::ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "model.yaml";
};

constexpr const char* kGood = R"(name: good
source: a test
hidden: 64
vocab: 100
groups:
  - {layers: 2, heads: 4, kv_heads: 2, head_dim: 16, ffn: 128}
)";

}  // namespace

TEST_CASE("Every shipped model has the parameters that its source prints") {
  const std::vector<std::filesystem::path> files = model_files();
  REQUIRE(files.size() >= 30);
  for (const std::filesystem::path& file : files) {
    INFO(file.string());
    const ModelShape model = model_from(file);
    REQUIRE(model.name == file.stem().string());
    REQUIRE(model.source.size() > 20);
    if (model.source.starts_with("an example")) continue;  // nobody's model: nothing is printed of it
    REQUIRE(model.published_parameters);
    const ParameterCount count = parameters(model);
    const std::int64_t counted = model.published_counts == "total" ? count.total : count.non_embedding;
    INFO("counted " << counted << ", published " << static_cast<std::int64_t>(*model.published_parameters));
    REQUIRE(std::abs(static_cast<double>(counted) - *model.published_parameters) <=
            model.published_rounding * *model.published_parameters);
  }
}

TEST_CASE("One rule for the unpublished feed-forward gives the five printed figures of MoBA, further digits cut off") {
  const std::vector<double> printed = {545e6, 822e6, 1.1e9, 1.5e9, 2.1e9};
  const std::vector<double> unit = {1e6, 1e6, 0.1e9, 0.1e9, 0.1e9};
  for (std::size_t i = 0; i < kMobaRuns.size(); ++i) {
    const ModelShape model = shipped(kMobaRuns[i]);
    INFO(model.name);
    const LayerGroup& group = model.groups.at(0);
    const std::int64_t up = (8 * model.hidden + 3 * 256 - 1) / (3 * 256) * 256;
    REQUIRE(group.ffn == up);
    REQUIRE(group.heads * group.head_dim == model.hidden);
    REQUIRE(std::floor(static_cast<double>(parameters(model).non_embedding) / unit[i]) ==
            std::round(printed[i] / unit[i]));
    REQUIRE(non_embedding_of_6nd(model) == printed[i]);
    REQUIRE(std::count(model.assumed.begin(), model.assumed.end(), "ffn") == 1);
    REQUIRE(std::count(model.assumed.begin(), model.assumed.end(), "vocab") == 1);
  }
}

TEST_CASE("Counting attention at 32K makes full 2.5 to 2.0 times 6ND and MoBA 1.12 to 1.07 times") {
  double full_before = 10, moba_before = 10;
  for (const std::string& name : kMobaRuns) {
    const ModelShape model = shipped(name);
    const double full = 1 + attention_over_6n(model, FullAttention{}, 32768);
    const double moba = 1 + attention_over_6n(model, Moba{512, 3}, 32768);
    INFO(name << ": full " << full << ", MoBA " << moba);
    REQUIRE(full < full_before);
    REQUIRE(moba < moba_before);
    full_before = full;
    moba_before = moba;
    if (name == "moba-545m") {
      REQUIRE(full == Approx(2.5).margin(0.05));
      REQUIRE(moba == Approx(1.12).margin(0.005));
    }
    if (name == "moba-2.1b") {
      REQUIRE(full == Approx(2.0).margin(0.05));
      REQUIRE(moba == Approx(1.07).margin(0.006));
    }
  }
}

TEST_CASE("Active parameters of the mixtures are near the figures in their names") {
  REQUIRE(static_cast<double>(parameters(shipped("qwen3-30b-a3b")).active) == Approx(3.3e9).margin(0.1e9));
  REQUIRE(static_cast<double>(parameters(shipped("qwen3-235b-a22b")).active) == Approx(22e9).margin(0.5e9));
  REQUIRE(static_cast<double>(parameters(shipped("mixtral-8x7b")).active) == Approx(12.9e9).margin(0.05e9));
  REQUIRE(static_cast<double>(parameters(shipped("mixtral-8x22b")).active) == Approx(39e9).margin(0.5e9));
}

TEST_CASE("A model file that is wrong is refused with the place") {
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = kGood;
    text.replace(text.find(from), from.size(), to);
    return TemporaryModel(text).complaint();
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  REQUIRE(TemporaryModel(kGood).complaint().empty());
  contains(with("hidden: 64", "hiden: 64"), ":3:1: unknown key 'hiden' (did you mean 'hidden'?)");
  contains(with("hidden: 64", "hidden: -64"), ":3:9: 'hidden': -64 is too small");
  contains(with("kv_heads: 2", "kv_heads: 3"), ":6:5: heads is 4, which is no multiple of kv_heads, 3");
  contains(with("ffn: 128", "width: 128"), "the key 'ffn' is missing");
  contains(with("ffn: 128", "ffn: 128, experts: {experts: 4, active: 2, ffn: 8}"), "exclude each other");
  contains(with("ffn: 128", "experts: {experts: 4, active: 5, ffn: 8}"), "there are only 4 experts");
  contains(with("ffn: 128", "ffn: 128, attention: {mechanism: moba, block: 0, top_k: 1}"), ":6:");
  contains(with("layers: 2", "layers: 9000000000000000"), "can be counted");
  contains(with("source: a test\n", ""), "the key 'source' is missing");
  contains(with("vocab: 100", "vocab: 100\nnorm: rmsnorm"), "(did you mean 'rms_norm'?)");
}

}  // namespace mobasim::tests::model_files_test
