# SPDX-License-Identifier: Apache-2.0
tigress_add_fuzz(NAME http1_conn SOURCES fuzz_http1_conn.c fuzz_conn.c LIBS tg_http)
tigress_add_fuzz(NAME http2_conn SOURCES fuzz_http2_conn.c fuzz_conn.c LIBS tg_http)
tigress_add_fuzz(NAME verifier_answer SOURCES fuzz_verifier_answer.c LIBS tg_server)
tigress_add_fuzz(NAME proxy SOURCES fuzz_proxy.c LIBS tg_http)
