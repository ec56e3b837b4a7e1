# Language, warnings and sanitizers, in one interface target that everything links.
add_library(mobasim_compiler INTERFACE)
target_compile_features(mobasim_compiler INTERFACE cxx_std_20)
target_include_directories(mobasim_compiler INTERFACE ${CMAKE_SOURCE_DIR})

# Golden CSVs must not depend on whether the compiler fuses a multiply and an add.
target_compile_options(mobasim_compiler INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion>)
# At -O3 GCC 12 sees uninitialised and overlapping memory in its own std::string and std::function (GCC bugs 105329,
# 105562, 105651). From GCC 13 on a reference that a function returns is suspected of being to any temporary among its
# arguments, such as the name that it looks up (GCC bug 107532 and those after it). Through a precompiled header GCC 12
# forgets what is a system header, and warns of std::string going beyond its bounds; the sanitizers look for that.
target_compile_options(mobasim_compiler INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized -Wno-restrict -Wno-dangling-reference
    -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow>)
# What computes for long asks for -O3 (mobasim_computes); of the rest a quarter of the time of compiling would go there.
# The program's commands and the tests, which nobody waits for, are compiled at -O1 and have precompiled headers of their
# own: with a header that was precompiled at -O1, GCC 12 crashes at -O3, and GCC 14 does not take it.
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
set(MOBASIM_PLAIN $<$<CONFIG:Release,RelWithDebInfo>:-O1>)

# Libraries that nothing is used of are not loaded, as Ubuntu has it by default.
target_link_options(mobasim_compiler INTERFACE -Wl,--as-needed)
if(MOBASIM_WERROR)
  target_compile_options(mobasim_compiler INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(MOBASIM_SANITIZE)
  target_compile_options(mobasim_compiler INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${MOBASIM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all>)
  target_link_options(mobasim_compiler INTERFACE -fsanitize=${MOBASIM_SANITIZE})
endif()
# Object files that hold GCC's intermediate code beside the machine code. tests/tree/one_definition_test.cpp lets the
# linker compare the types in it; programs are linked from the machine code.
if(MOBASIM_ODR AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(mobasim_compiler INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-flto;-ffat-lto-objects>)
  target_link_options(mobasim_compiler INTERFACE -fno-lto)
endif()

# A static library of all .cpp files of a folder and below, without main.cpp and the folders named: a new file or folder is
# found by itself.
function(mobasim_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  foreach(folder IN LISTS ARGN)
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${folder}/")
  endforeach()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC mobasim_compiler)
endfunction()

# mobasim_computes(FOLDER...): the .cpp files of these folders are where long work spends its time.
set(MOBASIM_FAST $<$<CONFIG:Release,RelWithDebInfo>:-O3>)
function(mobasim_computes)
  list(TRANSFORM ARGN APPEND /*.cpp OUTPUT_VARIABLE patterns)
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "${MOBASIM_FAST}")
endfunction()

# mobasim_precompile(NAME [REUSE_FROM OTHER]): the headers that most files of a library include are compiled once, for it or
# for both. Reading them is half of what a file takes.
function(mobasim_precompile name)
  if(ARGN)
    target_precompile_headers(${name} ${ARGN})
  else()
    target_precompile_headers(${name} PRIVATE <algorithm> <array> <cmath> <cstdint> <filesystem> <functional> <map> <memory>
      <optional> <span> <string> <string_view> <utility> <variant> <vector> <fmt/format.h>)
  endif()
endfunction()

# A part of the program that is loaded when it is first used (sim/base/module.h): a shared object beside the program.
function(mobasim_module name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE mobasim_compiler)
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
