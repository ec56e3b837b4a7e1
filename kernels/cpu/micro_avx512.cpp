// The inner loops for the instruction set "avx512"; its compiler flags are in kernels/CMakeLists.txt.
#define MOBASIM_MICRO_NAMESPACE micro_avx512
#define MOBASIM_MICRO_NAME "avx512"
#define MOBASIM_VECTOR_BYTES 64
#define MOBASIM_TILE_ROWS 8
#define MOBASIM_TILE_VECTORS 2
#include "kernels/cpu/micro_kernels.inl"
