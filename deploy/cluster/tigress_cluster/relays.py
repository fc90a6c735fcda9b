# SPDX-License-Identifier: Apache-2.0
"""The relays and the load balancer in front of them."""
import contextlib
import os
import pathlib
import re
import secrets
import socket
import urllib.error
import urllib.request

from tigress_cluster.net import HOST
from tigress_cluster.process import Process, until

ASK_S = 5
# "other" are the pages of the admin listener, which HAProxy and we ask.
SERVED = re.compile(r'^tigress_requests_total\{call="(?!other").*\} (\d+)$', re.M)

HAPROXY = pathlib.Path(__file__).resolve().parents[2] / "haproxy.cfg"


def haproxy_config(port, socket_path, relays):
    """The file that we ship, with our addresses and with HAProxy's runtime interface."""
    text = HAPROXY.read_text()
    text = re.sub(r"^    server .*\n", "", text, flags=re.M)
    text = re.sub(r"^    bind .*", f"    bind {HOST}:{port}", text, flags=re.M)
    text = text.replace("global\n", f"global\n    stats socket {socket_path} mode 600 level admin\n", 1)
    return text.rstrip() + "\n" + "".join(f"    server {relay.name} {HOST}:{relay.port} port {relay.admin_port}\n"
                                         for relay in relays)


def key_text():
    """A relay key: an index key and one seal key."""
    return f"index {secrets.token_hex(32)}\nseal 1 {secrets.token_hex(32)}\n"


class Relay:
    """One tigressd. All relays of a cluster have the same key file."""

    def __init__(self, program, folder, number, ports):
        self.name = f"relay{number}"
        self.folder = folder / self.name
        self.folder.mkdir(mode=0o700)
        self.port, self.admin_port = ports.take(), ports.take()
        self.settings = {"listen": f"{HOST}:{self.port}", "admin": f"{HOST}:{self.admin_port}",
                         "data": self.folder / "data"}
        self.config = self.folder / "tigressd.conf"
        self.process = Process(self.name, [program, "--config", self.config], self.folder / "log")

    def write_config(self):
        self.config.write_text("".join(f"{name} = {value}\n" for name, value in self.settings.items()))

    def start(self):
        self.write_config()
        self.process.start()

    def answer(self, path):
        """The status and text of an admin page; (0, "") without an answer."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.admin_port}{path}", timeout=ASK_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def is_ready(self):
        return self.answer("/readyz")[0] == 200

    def until_ready(self):
        until(lambda: self.process.must_live() and self.is_ready(), f"{self.name} is ready")

    def served(self):
        """The requests that it has answered."""
        return sum(int(count) for count in SERVED.findall(self.answer("/metrics")[1]))


class Balancer:
    """HAProxy, with TLS passed through."""

    def __init__(self, folder, ports, relays):
        self.port = ports.take()
        self.origin = f"https://{HOST}:{self.port}"
        self.socket = folder / "haproxy.sock"
        self.config = folder / "haproxy.cfg"
        self.relays = relays
        self.process = Process("haproxy", ["/usr/sbin/haproxy", "-db", "-f", self.config], folder / "haproxy.log")

    def start(self):
        self.config.write_text(haproxy_config(self.port, self.socket, self.relays))
        self.process.start()
        until(lambda: self.process.must_live() and self.servers_up(), "haproxy sees a relay that is ready")

    def command(self, text):
        """One command of HAProxy's runtime interface, and what it answers."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
            sock.settimeout(ASK_S)
            sock.connect(os.fspath(self.socket))
            sock.sendall(text.encode() + b"\n")
            parts = []
            while part := sock.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()

    def servers_up(self):
        """The relays that get connections."""
        with contextlib.suppress(OSError):
            rows = [line.split(",") for line in self.command("show stat").splitlines()]
            return [row[1] for row in rows if len(row) > 17 and row[0] == "relays" and row[17].startswith("UP")]
        return []

    def prefer(self, relay):
        """New connections go to this relay while it is ready; None: to all in turn."""
        for one in self.relays:
            weight = 1 if relay in (None, one) else 0
            self.command(f"set server relays/{one.name} weight {weight}")
