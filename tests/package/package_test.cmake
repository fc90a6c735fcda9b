# SPDX-License-Identifier: Apache-2.0
# cmake -DBUILD= -DSOURCE= -DLIBDIR= -DCC= -DCXX= -P: installs the library into a folder of its own, and
# builds and runs a stranger's program against it: C and C++, by find_package and by pkg-config, shared,
# with our archive, and wholly static.
cmake_minimum_required(VERSION 3.25)
set(root ${BUILD}/package-test)
set(consumer ${SOURCE}/tests/package/consumer.c)
file(REMOVE_RECURSE ${root})

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${ARGN}: ${result}\n${output}")
    endif()
    message(STATUS "${ARGN}")
endfunction()

function(ask_pkg_config out)
    execute_process(COMMAND pkg-config ${ARGN} OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
        COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(flags UNIX_COMMAND "${flags}")
    set(${out} ${flags} PARENT_SCOPE)
endfunction()

function(expect_needed program is_needed)
    execute_process(COMMAND readelf -d ${program} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
    string(FIND "${dynamic}" "libtigress.so" at)
    if((at GREATER -1 AND NOT is_needed) OR (at EQUAL -1 AND is_needed))
        message(FATAL_ERROR "${program} is linked in the wrong way:\n${dynamic}")
    endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --component library --prefix ${root}/usr)
set(libdir ${root}/usr/${LIBDIR})
set(ENV{PKG_CONFIG_PATH} ${libdir}/pkgconfig)
set(strict -Wall -Wextra -Wpedantic -Werror)
ask_pkg_config(shared --cflags --libs tigress)
ask_pkg_config(static --static --cflags --libs tigress)

set(languages C)
set(cc_C ${CC} -std=c99 ${strict} ${consumer})
if(CXX)
    list(APPEND languages CXX)
    set(cc_CXX ${CXX} -std=c++11 ${strict} -x c++ ${consumer} -x none)
endif()

foreach(language IN LISTS languages)
    # pkg-config, shared: found at run time where the loader is told.
    run(${cc_${language}} -o ${root}/shared-${language} ${shared})
    expect_needed(${root}/shared-${language} TRUE)
    run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${libdir} ${root}/shared-${language})
    # pkg-config --static: nothing is needed at run time, not even libc.
    run(${cc_${language}} -static -o ${root}/static-${language} ${static})
    expect_needed(${root}/static-${language} FALSE)
    run(${root}/static-${language})

    # find_package, shared and with our archive.
    set(app ${root}/app-${language})
    file(MAKE_DIRECTORY ${app})
    if(language STREQUAL "CXX")
        configure_file(${consumer} ${app}/consumer.cpp COPYONLY)
        set(source consumer.cpp)
    else()
        configure_file(${consumer} ${app}/consumer.c COPYONLY)
        set(source consumer.c)
    endif()
    file(WRITE ${app}/CMakeLists.txt "
cmake_minimum_required(VERSION 3.16)
project(consumer ${language})
find_package(tigress 0.1 REQUIRED)
add_executable(shared ${source})
target_link_libraries(shared PRIVATE tigress::tigress)
add_executable(static ${source})
target_link_libraries(static PRIVATE tigress::tigress_static)
")
    run(${CMAKE_COMMAND} -S ${app} -B ${app}/build -DCMAKE_PREFIX_PATH=${root}/usr
        -DCMAKE_C_COMPILER=${CC} -DCMAKE_CXX_COMPILER=${CXX})
    run(${CMAKE_COMMAND} --build ${app}/build)
    expect_needed(${app}/build/shared TRUE)
    expect_needed(${app}/build/static FALSE)
    run(${app}/build/shared)
    run(${app}/build/static)
endforeach()

# A version that is not there is refused.
file(WRITE ${root}/newer/CMakeLists.txt "
cmake_minimum_required(VERSION 3.16)
project(newer C)
find_package(tigress 99.0 REQUIRED)
")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${root}/newer -B ${root}/newer/build -DCMAKE_PREFIX_PATH=${root}/usr
    -DCMAKE_C_COMPILER=${CC} RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
if(result EQUAL 0)
    message(FATAL_ERROR "find_package(tigress 99.0) was satisfied")
endif()
file(REMOVE_RECURSE ${root})
