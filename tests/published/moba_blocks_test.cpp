// What is foretold of a block and top_k that were never timed (docs/method/step.md, A27), against rows that were: the
// shipped rows of this project's own kernels on H100 and H200, those of one block left out.
#include <cmath>

#include "sim/device/attention_table.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::moba_blocks_test {
namespace {

constexpr const char* kOwn = "mobasim_cuda";

struct LeftOut {
  Device device;
  std::vector<ProfileRow> rows;
};

LeftOut without_block(const std::string& device, std::int64_t block) {
  LeftOut out{device_from(source_folder() / ("configs/devices/" + device + ".yaml")), {}};
  const auto is_left_out = [&](const ProfileRow& row) {
    return row.implementation == kOwn && row.mechanism == "moba" && row.block == block;
  };
  for (const ProfileRow& row : out.device.profile) {
    if (is_left_out(row)) out.rows.push_back(row);
  }
  std::erase_if(out.device.profile, is_left_out);
  return out;
}

AttentionLayer layer_of(const ProfileRow& row) {
  AttentionLayer layer;
  layer.attention = Moba{row.block, row.top_k};
  layer.shape = {row.sequence, row.batch, row.heads, row.kv_heads, row.head_dim};
  layer.pass = row.pass == "forward" ? Pass::forward : Pass::backward;
  return layer;
}

struct Bounds {
  double least, most;
};
// Of estimate over measured, as documented.
Bounds documented(const ProfileRow& row) {
  if (row.block == 512) return row.pass == "forward" ? Bounds{0.79, 0.87} : Bounds{0.78, 0.92};
  return row.pass == "forward" ? Bounds{1.39, 1.51} : Bounds{1.40, 2.03};
}
constexpr double kRounding = 0.005;

}  // namespace

TEST_CASE("the times of an unmeasured block are within what is foretold of them, and off by no more than documented") {
  for (const char* device : {"h100-sxm", "h200-sxm"}) {
    for (const std::int64_t block : {512, 128}) {
      const LeftOut out = without_block(device, block);
      REQUIRE(out.rows.size() == 28);  // seven lengths, two head_dim, two passes
      const AttentionTable table(out.device, out.rows.front().dtype);
      for (const ProfileRow& row : out.rows) {
        INFO(device << " block " << row.block << " sequence " << row.sequence << " " << row.pass);
        const AttentionLayer layer = layer_of(row);
        const TimeEstimate estimate = table.time(layer, &table.named_kernel(layer, kOwn));
        CHECK(estimate.basis == Basis::extrapolated);
        CHECK(estimate.lo <= row.time);
        CHECK(row.time <= estimate.hi);
        CHECK(estimate.time / row.time > documented(row).least - kRounding);
        CHECK(estimate.time / row.time < documented(row).most + kRounding);
      }
    }
  }
}

}  // namespace mobasim::tests::moba_blocks_test
