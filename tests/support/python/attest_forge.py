#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""attest_forge.py OUTDIR: attestations under the public test CA of the WebAuthn specification, properly signed and with
one error each, in the format that attest-verify reads. The output is the same every time.

tests/data/attestation/forged contains the output; a test runs this script again and compares.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import sys

import cbor2

DATA = pathlib.Path(__file__).resolve().parents[2] / "data" / "attestation"
W3C = json.loads((DATA / "w3c_level3.json").read_text())
ANCHOR = "w3c_webauthn_test_vectors_ca"
NOW = 1717200000
DAY = 86400
RP_ID = "example.org"
APP_ID = "TEAM123456.example.wallet"

# --- P-256, with a nonce that follows from key and message (for tests alone) ---
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(scalar, point=G):
    result = None
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


class Key:
    def __init__(self, scalar):
        self.scalar = scalar
        x, y = multiply(scalar)
        self.x, self.y = x.to_bytes(32, "big"), y.to_bytes(32, "big")
        self.point = b"\4" + self.x + self.y
        self.spki = seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), tlv(3, b"\0" + self.point))

    def sign(self, message, digest="sha256"):
        hashed = hashlib.new(digest, message).digest()
        e = int.from_bytes(hashed[:32], "big")
        k = int.from_bytes(hmac.digest(self.scalar.to_bytes(32, "big"), hashed, "sha256"), "big") % N
        r = multiply(k)[0] % N
        return seq(integer(r), integer(pow(k, -1, N) * (e + r * self.scalar) % N))


