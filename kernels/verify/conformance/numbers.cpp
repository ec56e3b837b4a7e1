// Conversions, approximate functions, and the fused multiply-add.
#include "kernels/verify/conformance/numbers.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/verify/conformance/expectations.h"

namespace mobasim::kernels::conformance {

double value_of(std::uint32_t bits, const NumberFormat& format) {
  const auto ones = static_cast<std::uint32_t>(format.greatest_exponent - format.least_exponent + 2);
  const std::uint32_t mantissa = bits & ((1u << format.mantissa_bits) - 1);
  const std::uint32_t exponent = (bits & 0x7fff) >> format.mantissa_bits;
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  if (exponent == ones) return mantissa ? std::numeric_limits<double>::quiet_NaN() : sign * INFINITY;
  const double whole = mantissa + (exponent > 0 ? 1u << format.mantissa_bits : 0u);
  const int power = format.least_exponent + (exponent > 0 ? static_cast<int>(exponent) - 1 : 0);
  return sign * std::ldexp(whole, power - format.mantissa_bits);
}

std::uint32_t nearest(double x, const NumberFormat& format) {
  const std::uint32_t sign = std::signbit(x) ? 0x8000 : 0;
  const auto infinity = static_cast<std::uint32_t>(format.greatest_exponent - format.least_exponent + 2)
                        << format.mantissa_bits;
  if (std::isinf(x)) return sign | infinity;
  const int power = x == 0 ? format.least_exponent : std::max(std::ilogb(x), format.least_exponent);
  // Whole steps of the last mantissa bit; nearbyint rounds ties to even. As an integer, exponent and mantissa carry
  // over into each other, up to infinity.
  const double steps = std::nearbyint(std::ldexp(std::fabs(x), format.mantissa_bits - power));
  const double bits = steps + std::ldexp(power - format.least_exponent, format.mantissa_bits);
  return sign | static_cast<std::uint32_t>(std::min(bits, static_cast<double>(infinity)));
}

bool is_nan(std::uint32_t bits, const NumberFormat& format) { return std::isnan(value_of(bits, format)); }

namespace {

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLeastNormal = std::numeric_limits<float>::min();

// Every 16-bit number, the number halfway to its successor, and the f32 neighbours of that; and any f32.
std::vector<float> numbers_to_round(const NumberFormat& format) {
  std::vector<float> numbers = {kNan, -kNan, kInfinity, -kInfinity, 0, -0.0f, 0x1p-149f, 3.4028235e38f, -3.4028235e38f};
  for (std::uint32_t bits = 0; bits < 0x10000; bits += 7) {
    const double low = value_of(bits, format), high = value_of(bits + 1, format);
    if (!std::isfinite(low)) continue;
    const auto halfway = static_cast<float>(std::isfinite(high) ? (low + high) / 2 : low * (1 + 0x1p-12));
    for (const float x :
         {static_cast<float>(low), std::nextafter(halfway, -kInfinity), halfway, std::nextafter(halfway, kInfinity)}) {
      numbers.push_back(x);
    }
  }
  for (const float x : {65504.0f, 65519.996f, 65520.0f, -65520.0f, 0x1p-25f, 0x1.000002p-25f, 0x1.8p-24f}) {
    numbers.push_back(x);
  }
  for (const std::uint32_t word : random_words(1000, 20)) numbers.push_back(float_of(word));
  return numbers;
}

Expectation packs(const char* name, NumberFormat format) {
  const std::vector<float> numbers = numbers_to_round(format);
  const std::size_t count = numbers.size();
  WordList input;  // the low number, and as the high one another of the list
  for (std::size_t i = 0; i < count; ++i) {
    input.push_back(bits_of(numbers[i]));
    input.push_back(bits_of(numbers[(i * 17 + 5) % count]));
  }
  const auto wrong = [input, format](const WordList& out) -> std::string {
    for (std::size_t i = 0; i < input.size(); ++i) {
      const float x = float_of(input[i]);
      const std::uint32_t got = out[i / 2] >> (16 * (i % 2)) & 0xffff;
      if (std::isnan(x) ? is_nan(got, format) : got == nearest(x, format)) continue;
      return fmt::format("{} (as the {} number) became {:#06x}, expected {}", x, i % 2 ? "high" : "low", got,
                         std::isnan(x) ? "a NaN" : fmt::format("{:#06x}", nearest(x, format)));
    }
    return "";
  };
  return {name, input, WordList(count, 0x12345678), wrong};
}

// All of them.
Expectation unpacks(const char* name, NumberFormat format) {
  WordList input(0x10000);
  for (std::uint32_t i = 0; i < 0x10000; ++i) input[i] = i | (i * 0x9e35 & 0xffff) << 16;
  const auto wrong = [input, format](const WordList& out) -> std::string {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint32_t bits = input[i / 2] >> (16 * (i % 2)) & 0xffff;
      const float got = float_of(out[i]);
      const double expected = value_of(bits, format);
      const bool same =
          std::isnan(expected) ? std::isnan(got) : got == expected && std::signbit(got) == std::signbit(expected);
      if (!same) return fmt::format("{:#06x} became {}, expected {}", bits, got, expected);
    }
    return "";
  };
  return {name, input, WordList(2 * input.size(), bits_of(7.5f)), wrong};
}

// A function of f32 that takes subnormal numbers as zeros of their sign and gives zeros for them.
using Exact = double (*)(double);
using Bound = double (*)(double x, double exact);

Expectation approximates(const char* name, const std::vector<float>& numbers, Exact exact, Bound bound) {
  WordList input;
  for (const float x : numbers) input.push_back(bits_of(x));
  const auto wrong = [numbers, exact, bound](const WordList& out) -> std::string {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const float x = numbers[i], got = float_of(out[i]);
      const double taken = std::fabs(x) < kLeastNormal ? std::copysign(0.0, x) : static_cast<double>(x);
      double expected = exact(taken);
      if (std::fabs(expected) > std::numeric_limits<float>::max()) expected = std::copysign(INFINITY, expected);
      if (std::isnan(expected) ? std::isnan(got) : got == expected) continue;
      const bool vanishes = std::fabs(expected) < kLeastNormal && got == 0;
      const bool close = std::isfinite(got) && std::isfinite(expected) &&
                         (got == 0 || std::fabs(got) >= kLeastNormal) &&
                         std::fabs(got - expected) <= bound(taken, expected);
      if (!vanishes && !close) return fmt::format("of {:.9g}: {:.9g}, expected {:.9g}", x, got, expected);
    }
    return "";
  };
  return {name, input, WordList(numbers.size(), bits_of(-12345.0f)), wrong};
}

