# SPDX-License-Identifier: Apache-2.0
"""A TLS 1.2 connection whose records the test makes itself after an ordinary handshake, so that it can send what no TLS
library sends. AES-128-GCM as in RFC 5288, keys as in RFC 5246 section 6.3."""
import hashlib
import hmac
import os
import socket
import ssl

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALERT, HANDSHAKE, DATA = 21, 22, 23
VERSION = b"\x03\x03"
RANDOM_AT = 5 + 4 + 2  # in a record with a hello: behind both heads and the version
WAIT_S = 20


def prf(secret, label, seed, length):
    out, block = b"", label + seed
    while len(out) < length:
        block = hmac.digest(secret, block, hashlib.sha256)
        out += hmac.digest(secret, block + label + seed, hashlib.sha256)
    return out[:length]


class Tls12:
    """`records` has what the server sent since the handshake, as (type, content)."""

    def __init__(self, host, port, ca_file, folder):
        keys = os.path.join(folder, "keys.log")
        context = ssl.create_default_context(cafile=ca_file)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        context.options |= ssl.OP_NO_TICKET
        context.keylog_filename = keys
        self.sock = socket.create_connection((host, port), WAIT_S)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        sent, received = self.shake_hands(client)
        with open(keys, encoding="ascii") as file:
            [secret] = [bytes.fromhex(line.split()[2]) for line in file if line.startswith("CLIENT_RANDOM ")]
        seed = received[RANDOM_AT:RANDOM_AT + 32] + sent[RANDOM_AT:RANDOM_AT + 32]
        block = prf(secret, b"key expansion", seed, 40)
        self.hello = sent[5:5 + int.from_bytes(sent[3:5], "big")]
        self.keys = AESGCM(block[:16]), AESGCM(block[16:32])  # the client's, the server's
        self.salts = block[32:36], block[36:40]
        self.counts = [1, 1]  # each side has sent Finished
        self.buffer, self.records, self.is_closed = b"", [], False

    def shake_hands(self, client):
        sent = received = b""
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                data = self.outgoing.read()
                sent += data
                self.sock.sendall(data)
                data = self.sock.recv(65536)
                assert data, "the server has closed during the handshake"
                received += data
                self.incoming.write(data)
        assert self.outgoing.read() == b"" and client.cipher()[0] == "ECDHE-ECDSA-AES128-GCM-SHA256"
        return sent, received

    @staticmethod
    def extra(count, kind, length):
        return count.to_bytes(8, "big") + bytes([kind]) + VERSION + length.to_bytes(2, "big")

    def send(self, kind, content):
        """False: the server has closed."""
        nonce = self.counts[0].to_bytes(8, "big")
        sealed = nonce + self.keys[0].encrypt(self.salts[0] + nonce, content,
                                              self.extra(self.counts[0], kind, len(content)))
        self.counts[0] += 1
        try:
            self.sock.sendall(bytes([kind]) + VERSION + len(sealed).to_bytes(2, "big") + sealed)
            return True
        except OSError:
            return False

    def receive(self):
        """More records. False: the server has closed."""
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        self.is_closed = not data
        self.buffer += data
        while len(self.buffer) >= 5 and len(self.buffer) >= 5 + int.from_bytes(self.buffer[3:5], "big"):
            length = int.from_bytes(self.buffer[3:5], "big")
            self.open(self.buffer[0], self.buffer[5:5 + length])
            self.buffer = self.buffer[5 + length:]
        return not self.is_closed

    def open(self, kind, sealed):
        try:
            content = self.keys[1].decrypt(self.salts[1] + sealed[:8], sealed[8:],
                                           self.extra(self.counts[1], kind, len(sealed) - 24))
        except InvalidTag:
            raise AssertionError("a record of the server that does not open") from None
        self.counts[1] += 1
        self.records.append((kind, content))

    def close(self):
        self.sock.close()
