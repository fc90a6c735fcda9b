# SPDX-License-Identifier: Apache-2.0
"""Section 3.10: limits that every relay has, tested beyond the largest value that an operator may set."""
from ..expect import status, that, unchanged
from ..registry import check
from ..relay import new_id

# outer member, member, bytes that no relay accepts
STRINGS = [("payload", "type", 1025), ("displayInformation", "title", 4097),
           ("displayInformation", "description", 8193), ("displayInformation", "imageURL", 8193),
           ("notificationToken", "type", 1025), ("notificationToken", "tokenData", 8193)]


@check("3.10", "strings: a text over every relay's limit is a 400 that names the member")
def strings(relay):
    for outer, member, size in STRINGS:
        message = relay.message(notificationToken={"type": "org.example.none", "tokenData": "x"})
        message[outer][member] = "x" * size
        answer = relay.create(message)
        status(answer, (400, 413), f"{outer}.{member} of {size} bytes")
        if answer.status == 400:
            detail = str((answer.json() or {}).get("detail"))
            that(member in detail, f"{member} in the detail", detail)


@check("3.10", "strings: a limit counts bytes of UTF-8, not characters")
def strings_in_bytes(relay):
    message = relay.message()
    message["displayInformation"]["title"] = "\u00e9" * 2049
    status(relay.create(message), (400, 413), "a title of 2049 characters and 4098 bytes")


@check("3.10", "strings: an update with a payload.type over the limit is a 400 and changes nothing")
def strings_of_update(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "an update over a limit"):
        answer = relay.update(box, box.recipient, {"payload": {"type": "x" * 1025, "data": "d"}})
        status(answer, (400, 413), "payload.type of 1025 bytes")


@check("3.10", "head: a request target of more than 4096 bytes is a 414")
def target(relay):
    answer, _ = relay.raw(relay.head("GET", "/v1/m/" + "x" * 4200, [], None), "GET")
    status(answer, 414, "a request target of 4206 bytes")


@check("3.10", "head: more than 64 lines, or more than 32 KiB, is a 431")
def head(relay):
    for what, headers in (("80 header lines", [(f"X-{number}", "1") for number in range(80)]),
                          ("a head of 40 KiB", [(f"X-{number}", "x" * 4000) for number in range(10)])):
        answer, _ = relay.raw(relay.head("GET", "/v1/m/" + new_id(), headers, None), "GET")
        status(answer, 431, what)
