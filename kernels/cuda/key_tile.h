// Which keys a block of threads of the backward kernel works on: a table made on the host and uploaded.
#pragma once

#include <vector>

#include "kernels/cuda/shape.h"
#include "kernels/cuda/tables.h"

namespace mobasim::kernels::cuda {

// All tiles. Tiles end where blocks end if the sequence routes or top_k = 1, else with the sequence. They are ordered
// by turn, and in a turn those with the most rows come first: blocks of threads are started in order, and a heavy one
// that comes last would be waited for alone.
[[nodiscard]] std::vector<KeyTile> key_tiles(const Shape& shape);

// Turn i is the tiles out[i] .. out[i + 1] - 1, launched after the turn before has ended. There is one turn, unless the
// shape asks for the same bits every time: then no row has keys in two tiles of a turn, so that the sums of dQ are made
// in the order of the turns and no atomic add meets another. The price: the tiles of a sequence, which share rows, take
// turns, and only sequences and key heads run side by side (with top_k = 1 the blocks of a sequence, too).
[[nodiscard]] std::vector<int> key_turns(const Shape& shape);

}  // namespace mobasim::kernels::cuda
