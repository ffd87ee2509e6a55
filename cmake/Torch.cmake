# LibTorch as target lafs_torch: torch_cpu and c10 only (never libtorch.so, which needs libtorch_cuda). Needs fmt::fmt.
# Looked for in CMAKE_PREFIX_PATH first, then in the folders of LAFS_TORCH_HINTS; with LAFS_TORCH_HINTS_FIRST the other way round. What was
# found before and is gone is looked for again.
set(places ${CMAKE_PREFIX_PATH} ${LAFS_TORCH_HINTS})
if(LAFS_TORCH_HINTS_FIRST)
  set(places ${LAFS_TORCH_HINTS} ${CMAKE_PREFIX_PATH})
endif()
foreach(found LAFS_TORCH_INCLUDE LAFS_TORCH_CPU LAFS_C10)
  if(${found} AND NOT EXISTS ${${found}})
    unset(${found} CACHE)
  endif()
endforeach()
find_path(LAFS_TORCH_INCLUDE ATen/ATen.h
  HINTS ${places} PATH_SUFFIXES include torch/include NO_DEFAULT_PATH)
find_library(LAFS_TORCH_CPU torch_cpu HINTS ${places} PATH_SUFFIXES lib torch/lib NO_DEFAULT_PATH)
find_library(LAFS_C10 c10 HINTS ${places} PATH_SUFFIXES lib torch/lib NO_DEFAULT_PATH)
if(NOT LAFS_TORCH_INCLUDE OR NOT LAFS_TORCH_CPU OR NOT LAFS_C10)
  list(JOIN LAFS_TORCH_HINTS " nor in " hints)
  message(FATAL_ERROR "LibTorch is neither in CMAKE_PREFIX_PATH nor in ${hints}${LAFS_TORCH_ADVICE}")
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
