# SPDX-License-Identifier: Apache-2.0
# The warning set of every target, tests included.
add_library(tg_warnings INTERFACE)
target_compile_options(tg_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wundef -Wcast-qual -Wwrite-strings -Wformat=2
    -Wimplicit-fallthrough)
# Sanitizers add red zones to frames, so the frame limit holds only where they are off.
if(NOT TIGRESS_SANITIZE AND NOT TIGRESS_FUZZ)
    target_compile_options(tg_warnings INTERFACE -Wframe-larger-than=4096)
endif()
if(TIGRESS_WERROR)
    target_compile_options(tg_warnings INTERFACE -Werror)
endif()
