// The inner loops for the instruction set "baseline"; its compiler flags are in kernels/CMakeLists.txt.
#define MOBASIM_MICRO_NAMESPACE micro_baseline
#define MOBASIM_MICRO_NAME "baseline"
#define MOBASIM_VECTOR_BYTES 16
#define MOBASIM_TILE_ROWS 4
#define MOBASIM_TILE_VECTORS 3
#include "kernels/cpu/micro_kernels.inl"
