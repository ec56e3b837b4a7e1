# Language, warnings and sanitizers, in one interface target that everything links.
add_library(mobasim_compiler INTERFACE)
target_compile_features(mobasim_compiler INTERFACE cxx_std_20)
target_include_directories(mobasim_compiler INTERFACE ${CMAKE_SOURCE_DIR})

# Golden CSVs must not depend on whether the compiler fuses a multiply and an add.
target_compile_options(mobasim_compiler INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion>)
if(MOBASIM_WERROR)
  target_compile_options(mobasim_compiler INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(MOBASIM_SANITIZE)
  target_compile_options(mobasim_compiler INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${MOBASIM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all>)
  # Under sanitizers GCC 12 finds uninitialised members in its own std::function.
  target_compile_options(mobasim_compiler INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(mobasim_compiler INTERFACE -fsanitize=${MOBASIM_SANITIZE})
endif()

# A static library of all .cpp files of a folder (not of its sub-folders): a new file is found by itself.
function(mobasim_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(folder IN LISTS ARGN)
    file(GLOB more CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND sources ${more})
  endforeach()
  if(NOT sources)  # a part that has headers only, so far
    file(CONFIGURE OUTPUT empty_${name}.cpp CONTENT "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty_${name}.cpp)
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC mobasim_compiler)
endfunction()