std::vector<float> numbers_between(float first, float last, int count) {
  std::vector<float> numbers;
  for (int i = 0; i <= count; ++i) {
    numbers.push_back(first + (last - first) * static_cast<float>(i) / static_cast<float>(count));
  }
  return numbers;
}

// Positive and of every magnitude, then the special ones.
std::vector<float> magnitudes(bool negative_too) {
  std::vector<float> numbers = {kNan, kInfinity, 0, -0.0f, 0x1p-130f, 0x1p-149f, -0x1p-130f, kLeastNormal, 0x1p127f, 1};
  if (negative_too) numbers.push_back(-kInfinity);
  for (const std::uint32_t word : random_words(4000, 21)) {
    const float x = float_of(negative_too ? word : word & 0x7fffffff);
    if (std::isfinite(x)) numbers.push_back(x);
  }
  return numbers;
}

// The bounds of 9.7.3: 2^x and 1 / x within two units and one of the last place of the exact result, the logarithm
// within 2^-22, absolute between 1/2 and 2 and relative elsewhere.
Expectation exp2s() {
  std::vector<float> numbers = numbers_between(-151, 129, 5000);
  for (const float x : {kNan, kInfinity, -kInfinity, 0.0f, -0.0f, 0x1p-140f, -0x1p-140f, 1e30f, -1e30f}) {
    numbers.push_back(x);
  }
  return approximates(
      "fast_exp2", numbers, [](double x) { return std::exp2(x); },
      [](double, double exact) { return std::ldexp(2.0, std::ilogb(exact) - 23); });
}

Expectation log2s() {
  std::vector<float> numbers = magnitudes(false);
  for (const float x : numbers_between(0.5f, 2, 2000)) numbers.push_back(x);
  numbers.push_back(-1);
  return approximates(
      "fast_log2", numbers, [](double x) { return std::log2(x); },
      [](double x, double exact) { return 0x1p-22 * (x > 0.5 && x < 2 ? 1.0 : std::fabs(exact)); });
}

Expectation reciprocals() {
  return approximates(
      "fast_reciprocal", magnitudes(true), [](double x) { return 1 / x; },
      [](double, double exact) { return std::ldexp(1.0, std::ilogb(exact) - 23); });
}

Expectation bit_casts() {
  WordList words = random_words(256, 22);
  for (std::uint32_t& word : words) {
    if (std::isnan(float_of(word))) word = 0x7f800000;
  }
  return exactly("bits_of, float_of", words, words);
}

// a b + c with a product that f32 does not hold: 1 - 2^-46, which a product rounded by itself makes 0; and subnormals.
Expectation fused_products() {
  std::vector<float> numbers = {1 + 0x1p-23f, 1 - 0x1p-23f, -1, 0x1p-100f, 0x1p-40f, 0x1p-149f, kInfinity, 1, 1};
  for (const std::uint32_t word : random_words(3 * 500, 23)) {
    numbers.push_back(
        std::ldexp(1 + static_cast<float>(word & 0xffffff) * 0x1p-24f, static_cast<int>(word >> 24) % 40));
  }
  WordList input, expected;
  for (const float x : numbers) input.push_back(bits_of(x));
  for (std::size_t i = 0; i < numbers.size(); i += 3) {
    expected.push_back(bits_of(std::fma(numbers[i], numbers[i + 1], numbers[i + 2])));
  }
  return exactly("fused", std::move(input), std::move(expected));
}

Expectation greater_numbers() {
  const std::vector<float> numbers = {1, 2,    2,  1,  -1,   -2,   -kInfinity, 5,          kInfinity,
                                      5, kNan, -3, -3, kNan, kNan, kInfinity,  -kInfinity, kNan};
  WordList input, expected;
  for (const float x : numbers) input.push_back(bits_of(x));
  for (const float x : {2.0f, 2.0f, -1.0f, 5.0f, kInfinity, -3.0f, -3.0f, kInfinity, -kInfinity}) {
    expected.push_back(bits_of(x));
  }
  expected.push_back(0x7f800000);  // infinity()
  return exactly("greater, infinity", std::move(input), std::move(expected));
}

}  // namespace

std::vector<Expectation> number_expectations() {
  return {packs("pack bf16", kBf16),
          packs("pack fp16", kFp16),
          unpacks("unpack bf16", kBf16),
          unpacks("unpack fp16", kFp16),
          exp2s(),
          log2s(),
          reciprocals(),
          bit_casts(),
          fused_products(),
          greater_numbers()};
}

}  // namespace mobasim::kernels::conformance
