// cp.async, as late as the rules allow: the destination is poison from the issue on, and the bytes arrive at the wait
// of the thread that asked, with what the source holds then.
#include <cstring>

#include "kernels/simt/global_memory.h"
#include "kernels/simt/machine.h"

namespace mobasim::kernels::simt::executor {

constexpr int kCopyBytes = 16;

void copy(SharedAddress to, const View& view, int row, int column, bool valid, Site site) {
  Machine& m = machine();
  Lane& lane = *m.lane;
  Copy copy{to, lane.group, nullptr, site_id(site)};
  count_access(m, lane, copy.site);
  if (!valid && m.mutations.here(copy.site, SiteKind::copy, MutationKind::copy_always)) valid = true;
  if (valid) {
    copy.from = readable(m, lane, {view, row, column, kCopyBytes, kCopyBytes, copy.site});
    m.counters.copied_bytes += kCopyBytes;
    if (m.options.count_memory) {
      m.warp->traffic.add(lane.thread % kWarp, copy.site, Path::global_copy, kCopyBytes,
                          std::bit_cast<std::uintptr_t>(copy.from));
    }
  }
  ++m.counters.copies;
  issue_shared(m, lane, copy);
  lane.copies.push_back(copy);
}

void commit(Site site) {
  Machine& m = machine();
  if (!m.mutations.here(site_id(site), SiteKind::commit, MutationKind::drop)) ++m.lane->group;
}

void wait(int pending, Site site) {
  Machine& m = machine();
  const SiteId id = site_id(site);
  if (m.mutations.here(id, SiteKind::wait, MutationKind::drop)) return;
  if (m.mutations.here(id, SiteKind::wait, MutationKind::lax_wait)) ++pending;
  Lane& lane = *m.lane;
  const auto newest = static_cast<std::uint32_t>(pending);
  if (lane.group > newest) deliver(m, lane, lane.group - newest);
}

// The groups before `groups` arrive.
void deliver(Machine& m, Lane& lane, std::uint32_t groups) {
  while (lane.delivered < lane.copies.size() && lane.copies[lane.delivered].group < groups) {
    deliver_shared(m, lane, lane.copies[lane.delivered++]);
  }
  if (lane.delivered == lane.copies.size()) {
    lane.copies.clear();
    lane.delivered = 0;
  }
}

namespace {
std::string left_text(const Lane& lane) {
  const Copy& copy = lane.copies[lane.delivered];
  return thread_at(lane.thread, copy.site) + " makes a copy and returns without waiting for it";
}
}  // namespace

void check_no_copies_left(Machine&, const Lane& lane) {
  if (lane.delivered < lane.copies.size()) report(Detector::copies_left, left_text(lane));
}

}  // namespace mobasim::kernels::simt::executor
