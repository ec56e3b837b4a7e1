#include "kernels/bench/machine_load.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace mobasim::kernels::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

// proc(5), /proc/stat: cpu user nice system idle iowait irq softirq steal guest guest_nice, in ticks; guests are
// counted in user and nice as well.
LoadCounters counters_of(const std::string& proc_stat, double ticks) {
  LoadCounters counters;
  std::istringstream stream(proc_stat);
  std::string word;
  if (!(stream >> word) || word != "cpu") return counters;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0;
  if (!(stream >> user >> nice >> system >> idle >> wait >> irq >> soft >> steal)) return counters;
  counters.known = true;
  counters.busy = (user + nice + system + irq + soft) / ticks;
  counters.stolen = steal / ticks;
  counters.all = counters.busy + counters.stolen + (idle + wait) / ticks;
  return counters;
}

LoadCounters load_counters() {
  std::ifstream file("/proc/stat");
  std::string line;
  std::getline(file, line);
  LoadCounters counters = counters_of(line, static_cast<double>(sysconf(_SC_CLK_TCK)));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  counters.own = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  counters.preempted = usage.ru_nivcsw;
  return counters;
}

Load load_between(const LoadCounters& before, const LoadCounters& after) {
  Load load;
  load.preempted = after.preempted - before.preempted;
  const double all = after.all - before.all;
  if (!before.known || !after.known || !(all > 0)) return load;
  load.known = true;
  load.others = std::clamp((after.busy - before.busy - (after.own - before.own)) / all, 0.0, 1.0);
  load.stolen = std::clamp((after.stolen - before.stolen) / all, 0.0, 1.0);
  return load;
}

}  // namespace mobasim::kernels::bench
