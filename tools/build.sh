#!/bin/sh
# build.sh PRESET: installs what is missing, configures and builds into build/PRESET. Uses every core, within the
# memory there is. CC and CXX choose the compiler.
set -eu
preset=${1:?'usage: tools/build.sh PRESET (release, dev, ci, sanitize)'}
cd "$(dirname "$0")/.."
sh tools/install-deps.sh

# A file that includes Ceres takes 0.6 to 1.2 GB to compile.
jobs=$(nproc)
memory_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo 2>/dev/null || true)
if [ -n "$memory_kb" ]; then
  bound=$((memory_kb / 1200000))
  [ "$bound" -ge 1 ] || bound=1
  [ "$jobs" -le "$bound" ] || jobs=$bound
fi

cmake --preset "$preset" >&2
cmake --build --preset "$preset" --parallel "$jobs" >&2
