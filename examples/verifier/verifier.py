#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""verifier.py SOCKET KEYFILE: a verifier of your own, for `attestation-verifier = unix:SOCKET`.

The scheme stands for yours: "acme1." and the hex of HMAC-SHA-256 over the challenge, which covers claim, request and
payload, under a key that genuine devices have. A line {"attestation": TEXT, "challenge": BASE64URL} comes in, a line
{"verdict": "valid", "invalid" or "unknown"} goes out, with "userVerified": true if the proof shows that. Log nothing.
"""
import base64
import hmac
import json
import os
import pathlib
import socketserver
import sys


class Handler(socketserver.StreamRequestHandler):
    timeout = 5

    def handle(self):
        question = json.loads(self.rfile.readline(65536))
        scheme, _, proof = question["attestation"].partition(".")
        covered = base64.urlsafe_b64decode(question["challenge"] + "=")
        expected = hmac.digest(self.server.key, covered, "sha256").hex()
        verdict = "valid" if hmac.compare_digest(proof.encode(), expected.encode()) else "invalid"
        answer = {"verdict": verdict if scheme == "acme1" else "unknown"}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size, daemon_threads = 128, True


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).unlink(missing_ok=True)
    os.umask(0o117)  # the relay's user is in the group of the socket
    with Server(sys.argv[1], Handler) as server:
        server.key = pathlib.Path(sys.argv[2]).read_bytes()
        server.serve_forever()
