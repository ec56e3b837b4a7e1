// The time of an attention layer on a device.
#include "sim/device/attention_table.h"

#include <cmath>

#include "sim/device/dtype.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::attention_table_test {
namespace {

// All with an efficiency or rows for every mechanism.
const std::vector<std::string> kShipped{"h100-sxm",  "a100-sxm",        "a100-40-sxm", "a100-pcie",
                                        "h100-pcie", "h100-hbm2e-500w", "h200-sxm",    "h800",
                                        "b200-sxm",  "b300-sxm",        "gb200",       "gb300"};

void check_order(const TimeEstimate& estimate, Seconds least) {
  CHECK(least <= estimate.lo);
  CHECK(estimate.lo <= estimate.time);
  CHECK(estimate.time <= estimate.hi);
}

}  // namespace

TEST_CASE("No time is below the roofline, and lo <= time <= hi, on every shipped device") {
  for (const std::string& name : kShipped) {
    const Device device = shipped_device(name);
    REQUIRE(violations(device).empty());
    const AttentionTable table(device, "bf16");
    for (const Attention& attention : {Attention(FullAttention{}), Attention(Moba{128, 8}), Attention(Moba{512, 3}),
                                       Attention(Moba{4096, 12}), Attention(SlidingWindow{4096})}) {
      for (std::int64_t sequence = 128; sequence <= 1 << 21; sequence *= 2) {
        for (const std::int64_t head_dim : {64, 96, 128}) {
          for (const Pass pass : kPasses) {
            AttentionLayer layer = attention_layer_of(sequence, pass, attention);
            layer.shape.head_dim = head_dim;
            INFO(name << " " << description(attention) << " " << sequence << " " << head_dim);
            layer.attention = as_computed(layer);
            check_order(table.time(layer, table.fastest(layer)), table.roofline(layer));
          }
        }
      }
    }
  }
}

TEST_CASE("A longer sequence is never cheaper") {
  for (const std::string& name : kShipped) {
    const AttentionTable table(shipped_device(name), "bf16");
    for (const Attention& attention :
         {Attention(FullAttention{}), Attention(Moba{128, 8}), Attention(Moba{512, 3}), Attention(Moba{4096, 12})}) {
      Seconds before(0);
      for (double exact = 256; exact <= 1 << 21; exact *= 1.25) {
        const auto sequence = static_cast<std::int64_t>(exact);
        Seconds now(0);  // of both passes: a faster implementation of their sum may be slower in one
        for (const Pass pass : kPasses) {
          AttentionLayer layer = attention_layer_of(sequence, pass, attention);
          layer.attention = as_computed(layer);
          now += table.time(layer, table.fastest(layer)).time;
        }
        INFO(name << " " << description(attention) << " at " << sequence << ": " << now.value() << " s, before "
                  << before.value() << " s");
        CHECK(before <= now);
        before = now;
      }
    }
  }
}

