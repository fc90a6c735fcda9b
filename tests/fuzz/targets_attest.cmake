# SPDX-License-Identifier: Apache-2.0
tigress_add_fuzz(NAME attest_cbor SOURCES fuzz_attest_cbor.c LIBS tg_attest PkgConfig::CBOR)
tigress_add_fuzz(NAME attest_der SOURCES fuzz_attest_der.c LIBS tg_attest)
tigress_add_fuzz(NAME attest_object SOURCES fuzz_attest_object.c LIBS tg_attest)
