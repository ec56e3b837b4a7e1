#include "sim/network/network.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace mobasim {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// NCCL sums in the switches from 5 members on: with 4 of an 8-GPU node of H200 or B200 it takes the ring (nccl-tests
// with and without NVLS, stas00/ml-engineering, network/README.md, "SHARP").
constexpr std::int64_t kLeastSwitchMembers = 5;

double time_at(const LinkPoint& point, double bandwidth) { return point.bytes / (point.fraction * bandwidth); }

double time_on(const std::vector<LinkPoint>& curve, double bytes, double bandwidth) {
  if (bytes <= curve.front().bytes) return time_at(curve.front(), bandwidth);
  if (bytes >= curve.back().bytes) return bytes / (curve.back().fraction * bandwidth);
  const auto above = std::lower_bound(curve.begin(), curve.end(), bytes,
                                      [](const LinkPoint& point, double b) { return point.bytes < b; });
  const LinkPoint& lo = *(above - 1);
  const double way = std::log(bytes / lo.bytes) / std::log(above->bytes / lo.bytes);
  return bytes / (lo.fraction * std::pow(above->fraction / lo.fraction, way) * bandwidth);
}

// Of one step of a ring, or of a send.
double step_time(const Tier& tier, double bytes) {
  if (tier.bandwidth <= 0) return kNever;
  if (!tier.curve.empty()) return time_on(tier.curve, bytes, tier.bandwidth);
  return tier.latency + bytes / (tier.plateau * tier.bandwidth);
}

double hop_latency(const Tier& tier) {
  if (tier.bandwidth <= 0) return kNever;
  return tier.curve.empty() ? tier.latency : time_at(tier.curve.front(), tier.bandwidth);
}

// Seconds for which a large message of `bytes` occupies a link.
double streamed_time(const Tier& tier, double bytes) {
  if (tier.bandwidth <= 0) return kNever;
  return bytes / ((tier.curve.empty() ? tier.plateau : tier.curve.back().fraction) * tier.bandwidth);
}

// What of a step is not latency, and so cannot overlap with other steps on the same link.
double occupied_time(const Tier& tier, double bytes) {
  if (tier.bandwidth <= 0) return kNever;
  return std::max(step_time(tier, bytes) - hop_latency(tier), streamed_time(tier, bytes));
}

bool switches_sum(std::int64_t members, const Tier& tier) {
  return members >= kLeastSwitchMembers && !tier.switch_curve.empty();
}

struct Spread {
  double members, per_node, nodes;
};
Spread spread_of(const Group& group) {
  const std::int64_t per_node = std::clamp<std::int64_t>(group.per_node, 1, group.size);
  return {static_cast<double>(group.size), static_cast<double>(per_node),
          static_cast<double>((group.size + per_node - 1) / per_node)};
}

// Times round the ring, in units of members - 1 steps.
double rounds_of(CollectiveKind kind) { return kind == CollectiveKind::all_reduce ? 2 : 1; }

double time_in_node(CollectiveKind kind, double bytes, double members, const Tier& tier) {
  if (kind == CollectiveKind::send) return step_time(tier, bytes);
  const double ring = rounds_of(kind) * (members - 1) * step_time(tier, bytes / members);
  if (kind != CollectiveKind::all_reduce || !switches_sum(static_cast<std::int64_t>(members), tier)) return ring;
  return std::min(ring, time_on(tier.switch_curve, bytes, tier.bandwidth));
}

double ring_time(CollectiveKind kind, double bytes, const Spread& group, const Network& network) {
  const double chunk = bytes / group.members;
  double pace = occupied_time(network.cluster, chunk / group.per_node);
  double latency = (group.nodes - 1) * hop_latency(network.cluster);
  if (group.per_node > 1) {
    pace = std::max(pace, occupied_time(network.node, chunk));
    latency += (group.members - group.nodes) * hop_latency(network.node);
  }
  return rounds_of(kind) * ((group.members - 1) * pace + latency);
}

