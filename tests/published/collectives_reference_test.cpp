// Published measurements of collectives that may not be copied into the project, against links taken from other rows of
// them. MOBASIM_REFERENCE_DATA names the folder that holds kernels/collectives.csv.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/base/csv.h"
#include "sim/network/network.h"
#include "tests/catch.h"

namespace mobasim::tests::collectives_reference_test {
namespace {

struct Measured {
  double bytes = 0, time = 0;
};

// All-reduces of a device in groups of `size`, by rising bytes. `algorithm`: how the column starts.
std::vector<Measured> rows_of(const std::string& device, std::int64_t size, const std::string& algorithm = "") {
  const char* folder = std::getenv("MOBASIM_REFERENCE_DATA");
  if (folder == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
  const CsvTable table = CsvTable::read(std::filesystem::path(folder) / "kernels" / "collectives.csv");
  const std::size_t gpus = table.column("gpus"), bytes = table.column("bytes"), time = table.column("time_us");
  std::vector<Measured> rows;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.text(row, table.column("collective")) != "all_reduce" || table.empty(row, bytes)) continue;
    if (table.text(row, table.column("gpu")) != device || table.text(row, gpus) != std::to_string(size)) continue;
    if (!table.text(row, table.column("algo")).starts_with(algorithm) || table.empty(row, time)) continue;
    rows.push_back({table.number(row, bytes), 1e-6 * table.number(row, time)});
  }
  std::sort(rows.begin(), rows.end(), [](const Measured& a, const Measured& b) { return a.bytes < b.bytes; });
  REQUIRE_FALSE(rows.empty());
  return rows;
}

// The curve of a ring of `members` that took these times: neither its fractions nor its times fall.
std::vector<LinkPoint> ring_curve(const std::vector<Measured>& rows, double members, double bandwidth) {
  std::vector<LinkPoint> curve;
  for (const auto& [bytes, time] : rows) {
    const double step = bytes / members;
    double fraction = step / (time / (2 * (members - 1)) * bandwidth);
    if (!curve.empty()) {
      const LinkPoint& last = curve.back();
      fraction = std::clamp(fraction, last.fraction, last.fraction * step / last.bytes);
    }
    curve.push_back({step, fraction});
  }
  return curve;
}

// |predicted / measured - 1| of rows from `least` bytes on, rising.
std::vector<double> errors(const std::vector<Measured>& rows, Group group, const Network& network, double least) {
  std::vector<double> found;
  for (const auto& [bytes, time] : rows) {
    if (bytes < least) continue;
    const double predicted = collective_time(CollectiveKind::all_reduce, bytes, group, network);
    found.push_back(std::abs(predicted / time - 1));
  }
  std::sort(found.begin(), found.end());
  return found;
}

Network one_node(double bandwidth, std::vector<LinkPoint> curve) {
  return {8, {bandwidth, 0, 1, std::move(curve), {}}, {}};
}

}  // namespace

TEST_CASE("The curve of 8 A100s predicts 4, and that of 4 predicts 8") {
  const std::vector<Measured> eight = rows_of("A100-SXM", 8), four = rows_of("A100-SXM", 4);
  const auto of_four = errors(four, {4, 4}, one_node(300e9, ring_curve(eight, 8, 300e9)), 1 << 24);
  const auto of_eight = errors(eight, {8, 8}, one_node(300e9, ring_curve(four, 4, 300e9)), 1 << 24);
  for (const auto& found : {of_four, of_eight}) {
    CHECK(found.size() == 11);
    CHECK(found[found.size() / 2] < 0.05);
    CHECK(found.back() < 0.09);
  }
}

TEST_CASE("One fraction serves rings of 4 to 8 members of H200 and B200") {
  for (const auto& [device, bandwidth, fraction] :
       {std::tuple{"H200-SXM", 450e9, 0.811}, std::tuple{"B200-SXM", 900e9, 0.753}}) {
    const Network network{8, {bandwidth, 0, fraction, {}, {}}, {}};
    for (const std::int64_t members : {4, 5, 6, 7, 8}) {
      CHECK(errors(rows_of(device, members, "Ring (NVLS off)"), {members, members}, network, 0).back() < 0.02);
    }
  }
}

TEST_CASE("The algorithm bandwidth of NVLink's switches is one for 5 to 8 members") {
  Network network{8, {450e9, 0, 0.811, {}, {{1e9, 0.6}}}, {}};
  for (const std::int64_t members : {5, 6, 7, 8}) {
    CHECK(errors(rows_of("H200-SXM", members, "NVLS"), {members, members}, network, 0).back() < 0.05);
  }
  network.node = {900e9, 0, 0.753, {}, {{1e9, 0.53}}};
  for (const std::int64_t members : {6, 7, 8}) {
    CHECK(errors(rows_of("B200-SXM", members, "NVLS"), {members, members}, network, 0).back() < 0.03);
  }
}

TEST_CASE("Large all-reduces over 4 nodes take the time of 8 ports each") {
  // 8 ports of 400 Gb/s and 8 of 100 Gb/s (not stated: so taken), 95% of them reached.
  Network network{8, {900e9, 3.4e-6, 0.75, {}, {}}, {50e9, 75e-6, 0.95, {}, {}}};
  CHECK(errors(rows_of("B200-SXM", 32), {32, 8}, network, 1 << 29).back() < 0.06);
  network.cluster = {12.5e9, 10e-6, 0.95, {}, {}};
  const auto found = errors(rows_of("unstated (4 nodes x 8)", 32), {32, 8}, network, 1 << 26);
  CHECK(found[found.size() / 2] < 0.03);
  CHECK(found.back() < 0.05);
}

}  // namespace mobasim::tests::collectives_reference_test