# --- DER ---
def tlv(tag, content):
    n = len(content)
    length = bytes([n]) if n < 128 else (lambda b: bytes([128 + len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return (bytes([tag]) if isinstance(tag, int) else tag) + length + content


def seq(*parts):
    return tlv(0x30, b"".join(parts))


def integer(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def base128(n):
    out = [n & 127]
    while n := n >> 7:
        out.append(n & 127 | 128)
    return bytes(reversed(out))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    return tlv(6, b"".join(map(base128, [40 * first + second, *rest])))


def octets(value):
    return tlv(4, value)


def explicit(number, content):
    return tlv(bytes([0xa0 | number]) if number < 31 else b"\xbf" + base128(number), content)


def name(*pairs):
    return seq(*(tlv(0x31, seq(oid(o), tlv(0x13 if o == "2.5.4.6" else 0x0c, v.encode()))) for o, v in pairs))


def content_of(der, *path):
    """The whole element that a path of indexes leads to."""
    for index in path:
        at = 2 if der[1] < 128 else 2 + (der[1] & 127)
        for _ in range(index + 1):
            n = der[at + 1]
            size = 2 + n if n < 128 else 2 + (n & 127) + int.from_bytes(der[at + 2:at + 2 + (n & 127)], "big")
            part, at = der[at:at + size], at + size
        der = part
    return der


CA = Key(int(W3C["attestation_ca_key_hex"], 16))
SOME_LEAF = cbor2.loads(bytes.fromhex(next(v for v in W3C["vectors"] if v["name"] == "packed-es256")["attestationObject_hex"]))
CA_NAME = content_of(SOME_LEAF["attStmt"]["x5c"][0], 0, 3)
CREDENTIAL, MAKER, MIDDLE, STRANGER, TOP = (Key(int.from_bytes(hashlib.sha256(s).digest(), "big") % N)
                                            for s in (b"credential", b"maker", b"middle", b"stranger", b"top"))
SUBJECT = (("2.5.4.6", "AA"), ("2.5.4.10", "Maker"), ("2.5.4.11", "Authenticator Attestation"), ("2.5.4.3", "Test"))
MIDDLE_NAME = name(("2.5.4.3", "Middle"))
SERIAL_OID = "2.5.4.5"
FACTORY_NAME, SERVER_NAME = name((SERIAL_OID, "e18c4f2ca699739a")), name(("2.5.4.3", "Droid CA2"), ("2.5.4.10", "Google LLC"))
CA_END = 33261840000  # after the end of the test CA, in the year 3024
NOT_CA = ("2.5.29.19", True, seq())
IS_CA = ("2.5.29.19", True, seq(tlv(1, b"\xff")))
ES256, ES_SHA1 = "1.2.840.10045.4.3.2", "1.2.840.10045.4.1"
AAGUID = bytes(range(16))
NONCE_OID, FACTS_OID = "1.2.840.113635.100.8.2", "1.2.840.113635.100.8.5"
FIDO_OID, KEY_OID = "1.3.6.1.4.1.45724.1.1.4", "1.3.6.1.4.1.11129.2.1.17"


def when(seconds):
    import datetime
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def certificate(spki, extensions, *, version=3, serial=0x1234, issuer=CA_NAME, subject=name(*SUBJECT), start=NOW - DAY,
                end=NOW + DAY, signer=CA, algorithm=ES256, unique=b""):
    wrapped = [seq(oid(o), *([tlv(1, b"\xff")] if critical else []), octets(value)) for o, critical, value in extensions]
    tbs = seq(*([explicit(0, integer(version - 1))] if version > 1 else []), integer(serial), seq(oid(algorithm)), issuer,
              seq(when(start), when(end)), subject, spki, unique,
              *([explicit(3, seq(*wrapped))] if extensions and version == 3 else []))
    return seq(tbs, seq(oid(algorithm)), tlv(3, b"\0" + signer.sign(tbs, "sha1" if algorithm == ES_SHA1 else "sha256")))


def middle(**changes):
    options = {"subject": MIDDLE_NAME, "serial": 0x77, **changes}
    extensions = options.pop("extensions", [IS_CA])
    return certificate(MIDDLE.spki, extensions, **options)


def cose(**changes):
    key = {1: 2, 3: -7, -1: 1, -2: CREDENTIAL.x, -3: CREDENTIAL.y}
    key.update({int(k[1:].replace("m", "-")): v for k, v in changes.items()})
    return cbor2.dumps({k: v for k, v in key.items() if v is not None})


def auth_data(*, rp=RP_ID, flags=0x45, count=0, aaguid=AAGUID, credential=b"c" * 32, length=None, key=None, tail=b"", cut=None):
    data = (hashlib.sha256(rp.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big") + aaguid
            + (len(credential) if length is None else length).to_bytes(2, "big") + credential
            + (cose() if key is None else key) + tail)
    return data[:cut]


def authorizations(**fields):
    known = {"purpose": (1, lambda v: tlv(0x31, b"".join(integer(p) for p in v))), "all": (600, lambda v: tlv(5, b"")),
             "no_auth": (503, lambda v: tlv(5, b"")), "auth_type": (504, integer), "auth_time": (505, integer),
             "on_body": (506, lambda v: tlv(5, b"")), "origin": (702, integer),
             "trust": (704, lambda v: seq(octets(b"k" * 32), tlv(1, b"\xff" if v[0] else b"\0"), integer(v[1], 10), octets(b"h" * 32))),
             "apps": (709, lambda v: octets(seq(tlv(0x31, b"".join(seq(octets(a.encode()), integer(1)) for a in v)),
                                                tlv(0x31, octets(hashlib.sha256(b"signer").digest()))))),
             "raw": (None, None)}
    raw = fields.pop("raw", b"")
    return seq(*(explicit(known[k][0], known[k][1](v)) for k, v in fields.items()), raw)


HARD = {"purpose": [2], "origin": 0, "trust": (True, 0)}
SOFT = {"apps": ["com.example.wallet"]}


def key_description(challenge, *, level=1, master=1, soft=None, hard=None, tail=b""):
    return seq(integer(300), integer(level, 10), integer(300), integer(master, 10), octets(challenge), octets(b""),
               authorizations(**(SOFT if soft is None else soft)), authorizations(**(HARD if hard is None else hard)), tail)


def sized(value):
    return len(value).to_bytes(2, "big") + value


# TPMA_OBJECT: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign. The modulus signs nothing here.
TPM_ATTRIBUTES = 0x00040072
MODULUS = (1 << 2047 | int.from_bytes(b"".join(hashlib.sha256(bytes([i])).digest() for i in range(8)), "big") | 1).to_bytes(256, "big")


def pub_area(*, kind=0x0023, alg=0x000b, attributes=TPM_ATTRIBUTES, symmetric=b"\0\x10", scheme=b"\0\x10", curve=3, kdf=b"\0\x10",
             x=CREDENTIAL.x, y=CREDENTIAL.y, tail=b"", bits=None, exponent=0, modulus=MODULUS):
    head = kind.to_bytes(2, "big") + alg.to_bytes(2, "big") + attributes.to_bytes(4, "big") + sized(b"") + symmetric + scheme
    if bits is not None:
        return head + bits.to_bytes(2, "big") + exponent.to_bytes(4, "big") + sized(modulus) + tail
    return head + curve.to_bytes(2, "big") + kdf + sized(x) + sized(y) + tail


def cose_rsa(exponent=b"\1\0\1", modulus=MODULUS):
    return cbor2.dumps({1: 3, 3: -257, -1: modulus, -2: exponent})


def cert_info(tbs, area, *, magic=0xff544347, kind=0x8017, extra=None, named=None, tail=b""):
    return (magic.to_bytes(4, "big") + kind.to_bytes(2, "big") + sized(b"") + sized(hashlib.sha256(tbs).digest() if extra is None else extra)
            + bytes(25) + sized(b"\0\x0b" + hashlib.sha256(area).digest() if named is None else named) + sized(b"") + tail)


TPM_SAN = seq(explicit(4, name(("2.23.133.2.1", "id:1"), ("2.23.133.2.2", "model"), ("2.23.133.2.3", "id:2"))))
TPM_EXTENSIONS = [NOT_CA, ("2.5.29.17", True, TPM_SAN), ("2.5.29.37", False, seq(oid("2.23.133.8.3")))]


class Case:
    """One attestation before it is signed. A variant changes its members."""

    def __init__(self, fmt, **changes):
        self.fmt, self.changes = fmt, changes
        self.hash = changes.get("client_hash") or hashlib.sha256(b"client data").digest()
        auth = dict(changes.get("auth", {}))
        if fmt == "apple-appattest":
            auth = {"rp": APP_ID, "flags": 0x40, "aaguid": b"appattest" + bytes(7),
                    "credential": hashlib.sha256(CREDENTIAL.point).digest(), **auth}
        self.auth = auth_data(**auth)
        self.tbs = self.auth + self.hash
        self.stmt = getattr(self, fmt.replace("-", "_"), self.packed)()
        changes.get("stmt", lambda stmt: None)(self.stmt)

    def leaf(self, spki, extensions, **fixed):
        changes = dict(self.changes.get("leaf", {}))
        edit = changes.pop("edit", lambda e: e)
        spki = changes.pop("spki", spki)
        raw = changes.pop("raw", lambda der: der)
        chain = self.changes.get("chain")
        options = {**fixed, **({"issuer": MIDDLE_NAME, "signer": MIDDLE} if chain is not None else {}), **changes}
        return [raw(certificate(spki, edit(list(extensions)), **options)), *(chain or [])]

    def sign(self, key, message):
        return self.changes.get("signer", key).sign(message)

    def none(self):
        return {}

    def packed(self):
        if self.changes.get("own"):
            return {"alg": -7, "sig": self.sign(CREDENTIAL, self.tbs)}
        return {"alg": -7, "sig": self.sign(MAKER, self.tbs),
                "x5c": self.leaf(MAKER.spki, [NOT_CA, (FIDO_OID, False, octets(AAGUID))])}

    def fido_u2f(self):
        rp, credential = self.auth[:32], b"c" * 32
        return {"sig": self.sign(MAKER, b"\0" + rp + self.hash + credential + CREDENTIAL.point), "x5c": self.leaf(MAKER.spki, [NOT_CA])}

    def nonce(self):
        return (NONCE_OID, False, seq(explicit(1, octets(hashlib.sha256(self.tbs).digest()))))

    def apple(self):
        return {"x5c": self.leaf(CREDENTIAL.spki, [NOT_CA, self.nonce()])}

    def apple_appattest(self):
        facts = (FACTS_OID, False, seq(explicit(4, integer(10)), explicit(1204, octets(self.changes.get("app", APP_ID).encode()))))
        return {"x5c": self.leaf(CREDENTIAL.spki, [NOT_CA, self.nonce(), facts]), "receipt": b"receipt"}

    def android_key(self):
        described = key_description(self.changes.get("attested", self.hash), **self.changes.get("key", {}))
        return {"alg": -7, "sig": self.sign(CREDENTIAL, self.tbs), "x5c": self.leaf(CREDENTIAL.spki, [(KEY_OID, False, described)])}

    def tpm(self):
        area = pub_area(**self.changes.get("area", {}))
        info = cert_info(self.tbs, area, **self.changes.get("info", {}))
        return {"ver": "2.0", "alg": -7, "sig": self.sign(MAKER, info), "certInfo": info, "pubArea": area,
                "x5c": self.leaf(MAKER.spki, TPM_EXTENSIONS, subject=seq())}

    def encode(self):
        top = {"fmt": self.changes.get("named", self.fmt), "attStmt": self.stmt, "authData": self.auth, **self.changes.get("top", {})}
        return self.changes.get("raw", lambda b: b)(cbor2.dumps({k: v for k, v in top.items() if v is not None}))


def vector(fmt, label, step, **changes):
    policy = changes.pop("policy", None)
    challenge = changes.pop("challenge", None)
    time = changes.pop("time", NOW)
    case = Case(fmt, **changes)
    made = {"name": f"{fmt}: {label}", "fmt": fmt, "attestationObject_hex": case.encode().hex()}
    if challenge is not None:
        made.update(use_challenge=True, challenge_hex=challenge.hex())
    else:
        made["clientDataHash_hex"] = case.hash.hex()
    made.update(authData={"rpIdHash_hex": hashlib.sha256(RP_ID.encode()).hexdigest(), "rpId": RP_ID}, appId=APP_ID, trust_anchor=ANCHOR,
                valid_at_unix=time, expect="accept" if step is None else "reject")
    if step is not None:
        made["expect_step"] = step
    if policy is not None:
        made["policy"] = policy
    return made


def set_stmt(**values):
    def change(stmt):
        stmt.update(values)
        for key in [k for k, v in stmt.items() if v is None]:
            del stmt[key]
    return change


def edit_x5c(change):
    def apply(stmt):
        stmt["x5c"] = change(stmt["x5c"])
    return apply


def without(which):
    return lambda extensions: [e for e in extensions if e[0] != which]


def replaced(which, critical, value):
    return lambda extensions: [e for e in extensions if e[0] != which] + [(which, critical, value)]


def plus(*more):
    return lambda extensions: extensions + list(more)


def auth_variants(fmt):
    yield "authData empty", "encoding", {"auth": {"cut": 0}}
    yield "authData of 36 bytes", "encoding", {"auth": {"cut": 36}}
    yield "authData ends in the AAGUID", "encoding", {"auth": {"cut": 50}}
    yield "authData ends in the credential", "encoding", {"auth": {"cut": 60}}
    yield "authData ends in the key", "encoding", {"auth": {"cut": -1}}
    yield "no attested credential flagged", "encoding", {"auth": {"flags": 0x05}}
    yield "backed up but not eligible", "encoding", {"auth": {"flags": 0x55}}
    yield "credential longer than what follows", "encoding", {"auth": {"length": 1000}}
    yield "credential of 1024 bytes", "encoding", {"auth": {"credential": b"c" * 1024}}
    yield "trailing byte after the key", "encoding", {"auth": {"tail": b"\0"}}
    yield "extensions flagged, none there", "encoding", {"auth": {"flags": 0xc5}}
    yield "extensions that are no map", "encoding", {"auth": {"flags": 0xc5, "tail": b"\1"}}
    yield "two maps of extensions", "encoding", {"auth": {"flags": 0xc5, "tail": b"\xa0\xa0"}}
    yield "key that is no map", "encoding", {"auth": {"key": b"\1"}}
    for label, changes in {"no key type": {"k1": None}, "no algorithm": {"k3": None}, "no curve": {"km1": None}, "no x": {"km2": None},
                           "no y": {"km3": None}, "x of 31 bytes": {"km2": CREDENTIAL.x[1:]}, "y of 33 bytes": {"km3": b"\0" + CREDENTIAL.y},
                           "compressed point": {"km3": True}, "key type as text": {"k1": "2"}}.items():
        yield f"credential key: {label}", "encoding", {"auth": {"key": cose(**changes)}}
    for label, changes in {"unknown key type": {"k1": 4}, "unknown algorithm": {"k3": -9}, "algorithm of another curve": {"k3": -35},
                           "unknown curve": {"km1": 8}, "RS1": {"k1": 3, "k3": -65535}}.items():
        yield f"credential key: {label}", "format", {"auth": {"key": cose(**changes)}}
    yield "credential key: a member twice", "encoding", {"auth": {"key": b"\xa6\1\2\1\2" + cose()[3:]}}
    if fmt != "apple-appattest":
        yield "no user present", "format", {"auth": {"flags": 0x44}}
        yield "trailing map, not flagged", "encoding", {"auth": {"tail": b"\xa0"}}
    yield "extensions flagged and there", None, {"auth": {"flags": 0xc5, "tail": cbor2.dumps({"credProtect": 2})}}


def user_variants(fmt):
    """With the setting attestation-user-verified."""
    asked = {"policy": {"needs_user_verified": True}}
    if fmt in ("apple-appattest", "fido-u2f", "none"):
        yield "user: not shown by the format", "policy", asked
        return
    shown = {"key": {"hard": {"purpose": [2], "auth_type": 2, "origin": 0}}} if fmt == "android-key" else {}
    yield "user: verified", None, {**asked, **shown}
    yield "user: present alone", "policy", {**asked, **shown, "auth": {"flags": 0x41}}
    yield "user: present alone, not asked", None, {**shown, "auth": {"flags": 0x41}}
    yield "user: verified but not present", "format", {**asked, **shown, "auth": {"flags": 0x44}}
    if fmt == "packed":
        yield "user: verified, said by the client itself", "policy", {**asked, "own": True}
    if fmt == "android-key":
        yield from android_user_variants()


def android_user_variants():
    asked = {"needs_user_verified": True, "level_min": "tee"}

    def key(step, policy=asked, soft=None, **auth):
        hard = {"purpose": [2], **auth, "origin": 0, "trust": (True, 0)}
        return step, {"policy": policy, "key": {"hard": hard, **({"soft": {**soft, **SOFT}} if soft else {})}}
    yield "user: key for one use", *key(None, auth_type=2)
    yield "user: key by PIN", *key(None, auth_type=1)
    yield "user: key by any means", *key(None, auth_type=0xffffffff)
    yield "user: key by no means", *key("policy", auth_type=0)
    yield "user: key without authentication", *key("policy", no_auth=True)
    yield "user: key that says both", *key("policy", no_auth=True, auth_type=2)
    yield "user: key that says nothing", *key("policy")
    yield "user: authentication of 300 seconds", *key(None, auth_type=2, auth_time=300)
    yield "user: authentication of 301 seconds", *key("policy", auth_type=2, auth_time=301)
    yield "user: authentication of 2147483647 seconds", *key("policy", auth_type=2, auth_time=2147483647)
    yield "user: authentication of very many seconds", *key("policy", auth_type=2, auth_time=1 << 80)
    yield "user: while the device is carried", *key("policy", auth_type=2, on_body=True)
    yield "user: said by software", *key("policy", soft={"auth_type": 2})
    yield "user: software says that none is needed", *key("policy", auth_type=2, soft={"no_auth": True})
    soft = {"needs_user_verified": True, "level_min": "software"}
    yield "user: said by software, which will do", *key(None, policy=soft, soft={"auth_type": 2})
    yield "user: without authentication, not asked", *key(None, policy={"level_min": "tee"}, no_auth=True)


def rp_variants(fmt):
    if fmt == "apple-appattest":
        yield "another App ID", "policy", {"policy": {"app_ids": ["TEAM123456.example.other"]}}
        yield "no App ID allowed", "policy", {"policy": {"app_ids": []}}
        yield "an App ID of several", None, {"policy": {"app_ids": ["a.b", APP_ID]}}
        return
    hashed = {"app_ids": ["a.b"]}
    yield "another RP ID", "policy", {"policy": {**hashed, "rp_ids": ["other.example"]}}
    yield "no RP ID allowed", "policy", {"policy": {**hashed, "rp_ids": []}}
    yield "an RP ID of several", None, {"policy": {**hashed, "rp_ids": ["a.example", RP_ID]}}
    yield "any RP ID", None, {"policy": {**hashed, "rp_ids": ["*"]}}


def x5c_variants(fmt):
    yield "x5c missing", "signature" if fmt == "packed" else "encoding", {"stmt": set_stmt(x5c=None)}
    yield "x5c no array", "encoding", {"stmt": set_stmt(x5c=b"x")}
    yield "x5c empty", "encoding", {"stmt": set_stmt(x5c=[])}
    yield "x5c of 6 certificates", "encoding", {"stmt": edit_x5c(lambda c: c * 6)}
    yield "x5c element no bytes", "encoding", {"stmt": edit_x5c(lambda c: ["text"])}
    yield "x5c element no certificate", "encoding", {"stmt": edit_x5c(lambda c: [b"\x30\0"])}
    yield "leaf with a trailing byte", "encoding", {"leaf": {"raw": lambda der: der + b"\0"}}
    yield "leaf cut short", "encoding", {"leaf": {"raw": lambda der: der[:-1]}}
    yield "leaf with an extension twice", "encoding", {"leaf": {"edit": plus(("1.2.3", False, b""), ("1.2.3", False, b""))}}
    yield "leaf with an unknown critical extension", "chain", {"leaf": {"edit": plus(("1.2.3", True, b""))}}
    strict = None if fmt == "android-key" else "chain"
    yield "leaf expired", strict, {"leaf": {"end": NOW - 1}}
    yield "leaf not yet valid", strict, {"leaf": {"start": NOW + 1}}
    yield "leaf just before its end", None, {"leaf": {"end": NOW + 1}}
    yield "leaf at its first second", None, {"leaf": {"start": NOW}}
    yield "leaf signed by a stranger", "chain", {"leaf": {"signer": STRANGER}}
    yield "leaf with another issuer", "chain", {"leaf": {"issuer": name(("2.5.4.3", "Nobody"))}}
    yield "leaf signed over SHA-1", "chain", {"leaf": {"algorithm": ES_SHA1}}
    yield "leaf revoked by serial number", "chain", {"policy": {"revoked": "# list\nserial 1234\n"}}
    yield "another serial number revoked", None, {"policy": {"revoked": "serial 12345\nserial 34\n"}}
    yield "leaf on an unknown curve", "format", {"leaf": {"spki": seq(seq(oid("1.2.840.10045.2.1"), oid("1.3.132.0.10")), tlv(3, b"\0" + MAKER.point))}}
    if fmt == "fido-u2f":
        yield "two certificates", "format", {"chain": [middle()]}
        return
    yield "by way of an authority", None, {"chain": [middle()]}
    yield "by way of two, the second needless", None, {"chain": [middle(), middle(serial=0x78)]}
    yield "authority that is none", "chain", {"chain": [middle(extensions=[NOT_CA])]}
    yield "authority without basic constraints", "chain", {"chain": [middle(extensions=[("1.2.3", False, b"")])]}
    yield "authority expired", "chain", {"chain": [middle(end=NOW - 1)]}
    yield "authority signed by a stranger", "chain", {"chain": [middle(signer=STRANGER)]}
    yield "authority missing", "chain", {"chain": []}
    yield "authority revoked", "chain", {"chain": [middle()], "policy": {"revoked": "serial 77"}}
    yield "authority's key revoked", "chain", {"chain": [middle()], "policy": {"revoked": "key " + hashlib.sha256(MIDDLE.spki).hexdigest()}}
    yield "order turned round", "format", {"chain": [middle()], "stmt": edit_x5c(lambda c: c[::-1])}


def sig_variants(fmt):
    yield "sig missing", "encoding", {"stmt": set_stmt(sig=None)}
    yield "sig as text", "encoding", {"stmt": set_stmt(sig="sig")}
    yield "sig empty", "encoding", {"stmt": set_stmt(sig=b"")}
    yield "sig no pair of numbers", "signature", {"stmt": set_stmt(sig=b"\x30\3\2\1\1")}
    yield "sig with a trailing byte", "signature", {"stmt": lambda s: s.update(sig=s["sig"] + b"\0")}
    yield "sig by a stranger", "signature", {"signer": STRANGER}
    yield "sig of a negative number", "signature", {"stmt": set_stmt(sig=seq(tlv(2, b"\x80"), integer(1)))}
    yield "sig of a number with a needless zero", "signature", {"stmt": set_stmt(sig=seq(tlv(2, b"\0\1"), integer(1)))}
    yield "sig of a number past the group", "signature", {"stmt": set_stmt(sig=seq(integer(N), integer(1)))}
    yield "sig of long numbers", "signature", {"stmt": set_stmt(sig=seq(integer(1 << 300), integer(1 << 300)))}
    yield "sig of zeros", "signature", {"stmt": set_stmt(sig=seq(integer(0), integer(0)))}
    if fmt != "fido-u2f":
        yield "alg missing", "encoding", {"stmt": set_stmt(alg=None)}
        yield "alg as text", "encoding", {"stmt": set_stmt(alg="ES256")}
        yield "alg unknown", "format", {"stmt": set_stmt(alg=-9)}
        yield "alg of another key", "format", {"stmt": set_stmt(alg=-257)}
        yield "alg RS1", "format", {"stmt": set_stmt(alg=-65535)}
    yield "an unknown member", None, {"stmt": set_stmt(other=[1, {"a": None}])}


def packed_subject(**changes):
    parts = dict(zip(("c", "o", "ou", "cn"), SUBJECT))
    parts.update({k: (parts[k][0], v) if v is not None else None for k, v in changes.items()})
    return name(*(p for p in parts.values() if p))


def packed_variants():
    for label, changes in {"no country": {"c": None}, "country of three letters": {"c": "AAA"}, "no organization": {"o": None},
                           "no unit": {"ou": None}, "another unit": {"ou": "Authenticator"}, "no name": {"cn": None},
                           "empty name": {"cn": ""}}.items():
        yield f"subject: {label}", "format", {"leaf": {"subject": packed_subject(**changes)}}
    yield "subject: two units", "format", {"leaf": {"subject": name(*SUBJECT, SUBJECT[2])}}
    yield "leaf of version 1", "format", {"leaf": {"version": 1}}
    yield "leaf of version 2", "format", {"leaf": {"version": 2}}
    yield "leaf is an authority", "format", {"leaf": {"edit": replaced(*IS_CA)}}
    yield "leaf without basic constraints", "format", {"leaf": {"edit": without("2.5.29.19")}}
    yield "AAGUID extension of another", "format", {"leaf": {"edit": replaced(FIDO_OID, False, octets(bytes(16)))}}
    yield "AAGUID extension critical", "format", {"leaf": {"edit": replaced(FIDO_OID, True, octets(AAGUID))}}
    yield "AAGUID extension not wrapped", "format", {"leaf": {"edit": replaced(FIDO_OID, False, AAGUID)}}
    yield "AAGUID extension of 15 bytes", "format", {"leaf": {"edit": replaced(FIDO_OID, False, octets(AAGUID[1:]))}}
    yield "no AAGUID extension", None, {"leaf": {"edit": without(FIDO_OID)}}
    yield "sig over another client data", "signature", {"stmt": lambda s: s.update(sig=MAKER.sign(b"x"))}
    yield "sig by the credential, not the leaf", "signature", {"signer": CREDENTIAL}
    yield "leaf's key revoked", "chain", {"policy": {"revoked": "key " + hashlib.sha256(MAKER.spki).hexdigest().upper()}}
    yield from aaguid_variants()
    yield "self", None, {"own": True}
    yield "self, not allowed", "policy", {"own": True, "policy": {"allows_packed_self": False}}
    yield "self, by another key", "signature", {"own": True, "signer": STRANGER}
    yield "self, another algorithm", "format", {"own": True, "stmt": set_stmt(alg=-35)}
    off = (int.from_bytes(CREDENTIAL.y, "big") ^ 1).to_bytes(32, "big")
    yield "self, point beside the curve", "format", {"own": True, "auth": {"key": cose(km3=off)}}
    yield "self, point at zero", "format", {"own": True, "auth": {"key": cose(km2=bytes(32), km3=bytes(32))}}


def aaguid_variants():
    here, there = "00010203-0405-0607-0809-0a0b0c0d0e0f", "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    yield "AAGUID on the list", None, {"policy": {"aaguids": [there, here]}}
    yield "AAGUID not on the list", "policy", {"policy": {"aaguids": [there]}}


def u2f_variants():
    yield "sig over another client data", "signature", {"stmt": lambda s: s.update(sig=MAKER.sign(b"x"))}
    other = hashlib.sha256(b"another")
    yield "sig over another RP ID", "signature", {"stmt": lambda s: s.update(sig=MAKER.sign(
        b"\0" + other.digest() + hashlib.sha256(b"client data").digest() + b"c" * 32 + CREDENTIAL.point))}
    yield "sig over another credential", "signature", {"auth": {"credential": b"d" * 32}}
    yield "sig without the leading zero", "signature", {"stmt": lambda s: s.update(sig=MAKER.sign(
        hashlib.sha256(RP_ID.encode()).digest() + hashlib.sha256(b"client data").digest() + b"c" * 32 + CREDENTIAL.point))}
    p384 = cose(km1=2, k3=-35, km2=b"x" * 48, km3=b"y" * 48)
    yield "credential on P-384", "format", {"auth": {"key": p384}}
    yield from aaguid_variants()


def apple_variants():
    good = lambda c: hashlib.sha256(c).digest()
    yield "no nonce", "format", {"leaf": {"edit": without(NONCE_OID)}}
    yield "another nonce, properly signed", "challenge", {"leaf": {"edit": replaced(NONCE_OID, False, seq(explicit(1, octets(good(b"x")))))}}
    yield "nonce of 31 bytes", "challenge", {"leaf": {"edit": replaced(NONCE_OID, False, seq(explicit(1, octets(good(b"x")[1:]))))}}
    yield "nonce under another tag", "format", {"leaf": {"edit": replaced(NONCE_OID, False, seq(explicit(2, octets(good(b"x")))))}}
    yield "nonce with more behind it", "format", {"leaf": {"edit": replaced(NONCE_OID, False, seq(explicit(1, octets(good(b"x"))), octets(b"")))}}
    yield "nonce right, key of a stranger", "format", {"leaf": {"spki": STRANGER.spki}}
    yield "nonce right, leaf signed by a stranger", "chain", {"leaf": {"signer": STRANGER}}
    yield "credential's key revoked", "chain", {"policy": {"revoked": "key " + hashlib.sha256(CREDENTIAL.spki).hexdigest()}}


def appattest_variants():
    yield from apple_variants()
    yield "trailing extensions, not flagged", None, {"auth": {"tail": cbor2.dumps({"apple_bundle_version_01": "7"})}}
    yield "trailing bytes that are no map", "encoding", {"auth": {"tail": b"\x41x"}}
    yield "receipt missing", "encoding", {"stmt": set_stmt(receipt=None)}
    yield "receipt as text", "encoding", {"stmt": set_stmt(receipt="r")}
    yield "counter of 1", "format", {"auth": {"count": 1}}
    yield "credential is not the key's hash", "format", {"auth": {"credential": b"c" * 32}}
    yield "credential is the hash cut short", "format", {"auth": {"credential": hashlib.sha256(CREDENTIAL.point).digest()[:31]}}
    yield "AAGUID of something else", "format", {"auth": {"aaguid": AAGUID}}
    yield "AAGUID almost right", "format", {"auth": {"aaguid": b"appattest" + bytes(6) + b"\1"}}
    yield "development", None, {"auth": {"aaguid": b"appattestdevelop"}}
    yield "development, not allowed", "policy", {"auth": {"aaguid": b"appattestdevelop"}, "policy": {"allows_appattest_development": False}}
    yield "leaf names another App ID", "format", {"app": "TEAM123456.example.other"}
    yield "leaf names no App ID", None, {"leaf": {"edit": without(FACTS_OID)}}


def batch(subject, *, lower=None, top=None):
    """Two authorities of a device: the lower one, which signs the leaf, and the topmost one below the root."""
    return {"chain": [certificate(MIDDLE.spki, [IS_CA], subject=MIDDLE_NAME, issuer=subject, signer=TOP, serial=0x77, **(lower or {})),
                      certificate(TOP.spki, [IS_CA], subject=subject, serial=0x78, **(top or {}))]}


def android_time_variants():
    year = 365 * DAY
    old, new = {"end": NOW - 1}, {"start": NOW + 1}
    leaf = {"leaf": {"start": NOW - 20 * year, "end": NOW - 19 * year}}
    yield "dates: leaf of the year 2004", None, leaf
    yield "dates: leaf of the year 2044", None, {"leaf": {"start": NOW + 20 * year, "end": NOW + 21 * year}}
    yield "dates: leaf expired, signed by a stranger", "chain", {"leaf": {"end": NOW - 1, "signer": STRANGER}}
    yield "dates: leaf expired, with an unknown critical extension", "chain", {"leaf": {"end": NOW - 1, "edit": plus(("1.2.3", True, b""))}}
    for label, subject in (("factory", FACTORY_NAME), ("server", SERVER_NAME)):
        ended = None if subject == FACTORY_NAME else "chain"
        yield f"{label}: valid", None, batch(subject)
        yield f"{label}: lower authority expired", ended, batch(subject, lower=old)
        yield f"{label}: topmost authority expired", ended, batch(subject, top=old)
        yield f"{label}: both expired", ended, batch(subject, lower=old, top=old)
        yield f"{label}: all expired", ended, {**batch(subject, lower=old, top=old), **leaf}
        yield f"{label}: lower authority not yet valid", "chain", batch(subject, lower=new)
        yield f"{label}: topmost authority not yet valid", "chain", batch(subject, top=new)
        yield f"{label}: expired and revoked by serial number", "chain", {**batch(subject, lower=old), "policy": {"revoked": "serial 77"}}
        yield f"{label}: expired and its key revoked", "chain", {**batch(subject, top=old), "policy": {"revoked": "key " + hashlib.sha256(TOP.spki).hexdigest()}}
        yield f"{label}: expired, signed by a stranger", "chain", batch(subject, top={"signer": STRANGER, **old})
        yield f"{label}: expired, no authority", "chain", {"chain": [certificate(MIDDLE.spki, [NOT_CA], subject=MIDDLE_NAME, issuer=subject, signer=TOP, **old),
                                                                    certificate(TOP.spki, [IS_CA], subject=subject)]}
        # Both authorities are valid from NOW - DAY to NOW + DAY.
        for moment, step, words in ((NOW - DAY, None, "at the first second"), (NOW - DAY - 1, "chain", "a second before"),
                                    (NOW + DAY - 1, None, "in the last second"), (NOW + DAY + 1, ended, "a second after the end"),
                                    (NOW + 10 * year, ended, "ten years after the end"), (CA_END, "chain", "after the end of the root")):
            yield f"{label}: {words}", step, {**batch(subject), "time": moment}
    yield "factory: one authority, expired", None, {"chain": [middle(subject=FACTORY_NAME, **old)], "leaf": {"issuer": FACTORY_NAME}}
    yield "server: serial number of the lower authority", "chain", {"chain": [
        certificate(MIDDLE.spki, [IS_CA], subject=FACTORY_NAME, issuer=SERVER_NAME, signer=TOP, **old),
        certificate(TOP.spki, [IS_CA], subject=SERVER_NAME)], "leaf": {"issuer": FACTORY_NAME}}
    yield "server: serial number of the leaf", "chain", {**batch(SERVER_NAME, lower=old), "leaf": {"subject": FACTORY_NAME}}
    yield "server: serial number of an authority beside the path", "chain", {"chain": [
        *batch(SERVER_NAME, lower=old)["chain"], certificate(STRANGER.spki, [IS_CA], subject=FACTORY_NAME)]}


def android_variants():
    yield from android_time_variants()
    tee = {"level_min": "tee"}
    hard = lambda **changes: {"hard": {k: v for k, v in {**HARD, **changes}.items() if v is not None}}
    yield "at TEE", None, {"policy": tee}
    yield "no description", "format", {"leaf": {"edit": without(KEY_OID)}}
    yield "description of another form", "format", {"leaf": {"edit": replaced(KEY_OID, False, seq(integer(300)))}}
    yield "description with more behind it", "format", {"key": {"tail": octets(b"")}}
    yield "another challenge, properly signed", "challenge", {"attested": b"x" * 32}
    yield "challenge cut short", "challenge", {"attested": hashlib.sha256(b"client data").digest()[:31]}
    yield "certificate for another key", "format", {"leaf": {"spki": STRANGER.spki}}
    yield "for all applications, by the TEE", "format", {"key": hard(all=None) | {"hard": {"purpose": [2], "all": True, "origin": 0}}}
    yield "for all applications, by software", "format", {"key": {"soft": {"all": True, **SOFT}}}
    yield "imported key", "format", {"key": hard(origin=2)}
    yield "imported key, said by software", "format", {"key": {"soft": {"origin": 2, **SOFT}}}
    yield "origin not said by the TEE", "format", {"key": hard(origin=None), "policy": tee}
    yield "origin not said, software will do", None, {"key": hard(origin=None)}
    yield "purpose not said by the TEE", "format", {"key": hard(purpose=None), "policy": tee}
    yield "not for signing", "format", {"key": hard(purpose=[0, 1])}
    yield "not for signing, said by software", "format", {"key": {"soft": {"purpose": [0], **SOFT}}}
    yield "for signing and more", None, {"key": hard(purpose=[2, 3])}
    yield "purpose empty", "format", {"key": hard(purpose=[])}
    yield "tags that do not ascend", "format", {"key": {"hard": {"origin": 0, "purpose": [2]}}}
    yield "a tag twice", "format", {"key": {"hard": {"origin": 0, "raw": explicit(702, integer(0))}}}
    yield "attested by software", "policy", {"key": {"level": 0}, "policy": tee}
    yield "keymaster in software", "policy", {"key": {"master": 0}, "policy": tee}
    yield "TEE where StrongBox is asked", "policy", {"policy": {"level_min": "strongbox"}}
    yield "StrongBox", None, {"key": {"level": 2, "master": 2}, "policy": {"level_min": "strongbox"}}
    yield "a level that does not exist", "policy", {"key": {"level": 3, "master": 3}}
    boot = {"needs_verified_boot": True, "level_min": "tee"}
    yield "verified boot", None, {"policy": boot}
    yield "boot: no root of trust", "policy", {"key": hard(trust=None), "policy": boot}
    yield "boot: unlocked", "policy", {"key": hard(trust=(False, 0)), "policy": boot}
    yield "boot: own key", "policy", {"key": hard(trust=(True, 1)), "policy": boot}
    yield "boot: unverified", "policy", {"key": hard(trust=(True, 2)), "policy": boot}
    yield "boot: failed", "policy", {"key": hard(trust=(True, 3)), "policy": boot}
    yield "boot: said by software alone", "policy", {"key": {"soft": {"trust": (True, 0), **SOFT}, **hard(trust=None)}, "policy": boot}
    yield "unlocked, not asked", None, {"key": hard(trust=(False, 2))}
    signer = hashlib.sha256(b"signer").hexdigest()
    yield "package allowed", None, {"policy": {"packages": ["com.example.wallet"]}}
    yield "package allowed by signer", None, {"policy": {"packages": [f"com.example.wallet#{signer}"]}}
    yield "package of another signer", "policy", {"policy": {"packages": [f"com.example.wallet#{'0' * 64}"]}}
    yield "package not allowed", "policy", {"policy": {"packages": ["com.example.other"]}}
    yield "no package allowed", "policy", {"policy": {"packages": []}}
    two = {"soft": {"apps": ["com.example.wallet", "com.example.helper"]}}
    yield "one of two packages not allowed", "policy", {"key": two, "policy": {"packages": ["com.example.wallet"]}}
    yield "both packages allowed", None, {"key": two, "policy": {"packages": ["com.example.wallet", "com.example.helper"]}}
    yield "no packages said", "policy", {"key": {"soft": {}}, "policy": {"packages": ["com.example.wallet"]}}
    yield "empty set of packages", "policy", {"key": {"soft": {"apps": []}}, "policy": {"packages": ["com.example.wallet"]}}
    described = (KEY_OID, False, key_description(b"x"))
    yield "an issuer with a description", "format", {"chain": [middle(extensions=[IS_CA, described])]}
    yield "sig by a stranger, certificate right", "signature", {"signer": STRANGER}
    yield "credential's key revoked", "chain", {"policy": {"revoked": "key " + hashlib.sha256(CREDENTIAL.spki).hexdigest()}}


def tpm_attribute_variants():
    names = {"fixedTPM": 0x2, "stClear": 0x4, "fixedParent": 0x10, "sensitiveDataOrigin": 0x20, "userWithAuth": 0x40,
             "adminWithPolicy": 0x80, "firmwareLimited": 0x100, "svnLimited": 0x200, "noDA": 0x400, "encryptedDuplication": 0x800,
             "restricted": 0x10000, "decrypt": 0x20000, "sign": 0x40000, "x509sign": 0x80000}
    for label in ("fixedTPM", "fixedParent", "sensitiveDataOrigin", "sign"):
        yield f"attributes: without {label}", "format", {"area": {"attributes": TPM_ATTRIBUTES & ~names[label]}}
    for label in ("encryptedDuplication", "restricted", "x509sign"):
        yield f"attributes: {label}", "format", {"area": {"attributes": TPM_ATTRIBUTES | names[label]}}
    for bit in (0, 3, *range(12, 16), *range(20, 32)):
        yield f"attributes: reserved bit {bit}", "format", {"area": {"attributes": TPM_ATTRIBUTES | 1 << bit}}
    for label in ("stClear", "adminWithPolicy", "firmwareLimited", "svnLimited", "noDA", "decrypt"):
        yield f"attributes: also {label}", None, {"area": {"attributes": TPM_ATTRIBUTES | names[label]}}
    yield "attributes: without userWithAuth", None, {"area": {"attributes": TPM_ATTRIBUTES & ~names["userWithAuth"]}}
    yield "attributes: none", "format", {"area": {"attributes": 0}}
    yield "attributes: a storage key", "format", {"area": {"attributes": 0x30072}}
    yield "attributes: all", "format", {"area": {"attributes": 0xffffffff}}
    yield "symmetric algorithm", "format", {"area": {"symmetric": b"\0\6\0\x80\0\x43"}}
    yield "scheme of the credential", None, {"area": {"scheme": b"\0\x18\0\x0b"}}
    yield "scheme of another hash", "format", {"area": {"scheme": b"\0\x18\0\x0c"}}
    yield "scheme of another type", "format", {"area": {"scheme": b"\0\x14\0\x0b"}}
    yield "scheme for decryption", "format", {"area": {"scheme": b"\0\x19\0\x0b"}}
    yield "scheme of a key that decrypts", "format", {"area": {"attributes": TPM_ATTRIBUTES | names["decrypt"], "scheme": b"\0\x18\0\x0b"}}
    yield "key derivation", "format", {"area": {"kdf": b"\0\x20\0\x0b"}}


def tpm_rsa_variants():
    def rsa(step, *, key=None, **area):
        return step, {"auth": {"key": cose_rsa() if key is None else key}, "area": {"kind": 1, "bits": 2048, **area}}
    yield "RSA: exponent 0, which means 65537", *rsa(None)
    yield "RSA: exponent 65537", *rsa(None, exponent=65537)
    yield "RSA: exponent 3 of both", *rsa(None, exponent=3, key=cose_rsa(b"\3"))
    yield "RSA: exponent of 32 bits of both", *rsa(None, exponent=0xffffffff, key=cose_rsa(b"\xff" * 4))
    yield "RSA: exponent 3, the credential has 65537", *rsa("format", exponent=3)
    yield "RSA: exponent 0, the credential has 3", *rsa("format", key=cose_rsa(b"\3"))
    yield "RSA: exponent 65537, the credential has 3", *rsa("format", exponent=65537, key=cose_rsa(b"\3"))
    yield "RSA: exponent with another top byte", *rsa("format", exponent=0x01010001)
    yield "RSA: exponent 1 of both", *rsa("format", exponent=1, key=cose_rsa(b"\1"))
    yield "RSA: another modulus", *rsa("format", modulus=MODULUS[:-2] + bytes([MODULUS[-2] ^ 1]) + MODULUS[-1:])
    yield "RSA: modulus with a zero before it", *rsa("format", modulus=b"\0" + MODULUS)
    for bits in (2047, 2040, 2056, 0):
        yield f"RSA: said to have {bits} bits", *rsa("format", bits=bits)
    yield "RSA: scheme of the credential", *rsa(None, scheme=b"\0\x14\0\x0b")
    yield "RSA: scheme PSS", *rsa("format", scheme=b"\0\x16\0\x0b")
    yield "RSA: the credential is on a curve", *rsa("format", key=cose())


def tpm_variants():
    for member in ("ver", "certInfo", "pubArea"):
        yield f"{member} missing", "encoding", {"stmt": set_stmt(**{member: None})}
        yield f"{member} as number", "encoding", {"stmt": set_stmt(**{member: 2})}
    yield "ver 1.2", "format", {"stmt": set_stmt(ver="1.2")}
    for label, changes in {"of another type": {"kind": 8}, "RSA": {"kind": 1}, "another curve": {"curve": 4}, "unknown curve": {"curve": 9},
                           "another x": {"x": STRANGER.x}, "another y": {"y": STRANGER.y}, "more behind it": {"tail": b"\0"}}.items():
        yield f"pubArea: {label}", "format", {"area": changes}
    yield from tpm_attribute_variants()
    yield from tpm_rsa_variants()
    yield "pubArea: cut short", "format", {"stmt": lambda s: s.update(pubArea=s["pubArea"][:-1])}
    yield "pubArea: empty", "format", {"stmt": set_stmt(pubArea=b"")}
    for label, changes in {"another magic": {"magic": 0xff544348}, "a quote": {"kind": 0x8018}, "more behind it": {"tail": b"\0"},
                           "name of another area": {"named": b"\0\x0b" + bytes(32)}, "name empty": {"named": b""},
                           "name under SHA-1": {"named": b"\0\4" + bytes(20)}, "name under another hash": {"named": b"\0\x0c" + bytes(48)},
                           "name cut short": {"named": b"\0\x0b" + bytes(31)}}.items():
        yield f"certInfo: {label}", "format", {"info": changes}
    yield "certInfo: extraData of something else", "challenge", {"info": {"extra": bytes(32)}}
    yield "certInfo: extraData empty", "challenge", {"info": {"extra": b""}}
    yield "certInfo: cut short", "format", {"stmt": lambda s: s.update(certInfo=s["certInfo"][:-1])}
    yield "another client data hash", "challenge", {"info": {"extra": hashlib.sha256(b"x").digest()}}
    yield "leaf of version 1", "format", {"leaf": {"version": 1}}
    yield "leaf with a subject", "format", {"leaf": {"subject": name(("2.5.4.3", "x"))}}
    yield "leaf is an authority", "format", {"leaf": {"edit": replaced(*IS_CA)}}
    yield "leaf without basic constraints", "format", {"leaf": {"edit": without("2.5.29.19")}}
    yield "no alternative name", "format", {"leaf": {"edit": without("2.5.29.17")}}
    yield "alternative name not critical", "format", {"leaf": {"edit": replaced("2.5.29.17", False, TPM_SAN)}}
    parts = (("2.23.133.2.1", "id:1"), ("2.23.133.2.2", "model"), ("2.23.133.2.3", "id:2"))
    for left_out, label in enumerate(("manufacturer", "model", "version")):
        san = seq(explicit(4, name(*(p for i, p in enumerate(parts) if i != left_out))))
        yield f"alternative name without {label}", "format", {"leaf": {"edit": replaced("2.5.29.17", True, san)}}
    yield "alternative name is a host", "format", {"leaf": {"edit": replaced("2.5.29.17", True, seq(tlv(0x82, b"a.example")))}}
    yield "no extended key usage", "format", {"leaf": {"edit": without("2.5.29.37")}}
    yield "another extended key usage", "format", {"leaf": {"edit": replaced("2.5.29.37", False, seq(oid("1.3.6.1.5.5.7.3.1")))}}
    yield "usage among others", None, {"leaf": {"edit": replaced("2.5.29.37", False, seq(oid("1.3.6.1.5.5.7.3.1"), oid("2.23.133.8.3")))}}
    yield "AAGUID extension right", None, {"leaf": {"edit": plus((FIDO_OID, False, octets(AAGUID)))}}
    yield "AAGUID extension of another", "format", {"leaf": {"edit": plus((FIDO_OID, False, octets(bytes(16))))}}
    yield from aaguid_variants()


def client_data(**changes):
    challenge = changes.pop("challenge", b"C" * 32)
    text = challenge if isinstance(challenge, str) else base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    members = {"type": "webauthn.create", "challenge": text, "origin": "https://wallet.example", "crossOrigin": False, **changes}
    return json.dumps({k: v for k, v in members.items() if v is not None}).encode()


def browser(label, step, text, **more):
    hashed = hashlib.sha256(text if isinstance(text, bytes) else b"").digest()
    return label, step, {"challenge": b"C" * 32, "client_hash": hashed, "top": {"clientDataJSON": text}, **more}


def object_variants():
    good = client_data()
    origins = {"policy": {"origins": ["https://a.example", "https://wallet.example"]}}
    yield browser("made by a browser", None, good)
    yield browser("browser, origin allowed", None, good, **origins)
    yield browser("browser, origin not allowed", "policy", client_data(origin="https://evil.example"), **origins)
    yield browser("browser, another challenge", "challenge", client_data(challenge=b"D" * 32))
    yield browser("browser, challenge cut short", "challenge", client_data(challenge=b"C" * 31))
    yield browser("browser, challenge padded", "challenge", client_data(challenge=base64.urlsafe_b64encode(b"C" * 32).decode()))
    yield browser("browser, an assertion", "format", client_data(type="webauthn.get"))
    yield browser("browser, foreign frame", "policy", client_data(crossOrigin=True))
    yield browser("browser, frame not said", None, client_data(crossOrigin=None))
    yield browser("browser, frame as text", "encoding", client_data(crossOrigin="false"))
    for member in ("type", "challenge", "origin"):
        yield browser(f"browser, no {member}", "encoding", client_data(**{member: None}) if member != "challenge" else
                      json.dumps({"type": "webauthn.create", "origin": "https://wallet.example"}).encode())
    yield browser("browser, a member twice", "encoding", good[:-1] + b', "type": "webauthn.create"}')
    yield browser("browser, no JSON", "encoding", b"{")
    yield browser("browser, as text", "encoding", "{}")
    yield browser("browser, too long", "encoding", client_data(more="x" * 3000))
    yield "client data that was not signed", "signature", {"challenge": b"C" * 32, "top": {"clientDataJSON": good}}
    plain = hashlib.sha256(b"C" * 32).digest()
    yield "made by an app", None, {"challenge": b"C" * 32, "client_hash": plain}
    yield "made by an app for another challenge", "signature", {"challenge": b"D" * 32, "client_hash": plain}
    yield "format not allowed", "policy", {"policy": {"formats": ["apple", "tpm"]}}
    yield "format in capitals", "format", {"named": "Packed"}
    yield "format compound", "format", {"named": "compound"}
    yield "format unknown", "format", {"named": "android-safetynet"}
    yield "format name of 33 bytes", "encoding", {"named": "p" * 33}
    yield "format no text", "encoding", {"named": b"packed"}
    yield "no format", "encoding", {"named": None}
    yield "no statement", "encoding", {"top": {"attStmt": None}}
    yield "statement an array", "encoding", {"top": {"attStmt": [1, 2]}}
    yield "no authData", "encoding", {"top": {"authData": None}}
    yield "authData as text", "encoding", {"top": {"authData": "a"}}
    yield "an unknown member beside", None, {"top": {"more": True}}
    yield "a float beside", "encoding", {"top": {"more": 1.5}}
    yield "undefined beside", "encoding", {"top": {"more": cbor2.undefined}}
    yield "a tag beside", "encoding", {"top": {"more": cbor2.CBORTag(1, 2)}}
    nested = []
    for _ in range(6):
        nested = [nested]
    yield "nested too deep", "encoding", {"top": {"more": nested}}
    yield "too many items", "encoding", {"top": {"more": [0] * 256}}
    yield "too large", "encoding", {"top": {"more": bytes(12288)}}
    yield "empty", "encoding", {"raw": lambda b: b"\xa0"}
    yield "an array", "encoding", {"raw": lambda b: b"\x83" + b[1:]}
    yield "trailing byte", "encoding", {"raw": lambda b: b + b"\0"}
    yield "cut short", "encoding", {"raw": lambda b: b[:-1]}
    yield "indefinite map", "encoding", {"raw": lambda b: b"\xbf" + b[1:] + b"\xff"}
    yield "a count longer than need be", "encoding", {"raw": lambda b: b"\xb8\3" + b[1:]}
    yield "a member twice", "encoding", {"raw": lambda b: b"\xa4\x63fmt\x64none" + b[1:]}
    yield "text that is no UTF-8", "encoding", {"raw": lambda b: b"\xa4\x61\xff\0" + b[1:]}
    yield "bytes as a key", "encoding", {"raw": lambda b: b"\xa4\x41k\0" + b[1:]}


def none_variants():
    yield "something in the statement", "format", {"stmt": set_stmt(sig=b"x")}
    yield "format not allowed", "policy", {"policy": {"formats": ["packed"]}}


def variants(fmt):
    yield "as it should be", None, {}
    yield from auth_variants(fmt)
    yield from rp_variants(fmt)
    yield from user_variants(fmt)
    if fmt != "none":
        yield from x5c_variants(fmt)
    if fmt in ("packed", "fido-u2f", "android-key", "tpm"):
        yield from sig_variants(fmt)
    yield from {"packed": packed_variants, "fido-u2f": u2f_variants, "apple": apple_variants, "apple-appattest": appattest_variants,
                "android-key": android_variants, "tpm": tpm_variants, "none": none_variants}[fmt]()
    if fmt == "packed":
        yield from object_variants()


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for fmt in ("packed", "fido-u2f", "apple", "apple-appattest", "android-key", "tpm", "none"):
        made = [vector(fmt, label, step, **changes) for label, step, changes in variants(fmt)]
        (folder / f"{fmt}.json").write_text(json.dumps(
            {"description": f"{fmt} under the test CA of WebAuthn Level 3; made by attest_forge.py", "vectors": made}, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
