# SPDX-License-Identifier: Apache-2.0
# tigress_library(TARGET OUTPUT KIND SHARED|STATIC SOURCES ... [LIBS ...] [PUBLIC_LIBS ...])
# An installed library: only tigress_* is exported. Its pkg-config file is packaging/OUTPUT.pc.in.
function(tigress_library name output)
    cmake_parse_arguments(L "" "KIND" "SOURCES;LIBS;PUBLIC_LIBS" ${ARGN})
    add_library(${name} ${L_KIND} ${L_SOURCES})
    target_link_libraries(${name} PUBLIC ${L_PUBLIC_LIBS} PRIVATE tg_flags ${L_LIBS})
    target_include_directories(${name} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${output} LINKER_LANGUAGE C)
    if(L_KIND STREQUAL "SHARED")
        set(map ${PROJECT_SOURCE_DIR}/src/client/libtigress.map)
        set_target_properties(${name} PROPERTIES
            VERSION ${TIGRESS_ABI}.${PROJECT_VERSION} SOVERSION ${TIGRESS_ABI} LINK_DEPENDS ${map})
        if(APPLE)
            target_link_options(${name} PRIVATE "-Wl,-exported_symbol,_tigress_*" -Wl,-dead_strip)
        else()
            target_link_options(${name} PRIVATE -Wl,--version-script=${map} -Wl,--gc-sections)
            if(NOT TIGRESS_SANITIZE)
                target_link_options(${name} PRIVATE -Wl,-z,defs)
            endif()
        endif()
    endif()
    install(TARGETS ${name} COMPONENT library
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
endfunction()

# tigress_pkg_config(NAME): NAME.pc. Its paths are relative to the file, so that the tree can be moved or staged.
function(tigress_pkg_config name)
    file(RELATIVE_PATH TIGRESS_PC_PREFIX /x/${CMAKE_INSTALL_LIBDIR}/pkgconfig /x)
    configure_file(${PROJECT_SOURCE_DIR}/packaging/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
endfunction()
