# liblafs_cuda.so: our kernels, in one library that the program opens where there is a GPU (docs/decisions/005).
# nvcc is called directly: CMake's CUDA language would hand it every option of the C++ targets.
find_program(LAFS_NVCC nvcc HINTS ENV CUDACXX ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES bin)
if(NOT LAFS_NVCC)
  message(FATAL_ERROR "LAFS_CUDA is on, and nvcc is neither in PATH nor in /usr/local/cuda/bin: install a CUDA toolkit")
endif()
if(NOT EXISTS ${LAFS_TORCH_LIB_DIR}/libtorch_cuda.so)
  message(NOTICE "libtorch_cuda.so is not in ${LAFS_TORCH_LIB_DIR}: the kernels are built, and what is built runs without a GPU; ./bootstrap --cuda brings it")
endif()

# Machine code for those of these that the toolkit knows, and code of the last for what comes after.
execute_process(COMMAND ${LAFS_NVCC} --list-gpu-arch OUTPUT_VARIABLE known COMMAND_ERROR_IS_FATAL ANY)
set(architectures "")
foreach(architecture 80 90 100)
  if(known MATCHES "compute_${architecture}\n")
    list(APPEND architectures -gencode=arch=compute_${architecture},code=sm_${architecture})
    set(last ${architecture})
  endif()
endforeach()
if(NOT architectures)
  message(FATAL_ERROR "\"${LAFS_NVCC}\" knows none of the GPU architectures 80, 90 and 100")
endif()
list(APPEND architectures -gencode=arch=compute_${last},code=compute_${last})

# -fmad=false: one rounding everywhere, as for the processor.
set(options -std=c++20 -O2 -fmad=false -ccbin ${CMAKE_CXX_COMPILER} -I${CMAKE_SOURCE_DIR}/sdk -Xcompiler=-fPIC,-fvisibility=hidden,-Wall,-Wextra)
if(LAFS_WERROR)
  list(APPEND options -Werror all-warnings -Xcompiler=-Werror)
endif()
file(GLOB cuda_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sdk/cuda/*.cu)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/cuda ${CMAKE_BINARY_DIR}/lib/lafs)
set(objects "")
foreach(source ${cuda_sources})
  get_filename_component(name ${source} NAME_WE)
  set(object ${CMAKE_BINARY_DIR}/cuda/${name}.o)
  add_custom_command(OUTPUT ${object} DEPENDS ${source} DEPFILE ${object}.d COMMENT "Building CUDA object cuda/${name}.o"
    COMMAND ${LAFS_NVCC} ${options} ${architectures} -MD -MF ${object}.d -c ${source} -o ${object} VERBATIM)
  list(APPEND objects ${object})
endforeach()
set(library ${CMAKE_BINARY_DIR}/lib/lafs/liblafs_cuda.so)
add_custom_command(OUTPUT ${library} DEPENDS ${objects} COMMENT "Linking lib/lafs/liblafs_cuda.so"
  COMMAND ${LAFS_NVCC} -shared -cudart static -ccbin ${CMAKE_CXX_COMPILER} -Xlinker --exclude-libs=ALL -Xlinker -z,defs ${architectures} ${objects} -o ${library} VERBATIM)
add_custom_target(lafs_cuda ALL DEPENDS ${library})
