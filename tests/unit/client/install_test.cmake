# SPDX-License-Identifier: Apache-2.0
# cmake -DBUILD= -DSOURCE= -DLIBDIR= -DCC= -P: installs the library into a separate folder and builds
# the example against it, by pkg-config and by find_package.
cmake_minimum_required(VERSION 3.25)
include(${SOURCE}/tests/package/common.cmake)
set(example ${SOURCE}/examples/embed/embed.c)

# Without arguments the example prints its usage and returns 2: it was loaded and ran.
function(run_example program)
    execute_process(COMMAND ${CMAKE_COMMAND} -DPROGRAM=${program}
        -P ${SOURCE}/tests/unit/client/embed_test.cmake RESULT_VARIABLE result ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        fail("${output}")
    endif()
endfunction()

install_to(${root}/usr ${root}/manifest.txt --component library)
set(ENV{PKG_CONFIG_PATH} ${root}/usr/${LIBDIR}/pkgconfig)
set(ENV{LD_LIBRARY_PATH} ${root}/usr/${LIBDIR})
pkg_config(flags --cflags --libs tigress_curl)
run(${CC} -Wall -Wextra -Werror ${example} -o ${root}/by-pkg-config ${flags})
run_example(${root}/by-pkg-config)
# The wallet of docs/getting-started.md, by the command that it names.
run(${CC} -Wall -Wextra -Werror ${SOURCE}/examples/wallet/wallet.c -o ${root}/wallet ${flags})

file(WRITE ${root}/app/CMakeLists.txt "
cmake_minimum_required(VERSION 3.25)
project(app C)
find_package(tigress 0.1 REQUIRED COMPONENTS curl)
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
