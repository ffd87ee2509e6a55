# lafs_together(TARGET SIZE): where LAFS_UNITY is on, SIZE files of the target go through the compiler as one. Headers cost more than the code
# below them, LibTorch's most of all. Files with compiler options of their own stay alone, and so do those that say
# SKIP_UNITY_BUILD_INCLUSION.
function(lafs_together target size)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${LAFS_UNITY} UNITY_BUILD_BATCH_SIZE ${size})
  if(LAFS_UNITY)
    # It takes each of the files for a header, where a type of an anonymous namespace would be a mistake.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()
