# SPDX-License-Identifier: Apache-2.0
tigress_add_fuzz(NAME json SOURCES fuzz_json.c LIBS tg_wire)
tigress_add_fuzz(NAME headers SOURCES fuzz_headers.c LIBS tg_wire)
tigress_add_fuzz(NAME share_url SOURCES fuzz_share_url.c LIBS tg_wire)
tigress_add_fuzz(NAME link_repair SOURCES fuzz_link_repair.c LIBS tg_wire)
tigress_add_fuzz(NAME envelope SOURCES fuzz_envelope.c LIBS tg_wire)
tigress_add_fuzz(NAME envelope2 SOURCES fuzz_envelope2.c LIBS tg_wire)
tigress_add_fuzz(NAME messages SOURCES fuzz_messages.c LIBS tg_wire)
tigress_add_fuzz(NAME webpush SOURCES fuzz_webpush.c LIBS tg_wire)
