# SPDX-License-Identifier: Apache-2.0
# tigress_manual_page(PAGE.3): installs a page of section 3, and for each other function in its NAME line a
# link, so that `man tigress_session_step` finds tigress_session.3.
function(tigress_manual_page file)
    get_filename_component(page ${file} NAME)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(READ ${CMAKE_CURRENT_SOURCE_DIR}/${file} text)
    if(NOT text MATCHES "\n\\.SH NAME\n([a-z0-9_, ]+) \\\\-")
        message(FATAL_ERROR "${file}: expected a line 'name, name \\- text' after .SH NAME")
    endif()
    string(REPLACE ", " ";" names "${CMAKE_MATCH_1}")
    set(files ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    foreach(name IN LISTS names)
        if(NOT page STREQUAL "${name}.3")
            file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/man3/${name}.3 ".so man3/${page}\n")
            list(APPEND files ${CMAKE_CURRENT_BINARY_DIR}/man3/${name}.3)
        endif()
    endforeach()
    install(FILES ${files} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT library)
endfunction()

# tigress_name_datadir(FILE): a copy of FILE in the build folder that names the configured prefix where the
# source names the default one.
function(tigress_name_datadir file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(READ ${CMAKE_CURRENT_SOURCE_DIR}/${file} text)
    string(REPLACE "/usr/local/share/tigress" "${CMAKE_INSTALL_FULL_DATADIR}/tigress" text "${text}")
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${file} "${text}")
endfunction()
