#include "sim/base/progress.h"

#include <utility>

namespace mobasim {

Progress::Progress(std::function<void(const std::string& line)> show, std::function<bool()> stop)
    : show_(std::move(show)), stop_(std::move(stop)) {}

void Progress::show(const std::string& line) const {
  if (show_) show_(line);
}

bool Progress::stopped() const { return stop_ && stop_(); }

void Progress::check() const {
  if (stopped()) throw Stopped{};
}

void Progress::step(const std::string& line) const {
  check();
  show(line);
}

Progress Progress::after(const std::string& words) const {
  if (!show_) return *this;
  return {[show = show_, words](const std::string& line) { show(words + line); }, stop_};
}

}  // namespace mobasim