TEST_CASE("The curve goes through each point of the shipped tables, sources that disagree at their geometric mean") {
  for (const std::string& name : kShipped) {
    const Device device = shipped_device(name);
    REQUIRE((device.profile_file.empty() || device.profile.size() > 30));
    std::map<std::string, AttentionTable> tables;  // by format
    for (const ProfileRow& row : device.profile) {
      if (row.operation != "attention" || row.pass == "forward_backward") continue;
      const AttentionTable& table = tables.try_emplace(row.dtype, device, row.dtype).first->second;
      if (table.implementations(row.mechanism).empty()) continue;
      double log_time = 0;
      int count = 0;
      for (const ProfileRow& same : device.profile) {
        if (same.mechanism != row.mechanism || same.implementation != row.implementation || same.pass != row.pass ||
            same.block != row.block || same.top_k != row.top_k || same.head_dim != row.head_dim ||
            same.sequence != row.sequence || !stands_for(same.dtype, row.dtype)) {
          continue;
        }
        log_time += std::log(same.time.value() / same.flops.value());
        ++count;
      }
      AttentionLayer layer;
      layer.attention = row.mechanism == "moba" ? Attention(Moba{row.block, row.top_k}) : Attention(FullAttention{});
      layer.shape = {row.sequence, row.batch, row.heads, row.kv_heads, row.head_dim};
      layer.pass = row.pass == "forward" ? Pass::forward : Pass::backward;
      const TimeEstimate estimate = table.time(layer, &table.named_kernel(layer, row.implementation));
      const Seconds least = table.roofline(layer);  // may be above a table that another device lends
      const double on_curve = row.flops.value() * std::exp(log_time / count);
      INFO(name << " " << row.implementation << " " << row.pass << " " << row.sequence);
      CHECK(estimate.time.value() == Approx(std::max(on_curve, least.value())).epsilon(1e-9));
      if (on_curve < least.value()) continue;
      CHECK(estimate.basis == (device.profile_slowdown == 1 ? row.basis : Basis::assumed));
      const bool published = row.basis == Basis::published;
      const double spread = !published ? 0 : layer.pass == Pass::forward ? 0.10 : 0.15;
      CHECK(estimate.lo.value() <= std::max((1 - spread) * on_curve, least.value()) * (1 + 1e-9));
      CHECK(estimate.hi.value() >= (1 + spread) * estimate.time.value() * (1 - 1e-9));
      CHECK(estimate.lo.value() <= std::max(row.time, least).value() * (1 + 1e-9));
      CHECK(row.time.value() <= estimate.hi.value() * (1 + 1e-9));
    }
  }
}

TEST_CASE("Measured at a measured point, interpolated between, extrapolated beyond") {
  Device device = small_device();
  device.attention.clear();
  for (const Pass pass : kPasses) {
    device.profile.push_back(attention_row(attention_layer_of(1024, pass), "mine", 4.0));
    device.profile.push_back(attention_row(attention_layer_of(4096, pass), "mine", 1.0));
  }
  const auto of = [&](std::int64_t sequence) { return attention_time(attention_layer_of(sequence), device); };
  const auto flops = [](std::int64_t s) { return 4.0 * 128 * 32 * static_cast<double>(s * (s + 1) / 2); };
  CHECK(of(1024).basis == Basis::measured);
  CHECK(of(1024).time.value() == Approx(4.0 * flops(1024)));
  CHECK(of(2048).basis == Basis::interpolated);
  CHECK(of(2048).time.value() == Approx(2.0 * flops(2048)));  // straight in the logarithms
  CHECK(of(8192).basis == Basis::extrapolated);
  CHECK(of(8192).time.value() == Approx(1.0 * flops(8192)).epsilon(1e-3));
  CHECK(of(8192).hi / of(8192).time == Approx(1.1));
  AttentionLayer wide = attention_layer_of(1024);
  wide.shape.heads = 32;
  CHECK(attention_time(wide, device).basis == Basis::interpolated);
  CHECK(attention_time(wide, device).time.value() == Approx(8.0 * flops(1024)));
  wide = attention_layer_of(1024);
  wide.shape.head_dim = 64;
  CHECK(attention_time(wide, device).basis == Basis::extrapolated);
}

TEST_CASE("Rows that time both passes together are split, and the parts add up") {
  Device device = small_device();
  ProfileRow both = attention_row(attention_layer_of(2048), "mine", 1.0);
  both.pass = "forward_backward";
  both.flops = both.flops * 3;
  both.time = both.time_lo = both.time_hi = Seconds(both.flops.value());
  device.profile = {both};
  const TimeEstimate forward = attention_time(attention_layer_of(2048), device);
  const TimeEstimate backward = attention_time(attention_layer_of(2048, Pass::backward), device);
  CHECK((forward.time + backward.time).value() == Approx(both.time.value()));
  CHECK(backward.time / forward.time == Approx(2.5));
  CHECK(forward.basis == Basis::published);

  ProfileRow alone = attention_row(attention_layer_of(2048), "mine", 0.5);
  device.profile.push_back(alone);
  const TimeEstimate rest = attention_time(attention_layer_of(2048, Pass::backward), device);
  CHECK(rest.time.value() == Approx((both.time - alone.time).value()));
}

