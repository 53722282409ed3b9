# SPDX-License-Identifier: Apache-2.0
#
# Functions that declare tests. A test is called <label>/<name> in CTest.

set(LANES_PYTHON /usr/bin/python3 CACHE FILEPATH "Python 3 that runs scripts and tests")
set(LANES_RUN_CRITERION "${PROJECT_SOURCE_DIR}/tests/support/run-criterion")
set(LANES_RUN_UNITTEST "${PROJECT_SOURCE_DIR}/tests/support/run_unittest.py")

# There are 170 test programs, and gold links each in a quarter of the time that ld needs.
# What is installed is linked by the compiler's own choice. libFuzzer's is not tried.
include(CheckLinkerFlag)
if(NOT LANES_BUILD_FUZZ)
    check_linker_flag(C "-fuse-ld=gold" LANES_HAS_GOLD)
endif()

set(LANES_TEST_CPUS "" CACHE STRING
    "CPUs (lanesd --cpu) for which tests with EVERY_CPU run once more")

# lanes_add_test(NAME name SOURCES file... [LINK room|target|library...]
#                [LABEL label] [SERIAL] [TIMEOUT seconds] [MAY_SKIP] [EVERY_CPU]
#                [ARGS argument...])
#
# With EVERY_CPU it is there once more for each of LANES_TEST_CPUS that this host runs, as
# <label>/<name>@<cpu>, with LANES_CPU in its environment.
#
# A Criterion program. It fails when no test in it ran and, without MAY_SKIP, when one was
# skipped. LINK takes room names ("ring"), targets ("PkgConfig::JANSSON", "liblanes") and
# plain libraries ("m"). ARGS go to Criterion, e.g. -j1 for tests that pin or time.
# Criterion does not run under ThreadSanitizer, so such a build has no such tests.
function(lanes_add_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg
        "SERIAL;MAY_SKIP;EVERY_CPU" "NAME;LABEL;TIMEOUT" "SOURCES;LINK;ARGS")
    if(LANES_SANITIZE MATCHES "thread")
        return()
    endif()
    lanes_add_test_program("PkgConfig::CRITERION")
    set(wrapper "${LANES_PYTHON}" "${LANES_RUN_CRITERION}")
    if(arg_MAY_SKIP)
        list(APPEND wrapper --may-skip)
    endif()
    set(command ${wrapper} $<TARGET_FILE:${arg_NAME}> ${arg_ARGS})
    lanes_register_test()
endfunction()

# lanes_add_stress(NAME name SOURCES file... [LINK ...] [LABEL ...] [SERIAL] [TIMEOUT s]
#                  [ARGS ...])
#
# A program with its own main() that succeeds with 0 and is skipped with 77. These are the
# tests that ThreadSanitizer runs. The label is `stress` unless given.
function(lanes_add_stress)
    cmake_parse_arguments(PARSE_ARGV 0 arg
        "SERIAL" "NAME;LABEL;TIMEOUT" "SOURCES;LINK;ARGS")
    if(NOT arg_LABEL)
        set(arg_LABEL stress)
    endif()
    lanes_add_test_program("")
    set(command ${arg_NAME} ${arg_ARGS})
    lanes_register_test()
endfunction()

# lanes_add_fuzz(NAME name [SOURCES file...] [LINK ...])
#
# A target of libFuzzer: <name>.c and SOURCES, which define LLVMFuzzerTestOneInput(). With
# LANES_BUILD_FUZZ it gets libFuzzer's main(), and the target `fuzz` builds it; otherwise
# replay_main.c's. Either way CTest runs the inputs in corpus/<name> once.
function(lanes_add_fuzz)
    cmake_parse_arguments(PARSE_ARGV 0 arg "SERIAL" "NAME;TIMEOUT" "SOURCES;LINK")
    set(arg_LABEL fuzz)
    list(PREPEND arg_SOURCES ${arg_NAME}.c)
    set(command ${arg_NAME})
    if(LANES_BUILD_FUZZ)
        lanes_add_test_program("-fsanitize=fuzzer")
        add_dependencies(fuzz ${arg_NAME})
        list(APPEND command -runs=0 -detect_leaks=0 -rss_limit_mb=0)
    else()
        list(APPEND arg_SOURCES replay_main.c)
        lanes_add_test_program("")
    endif()
    list(APPEND command "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${arg_NAME}")
    lanes_register_test()
