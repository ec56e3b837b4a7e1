// The links of a cluster as collectives see them, and how long a collective takes on them.
//
// Two tiers: inside a node (or NVLink domain) and between nodes. A group that spans nodes has `per_node` members in
// each, and its rings leave by the ports of all of them. docs/method/simulator.md, "Collectives".
#pragma once

#include <cstdint>
#include <vector>

namespace mobasim {

enum class CollectiveKind { all_reduce, all_gather, reduce_scatter, all_to_all, send };

// Measured bus bandwidth by message size (nccl-tests' bytes and busbw), as a fraction of the link; by rising bytes.
struct LinkPoint {
  double bytes = 0;
  double fraction = 0;  // of the tier's bandwidth; above 1 where switches reduce (NVLS)
};

struct Tier {
  double bandwidth = 0;          // bytes/s per device and direction; 0: there is no such tier
  double latency = 0;            // seconds per hop of a ring
  std::vector<LinkPoint> curve;  // interpolated in the logarithms; empty: `plateau` at all sizes
  double plateau = 1;            // fraction of the bandwidth that large messages reach
};

struct Network {
  std::int64_t devices_per_node = 1;
  Tier node;     // between devices of a node
  Tier cluster;  // between nodes, per device
};

// Members of one communicator.
struct Group {
  std::int64_t size = 1;
  std::int64_t per_node = 1;  // members that share a node
};
// The group of an axis whose ranks are `stride` apart, `size` of them, when nodes hold `devices_per_node` ranks.
[[nodiscard]] Group group_of(std::int64_t size, std::int64_t stride, std::int64_t devices_per_node);

// Seconds. `bytes` is the whole buffer: what an all-reduce sums, what an all-gather ends up with, what a reduce-scatter
// starts from, what one device holds before an all-to-all, what is sent. 0 for a group of one.
[[nodiscard]] double collective_time(CollectiveKind kind, double bytes, const Group& group, const Network& network);
// The least that the links' bandwidth allows; collective_time is never below it (with curve fractions up to 1).
[[nodiscard]] double collective_bound(CollectiveKind kind, double bytes, const Group& group, const Network& network);

}  // namespace mobasim
