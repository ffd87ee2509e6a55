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
