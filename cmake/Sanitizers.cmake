# SPDX-License-Identifier: Apache-2.0
add_library(tg_sanitizers INTERFACE)
if(TIGRESS_SANITIZE)
    target_compile_options(tg_sanitizers INTERFACE
        -fsanitize=${TIGRESS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(tg_sanitizers INTERFACE -fsanitize=${TIGRESS_SANITIZE})
endif()
if(TIGRESS_FUZZ)
    target_compile_options(tg_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TIGRESS_COVERAGE)
    target_compile_options(tg_sanitizers INTERFACE --coverage)
    target_link_options(tg_sanitizers INTERFACE --coverage)
endif()

# Flags with which every target of this project is compiled and linked.
add_library(tg_flags INTERFACE)
target_link_libraries(tg_flags INTERFACE tg_warnings tg_hardening tg_sanitizers)
# So that the linker of an installed library can leave out what only the relay calls (cmake/Library.cmake).
target_compile_options(tg_flags INTERFACE -ffunction-sections -fdata-sections)
target_compile_definitions(tg_flags INTERFACE _GNU_SOURCE)
target_include_directories(tg_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
