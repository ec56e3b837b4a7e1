// The probes, for nvcc and for the executor.
#include <cstring>
#include <string>

#include "kernels/cuda/launch.h"
#include "kernels/simt/simt.h"
#include "kernels/verify/conformance/probes.h"

namespace mobasim::kernels::conformance {
namespace MOBASIM_TARGET {
namespace {

using namespace simt;
using Words = Rows<std::uint32_t>;
using ConstWords = Rows<const std::uint32_t>;

MOBASIM_DEVICE ConstWords input_of(const ProbeParameters& p) { return line_of(p.in, "in", p.in_words); }
MOBASIM_DEVICE Words output_of(const ProbeParameters& p) { return line_of(p.out, "out", p.out_words); }
MOBASIM_DEVICE std::uint32_t word(int value) { return static_cast<std::uint32_t>(value); }
MOBASIM_DEVICE SharedAddress word_address(int index) { return shared_base() + 4 * word(index); }

// --- Threads

MOBASIM_KERNEL(kThreads, 1) place(ProbeParameters p) {
  const Words out = output_of(p);
  const Index3 block = block_index();
  const int values[7] = {thread_index(), lane_index(), warp_index(), block_threads(), block.x, block.y, block.z};
  const int at = ((block.z * kBlocksY + block.y) * kBlocksX + block.x) * kThreads + thread_index();
  for (int i = 0; i < 7; ++i) store(out, 0, at * 7 + i, word(values[i]));
}

MOBASIM_KERNEL(kThreads, 1) block_barrier(ProbeParameters p) {
  const Words out = output_of(p);
  const int thread = thread_index();
  for (int round = 0; round < 4; ++round) {
    store_shared(word_address(thread), word(1000 * round + thread));
    sync_block();
    store(out, 0, round * kThreads + thread, load_shared<std::uint32_t>(word_address((thread + 37) % kThreads)));
    sync_block();
  }
}

MOBASIM_KERNEL(kThreads, 1) warp_barrier(ProbeParameters p) {
  const Words out = output_of(p);
  const int lane = lane_index(), first = warp_index() * kWarp;
  for (int round = 0; round < 4; ++round) {
    store_shared(word_address(first + lane), word(1000 * round + lane));
    sync_warp();
    const std::uint32_t got = load_shared<std::uint32_t>(word_address(first + (lane + 5) % kWarp));
    store(out, 0, round * kThreads + first + lane, got);
    sync_warp();
  }
}

MOBASIM_KERNEL(kThreads, 1) exchange_by_shuffle(ProbeParameters p) {
  const Words out = output_of(p);
  const std::uint32_t mine = load(input_of(p), 0, thread_index());
  for (int lane = 0; lane < kWarp; ++lane) store(out, 0, lane * kThreads + thread_index(), shuffle(mine, lane));
  const float got = shuffle(float_of(mine), (lane_index() * 7 + 3) % kWarp);
  store(out, 0, kWarp * kThreads + thread_index(), bits_of(got));
}

MOBASIM_KERNEL(kThreads, 1) exchange_by_shuffle_xor(ProbeParameters p) {
  const Words out = output_of(p);
  const std::uint32_t mine = load(input_of(p), 0, thread_index());
  for (int mask = 0; mask < kWarp; ++mask) store(out, 0, mask * kThreads + thread_index(), shuffle_xor(mine, mask));
}

MOBASIM_KERNEL(kThreads, 1) vote_by_ballot(ProbeParameters p) {
  const std::uint32_t mine = load(input_of(p), 0, thread_index());
  for (int bit = 0; bit < 32; ++bit) {
    store(output_of(p), 0, bit * kThreads + thread_index(), ballot(((mine >> bit) & 1) != 0));
  }
}

MOBASIM_KERNEL(kThreads, 1) equal_lanes(ProbeParameters p) {
  store(output_of(p), 0, thread_index(), match_any(load(input_of(p), 0, thread_index())));
}

MOBASIM_KERNEL(kThreads, 1) bit_counts(ProbeParameters p) {
  const Words out = output_of(p);
  const std::uint32_t bits = load(input_of(p), 0, thread_index());
  store(out, 0, 3 * thread_index(), word(population(bits)));
  store(out, 0, 3 * thread_index() + 1, word(lowest_bit(bits)));
  store(out, 0, 3 * thread_index() + 2, lanes_below());
}

// --- Global memory: tensors of 8 rows of 8 words, 12 words apart; and the same bytes as 16-bit numbers.

MOBASIM_KERNEL(kThreads, 1) load_global(ProbeParameters p) {
  const Words out = output_of(p);
  const ConstWords words = rows_of(p.in, "in", 8, 8, 12);
  const Rows<const Bf16> halves = rows_of(reinterpret_cast<const Bf16*>(p.in), "in", 8, 16, 24);
  const int row = thread_index() / 8, column = thread_index() % 8, at = thread_index() * 10;
  const Word4 four = load_as<Word4>(words, row, column / 4 * 4);
  const Word2 two = load_as<Word2>(words, row, column / 2 * 2);
  const std::uint32_t values[10] = {load(words, row, column),
                                    four.x,
                                    four.y,
                                    four.z,
                                    four.w,
                                    two.x,
                                    two.y,
                                    load(halves, row, column).bits,
                                    load_as<Bf16>(halves, row, column + 8).bits,
                                    load_as<std::uint32_t>(halves, row, 2 * column)};
  for (int i = 0; i < 10; ++i) store(out, 0, at + i, values[i]);
}

MOBASIM_KERNEL(kThreads, 1) store_global(ProbeParameters p) {
  const int thread = thread_index();
  const std::uint32_t mine = load(input_of(p), 0, thread);
  if (thread < 16) {  // rows 0 to 7, 8 and so on: one width after another
    store(rows_of(p.out, "out", 8, 8, 12), thread / 2, thread % 2 * 4, Word4{mine, mine + 1, mine + 2, mine + 3});
  } else if (thread < 32) {
    store(rows_of(p.out + 96, "out", 8, 8, 12), (thread - 16) / 2, thread % 2 * 4 + 2, Word2{mine, mine + 1});
  } else if (thread < 48) {
    store(rows_of(p.out + 192, "out", 8, 8, 12), (thread - 32) / 2, thread % 2 + 5, mine);
  } else {
    const Rows<Fp16> halves = rows_of(reinterpret_cast<Fp16*>(p.out + 288), "out", 8, 16, 24);
    store(halves, (thread - 48) / 2, thread % 2 * 9, Fp16{static_cast<std::uint16_t>(mine)});
  }
}

MOBASIM_KERNEL(kThreads, 1) add_floats(ProbeParameters p) {
  const Rows<float> sums = line_of(reinterpret_cast<float*>(p.out), "out", 4);
  atomic_add(sums, 0, thread_index() % 4, static_cast<float>(thread_index() + 1 + kThreads * block_index().x));
}

MOBASIM_KERNEL(kThreads, 1) add_integers(ProbeParameters p) {
  const Rows<int> sums = line_of(reinterpret_cast<int*>(p.out), "out", 2);
  const Words before = line_of(p.out + 2, "before", p.out_words - 2);
  const int at = block_index().x * kThreads + thread_index();
  store(before, 0, at, word(atomic_add(sums, 0, 0, 1)));
  atomic_add(sums, 0, 1, thread_index() % 2 == 0 ? -3 : 2);
}

// --- Shared memory

MOBASIM_KERNEL(kThreads, 1) shared_widths(ProbeParameters p) {
  const Words out = output_of(p);
  const int thread = thread_index(), other = (thread + 33) % kThreads;
  const std::uint32_t mine = load(input_of(p), 0, thread);
  store_shared(word_address(4 * thread), Word4{mine, mine + 1, mine + 2, mine + 3});
  sync_block();
  const Word2 upper = load_shared<Word2>(word_address(4 * other + 2));
  sync_block();
  store_shared(word_address(4 * thread + 2), Word2{mine + 4, mine + 5});
  sync_block();
  const float single = load_shared<float>(word_address(4 * other + 3));
  sync_block();
  store_shared(word_address(4 * thread + 1), float_of(mine + 6));
  sync_block();
  const Word4 all = load_shared<Word4>(word_address(4 * other));
  const std::uint32_t values[8] = {upper.x, upper.y, bits_of(single), all.x, all.y, all.z, all.w, shared_base() % 128};
  for (int i = 0; i < 8; ++i) store(out, 0, thread * 8 + i, values[i]);
}

MOBASIM_KERNEL(kThreads, 1) add_shared(ProbeParameters p) {
  const int thread = thread_index();
  if (thread < 2) store_shared(word_address(thread), 0u);
  sync_block();
  const int before = atomic_add_shared(word_address(0), 1);
  atomic_add_shared(word_address(1), thread % 2 == 0 ? -3 : 2);
  sync_block();
  store(output_of(p), 0, 2 + thread, word(before));
  if (thread < 2) store(output_of(p), 0, thread, load_shared<std::uint32_t>(word_address(thread)));
}

// in: 64 words that say whether the thread's copy is valid, then 64 x 16 bytes. A copy that is not valid is asked for
// from far outside the view: nothing of it may be read.
MOBASIM_KERNEL(kThreads, 1) copy_16(ProbeParameters p) {
  const int thread = thread_index(), from = thread * 5 % kThreads, other = (thread + 33) % kThreads;
  const ConstWords data = line_of(p.in + kThreads, "data", p.in_words - kThreads);
  const bool valid = load(input_of(p), 0, thread) != 0;
  store_shared(word_address(4 * thread), Word4{~0u, ~0u, ~0u, ~0u});
  cp_async_16(word_address(4 * thread), data, 0, valid ? 4 * from : 1 << 20, valid);
  cp_async_commit();
  cp_async_wait<0>();
  sync_block();
  store(output_of(p), 0, 4 * thread, load_shared<Word4>(word_address(4 * other)));
}

// Three groups of one, two and one copies; each wait lets one more arrive.
MOBASIM_KERNEL(kThreads, 1) copy_groups(ProbeParameters p) {
  const ConstWords data = input_of(p);
  const Words out = output_of(p);
  const int at = 4 * thread_index();
  const auto copy = [&](int part) { cp_async_16(word_address(256 * part + at), data, 0, 256 * part + at, true); };
  const auto put = [&](int part) { store(out, 0, 256 * part + at, load_shared<Word4>(word_address(256 * part + at))); };
  copy(0);
  cp_async_commit();
  copy(1);
  copy(2);
  cp_async_commit();
  copy(3);
  cp_async_commit();
  cp_async_wait<2>();
  put(0);
  cp_async_wait<1>();
  put(1);
  put(2);
  cp_async_wait<0>();
  put(3);
}

// --- Matrices

// Row s of 32 rows of 16 bytes stands at byte 48 s; lane l names row (13 l + 5) mod 32.
template <bool transposed>
MOBASIM_KERNEL(kThreads, 1)
load_matrices(ProbeParameters p) {
  const Words out = output_of(p);
  const int lane = lane_index();
  if (warp_index() == 0) {
    store_shared(word_address(12 * lane), load_as<Word4>(input_of(p), 0, 4 * lane));
  }
  sync_block();
  std::uint32_t got[4];
  const SharedAddress row = word_address(12 * ((13 * lane + 5) % kWarp));
  if constexpr (transposed) {
    ldmatrix_transposed(got, row);
  } else {
    ldmatrix(got, row);
  }
  for (int i = 0; i < 4; ++i) store(out, 0, 4 * thread_index() + i, got[i]);
}

// in: for each problem and lane the registers a[4], b[2], d[4]; out: d[4].
template <class Element>
MOBASIM_KERNEL(kThreads, 1)
multiply(ProbeParameters p) {
  const ConstWords in = input_of(p);
  const int at = block_index().x * kThreads + thread_index();
  std::uint32_t a[4];
  float d[4];
  for (int i = 0; i < 4; ++i) a[i] = load(in, 0, 10 * at + i);
  for (int i = 0; i < 4; ++i) d[i] = float_of(load(in, 0, 10 * at + 6 + i));
  mma<Element>(d, a, load(in, 0, 10 * at + 4), load(in, 0, 10 * at + 5));
  for (int i = 0; i < 4; ++i) store(output_of(p), 0, 4 * at + i, bits_of(d[i]));
}

// --- Numbers: thread t takes the problems t, t + 64, ...

template <class Element>
MOBASIM_KERNEL(kThreads, 1)
pack_pairs(ProbeParameters p) {
  const ConstWords in = input_of(p);
  for (int i = thread_index(); i < p.out_words; i += kThreads) {
    store(output_of(p), 0, i, pack<Element>(float_of(load(in, 0, 2 * i)), float_of(load(in, 0, 2 * i + 1))));
  }
}

template <class Element>
MOBASIM_KERNEL(kThreads, 1)
unpack_pairs(ProbeParameters p) {
  for (int i = thread_index(); i < p.in_words; i += kThreads) {
    float low, high;
    unpack<Element>(load(input_of(p), 0, i), low, high);
    store(output_of(p), 0, 2 * i, bits_of(low));
    store(output_of(p), 0, 2 * i + 1, bits_of(high));
  }
}

struct Exp2 {
  MOBASIM_DEVICE float operator()(float x) const { return fast_exp2(x); }
};
struct Log2 {
  MOBASIM_DEVICE float operator()(float x) const { return fast_log2(x); }
};
struct Reciprocal {
  MOBASIM_DEVICE float operator()(float x) const { return fast_reciprocal(x); }
};
struct Identity {
  MOBASIM_DEVICE float operator()(float x) const { return x; }
};
template <class Function>
MOBASIM_KERNEL(kThreads, 1)
map(ProbeParameters p) {
  for (int i = thread_index(); i < p.out_words; i += kThreads) {
    store(output_of(p), 0, i, bits_of(Function{}(float_of(load(input_of(p), 0, i)))));
  }
}

MOBASIM_KERNEL(kThreads, 1) multiply_add(ProbeParameters p) {
  const ConstWords in = input_of(p);
  for (int i = thread_index(); i < p.out_words; i += kThreads) {
    const float a = float_of(load(in, 0, 3 * i)), b = float_of(load(in, 0, 3 * i + 1));
    store(output_of(p), 0, i, bits_of(fused(a, b, float_of(load(in, 0, 3 * i + 2)))));
  }
}

MOBASIM_KERNEL(kThreads, 1) greater_of_two(ProbeParameters p) {
  const ConstWords in = input_of(p);
  for (int i = thread_index(); i < p.out_words - 1; i += kThreads) {
    store(output_of(p), 0, i, bits_of(greater(float_of(load(in, 0, 2 * i)), float_of(load(in, 0, 2 * i + 1)))));
  }
  if (thread_index() == 0) store(output_of(p), 0, p.out_words - 1, bits_of(infinity()));
}

struct Probe {
  const char* name;
  void (*kernel)(ProbeParameters);
  cuda::Grid grid = {};
};

// By the names of expectations.
const Probe kProbes[] = {
    {"thread, lane, warp and block index", place, {kBlocksX, kBlocksY, kBlocksZ}},
    {"sync_block", block_barrier},
    {"sync_warp", warp_barrier},
    {"shuffle", exchange_by_shuffle},
    {"shuffle_xor", exchange_by_shuffle_xor},
    {"ballot", vote_by_ballot},
    {"match_any", equal_lanes},
    {"population, lowest_bit, lanes_below", bit_counts},
    {"load, load_as", load_global},
    {"store", store_global},
    {"atomic_add f32", add_floats, {kAtomicBlocks}},
    {"atomic_add int", add_integers, {kAtomicBlocks}},
    {"load_shared, store_shared", shared_widths},
    {"atomic_add_shared", add_shared},
    {"cp_async_16", copy_16},
    {"cp_async_commit, cp_async_wait", copy_groups},
    {"ldmatrix", load_matrices<false>},
    {"ldmatrix_transposed", load_matrices<true>},
    {"mma bf16", multiply<Bf16>, {kMatrixProblems / 2}},
    {"mma fp16", multiply<Fp16>, {kMatrixProblems / 2}},
    {"pack bf16", pack_pairs<Bf16>},
    {"pack fp16", pack_pairs<Fp16>},
    {"unpack bf16", unpack_pairs<Bf16>},
    {"unpack fp16", unpack_pairs<Fp16>},
    {"fast_exp2", map<Exp2>},
    {"fast_log2", map<Log2>},
    {"fast_reciprocal", map<Reciprocal>},
    {"bits_of, float_of", map<Identity>},
    {"fused", multiply_add},
    {"greater, infinity", greater_of_two},
};

}  // namespace

void launch_probe(const char* name, const ProbeParameters& parameters, cuda::Stream stream) {
  for (const Probe& probe : kProbes) {
    if (std::strcmp(probe.name, name) != 0) continue;
    cuda::launch(probe.kernel, probe.name, {probe.grid, kThreads, kSharedBytes}, parameters, stream, __FILE__,
                 __LINE__);
    return;
  }
  throw cuda::CudaError(std::string("no conformance kernel is named ") + name);
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::conformance
