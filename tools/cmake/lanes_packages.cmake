# SPDX-License-Identifier: Apache-2.0
#
# Third-party libraries other than LLVM, as imported targets (headers are SYSTEM):
#   PkgConfig::HWLOC  PkgConfig::JANSSON  PkgConfig::SECCOMP  PkgConfig::CRITERION
#   PkgConfig::MPFR   (the last two for tests)
#   lanes::openmp     (only src/team links it)

find_package(PkgConfig REQUIRED)

function(lanes_need variable module debian_package)
    pkg_check_modules(${variable} IMPORTED_TARGET GLOBAL ${module})
    if(NOT ${variable}_FOUND)
        message(FATAL_ERROR "${module} not found; install ${debian_package} "
            "(tools/check installs all packages)")
    endif()
endfunction()

lanes_need(HWLOC hwloc>=2.9 libhwloc-dev)
lanes_need(JANSSON jansson libjansson-dev)
lanes_need(SECCOMP libseccomp libseccomp-dev)
if(LANES_BUILD_TESTS)
    lanes_need(CRITERION criterion>=2.4 libcriterion-dev)
    lanes_need(MPFR mpfr>=4.0 libmpfr-dev)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

if(LANES_TEAM STREQUAL "omp")
    find_package(OpenMP COMPONENTS C)
    if(NOT OpenMP_C_FOUND)
        message(FATAL_ERROR "${CMAKE_C_COMPILER} cannot build OpenMP programs; for clang-N "
            "install libomp-N-dev, or use -DLANES_TEAM=serial")
    endif()
    add_library(lanes_openmp INTERFACE)
    add_library(lanes::openmp ALIAS lanes_openmp)
    target_link_libraries(lanes_openmp INTERFACE OpenMP::OpenMP_C)
    if(CMAKE_C_COMPILER_ID MATCHES "Clang")
        # The system's libomp.so.5 may belong to another clang than the one that compiles.
        execute_process(COMMAND "${CMAKE_C_COMPILER}" -print-resource-dir
            OUTPUT_VARIABLE resource_dir OUTPUT_STRIP_TRAILING_WHITESPACE)
        file(REAL_PATH "${resource_dir}/../.." omp_dir)
        if(EXISTS "${omp_dir}/libomp.so.5")
            target_link_options(lanes_openmp INTERFACE "LINKER:-rpath,${omp_dir}")
        endif()
    endif()
endif()
