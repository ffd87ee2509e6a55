# cmake --install BUILD --prefix DIR: a tree that may be moved: bin/lafs, lib/lafs (plugins, libraries of the sdk), include/lafs,
# share/lafs/recipes and a CMake package. LibTorch stays where it was found; --component torch takes it along.
get_filename_component(LAFS_TORCH_ROOT ${LAFS_TORCH_LIB_DIR} DIRECTORY)

set(package lib/cmake/lafs)
configure_file(${CMAKE_SOURCE_DIR}/cmake/lafsConfig.cmake.in ${CMAKE_BINARY_DIR}/generated/lafsConfig.cmake @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/lafsConfigVersion.cmake COMPATIBILITY ExactVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/lafsConfig.cmake ${CMAKE_BINARY_DIR}/generated/lafsConfigVersion.cmake
  cmake/Torch.cmake cmake/PluginOptions.cmake cmake/plugin.map DESTINATION ${package} COMPONENT lafs)

install(TARGETS lafs RUNTIME DESTINATION bin COMPONENT lafs)
get_property(plugins GLOBAL PROPERTY LAFS_INSTALLED_PLUGINS)
install(TARGETS ${plugins} LIBRARY DESTINATION lib/lafs/plugins COMPONENT lafs)
get_property(libraries GLOBAL PROPERTY LAFS_INSTALLED_LIBRARIES)
install(TARGETS ${libraries} LIBRARY DESTINATION lib/lafs COMPONENT lafs)
foreach(data maps examples python)
  install(DIRECTORY ${CMAKE_BINARY_DIR}/lib/lafs/plugins/${data} DESTINATION lib/lafs/plugins COMPONENT lafs FILES_MATCHING PATTERN "*.toml" PATTERN "*.py")
endforeach()
install(TARGETS lafs_sdk lafs_formats lafs_metrics lafs_imaging lafs_nn ARCHIVE DESTINATION lib/lafs/sdk COMPONENT lafs)
install(TARGETS lafs_faces LIBRARY DESTINATION lib/lafs COMPONENT lafs)
foreach(room lafs nn imaging formats metrics cuda)
  install(DIRECTORY sdk/${room} DESTINATION include/lafs COMPONENT lafs FILES_MATCHING PATTERN "*.h")
endforeach()
install(FILES ${CMAKE_BINARY_DIR}/generated/lafs/build.h DESTINATION include/lafs/lafs COMPONENT lafs)
install(DIRECTORY recipes DESTINATION share/lafs COMPONENT lafs PATTERN "*.md" EXCLUDE)
install(FILES LICENSE DESTINATION share/lafs COMPONENT lafs)
if(LAFS_CUDA)
  install(FILES ${CMAKE_BINARY_DIR}/lib/lafs/liblafs_cuda.so DESTINATION lib/lafs COMPONENT lafs)
endif()

# As the wheel lays it out: the libraries find each other by relative paths.
install(DIRECTORY ${LAFS_TORCH_ROOT}/lib ${LAFS_TORCH_ROOT}/include DESTINATION lib/lafs/torch COMPONENT torch EXCLUDE_FROM_ALL USE_SOURCE_PERMISSIONS)
if(EXISTS ${LAFS_TORCH_ROOT}/../nvidia)
  install(DIRECTORY ${LAFS_TORCH_ROOT}/../nvidia DESTINATION lib/lafs COMPONENT torch EXCLUDE_FROM_ALL USE_SOURCE_PERMISSIONS)
endif()
