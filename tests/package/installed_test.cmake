# SPDX-License-Identifier: Apache-2.0
# cmake -DBUILD= -DSOURCE= -DDATADIR= -DDOCDIR= -DMANDIR= -DSBINDIR= -DFULL_DATADIR= -DHAS_RELAY= -P: installs
# everything, to a separate prefix and to a DESTDIR; compares manual pages with the list of exported functions
# and with the documents that they cite; follows the settings to the roots; and uninstalls.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/common.cmake)
set(prefix ${root}/usr)
set(man ${prefix}/${MANDIR})
install_to(${prefix} ${root}/manifest/install_manifest.txt)

# ---- manual pages --------------------------------------------------------------------------------

# Each exported function is in the NAME line of the page that `man FUNCTION` opens.
file(GLOB lists ${SOURCE}/abi/*.exports)
foreach(list IN LISTS lists)
    cmake_path(GET list STEM library)
    if(NOT EXISTS ${BUILD}/src/client/${library}.so AND NOT EXISTS ${BUILD}/src/direct/${library}.so
            AND NOT EXISTS ${BUILD}/src/transport/${library}.so)
        continue() # left out of the build
    endif()
    file(STRINGS ${list} functions REGEX "^tigress_")
    if(NOT functions)
        fail("${list}: expected functions")
    endif()
    foreach(function IN LISTS functions)
        string(REGEX REPLACE "@.*" "" name ${function})
        if(NOT EXISTS ${man}/man3/${name}.3)
            fail("${name}: exported by ${library}, but no page man3/${name}.3 is installed")
        endif()
        file(READ ${man}/man3/${name}.3 page)
        if(page MATCHES "^\\.so (man3/[a-z0-9_]+\\.3)\n$")
            file(READ ${man}/${CMAKE_MATCH_1} page)
        endif()
        if(NOT page MATCHES "\n\\.SH NAME\n[a-z0-9_, ]*${name}[, ][^\n]*\\\\-")
            fail("${name}: expected in the NAME line of its page")
        endif()
    endforeach()
endforeach()

# man-db finds them by apropos, which reads NAME lines.
find_program(MANDB mandb)
find_program(APROPOS apropos)
if(MANDB AND APROPOS)
    file(WRITE ${root}/man.conf "MANDB_MAP ${man} ${root}/cache\n")
    file(MAKE_DIRECTORY ${root}/cache)
    run(${MANDB} -C ${root}/man.conf --create --quiet ${man})
    execute_process(COMMAND ${APROPOS} -C ${root}/man.conf -M ${man} tigress OUTPUT_VARIABLE found
        COMMAND_ERROR_IS_FATAL ANY)
    foreach(name tigress_session_step tigress_share_url_parse tigress_error_class tigress_free)
        if(NOT found MATCHES "(^|\n)${name} ")
            fail("apropos tigress: expected ${name}, got\n${found}")
        endif()
    endforeach()
endif()

# ---- documents -----------------------------------------------------------------------------------

file(GLOB pages ${man}/man*/*)
set(cited "")
foreach(page IN LISTS pages)
    file(READ ${page} text)
    string(REGEX MATCHALL "docs/[A-Za-z0-9/_-]+\\.(md|yaml)" names "${text}")
    list(APPEND cited ${names})
endforeach()
list(REMOVE_DUPLICATES cited)
if(NOT cited)
    fail("no manual page cites a document")
endif()
file(STRINGS ${root}/manifest/install_manifest.txt installed)
foreach(name IN LISTS cited)
    string(REGEX REPLACE "^docs/" "${prefix}/${DOCDIR}/" path ${name})
    if(NOT path IN_LIST installed)
        fail("${name}: a manual page cites it, but it is not installed")
    endif()
endforeach()

# ---- roots for attestation -----------------------------------------------------------------------

if(HAS_RELAY)
    set(tigressd ${prefix}/${SBINDIR}/tigressd)
    file(STRINGS ${prefix}/${DATADIR}/doc/tigress/examples/tigressd.conf line REGEX "attestation-roots")
    if(NOT line STREQUAL "attestation-roots = ${prefix}/${DATADIR}/tigress/attestation")
        fail("the example settings: expected the roots of the prefix, got '${line}'")
    endif()
    file(WRITE ${root}/tigressd.conf "[network]\npublic-url = https://relay.example\nplain-http = yes\n"
        "[store]\nstore = memory:\nrelay-key = ${root}/relay.key\n"
        "[standing]\nattestation = optional\nattestation-formats = packed\n${line}\n")
    run(${tigressd} --config ${root}/tigressd.conf --check-config)
    # A folder that does not exist is refused, so tigressd does read this setting.
    file(WRITE ${root}/other.conf "[network]\npublic-url = https://relay.example\nplain-http = yes\n"
        "[store]\nstore = memory:\nrelay-key = ${root}/relay.key\n"
        "[standing]\nattestation = optional\nattestation-formats = packed\n${line}/none\n")
    expect_failure("attestation/none/packed.pem" ${tigressd} --config ${root}/other.conf --check-config)
    # The default is the folder under the configured prefix, in the program and in its page.
    execute_process(COMMAND ${tigressd} --help OUTPUT_VARIABLE help COMMAND_ERROR_IS_FATAL ANY)
    file(READ ${man}/man5/tigressd.conf.5 page)
    foreach(text IN ITEMS "${help}" "${page}")
        string(FIND "${text}" "${FULL_DATADIR}/tigress/attestation" at)
        if(at EQUAL -1)
            fail("expected ${FULL_DATADIR}/tigress/attestation in\n${text}")
        endif()
    endforeach()
endif()

# ---- uninstall -----------------------------------------------------------------------------------

# A file that was not installed stays, and its folder stays.
file(WRITE ${prefix}/${DATADIR}/tigress/kept.txt "")
run(${CMAKE_COMMAND} -DBUILD=${root}/manifest -DPREFIX=${prefix} -P ${SOURCE}/cmake/uninstall.cmake)
file(GLOB_RECURSE left RELATIVE ${prefix} ${prefix}/*)
if(NOT left STREQUAL "${DATADIR}/tigress/kept.txt")
    fail("uninstall: expected only the file that was not installed, got ${left}")
endif()
if(IS_DIRECTORY ${prefix}/include/tigress)
    fail("uninstall: expected the empty folder include/tigress to be removed")
endif()

# With DESTDIR nothing stays, not even a folder.
set(ENV{DESTDIR} ${root}/staged)
install_to(/usr ${root}/manifest/install_manifest.txt)
expect_failure("expected PREFIX= as it was for make install"
    ${CMAKE_COMMAND} -DBUILD=${root}/manifest -DPREFIX=/opt/other -P ${SOURCE}/cmake/uninstall.cmake)
if(NOT EXISTS ${root}/staged/usr/${SBINDIR}/tigressd AND HAS_RELAY)
    fail("uninstall: expected another prefix to remove nothing")
endif()
run(${CMAKE_COMMAND} -DBUILD=${root}/manifest -DPREFIX=/usr -P ${SOURCE}/cmake/uninstall.cmake)
file(GLOB left ${root}/staged/* ${root}/staged/.*)
list(FILTER left EXCLUDE REGEX "/\\.\\.?$")
if(left)
    fail("uninstall: expected an empty DESTDIR, got ${left}")
endif()
expect_failure("has no install_manifest.txt"
    ${CMAKE_COMMAND} -DBUILD=${root} -DPREFIX=/usr -P ${SOURCE}/cmake/uninstall.cmake)
file(REMOVE_RECURSE ${root})
