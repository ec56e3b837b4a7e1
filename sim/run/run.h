// What is asked: a model, a workload, how it is carried out, a stack and a device.
#pragma once

#include <string>

#include "sim/device/attention_kernel.h"
#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/run/execution.h"
#include "sim/run/workload.h"
#include "sim/stack/stack.h"

namespace mobasim {

struct Run {
  std::string name;
  ModelShape model;
  Workload workload;
  Execution execution;
  KernelChoice kernels;
  Device device;
  Stack stack;
};

}  // namespace mobasim
