# SPDX-License-Identifier: Apache-2.0
# attest-verify ends with 1 when one verdict is not the expected one, and with 2 on a file it cannot use.
file(MAKE_DIRECTORY ${OUT})
file(COPY ${DATA}/trust_anchors.json DESTINATION ${OUT})

function(expect what code)
    execute_process(COMMAND ${TOOL} --anchors ${OUT}/trust_anchors.json ${ARGN} RESULT_VARIABLE got
        OUTPUT_QUIET ERROR_QUIET)
    if(NOT got EQUAL ${code})
        message(FATAL_ERROR "${what}: ended with ${got}, expected ${code}")
    endif()
endfunction()

# Changes the first place alone where the text stands.
function(change from to name in)
    file(READ ${DATA}/${in} text)
    string(FIND "${text}" "${from}" at)
    if(at EQUAL -1)
        message(FATAL_ERROR "${in} has no ${from}")
    endif()
    string(LENGTH "${from}" from_len)
    string(SUBSTRING "${text}" 0 ${at} head)
    math(EXPR at "${at} + ${from_len}")
    string(SUBSTRING "${text}" ${at} -1 tail)
    file(WRITE ${OUT}/${name} "${head}${to}${tail}")
endfunction()

expect("as they are" 0 ${DATA}/apple_anonymous.json ${DATA}/forged/none.json)
change("\"expect\": \"accept\"" "\"expect\": \"reject\"" good_as_bad.json apple_anonymous.json)
expect("a good one said to be bad" 1 ${OUT}/good_as_bad.json)
change("\"expect\": \"reject\"" "\"expect\": \"accept\"" bad_as_good.json forged/none.json)
expect("a bad one said to be good" 1 ${OUT}/bad_as_good.json)
change("\"expect_step\": \"encoding\"" "\"expect_step\": \"chain\"" other_step.json forged/none.json)
expect("a bad one of another step" 1 ${OUT}/other_step.json)
expect("one of two files wrong" 1 ${OUT}/good_as_bad.json ${DATA}/forged/none.json)
file(WRITE ${OUT}/empty.json "{}")
expect("a file without vectors" 2 ${OUT}/empty.json)
expect("no file" 2 ${OUT}/absent.json)
