// Functions that are compiled for several instruction sets, of which the program takes the best when it starts: the bits
// are the same, for -ffp-contract=off keeps a product and a sum apart.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__)
#define MOBASIM_WIDE_VECTORS __attribute__((target_clones("avx2", "default")))
#else
#define MOBASIM_WIDE_VECTORS
#endif
