# SPDX-License-Identifier: Apache-2.0
# For scripts that install what was built and use it. Each run has a separate folder, so that two runs at the
# same time do not collide. A failure removes it, too. Needs BUILD.
string(RANDOM LENGTH 12 ALPHABET 0123456789abcdefghijklmnopqrstuvwxyz suffix)
set(root ${BUILD}/package-test-${suffix})
file(MAKE_DIRECTORY ${root})

function(fail)
    file(REMOVE_RECURSE ${root})
    message(FATAL_ERROR ${ARGN})
endfunction()

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        string(JOIN " " command ${ARGN})
        fail("${command}: ${result}\n${output}")
    endif()
endfunction()

# expect_failure(TEXT COMMAND...): it fails, and its output contains TEXT, with line ends as spaces.
function(expect_failure text)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    string(REGEX REPLACE "[ \n]+" " " line "${output}")
    string(FIND "${line}" "${text}" at)
    if(result EQUAL 0 OR at EQUAL -1)
        fail("${ARGN}: ${result}, expected a failure with '${text}'\n${output}")
    endif()
endfunction()

# install_to(PREFIX MANIFEST [ARGUMENTS...]): copies the list of files to MANIFEST. CMake writes it
# into the build folder, as other runs do: therefore the lock.
function(install_to prefix manifest)
    file(LOCK ${BUILD}/package-test.lock GUARD FUNCTION TIMEOUT 120)
    run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} ${ARGN})
    if("--component" IN_LIST ARGN)
        configure_file(${BUILD}/install_manifest_library.txt ${manifest} COPYONLY)
    else()
        configure_file(${BUILD}/install_manifest.txt ${manifest} COPYONLY)
    endif()
endfunction()

# pkg_config(OUT ARGUMENTS...): its flags as a list.
function(pkg_config out)
    execute_process(COMMAND pkg-config ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE flags ERROR_VARIABLE text
        OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT result EQUAL 0)
        fail("pkg-config ${ARGN}: ${text}")
    endif()
    separate_arguments(flags UNIX_COMMAND "${flags}")
    set(${out} ${flags} PARENT_SCOPE)
endfunction()

# expect_needed(PROGRAM LIBRARY IS_NEEDED): whether the loader must find LIBRARY for PROGRAM.
function(expect_needed program library is_needed)
    execute_process(COMMAND readelf -d ${program} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
    string(FIND "${dynamic}" "[${library}." at)
    if((at GREATER -1 AND NOT is_needed) OR (at EQUAL -1 AND is_needed))
        fail("${program}: expected ${library} to be needed: ${is_needed}\n${dynamic}")
    endif()
endfunction()
