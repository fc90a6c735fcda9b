# SPDX-License-Identifier: Apache-2.0
"""Faults of a relay, each with the one check that must fail. A fault is as narrow as its check, because a relay that,
for example, binds everybody breaks more than one rule."""
import datetime
import html
import json
import re
import time
import unicodedata

from faulty_relay import Fault, Request
from tigress_conformance.http1 import Answer

JSON_TYPE = ("content-type", "application/json")
PROBLEM_TYPE = ("content-type", "application/problem+json")


def is_create(request):
    return request.method == "POST" and request.box_id is None and request.target == "/v1/m"


def is_read(request):
    return request.method == "POST" and request.box_id is not None


def problem(status, kind="about:blank", detail="no"):
    return json.dumps({"type": kind, "title": "Refused", "status": status, "detail": detail}).encode()


def refusal(answer, status, kind="about:blank", detail="no"):
    """Another refusal with the headers of an answer."""
    headers = [pair for pair in answer.headers if pair[0] != "content-type"] + [PROBLEM_TYPE]
    return Answer(status, headers, problem(status, kind, detail))


def success(answer, body, media=JSON_TYPE):
    headers = [pair for pair in answer.headers if pair[0] not in ("content-type", "www-authenticate")] + [media]
    return Answer(200, headers, body)


def without(answer, name):
    return Answer(answer.status, [pair for pair in answer.headers if pair[0] != name], answer.body)


def having(answer, name, value):
    """The answer with this value of a header."""
    return Answer(answer.status, without(answer, name).headers + [(name, value)], answer.body)


def is_expired(seen):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return seen is not None and bool(seen.expires) and now >= seen.expires


# ---- two devices --------------------------------------------------------------------------------

class BindsASecondRecipient(Fault):
    """Claims of one connection count as one device, as long as nothing but first reads has happened."""
    check = "3.4/second_claim"

    def tell(self, request, answer, seen, ask):
        names = {name.lower() for name, _ in request.headers}
        is_plain = not names & {"prefer", "mailbox-known-version", "mailbox-secret-proof", "mailbox-request-id"}
        if (is_read(request) and answer.status == 401 and is_plain and seen and seen.recipient and not seen.calls
                and not seen.relinquished and request.claim not in seen.claims and len(request.claim) == 36
                and not seen.verifier and seen.connection is request.connection):
            return ask(request.having("Mailbox-Device-Claim", seen.recipient))
        return answer


class BindsAllWhoRace(Fault):
    """Where several claims read for the first time, all but the first few are bound."""
    check = "3.4/bind_race"
    FEW = 2  # a device that comes late is no race

    def serialises(self, request):
        return is_read(request) and request.header("prefer") is None

    def tell(self, request, answer, seen, ask):
        if is_read(request) and answer.status == 401 and seen and seen.recipient and len(request.claim) == 36:
            seen.losers.add(request.claim)
            if len(seen.losers) > self.FEW:
                return ask(request.having("Mailbox-Device-Claim", seen.recipient))
        return answer


class ForgetsWhoRelinquished(Fault):
    """The claim that relinquished is bound again."""
    check = "3.7/relinquish_out"

    def ask(self, request, seen):
        is_free = seen and not seen.recipient and not seen.is_deleted
        if is_read(request) and is_free and request.claim in seen.relinquished:
            return request.having("Mailbox-Device-Claim", "0" * 8 + request.claim[8:])
        return request


class ForbidsInsteadOfUnauthorized(Fault):
    """A stranger's delete of a mailbox that nobody has opened is a 403."""
    check = "3.4/stranger_calls"

    def tell(self, request, answer, seen, ask):
        is_unopened = seen and not seen.claims and len(request.claim) == 36
        if request.method == "DELETE" and answer.status == 401 and is_unopened:
            return refusal(answer, 403)
        return answer


class ComparesClaimsWithCase(Fault):
    """A claim in upper case is another one."""
    check = "2.1/claim_case"

    def tell(self, request, answer, seen, ask):
        claim = request.header("mailbox-device-claim") or ""
        return refusal(answer, 401) if is_read(request) and claim != claim.lower() else answer


