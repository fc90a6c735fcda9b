# SPDX-License-Identifier: Apache-2.0
# What tigressd needs before it serves anything: settings, keys, the development certificate, the
# log writer and the counters.
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)

add_library(tg_server_ops STATIC
    config.c config_file.c config_push.c config_rules.c config_schema.c config_standing.c config_text.c config_values.c
    devcert.c keyfile.c log_sink.c metrics.c standing.c)
target_link_libraries(tg_server_ops PUBLIC tg_flags tg_base tg_push PRIVATE PkgConfig::INIH PkgConfig::CRYPTO)
if(TARGET tg_relay)
    target_link_libraries(tg_server_ops PUBLIC tg_relay tg_attest)
endif()
set_source_files_properties(config_text.c PROPERTIES
    COMPILE_DEFINITIONS TG_VERSION="${PROJECT_VERSION}")

# Unit, completions and manual pages are installed with the daemon.
add_subdirectory(${PROJECT_SOURCE_DIR}/packaging ${PROJECT_BINARY_DIR}/packaging)
