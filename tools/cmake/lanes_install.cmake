# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts in place besides the programs: liblanes.so, its headers,
# lanes.pc and the CMake package Lanes with the target Lanes::lanes.

include(CMakePackageConfigHelpers)

if(TARGET liblanes)
    set(cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Lanes")
    install(TARGETS liblanes EXPORT LanesTargets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    install(DIRECTORY include/lanes DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h")
    install(EXPORT LanesTargets NAMESPACE Lanes:: DESTINATION "${cmake_dir}")

    configure_package_config_file(tools/cmake/LanesConfig.cmake.in
        "${PROJECT_BINARY_DIR}/LanesConfig.cmake" INSTALL_DESTINATION "${cmake_dir}")
    write_basic_package_version_file("${PROJECT_BINARY_DIR}/LanesConfigVersion.cmake"
        COMPATIBILITY SameMinorVersion)
    install(FILES "${PROJECT_BINARY_DIR}/LanesConfig.cmake"
        "${PROJECT_BINARY_DIR}/LanesConfigVersion.cmake" DESTINATION "${cmake_dir}")

    configure_file(tools/cmake/lanes.pc.in "${PROJECT_BINARY_DIR}/lanes.pc" @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/lanes.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
