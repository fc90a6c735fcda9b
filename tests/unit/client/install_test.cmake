# SPDX-License-Identifier: Apache-2.0
# cmake -DBUILD= -DSOURCE= -DLIBDIR= -DCC= -P: installs the library into a folder of its own and builds
# the example against it, by pkg-config and by find_package.
set(root ${BUILD}/install-test)
set(example ${SOURCE}/examples/embed/embed.c)
file(REMOVE_RECURSE ${root})

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${ARGN}: ${result}\n${output}")
    endif()
endfunction()

# Without arguments the example says what is missing and returns 2: it was loaded and ran.
function(run_example program)
    execute_process(COMMAND ${program} RESULT_VARIABLE result ERROR_VARIABLE output)
    if(NOT result EQUAL 2)
        message(FATAL_ERROR "${program}: expected 2, got ${result}\n${output}")
    endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --component library --prefix ${root}/usr)
set(ENV{PKG_CONFIG_PATH} ${root}/usr/${LIBDIR}/pkgconfig)
set(ENV{LD_LIBRARY_PATH} ${root}/usr/${LIBDIR})
execute_process(COMMAND pkg-config --cflags --libs tigress_curl OUTPUT_VARIABLE flags
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${CC} -Wall -Wextra -Werror ${example} -o ${root}/by-pkg-config ${flags})
run_example(${root}/by-pkg-config)

file(WRITE ${root}/app/CMakeLists.txt "
cmake_minimum_required(VERSION 3.25)
project(app C)
find_package(tigress 0.1 REQUIRED)
add_executable(shared ${example})
target_link_libraries(shared PRIVATE tigress::curl)
add_executable(static ${example})
target_link_libraries(static PRIVATE tigress::curl_static)
")
run(${CMAKE_COMMAND} -S ${root}/app -B ${root}/app/build -DCMAKE_PREFIX_PATH=${root}/usr -DCMAKE_C_COMPILER=${CC})
run(${CMAKE_COMMAND} --build ${root}/app/build)
run_example(${root}/app/build/shared)
run_example(${root}/app/build/static)
file(REMOVE_RECURSE ${root})
