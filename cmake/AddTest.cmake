# SPDX-License-Identifier: Apache-2.0
# tigress_add_test(NAME base.reader LABEL unit SOURCES test_reader.c LIBS tg_base
#                  [WRAP malloc ...] [TIMEOUT 900] [DEFINES ...])
# The only way to add a compiled test: same flags as the product, a label, a time limit.
# WRAP names functions that the test replaces through the linker's --wrap.
find_package(PkgConfig REQUIRED)
if(TIGRESS_BUILD_TESTS)
    pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()

function(tigress_add_test)
    cmake_parse_arguments(T "" "NAME;LABEL;TIMEOUT" "SOURCES;LIBS;WRAP;DEFINES" ${ARGN})
    if(NOT T_NAME OR NOT T_LABEL OR NOT T_SOURCES)
        message(FATAL_ERROR "tigress_add_test needs NAME, LABEL and SOURCES")
    endif()
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 300)
    endif()
    string(REPLACE "." "_" target "test_${T_NAME}")
    add_executable(${target} ${T_SOURCES})
    target_link_libraries(${target} PRIVATE ${T_LIBS} PkgConfig::CMOCKA tg_flags)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_compile_definitions(${target} PRIVATE
        TG_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data" ${T_DEFINES})
    # A test's fixture may live on its stack: 8 MiB there, not a worker's budget.
    set_source_files_properties(${T_SOURCES} PROPERTIES COMPILE_OPTIONS -Wframe-larger-than=65536)
    foreach(symbol IN LISTS T_WRAP)
        target_link_options(${target} PRIVATE -Wl,--wrap=${symbol})
    endforeach()
    add_test(NAME ${T_NAME} COMMAND ${target})
    set_tests_properties(${T_NAME} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT}
        SKIP_RETURN_CODE 77)
endfunction()

# tigress_unsanitized(TEST...): `make check` runs these tests in its build without a sanitizer.
function(tigress_unsanitized)
    set_property(TEST ${ARGN} APPEND PROPERTY LABELS unsanitized)
endfunction()

# tigress_add_skipped_test(e2e.flows "python3-pytest is missing"): a test that this build cannot have. It is
# reported as skipped, with the reason, so that a run without it does not read as a whole one.
function(tigress_add_skipped_test name reason)
    add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "SKIPPED: ${reason}")
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "^SKIPPED: ")
endfunction()
