# SPDX-License-Identifier: Apache-2.0
"""A relay that gets its socket from the service manager, and a relay that closes connections at the end of a drain."""
import os
import pathlib
import signal
import socket
import subprocess

BIN_DIR = pathlib.Path(os.environ.get("TIGRESS_BIN_DIR", "build/dev"))
ARGS = ["--plain-http", "--store", "memory:", "--rate", "0"]


def tigressd():
    for place in ("src/server/tigressd", "tigressd", "bin/tigressd"):
        if (BIN_DIR / place).exists():
            return str(BIN_DIR / place)
    raise FileNotFoundError("tigressd")


def launch(args, descriptor=None, pid="$$"):
    """Replaces a shell, so that LISTEN_PID is known; descriptor becomes number 3."""
    script = f'export LISTEN_PID={pid} LISTEN_FDS=1; exec "$0" "$@"' if descriptor is not None \
        else 'exec "$0" "$@"'

    def place():
        if descriptor is not None:
            os.dup2(descriptor, 3, inheritable=True)

    return subprocess.Popen(["/bin/sh", "-c", script, tigressd(), *ARGS, *args],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            close_fds=False, preexec_fn=place)


def status_of(port):
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        sock.settimeout(60)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return sock.recv(4096)[:12]


def stopped(process, timeout=30):
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def activation__listening_socket_handed_over__served_by_every_worker():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        early = socket.create_connection(("127.0.0.1", port), 60)  # before the relay runs
        relay = launch(["--listen", "127.0.0.1:1", "--workers", "2"], listener.fileno())
        assert f":{port}" in relay.stdout.readline()
        early.settimeout(60)
        early.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert early.recv(4096).startswith(b"HTTP/1.1 404")
        early.close()
        for _ in range(8):
            assert status_of(port) == b"HTTP/1.1 404"
        assert stopped(relay)[0] == 0
        # The service manager still has the socket and gives it to the next relay.
        waiting = socket.create_connection(("127.0.0.1", port), 60)
        relay = launch(["--listen", "127.0.0.1:1"], listener.fileno())
        relay.stdout.readline()
        assert status_of(port) == b"HTTP/1.1 404"
        waiting.close()
        assert stopped(relay)[0] == 0


def activation__socket_that_does_not_listen__reported_and_not_started():
    with socket.socket() as idle:
        relay = launch(["--listen", "127.0.0.1:0"], idle.fileno())
        out, err = relay.communicate(timeout=20)
    assert relay.returncode == 1 and out == ""
    assert "not a listening TCP socket" in err


def activation__for_another_process__own_socket_bound():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = launch(["--listen", "127.0.0.1:0"], listener.fileno(), pid="1")
        assert f":{listener.getsockname()[1]}" not in relay.stdout.readline()
        assert stopped(relay)[0] == 0


def stop__connection_outlives_the_drain__closed_reported_and_exit_1():
    relay = launch(["--listen", "127.0.0.1:0", "--drain-timeout", "1s"])
    port = int(relay.stdout.readline().split("127.0.0.1:")[1].split()[0])
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        sock.sendall(b"POST /v1/m HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        code, _, err = stopped(relay)
    assert code == 1
    assert "server.drain_incomplete" in err
