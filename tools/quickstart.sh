#!/bin/sh
# One command from a clone to the project's main job: installs, builds, measures the kernels of this machine, costs
# training runs, fits the laws and draws the charts. Asks nothing; results go to out/ in the clone.
set -eu
cd "$(dirname "$0")/.."
started=$(date +%s)
minutes() { awk -v s="$(($(date +%s) - started))" 'BEGIN {printf "%.1f", s / 60}'; }
step() { printf '\n== %s (minute %s)\n' "$1" "$(minutes)" >&2; }

step 'Installing what is missing, and building'
sh tools/build.sh release
PATH=$PWD/build/release:$PATH
built=$(minutes)
mkdir -p out

step 'Verifying the CPU kernels against the float64 reference'
mobasim verify --backend cpu -o out/verify.csv

step 'Measuring the kernels of this machine (one minute)'
mobasim bench -o out/cpu-local --budget 60 >/dev/null

step 'Costing runs: a small model on this machine, and one of the five of the studies on H100s'
mobasim plan quickstart-tiny --device out/cpu-local/cpu-local.yaml -o out/plan-cpu-local.csv
mobasim plan moba-1.5b-32k --device h100-sxm -o out/plan-h100-sxm.csv
mobasim plan moba-1.5b-32k --device h100-sxm --attention full -o out/plan-h100-sxm-full.csv

step 'Fitting the laws and projecting both studies, on 6 N D and on the hours of an H100'
for study in moba-trailing-32k moba-position-28k-30k; do
  mobasim project "$study" -o "out/$study" >/dev/null
  mobasim project "$study" -o "out/$study-gpu-hours" --axis gpu_hours --device h100-sxm >/dev/null
done

step 'Done'
for study in moba-trailing-32k moba-position-28k-30k; do
  for folder in "out/$study" "out/$study-gpu-hours"; do
    printf '\n%s\n' "$folder"
    sed 's/^/  /' "$folder/summary.txt"
  done
done
printf '\nRuns, as CSV: %s %s %s\n' out/plan-*.csv
printf 'Kernels of this machine, as CSV: out/cpu-local, checked: out/verify.csv\n'
printf '\nCharts:\n'
ls out/*/loss-vs-compute.svg out/*/loss-vs-compute.png
printf '\n%s minutes, of which %s for installing and building.\n' "$(minutes)" "$built"
