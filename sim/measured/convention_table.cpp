#include "sim/measured/convention_table.h"

namespace mobasim {

Table convention_table(const std::vector<MeasuredRun>& runs) {
  Table table;
  table.columns = {"id", "group", "stated_flops_per_s", "convention"};
  for (const FlopConvention convention : flop_conventions()) {
    table.columns.push_back(std::string(name(convention)) + "_flops_per_s");
  }
  table.columns.push_back("difference");
  for (const MeasuredRun& run : runs) {
    if (!run.reason.empty() || !run.time) continue;
    std::vector<Cell> row{run.id, run.group, std::monostate{}, std::monostate{}};
    if (run.stated_flops) row[2] = *run.stated_flops;
    if (run.convention) row[3] = std::string(name(*run.convention));
    const auto rate = [&](FlopConvention convention) {
      return stated_rate(convention, run.model, run.workload, run.execution.recompute, static_cast<double>(run.devices),
                         *run.time);
    };
    for (const FlopConvention convention : flop_conventions()) row.emplace_back(rate(convention));
    const bool comparable = run.stated_flops && run.convention;
    row.push_back(comparable ? Cell(*run.stated_flops / rate(*run.convention) - 1) : Cell(std::monostate{}));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace mobasim
