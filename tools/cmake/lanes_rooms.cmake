# SPDX-License-Identifier: Apache-2.0
#
# Functions that declare rooms, programs and the shared library.

# lanes_add_room(<room> [SOURCES file...] [DEPENDS room...] [LIBS target...])
#
# A room is the static library lanes_<room> (lanes::<room>), with everything in it visible
# to tests; a room of headers only is an INTERFACE library. DEPENDS names rooms, exactly
# those of src/README.md's layers block. LIBS are third-party targets; whoever links the
# room links them too, but sees neither their headers nor their flags.
function(lanes_add_room room)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBS")
    lanes_refuse_unknown_arguments("lanes_add_room(${room})" "${arg_UNPARSED_ARGUMENTS}")
    set(target lanes_${room})
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES})
        set(scope PUBLIC)
        set(libs_scope PRIVATE)
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
        set(libs_scope INTERFACE)
    endif()
    add_library(lanes::${room} ALIAS ${target})
    target_include_directories(${target} ${scope}
        "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
    lanes_link_rooms(${target} ${scope} "room ${room}" ${arg_DEPENDS})
    if(arg_LIBS)
        target_link_libraries(${target} ${libs_scope} ${arg_LIBS})
    endif()
endfunction()

# lanes_add_program(<name> SOURCES file... [ROOMS room...] [LIBS target...])
#
# A program in bin/, installed with the rest.
function(lanes_add_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;ROOMS;LIBS")
    lanes_refuse_unknown_arguments("lanes_add_program(${name})" "${arg_UNPARSED_ARGUMENTS}")
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE
        "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
    lanes_link_rooms(${name} PRIVATE "program ${name}" ${arg_ROOMS})
    target_link_libraries(${name} PRIVATE ${arg_LIBS})
    install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endfunction()

# lanes_add_shared_library(ROOMS room... MAP file)
#
# liblanes.so, target `liblanes` (Lanes::lanes for those who use the installed package).
# It consists of all objects of ROOMS, so every public function of theirs is in it and
# each room that they need must be named. MAP is the version script: what is exported.
function(lanes_add_shared_library)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "MAP" "ROOMS")
    lanes_refuse_unknown_arguments("lanes_add_shared_library" "${arg_UNPARSED_ARGUMENTS}")
    cmake_path(ABSOLUTE_PATH arg_MAP)
    add_library(liblanes SHARED)
    add_library(Lanes::lanes ALIAS liblanes)
    foreach(room IN LISTS arg_ROOMS)
        get_target_property(type lanes_${room} TYPE)
        if(type STREQUAL "STATIC_LIBRARY")
            target_sources(liblanes PRIVATE $<TARGET_OBJECTS:lanes_${room}>)
        endif()
    endforeach()
    set_target_properties(liblanes PROPERTIES
        LINKER_LANGUAGE C OUTPUT_NAME lanes EXPORT_NAME lanes LINK_DEPENDS "${arg_MAP}"
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    target_include_directories(liblanes INTERFACE
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
        "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    target_link_options(liblanes PRIVATE
        "LINKER:--version-script=${arg_MAP}" LINKER:--as-needed)
    if(NOT LANES_SANITIZE)
        target_link_options(liblanes PRIVATE LINKER:--no-undefined)
    endif()
endfunction()

# Links rooms by name. Folders are added in layer order, so a room that is not there is
# either misspelt or above the one that asks.
function(lanes_link_rooms target scope who)
    foreach(room IN LISTS ARGN)
        if(TARGET lanes_${room})
            target_link_libraries(${target} ${scope} lanes_${room})
        else()
            message(FATAL_ERROR "${who} depends on room ${room}, which is not there")
        endif()
    endforeach()
endfunction()

function(lanes_refuse_unknown_arguments who unknown)
    if(unknown)
        message(FATAL_ERROR "${who}: unknown arguments: ${unknown}")
    endif()
endfunction()
