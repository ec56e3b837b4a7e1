// mobasim bench compare, a command below bench.
#pragma once

#include "cli/command.h"

namespace mobasim::cli {

void add_bench_compare(Command bench);

}  // namespace mobasim::cli
