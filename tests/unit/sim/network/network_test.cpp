// Collectives: the textbook's formulas on plain links, and laws on all of them.
#include "sim/network/network.h"

#include <cmath>
#include <random>
#include <vector>

#include "tests/catch.h"

namespace mobasim::tests::network_test {
namespace {

constexpr CollectiveKind kKinds[] = {CollectiveKind::all_reduce, CollectiveKind::all_gather,
                                     CollectiveKind::reduce_scatter, CollectiveKind::all_to_all, CollectiveKind::send};

Tier plain_tier(double bandwidth, double latency, double plateau = 1) { return {bandwidth, latency, plateau, {}, {}}; }

// Nodes of 8 with links of 300 GB/s, whose speed falls with the size of a step, and ports of 25 GB/s.
Network curved_network() {
  Network network{8, plain_tier(300e9, 0), plain_tier(25e9, 10e-6, 0.95)};
  network.node.curve = {{4096, 0.005}, {65536, 0.04}, {1 << 20, 0.3}, {1 << 24, 0.6}, {1 << 30, 0.78}};
  return network;
}
Network plain_network() { return {8, plain_tier(300e9, 2e-6, 0.8), plain_tier(50e9, 10e-6, 0.9)}; }
Network switched_network() {
  Network network = curved_network();
  network.node.switch_curve = {{1 << 21, 0.08}, {1 << 24, 0.28}, {1 << 30, 0.6}};
  return network;
}

double all_reduce(double bytes, Group group, const Network& network) {
  return collective_time(CollectiveKind::all_reduce, bytes, group, network);
}

}  // namespace

TEST_CASE("A group fills nodes, or shares one, by its size and stride") {
  const auto per_node = [](std::int64_t size, std::int64_t stride, std::int64_t devices_per_node) {
    const Group group = group_of(size, stride, devices_per_node);
    CHECK(group.size == size);
    return group.per_node;
  };
  CHECK(per_node(8, 1, 8) == 8);     // tensor: a node
  CHECK(per_node(4, 1, 8) == 4);     // half of one
  CHECK(per_node(16, 1, 8) == 8);    // two nodes
  CHECK(per_node(16, 4, 8) == 2);    // data beside tensor 4
  CHECK(per_node(2, 4, 8) == 2);     // both in the node
  CHECK(per_node(64, 8, 8) == 1);    // data beside tensor 8: one member a node
  CHECK(per_node(4, 128, 8) == 1);   // pipeline
  CHECK(per_node(6, 1, 4) == 2);     // 4 + 2, then 2 + 4
  CHECK(per_node(3, 1, 8) == 1);     // some lie across nodes as 2 + 1
  CHECK(per_node(5, 3, 8) == 1);     // the stride does not divide a node
  CHECK(per_node(1, 1, 8) == 1);     // a group of one
  CHECK(per_node(72, 1, 72) == 72);  // an NVLink domain
}

TEST_CASE("In a node of plain links collectives take the steps of a ring") {
  const Network network = plain_network();
  for (const double n : {2.0, 4.0, 8.0}) {
    const Group group{static_cast<std::int64_t>(n), static_cast<std::int64_t>(n)};
    const double bytes = 1e8, step = 2e-6 + bytes / n / (0.8 * 300e9);
    CHECK(all_reduce(bytes, group, network) == Approx(2 * (n - 1) * step));
    for (const auto kind : {CollectiveKind::all_gather, CollectiveKind::reduce_scatter, CollectiveKind::all_to_all}) {
      CHECK(collective_time(kind, bytes, group, network) == Approx((n - 1) * step));
    }
    CHECK(collective_time(CollectiveKind::send, bytes, group, network) == Approx(2e-6 + bytes / (0.8 * 300e9)));
  }
}

TEST_CASE("A group of one, or no bytes, takes no time, and a tier that is not there for ever") {
  const Network single{8, plain_tier(300e9, 1e-6), {}};
  for (const CollectiveKind kind : kKinds) {
    CHECK(collective_time(kind, 1e9, {1, 1}, single) == 0);
    CHECK(collective_time(kind, 0, {8, 8}, single) == 0);
    CHECK(std::isfinite(collective_time(kind, 1e9, {8, 8}, single)));
    CHECK(std::isinf(collective_time(kind, 1e9, {16, 8}, single)));
    CHECK(std::isinf(collective_bound(kind, 1e9, {16, 8}, single)));
  }
}

TEST_CASE("A large all-reduce over nodes leaves by the ports of all members") {
  Network network{8, plain_tier(1e15, 0), plain_tier(25e9, 0, 0.96)};
  const double bytes = 8e9;
  CHECK(all_reduce(bytes, {32, 8}, network) == Approx(2 * 31.0 / 32 * bytes / (8 * 0.96 * 25e9)));
  CHECK(all_reduce(bytes, {16, 8}, network) == Approx(bytes / (8 * 0.96 * 25e9)));  // a tree of two nodes
  CHECK(all_reduce(bytes, {4, 1}, network) == Approx(2 * 3.0 / 4 * bytes / (0.96 * 25e9)));
  CHECK(collective_time(CollectiveKind::all_to_all, bytes, {32, 8}, network) ==
        Approx(3.0 / 4 * bytes / (0.96 * 25e9)));
  CHECK(collective_time(CollectiveKind::send, bytes, {32, 8}, network) == Approx(bytes / (0.96 * 25e9)));
  network.node.bandwidth = 100e9;  // slower than 8 ports: links in the node set the pace
  CHECK(all_reduce(bytes, {32, 8}, network) == Approx(2 * 7.0 / 8 * bytes / 100e9).epsilon(0.12));
}

TEST_CASE("A small all-reduce over many nodes pays the hops of a tree, an all-gather those of a ring") {
  const Network network{8, plain_tier(300e9, 2e-6), plain_tier(25e9, 10e-6)};
  CHECK(all_reduce(8, {8 * 128, 8}, network) == Approx(2 * 7 * 2e-6 + 2 * 7 * 10e-6).epsilon(1e-3));
  CHECK(collective_time(CollectiveKind::all_gather, 8, {8 * 128, 8}, network) ==
        Approx(7 * 128 * 2e-6 + 127 * 10e-6).epsilon(1e-3));
  const double bytes = 1e6;  // where the ports set the pace
  CHECK(all_reduce(bytes, {8 * 128, 8}, network) ==
        Approx(2 * bytes / (8 * 25e9) + 2 * 7 * 2e-6 + 2 * 7 * 10e-6).epsilon(1e-6));
}

TEST_CASE("Links in the node set the pace of an all-to-all whose ports are faster") {
  const Network network{8, plain_tier(100e9, 0), plain_tier(50e9, 0)};
  CHECK(collective_time(CollectiveKind::all_to_all, 1e9, {16, 8}, network) == Approx(8.0 / 16 * 1e9 / 50e9));
  const Network slower{8, plain_tier(20e9, 0), plain_tier(50e9, 0)};
  CHECK(collective_time(CollectiveKind::all_to_all, 1e9, {16, 8}, slower) == Approx(7.0 / 16 * 1e9 / 20e9));
}

TEST_CASE("A curve gives back its points, holds the time below them and the fraction above") {
  const Network network = curved_network();
  const std::vector<LinkPoint>& curve = network.node.curve;
  const auto gather = [&](double bytes) { return collective_time(CollectiveKind::all_gather, bytes, {8, 8}, network); };
  for (const LinkPoint& point : curve) {
    CHECK(7.0 / 8 * 8 * point.bytes / gather(8 * point.bytes) == Approx(point.fraction * 300e9));
  }
  CHECK(gather(1) == gather(8 * curve.front().bytes));
  CHECK(gather(800 * curve.back().bytes) == Approx(100 * gather(8 * curve.back().bytes)));
  // half way in the logarithms
  const double middle = std::sqrt(curve[1].bytes * curve[2].bytes);
  CHECK(7 * middle / gather(8 * middle) == Approx(std::sqrt(curve[1].fraction * curve[2].fraction) * 300e9));
}

TEST_CASE("Switches sum for five members and more, where that is faster") {
  const Network ring = curved_network(), switched = switched_network();
  CHECK(all_reduce(1e9, {4, 4}, switched) == all_reduce(1e9, {4, 4}, ring));
  CHECK(all_reduce(1 << 30, {8, 8}, switched) == Approx((1 << 30) / (0.6 * 300e9)));
  CHECK(all_reduce(1 << 30, {5, 5}, switched) == Approx((1 << 30) / (0.6 * 300e9)));
  for (double bytes = 1; bytes < 1e11; bytes *= 7) {
    CHECK(all_reduce(bytes, {8, 8}, switched) <= all_reduce(bytes, {8, 8}, ring));
    CHECK(collective_time(CollectiveKind::all_gather, bytes, {8, 8}, switched) ==
          collective_time(CollectiveKind::all_gather, bytes, {8, 8}, ring));
  }
}

TEST_CASE("An all-reduce is a reduce-scatter and an all-gather in a node, and no slower than both over nodes") {
  for (const Network& network : {curved_network(), plain_network()}) {
    for (double bytes = 1e3; bytes < 1e11; bytes *= 10) {
      for (const Group group : {Group{2, 2}, Group{8, 8}, Group{32, 8}, Group{64, 1}}) {
        const double both = collective_time(CollectiveKind::reduce_scatter, bytes, group, network) +
                            collective_time(CollectiveKind::all_gather, bytes, group, network);
        if (group.per_node == group.size) CHECK(all_reduce(bytes, group, network) == Approx(both));
        CHECK(all_reduce(bytes, group, network) <= both * (1 + 1e-12));
      }
    }
  }
}

TEST_CASE("No collective beats its bound, and the bound never falls as nodes are added") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> logarithm(0, 25);
  Network curved_ports = curved_network();
  curved_ports.cluster.curve = {{1 << 16, 0.02}, {1 << 22, 0.9}, {1 << 26, 1}};
  for (const Network& network : {curved_network(), plain_network(), switched_network(), curved_ports}) {
    for (const CollectiveKind kind : kKinds) {
      for (int i = 0; i < 200; ++i) {
        const double bytes = std::exp(logarithm(random));
        const std::int64_t per_node = std::int64_t{1} << (random() % 4);
        double last = 0;
        for (std::int64_t nodes = 1; nodes <= 512; nodes *= 2) {
          const Group group{per_node * nodes, per_node};
          const double bound = collective_bound(kind, bytes, group, network);
          CAPTURE(static_cast<int>(kind), bytes, per_node, nodes);
          CHECK(collective_time(kind, bytes, group, network) >= bound * (1 - 1e-12));
          CHECK(bound >= last * (1 - 1e-12));
          last = bound;
        }
      }
    }
  }
}

