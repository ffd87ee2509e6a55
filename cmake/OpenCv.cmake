# OpenCV's core and imgproc as target lafs_opencv, for what draws sheets (docs/decisions/013). Debian's packages of the two alone hold no
# CMake package.
find_path(LAFS_OPENCV_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4)
find_library(LAFS_OPENCV_CORE opencv_core)
find_library(LAFS_OPENCV_IMGPROC opencv_imgproc)
if(NOT LAFS_OPENCV_INCLUDE OR NOT LAFS_OPENCV_CORE OR NOT LAFS_OPENCV_IMGPROC)
  message(FATAL_ERROR "OpenCV's core and imgproc are missing; run ./bootstrap, or install libopencv-core-dev and libopencv-imgproc-dev")
endif()
add_library(lafs_opencv INTERFACE)
target_include_directories(lafs_opencv SYSTEM INTERFACE ${LAFS_OPENCV_INCLUDE})
target_link_libraries(lafs_opencv INTERFACE ${LAFS_OPENCV_IMGPROC} ${LAFS_OPENCV_CORE})
# OpenCV brings a BLAS whose functions have the names of those that LibTorch exports: the loader must find LibTorch's first. As libraries
# CMake would put LibTorch last, as options they come before everything.
target_link_options(lafs_opencv INTERFACE LINKER:--push-state,--no-as-needed ${LAFS_TORCH_CPU} ${LAFS_C10} LINKER:--pop-state)
