#include "kernels/simt/sites.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>

namespace mobasim::kernels::simt {

const char* name(SiteKind kind) {
  constexpr const char* kNames[] = {"sync_block", "sync_warp", "commit", "wait", "copy", "atomic"};
  return kNames[static_cast<int>(kind)];
}

namespace executor {
namespace {

// A source_location is a pointer to a constant of the program: the same call has the same one.
using Key = const void*;
static_assert(sizeof(std::source_location) == sizeof(Key));
constexpr std::size_t kSlots = 1 << 14;

struct SiteTable {
  std::vector<SiteRecord> records = {{"an unknown place", 0}};
  std::array<Key, kSlots> keys = {};
  std::array<SiteId, kSlots> ids = {};
};
SiteTable& table() {
  static thread_local SiteTable sites;
  return sites;
}

std::size_t slot_of(Key key) {
  return (std::bit_cast<std::uintptr_t>(key) * 0x9e3779b97f4a7c15u) >> (64 - std::countr_zero(kSlots));
}

SiteId id_of_line(SiteTable& sites, std::source_location site) {
  const int line = static_cast<int>(site.line());
  for (std::size_t i = 1; i < sites.records.size(); ++i) {
    const SiteRecord& record = sites.records[i];
    if (record.line == line && std::strcmp(record.file, site.file_name()) == 0) return static_cast<SiteId>(i);
  }
  if (sites.records.size() == kSites) return 0;
  sites.records.push_back({site.file_name(), line});
  return static_cast<SiteId>(sites.records.size() - 1);
}

// The folder of the source tree with its "/", as the compiler was told it.
std::string_view root_of_tree() {
  constexpr std::string_view here = __FILE__, path = "kernels/simt/sites.cpp";
  static_assert(here.ends_with(path));
  return here.substr(0, here.size() - path.size());
}

}  // namespace

SiteId site_id(std::source_location site) {
  SiteTable& sites = table();
  const Key key = std::bit_cast<Key>(site);
  std::size_t slot = slot_of(key);
  for (std::size_t tries = 0; tries < kSlots; ++tries, slot = (slot + 1) % kSlots) {
    if (sites.keys[slot] == key) return sites.ids[slot];
    if (sites.keys[slot] == nullptr) {
      sites.keys[slot] = key;
      return sites.ids[slot] = id_of_line(sites, site);
    }
  }
  return 0;
}

const SiteRecord& site_record(SiteId site) { return table().records[site]; }

std::string place(SiteId site) {
  const SiteRecord& record = site_record(site);
  std::string_view file = record.file;
  if (file.starts_with(root_of_tree())) file.remove_prefix(root_of_tree().size());
  return std::string(file) + ":" + std::to_string(record.line);
}

void Mutations::begin(const Mutation& mutation, const char* kernel) {
  for (const auto& [site, kind] : passed_) kinds_[site] = 0;
  passed_.clear();
  mutation_ = mutation;
  const bool wanted = std::string_view(kernel).starts_with(mutation.kernel);
  wanted_ = wanted ? mutation.kind : MutationKind::none;
  wanted_site_ = -1;
  happened_ = false;
}

void Mutations::note(SiteId site, SiteKind kind) {
  kinds_[site] = static_cast<std::uint8_t>(static_cast<int>(kind) + 1);
  if (std::find(passed_.begin(), passed_.end(), std::pair(site, kind)) == passed_.end())
    passed_.emplace_back(site, kind);
  const SiteRecord& record = site_record(site);
  if (record.line == mutation_.line && std::string_view(record.file).ends_with(mutation_.file)) wanted_site_ = site;
}

std::vector<PassedSite> Mutations::passed(const char* kernel) const {
  std::vector<PassedSite> sites;
  for (const auto& [site, kind] : passed_)
    sites.push_back({kernel, kind, site_record(site).file, site_record(site).line});
  return sites;
}

}  // namespace executor
}  // namespace mobasim::kernels::simt