TEST_CASE("More bytes, more nodes and slower links never shorten a collective") {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> logarithm(0, 25);
  for (const Network& network : {curved_network(), plain_network(), switched_network()}) {
    Network faster = network;
    faster.node.bandwidth *= 1.5;
    faster.cluster.bandwidth *= 1.5;
    for (const CollectiveKind kind : kKinds) {
      for (int i = 0; i < 300; ++i) {
        const double bytes = std::exp(logarithm(random));
        const std::int64_t per_node = 1 + static_cast<std::int64_t>(random() % 8);
        const std::int64_t nodes = 1 + static_cast<std::int64_t>(random() % 40);
        const Group group{per_node * nodes, per_node};
        const double time = collective_time(kind, bytes, group, network) * (1 - 1e-12);
        CAPTURE(static_cast<int>(kind), bytes, per_node, nodes);
        CHECK(collective_time(kind, bytes * 1.3, group, network) >= time);
        CHECK(collective_time(kind, bytes, {per_node * (nodes + 1), per_node}, network) >= time);
        CHECK(collective_time(kind, bytes, group, faster) <= time * (1 + 1e-11));
      }
    }
  }
}

TEST_CASE("In a node without switches a larger group never takes less") {
  for (const Network& network : {curved_network(), plain_network()}) {
    for (double bytes = 1; bytes < 1e11; bytes *= 3) {
      for (const CollectiveKind kind : kKinds) {
        for (std::int64_t n = 2; n < 8; ++n) {
          CHECK(collective_time(kind, bytes, {n + 1, n + 1}, network) >=
                collective_time(kind, bytes, {n, n}, network) * (1 - 1e-12));
        }
      }
    }
  }
}

}  // namespace mobasim::tests::network_test
