# SPDX-License-Identifier: Apache-2.0
#
# Finds LLVM by its llvm-config and defines the target lanes::llvm (headers as SYSTEM, the
# one shared library). find_package(LLVM CONFIG) is not used: it also demands the
# development packages of zlib, zstd, libxml2, libedit and libffi, which only static
# linking needs.

set(LANES_LLVM_SUPPORTED 22 21 20 19)

if(LANES_LLVM_MAJOR)
    if(NOT LANES_LLVM_MAJOR IN_LIST LANES_LLVM_SUPPORTED)
        message(FATAL_ERROR "LANES_LLVM_MAJOR is ${LANES_LLVM_MAJOR}; "
            "lanes works with ${LANES_LLVM_SUPPORTED}")
    endif()
    set(candidates ${LANES_LLVM_MAJOR})
else()
    set(candidates ${LANES_LLVM_SUPPORTED})
endif()

set(llvm_config "")
foreach(major IN LISTS candidates)
    # llvm-N alone brings llvm-config but no headers; those come with llvm-N-dev.
    if(EXISTS "/usr/lib/llvm-${major}/include/llvm-c/Core.h")
        set(llvm_config "/usr/lib/llvm-${major}/bin/llvm-config")
        break()
    endif()
endforeach()
if(NOT llvm_config)
    list(GET candidates 0 wanted)
    message(FATAL_ERROR "no LLVM of ${candidates} found under /usr/lib/llvm-N; "
        "install llvm-${wanted}-dev (tools/check installs all packages)")
endif()

function(lanes_ask_llvm out)
    execute_process(COMMAND "${llvm_config}" ${ARGN}
        OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    set(${out} "${answer}" PARENT_SCOPE)
endfunction()
lanes_ask_llvm(LANES_LLVM_VERSION --version)
lanes_ask_llvm(llvm_include_dir --includedir)
lanes_ask_llvm(llvm_lib_dir --libdir)
lanes_ask_llvm(LANES_LLVM_BIN_DIR --bindir)

# Resolve the development link to the real file. It lies in the system's library folder,
# so programs get no RPATH into llvm_lib_dir, where LLVM keeps a libgomp.so.1 of its own
# that would replace gcc's.
file(REAL_PATH "${llvm_lib_dir}/libLLVM.so" llvm_library)
add_library(lanes_llvm INTERFACE)
add_library(lanes::llvm ALIAS lanes_llvm)
target_include_directories(lanes_llvm SYSTEM INTERFACE "${llvm_include_dir}")
target_link_libraries(lanes_llvm INTERFACE "${llvm_library}")
# LLVM's enumerations grow from version to version, so no switch can name all their values.
target_compile_options(lanes_llvm INTERFACE -Wno-switch-enum)
message(STATUS "LLVM ${LANES_LLVM_VERSION}: ${llvm_library}")
