# SPDX-License-Identifier: Apache-2.0
"""Starts that must fail, and say what to do: --check-config, the start and SIGHUP find the same faults of the
certificate and its key; folders, descriptors, workers, addresses."""
import configparser
import contextlib
import datetime
import ipaddress
import os
import pathlib
import re
import resource
import signal
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

import tigress_transport
from conftest import make_relay, open_api
from relay_process import find_binary, run_refused, sanitizer_env, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOST = "relay.example"
DAY = datetime.timedelta(days=1)
REFUSED_BY_CHECK, REFUSED_BY_START = 2, 1


def now():
    return datetime.datetime.now(datetime.timezone.utc)


# ---- certificates and keys ----------------------------------------------------------------------

class Authority:
    """A root and an intermediate."""

    def __init__(self):
        self.root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root = self.sign("root", self.root_key.public_key(), "root", self.root_key)
        self.sub = self.sign("sub", self.key.public_key(), "root", self.root_key)

    @staticmethod
    def sign(subject, public, issuer, issuer_key, names=None, start=-DAY, end=90 * DAY):
        def name(text):
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
                   .public_key(public).serial_number(x509.random_serial_number())
                   .not_valid_before(now() + start).not_valid_after(now() + end))
        if names is None:
            builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return builder.sign(issuer_key, hashes.SHA256())

    def leaf(self, key, host=HOST, **dates):
        names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return self.sign("relay", key.public_key(), "sub", self.key, names, **dates)


AUTHORITY = Authority()


class Files:
    """What tls-cert and tls-key name."""

    def __init__(self, folder):
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        self.serial = self.private = None
        self.good()

    def good(self, **options):
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.put_key(self.private)
        self.put_chain([AUTHORITY.leaf(self.private, **options), AUTHORITY.sub])

    def put_chain(self, chain):
        self.serial = chain[0].serial_number
        self.cert.write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in chain))

    def put_key(self, key, mode=0o600, phrase=None):
        form = (serialization.BestAvailableEncryption(phrase) if phrase
                else serialization.NoEncryption())
        self.key.unlink(missing_ok=True)
        self.key.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                               serialization.PrivateFormat.PKCS8, form))
        self.key.chmod(mode)

    def arguments(self):
        return ["--tls-cert", str(self.cert), "--tls-key", str(self.key)]


def is_root():
    return os.geteuid() == 0


