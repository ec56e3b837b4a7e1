# The commit that is built, for --version and for the provenance of measurements. "unknown" outside a git checkout or
# where git refuses it (a clone owned by somebody else).
find_package(Git QUIET)
set(MOBASIM_COMMIT unknown)
if(Git_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} describe --always --dirty --abbrev=12 --exclude=*
                  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE described
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed AND described)
    set(MOBASIM_COMMIT ${described})
  endif()
  # A new commit configures anew.
  foreach(reference HEAD index)
    if(EXISTS ${CMAKE_SOURCE_DIR}/.git/${reference})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/.git/${reference})
    endif()
  endforeach()
endif()
configure_file(${CMAKE_SOURCE_DIR}/cmake/version.h.in ${CMAKE_BINARY_DIR}/generated/mobasim_version.h @ONLY)
add_library(mobasim_version INTERFACE)
target_include_directories(mobasim_version INTERFACE ${CMAKE_BINARY_DIR}/generated)
