target_link_libraries(${target} PRIVATE lafs_formats xxhash)
