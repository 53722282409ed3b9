# SPDX-License-Identifier: Apache-2.0
#
# Language level, build types and where outputs go.

# Debug is what developers run: it has LANES_DEBUG, which turns LANES_DASSERT on. Release
# keeps assertions (LANES_ASSERT is cheap and finds our own bugs in the field) and symbols.
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()
# Macros in debuggers (-g3) cost a tenth of the time to compile, and all but lines (-g1)
# a quarter.
set(LANES_DEBUG_INFO -g3 CACHE STRING "Debug information of Debug builds: -g3, -g or -g1")
set(CMAKE_C_FLAGS_DEBUG "-Og ${LANES_DEBUG_INFO} -DLANES_DEBUG=1")
set(CMAKE_C_FLAGS_RELEASE "-O3 -g")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Every source may use Linux's interfaces; no file defines _GNU_SOURCE itself.
add_compile_definitions(_GNU_SOURCE)
# __FILE__ is a path inside the repository, so logs do not depend on the build machine.
add_compile_options("-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")

# Compiled code is kept on disk for as long as nothing that made it has changed, which is
# told by build ids. Not every compiler asks its linker for one.
add_link_options(LINKER:--build-id=sha1)

# Programs find each other by place: lanesd looks for lanes-executor, and that for
# lanes-compiler, beside itself, and
# liblanes looks for ../bin/lanesd, in the build tree as in an installation. Tests are in
# bin/ as well so that code linked into them finds the programs in the same way.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
