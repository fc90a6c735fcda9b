# SPDX-License-Identifier: Apache-2.0
"""Free ports on loopback."""
import random
import socket

HOST = "127.0.0.1"
# Below the range from which the system takes the ports of outgoing connections.
LOWEST, HIGHEST = 20000, 32000


class Ports:
    """Gives each port once."""

    def __init__(self):
        self.given = set()

    def take(self):
        while True:
            port = random.randrange(LOWEST, HIGHEST)
            if port in self.given:
                continue
            with socket.socket() as sock:
                try:
                    sock.bind((HOST, port))
                except OSError:
                    continue
            self.given.add(port)
            return port
