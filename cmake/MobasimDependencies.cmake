# Libraries that Debian 12 and Ubuntu 24.04 package. tools/install-deps.sh installs them.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)  # its name before 0.8
  add_library(yaml-cpp::yaml-cpp INTERFACE IMPORTED)
  target_link_libraries(yaml-cpp::yaml-cpp INTERFACE yaml-cpp)
endif()
find_package(CLI11 REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(Ceres REQUIRED)
find_package(Boost REQUIRED COMPONENTS context)
# oneDNN's own package files ask for OpenCL's headers, which nothing here needs.
find_path(MOBASIM_ONEDNN_INCLUDE dnnl.hpp REQUIRED)
find_library(MOBASIM_ONEDNN_LIBRARY dnnl REQUIRED)
add_library(mobasim_onednn INTERFACE)
target_include_directories(mobasim_onednn SYSTEM INTERFACE ${MOBASIM_ONEDNN_INCLUDE})
target_link_libraries(mobasim_onednn INTERFACE ${MOBASIM_ONEDNN_LIBRARY})
