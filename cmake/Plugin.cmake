include(PluginOptions)

# lafs_plugin(KIND NAME [TORCH] [LIBS lib...]): builds plugins/KIND/NAME/*.cpp into lib/lafs/plugins/lafs_KIND_NAME.so,
# which exports two symbols and links static sdk libraries, torch where asked, and nothing else of ours.
function(lafs_plugin kind name)
  cmake_parse_arguments(arg "TORCH" "" "LIBS" ${ARGN})
  set(target ${kind}_${name})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/plugins/${kind}/${name}/*.cpp)
  add_library(${target} MODULE ${sources})
  lafs_plugin_options(${target})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/sdk)
  target_link_libraries(${target} PRIVATE lafs_sdk ${arg_LIBS})
  if(arg_TORCH)
    target_link_libraries(${target} PRIVATE lafs_nn fmt::fmt)  # the precompiled header was made with the definitions of fmt
    target_precompile_headers(${target} REUSE_FROM lafs_torch_pch)
  else()
    set_property(GLOBAL APPEND PROPERTY LAFS_PLUGINS_WITHOUT_TORCH ${target})
  endif()
  set_target_properties(${target} PROPERTIES OUTPUT_NAME lafs_${kind}_${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/lafs/plugins)
  set_property(GLOBAL APPEND PROPERTY LAFS_PLUGINS ${target})
  set_property(GLOBAL APPEND PROPERTY LAFS_INSTALLED_PLUGINS ${target})
endfunction()
