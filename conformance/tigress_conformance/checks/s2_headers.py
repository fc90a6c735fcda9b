# SPDX-License-Identifier: Apache-2.0
"""Sections 2.1 and 2.5: request id, claim, aliases, and headers on calls on which they mean nothing."""
from ..expect import bindable, status, that, unchanged
from ..registry import NotApplicable, check
from ..relay import CLAIM, NEW, PROOF, REQUEST_ID, new_id

VERIFIER = "verifier=" + "A" * 43


def calls(relay, box, claim, request_id=NEW):
    """(what, answer) of the calls that change something and need a request id, except the last, which ends it."""
    yield "an update", relay.update(box, claim, request_id=request_id)
    yield "a relinquish", relay.relinquish(box, claim, request_id)
    yield "a delete", relay.delete(box, claim, request_id)


def echoes(answer, wanted, what):
    got = answer.header(REQUEST_ID)
    that(got == wanted, f"{REQUEST_ID}: {wanted} on {what}", f"{answer.status} with {got}")


@check("2.1", "request id: every success echoes it", draft="Mailbox-Request-ID")
def request_id_success(relay):
    box, mark = relay.new_box(), new_id().upper()
    echoes(relay.create(request_id=mark), mark, "a create")
    echoes(relay.read(box, box.recipient, request_id=mark), mark, "a read")
    echoes(relay.update(box, box.recipient, request_id=mark), mark, "an update")
    echoes(relay.relinquish(box, box.recipient, mark), mark, "a relinquish")
    echoes(relay.delete(box, box.initiator, mark), mark, "a delete")


@check("2.1", "request id: every refusal echoes it")
def request_id_refusal(relay):
    box, mark = relay.bound_box(), "Mark/" + new_id()
    for answer in (
            relay.update(box, box.recipient, b"{", mark),
            relay.read(box, new_id(), request_id=mark, headers=[("Mailbox-Known-Version", "x")]),
            relay.read(new_id(), new_id(), request_id=mark),
            relay.call("DELETE", "/v1/m", [(REQUEST_ID, mark)]),
            relay.update(box, box.recipient, request_id=mark, headers=[("If-Match", '"9"')]),
            relay.create(b" " * 200_000, request_id=mark),
            relay.create(request_id=mark, media="text/plain")):
        echoes(answer, mark, f"a {answer.status}")  # other checks judge the statuses


@check("2.1", "request id: the preview echoes it")
def request_id_preview(relay):
    box, mark = relay.new_box(), new_id()
    echoes(relay.preview(box, headers=[(REQUEST_ID, mark)]), mark, "a preview")


@check("2.1", "request id: 1 to 128 visible ASCII characters are accepted and echoed as they are")
def request_id_form(relay):
    for value in ("!", "a-Z.0:9/\"{}\\%00", "~" * 128):
        answer = status(relay.create(request_id=value), 200, f"a request id of {len(value)} characters")
        echoes(answer, value, "a create")


@check("2.1", "request id: none, too long or with spaces is a 400 on create, update, relinquish, delete")
def request_id_malformed(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "requests without a good request id"):
        for value in (None, "x" * 129, "a b"):
            said = "no request id" if value is None else f"a request id of {len(value)} characters"
            status(relay.create(request_id=value), 400, f"a create with {said}")
            for what, answer in calls(relay, box, box.recipient, value):
                status(answer, 400, f"{what} with {said}")


@check("2.1", "request id: a read and a preview need none")
def request_id_optional(relay):
    box = relay.new_box()
    status(relay.read(box, box.recipient), 200, "a read without a request id")
    status(relay.preview(box), 200, "a preview without a request id")


@check("2.1", "request id: a malformed one on a read is a 400 and binds nobody")
def request_id_read(relay):
    box = relay.new_box()
    status(relay.read(box, box.recipient, request_id="x" * 129), 400, "a read with a request id of 129 characters")
    bindable(relay, box, "a refused read")


@check("2.1", "claim: create, read and update need one (401)", draft="Mailbox-Device-Claim")
def claim_missing(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "calls without a claim"):
        status(relay.create(claim=None), (400, 401), "a create without a claim")
        status(relay.read(box, None), (400, 401), "a read without a claim")
        status(relay.update(box, None), (400, 401), "an update without a claim")


@check("2.1", "claim: text that is no UUID is a 401 on every call")
def claim_malformed(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "calls with a malformed claim"):
        for claim in ("x", new_id()[:-1], new_id().replace("-", ""), "{" + new_id() + "}"):
            status(relay.create(claim=claim), 401, "a create with a malformed claim")
            status(relay.read(box, claim), 401, "a read with a malformed claim")
            for what, answer in calls(relay, box, claim):
                status(answer, 401, f"{what} with a malformed claim")


