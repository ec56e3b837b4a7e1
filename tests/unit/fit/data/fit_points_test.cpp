#include "fit/data/fit_points.h"

#include <cmath>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::fit_points_test {
namespace {

const PointRule kAll{PointRule::Kind::all, 0};
const PointRule kTail{PointRule::Kind::tail, 0.05};

RunGroup two_runs() { return {{}, {{{"small"}, {{1, 4, 0, 1, 2}, {2, 3, 0, 1, 3}}}, {{"large"}, {{10, 2, 0, 1, 4}}}}}; }

std::string complaint(const RunGroup& a, const RunGroup& b) {
  try {
    (void)paired_data_of(a, b, kTail, "panel=p");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("What is fitted is the logarithms of what was chosen, a cluster a run") {
  const FitData data = fit_data_of(two_runs(), kAll);
  REQUIRE(data.points() == 3);
  CHECK(data.log_x[1] == Inputs{std::log(2.0), 0});
  CHECK(data.log_y[2] == std::log(2.0));
  CHECK(data.cluster_end == std::vector<std::size_t>{2, 3});
  CHECK(data.cluster_names == std::vector<std::string>{"small", "large"});
  CHECK(data.lines == std::vector<std::int64_t>{2, 3, 4});
  CHECK(data.weights.empty());
  CHECK(data.clustered());
  const FitData last = fit_data_of(two_runs(), {PointRule::Kind::last, 0});
  CHECK(last.lines == std::vector<std::int64_t>{3, 4});
  CHECK_FALSE(last.clustered());
}

TEST_CASE("Tokens are the second input, and one weight that differs keeps them all") {
  const RunGroup group{{}, {{{}, {{1, 4, 20, 1, 2}}}, {{}, {{2, 3, 40, 0.5, 3}}}}};
  const FitData data = fit_data_of(group, kAll);
  CHECK(data.log_x[1] == Inputs{std::log(2.0), std::log(40.0)});
  CHECK(data.weights == std::vector<double>{1, 0.5});
  CHECK(data.cluster_names.empty());
  CHECK_FALSE(data.clustered());
}

TEST_CASE("Runs of one cluster value stand together, in the order in which clusters first appear") {
  RunGroup group{{}, {}};
  for (const char* const cluster : {"b", "a", "b", "c", "a"}) {
    const double x = static_cast<double>(group.runs.size() + 1);
    group.runs.push_back({{std::to_string(group.runs.size())}, {{x, 1}, {10 * x, 1}}, cluster});
  }
  group.runs.push_back({{"without points"}, {}, "d"});
  const FitData data = fit_data_of(group, kAll);
  CHECK(data.cluster_names == std::vector<std::string>{"b", "a", "c"});
  CHECK(data.cluster_end == std::vector<std::size_t>{4, 8, 10});
  const std::vector<double> expected = {1, 10, 3, 30, 2, 20, 5, 50, 4, 40};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(data.log_x[i][0] == std::log(expected[i]));
}

TEST_CASE("A subset of all clusters is the whole, and a cluster named twice is there twice") {
  RunGroup group = two_runs();
  group.runs[1].points[0].weight = 3;
  const FitData data = fit_data_of(group, kAll);
  const FitData same = subset(data, {0, 1});
  CHECK(same.log_x == data.log_x);
  CHECK(same.log_y == data.log_y);
  CHECK(same.weights == data.weights);
  CHECK(same.cluster_end == data.cluster_end);
  CHECK(same.cluster_names == data.cluster_names);
  CHECK(same.lines == data.lines);
  const FitData twice = subset(data, {1, 0, 1});
  CHECK(twice.lines == std::vector<std::int64_t>{4, 2, 3, 4});
  CHECK(twice.weights == std::vector<double>{3, 1, 1, 3});
  CHECK(twice.cluster_end == std::vector<std::size_t>{1, 3, 4});
  CHECK(twice.cluster_names == std::vector<std::string>{"large", "small", "large"});
  CHECK(subset(data, {}).points() == 0);
}

TEST_CASE("A pair is one point: the ratio of mean losses between both arms") {
  const RunGroup a{{}, {{{"s"}, {{1, 9}, {96, 2}, {100, 8}}}, {{"t"}, {{7, 3}}}}};
  const RunGroup b{{}, {{{"t"}, {{28, 2}}}, {{"s"}, {{100, 2}}}}};  // the order of runs must not matter
  const FitData data = paired_data_of(a, b, kTail, "p");
  REQUIRE(data.points() == 2);
  CHECK(data.log_y[0] == Approx(std::log(2.0)));
  CHECK(data.log_y[1] == Approx(std::log(1.5)));
  CHECK(data.log_x[1][0] == Approx(std::log(14.0)));
  CHECK(data.cluster_names == std::vector<std::string>{"s", "t"});
  CHECK(data.weights.empty());
  CHECK_FALSE(data.clustered());
  // The other way round it is the other ratio at the same x.
  const FitData inverse = paired_data_of(b, a, kTail, "p");
  CHECK(inverse.log_y[1] == Approx(-data.log_y[0]));
  CHECK(inverse.log_x[1][0] == Approx(data.log_x[0][0]));
}

TEST_CASE("The weight of a pair is at most twice that of its lighter arm") {
  RunGroup a{{}, {{{"s"}, {{1, 2, 0, 1}}}}}, b{{}, {{{"s"}, {{1, 2, 0, 1000}}}}};
  const FitData data = paired_data_of(a, b, kTail, "p");
  CHECK(data.weights.at(0) == Approx(2000.0 / 1001));
  CHECK(paired_data_of(b, a, kTail, "p").weights == data.weights);
}

TEST_CASE("Runs that make no pairs are named") {
  const RunGroup a{{}, {{{"s"}, {{1, 2}}}, {{"t"}, {{1, 2}}}}}, b{{}, {{{"s"}, {{1, 2}}}, {{"u", "1"}, {{1, 2}}}}};
  CHECK(complaint(a, b) ==
        "panel=p: runs without a partner in the other arm: 't' only in the first; 'u, 1' only in the second");
  CHECK(complaint(a, {{}, {}}) == "panel=p: runs without a partner in the other arm: 's', 't' only in the first");
  RunGroup twice = a;
  twice.runs.push_back(a.runs[0]);
  CHECK(complaint(twice, b) == "panel=p: two runs 's' in one arm; pairs need one");
}

}  // namespace mobasim::tests::fit_points_test
