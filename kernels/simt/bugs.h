// Planted bugs: places in the kernels where the mutation suite makes the executor go wrong, at run time and one at a
// time, to prove that verification sees it. On a GPU planted() is false at compile time and nothing is left of them.
// What can be planted without touching the kernels (a barrier, a wait or a commit left out, a copy not predicated, an
// atomic that is none) is done by the executor at a named place of the source (simt/mutation.h).
#pragma once

namespace mobasim::kernels::simt {

enum class Bug {
  none,
};

}  // namespace mobasim::kernels::simt
