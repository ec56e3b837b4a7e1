// Source lines, numbered, so that a shadow cell can hold one; and what a mutation does at them.
#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

#include "kernels/simt/mutation.h"

namespace mobasim::kernels::simt::executor {

using SiteId = std::uint16_t;
constexpr int kSites = 4096;  // 0: one too many, "an unknown place"

struct SiteRecord {
  const char* file = "";
  int line = 0;
};

// The number of a source line; the same line has the same number in every instance of a template.
[[nodiscard]] SiteId site_id(std::source_location site);
[[nodiscard]] const SiteRecord& site_record(SiteId site);
// "file:line", the file from the project's root on.
[[nodiscard]] std::string place(SiteId site);

// The sites a launch passed, and the one where it goes wrong.
class Mutations {
 public:
  void begin(const Mutation& mutation, const char* kernel);
  // Notes that a site is passed; true where `kind` of mutation is to happen there.
  bool here(SiteId site, SiteKind kind, MutationKind mutation) {
    if (kinds_[site] != static_cast<std::uint8_t>(kind) + 1) note(site, kind);
    if (wanted_ != mutation || site != wanted_site_) return false;
    happened_ = true;
    return true;
  }
  [[nodiscard]] bool happened() const { return happened_; }
  [[nodiscard]] std::vector<PassedSite> passed(const char* kernel) const;

 private:
  void note(SiteId site, SiteKind kind);
  std::vector<std::uint8_t> kinds_ = std::vector<std::uint8_t>(kSites);
  std::vector<std::pair<SiteId, SiteKind>> passed_;
  Mutation mutation_;
  MutationKind wanted_ = MutationKind::none;
  int wanted_site_ = -1;
  bool happened_ = false;
};

}  // namespace mobasim::kernels::simt::executor
