#include "sim/base/units.h"

#include <type_traits>

#include "sim/base/units_text.h"
#include "tests/catch.h"

namespace mobasim::tests::units_test {
static_assert(std::is_same_v<decltype(Flops(1) / FlopRate(1)), Seconds>);
static_assert(std::is_same_v<decltype(ByteRate(1) * Seconds(1)), Bytes>);
static_assert(std::is_same_v<decltype(DollarRate(1) * Seconds(1)), Dollars>);
static_assert(std::is_same_v<decltype(Flops(1) / Flops(1)), double>);
static_assert(sizeof(Flops) == sizeof(double));

TEST_CASE("quantities compute in base units") {
  CHECK((Flops(6) / FlopRate(2)).value() == 3);
  CHECK(kDay / kHour == 24);
  CHECK(kPetaflopDay / (FlopRate(1e15) * kDay) == 1);
  CHECK(Seconds(1) + Seconds(2) > Seconds(2.5));
}

namespace {
double value_of(std::string_view text, Dimension dimension) {
  const ParsedQuantity parsed = parsed_quantity(text, dimension);
  INFO(parsed.problem);
  REQUIRE(parsed.value.has_value());
  return *parsed.value;
}
}  // namespace

TEST_CASE("quantities are read with their unit") {
  CHECK(value_of("989 TFLOP/s", {1, 0, -1, 0}) == 989e12);
  CHECK(value_of("3.35 TB/s", {0, 1, -1, 0}) == 3.35e12);
  CHECK(value_of("80 GB", {0, 1, 0, 0}) == 80e9);
  CHECK(value_of("80 GiB", {0, 1, 0, 0}) == 80 * 1073741824.0);
  CHECK(value_of("2.50 $/h", {0, 0, -1, 1}) == 2.5 / 3600);
  CHECK(value_of("5EB", {0, 1, 0, 0}) == 5e18);
  CHECK(value_of("1e3 s", {0, 0, 1, 0}) == 1000);
  CHECK(value_of("2 d", {0, 0, 1, 0}) == 172800);
}

TEST_CASE("a quantity of another dimension or without a unit is refused with an example") {
  const auto problem = [](std::string_view text, Dimension dimension) {
    const ParsedQuantity parsed = parsed_quantity(text, dimension);
    REQUIRE_FALSE(parsed.value.has_value());
    return parsed.problem;
  };
  CHECK(problem("80 GB/s", {0, 1, 0, 0}).find("measures something else") != std::string::npos);
  CHECK(problem("80 GB/s", {0, 1, 0, 0}).find("'80 GB'") != std::string::npos);
  CHECK(problem("80", {0, 1, 0, 0}).find("the unit is missing") != std::string::npos);
  CHECK(problem("GB", {0, 1, 0, 0}).find("no finite number") != std::string::npos);
  CHECK(problem("nan GB", {0, 1, 0, 0}).find("no finite number") != std::string::npos);
  CHECK(problem("80 GiFLOP", {1, 0, 0, 0}).find("no known unit") != std::string::npos);
  CHECK(problem("2.5 EUR/h", {0, 0, -1, 1}).find("no known unit") != std::string::npos);
}

}  // namespace mobasim::tests::units_test