@check("2.1", "claim: upper and lower case are the same claim")
def claim_case(relay):
    box = relay.new_box()
    recipient = "abcdef" + new_id()[6:]
    status(relay.read(box, recipient.upper()), 200, "a first read with a claim in upper case")
    status(relay.read(box, recipient), 200, "a read with the same claim in lower case")
    status(relay.read(box, box.initiator.upper()), 200, "a read with the initiator's claim in upper case")


@check("2.1", "aliases: deviceClaim and Device-Claim are accepted")
def aliases(relay):
    box = relay.new_box()
    for name in ("deviceClaim", "Device-Claim"):
        status(relay.read(box, None, headers=[(name, box.initiator)]), 200, f"a read with the claim in {name}")


@check("2.1", "aliases: two forms with different claims are a 400")
def alias_conflict(relay):
    box = relay.new_box()
    answer = relay.read(box, box.initiator, headers=[("Device-Claim", new_id())])
    status(answer, 400, "a read with two different claims")
    bindable(relay, box, "a refused read")


@check("2.1", "repeated headers: the same value counts once, different values are malformed")
def repeated_headers(relay):
    box, mark = relay.bound_box(), new_id()
    status(relay.read(box, box.initiator, headers=[(CLAIM, box.initiator)]), 200, "a claim that occurs twice")
    with unchanged(relay, box, "an update with two request ids"):
        answer = relay.update(box, box.initiator, request_id=mark, headers=[(REQUEST_ID, new_id())])
        status(answer, 400, "an update with two different request ids")
        that(answer.header(REQUEST_ID) is None, "no echo of two request ids that differ",
             f"{REQUEST_ID}: {answer.header(REQUEST_ID)}")


@check("2.1", "attestation: a header of more than 16,384 bytes is a 431, where attestations count")
def attestation_too_long(relay):
    answer = relay.create(headers=[("Mailbox-Device-Attestation", "A" * 16385)])
    if answer.status == 200:
        raise NotApplicable("the relay ignores attestations")
    status(answer, 431, "a create with an attestation of 16,385 bytes")


@check("2.5", "If-Match, If-None-Match and Mailbox-Version on a delete are a 400, and nothing is deleted")
def conditions_on_delete(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "a refused delete"):
        for header in (("If-Match", '"1"'), ("If-None-Match", "*"), ("Mailbox-Version", "1"),
                       ("Mailbox-Known-Version", "1")):
            status(relay.delete(box, box.initiator, headers=[header]), 400, f"a delete with {header[0]}")


@check("2.5", "If-Match on a read and Mailbox-Known-Version on an update are a 400")
def conditions_elsewhere(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "refused calls"):
        status(relay.read(box, box.recipient, headers=[("If-Match", '"1"')]), 400, "a read with If-Match")
        status(relay.update(box, box.recipient, headers=[("Mailbox-Known-Version", "1")]), 400,
               "an update with Mailbox-Known-Version")


@check("2.5", "Content-Range on an update is a 400 and changes nothing")
def content_range(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "an update of a range"):
        answer = relay.update(box, box.recipient, headers=[("Content-Range", "bytes 0-9/100")])
        status(answer, 400, "an update with Content-Range")


@check("2.5", "Mailbox-Secret-Proof in the wrong form is a 400: proof= on create, verifier= on read")
def proof_elsewhere(relay):
    claim, request_id = new_id(), new_id()
    answer = relay.create(claim=claim, request_id=request_id, headers=[(PROOF, "proof=" + "A" * 43)])
    status(answer, 400, "a create with proof=")
    answer = relay.create(claim=claim, request_id=request_id)
    status(answer, 200, "the same create without it, because the refused one made no mailbox")
    status(relay.read(answer.box, new_id(), headers=[(PROOF, VERIFIER)]), 400, "a read with verifier=")
    bindable(relay, answer.box, "a refused read")


@check("2.5", "the preview refuses no header")
def preview_refuses_nothing(relay):
    box = relay.new_box()
    for header in ((CLAIM, "nonsense"), ("If-Match", '"1"'), ("If-None-Match", "*"), ("Mailbox-Known-Version", "x"),
                   (PROOF, "x"), (REQUEST_ID, "a b"), ("Content-Range", "x")):
        status(relay.preview(box, headers=[header]), 200, f"a preview with {header[0]}")


@check("2.5", "Range and If-Modified-Since are ignored")
def range_ignored(relay):
    box = relay.new_box()
    for header in (("Range", "bytes=0-9"), ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")):
        status(relay.preview(box, headers=[header]), 200, f"a preview with {header[0]}")
        status(relay.read(box, box.initiator, headers=[header]), 200, f"a read with {header[0]}")


@check("2.5", "unknown headers and other Authorization schemes are ignored")
def unknown_headers(relay):
    status(relay.create(headers=[("X-Anything", "1"), ("Authorization", "Basic eDp4")]), 200,
           "a create with Authorization: Basic and an unknown header")
