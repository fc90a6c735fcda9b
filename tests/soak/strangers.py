#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One address against the defaults of a relay: idle TLS connections until none is left, while clients of other
networks connect; then devices behind one address that each make a mailbox and keep a long poll. Prints what was
measured; exit code 0: everybody was served."""
import argparse
import contextlib
import pathlib
import socket
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support" / "python"))
sys.dont_write_bytecode = True

import tigress_transport  # noqa: E402
from relay_process import Relay, metrics  # noqa: E402
from tigress_client import create_message, encode, new_id  # noqa: E402


def dial(relay, source, context):
    sock = socket.socket()
    sock.settimeout(20)
    sock.bind((source, 0))
    sock.connect((relay.host, relay.port))
    return context.wrap_socket(sock, server_hostname=relay.host)


def ask(sock, text):
    sock.sendall(text.encode())
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return data
        data += part
    return data


def idle(relay, context, count):
    """Idle connections from one address, then 24 clients of other networks."""
    held, from_s = [], time.monotonic()
    with contextlib.suppress(OSError):
        for _ in range(count):
            held.append(dial(relay, "127.0.0.1", context))
    took_s, served = time.monotonic() - from_s, 0
    for i in range(24):
        with contextlib.suppress(OSError):
            with dial(relay, f"127.{i + 1}.7.1", context) as sock:
                served += ask(sock, "GET / HTTP/1.1\r\nHost: r\r\n\r\n")[9:12] == b"404"
    now = metrics(relay)
    print(f"idle: {len(held)} connections of one address in {took_s:.0f} s; "
          f"{int(now['tigress_connections'])} held by the relay; {served} of 24 others served")
    for sock in held:
        sock.close()
    return served == 24


def polls(relay, context, count):
    """Devices of one address: a mailbox and a long poll each."""
    body, held, from_s, refused = encode(create_message(expires_s=3600)), [], time.monotonic(), 0
    for _ in range(count):
        try:
            sock = dial(relay, "127.0.0.1", context)
            claim = new_id()
            head = f"Host: r\r\nMailbox-Device-Claim: {claim}\r\nMailbox-Request-ID: {new_id()}\r\n"
            answer = ask(sock, f"POST /v1/m HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
                               f"Content-Length: {len(body)}\r\n\r\n{body.decode()}")
            at = answer.find(b"/v1/m/")
            path = answer[at:at + 42].decode()
            sock.sendall((f"POST {path} HTTP/1.1\r\n{head}Mailbox-Known-Version: 1\r\nPrefer: wait=60\r\n"
                          "Content-Length: 0\r\n\r\n").encode())
            held.append(sock)
            refused += answer[9:12] != b"200"
        except OSError:
            refused += 1
    time.sleep(2)
    waiting = int(metrics(relay)["tigress_long_polls"])
    print(f"long polls: {len(held)} devices of one address in {time.monotonic() - from_s:.0f} s; {waiting} wait; "
          f"{refused} refused")
    for sock in held:
        sock.close()
    return refused == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=int, default=19000)
    parser.add_argument("--polls", type=int, default=10000)
    args = parser.parse_args()
    is_right = True
    with tempfile.TemporaryDirectory() as folder:
        for part, count in ((idle, args.idle), (polls, args.polls)):
            with Relay(pathlib.Path(folder) / part.__name__) as relay:
                context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
                is_right = part(relay, context, count) and is_right
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