endfunction()

# lanes_add_script_test(NAME name SCRIPT file LABEL label [SERIAL] [TIMEOUT s] [EVERY_CPU]
#                       [ARGS ...])
#
# A script: 0 succeeds, 77 skips. A file that ends in .py runs under LANES_PYTHON, any
# other by its own first line. It finds LANES_SOURCE_DIR and LANES_BUILD_DIR in its
# environment.
function(lanes_add_script_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg
        "SERIAL;EVERY_CPU" "NAME;SCRIPT;LABEL;TIMEOUT" "ARGS")
    lanes_refuse_unknown_arguments("test ${arg_NAME}" "${arg_UNPARSED_ARGUMENTS}")
    cmake_path(ABSOLUTE_PATH arg_SCRIPT)
    set(test "${arg_LABEL}/${arg_NAME}")
    if(arg_SCRIPT MATCHES "\\.py$")
        list(PREPEND arg_SCRIPT "${LANES_PYTHON}")
    endif()
    set(command ${arg_SCRIPT} ${arg_ARGS})
    lanes_register_test()
endfunction()

# A Python script that loads liblanes.so (tests/support/lanes_client.py). A sanitizer's
# runtime must be in the process first, and Python leaks by design. ThreadSanitizer's cannot
# be: it would have to start the interpreter. Its builds run the stress programs.
function(lanes_add_client_test)
    if(LANES_SANITIZE MATCHES "thread")
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;LABEL" "")
    lanes_add_script_test(${ARGV})
    if(LANES_SANITIZE MATCHES "address")
        execute_process(COMMAND "${CMAKE_C_COMPILER}" -print-file-name=libasan.so
            OUTPUT_VARIABLE runtime OUTPUT_STRIP_TRAILING_WHITESPACE)
        set_property(TEST "${arg_LABEL}/${arg_NAME}" APPEND PROPERTY ENVIRONMENT
            "LD_PRELOAD=${runtime}" "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0")
    endif()
endfunction()

