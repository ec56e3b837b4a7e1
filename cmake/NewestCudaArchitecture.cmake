# mobasim_newest_cuda_architecture(RESULT LISTED): of what `nvcc --list-gpu-arch` prints, the architecture with the largest
# number: 121, or "" where there is none. The list is in no order: 13.0 has 110 before 103, and 13.5 ends with 107. Letters
# after a number (100a, 103f) are features of an architecture, not another one.
function(mobasim_newest_cuda_architecture result listed)
  string(REGEX MATCHALL "compute_[0-9]+" architectures "${listed}")
  list(SORT architectures COMPARE NATURAL ORDER DESCENDING)
  list(POP_FRONT architectures newest)
  string(REPLACE "compute_" "" newest "${newest}")
  set(${result} "${newest}" PARENT_SCOPE)
endfunction()
