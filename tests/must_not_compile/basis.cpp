// As units.cpp: lines that begin with //! must not compile.
#include "sim/base/basis.h"

namespace mobasim {

inline void wrong_with_basis(Basis basis) {
  static_assert(worst(Basis::measured, Basis::assumed) == Basis::assumed);

  //! basis = 3;
  //! const int rank = basis;
  //! basis = basis + basis;
  //! worst(basis, 0);

  static_cast<void>(basis);
}

}  // namespace mobasim