# lanes_add_python_test(NAME name [TIMEOUT s] [MAY_SKIP] [SERIAL] [ARGS Class[.test]...])
#
# The unittest tests of test_<name>.py, as python/<name>, with the package of tools/python and
# the liblanes.so of this build. The user's executor, settings and cache are out of sight.
# Like a Criterion program it fails when no test ran and, without MAY_SKIP, when one was
# skipped.
function(lanes_add_python_test)
    if(LANES_SANITIZE MATCHES "thread")
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 0 arg "MAY_SKIP;SERIAL" "NAME;TIMEOUT" "ARGS")
    lanes_refuse_unknown_arguments("test ${arg_NAME}" "${arg_UNPARSED_ARGUMENTS}")
    set(command "${CMAKE_CURRENT_SOURCE_DIR}/test_${arg_NAME}.py" ${arg_ARGS})
    if(arg_MAY_SKIP)
        list(PREPEND command --may-skip)
    endif()
    set(options "")
    if(arg_SERIAL)
        list(APPEND options SERIAL)
    endif()
    if(arg_TIMEOUT)
        list(APPEND options TIMEOUT ${arg_TIMEOUT})
    endif()
    lanes_add_client_test(NAME ${arg_NAME} SCRIPT "${LANES_RUN_UNITTEST}" LABEL python
        ARGS ${command} ${options})
    # Where the executor's socket and settings would be; there are none.
    set(own "${PROJECT_BINARY_DIR}/tests/python/${arg_NAME}")
    file(MAKE_DIRECTORY "${own}")
    file(CHMOD "${own}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
    set_property(TEST python/${arg_NAME} APPEND PROPERTY ENVIRONMENT
        "PYTHONPATH=${PROJECT_SOURCE_DIR}/tools/python"
        "LANES_LIBRARY=$<TARGET_FILE:liblanes>"
        "XDG_RUNTIME_DIR=${own}" "XDG_CONFIG_HOME=${own}")
    set_property(TEST python/${arg_NAME} PROPERTY ENVIRONMENT_MODIFICATION
        LANES_SOCKET=unset: LANES_EXECUTOR=unset:)
endfunction()

# The rest is shared by the functions above and reads their arg_* variables.

macro(lanes_add_test_program harness)
    lanes_refuse_unknown_arguments("test ${arg_NAME}" "${arg_UNPARSED_ARGUMENTS}")
    if(NOT arg_LABEL)
        set(arg_LABEL unit)
    endif()
    set(test "${arg_LABEL}/${arg_NAME}")
    add_executable(${arg_NAME} ${arg_SOURCES})
    target_include_directories(${arg_NAME} PRIVATE
        "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include"
        "${PROJECT_SOURCE_DIR}/tests")
    # Criterion's Test() defines variables without declaring them, and cr_assert() of its
    # new kind fills a one-bit field. Tests compare floats for equal bits on purpose.
    target_compile_options(${arg_NAME} PRIVATE
        -Wno-float-equal
        $<$<C_COMPILER_ID:GNU>:-Wno-conversion>
        $<$<C_COMPILER_ID:Clang>:-Wno-missing-variable-declarations>)
    foreach(library IN LISTS arg_LINK)
        if(TARGET lanes_${library})
            set(library lanes_${library})
        endif()
        target_link_libraries(${arg_NAME} PRIVATE ${library})
    endforeach()
    target_link_libraries(${arg_NAME} PRIVATE ${harness} Threads::Threads m)
    if(LANES_HAS_GOLD)
        target_link_options(${arg_NAME} PRIVATE -fuse-ld=gold)
    endif()
endmacro()

macro(lanes_register_test)
    add_test(NAME ${test} COMMAND ${command})
    lanes_set_test_properties()
    if(arg_EVERY_CPU)
        set(for_host "${test}")
        foreach(cpu IN LISTS LANES_TEST_CPUS)
            file(STRINGS /proc/cpuinfo has_avx2 REGEX "^flags.* avx2 " LIMIT_COUNT 1)
            if(cpu STREQUAL "x86-64-v3" AND NOT has_avx2)
                continue() # lanesd refuses it
            endif()
            set(test "${for_host}@${cpu}")
            add_test(NAME ${test} COMMAND ${command})
            lanes_set_test_properties()
            # Fewer random cases: what is seen is the instructions, not the layouts.
            set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT
                "LANES_CPU=${cpu}" LANES_CASES=400)
        endforeach()
        set(test "${for_host}")
    endif()
endmacro()

macro(lanes_set_test_properties)
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    set(environment
        "LANES_SOURCE_DIR=${PROJECT_SOURCE_DIR}" "LANES_BUILD_DIR=${PROJECT_BINARY_DIR}"
        "LANES_LLVM_BIN_DIR=${LANES_LLVM_BIN_DIR}" PYTHONDONTWRITEBYTECODE=1
        LANES_CACHE_FOLDER=none) # what an earlier run compiled would hide what this does
    if(LANES_SANITIZE)
        # Instrumented code is two to ten times slower.
        math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
        set(suppressions "${PROJECT_SOURCE_DIR}/tests")
        list(APPEND environment
            "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1"
            "LSAN_OPTIONS=print_suppressions=0:suppressions=${suppressions}/lsan.supp"
            "UBSAN_OPTIONS=print_stacktrace=1"
            "TSAN_OPTIONS=halt_on_error=1:suppressions=${suppressions}/tsan.supp")
    endif()
    set_tests_properties(${test} PROPERTIES
        LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
        ENVIRONMENT "${environment}")
    if(arg_SERIAL)
        set_tests_properties(${test} PROPERTIES RUN_SERIAL ON)
    endif()
endmacro()
