// What long work says of itself while it goes on, and how it is asked to end early: one type for all of the libraries.
// Whoever starts the work decides where the lines go and what asks for the end.
#pragma once

#include <functional>
#include <string>

namespace mobasim {

// Thrown by work that was asked to stop.
struct Stopped {};

class Progress {
 public:
  Progress() = default;  // shows nothing and is never asked to stop
  // Each may be empty.
  Progress(std::function<void(const std::string& line)> show, std::function<bool()> stop);

  // Tells what is being done, in a line that the next one replaces.
  void show(const std::string& line) const;
  [[nodiscard]] bool stopped() const;
  // Throws Stopped when asked to stop.
  void check() const;
  // The beginning of another part of the work: check(), then show().
  void step(const std::string& line) const;

  // The same, with these words before every line.
  [[nodiscard]] Progress after(const std::string& words) const;

 private:
  std::function<void(const std::string&)> show_;
  std::function<bool()> stop_;
};

}  // namespace mobasim
