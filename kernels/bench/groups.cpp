#include "kernels/bench/groups.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace mobasim::kernels::bench {
namespace {

std::vector<Group> gemm_groups(const ArmOptions& arms, std::vector<std::string>& unsupported) {
  std::vector<Group> groups;
  for (const GemmCase& gemm : gemm_cases()) groups.push_back(gemm_group(gemm, arms, unsupported));
  groups.front().always = true;  // a device file needs one
  std::erase_if(groups, [](const Group& group) { return group.arms.empty(); });
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.work[0] < b.work[0]; });
  return groups;
}

// 512 tokens and each length 4 times as long; what lies between these and takes little; the rest.
int turn_of(std::int64_t length) {
  std::int64_t factor = length;
  while (factor > 512 && factor % 4 == 0) factor /= 4;
  return factor == 512 ? 0 : length <= 8192 ? 1 : 2;
}

std::vector<Group> attention_groups(const Options& options, const ArmOptions& arms) {
  std::vector<Case> timed = chosen_cases(options);
  const auto order = [](const Case& row) {
    const std::int64_t length = row.problem.cu_seqlens[1];
    return std::tuple(turn_of(length), length, row.problem.head_dim);
  };
  std::stable_sort(timed.begin(), timed.end(), [&](const Case& a, const Case& b) { return order(a) < order(b); });
  std::vector<Group> groups;
  for (auto first = timed.begin(); first != timed.end();) {
    const auto last = std::find_if(first, timed.end(), [&](const Case& row) { return order(row) != order(*first); });
    groups.push_back(attention_group({first, last}, arms));
    // The least that a device file needs: a length at which MoBA routes.
    const Problem& problem = first->problem;
    groups.back().always = !options.cases.empty() || (problem.cu_seqlens[1] == 2048 && problem.head_dim == 64);
    first = last;
  }
  return groups;
}

std::vector<Group> layer_groups(const ArmOptions& arms, std::vector<std::string>& unsupported) {
  std::vector<Group> groups;
  const std::vector<LayerShape>& all = layer_cases();
  for (auto first = all.begin(); first != all.end();) {
    const auto last = std::find_if(first, all.end(), [&](const LayerShape& shape) {
      return shape.hidden != first->hidden || shape.sequence != first->sequence;
    });
    groups.push_back(layer_group({first, last}, arms, unsupported));
    first = last;
  }
  std::erase_if(groups, [](const Group& group) { return group.arms.empty(); });
  return groups;
}

}  // namespace

std::vector<Case> chosen_cases(const Options& options) {
  const std::vector<Case> all = cases_for(Purpose::time);
  std::vector<Case> chosen;
  for (const std::string& name : options.cases) chosen.push_back(case_named(all, name));
  return options.cases.empty() ? all : chosen;
}

bool wants(const Options& options, const std::string& part) {
  if (!options.cases.empty()) return part == "attention";
  return options.only.empty() || std::find(options.only.begin(), options.only.end(), part) != options.only.end();
}

std::vector<Group> groups_of(const Options& options, const ArmOptions& arms, std::vector<std::string>& unsupported) {
  std::vector<Group> groups;
  if (wants(options, "gemm")) groups = gemm_groups(arms, unsupported);
  if (wants(options, "layer")) std::ranges::move(layer_groups(arms, unsupported), std::back_inserter(groups));
  if (wants(options, "attention")) std::ranges::move(attention_groups(options, arms), std::back_inserter(groups));
  return groups;
}

void sort_rows(std::vector<MeasuredRow>& rows) {
  const auto key = [](const MeasuredRow& measured) {
    const ProfileRow& row = measured.row;
    const int operation = row.operation == "fma_peak"           ? 0
                          : row.operation.starts_with("memory") ? 1
                          : row.operation == "gemm"             ? 2
                          : row.operation == "attention"        ? 3
                                                                : 4;
    return std::tuple(operation, row.operation, row.dtype != "f32", row.threads, row.bytes, row.mechanism, row.block,
                      row.head_dim, row.sequence, row.pass == "backward", row.flops, row.m, row.n, row.k);
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const MeasuredRow& a, const MeasuredRow& b) { return key(a) < key(b); });
}

}  // namespace mobasim::kernels::bench
