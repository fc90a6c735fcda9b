# SPDX-License-Identifier: Apache-2.0
"""What this machine has not: APNs, and the platform of a phone that attests a device. Both are stand-ins of the tests."""
import contextlib
import json
import pathlib
import socketserver
import sys
import threading

from cryptography.hazmat.primitives.asymmetric import ec

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/support/python"))
import push_apns  # noqa: E402
import push_stand_in  # noqa: E402
import standing  # noqa: E402

new_apns_token = push_apns.new_token


def flags(settings):
    return [part for name, value in settings.items() for part in (f"--{name}", value)]


def start_apns(stage):
    """APNs, and the settings of a relay that pushes to it."""
    apns = stage.stack.enter_context(push_apns.Apns(push_stand_in.Authority(stage.folder / "apns"), stage.folder))
    return apns, flags(apns.settings)


class Platform(socketserver.ThreadingUnixStreamServer):
    """Answers a challenge with an attestation of a device that its maker has certified."""
    daemon_threads = True

    def __init__(self, path, maker, relay_name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.chain, self.relay_name = [maker.leaf(self.key)], relay_name
        super().__init__(str(path), Attest)


class Attest(socketserver.StreamRequestHandler):
    def handle(self):
        request = json.loads(self.rfile.readline(4096))
        covered = bytes.fromhex(request["challenge"].replace(":", ""))
        phone = self.server
        made = standing.unb64u(standing.packed(covered, phone.relay_name, phone.key, phone.chain))
        self.wfile.write(json.dumps({"object": made.hex()}).encode() + b"\n")


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def start_platform(stage, relay_name):
    """The platform's socket, and the settings of a relay that requires an attestation of its maker's devices."""
    maker = standing.Authority()
    path = stage.folder / "platform.sock"
    stage.stack.enter_context(serving(Platform(path, maker, relay_name)))
    return path, flags({"attestation": "required", "attestation-formats": "packed",
                        "attestation-roots": maker.write_roots(stage.folder / "roots")})
