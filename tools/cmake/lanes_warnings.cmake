# SPDX-License-Identifier: Apache-2.0
#
# Warnings that gcc 12 and clang 22 both accept, and what each adds.

set(LANES_WARNINGS
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition
    -Wundef -Wpointer-arith -Wcast-align -Wcast-qual -Wwrite-strings -Wformat=2
    -Wvla -Walloca -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference
    -Wdouble-promotion -Wfloat-equal)

if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND LANES_WARNINGS
        -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init)
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
    list(APPEND LANES_WARNINGS
        -Wthread-safety -Wcomma -Wextra-semi-stmt
        -Wmissing-variable-declarations -Wshorten-64-to-32 -Wunreachable-code)
    if(CMAKE_C_COMPILER_VERSION VERSION_GREATER_EQUAL 20)
        list(APPEND LANES_WARNINGS -Wfunction-effects)
    endif()
endif()

add_compile_options(${LANES_WARNINGS})
if(LANES_WERROR)
    add_compile_options(-Werror)
endif()
