// The primitives on the host: the SIMT executor.
#pragma once

#include "kernels/simt/bugs.h"
#include "kernels/simt/types.h"
