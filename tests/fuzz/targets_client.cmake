# SPDX-License-Identifier: Apache-2.0
tigress_add_fuzz(NAME session SOURCES fuzz_session.c LIBS tigress_static)
tigress_add_fuzz(NAME saved_state SOURCES fuzz_saved_state.c LIBS tigress_static)
tigress_add_fuzz(NAME pin SOURCES fuzz_pin.c LIBS tigress_static)
tigress_add_fuzz(NAME formats SOURCES fuzz_formats.c LIBS tigress_static)
if(TIGRESS_BUILD_DIRECT)
    tigress_add_fuzz(NAME direct SOURCES fuzz_direct.c LIBS tigress_direct_static)
endif()
