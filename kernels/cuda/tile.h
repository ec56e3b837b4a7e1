// Tiles in shared memory: [rows, kHeadDim] 16-bit elements, row after row without gaps, the 16-byte pieces of a row
// permuted so that nothing that the kernels do has a bank conflict: cp.async of whole rows, ldmatrix plain and
// transposed, 4-byte stores of the fragments of a product.
//
// Piece p (columns 8 p .. 8 p + 7) of row r stands where piece p ^ (r % 8) would: 8 rows at one column, which is what a
// matrix of ldmatrix is, fall into 8 different sixteenths of the 128 bytes that the banks serve at once.
//
// A tile begins at a multiple of 128 bytes. A thread computes its address in the tile's corner once (the *_lane
// functions) and steps from there: columns by XOR, rows by a constant (stepped), so that in an unrolled loop an address
// costs nothing or one instruction.
#pragma once

#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

template <int kHeadDim>
constexpr int kRowBytes = 2 * kHeadDim;

// Bytes of a tile of `rows` rows.
template <int kHeadDim>
MOBASIM_BOTH constexpr int tile_bytes(int rows) {
  return rows * kRowBytes<kHeadDim>;
}

// The address of piece `piece` (8 elements, 16 bytes) of row `row`.
template <int kHeadDim>
MOBASIM_DEVICE simt::SharedAddress piece_address(simt::SharedAddress tile, int row, int piece) {
  return tile + static_cast<simt::SharedAddress>(row * kRowBytes<kHeadDim> + (piece ^ (row % 8)) * 16);
}

// `rows` (a multiple of 8) rows below and `columns` (a multiple of 8) columns right of an address in columns 0..15 of
// its row.
template <int kHeadDim>
MOBASIM_DEVICE simt::SharedAddress stepped(simt::SharedAddress address, int rows, int columns) {
  return (address ^ static_cast<simt::SharedAddress>(columns % 64 * 2)) +
         static_cast<simt::SharedAddress>(columns / 64 * 128 + rows * kRowBytes<kHeadDim>);
}

// What this lane gives to ldmatrix for the [16, 16] corner at (row, column 0); row a multiple of 8. The four matrices
// are: rows 0-7 and 8-15 of columns 0-7, then those of columns 8-15.
//   ldmatrix             operand a of mma [16 rows, k = 16 columns]
//   ldmatrix_transposed  operands b of two mma, k = 16 rows: (out[0], out[1]) for columns 0-7, (out[2], out[3]) for
//   8-15
template <int kHeadDim>
MOBASIM_DEVICE simt::SharedAddress down_lane(simt::SharedAddress tile, int row) {
  const int lane = simt::lane_index();
  return piece_address<kHeadDim>(tile, row + lane % 16, lane / 16);
}

// The same corner with the matrices in the other order: columns 0-7 and 8-15 of rows 0-7, then those of rows 8-15.
//   ldmatrix             operands b of two mma, k = 16 columns: (out[0], out[1]) for rows 0-7, (out[2], out[3]) for
//   8-15 ldmatrix_transposed  operand a of mma [16 columns, k = 16 rows]
template <int kHeadDim>
MOBASIM_DEVICE simt::SharedAddress across_lane(simt::SharedAddress tile, int row) {
  const int lane = simt::lane_index();
  return piece_address<kHeadDim>(tile, row + lane / 16 * 8 + lane % 8, lane / 8 % 2);
}

// Where this lane's pair d[0], d[1] of an mma [16, 8] at (row, column 0) stands, packed to 4 bytes; d[2], d[3] stand 8
// rows below.
template <int kHeadDim>
MOBASIM_DEVICE simt::SharedAddress product_lane(simt::SharedAddress tile, int row) {
  const int lane = simt::lane_index();
  return piece_address<kHeadDim>(tile, row + lane / 4, 0) + static_cast<simt::SharedAddress>(lane % 4 * 4);
}

// A row of a view to copy, or zeros in its place.
struct CopiedRow {
  int row;
  bool valid;
};

// Asks for rows 0 .. kRows - 1 of a tile by cp.async, the kThreads threads of the block together, without commit.
// row_of(r) tells the CopiedRow that row r is, columns 0 .. kHeadDim - 1 of the view; it is called for the rows that
// this thread copies a piece of.
template <int kHeadDim, int kRows, int kThreads, class T, class RowOf>
MOBASIM_DEVICE void copy_rows(simt::SharedAddress tile, const simt::Rows<T>& view, const RowOf& row_of) {
  constexpr int kPieces = kHeadDim / 8;
  constexpr int kStep = kThreads / kPieces;  // rows copied at a time
  static_assert(kStep % 8 == 0 && kRows % kStep == 0);
  const int first = simt::thread_index() / kPieces;
  const int piece = simt::thread_index() % kPieces;
  const simt::SharedAddress to = piece_address<kHeadDim>(tile, first, piece);
#pragma unroll
  for (int r = 0; r < kRows; r += kStep) {
    const CopiedRow from = row_of(first + r);
    simt::cp_async_16(to + static_cast<simt::SharedAddress>(r * kRowBytes<kHeadDim>), view, from.row, piece * 8,
                      from.valid);
  }
}

// The same for rows begin .. begin + kRows - 1 of the view; those at `end` and beyond are zeros.
template <int kHeadDim, int kRows, int kThreads, class T>
MOBASIM_DEVICE void copy_tile(simt::SharedAddress tile, const simt::Rows<T>& view, int begin, int end) {
  copy_rows<kHeadDim, kRows, kThreads>(tile, view, [=](int r) { return CopiedRow{begin + r, begin + r < end}; });
}

// The same where all kRows rows are there.
template <int kHeadDim, int kRows, int kThreads, class T>
MOBASIM_DEVICE void copy_whole_tile(simt::SharedAddress tile, const simt::Rows<T>& view, int begin) {
  copy_rows<kHeadDim, kRows, kThreads>(tile, view, [=](int r) { return CopiedRow{begin + r, true}; });
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
