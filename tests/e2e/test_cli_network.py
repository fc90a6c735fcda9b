# SPDX-License-Identifier: Apache-2.0
"""Why a relay cannot be reached: each cause has its own error, and names the host and the port."""
import contextlib
import datetime
import json
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cli_device import KEY, Device
from push_stand_in import Authority, pem_of

ID = "4f2a0000-1111-4222-8333-444444444444"


@contextlib.contextmanager
def tls_server(certificate, key):
    """Does the handshake of each connection and then closes it; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), client:
                context.wrap_socket(client, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


class Expired(Authority):
    """Its certificates ended yesterday."""

    def sign(self, subject, key, extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        is_own = subject == self.name
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=30))
                   .not_valid_after(now + datetime.timedelta(days=30 if is_own else -1)))
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(self.key, hashes.SHA256())


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    authority = Authority(folder / "own")
    authority.key, authority.name = key, x509.Name([])
    certificate = authority.sign(x509.Name([]), key,
                                 [(x509.SubjectAlternativeName([x509.DNSName("localhost")]), True)])
    paths = folder / "own.pem", folder / "own.key"
    paths[0].write_bytes(certificate.public_bytes(x509.base.serialization.Encoding.PEM))
    paths[1].write_bytes(pem_of(key))
    return paths


def refusal(device, origin, *words):
    ran = device.run("inspect", "--json", "--allow-relay", origin.removeprefix("https://"), *words, "-",
                     given=f"{origin}/v1/m/{ID}")
    assert ran.code == 3, ran.err
    return ran


# spec-test: protocol/7#own-error
@pytest.mark.parametrize("kind,words", [
    ("another-name", "is for another host name"), ("expired", "has expired"),
    ("self-signed", "is signed by itself"), ("unknown-authority", "comes from an authority that is not trusted"),
])
def certificate__not_valid__the_sentence_says_what_is_wrong_with_it(tmp_path, kind, words):
    authority = (Expired if kind == "expired" else Authority)(tmp_path / "ca")
    pair = authority.issue(["other.example" if kind == "another-name" else "localhost"])
    trusted = authority.ca_file
    if kind == "self-signed":
        pair = self_signed(tmp_path)
    if kind == "unknown-authority":
        trusted = self_signed(tmp_path)[0]
    with tls_server(*pair) as port:
        ran = refusal(Device(tmp_path / "bob", TIGRESS_CACERT=str(trusted)), f"https://localhost:{port}")
    assert ran.error == "tls"
    assert f"relay localhost:{port} {words}" in ran.err


# spec-test: protocol/7#own-error
def name__that_does_not_exist__named(tmp_path):
    ran = refusal(Device(tmp_path / "bob"), "https://relay.invalid")
    assert ran.error == "name" and "relay.invalid:443" in ran.err


# spec-test: protocol/7#own-error
def port__where_nobody_listens__named(tmp_path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{held.getsockname()[1]}"
        ran = refusal(Device(tmp_path / "bob"), f"https://{place}")
    assert ran.error == "connect" and place in ran.err


def verbose__nobody_listens__each_failure_with_its_cause_and_nothing_sent(tmp_path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{held.getsockname()[1]}"
        device = Device(tmp_path / "alice", TIGRESS_RELAY=f"https://{place}")
        ran = device.run("share", "--yes", "--verbose", "-", given=json.dumps(KEY))
    assert ran.code == 3
    lines = ran.err.splitlines()
    assert lines.count("tigress: POST /v1/m -> no answer") == 3
    assert len([line for line in lines if line.endswith(f"{place}. Trying again.")]) == 2
    assert "sent" not in ran.err.replace("sentence", "")
    assert f"tigress share --resume {device.must('status')['transfers'][0]['id'][:8]}" in lines[-1]
