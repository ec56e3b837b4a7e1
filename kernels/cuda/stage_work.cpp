#include "kernels/cuda/stage_work.h"

#include "kernels/work.h"

namespace mobasim::kernels::cuda {
namespace {

constexpr double kElement = 2, kFloat = 4, kInt = 4;

// Sizes of a problem in elements, and its work, as numbers to multiply.
struct Sizes {
  explicit Sizes(const Problem& problem)
      : dim(static_cast<double>(problem.head_dim)),
        rows(static_cast<double>(tokens(problem) * problem.heads)),
        keys(static_cast<double>(tokens(problem) * problem.kv_heads)) {
    const WorkCount work = work_of(problem);
    picks = static_cast<double>(work.picks);
    routed_pairs = picks * static_cast<double>(problem.block);
    own_pairs = static_cast<double>(work.pairs) - routed_pairs;
    gate_pairs = static_cast<double>(work.gate_pairs);
    blocks = static_cast<double>(work.blocks);
    slots = static_cast<double>(slots_of(problem));
  }
  [[nodiscard]] double row_bytes() const { return rows * dim * kElement; }
  [[nodiscard]] double key_bytes() const { return keys * dim * kElement; }

  double dim, rows, keys;  // rows: (token, query head); keys: (token, key head)
  double picks, routed_pairs, own_pairs, gate_pairs, blocks, slots;
};

StageWork stage(Stage which, double useful, double hardware, double bytes) {
  return {which, Flops(useful), Flops(hardware), Bytes(bytes)};
}

// The picks are read twice (counted, then placed) and written once, in order.
StageWork index_work(const Sizes& s) { return stage(Stage::index, 0, 0, 2 * s.rows * s.slots * kInt + s.picks * kInt); }

}  // namespace

std::vector<StageWork> forward_work(const Problem& problem) {
  const Sizes s(problem);
  std::vector<StageWork> out;
  const double partials = s.picks * (s.dim * kElement + kFloat);  // written by routed, read by own
  if (s.picks > 0) {
    const double means = s.blocks * s.dim * kElement;
    const double gate = 2 * s.dim * s.gate_pairs, routed = 4 * s.dim * s.routed_pairs;
    out.push_back(stage(Stage::pool, 0, 0, s.key_bytes() + means));
    out.push_back(stage(Stage::gate, gate, gate, s.row_bytes() + means + s.rows * s.slots * kInt));
    out.push_back(index_work(s));
    out.push_back(stage(Stage::routed, routed, routed, s.picks * s.dim * kElement + partials + 2 * s.key_bytes()));
  }
  const double own = 4 * s.dim * s.own_pairs;
  out.push_back(stage(Stage::own, own, own, 2 * s.row_bytes() + 2 * s.key_bytes() + s.rows * kFloat + partials));
  return out;
}

std::vector<StageWork> backward_work(const Problem& problem) {
  const Sizes s(problem);
  std::vector<StageWork> out;
  const double sums = s.rows * s.dim * kFloat;  // dq in f32
  out.push_back(stage(Stage::delta, 2 * s.rows * s.dim, 0, 2 * s.row_bytes() + s.rows * kFloat + sums));
  if (s.picks > 0) out.push_back(index_work(s));
  const double pairs = s.own_pairs + s.routed_pairs;
  // q and d_o of each row that a block of keys meets, its dq read and written; k, v, dk, dv once.
  const double gathered = (s.rows + s.picks) * s.dim * (2 * kElement + 2 * kFloat);
  out.push_back(stage(Stage::backward_keys, 8 * s.dim * pairs, 10 * s.dim * pairs, gathered + 4 * s.key_bytes()));
  out.push_back(stage(Stage::convert, 0, 0, sums + s.row_bytes()));
  return out;
}

}  // namespace mobasim::kernels::cuda
