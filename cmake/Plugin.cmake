include(PluginOptions)

# Kinds of plugin whose contract has no tensors: their plugins and tests are built without LibTorch. Every other kind has it.
set(LAFS_KINDS_WITHOUT_TORCH data_source augmentation evaluator)

# The stamp, apart from the sources: a changed header of the sdk compiles only what includes it, and this.
add_library(lafs_stamp OBJECT ${CMAKE_SOURCE_DIR}/cmake/stamp.cpp)
target_include_directories(lafs_stamp PRIVATE ${CMAKE_SOURCE_DIR}/sdk ${CMAKE_BINARY_DIR}/generated)

# lafs_plugin_target(TARGET TORCH): what every plugin of the tree shares. It links the static libraries of the sdk, of which it keeps what it
# uses, LibTorch where TORCH is true, and nothing else of ours.
function(lafs_plugin_target target torch)
  lafs_plugin_options(${target})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:lafs_stamp>)
  target_compile_definitions(${target} PRIVATE LAFS_STAMP_APART)
  target_link_options(${target} PRIVATE -Wl,--as-needed)
  if(torch)
    target_link_libraries(${target} PRIVATE lafs_nn fmt::fmt)  # the precompiled header was made with the definitions of fmt
    target_precompile_headers(${target} REUSE_FROM lafs_torch_pch)
  else()
    target_link_libraries(${target} PRIVATE lafs_imaging lafs_formats lafs_metrics xxhash)
    set_property(GLOBAL APPEND PROPERTY LAFS_PLUGINS_WITHOUT_TORCH ${target})
  endif()
  set_property(GLOBAL APPEND PROPERTY LAFS_PLUGINS ${target})
endfunction()

# lafs_plugin(KIND NAME): builds plugins/KIND/NAME/*.cpp into lib/lafs/plugins/lafs_KIND_NAME.so, which exports two symbols. plugin.cmake in
# that folder, where there is one, may say more of the target KIND_NAME, such as another library to link.
function(lafs_plugin kind name)
  set(target ${kind}_${name})
  set(folder ${CMAKE_SOURCE_DIR}/plugins/${kind}/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  add_library(${target} MODULE ${sources})
  set(torch ON)
  if(kind IN_LIST LAFS_KINDS_WITHOUT_TORCH)
    set(torch OFF)
  endif()
  lafs_plugin_target(${target} ${torch})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME lafs_${kind}_${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/lafs/plugins)
  set_property(GLOBAL APPEND PROPERTY LAFS_INSTALLED_PLUGINS ${target})
  if(EXISTS ${folder}/plugin.cmake)
    include(${folder}/plugin.cmake)
  endif()
endfunction()
