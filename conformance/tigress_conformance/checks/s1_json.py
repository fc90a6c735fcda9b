# SPDX-License-Identifier: Apache-2.0
"""Section 1.3: bodies, JSON and media types."""
from ..expect import bindable, status, unchanged
from ..registry import check
from ..relay import encode

BIG = 200_000  # more than any relay may accept (section 3.10)


def with_end(relay, text):
    """A complete create whose object ends with `text`."""
    return encode(relay.message())[:-1] + text


@check("1.3", "JSON: unknown members are ignored, at every level")
def unknown_members(relay):
    message = relay.message(future={"deep": [1, 2.5, {"x": None}]})
    for outer in ("payload", "displayInformation", "mailboxConfiguration"):
        message[outer]["extra"] = ["x"]
    status(relay.create(message), 200, "a create with unknown members")


@check("1.3", "JSON: text that is no JSON is a 400", draft="CreateMailbox: Responses")
def no_json(relay):
    text = encode(relay.message())
    for what, body in (("a cut object", text[:-1]), ("an empty body", b""),
                       ("single quotes", text.replace(b'"', b"'"))):
        status(relay.create(body), 400, f"a create with {what}")


@check("1.3", "JSON: anything but one object is a 400")
def no_object(relay):
    text = encode(relay.message())
    for what, body in (("an array", b"[" + text + b"]"), ("a string", b'"x"'), ("null", b"null"),
                       ("two objects", text + b"{}"), ("text after the object", text + b" x"),
                       ("a NUL after the object", text + b"\0")):
        status(relay.create(body), 400, f"a create with {what}")


@check("1.3", "JSON: a member that occurs twice is a 400, also an unknown one")
def duplicates(relay):
    for what, body in (("payload twice", with_end(relay, b',"payload":{"type":"a","data":"b"}}')),
                       ("an unknown member twice", with_end(relay, b',"x":1,"x":2}')),
                       ("a member twice, once escaped", with_end(relay, b',"x":1,"\\u0078":2}'))):
        status(relay.create(body), 400, f"a create with {what}")


@check("1.3", "JSON: bytes that are not UTF-8 are a 400")
def not_utf8(relay):
    text = encode(relay.message())
    for what, bad in (("a byte 0xff", b"\xff"), ("an overlong form", b"\xc0\xaf"), ("a surrogate", b"\xed\xa0\x80")):
        status(relay.create(text.replace(b"b3BhcXVl", b"x" + bad)), 400, f"a create with {what} in a string")


@check("1.3", "JSON: a NUL character in a string is a 400")
def escaped_nul(relay):
    text = encode(relay.message())
    status(relay.create(text.replace(b"b3BhcXVl", b"a\\u0000b")), 400, "a create with \\u0000 in payload.data")


@check("1.3", "JSON: 20 levels are accepted, more than 32 are a 400")
def depth(relay):
    for levels, wanted in ((18, 200), (33, 400), (9000, 400)):
        body = with_end(relay, b',"x":' + b"[" * levels + b"]" * levels + b"}")
        status(relay.create(body), wanted if levels < 1000 else (400, 413), f"an unknown member of {levels} arrays")


@check("1.3", "JSON: 100 values are accepted, more than 4096 are a 400")
def values(relay):
    for count, wanted in ((100, 200), (4097, (400, 413)), (20000, (400, 413))):
        body = with_end(relay, b',"x":[' + b"1," * (count - 1) + b"1]}")
        status(relay.create(body), wanted, f"an unknown member of {count} numbers")


@check("1.3", "JSON: a number in an unknown member may have any size")
def numbers(relay):
    for what, number in (("1e400", b"1e400"), ("-1e-99999", b"-1e-99999"), ("300 digits", b"9" * 300),
                         ("a fraction of 300 digits", b"0." + b"1" * 300)):
        status(relay.create(with_end(relay, b',"x":[' + number + b"]}")), 200, f"an unknown member with {what}")


@check("1.3", "JSON: null for an optional member is as its absence")
def null_optional(relay):
    status(relay.create(relay.message(notificationToken=None)), 200, "a create with notificationToken null")
    status(relay.create(relay.message(mailboxConfiguration=None)), 200, "a create with mailboxConfiguration null")
    message = relay.message()
    message["mailboxConfiguration"]["accessRights"] = None
    message["mailboxConfiguration"]["expiration"] = None
    answer = status(relay.create(message), 200, "a create with accessRights and expiration null")
    status(relay.read(answer.box, answer.box.recipient, {"notificationToken": None}), 200,
           "a read with notificationToken null")


@check("1.3", "JSON: null for a required member is a 400")
def null_required(relay):
    for outer, member in (("payload", "data"), ("displayInformation", "title")):
        message = relay.message()
        message[outer][member] = None
        status(relay.create(message), 400, f"a create with {outer}.{member} null")
    status(relay.create(relay.message(payload=None)), 400, "a create with payload null")


@check("1.3", "JSON: a malformed body of an update changes nothing")
def update_malformed(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "a malformed update"):
        for body in (b'{"payload":{"type":"a","data":"b"}', b'{"payload":{"type":"a","type":"a","data":"b"}}'):
            status(relay.update(box, box.recipient, body), 400, "a malformed update")


@check("1.3", "media type: JSON in other spellings is accepted")
def media_spellings(relay):
    for media in ("Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'):
        status(relay.create(media=media), 200, f"a create with Content-Type: {media}")


@check("1.3", "media type: a body of another type or charset is a 415")
def media_other(relay):
    for media in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx",
                  "application/json; charset=iso-8859-1", None):
        status(relay.create(media=media), 415, f"a create with Content-Type: {media or '(absent)'}")


@check("1.3", "media type: a read whose body has another type is a 415 and binds nobody")
def media_of_read(relay):
    box = relay.new_box()
    answer = relay.read(box, box.recipient, {"notificationToken": {"type": "a", "tokenData": "b"}}, media="text/plain")
    status(answer, 415, "a read with a body of text/plain")
    bindable(relay, box, "a refused read")


@check("1.3", "media type: a body with a Content-Encoding is a 415")
def content_encoding(relay):
    status(relay.create(headers=[("Content-Encoding", "gzip")]), 415, "a create with Content-Encoding: gzip")
    status(relay.create(headers=[("Content-Encoding", "identity")]), 200, "a create with Content-Encoding: identity")


@check("1.3", "size: a body over the limit is a 413, and the relay goes on")
def too_large(relay):
    body = encode(relay.message())
    status(relay.create(body + b" " * (BIG - len(body))), 413, f"a create of {BIG} bytes")
    status(relay.create(), 200, "a create after it")


@check("1.3", "size: an update over the limit is a 413 and changes nothing")
def update_too_large(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "an update over the limit"):
        status(relay.update(box, box.recipient, b'{"payload":{"type":"a","data":"b"}}' + b" " * BIG), 413,
               f"an update of {BIG} bytes")