# name: (what is done to good files, the word of the log, the setting, part of the sentence)
FAULTS = {
    "another key": (lambda f: f.put_key(ec.generate_private_key(ec.SECP256R1())),
                    "key-of-another-certificate", "tls-key", "not the key of the first certificate"),
    "key of another curve": (lambda f: f.put_key(ec.generate_private_key(ec.SECP384R1())),
                             "key-of-another-certificate", "tls-key", "not the key"),
    "RSA key for an EC certificate": (
        lambda f: f.put_key(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "key-of-another-certificate", "tls-key", "not the key"),
    "key of the second certificate": (lambda f: f.put_key(AUTHORITY.key),
                                      "key-of-another-certificate", "tls-key", "not the key"),
    "expired": (lambda f: f.good(start=-9 * DAY, end=-DAY), "certificate-expired", "tls-cert",
                "expired at 20"),
    "not yet valid": (lambda f: f.good(start=DAY, end=90 * DAY), "certificate-not-yet-valid",
                      "tls-cert", "not valid before 20"),
    "another host": (lambda f: f.good(host="other.example"), "certificate-of-another-host",
                     "tls-cert", "public-url"),
    "wildcard of another level": (lambda f: f.good(host="*.relay.example"),
                                  "certificate-of-another-host", "tls-cert", "public-url"),
    "key that others may read": (lambda f: f.key.chmod(0o644), "key-readable-by-others", "tls-key",
                                 "mode 0644"),
    "key that a group may read": (lambda f: f.key.chmod(0o640), "key-readable-by-others", "tls-key",
                                  "mode 0640"),
    "key with a passphrase": (lambda f: f.put_key(f.private, phrase=b"secret"), "key-encrypted",
                              "tls-key", "passphrase"),
    "no key in the file": (lambda f: f.key.write_text("nothing"), "key-malformed", "tls-key", "PEM"),
    "no certificate in the file": (lambda f: f.cert.write_text("nothing"), "certificate-malformed",
                                   "tls-cert", "TLS certificate"),
    "key that is a folder": (lambda f: (f.key.unlink(), f.key.mkdir()), "key-unreadable", "tls-key",
                             "not a regular file"),
}
if is_root():
    FAULTS["key of another user"] = (lambda f: os.chown(f.key, 12345, -1), "key-of-another-user",
                                     "tls-key", "another user")


def arguments(folder, files=None):
    return ["--listen", "127.0.0.1:0", "--data", str(folder / "data"), "--public-url",
            f"https://{HOST}", *(files.arguments() if files else [])]


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def check(args, **options):
    """(exit code, standard output, standard error) of --check-config."""
    got = subprocess.run([find_binary("tigressd"), *args, "--check-config"], text=True, timeout=60,
                         capture_output=True, env=sanitizer_env(), check=False, **options)
    assert "Sanitizer" not in got.stderr
    return got.returncode, got.stdout, got.stderr


def assert_names(text, setting, path, part):
    """One line states the setting, the file, what is wrong and what was expected."""
    lines = [line for line in text.splitlines() if line.startswith(f"tigressd: {setting}: ")]
    assert any(part in line and (path is None or str(path) in line) and "expected" in line
               for line in lines), text


def good__check_and_start__nothing_reported(tmp_path, files):
    assert check(arguments(tmp_path, files)) == (0, "tigressd: the configuration is valid\n", "")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", list(FAULTS))
def fault__check_and_start__refused_with_what_to_do(tmp_path, files, name):
    damage, _, setting, part = FAULTS[name]
    damage(files)
    path = files.key if setting == "tls-key" else files.cert
    args = arguments(tmp_path, files)
    code, out, text = check(args)
    assert (code, out) == (REFUSED_BY_CHECK, ""), text
    assert_names(text, setting, path, part)
    assert not (tmp_path / "data").exists()
    code, text = run_refused(args)
    assert code == REFUSED_BY_START
    assert_names(text, setting, path, part)
    assert text.rstrip().endswith("tigressd: cannot start")


def serial_of(relay):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        return x509.load_der_x509_certificate(sock.getpeercert(True)).serial_number


@pytest.fixture
def served(tmp_path, files):
    """A relay with its own certificate."""
    args = ["--public-url", f"https://{HOST}", *files.arguments()]
    with make_relay(tmp_path / "r", is_dev=False, args=args) as relay:
        yield relay


@pytest.mark.parametrize("name", list(FAULTS))
def fault__reload__old_pair_stays_and_the_log_says_why(served, files, name):
    damage, word, _, _ = FAULTS[name]
    old = files.serial
    assert serial_of(served) == old
    damage(files)
    served.signal(signal.SIGHUP)
    line = f"error tls.reload_failed reason={word}\n".encode()
    until(lambda: line in served.output("stderr"), f"the reason {word}")
    assert serial_of(served) == old
    text = served.output("stderr")
    assert str(files.key.parent).encode() not in text and HOST.encode() not in text
    if files.key.is_dir():
        files.key.rmdir()
    files.good()
    served.signal(signal.SIGHUP)
    until(lambda: serial_of(served) == files.serial, "the new certificate")


def reload__two_faults__both_reasons(served, files):
    files.good(host="other.example", start=-9 * DAY, end=-DAY)
    served.signal(signal.SIGHUP)
    for word in ("certificate-expired", "certificate-of-another-host"):
        until(lambda: f"reason={word}\n".encode() in served.output("stderr"), word)


WARNINGS = {
    "expires soon": (lambda f: f.good(end=10 * DAY), "certificate-expires-soon", "expires at 20"),
    "out of order": (lambda f: f.put_chain([AUTHORITY.leaf(f.private), AUTHORITY.root,
                                            AUTHORITY.sub]), "chain-out-of-order", "out of order"),
    "incomplete": (lambda f: f.put_chain([AUTHORITY.leaf(f.private)]), "chain-incomplete", "issuer"),
}


@pytest.mark.parametrize("name", list(WARNINGS))
def warning__check_and_start__printed_and_logged(tmp_path, files, name):
    damage, word, part = WARNINGS[name]
    damage(files)
    code, out, text = check(arguments(tmp_path, files))
    assert (code, out) == (0, "tigressd: the configuration is valid\n")
    assert re.fullmatch(rf"tigressd: warning: tls-cert: {re.escape(str(files.cert))}: .*{part}.*"
                        r"expected: .*\n", text), text
    args = ["--public-url", f"https://{HOST}", *files.arguments()]
    with make_relay(tmp_path / "r", is_dev=False, args=args) as relay:
        assert part.encode() in relay.output("stderr")
        assert f"warning server.warning reason={word}\n".encode() in relay.output("stderr")
        relay.signal(signal.SIGHUP)
        until(lambda: f"warning tls.warning reason={word}\n".encode() in relay.output("stderr"),
              "the warning of the reload")
        until(lambda: b"tls.reloaded" in relay.output("stderr"), "the reload")


def host__wildcard_address_or_no_public_url__accepted(tmp_path, files):
    args = ["--listen", "127.0.0.1:0", "--data", str(tmp_path / "d"), *files.arguments()]
    files.good(host="other.example")
    assert check(args)[0] == 0
    files.good(host="*.relay.example")
    assert check([*args, "--public-url", "https://a.relay.example"])[0] == 0
    assert check([*args, "--public-url", "https://127.0.0.1:8443"])[0] == 0
    assert check([*args, "--public-url", "https://127.0.0.2:8443"])[0] == REFUSED_BY_CHECK
    assert check([*args, "--public-url", "https://[::1]"])[0] == REFUSED_BY_CHECK


# ---- folders ------------------------------------------------------------------------------------

@pytest.mark.parametrize("setting", ["data", "store"])
def folder__cannot_be_made__named_with_the_reason(tmp_path, files, setting):
    (tmp_path / "file").write_text("x")
    path = tmp_path / "file" / "below"
    args = ["--listen", "127.0.0.1:0", *files.arguments(), "--relay-key", str(tmp_path / "key"),
            "--store-counter", str(tmp_path / "counter")]
    args += ["--data", str(path)] if setting == "data" else ["--store", f"lmdb:{path}"]
    code, _, text = check(args)
    assert code == REFUSED_BY_CHECK
    assert_names(text, setting, path, "Not a directory")
    code, text = run_refused(args)
    assert code == REFUSED_BY_START
    assert str(path) in text and "Not a directory" in text


@pytest.mark.skipif(is_root(), reason="root may write everywhere")
def folder__not_writable__named_with_the_reason(tmp_path, files):
    (tmp_path / "shut").mkdir(mode=0o500)
    path = tmp_path / "shut" / "data"
    args = ["--listen", "127.0.0.1:0", *files.arguments(), "--data", str(path)]
    code, _, text = check(args)
    assert code == REFUSED_BY_CHECK
    assert_names(text, "data", path, "Permission denied")


def file__of_settings_missing__named_with_the_reason(tmp_path):
    path = tmp_path / "no.conf"
    code, text = run_refused(["--config", str(path)])
    assert code == 2
    assert text == (f"tigressd: --config: {path}: cannot be opened: No such file or directory "
                    "(expected: a regular file of settings)\n")


def address__in_use_or_not_ours__named(tmp_path):
    with make_relay(tmp_path / "r", "plain-lmdb") as relay:
        code, text = run_refused(["--dev", "--plain-http", "--data", str(tmp_path / "d"), "--listen",
                                  f"127.0.0.1:{relay.port}"])
        assert code == REFUSED_BY_START
        assert f"cannot listen on 127.0.0.1, port {relay.port}: Address already in use" in text


# ---- limits -------------------------------------------------------------------------------------

def with_descriptors(count):
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))}


