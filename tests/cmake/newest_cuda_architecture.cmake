# cmake -P: the newest architecture of lists as nvcc prints them.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/NewestCudaArchitecture.cmake)

function(check expected)
  string(REGEX REPLACE "([^;]+)" "compute_\\1" listed "${ARGN}")
  string(REPLACE ";" "\n" listed "${listed}")
  mobasim_newest_cuda_architecture(newest "${listed}\n")
  if(NOT newest STREQUAL expected)
    message(SEND_ERROR "the newest is ${expected}, not '${newest}', of\n${listed}")
  endif()
endfunction()

check(121 75 80 86 87 88 89 90 100 110 103 120 121)      # nvcc 13.0
check(121 75 80 86 87 88 89 90 100 110 103 120 121 107)  # nvcc 13.5
check(90 90 89)
check(103 90a 103f 100a)
check(1000 999 1000)
check("")
