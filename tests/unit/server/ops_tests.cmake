# SPDX-License-Identifier: Apache-2.0
tigress_add_test(NAME server.config LABEL unit SOURCES test_config.c LIBS tg_server_ops
    DEFINES TG_ROOT="${PROJECT_SOURCE_DIR}" WRAP malloc calloc)
tigress_add_test(NAME server.config_rules LABEL unit SOURCES test_config_rules.c LIBS tg_server_ops)
tigress_add_test(NAME server.config_push LABEL unit SOURCES test_config_push.c LIBS tg_server_ops)
tigress_add_test(NAME server.log_sink LABEL unit SOURCES test_log_sink.c LIBS tg_server_ops)
tigress_add_test(NAME server.metrics LABEL unit SOURCES test_metrics.c LIBS tg_server_ops)
tigress_add_test(NAME server.devcert LABEL unit SOURCES test_devcert.c
    LIBS tg_server_ops PkgConfig::CRYPTO)
if(EXISTS ${PROJECT_SOURCE_DIR}/src/relay/seal.c)
    tigress_add_test(NAME server.keyfile LABEL unit SOURCES test_keyfile.c LIBS tg_server_ops
        WRAP fsync link fstat fchmod write read calloc malloc)
endif()

# Documents are tests' business where they promise something that a machine can compare.
add_test(NAME docs.openapi COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/check_openapi.py)
set_tests_properties(docs.openapi PROPERTIES LABELS unit TIMEOUT 60)
tigress_add_test(NAME server.config_standing LABEL unit SOURCES test_config_standing.c LIBS tg_server_ops)
