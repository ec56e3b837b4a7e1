// Mutations the executor makes at a place of the kernels' source, without touching it: what is left out or made lax is
// found by its site. Session::sites() lists the sites a run passed.
#pragma once

#include <string>

namespace mobasim::kernels::simt {

enum class SiteKind { sync_block, sync_warp, commit, wait, copy, atomic };
[[nodiscard]] const char* name(SiteKind kind);

struct PassedSite {
  std::string kernel;
  SiteKind kind = SiteKind::sync_block;
  std::string file;
  int line = 0;
};

enum class MutationKind {
  none,
  drop,          // a sync_block, sync_warp, commit or wait does nothing
  lax_wait,      // a wait lets one more group be on its way
  copy_always,   // a copy that is not valid is made all the same
  plain_atomic,  // an atomic is a load and a store
};

struct Mutation {
  MutationKind kind = MutationKind::none;
  std::string kernel;  // launches whose name begins so; empty: all
  std::string file;    // the file's name ends so
  int line = 0;
};

}  // namespace mobasim::kernels::simt