TEST_CASE("The fastest implementation that serves both passes is taken, or the one that is asked for") {
  Device device = small_device();
  for (const Pass pass : kPasses) {
    device.profile.push_back(attention_row(attention_layer_of(2048, pass), "slow", 2.0));
    device.profile.push_back(attention_row(attention_layer_of(2048, pass), "fast", 1.0));
  }
  device.profile.push_back(attention_row(attention_layer_of(2048), "forward_only", 0.5));
  const AttentionLayer layer = attention_layer_of(2048);
  CHECK(AttentionTable(device, "bf16").implementations("full") == std::vector<std::string>{"slow", "fast"});
  CHECK(attention_note(layer, device).find("fast") == 0);
  CHECK(attention_note(layer, device, "slow").find("slow") == 0);
  CHECK_THROWS_AS(attention_time(layer, device, "unheard_of"), Unsupported);
}

TEST_CASE("An implementation timed at one length is taken by name, or where there is no other") {
  Device device = small_device();
  const auto add = [&](std::int64_t sequence, const std::string& implementation, double time_per_flop) {
    for (const Pass pass : kPasses) {
      device.profile.push_back(attention_row(attention_layer_of(sequence, pass), implementation, time_per_flop));
    }
  };
  add(2048, "point", 1.0);
  const AttentionLayer layer = attention_layer_of(1024);
  CHECK(attention_note(layer, device).find("point") == 0);
  add(1024, "curve", 3.0);
  add(4096, "curve", 2.0);
  CHECK(attention_note(layer, device).find("curve") == 0);
  CHECK(attention_note(layer, device, "point").find("point") == 0);
}

TEST_CASE("Another block and top_k than measured: extrapolated, between dense attention's rate and 1.5 times") {
  const Device device = shipped_device("h100-sxm");
  for (const Pass pass : kPasses) {
    const TimeEstimate moba = attention_time(attention_layer_of(32768, pass, Moba{1024, 4}), device);
    const TimeEstimate full = attention_time(attention_layer_of(32768, pass), device);
    CHECK(moba.basis == Basis::extrapolated);
    CHECK(moba.hi / moba.time >= 1.5 * (1 - 1e-9));
    CHECK(moba.lo < 0.3 * full.time);  // it attends to a quarter of the pairs
    CHECK(moba.time < full.time);
  }
}

// Figure 2 of the MoBA report (arXiv 2502.13189), forward, read off its vector graphics: milliseconds of dense
// attention and of the official MoBA kernel. The GPU is not stated, so only their ratio is compared.
TEST_CASE("Scaled from block 128, the official kernel compares with dense attention as in the MoBA report") {
  struct Point {
    std::int64_t sequence, block, top_k;
    double dense, moba;
  };
  const Device device = shipped_device("h100-sxm");
  for (const Point& point : {Point{131072, 4096, 12, 14.29, 11.99}, Point{262144, 4096, 12, 57.65, 27.36},
                             Point{524288, 4096, 12, 236.1, 60.58}, Point{1048576, 4096, 12, 944.04, 144.3},
                             Point{131072, 2048, 3, 13.51, 4.0417}, Point{1048576, 16384, 3, 902.04, 77.42},
                             Point{4194304, 65536, 3, 14552.8, 1028.3}, Point{10485760, 163840, 3, 90882.5, 5856.8}}) {
    const AttentionLayer dense = attention_layer_of(point.sequence);
    const AttentionLayer moba = attention_layer_of(point.sequence, Pass::forward, Moba{point.block, point.top_k});
    const double foretold = attention_time(moba, device, "moba_official").time /
                            attention_time(dense, device, "flash_attention_2").time;
    const double published = point.moba / point.dense;
    INFO("sequence " << point.sequence << " block " << point.block << ": " << foretold << ", published " << published);
    CHECK(foretold / published < 1.5);
    CHECK(foretold / published > 1 / 1.5);
  }
}

TEST_CASE("What a device has no number for is refused, not made up") {
  Device device = small_device();
  device.attention.erase("moba");
  CHECK_THROWS_AS(attention_time(attention_layer_of(4096, Pass::forward, Moba{512, 3}), device), Unsupported);
  CHECK_THROWS_AS(AttentionTable(device, "fp8"), Unsupported);
}

}  // namespace mobasim::tests::attention_table_test