// Each of the two trees carries half of the buffer up and down, and a node has three edges at most in one of them and
// one in the other: 2 buffers leave it. Of two nodes each is the root of a tree: 1 buffer, less than a ring's ("On two
// nodes, NCCL uses the tree algorithm which can indeed go beyond the network bottleneck": NVIDIA/nccl-tests issue 196).
double tree_time(double bytes, const Spread& group, const Network& network) {
  const auto levels = std::bit_width(static_cast<std::uint64_t>(group.nodes) - 1);  // log2, rounded up
  double time = streamed_time(network.cluster, (group.nodes > 2 ? 2 : 1) * bytes / group.per_node);
  if (group.per_node > 1) {
    time += 2 * (group.per_node - 1) * hop_latency(network.node);
    time = std::max(time, time_in_node(CollectiveKind::all_reduce, bytes, group.per_node, network.node));
  }
  return time + 2 * static_cast<double>(levels) * hop_latency(network.cluster);
}

double all_to_all_time(double bytes, const Spread& group, const Network& network) {
  const double to_each = bytes / group.members;
  const double away = (group.nodes - 1) * occupied_time(network.cluster, group.per_node * to_each);
  const double latency = (group.nodes - 1) * hop_latency(network.cluster);
  if (group.per_node <= 1) return away + latency;
  const double in_node = (group.per_node - 1) * occupied_time(network.node, to_each);
  return std::max(away, in_node) + latency + (group.per_node - 1) * hop_latency(network.node);
}

}  // namespace

std::int64_t occupied(std::int64_t devices, std::int64_t devices_per_node) {
  if (devices <= devices_per_node) return devices_per_node;
  std::int64_t share = devices_per_node;
  while (devices % share != 0) --share;
  return share;
}

Group group_of(std::int64_t size, std::int64_t stride, std::int64_t devices_per_node) {
  if (devices_per_node % stride != 0) return {size, 1};
  return {size, std::gcd(size, devices_per_node / stride)};
}

double collective_time(CollectiveKind kind, double bytes, const Group& group, const Network& network) {
  if (group.size <= 1 || bytes <= 0) return 0;
  const Spread spread = spread_of(group);
  if (spread.nodes <= 1) return time_in_node(kind, bytes, spread.members, network.node);
  switch (kind) {
    case CollectiveKind::all_reduce:
      return std::min(ring_time(kind, bytes, spread, network), tree_time(bytes, spread, network));
    case CollectiveKind::all_gather:
    case CollectiveKind::reduce_scatter:
      return ring_time(kind, bytes, spread, network);
    case CollectiveKind::all_to_all:
      return all_to_all_time(bytes, spread, network);
    case CollectiveKind::send:
      return step_time(network.cluster, bytes);
  }
  return kNever;
}

double collective_bound(CollectiveKind kind, double bytes, const Group& group, const Network& network) {
  if (group.size <= 1 || bytes <= 0) return 0;
  const Spread spread = spread_of(group);
  const bool spans = spread.nodes > 1;
  if (kind == CollectiveKind::send) return bytes / (spans ? network.cluster : network.node).bandwidth;
  const double others = spread.members - spread.per_node;  // on other nodes
  double in_node = 0, away = 0;                            // bytes of the busiest link
  if (kind == CollectiveKind::all_to_all) {
    in_node = (spread.per_node - 1) / spread.members * bytes;
    away = others / spread.members * bytes;
  } else {
    in_node = rounds_of(kind) * (spread.per_node - 1) / spread.per_node * bytes;
    away = rounds_of(kind) * others / spread.members * bytes / spread.per_node;
    const bool sums = switches_sum(static_cast<std::int64_t>(spread.per_node), network.node);
    if (kind == CollectiveKind::all_reduce && sums) in_node = std::min(in_node, bytes);
  }
  const double node_time = spread.per_node > 1 ? in_node / network.node.bandwidth : 0;
  return spans ? std::max(node_time, away / network.cluster.bandwidth) : node_time;
}

}  // namespace mobasim
