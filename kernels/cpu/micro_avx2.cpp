// The inner loops for the instruction set "avx2"; its compiler flags are in kernels/CMakeLists.txt.
#define MOBASIM_MICRO_NAMESPACE micro_avx2
#define MOBASIM_MICRO_NAME "avx2"
#define MOBASIM_VECTOR_BYTES 32
#define MOBASIM_TILE_ROWS 4
#define MOBASIM_TILE_VECTORS 2
#include "kernels/cpu/micro_kernels.inl"
