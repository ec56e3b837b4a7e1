// Lines that begin with //! must not compile. tests/tree/must_not_compile_test.cpp takes the //! off one line at a time
// and holds the compiler to an error at that very line; as it stands the file compiles, so that an error there is the
// line's own.
#include "sim/base/units.h"

namespace mobasim {

inline void wrong_with_units(Flops flops, Bytes bytes, Seconds time, FlopRate rate, ByteRate bandwidth, Dollars money) {
  const Seconds compute = flops / rate;
  const Seconds transfer = bytes / bandwidth;
  const double ratio = compute / transfer;
  const Dollars price = money / kHour * time;

  //! const auto sum = flops + bytes;
  //! const auto difference = time - money;
  //! const Seconds seconds = bytes;
  //! const Seconds from_number = 3.0;
  //! const Flops implicit = 1e18;
  //! const double plain = flops;
  //! const Flops squared = rate * rate;
  //! const Seconds inverted = rate / flops;
  //! const Bytes swapped = bytes * bandwidth;
  //! const bool less = flops < bytes;
  //! const bool same = time == 3.0;
  //! const auto added_number = time + 1.0;
  //! const Dollars unpaid = time * rate;
  //! flops += bytes;
  //! flops *= bytes;
  //! flops = 0;

  static_cast<void>(ratio);
  static_cast<void>(price);
}

}  // namespace mobasim