def descriptors__fewer_than_connections__refused_or_lowered(tmp_path, files):
    args = [*arguments(tmp_path, files), "--workers", "2"]
    code, _, text = check([*args, "--max-connections", "1000"], **with_descriptors(500))
    assert code == REFUSED_BY_CHECK
    assert_names(text, "max-connections", None, "the limit is 500")
    assert check([*args, "--max-connections", "1000"], **with_descriptors(1080))[0] == 0
    assert check([*args, "--max-connections", "1000"], **with_descriptors(1079))[0] == 2
    code, out, text = check(args, **with_descriptors(500))
    assert (code, out) == (0, "tigressd: the configuration is valid\n")
    assert "tigressd: warning: max-connections: 20000 connections need" in text
    assert check(args, **with_descriptors(20))[0] != 0


def descriptors__lowered_default__all_of_them_served(tmp_path):
    """The relay closes what is too much; it does not run out."""
    relay = make_relay(tmp_path, args=["--workers", "1"])
    command = relay.command
    relay.command = lambda: ["prlimit", "--nofile=200:200", *command()]
    with relay, contextlib.ExitStack() as stack:
        apis = [stack.enter_context(contextlib.closing(open_api(relay))) for _ in range(100)]
        assert [api.create().status for api in apis] == [200] * 100
        assert b"warning server.warning reason=descriptor-limit" in relay.output("stderr")


def workers__more_than_readers__refused(tmp_path):
    code, text = run_refused(["--dev", "--data", str(tmp_path / "d"), "--listen", "127.0.0.1:0",
                              "--workers", "256"])
    assert code == 2 and "workers: more than the store has readers for (expected: " in text
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "203.0.113.9:9443"])
def admin__public_address__only_with_its_setting(tmp_path, address):
    args = ["--dev", "--data", str(tmp_path / "d"), "--listen", "127.0.0.1:0", "--admin", address]
    code, _, text = check(args)
    assert code == 2
    assert_names(text, "--admin", None, "public address")
    assert check([*args, "--admin-public"])[0] == 0


def unit__descriptors__enough_for_the_default_and_all_workers():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(ROOT / "packaging" / "tigressd.service")
    assert int(unit["Service"]["LimitNOFILE"]) >= 20000 + 64 + 8 * 240
