// What is asked: a model, a workload, a layout, a stack and a device.
#pragma once

#include <string>

#include "sim/device/attention_kernel.h"
#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/parallel/layout.h"
#include "sim/run/workload.h"
#include "sim/stack/stack.h"

namespace mobasim {

struct Run {
  std::string name;
  ModelShape model;
  Workload workload;
  Layout layout;
  KernelChoice kernels;
  Device device;
  Stack stack;
};

}  // namespace mobasim
