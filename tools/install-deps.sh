#!/bin/sh
# Installs what mobasim is built with, on Debian 12 or later and Ubuntu 24.04 or later. Asks nothing, installs only what
# is missing, and needs neither root nor the network when nothing is.
set -eu

# Dependencies:  Ceres fits, CLI11 parses arguments, yaml-cpp reads configs, Catch2 tests, rsvg-convert makes the PNG
# of a chart, Boost.Context runs CUDA threads as fibers, oneDNN multiplies the matrices that bench times, and
# the CPU kernels are written with Highway.
packages="g++ cmake ninja-build git ca-certificates
  libceres-dev libeigen3-dev libcli11-dev libyaml-cpp-dev libfmt-dev libboost-context-dev libdnnl-dev libhwy-dev
  catch2 librsvg2-bin fonts-dejavu-core"

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "install-deps: this is no Debian or Ubuntu; install the equivalents of:" $packages >&2
  exit 3
fi

missing=
for package in $packages; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1; then
  as_root=sudo
  [ -t 0 ] || as_root='sudo -n'
else
  echo "install-deps: not root and no sudo here. As root, run: apt-get install --no-install-recommends$missing" >&2
  exit 3
fi

echo "install-deps: installing$missing" >&2
apt="$as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -qq -o Dpkg::Use-Pty=0"
$apt update >&2
$apt install -y --no-install-recommends $missing </dev/null >&2
