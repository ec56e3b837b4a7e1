// Rows of a table left out in turn, and the products that a table's rows stand for.
#include "sim/check/leave_one_out.h"

#include <cmath>

#include "sim/device/gemm_model.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::leave_one_out_test {
namespace {

ProfileRow product_row(std::int64_t m, std::int64_t n, std::int64_t k, double seconds, const char* dtype = "f32") {
  ProfileRow row;
  row.operation = "gemm";
  row.implementation = "a library";
  row.dtype = dtype;
  row.m = m;
  row.n = n;
  row.k = k;
  row.flops = Flops(2.0 * static_cast<double>(m * n) * static_cast<double>(k));
  row.time = row.time_lo = row.time_hi = Seconds(seconds);
  row.samples = 10;
  row.source = "a test";
  return row;
}

// start, work, and what each operand costs.
double planted(double m, double n, double k) { return 3e-5 + 1e-11 * m * n * k + 2e-10 * m * k + 5e-10 * m * n; }

Device fast_device() {
  Device device = small_device();
  device.peak = {{"f32", FlopRate(1e13)}, {"bf16", FlopRate(1e13)}};
  device.memory_bandwidth = ByteRate(1e15);
  return device;
}

// Cubes and slabs with m, n, k of 256 to 4096, by the planted law.
Device device_of_products() {
  Device device = fast_device();
  for (const std::int64_t m : {256, 1024, 4096}) {
    for (const std::int64_t n : {256, 1024, 4096}) {
      for (const std::int64_t k : {256, 1024, 4096}) {
        const auto real = [](std::int64_t x) { return static_cast<double>(x); };
        device.profile.push_back(product_row(m, n, k, planted(real(m), real(n), real(k))));
      }
    }
  }
  return device;
}

// Forward and backward at lengths of half octaves, time per FLOP falling as a power of the length.
Device device_of_attention(const Attention& attention) {
  Device device = fast_device();
  for (const Pass pass : {Pass::forward, Pass::backward}) {
    for (const std::int64_t sequence : {2048, 3072, 4096, 6144, 8192}) {
      const double per_flop = 1e-11 * std::pow(static_cast<double>(sequence), -0.1);
      device.profile.push_back(attention_row(attention_layer_of(sequence, pass, attention), "a kernel", per_flop));
    }
  }
  return device;
}

const ShapeLeftOut& shape_at(const std::vector<ShapeLeftOut>& all, std::int64_t sequence, const std::string& pass) {
  for (const ShapeLeftOut& one : all) {
    if (one.row.sequence == sequence && one.row.pass == pass) return one;
  }
  FAIL("no such shape");
  return all.front();
}

}  // namespace

TEST_CASE("A product whose median is known badly bends its neighbours less") {
  Device device = device_of_products();
  double sign = 1;
  for (ProfileRow& row : device.profile) row.time *= 1 + 0.03 * (sign = -sign);
  ProfileRow& slow = device.profile[13];  // 1024 x 1024 x 1024
  REQUIRE(slow.m * slow.n * slow.k == std::int64_t{1} << 30);
  slow.time *= 1.3;
  slow.time_lo = slow.time_hi = slow.time;
  const double sure = gemm_seconds(gemm_model(device, "f32"), 1100, 1100, 1100);
  slow.time_lo *= 0.75;
  slow.time_hi *= 1.25;
  CHECK(standard_error(slow) == Approx(0.5 / 1.349 * 1.2533 / std::sqrt(10.0)));
  const double unsure = gemm_seconds(gemm_model(device, "f32"), 1100, 1100, 1100);
  CHECK(unsure < 0.985 * sure);
}

TEST_CASE("Products by an exact law are foretold exactly when they are left out") {
  const std::vector<ShapeLeftOut> all = shapes_left_out(device_of_products());
  REQUIRE(all.size() == 27);
  for (const ShapeLeftOut& one : all) {
    CHECK(std::abs(error_of(one)) < 1e-9);
    CHECK(one.basis == Basis::interpolated);
  }
}

TEST_CASE("Attention by an exact law is foretold exactly between its ends, and held beyond them") {
  for (const Attention& attention :
       {Attention(FullAttention{}), Attention(Moba{512, 3}), Attention(SlidingWindow{512})}) {
    const std::vector<ShapeLeftOut> all = shapes_left_out(device_of_attention(attention));
    REQUIRE(all.size() == 10);
    for (const ShapeLeftOut& one : all) {
      const bool end = one.row.sequence == 2048 || one.row.sequence == 8192;
      CHECK(one.basis == (end ? Basis::extrapolated : Basis::interpolated));
      if (!end) CHECK(std::abs(error_of(one)) < 1e-9);
      if (end) CHECK(std::abs(error_of(one)) > 1e-3);  // its own row would have been met
    }
  }
}

TEST_CASE("A row that is absurd is foretold by its neighbours, and its other pass knows nothing of it") {
  Device device = device_of_attention(FullAttention{});
  const double right = device.profile[2].time.value();
  device.profile[2].time = device.profile[2].time_hi = 10 * device.profile[2].time;
  const std::vector<ShapeLeftOut> all = shapes_left_out(device);
  CHECK(shape_at(all, 4096, "forward").prediction.value() == Approx(right));
  CHECK(error_of(shape_at(all, 4096, "forward")) == Approx(-0.9));
  CHECK(std::abs(error_of(shape_at(all, 4096, "backward"))) < 1e-9);
  CHECK(error_of(shape_at(all, 3072, "forward")) > 1);  // between it and a sound one

  Device products = device_of_products();
  const double true_time = products.profile[13].time.value();
  products.profile[13].time = products.profile[13].time_hi = Seconds(10 * true_time);
  CHECK(shapes_left_out(products)[13].prediction.value() == Approx(true_time));
}

TEST_CASE("All rows of one shape are left out together, and stand as their geometric mean") {
  Device device = device_of_attention(FullAttention{});
  ProfileRow again = device.profile[2];
  again.time = again.time_hi = 4 * again.time;
  device.profile.push_back(again);
  const std::vector<ShapeLeftOut> all = shapes_left_out(device);
  REQUIRE(all.size() == 10);
  CHECK(shape_at(all, 4096, "forward").row.time.value() == Approx(2 * device.profile[2].time.value()));
  CHECK(error_of(shape_at(all, 4096, "forward")) == Approx(-0.5));
}

TEST_CASE("A shape that the other rows say nothing of has no prediction, and no part in the summaries") {
  Device device = fast_device();
  device.attention.clear();
  device.profile = {attention_row(attention_layer_of(4096), "a kernel", 1e-12)};
  const std::vector<ShapeLeftOut> all = shapes_left_out(device);
  REQUIRE(all.size() == 1);
  CHECK_FALSE(all[0].predicted);
  CHECK(interpolation_errors(all).empty());
  CHECK(inner_errors(all).shapes == 0);
}

TEST_CASE("Summaries hold inner shapes and ends apart, by the order statistics of |error|") {
  std::vector<ShapeLeftOut> all;
  for (const double error : {-0.04, 0.01, 0.02, -0.03, 0.05, 0.9}) {
    ShapeLeftOut one;
    one.row = product_row(1, 1, 1, 1);
    one.prediction = Seconds(1 + error);
    one.basis = error > 0.5 ? Basis::extrapolated : Basis::interpolated;
    all.push_back(one);
  }
  const std::vector<InterpolationErrors> found = interpolation_errors(all);
  REQUIRE(found.size() == 2);
  CHECK(found[0].inner);
  CHECK(found[0].shapes == 5);
  CHECK(found[0].median == Approx(0.03));
  CHECK(found[0].p90 == Approx(0.046));
  CHECK_FALSE(found[1].inner);
  CHECK(found[1].median == Approx(0.9));
  CHECK(inner_errors(all).p90 == Approx(0.046));
}

