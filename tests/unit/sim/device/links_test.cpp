// A device's links as tiers of a network.
#include "sim/device/links.h"

#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::links_test {
TEST_CASE("Without links both tiers reach the collective efficiency at every size, and hops take no time") {
  const Network network = network_of(small_device());
  CHECK(network.devices_per_node == 4);
  CHECK(network.node.bandwidth == 8);
  CHECK(network.cluster.bandwidth == 1);
  for (const Tier& tier : {network.node, network.cluster}) {
    CHECK(tier.plateau == 0.5);
    CHECK(tier.latency == 0);
    CHECK(tier.curve.empty());
  }
}

TEST_CASE("Links set latency, plateau and curve of their own tier") {
  Device device = small_device();
  device.node_link = DeviceLink{Seconds(3), 0.75, {{10, 0.25}, {100, 0.5}}, {{1000, 0.5}}, "a test"};
  REQUIRE(violations(device).empty());
  const Network network = network_of(device);
  CHECK(network.node.latency == 3);
  CHECK(network.node.plateau == 0.75);
  REQUIRE(network.node.curve.size() == 2);
  CHECK(network.node.curve[1].bytes == 100);
  CHECK(network.node.curve[1].fraction == 0.5);
  REQUIRE(network.node.switch_curve.size() == 1);
  CHECK(network.node.switch_curve[0].bytes == 1000);
  CHECK(network.node.switch_curve[0].fraction == 0.5);
  CHECK(network.cluster.plateau == 0.5);
}

TEST_CASE("Links' broken rules are all told") {
  Device device = small_device();
  device.node_link = DeviceLink{Seconds(3), 0, {{100, 0.5}, {100, 0.5}}, {{100, 0.1}, {200, 0.5}}, "a test"};
  device.cluster_link = DeviceLink{Seconds(3), 1, {{100, 0.5}, {200, 0.4}}, {{100, 0}}, "a test"};
  device.network_bandwidth = ByteRate(0);
  // Of the node: plateau, bytes, a time that falls; of the cluster: a rate that falls, above 0, no bandwidth.
  CHECK(violations(device).size() == 6);
}

}  // namespace mobasim::tests::links_test
