# LibTorch as two imported targets' worth of flags: torch_cpu and c10 only (never libtorch.so, which needs libtorch_cuda).
# Looked for in CMAKE_PREFIX_PATH first, then in .deps, where `bootstrap` puts PyPI's wheel.
find_path(LAFS_TORCH_INCLUDE ATen/ATen.h
  HINTS ${CMAKE_PREFIX_PATH} ${LAFS_DEPS}/torch PATH_SUFFIXES include torch/include NO_DEFAULT_PATH)
find_library(LAFS_TORCH_CPU torch_cpu HINTS ${CMAKE_PREFIX_PATH} ${LAFS_DEPS}/torch PATH_SUFFIXES lib torch/lib NO_DEFAULT_PATH)
find_library(LAFS_C10 c10 HINTS ${CMAKE_PREFIX_PATH} ${LAFS_DEPS}/torch PATH_SUFFIXES lib torch/lib NO_DEFAULT_PATH)
if(NOT LAFS_TORCH_INCLUDE OR NOT LAFS_TORCH_CPU OR NOT LAFS_C10)
  message(FATAL_ERROR "LibTorch is neither in CMAKE_PREFIX_PATH nor in ${LAFS_DEPS}; run ./bootstrap")
endif()
get_filename_component(LAFS_TORCH_LIB_DIR ${LAFS_TORCH_CPU} DIRECTORY)

file(STRINGS ${LAFS_TORCH_INCLUDE}/torch/headeronly/version.h version_lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
foreach(part MAJOR MINOR PATCH)
  string(REGEX MATCH "TORCH_VERSION_${part} ([0-9]+)" unused "${version_lines}")
  set(torch_${part} ${CMAKE_MATCH_1})
endforeach()
set(LAFS_TORCH_VERSION "${torch_MAJOR}.${torch_MINOR}.${torch_PATCH}")

# Torch bundles a newer fmt than Debian's: a folder with one link, searched first, keeps one fmt in the program.
set(fmt_first ${CMAKE_BINARY_DIR}/fmt_first)
file(MAKE_DIRECTORY ${fmt_first})
get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
list(GET fmt_include 0 fmt_include)
file(CREATE_LINK ${fmt_include}/fmt ${fmt_first}/fmt SYMBOLIC)

add_library(lafs_torch INTERFACE)
target_include_directories(lafs_torch SYSTEM INTERFACE ${fmt_first} ${LAFS_TORCH_INCLUDE} ${LAFS_TORCH_INCLUDE}/torch/csrc/api/include)
target_link_libraries(lafs_torch INTERFACE ${LAFS_TORCH_CPU} ${LAFS_C10})
target_compile_definitions(lafs_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
# at::parallel_for is inline and serial without it. The process has one OpenMP: torch's own library goes by the same soname.
target_compile_options(lafs_torch INTERFACE -fopenmp)
target_link_options(lafs_torch INTERFACE -fopenmp)

# One precompiled header for every torch-heavy file.
add_library(lafs_torch_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
set_target_properties(lafs_torch_pch PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_link_libraries(lafs_torch_pch PUBLIC lafs_torch fmt::fmt)
target_precompile_headers(lafs_torch_pch PRIVATE <torch/types.h> <torch/nn/module.h> <torch/csrc/autograd/custom_function.h>)

# A target with torch-heavy sources: torch, and the shared precompiled header.
function(lafs_uses_torch target)
  target_link_libraries(${target} PUBLIC lafs_torch)
  target_precompile_headers(${target} REUSE_FROM lafs_torch_pch)
endfunction()