TEST_CASE("Near measured products what they have in common is followed, and one row that is far off bends nothing") {
  Device device = device_of_products();
  const auto seconds = [&](double m, double n, double k) {
    return gemm_seconds(gemm_model(device, "f32"), m, n, k) / planted(m, n, k);
  };
  CHECK(seconds(700, 700, 700) == Approx(1));
  device.profile[13].time *= 3;  // 1024^3
  device.profile[13].time_hi = device.profile[13].time;
  CHECK(seconds(1024, 1024, 1024) == Approx(1).epsilon(0.01));
  CHECK(seconds(4096, 1024, 1024) == Approx(1).epsilon(0.01));
  device = device_of_products();
  for (ProfileRow& row : device.profile) {
    row.time *= row.m == 1024 ? 0.9 : row.m == 256 ? 1.08 : 1.12;  // no sum of the terms does that
    row.time_hi = row.time_lo = row.time;
  }
  CHECK(seconds(1024, 1024, 1024) < 0.97);
  CHECK(seconds(256, 1024, 1024) > 1.03);
  CHECK(seconds(1024, 700, 700) < seconds(256, 700, 700));
}

TEST_CASE("Products by measured rows grow with each size, and stay behind peak and bandwidth") {
  Device device = device_of_products();
  const GemmModel free = gemm_model(device, "f32");
  device.peak["f32"] = FlopRate(1e11);  // half of what the rows ran at
  const GemmModel compute = gemm_model(device, "f32");
  device.memory_bandwidth = ByteRate(1e6);
  const GemmModel memory = gemm_model(device, "f32");
  for (const double m : {64.0, 256.0, 700.0, 3000.0, 9000.0}) {
    for (const double k : {64.0, 256.0, 700.0, 3000.0, 9000.0}) {
      CHECK(gemm_seconds(free, m + 1, 1000, k) > gemm_seconds(free, m, 1000, k));
      CHECK(gemm_seconds(free, m, 1000, k + 1) > gemm_seconds(free, m, 1000, k));
      CHECK(gemm_seconds(compute, m, 1000, k) >= 2 * m * 1000 * k / 1e11 * (1 - 1e-12));
      CHECK(gemm_seconds(memory, m, 1000, k) >= 4 * (m * k + 1000 * k + m * 1000) / 1e6 * (1 - 1e-12));
    }
  }
}

TEST_CASE("Three rows of the format make a law of start and work, and others do not count") {
  Device device = fast_device();
  for (const std::int64_t size : {256, 512}) {
    device.profile.push_back(product_row(size, size, size, 1e-5 + 2e-12 * std::pow(size, 3)));
  }
  device.profile.push_back(product_row(1024, 1024, 1024, 1, "bf16"));
  CHECK(gemm_model(device, "f32").basis == Basis::assumed);
  device.profile.push_back(product_row(1024, 1024, 1024, 1e-5 + 2e-12 * std::pow(1024, 3)));
  CHECK(gemm_model(device, "f32").basis == Basis::interpolated);
  CHECK(gemm_seconds(gemm_model(device, "f32"), 2048, 64, 300) == Approx(1e-5 + 2e-12 * 2048 * 64 * 300));
}

TEST_CASE("A product without three others is not foretold by an efficiency that came from itself") {
  Device device = fast_device();
  for (const std::int64_t size : {256, 512, 1024}) {
    device.profile.push_back(product_row(size, size, size, planted(256, 256, 256)));
  }
  device.gemm = {0.5, 0.25, 1, Basis::measured, "the rows"};
  for (const ShapeLeftOut& one : shapes_left_out(device)) {
    CHECK_FALSE(one.predicted);
    CHECK(one.note.find("fewer than three other products in f32") != std::string::npos);
  }
  CHECK(inner_errors(shapes_left_out(device)).shapes == 0);
  device.profile.push_back(product_row(512, 512, 256, planted(512, 512, 256)));
  for (const ShapeLeftOut& one : shapes_left_out(device)) CHECK(one.predicted);
  device.peak.erase("f32");
  CHECK_FALSE(shapes_left_out(device)[0].predicted);
}