# ---- rights -------------------------------------------------------------------------------------

class LetsNobodyDeleteWithoutD(Fault):
    """The initiator needs the right D, too."""
    check = "3.5/rights_initiator"

    def ask(self, request, seen):
        if request.method == "DELETE" and seen and seen.rights == "R" and request.claim == seen.initiator:
            return request.having("Mailbox-Device-Claim", "0" * 8 + request.claim[8:])
        return request


class GivesAllRightsByDefault(Fault):
    """A mailbox without configuration may be written."""
    check = "3.5/rights_default"

    def ask(self, request, seen):
        message = request.json() if is_create(request) else None
        if not isinstance(message, dict) or "mailboxConfiguration" in message or "payload" not in message:
            return request
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        message["mailboxConfiguration"] = {"accessRights": "RWD", "expiration": later.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return request.carrying(json.dumps(message).encode())


# ---- versions, conditions, retries --------------------------------------------------------------

class AcceptsAStaleTag(Fault):
    """If-Match is compared only after an update that had one."""
    check = "2.3/match_stale"

    def serialises(self, request):
        return request.method == "PUT"

    def ask(self, request, seen):
        tag = request.header("if-match") or ""
        if request.method == "PUT" and seen and re.fullmatch(r'"\d+"', tag) and not getattr(seen, "has_tagged", False):
            seen.has_tagged = True
            return request.without("If-Match")
        return request


class LosesAnUpdate(Fault):
    """Two devices update the same version, and the second overwrites the first."""
    check = "2.3/match_race"

    def serialises(self, request):
        return request.method == "PUT"

    def ask(self, request, seen):
        tag = request.header("if-match")
        if request.method == "PUT" and tag and seen and any(
                old == tag and claim != request.claim for old, claim in seen.matched):
            return request.without("If-Match")
        return request


class StopsCounting(Fault):
    """The version does not grow beyond 3."""
    check = "2.3/version_counts"

    def tell(self, request, answer, seen, ask):
        version = answer.header("mailbox-version")
        if version and int(version) > 3:
            return having(answer, "mailbox-version", "3")
        return answer


class RemembersFourRequests(Fault):
    """A device's fifth request from the end is done again."""
    check = "2.2/update_eight"

    def ask(self, request, seen):
        if request.method != "PUT" or seen is None:
            return request
        known = seen.__dict__.setdefault("ids", {}).setdefault(request.claim, [])
        name = request.header("mailbox-request-id")
        if name in known[:-4]:
            return request.having("Mailbox-Request-ID", f"{name}/{len(known)}")
        if name not in known:
            known.append(name)
        return request


class BringsMailboxesBack(Fault):
    """A late duplicate of the create makes a deleted mailbox again."""
    check = "2.2/create_after_delete"

    def tell(self, request, answer, seen, ask):
        if is_create(request) and answer.status == 201:
            box = (answer.json() or {}).get("urlLink", "").rsplit("/", 1)[-1]
            read = Request("POST", "/v1/m/" + box, request.without("Content-Length").headers, b"")
            if ask(read).status == 404:
                return ask(request.having("Mailbox-Request-ID", "again"))
        return answer


class DeletesTwice(Fault):
    """A repeated delete is a 200."""
    check = "2.2/delete_repeated"

    def tell(self, request, answer, seen, ask):
        if request.method == "DELETE" and seen:
            name = request.header("mailbox-request-id")
            if answer.status == 200:
                seen.deleted_by = name
            elif answer.status == 404 and name == getattr(seen, "deleted_by", None):
                return success(answer, b"")
        return answer


class DeletesUnconditionally(Fault):
    """If-Match on a delete is ignored."""
    check = "2.5/conditions_on_delete"

    def ask(self, request, seen):
        return request.without("If-Match") if request.method == "DELETE" else request


# ---- long polls ---------------------------------------------------------------------------------

class NeverWaits(Fault):
    """A long poll is answered at once."""
    check = "2.4/poll_waits"

    def ask(self, request, seen):
        if is_read(request) and re.fullmatch(r"wait=\d+", request.header("prefer") or ""):
            return request.having("Prefer", "wait=0")
        return request


class SleepsThroughUpdates(Fault):
    """A long poll tells an update only when its time is over."""
    check = "2.4/poll_update"

    def tell(self, request, answer, seen, ask):
        found = re.fullmatch(r"wait=([1-9]\d*)", request.header("prefer") or "")
        if is_read(request) and found and answer.status == 200 and seen and request.claim == seen.initiator:
            time.sleep(int(found.group(1)) - 1)
        return answer


# ---- headers ------------------------------------------------------------------------------------

class AllowsCachingOfErrors(Fault):
    """A 404 may be cached."""
    check = "1.4/no_store"

    def tell(self, request, answer, seen, ask):
        return without(answer, "cache-control") if answer.status == 404 else answer


class LeavesOutNosniff(Fault):
    """The page lacks X-Content-Type-Options."""
    check = "1.4/nosniff"

    def tell(self, request, answer, seen, ask):
        return without(answer, "x-content-type-options") if request.method in ("GET", "HEAD") else answer


class ForgetsCorsOnErrors(Fault):
    """A refusal lacks Access-Control-Allow-Origin."""
    check = "1.4/cors_origin"

    def tell(self, request, answer, seen, ask):
        return without(answer, "access-control-allow-origin") if answer.status == 401 else answer


class NamesItsVersion(Fault):
    """The header Server has a version."""
    check = "1.4/no_version"

    def tell(self, request, answer, seen, ask):
        return Answer(answer.status, answer.headers + [("server", "relay/1.2.3")], answer.body)


class ForgetsAllow(Fault):
    """A 405 on /v1/m has no Allow."""
    check = "1.2/method_collection"

    def tell(self, request, answer, seen, ask):
        is_it = answer.status == 405 and request.target == "/v1/m"
        return without(answer, "allow") if is_it else answer


class EchoesOnlySuccess(Fault):
    """A refusal does not echo the request id."""
    check = "2.1/request_id_refusal"

    def tell(self, request, answer, seen, ask):
        return without(answer, "mailbox-request-id") if answer.status >= 400 else answer


class RepeatsThePath(Fault):
    """The detail of a 404 repeats the path."""
    check = "1.5/problem_echoes_nothing"

    def tell(self, request, answer, seen, ask):
        is_it = answer.status == 404 and request.method == "GET" and request.box_id is None
        return refusal(answer, 404, detail=f"no {request.target}") if is_it else answer


# ---- bodies -------------------------------------------------------------------------------------

class RefusesUnknownMembers(Fault):
    """A create with a member of the future is a 400."""
    check = "1.3/unknown_members"

    def tell(self, request, answer, seen, ask):
        return refusal(answer, 400) if is_create(request) and b'"future"' in request.body else answer


class RefusesLargeNumbers(Fault):
    """A number that no machine's type holds is a 400, also where it means nothing."""
    check = "1.3/numbers"

    def tell(self, request, answer, seen, ask):
        return refusal(answer, 400) if is_create(request) and b"1e400" in request.body else answer


class ReadsAnyNumberOfValues(Fault):
    """What a create has in an unknown member is not counted."""
    check = "1.3/values"

    def ask(self, request, seen):
        has_many = is_create(request) and request.body.count(b"1,") > 1000
        return request.carrying(request.body.replace(b"1,", b"")) if has_many else request


class RefusesNull(Fault):
    """A token that is null is a 400."""
    check = "1.3/null_optional"

    def tell(self, request, answer, seen, ask):
        is_it = is_create(request) and b'"notificationToken": null' in request.body
        return refusal(answer, 400) if is_it else answer


class PromisesEveryTopic(Fault):
    """A push is promised for each app, whether or not there is a sender for it."""
    check = "4.9/push_topic"

    def tell(self, request, answer, seen, ask):
        is_it = is_create(request) and answer.status == 200 and b"tokenTopic" in request.body
        return Answer(200, answer.headers, answer.body.replace(b"false", b"true")) if is_it else answer


class TakesTheLastDuplicate(Fault):
    """Of two members of one name the last counts."""
    check = "1.3/duplicates"

    def ask(self, request, seen):
        message = request.json() if is_create(request) and len(request.body) < 10000 else None
        changed = json.dumps(message)
        is_json = isinstance(message, dict) and "Infinity" not in changed  # a number that is too large for Python
        return request.carrying(changed.encode()) if is_json else request


class TakesAnyMediaType(Fault):
    """A create of text/plain is accepted."""
    check = "1.3/media_other"

    def ask(self, request, seen):
        is_it = is_create(request) and request.header("content-type") == "text/plain"
        return request.having("Content-Type", "application/json") if is_it else request


class CallsLargeMalformed(Fault):
    """A create over the limit is a 400."""
    check = "1.3/too_large"

    def tell(self, request, answer, seen, ask):
        return refusal(answer, 400) if is_create(request) and answer.status == 413 else answer


class NormalisesText(Fault):
    """Payloads are brought into Unicode's form NFC."""
    check = "4.2/payload_opaque"

    def ask(self, request, seen):
        try:
            text = request.body.decode("utf-8")
        except UnicodeDecodeError:
            return request
        changed = unicodedata.normalize("NFC", text).encode()
        return request.carrying(changed) if is_create(request) and changed != request.body else request


class BelievesTheHost(Fault):
    """urlLink is made from the Host header."""
    check = "4.2/link_host"

    def tell(self, request, answer, seen, ask):
        if is_create(request) and answer.status == 200:
            body = re.sub(rb"http://[^/]*/", b"http://" + request.header("host").encode() + b"/", answer.body)
            return Answer(answer.status, answer.headers, body)
        return answer


# ---- ends ---------------------------------------------------------------------------------------

class TellsStrangersOfTheEnd(Fault):
    """Anybody learns that a mailbox existed and was withdrawn."""
    check = "3.8/oracle_stranger"

    def tell(self, request, answer, seen, ask):
        is_stranger = seen and request.claim not in seen.claims | seen.relinquished | {seen.initiator}
        if answer.status == 404 and request.method not in ("GET", "HEAD") and is_stranger and seen.is_deleted:
            return refusal(answer, 404, "urn:tigress:problem/ended-by-initiator")
        return answer


class TellsWhoRelinquishedOfTheEnd(Fault):
    """A claim that relinquished still learns how the transfer ended."""
    check = "3.8/oracle_relinquished"

    def tell(self, request, answer, seen, ask):
        if answer.status == 404 and seen and seen.is_deleted and request.claim in seen.relinquished:
            return refusal(answer, 404, "urn:tigress:problem/ended-by-initiator")
        return answer


class ShowsExpiredMailboxes(Fault):
    """The preview of an expired mailbox is still there."""
    check = "3.6/expiration_preview"

    def tell(self, request, answer, seen, ask):
        if request.method == "GET" and answer.status == 404 and is_expired(seen):
            return success(answer, b"<!DOCTYPE html><title>A key</title>", ("content-type", "text/html; charset=utf-8"))
        return answer


class DeletesExpiredMailboxes(Fault):
    """A delete after the expiration is a 200."""
    check = "3.6/expiration_comes"

    def tell(self, request, answer, seen, ask):
        is_theirs = seen and request.claim in seen.claims | {seen.initiator}
        if request.method == "DELETE" and answer.status == 404 and is_expired(seen) and is_theirs:
            return success(answer, b"")
        return answer


# ---- the page, the proof ------------------------------------------------------------------------

class BindsByPreview(Fault):
    """A preview with a claim binds it."""
    check = "4.3/preview_binds_nobody"

    def tell(self, request, answer, seen, ask):
        if request.method == "GET" and len(request.claim) == 36 and seen:
            ask(Request("POST", request.target, tuple(pair for pair in request.headers if pair[0] != "Accept")
                        + (("Content-Length", "0"),), b""))
        return answer


class DoesNotEscape(Fault):
    """The page contains the sender's markup."""
    check = "5.1/escaped"

    def tell(self, request, answer, seen, ask):
        if request.method == "GET" and answer.media_type == "text/html":
            return Answer(answer.status, answer.headers, html.unescape(answer.body.decode()).encode())
        return answer


class IgnoresQualities(Fault):
    """A client that accepts JSON at all gets JSON."""
    check = "4.3/preview_quality"

    def ask(self, request, seen):
        is_it = request.method == "GET" and "application/json" in (request.header("accept") or "")
        return request.having("Accept", "application/json") if is_it else request


class ForgetsTheProof(Fault):
    """After a relinquish anybody may be bound without the proof of secret."""
    check = "6.4/proof_after_relinquish"

    def tell(self, request, answer, seen, ask):
        if is_read(request) and seen:
            proof = request.header("mailbox-secret-proof")
            if answer.status == 200 and proof:
                seen.proof = proof
            elif answer.status == 401 and not proof and seen.relinquished and getattr(seen, "proof", None):
                return ask(request.having("Mailbox-Secret-Proof", seen.proof))
        return answer


# ---- whether a recipient is bound, the end note -------------------------------------------------

def with_member(answer, name, value):
    """A problem document with another member."""
    document = {**(answer.json() or {}), name: value}
    return Answer(answer.status, answer.headers, json.dumps(document).encode())


class SaysOpenedTooEarly(Fault):
    """The initiator reads "bound" before anybody has read."""
    check = "2.6/opened_read"

    def tell(self, request, answer, seen, ask):
        is_it = is_read(request) and answer.status == 200 and seen and not seen.claims
        return having(answer, "mailbox-recipient", "bound") if is_it and request.claim == seen.initiator else answer


class SleepsThroughTheBind(Fault):
    """A long poll of the initiator tells a bind only when its time is over."""
    check = "2.4/poll_bind"

    def ask(self, request, seen):
        if seen and request.header("mailbox-known-recipient") == "none":
            seen.was_bound = bool(seen.recipient)
        return request

    def tell(self, request, answer, seen, ask):
        found = re.fullmatch(r"wait=([1-9]\d*)", request.header("prefer") or "")
        if found and seen and request.header("mailbox-known-recipient") == "none" and not seen.was_bound \
                and answer.header("mailbox-recipient") == "bound":
            time.sleep(int(found.group(1)) - 1)
        return answer


class KeepsTheNote(Fault):
    """A read after the end does not have the other device's note; a delete has it."""
    check = "3.11/note_given"

    def tell(self, request, answer, seen, ask):
        document = answer.json() or {}
        # A note of the largest size is another matter.
        if is_read(request) and answer.status == 404 and 0 < len(document.get("endNote", "")) < 200:
            del document["endNote"]
            return Answer(answer.status, answer.headers, json.dumps(document).encode())
        return answer


class GivesTheNoteBack(Fault):
    """The device that left a note reads it again."""
    check = "3.11/note_not_back"

    def tell(self, request, answer, seen, ask):
        note = request.header("mailbox-end-note")
        if request.method == "DELETE" and answer.status == 200 and note:
            seen.note = (request.claim, note)
        elif is_read(request) and answer.status == 404 and seen and getattr(seen, "note", ("", ""))[0] == request.claim:
            return with_member(answer, "endNote", seen.note[1])
        return answer


class TakesALateNote(Fault):
    """A note that comes after the end is given to the other device."""
    check = "3.11/note_late"

    def tell(self, request, answer, seen, ask):
        note = request.header("mailbox-end-note")
        if request.method == "DELETE" and seen and seen.is_deleted and not note and answer.status == 200:
            seen.is_plain = True
        elif request.method == "DELETE" and note and getattr(seen, "is_plain", False):
            seen.late = (request.claim, note)
        elif is_read(request) and answer.status == 404 and seen and getattr(seen, "late", None) \
                and seen.late[0] != request.claim:
            return with_member(answer, "endNote", seen.late[1])
        return answer


FAULTS = {one.__name__: one for one in Fault.__subclasses__()}
