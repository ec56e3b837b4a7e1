#include "sim/check/leave_one_out.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "sim/device/attention_table.h"
#include "sim/device/gemm_model.h"

namespace mobasim {
namespace {

auto shape_of(const ProfileRow& row) {
  return std::tie(row.operation, row.mechanism, row.implementation, row.pass, row.dtype, row.sequence, row.batch,
                  row.heads, row.kv_heads, row.head_dim, row.block, row.top_k, row.window, row.m, row.n, row.k,
                  row.hidden, row.ffn, row.threads);
}

AttentionLayer layer_of(const ProfileRow& row, Pass pass) {
  AttentionLayer layer;
  layer.attention = attention_of_row(row);
  layer.shape = {row.sequence, std::max<std::int64_t>(row.batch, 1), std::max<std::int64_t>(row.heads, 1),
                 std::max<std::int64_t>(row.kv_heads, 1), row.head_dim};
  layer.pass = pass;
  return layer;
}

// The layer as its kernel sees it, which is of full attention where it attends to everything; and that kernel, which is
// the fastest where the row names none.
const TimedKernel* kernel_of(const AttentionTable& table, AttentionLayer& layer, const std::string& implementation) {
  if (std::holds_alternative<FullAttention>(layer.attention) || !is_full_at(layer.attention, layer.shape.sequence)) {
    return implementation.empty() ? table.fastest(layer) : &table.named_kernel(layer, implementation);
  }
  layer.attention = FullAttention{};
  const TimedKernel* same = table.kernel(layer.attention, implementation);
  return same != nullptr && same->serves_both ? same : table.fastest(layer);
}

void predict_attention(Device& others, ShapeLeftOut& one) {
  for (auto& [mechanism, efficiency] : others.attention) efficiency.basis = Basis::extrapolated;  // no rows at all
  std::vector<Pass> passes;
  if (one.row.pass != "backward") passes.push_back(Pass::forward);
  if (one.row.pass != "forward") passes.push_back(Pass::backward);
  try {
    const AttentionTable table(others, one.row.dtype);
    for (const Pass pass : passes) {
      AttentionLayer layer = layer_of(one.row, pass);
      const TimedKernel* kernel = kernel_of(table, layer, one.row.implementation);
      const TimeEstimate estimate = table.time(layer, kernel);
      one.prediction += estimate.time;
      one.basis = worst(one.basis, estimate.basis);
      one.note = table.note(layer, kernel);
    }
  } catch (const Unsupported& why) {
    one.predicted = false;
    one.note = why.what();
  }
}

void predict_gemm(const Device& others, ShapeLeftOut& one) {
  const auto m = static_cast<double>(one.row.m), n = static_cast<double>(one.row.n), k = static_cast<double>(one.row.k);
  try {
    const GemmModel model = gemm_model(others, one.row.dtype);
    if (!model.measured) {
      one.predicted = false;
      one.note = "fewer than three other products in " + one.row.dtype;
      return;
    }
    one.prediction = Seconds(gemm_seconds(model, m, n, k));
    one.basis = covers(*model.measured, m, n, k) ? model.basis : Basis::extrapolated;
  } catch (const Unsupported& why) {
    one.predicted = false;
    one.note = why.what();
  }
}

// The row that stands for all rows of its shape: the undisturbed ones, if there are any.
ProfileRow row_of_shape(const Device& device, const ProfileRow& like) {
  std::vector<const ProfileRow*> rows;
  for (const ProfileRow& other : device.profile) {
    if (same_shape(other, like)) rows.push_back(&other);
  }
  const auto slowed = [](const ProfileRow* row) { return disturbed(*row); };
  if (!std::all_of(rows.begin(), rows.end(), slowed)) std::erase_if(rows, slowed);
  double logarithm = 0;
  for (const ProfileRow* one : rows) logarithm += std::log(one->time.value()) / static_cast<double>(rows.size());
  ProfileRow row = *rows.front();
  row.time = Seconds(std::exp(logarithm));
  return row;
}

// "" for all of them together.
InterpolationErrors summary_of(const std::vector<const ShapeLeftOut*>& shapes) {
  InterpolationErrors summary;
  std::vector<double> errors;
  for (const ShapeLeftOut* one : shapes) errors.push_back(std::abs(error_of(*one)));
  std::sort(errors.begin(), errors.end());
  // Linear between order statistics (Hyndman and Fan 1996, type 7).
  const auto quantile = [&](double fraction) {
    const double place = fraction * static_cast<double>(errors.size() - 1);
    const auto below = static_cast<std::size_t>(place), above = std::min(below + 1, errors.size() - 1);
    return errors[below] + (place - std::floor(place)) * (errors[above] - errors[below]);
  };
  summary.shapes = static_cast<std::int64_t>(errors.size());
  if (!errors.empty()) {
    summary.median = quantile(0.5);
    summary.p90 = quantile(0.9);
  }
  return summary;
}

bool counts(const ShapeLeftOut& one) { return one.predicted && !disturbed(one.row); }

bool inner(const ShapeLeftOut& one) { return counts(one) && one.basis != Basis::extrapolated; }

}  // namespace

bool same_shape(const ProfileRow& a, const ProfileRow& b) { return shape_of(a) == shape_of(b); }

double error_of(const ShapeLeftOut& one) { return one.prediction / one.row.time - 1; }

std::vector<ShapeLeftOut> shapes_left_out(const Device& device) {
  std::vector<ShapeLeftOut> all;
  for (std::size_t i = 0; i < device.profile.size(); ++i) {
    const ProfileRow& row = device.profile[i];
    if (row.operation != "attention" && row.operation != "gemm") continue;
    const auto same = [&](const ProfileRow& other) { return same_shape(other, row); };
    if (std::any_of(device.profile.begin(), device.profile.begin() + static_cast<std::ptrdiff_t>(i), same)) continue;
    Device others = device;
    std::erase_if(others.profile, same);
    ShapeLeftOut one;
    one.row = row_of_shape(device, row);
    row.operation == "gemm" ? predict_gemm(others, one) : predict_attention(others, one);
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<InterpolationErrors> interpolation_errors(const std::vector<ShapeLeftOut>& all) {
  std::vector<InterpolationErrors> summaries;
  for (const bool inside : {true, false}) {
    std::vector<std::tuple<std::string, std::string, std::string, std::string>> seen;
    for (const ShapeLeftOut& one : all) {
      const auto key = [](const ShapeLeftOut& of) {
        return std::tuple(of.row.operation, of.row.mechanism, of.row.pass, of.row.dtype);
      };
      if (inner(one) != inside || !counts(one) || std::find(seen.begin(), seen.end(), key(one)) != seen.end()) continue;
      seen.push_back(key(one));
      std::vector<const ShapeLeftOut*> shapes;
      for (const ShapeLeftOut& other : all) {
        if (counts(other) && inner(other) == inside && key(other) == key(one)) shapes.push_back(&other);
      }
      InterpolationErrors summary = summary_of(shapes);
      std::tie(summary.operation, summary.mechanism, summary.pass, summary.dtype) = key(one);
      summary.inner = inside;
      summaries.push_back(std::move(summary));
    }
  }
  return summaries;
}

InterpolationErrors inner_errors(const std::vector<ShapeLeftOut>& all) {
  std::vector<const ShapeLeftOut*> shapes;
  for (const ShapeLeftOut& one : all) {
    if (inner(one)) shapes.push_back(&one);
  }
  return summary_of(shapes);
}

}  // namespace mobasim
