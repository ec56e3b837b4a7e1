#!/bin/sh
# ptxas-log.sh LOG COMMAND...: runs nvcc, and keeps what ptxas says of each kernel (registers, spills) in LOG.
log=$1
shift
"$@" 2>"$log.part"
status=$?
about_kernels='^ptxas info\|^    [0-9]* bytes stack frame'
grep "$about_kernels" "$log.part" >"$log"
grep -v "$about_kernels" "$log.part" >&2
rm -f "$log.part"
exit $status
