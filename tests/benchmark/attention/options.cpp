#include "tests/benchmark/attention/options.h"

#include <fmt/format.h>
#include <omp.h>

#include <functional>
#include <map>
#include <sstream>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::benchmark {
namespace {

std::vector<std::string> parts(const std::string& list) {
  std::vector<std::string> found;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) found.push_back(part);
  return found;
}

std::vector<std::int64_t> counts(const std::string& option, const std::string& list) {
  std::vector<std::int64_t> found;
  for (const std::string& part : parts(list)) {
    const std::optional<double> value = finite_number(part);
    if (!value || *value < 1 || *value > 1e9 || *value != static_cast<double>(static_cast<std::int64_t>(*value))) {
      throw ConfigError(
          fmt::format("{}: '{}' is no count; whole numbers from 1 on, with commas between", option, part));
    }
    found.push_back(static_cast<std::int64_t>(*value));
  }
  if (found.empty()) throw ConfigError(option + " needs a number");
  return found;
}

std::string one_of(const std::string& option, const std::string& word, const std::vector<std::string>& allowed) {
  for (const std::string& candidate : allowed) {
    if (word == candidate) return word;
  }
  throw ConfigError(fmt::format("{}: '{}' is none of {}{}", option, word, joined(allowed), suggestion(word, allowed)));
}

void check(const Options& options) {
  for (const std::int64_t length : options.lengths) {
    if (length % 256 != 0) throw ConfigError(fmt::format("--lengths: {} is no multiple of 256", length));
  }
  for (const std::int64_t dim : options.dims) {
    if (dim > 256) throw ConfigError(fmt::format("--dims: {} is more than 256", dim));
  }
}

void fill_in(Options& options) {
  if (options.quick) {
    options.lengths = {options.moba ? 2048 : 512};
    options.dims = {64, 128};
    options.threads = {1, 2};
    options.dtypes = {kernels::Dtype::f32, kernels::Dtype::bf16};
    options.rounds = 1;
  } else if (options.lengths.empty()) {
    options.lengths = options.moba && !options.openblas && !options.onednn
                          ? std::vector<std::int64_t>{1024, 2048, 4096, 8192, 16384, 32768}
                          : std::vector<std::int64_t>{1024, 4096, 16384};
  }
}

}  // namespace

std::string usage() {
  return R"(attention_benchmark: the kernels of this project beside the peak of the machine and beside the same attention
made of library products. Every row is a ratio of times that were taken in turns. CSV on stdout.

  attention_benchmark --only yardsticks --lengths 4096,16384 > full.csv
  attention_benchmark --only moba --dims 64 --threads all > moba.csv
  attention_benchmark --from full.csv --from moba.csv --format markdown

  --threads LIST      1,2 or all (1); a problem has as many heads as threads
  --heads COUNT       another number of heads
  --dtype LIST        f32,bf16 (f32)
  --lengths LIST      1024,4096,16384; with --only moba 1024 to 32768
  --dims LIST         64,128
  --rounds COUNT      at most (15)
  --seconds SECONDS   of a shape: no round begins later, after the third (25)
  --only WHAT         full (no more than it and the peak), moba, yardsticks, openblas, onednn
  --format FORMAT     csv, table, or markdown: the tables of docs/performance.md
  --from FILE         times nothing: reads the CSV of an earlier run; may be given again
  --quick             no figures: do the yardsticks and the kernels agree?
)";
}

Options options_of(int count, const char* const* arguments) {
  Options options;
  const std::map<std::string, std::function<void(const std::string&)>> setters = {
      {"--threads",
       [&](const std::string& value) {
         options.threads.clear();
         for (const std::string& part : parts(value)) {
           options.threads.push_back(part == "all" ? omp_get_num_procs()
                                                   : static_cast<int>(counts("--threads", part)[0]));
         }
       }},
      {"--heads", [&](const std::string& value) { options.heads = counts("--heads", value)[0]; }},
      {"--dtype",
       [&](const std::string& value) {
         options.dtypes.clear();
         for (const std::string& part : parts(value)) {
           options.dtypes.push_back(kernels::dtype_named(one_of("--dtype", part, {"f32", "bf16"})));
         }
       }},
      {"--lengths", [&](const std::string& value) { options.lengths = counts("--lengths", value); }},
      {"--dims", [&](const std::string& value) { options.dims = counts("--dims", value); }},
      {"--rounds", [&](const std::string& value) { options.rounds = static_cast<int>(counts("--rounds", value)[0]); }},
      {"--seconds",
       [&](const std::string& value) { options.seconds = static_cast<double>(counts("--seconds", value)[0]); }},
      {"--only",
       [&](const std::string& value) {
         const std::string what = one_of("--only", value, {"full", "moba", "yardsticks", "openblas", "onednn"});
         options.moba = what == "moba";
         options.openblas = what == "yardsticks" || what == "openblas";
         options.onednn = what == "yardsticks" || what == "onednn";
       }},
      {"--format",
       [&](const std::string& value) {
         const std::string word = one_of("--format", value, {"csv", "table", "markdown"});
         options.format = word == "csv"     ? Options::Format::csv
                          : word == "table" ? Options::Format::table
                                            : Options::Format::markdown;
       }},
      {"--from", [&](const std::string& value) { options.from.emplace_back(value); }},
  };
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    if (word == "--quick" || word == "--help") {
      (word == "--quick" ? options.quick : options.help) = true;
      continue;
    }
    const auto setter = setters.find(word);
    if (setter == setters.end()) throw ConfigError(fmt::format("'{}' is no option; --help lists them", word));
    if (i + 1 == count) throw ConfigError(word + " needs a value");
    setter->second(arguments[++i]);
  }
  fill_in(options);
  check(options);
  return options;
}

}  // namespace mobasim::benchmark
