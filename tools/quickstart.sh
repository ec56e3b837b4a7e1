#!/bin/sh
# One command from a clone to the project's main job: installs, builds, measures the kernels of this machine, costs
# training runs, fits the laws and draws the charts. Asks nothing; results go to out/ in the clone.
set -eu
cd "$(dirname "$0")/.."
started=$(date +%s)
minutes() { awk -v s="$(($(date +%s) - started))" 'BEGIN {printf "%.1f", s / 60}'; }
step() { printf '\n== %s (minute %s)\n' "$1" "$(minutes)" >&2; }

# What a command says is shown when it fails.
quietly() {
  "$@" >out/last-command.log 2>&1 || { status=$?; cat out/last-command.log >&2; exit "$status"; }
}

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
  quietly mobasim project "$study" -o "out/$study"
  quietly mobasim project "$study" -o "out/$study-gpu-hours" --axis gpu_hours --device h100-sxm
done

step 'Done'
# The columns named after the attention, which is quoted and has commas, are counted from the end.
costs='NR == 1 {for (i = 1; i <= NF; i++) back[$i] = NF - i}
  function of(column) {return $(NF - back[column])}
  NR == 2 {printf "  %.3g device hours, %.2f s a step, %.0f%% of the peak, fits: %s, basis: %s (%s)\n",
    of("gpu_hours"), of("step_time_s"), 100 * of("mfu"), of("fits"), of("basis"), FILENAME}'
echo 'What runs cost: a small model on this machine, 1.5B at 32K on H100s with MoBA and with full attention'
for run in cpu-local h100-sxm h100-sxm-full; do awk -F, "$costs" "out/plan-$run.csv"; done
for study in moba-trailing-32k moba-position-28k-30k; do
  for folder in "out/$study" "out/$study-gpu-hours"; do
    printf '\n'
    sed '/^Lower loss/,$d' "$folder/summary.txt"
    echo "More: $folder/summary.txt, laws.csv, curves.csv, projection.csv; chart: $(cd "$folder" && echo loss-vs-compute.*)"
  done
done
printf '\nKernels of this machine: out/cpu-local/cpu-local.profile.csv, checked: out/verify.csv\n'
printf '%s minutes, of which %s for installing and building.\n' "$(minutes)" "$built"
