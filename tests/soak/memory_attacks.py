#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attacks on a relay's memory in full size. Prints the highest RssAnon of each beside the stated ceiling, and fails
when one is above it or when a client of another network is not served meanwhile.

    memory_attacks.py BUILD_FOLDER [attack ...]
"""
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support" / "python"))
sys.dont_write_bytecode = True

import memory_attacks as attacks  # noqa: E402
import relay_process  # noqa: E402
import tigress_transport  # noqa: E402
from tigress_client import Api, create_message, encode, new_id  # noqa: E402

LARGE = {"type": "t", "data": "x" * 48000}
ATTACKS = {
    "hpack": lambda a, box: attacks.hpack_references(a, 600),
    "bodies": lambda a, box: attacks.http2_half_bodies(a, 60),
    "bodies1": lambda a, box: attacks.http1_half_bodies(a, 2000),
    "answers": lambda a, box: attacks.http2_unread_answers(a, 600, box),
    "answers1": lambda a, box: attacks.http1_unread_answers(a, 600, box),
    "handshakes": lambda a, box: attacks.half_handshakes(a, 600),
    "heads": lambda a, box: attacks.http1_half_heads(a, 600),
    "creates": lambda a, box: attacks.create_flood(
        a, 40, encode(create_message(payload={"type": "t", "data": "x" * 64000})), new_id, 3),
}


def open_api(relay):
    return Api(tigress_transport.open_transport("h1", relay.host, relay.port, relay.ca_file, 10))


def stated_ceiling_mib(relay):
    text = subprocess.run(relay.command() + ["--print-config"], capture_output=True, check=True)
    return int(re.search(rb"relay at most (\d+)MiB", text.stdout).group(1))


def attack(name):
    with tempfile.TemporaryDirectory() as folder, \
            relay_process.Relay(folder, args=["--rate", "0"]) as relay:
        ceiling, peak, is_over = stated_ceiling_mib(relay), [0], threading.Event()

        def watch():
            while not is_over.wait(0.005):
                peak[0] = max(peak[0], attacks.rss_anon_kib(relay.pid))
        watcher = threading.Thread(target=watch)
        watcher.start()
        served = 0
        try:
            with contextlib.closing(open_api(relay)) as api:
                box = api.bound_box(payload=LARGE)
            with attacks.Attacker(relay) as attacker:
                ATTACKS[name](attacker, (box.path, box.recipient))
                for _ in range(10):
                    with contextlib.closing(open_api(relay)) as api:
                        served += api.create().status == 200
                sent = attacker.sent
                time.sleep(2)
        finally:
            is_over.set()
            watcher.join()
    print(f"{name}: {sent / 1e6:.1f} MB sent, RssAnon {peak[0] / 1024:.0f} MiB of {ceiling} MiB, "
          f"{served} of 10 served")
    return peak[0] <= ceiling * 1024 and served == 10


def main():
    os.environ["TIGRESS_BIN_DIR"] = str(pathlib.Path(sys.argv[1]).resolve())
    results = [attack(name) for name in sys.argv[2:] or ATTACKS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
