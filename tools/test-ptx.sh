#!/bin/sh
# test-ptx.sh BUILD_FOLDER STEP [ARCHITECTURE]: runs the PTX that nvcc made of the CUDA kernels where no GPU is, on a
# stand-in for the CUDA runtime. Three steps, the first of which the others need:
#   build           the program mobasim_ptx in the build folder, and the stand-in
#   conformance 80  every primitive; the PTX for compute capability 8.0 (80) or 9.0 (90)
#   verify 80       the kernels, both passes, quick
# MOBASIM_PTX_EMULATOR is a folder with the sources of a libcudart.so.13 that `make` builds, which ends the program with
# 86 when it finds fault. Exits with 77 (skipped) where that or nvcc is not there.
set -eu
usage='usage: tools/test-ptx.sh BUILD_FOLDER build | conformance 80|90 | verify 80|90'
folder=${1:?"$usage"}
step=${2:?"$usage"}
stand_in=$folder/stand-in

skip() {
  echo "MOBASIM_SKIP: $1" >&2
  exit 77
}
[ -n "${MOBASIM_PTX_EMULATOR:-}" ] || skip 'MOBASIM_PTX_EMULATOR is not set'
grep -q '^MOBASIM_HAS_CUDA:INTERNAL=ON$' "$folder/CMakeCache.txt" || skip "$folder is built without nvcc"

build() {
  mkdir -p "$stand_in"
  cp -R "$MOBASIM_PTX_EMULATOR/." "$stand_in"
  make -C "$stand_in" -j "$(nproc)" libcudart.so.13
  cmake --build "$folder" --target mobasim_ptx --parallel "$(nproc)"
}

# Clean: the program's own exit code is 0, kernels were run, and the stand-in has neither errors nor warnings to tell.
run_clean() {
  architecture=$1
  shift
  log=$folder/ptx-$step-$architecture.log
  status=0
  LD_LIBRARY_PATH=$stand_in PTXEMU_OPTS="--cc $architecture" "$folder/mobasim_ptx" "$@" 2>"$log" || status=$?
  grep -v '^ptxemu: *_Z' "$log" >&2 || true
  problem=
  [ "$status" -eq 0 ] || problem="exit code $status"
  grep -q '^ptxemu: [1-9][0-9]* launches' "$log" || problem='the stand-in ran no kernel'
  ! grep -qE '^(warning|ERROR|FATAL) |^ptxemu: FATAL' "$log" || problem='the stand-in has findings'
  [ -z "$problem" ] || {
    echo "test-ptx: $problem" >&2
    exit 1
  }
}

case $step in
  build) build ;;
  conformance) run_clean "${3:?"$usage"}" verify --conformance --backend cuda --format table ;;
  verify) run_clean "${3:?"$usage"}" verify --backend cuda --quick --format table ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac
