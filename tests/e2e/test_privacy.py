# SPDX-License-Identifier: Apache-2.0
"""Sends marked values in every call. Then searches for them in the store's files, in the relay's output, in its metrics
and in an image of its memory."""
import base64
import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.request
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import standing

from conftest import make_relay, open_api
from relay_process import until, until_no_connection
from tigress_client import END_NOTE, PROOF, REQUEST_ID, create_message, new_id
from tigress_envelope import ShareUrl, new_secret, seal, secret_proof

BIG_MAPPING = 1 << 32  # a sanitizer's shadow; never part of a core image


# ---- the scanner --------------------------------------------------------------------------------

def base64_cores(value):
    """The forms of a value inside base64, for all texts before and after it."""
    for lead in range(3):
        text = base64.b64encode(b"\0" * lead + value)
        first = (lead * 8 + 5) // 6
        whole = (lead + len(value)) // 3 * 4
        core = text[first:whole]
        if len(core) >= 12:
            yield core
            yield core.translate(bytes.maketrans(b"+/", b"-_"))


def forms_of(value):
    """Every form that a planted value may have."""
    out = {value, value.hex().encode(), value.hex().upper().encode(), *base64_cores(value)}
    with contextlib.suppress(ValueError):
        parsed = uuid.UUID(value.decode())
        text = str(parsed)
        out |= {text.encode(), text.upper().encode(), parsed.hex.encode(),
                parsed.hex.upper().encode(), parsed.bytes, parsed.bytes_le,
                *base64_cores(parsed.bytes)}
    with contextlib.suppress(UnicodeDecodeError):
        out.add(value.decode().encode("utf-16-le"))
    return out


CLAIM_DIGITS = 12  # common to all claims of a test: 6 bytes


class Scanner:
    """Searches for every form of every planted value. All texts have the same mark and all claims the same beginning,
    so a search for a thousand of them takes as long as for one."""

    def __init__(self):
        self.forms = {}
        self.mark = "MARK" + os.urandom(6).hex()
        self.claim_start = os.urandom(CLAIM_DIGITS // 2).hex()
        self.plant("a marked text", self.mark)
        text = self.claim_start[:8] + "-" + self.claim_start[8:]
        for form in (text.encode(), text.upper().encode(), self.claim_start.encode(),
                     bytes.fromhex(self.claim_start), *base64_cores(text.encode())):
            self.forms[form] = "a claim"

    def text(self, what):
        """A new marked text."""
        return f"{what}-{self.mark}-{os.urandom(4).hex()}"

    def claim(self):
        """A new marked claim."""
        return str(uuid.UUID(self.claim_start + str(uuid.uuid4()).replace("-", "")[CLAIM_DIGITS:]))

    def plant(self, name, value):
        """A value that cannot be marked, because the relay or a cipher made it."""
        for form in forms_of(value.encode() if isinstance(value, str) else value):
            if len(form) >= 8:
                self.forms[form] = name

    def find(self, data, where):
        """The names of the values in data, with the position."""
        found = []
        for form, name in self.forms.items():
            at = data.find(form)
            if at >= 0:
                found.append(f"{name} in {where} at {at}")
        return sorted(found)

    def find_in_files(self, folder):
        found = []
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(root, name)
                with open(path, "rb") as file:
                    found += self.find(name.encode() + b"\n" + file.read(), path)
        return found


@pytest.mark.parametrize("form", ["raw", "hex", "base64", "shifted base64", "URL", "utf-16",
                                  "claim", "capital claim", "claim bytes", "claim digits",
                                  "identifier bytes", "identifier"])
def scanner__planted_value__found_in_every_form(tmp_path, form):
    scanner = Scanner()
    title, claim, box = scanner.text("TITLE"), scanner.claim(), new_id()
    scanner.plant("identifier", box)
    data = {
        "raw": title.encode(), "hex": title.encode().hex().encode(),
        "base64": base64.b64encode(title.encode()),
        "shifted base64": base64.b64encode(b"x" + title.encode() + b"yz"),
        "URL": f"https://r.example/{title}".encode(), "utf-16": title.encode("utf-16-le"),
        "claim": claim.encode(), "capital claim": claim.upper().encode(),
        "claim bytes": uuid.UUID(claim).bytes, "claim digits": uuid.UUID(claim).hex.encode(),
        "identifier bytes": uuid.UUID(box).bytes, "identifier": box.encode()}[form]
    (tmp_path / "store").write_bytes(os.urandom(5000) + data + os.urandom(5000))
    assert scanner.find_in_files(tmp_path)


def scanner__random_bytes__nothing_found(tmp_path):
    scanner = Scanner()
    scanner.plant("identifier", new_id())
    (tmp_path / "store").write_bytes(os.urandom(1 << 22))
    assert scanner.find_in_files(tmp_path) == []


# ---- an image of the relay's memory -------------------------------------------------------------

def mappings(pid):
    """(start, end, flags of smaps) of every mapping that a core image would hold."""
    out = []
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as file:
        for line in file:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ", line)
            if head:
                out.append([int(head.group(1), 16), int(head.group(2), 16), head.group(3), ""])
            elif line.startswith("VmFlags:"):
                out[-1][3] = line
    return [(start, end) for start, end, rights, flags in out
            if rights.startswith("rw") and " dd" not in flags and end - start < BIG_MAPPING]


def memory_image(pid):
    """All writable memory without pages of zeros, which are most of it: what a core image holds, and more."""
    parts = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for start, end in mappings(pid):
            at = start
            while at < end:
                try:
                    file.seek(at)
                    part = file.read(min(end - at, 1 << 24))
                except (OSError, ValueError):
                    break
                if not part:
                    break
                parts.append(without_zeros(part))
                at += len(part)
    return b"".join(parts)


def without_zeros(data):
    """The pages that hold anything."""
    zero = bytes(4096)
    return b"".join(page for page in (data[at:at + 4096] for at in range(0, len(data), 4096))
                    if page != zero)


def core_image(relay, folder):
    """gcore's file; None where gdb is not installed, or where a sanitizer's shadow makes it too large."""
    with open(f"/proc/{relay.pid}/maps", encoding="utf-8") as file:
        is_sanitized = "libasan" in (text := file.read()) or "libtsan" in text
    if shutil.which("gcore") is None or is_sanitized:
        return None
    done = subprocess.run(["gcore", "-o", str(folder / "core"), str(relay.pid)],
                          capture_output=True, timeout=60, check=False)
    path = folder / f"core.{relay.pid}"
    if done.returncode != 0 or not path.exists():
        return None
    data = without_zeros(path.read_bytes())
    path.unlink()
    return data


# ---- the test -----------------------------------------------------------------------------------

# spec-test: protocol/5#secret-in-target
def send_links_that_slipped(scanner, api, box, secret):
    """What a browser sends after a program has changed the # of a link."""
    for text in (base64.b64encode(secret), base64.urlsafe_b64encode(secret)):
        bare = text.decode().rstrip("=")
        scanner.plant("a secret that slipped", bare)
        for form in ("%23{}", "/{}", "?{}==", "?v=c&{}", "?v=c%23{}%3D%3D"):
            for method, accept in (("GET", "text/html"), ("GET", "application/json"), ("HEAD", "*/*"),
                                   ("POST", "*/*"), ("PROPFIND", "*/*")):
                answer = api.call(method, f"/v1/m/{box}" + form.format(bare), [("Accept", accept)])
                assert answer.status >= 400, (method, form, answer.status)
                assert scanner.find(answer.body, "answer") == []


class Transfer:
    """A complete transfer in which every value is marked."""

    def __init__(self, scanner):
        self.scanner = scanner
        text = scanner.text
        self.secret = new_secret(16)
        self.plain = {"format": text("FORMAT"), "content": {"key": text("PLAIN")}}
        self.display = {"title": text("TITLE"), "description": text("DESCRIPTION"),
                        "imageURL": f"https://{text('image').lower()}.example/{text('k')}.png"}
        self.token = {"type": text("TOKEN-TYPE"), "tokenData": text("TOKEN-DATA")}
        self.opaque = {"type": text("PAYLOAD-TYPE"), "data": text("PAYLOAD-DATA")}
        self.initiator, self.recipient = scanner.claim(), scanner.claim()
        scanner.plant("secret", self.secret)

    def run(self, relay, api, ending):
        text = self.scanner.text
        proof, verifier = secret_proof(self.secret)
        sealed = seal(self.secret, self.plain)
        for name, value in (("proof", proof), ("verifier", verifier), ("payload", sealed["data"])):
            self.scanner.plant(name, value[:40])
        answer = api.create(
            create_message(payload=sealed, display=self.display, token=self.token),
            self.initiator, text("REQUEST"), [(PROOF, "verifier=" + verifier),
                                              ("User-Agent", text("AGENT"))])
        assert answer.status == 200
        box = answer.json()["urlLink"].rsplit("/", 1)[1]
        self.scanner.plant("identifier", box)
        self.scanner.plant("share URL", ShareUrl(relay.origin, box, "c", self.secret).text())
        for accept in ("text/html", "application/json"):
            assert api.preview(box, accept).status == 200
        send_links_that_slipped(self.scanner, api, box, self.secret)
        assert api.read(box, self.recipient, {"notificationToken": self.token},
                        extra=[(PROOF, "proof=" + proof)]).status == 200
        assert api.update(box, self.recipient, {"payload": self.opaque},
                          text("REQUEST")).status == 200
        assert api.wait(box, self.initiator, 1, 1).status == 200
        refused = [api.read(box, self.scanner.claim(), extra=[(REQUEST_ID, text("REQUEST"))]),
                   api.update(box, self.initiator, f'{{"payload":{{"type":"{text("BROKEN")}"'
                              .encode(), text("REQUEST")),
                   api.update(box, self.initiator, {"payload": {"type": text("LONG") * 9,
                                                                "data": "x"}}, text("REQUEST"))]
        assert [answer.status for answer in refused] == [401, 400, 400]
        if ending == "delete":
            # The note is opaque to the relay; a marked one is searched for in every form.
            note = base64.urlsafe_b64encode(text("NOTE").encode()).decode().rstrip("=")
            self.scanner.plant("end note", note)
            assert api.delete(box, self.recipient, text("REQUEST"), [(END_NOTE, note)]).status == 200
            assert api.read(box, self.initiator).json()["endNote"] == note
        return box


def output_of(relay):
    with urllib.request.urlopen(f"http://127.0.0.1:{relay.admin_port}/metrics", timeout=10) as got:
        text = got.read()
    return relay.output("stdout") + relay.output("stderr") + text


# spec-test: protocol/3#blind-at-rest
# spec-test: protocol/3#nothing-identifying-written
@pytest.mark.parametrize("kind", ["tls-lmdb", "plain-lmdb"])
def planted__store_output_and_memory__nothing_found(tmp_path, kind):
    scanner = Scanner()
    with make_relay(tmp_path / "r", kind, args=["--log-level", "debug", "--workers", "2"]) as relay:
        transports = ["h1", "h2"] if kind.startswith("tls") else ["h1"]
        for number in range(12):
            with contextlib.closing(open_api(relay, transports[number % len(transports)])) as api:
                Transfer(scanner).run(relay, api, "delete" if number % 3 else "leave")
        threads = [threading.Thread(target=run_one, args=(scanner, relay))
                   for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # The store reveals nothing, also while it contains mailboxes.
        assert scanner.find_in_files(relay.data) == []
        assert scanner.find(output_of(relay), "output") == []
        until_no_connection(relay)
        found = scanner.find(memory_image(relay.pid), "memory")
        assert found == [], found
        core = core_image(relay, tmp_path)
        if core is not None:
            found = scanner.find(core, "core image")
            assert found == [], found
            assert b"tigressd" in core, "the image is not one of the relay"
    assert scanner.find_in_files(tmp_path) == []


# ---- proofs of good standing --------------------------------------------------------------------

def send_proofs(scanner, relay, authority, issuer, transport):
    """A create with a valid attestation and one with a valid token, and each proof again for another share."""
    key = ec.generate_private_key(ec.SECP256R1())
    chain = [authority.leaf(key)]
    claim, request_id, message = new_id(), new_id(), create_message()
    covered = standing.challenge(claim, request_id, message)
    attestation = (standing.ATTESTATION, standing.packed(covered, "127.0.0.1", key, chain))
    token = issuer.token(issuer.token_challenge("127.0.0.1"))
    numbers = key.public_key().public_numbers()
    scanner.plant("an attestation's key", numbers.x.to_bytes(32, "big"))
    scanner.plant("a certificate's serial number",
                  chain[0].serial_number.to_bytes(20, "big")[4:])
    scanner.plant("an attestation", standing.unb64u(attestation[1])[60:100])
    scanner.plant("a challenge", covered)
    scanner.plant("a token's nonce", token[2:34])
    scanner.plant("a token's signature", token[98:138])
    with contextlib.closing(open_api(relay, transport)) as api:
        got = [api.create(message, claim, request_id, extra=[attestation]).status,
               api.create(message, new_id(), request_id, extra=[attestation]).status,
               api.create(message, extra=[standing.authorization(token)]).status,
               api.create(message, extra=[standing.authorization(token)]).status]
    assert got == [200, 401, 200, 401]


# spec-test: protocol/6#nothing-of-a-proof-kept
@pytest.mark.parametrize("kind", ["tls-lmdb", "plain-lmdb"])
def planted__proofs_of_good_standing__nothing_found(tmp_path, kind):
    scanner, authority, issuer = Scanner(), standing.Authority(), standing.Issuer()
    issuers = standing.write_issuers(tmp_path / "issuers.json",
                                     [(issuer.name, [issuer.entry(time.time() + 3600)])])
    args = ["--attestation", "required", "--attestation-formats", "packed", "--attestation-roots",
            str(authority.write_roots(tmp_path / "roots")), "--private-tokens", "optional",
            "--private-token-issuers", str(issuers), "--log-level", "debug", "--workers", "2"]
    with make_relay(tmp_path / "r", kind, args=args) as relay:
        for number in range(6):
            send_proofs(scanner, relay, authority, issuer,
                        "h2" if kind == "tls-lmdb" and number % 2 else "h1")
        assert scanner.find_in_files(relay.data) == []
        assert scanner.find(output_of(relay), "output") == []
        until_no_connection(relay)
        found = scanner.find(memory_image(relay.pid), "memory")
        assert found == [], found
    assert scanner.find_in_files(tmp_path / "r") == []


def run_one(scanner, relay):
    with contextlib.closing(open_api(relay, "h1")) as api:
        Transfer(scanner).run(relay, api, "delete")


def planted__while_a_transfer_is_under_way__the_scanner_sees_it_in_memory(tmp_path):
    """The memory scan can fail: it finds a body that is being received."""
    scanner = Scanner()
    mark = scanner.text("HALF-BODY")
    with make_relay(tmp_path / "r", "plain-lmdb") as relay:
        with contextlib.closing(open_api(relay)) as api:
            conn = api.transport.conn
            conn.putrequest("POST", "/v1/m")
            conn.putheader("Content-Length", "1000")
            conn.putheader("Content-Type", "application/json")
            conn.endheaders(f'{{"{mark}":1'.encode())
            until(lambda: scanner.find(memory_image(relay.pid), "memory"), "the half body in memory")
        until_no_connection(relay)
        assert scanner.find(memory_image(relay.pid), "memory") == []


def log__debug_level__no_address_of_a_client(tmp_path):
    with make_relay(tmp_path / "r", args=["--log-level", "debug"]) as relay:
        with contextlib.closing(open_api(relay)) as api:
            for _ in range(5):
                api.bound_box()
            api.call("GET", "/nothing")
        with contextlib.suppress(OSError):
            import socket
            with socket.create_connection((relay.host, relay.port), 5) as sock:
                sock.sendall(b"not TLS at all\r\n\r\n")
                sock.recv(100)
        lines = relay.output("stderr").decode()
        ready = relay.output("stdout").decode().splitlines()[1:]
    assert lines, "nothing was logged"
    assert "127.0.0.1" not in lines + "".join(ready)
