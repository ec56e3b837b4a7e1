// The links of a cluster as collectives see them, and how long a collective takes on them.
//
// Two tiers: inside a node (or NVLink domain) and between nodes. A group that spans nodes has `per_node` members in
// each, and its rings leave by the ports of all of them. docs/method/parallel.md, "Links".
//
// Everything rests on the time of one step of a ring: each member passes `bytes` on to the next. In a node, n members
// all-gather or reduce-scatter S bytes in n - 1 steps of S/n, all-reduce in 2 (n - 1) (Thakur et al. 2005, section 4),
// exchange all to all in n - 1; or the switches sum an all-reduce. Over N nodes of P members, as NCCL does:
//   ring  of all n = N P members: chunks pass links in the node and P ports in parallel, so that the slower of the two
//         sets the pace, and one that goes all the way round pays each hop's latency: n - N in nodes, N - 1 between.
//   tree  (all-reduce only): double binary trees over the nodes (Sanders et al. 2009): twice the buffer through the
//         ports (once between two nodes), 2 log2 N hops; beside it the node's own all-reduce.
//   all to all: what goes to one node travels together, by one port per member (PXN: NVIDIA, NCCL 2.12); links in
//         nodes and ports work at once, their latencies add up.
// An all-reduce takes the faster of ring and tree.
#pragma once

#include <cstdint>
#include <vector>

namespace mobasim {

enum class CollectiveKind { all_reduce, all_gather, reduce_scatter, all_to_all, send };

// Measured speed by size, as a fraction of the link, by rising bytes. The fraction does not fall, nor does the time.
struct LinkPoint {
  double bytes = 0;
  double fraction = 0;  // of the tier's bandwidth
};

// A step of a ring takes latency + bytes / (plateau x bandwidth), or, where there is a curve, bytes / (its fraction x
// bandwidth), which has the latency in it: below the first point the step's time is held, above the last its fraction.
// So a curve measured with one number of members serves others: the step is what they share.
struct Tier {
  double bandwidth = 0;  // bytes/s per device and direction; 0: there is no such tier
  double latency = 0;    // seconds per hop; not used where there is a curve
  double plateau = 1;    // fraction of the bandwidth that large messages reach; likewise
  // Bus bandwidth (busbw of nccl-tests) by bytes of a step, buffer / members; interpolated in the logarithms.
  std::vector<LinkPoint> curve;
  // Where switches sum (NVLink SHARP): buffer / time of an all-reduce by bytes of the buffer. Empty: they do not.
  std::vector<LinkPoint> switch_curve;
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
// The group of an axis whose ranks are `stride` apart, `size` of them, when nodes hold `devices_per_node` ranks (a
// cluster smaller than a node: as many as it has). Nodes have devices_per_node / stride places for it: the group fills
// nodes, or shares one. Where neither divides the other, groups lie across nodes in unequal parts and the smallest part
// that occurs counts, their greatest common divisor (A55); 1 where the stride does not divide a node.
[[nodiscard]] Group group_of(std::int64_t size, std::int64_t stride, std::int64_t devices_per_node);

// Devices of a node that a job of `devices` has: all, or where they do not divide the job's the most that do, so that
// nodes have equal parts (a job of 256 takes 64 of each NVLink domain of 72; A56).
[[nodiscard]] std::int64_t occupied(std::int64_t devices, std::int64_t devices_per_node);

// Seconds. `bytes` is the whole buffer: what an all-reduce sums, what an all-gather ends up with, what a reduce-scatter
// starts from, what one device holds before an all-to-all, what is sent. 0 for a group of one and for no bytes;
// infinite where the group needs a tier that is not there.
[[nodiscard]] double collective_time(CollectiveKind kind, double bytes, const Group& group, const Network& network);
// The least that the links' bandwidth allows; collective_time is never below it where fractions are up to 1.
[[nodiscard]] double collective_bound(CollectiveKind kind, double bytes, const Group& group, const Network& network);

}  // namespace mobasim
