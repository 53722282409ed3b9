# SPDX-License-Identifier: Apache-2.0
#
# LANES_SANITIZE -> flags for the whole build. Tests get the matching *SAN_OPTIONS in
# lanes_tests.cmake.

if(LANES_SANITIZE)
    set(flags "-fsanitize=${LANES_SANITIZE}" -fno-omit-frame-pointer)
    if(LANES_SANITIZE MATCHES "undefined")
        list(APPEND flags -fno-sanitize-recover=undefined)
    endif()
    if(LANES_SANITIZE MATCHES "realtime" AND NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "LANES_SANITIZE=realtime needs clang 20 or newer")
    endif()
    if(LANES_SANITIZE MATCHES "thread" AND LANES_TEAM STREQUAL "omp")
        message(WARNING "libgomp is not instrumented, so ThreadSanitizer reports races in "
            "every parallel region; use LANES_TEAM=serial")
    endif()
    add_compile_options(${flags})
    add_link_options(${flags})
    # For code that must know: lanes-compiler has no sandbox under a sanitizer.
    add_compile_definitions(LANES_SANITIZED=1)
    # gcc reports initialisation it can no longer prove once code is instrumented.
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-Wno-maybe-uninitialized -Wno-null-dereference)
    endif()
endif()