TEST_CASE("Attention by an efficiency is no inner shape, and who cannot be foretold says that no kernel could") {
  Device device = fast_device();
  device.profile = {attention_row(attention_layer_of(4096), "", 1e-12)};
  device.attention["full"].basis = Basis::measured;
  CHECK(shapes_left_out(device)[0].basis == Basis::extrapolated);
  device.profile[0].implementation = "a kernel";
  CHECK_FALSE(shapes_left_out(device)[0].predicted);
  CHECK(shapes_left_out(device)[0].note.ends_with("both passes: none"));
}

TEST_CASE("Of a shape only the undisturbed rows count, and a disturbed shape is in no summary") {
  Device device = device_of_attention(FullAttention{});
  const double right = device.profile[2].time.value();
  ProfileRow slow = device.profile[2];
  slow.time = slow.time_hi = 4 * slow.time;
  slow.sampling = "disturbed";
  device.profile.insert(device.profile.begin(), slow);
  std::vector<ShapeLeftOut> all = shapes_left_out(device);
  CHECK(shape_at(all, 4096, "forward").row.time.value() == Approx(right));
  CHECK(inner_errors(all).shapes == 6);

  device.profile.erase(device.profile.begin() + 3);
  all = shapes_left_out(device);
  CHECK(error_of(shape_at(all, 4096, "forward")) == Approx(-0.75));
  CHECK(inner_errors(all).shapes == 5);
  CHECK(inner_errors(all).p90 < 1e-9);  // nor does any neighbour know of it
  CHECK(interpolation_errors(all)[0].shapes == 2);
}

TEST_CASE("What a disturbed machine measured is believed only where too little else is left") {
  Device device = device_of_attention(FullAttention{});
  const AttentionLayer layer = attention_layer_of(4096);
  const double right = attention_time(layer, device).time.value();
  ProfileRow& slow = device.profile[2];
  slow.time = slow.time_hi = 4 * slow.time;
  slow.sampling = "disturbed";
  CHECK(attention_time(layer, device).time.value() == Approx(right));
  CHECK(attention_time(layer, device).basis == Basis::interpolated);
  CHECK(attention_note(layer, device).find("disturbed") == std::string::npos);
  std::erase_if(device.profile, [](const ProfileRow& row) { return row.pass == "forward" && row.sequence > 4096; });
  CHECK(attention_time(layer, device).time.value() < 1.1 * right);  // 2048 and 3072 are left
  std::erase_if(device.profile, [](const ProfileRow& row) { return row.sequence == 3072; });
  CHECK(attention_time(layer, device).time.value() == Approx(4 * right));
  CHECK(attention_note(layer, device).find("rows of a disturbed machine") != std::string::npos);

  Device products = fast_device();
  for (const std::int64_t size : {256, 512, 1024, 2048}) {
    products.profile.push_back(product_row(size, size, size, 1e-5 + 2e-12 * std::pow(size, 3)));
  }
  for (ProfileRow& row : products.profile) {
    if (row.m == 2048) {
      row.time = row.time_hi = 10 * row.time;
      row.sampling = "disturbed";
    }
  }
  const auto rows = [&] { return gemm_fit(products, "f32")->rows.size(); };
  CHECK(rows() == 3);
  CHECK(gemm_seconds(gemm_model(products, "f32"), 4096, 64, 300) == Approx(1e-5 + 2e-12 * 4096 * 64 * 300));
  products.profile[0].sampling = "disturbed";
  CHECK(rows() == 4);
}

TEST_CASE("Every shape of a published table is foretold, most of them as inner ones and none as measured") {
  for (const char* name : {"h100-sxm", "a100-sxm", "b300-sxm"}) {
    const std::vector<ShapeLeftOut> all = shapes_left_out(shipped_device(name));
    for (const ShapeLeftOut& one : all) {
      CHECK(one.predicted);
      CHECK(one.basis != Basis::measured);
    }
    CHECK(2 * inner_errors(all).shapes > static_cast<std::int64_t>(all.size()));
  }
}

}  // namespace mobasim::tests::leave_one_out_test
