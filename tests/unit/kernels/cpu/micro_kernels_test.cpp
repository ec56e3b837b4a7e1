// What the inner loops of the CPU kernels owe each other where no whole pass shows it.
#include "kernels/cpu/micro_kernels.h"

#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "tests/catch.h"

namespace mobasim::tests::micro_kernels_test {
using namespace kernels;
using namespace kernels::cpu;

TEST_CASE("rows are written as their format keeps them, and nothing beyond") {
  constexpr std::size_t kMost = 2 * kColumnMultiple;
  std::vector<float> from(kMost);
  for (std::size_t i = 0; i < kMost; ++i) from[i] = std::ldexp(static_cast<float>(2 * i + 1), i % 2 == 0 ? -9 : 9);
  from[0] = std::numeric_limits<float>::infinity();
  from[1] = std::numeric_limits<float>::quiet_NaN();
  from[2] = std::bit_cast<float>(0x3f808000u);  // a tie, to even below; the next above
  from[3] = std::bit_cast<float>(0x3f818000u);
  for (const MicroKernels* micro : micro_kernels()) {
    for (std::size_t count = 1; count <= kMost; ++count) {
      std::vector<float> wide(kMost + 1, 7.0f);
      std::vector<Bf16> narrow(kMost + 1, Bf16{7});
      micro->write_f32(from.data(), static_cast<std::int64_t>(count), -1.0f, wide.data());
      micro->write_bf16(from.data(), static_cast<std::int64_t>(count), 1.0f, narrow.data());
      INFO(micro->name << " " << count);
      for (std::size_t i = 0; i <= kMost; ++i) {
        const bool same = i != 1 || i >= count;
        CHECK((same ? wide[i] == (i < count ? -from[i] : 7.0f) : std::isnan(wide[i])));
        CHECK((same ? narrow[i].bits == (i < count ? narrowed(from[i]).bits : 7) : std::isnan(widened(narrow[i]))));
      }
    }
  }
}

TEST_CASE("one value that is not finite is found wherever it stands, in both formats") {
  for (const MicroKernels* micro : micro_kernels()) {
    for (const std::size_t count : {16u, 48u, 80u}) {
      std::vector<float> values(count, 3e38f);
      std::vector<Bf16> pairs(2 * count, narrowed(-3e38f));
      const auto units = [&] { return reinterpret_cast<const float*>(pairs.data()); };
      const auto length = static_cast<std::int64_t>(count);
      CHECK(micro->f32.finite(values.data(), length));
      CHECK(micro->bf16.finite(units(), length));
      for (std::size_t i = 0; i < 2 * count; ++i) {
        INFO(micro->name << " " << i << " of " << count);
        const float odd =
            i % 3 == 0 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
        const Bf16 kept = std::exchange(pairs[i], narrowed(odd));
        CHECK_FALSE(micro->bf16.finite(units(), length));
        pairs[i] = kept;
        if (i >= count) continue;
        const float value = std::exchange(values[i], odd);
        CHECK_FALSE(micro->f32.finite(values.data(), length));
        values[i] = value;
      }
    }
  }
}

}  // namespace mobasim::tests::micro_kernels_test
