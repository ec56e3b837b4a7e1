// mobasim fit: a loss law through the points of any CSV, one row per group, and what follows from it.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "cli/command.h"
#include "cli/fit/options.h"
#include "cli/fit/report.h"
#include "fit/report/group_fits.h"
#include "fit/report/notes.h"
#include "fit/report/tables.h"
#include "sim/base/file.h"

namespace mobasim::cli {
namespace {

// What is to be written: all of it is made before any of it is written.
struct Results {
  std::vector<FileContent> files;
  std::string for_people, data;  // on stderr and stdout
};

std::string in_form(const Table& table, const Output& output) {
  const TableFormat format = table_format(output);
  return rendered(format == TableFormat::text ? without_empty_columns(table) : table, format);
}

// A second table goes to its file; without one people can read it on stderr, where it spoils no data.
void add(Results& results, const Table& table, const std::filesystem::path& file, const Output& output) {
  if (!file.empty()) {
    results.files.push_back({file, in_form(table, output)});
  } else if (!table.rows.empty()) {
    results.for_people += rendered(without_empty_columns(table), TableFormat::text);
  }
}

Results results_of(const FitOptions& options, const GroupsToFit& groups, const std::vector<GroupFit>& fits) {
  const FitRequest& request = options.request;
  const std::vector<std::string>& by = request.selection.by;
  Results results;
  if (projects(request)) add(results, projections_table(by, request.law, fits), options.projections, options.output);
  if (!request.target_losses.empty()) {
    add(results, targets_table(by, request.law, fits), options.targets, options.output);
  }
  if (!options.report.empty()) {
    const FitReport report = report_of(request, groups, fits, command_line());
    results.files.push_back(
        {options.report, options.report.extension() == ".html" ? html_of(report) : text_of(report)});
  }
  results.data = in_form(fit_table(by, fits), options.output);
  if (!options.output.file.empty()) results.files.push_back({options.output.file, std::exchange(results.data, "")});
  return results;
}

// Files are written all or none; devices, which cannot be replaced, after them.
void write(const Results& results) {
  std::vector<FileContent> files, devices;
  for (const FileContent& file : results.files) {
    const auto kind = std::filesystem::status(file.path).type();
    const bool device = kind == std::filesystem::file_type::character || kind == std::filesystem::file_type::fifo ||
                        kind == std::filesystem::file_type::block || kind == std::filesystem::file_type::socket;
    (device ? devices : files).push_back(file);
  }
  write_files(files);
  for (const FileContent& device : devices) write_file(device.path, device.content);
  std::fputs(results.for_people.c_str(), stderr);
  print(results.data);
}

// A by column of a taken name is said before any work.
void require_own_names(const FitRequest& request) {
  const std::vector<std::string>& by = request.selection.by;
  (void)fit_table(by, {});
  if (projects(request)) (void)projections_table(by, request.law, {});
  if (!request.target_losses.empty()) (void)targets_table(by, request.law, {});
}

void tell_all(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) tell(note);
}

int fit(const FitFlags& flags) {
  const FitOptions options = fit_options_from(flags);
  const FitRequest& request = options.request;
  require_own_names(request);
  const GroupsToFit groups = groups_to_fit(request, CsvTable::read(request.data));
  tell_all(groups.notes);
  const AskedTargets asked = targets_asked(request, groups.runs);
  tell_all(asked.notes);
  const std::vector<GroupFit> fits = group_fits(request, groups, asked.targets, terminal_progress());
  end_progress();
  const Results results = results_of(options, groups, fits);
  tell_all(notes_on(fits, request.loss));
  write(results);
  return 0;
}

}  // namespace

void add_fit(Command program) {
  const auto flags = std::make_shared<FitFlags>();
  Command command = added_fit_command(program, *flags);
  command.action([flags] { return fit(*flags); });
}

}  // namespace mobasim::cli
