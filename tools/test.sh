#!/bin/sh
# One command from a clone to tested: installs what is missing, builds with warnings as errors, runs every test.
# Exits with 0 only when all pass. Tests whose data or hardware is not there are shown as skipped, never as passed:
#   MOBASIM_REFERENCE_DATA  folder of reference data that is not part of this repository
#   MOBASIM_PTX_EMULATOR    folder of a stand-in for the CUDA runtime, which runs the kernels' PTX (tools/test-ptx.sh)
set -eu
cd "$(dirname "$0")/.."
sh tools/build.sh ci
exec ctest --preset ci --parallel "$(nproc)"
