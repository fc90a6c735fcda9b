# SPDX-License-Identifier: Apache-2.0
# cmake -DPROGRAM= -P: the example of the README, without arguments, prints its usage and returns 2.
execute_process(COMMAND ${PROGRAM} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE error)
if(NOT result EQUAL 2 OR NOT error STREQUAL "cannot share: usage: embed RELAY FILE [CA]\n" OR output)
    message(FATAL_ERROR "${PROGRAM}: expected 2 and the usage, got ${result}, '${output}' and '${error}'")
endif()
