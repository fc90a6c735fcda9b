# SPDX-License-Identifier: Apache-2.0
tigress_add_fuzz(NAME record SOURCES fuzz_record.c LIBS tg_relay)
tigress_add_fuzz(NAME outbox_entry SOURCES fuzz_outbox_entry.c LIBS tg_relay)
tigress_add_fuzz(NAME relay_api SOURCES fuzz_relay_api.c LIBS tg_relay_world)
tigress_add_fuzz(NAME private_token SOURCES fuzz_private_token.c LIBS tg_privacypass)
