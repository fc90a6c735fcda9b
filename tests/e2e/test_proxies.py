# SPDX-License-Identifier: Apache-2.0
"""Proxies in front of the relay: who may name a client, in a header or in the PROXY protocol, and who may not. The
limit of requests shows for which network a request counts."""
import contextlib
import os
import socket
import ssl
import subprocess

import pytest

import tigress_transport
from relay_process import Relay, metrics, until
from tigress_client import new_id
from tigress_transport import read_until_closed

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PROXY_HEADER = 'tigress_refusals_total{reason="proxy_header"}'
BURST = 4
TLS_BURST = 64  # room for BURST handshakes, each with a request
REFUSED = ("429", "")  # "": the connection was closed when it was accepted
NGINX = "/usr/sbin/nginx"


@pytest.fixture
def start(tmp_path):
    """Starts a relay in which a network may send BURST requests over connections that it does not pay for, then none
    for a long time."""
    with contextlib.ExitStack() as stack:
        def run(*args, is_plain=False, burst=BURST):
            relay = Relay(tmp_path / "r", is_plain=is_plain, store="memory:", args=[
                "--workers", "1", "--rate", "1", "--rate-burst", str(burst),
                "--handshake-timeout", "20s", *args])
            return stack.enter_context(relay)
        yield run


def dial(relay, source="127.0.0.1"):
    sock = socket.socket()
    sock.settimeout(20)
    sock.bind((source, 0))
    sock.connect((relay.host, relay.port))
    return sock


def get(sock, *lines):
    """The status of one request; "" if the relay has closed."""
    head = "".join(line + "\r\n" for line in (f"GET /v1/m/{new_id()} HTTP/1.1", "Host: x", *lines, ""))
    with contextlib.suppress(OSError):
        sock.sendall(head.encode())
        return sock.recv(65536)[9:12].decode()
    return ""


def header(client, command=0x21):
    """A header of version 2 for an IPv4 or IPv6 client."""
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    ends = socket.inet_pton(family, client) * 2 + b"\x01\x00\x01\xbb"
    code = 0x21 if family == socket.AF_INET6 else 0x11
    return SIGNATURE + bytes([command, code]) + len(ends).to_bytes(2, "big") + ends


def statuses(relay, lines_of, count=2 * BURST, source="127.0.0.1"):
    """The statuses of requests on one plain connection each."""
    out = []
    for i in range(count):
        with dial(relay, source) as sock:
            out.append(get(sock, *lines_of(i)))
    return out


# ---- headers ------------------------------------------------------------------------------------

# spec-test: protocol/1#forwarded-by-trusted-proxies
@pytest.mark.parametrize("name,form", [("X-Forwarded-For", "{}"), ("Forwarded", "for={}")])
def header__of_a_client__ignored(start, name, form):
    relay = start("--trusted-proxies", "192.0.2.1", is_plain=True)
    got = statuses(relay, lambda i: [f"{name}: " + form.format(f"198.51.{i}.1")])
    assert 0 < got.count("404") <= BURST + 1 and got[-1] in REFUSED


@pytest.mark.parametrize("name,form", [("X-Forwarded-For", "{}"), ("Forwarded", "for={}")])
def header__of_a_trusted_proxy__names_the_client(start, name, form):
    relay = start("--trusted-proxies", "127.0.0.0/8", is_plain=True)
    spread = statuses(relay, lambda i: [f"{name}: " + form.format(f"198.{i}.100.1")])
    assert spread == ["404"] * len(spread)
    # What the client has put in front of it does not help it.
    same = statuses(relay, lambda i: [f"{name}: " + form.format(f"6.{i}.6.6"),
                                      f"{name}: " + form.format("192.0.2.9")])
    assert same[:BURST] == ["404"] * BURST and same[-1] == "429"


@pytest.mark.parametrize("lines", [["X-Forwarded-For: unknown"], ["Forwarded: for=_hidden"],
                                   ["Forwarded: for=\"192.0.2.1"],
                                   ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.2"]])
def header__that_names_no_client__400(start, lines):
    relay = start("--trusted-proxies", "127.0.0.1", is_plain=True)
    with dial(relay) as sock:
        assert get(sock, *lines) == "400"
        assert get(sock, "X-Forwarded-For: 192.0.2.1") == "404"


def header__absent__counts_for_the_proxy(start):
    relay = start("--trusted-proxies", "127.0.0.1", is_plain=True)
    got = statuses(relay, lambda i: [])
    assert got[:BURST] == ["404"] * BURST and got[-1] == "429"
    assert statuses(relay, lambda i: ["X-Forwarded-For: 192.0.2.1"], 1) == ["404"]


def header__over_http2__each_stream_its_own_client(start):
    relay = start("--trusted-proxies", "127.0.0.1")
    transport = tigress_transport.Http2(relay.host, relay.port, relay.ca_file)
    with contextlib.closing(transport):
        got = [transport.request("GET", "/", [("x-forwarded-for", f"198.{i}.100.1")]).status
               for i in range(2 * BURST)]
        assert got == [404] * len(got)
        got = [transport.request("GET", "/", [("x-forwarded-for", "192.0.2.9")]).status
               for i in range(2 * BURST)]
    assert got[0] == 404 and got[-1] == 429


def admin__behind_a_trusted_address__needs_nothing(start):
    relay = start("--trusted-proxies", "127.0.0.1", "--proxy-protocol", "v2", is_plain=True)
    assert metrics(relay)["tigress_connections"] >= 1


# ---- the PROXY protocol -------------------------------------------------------------------------

@pytest.mark.parametrize("client", ["198.51.100.1", "2001:db8::1"])
def proxy_header__in_front_of_http__names_the_client(start, client):
    relay = start("--trusted-proxies", "127.0.0.1", "--proxy-protocol", "v2", is_plain=True)
    got = []
    for _ in range(2 * BURST):
        with dial(relay) as sock:
            sock.sendall(header(client))
            got.append(get(sock, "X-Forwarded-For: 6.6.6.6"))
    assert got[0] == "404" and got[-1] in REFUSED
    with dial(relay) as sock:
        sock.sendall(header("203.0.113.1"))
        assert get(sock) == "404"


def proxy_header__in_front_of_tls__names_the_client(start):
    relay = start("--trusted-proxies", "127.0.0.1", "--proxy-protocol", "v2", burst=TLS_BURST)
    context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
    got = []
    for _ in range(2 * BURST):
        with dial(relay) as sock:
            sock.sendall(header("198.51.100.1"))
            try:
                with context.wrap_socket(sock, server_hostname=relay.host) as inside:
                    got.append(get(inside))
            except OSError:
                got.append("")
    assert got[:BURST] == ["404"] * BURST and got[-1] in REFUSED
    with dial(relay) as sock:
        sock.sendall(header("203.0.113.1"))
        with context.wrap_socket(sock, server_hostname=relay.host) as inside:
            assert get(inside) == "404"


def proxy_header__in_pieces_or_with_the_request__understood(start):
    relay = start("--trusted-proxies", "127.0.0.1", "--proxy-protocol", "v2", is_plain=True)
    whole = header("198.51.100.1") + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with dial(relay) as sock:
        sock.sendall(whole)
        assert sock.recv(65536).startswith(b"HTTP/1.1 404")
    with dial(relay) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in whole:
            sock.sendall(bytes([byte]))
        assert sock.recv(65536).startswith(b"HTTP/1.1 404")


def proxy_header__of_a_proxy_that_is_trusted_too__its_headers_count(start):
    relay = start("--trusted-proxies", "127.0.0.1,203.0.113.0/24", "--proxy-protocol", "v2",
                  is_plain=True)
    for i in range(2 * BURST):
        with dial(relay) as sock:
            sock.sendall(header("203.0.113.7"))
            assert get(sock, f"X-Forwarded-For: 198.{i}.100.1") == "404"


@pytest.mark.parametrize("head", [SIGNATURE + b"\x20\x00\0\0", SIGNATURE + b"\x21\x00\0\0",
                                  SIGNATURE + b"\x21\x31\0\xd8" + bytes(216)])
def proxy_header__without_a_client__the_proxys_own_network(start, head):
    """And nothing is believed that comes over such a connection."""
    relay = start("--trusted-proxies", "127.0.0.1", "--proxy-protocol", "v2", is_plain=True)
    got = []
    for i in range(2 * BURST):
        with dial(relay) as sock:
            sock.sendall(head)
            got.append(get(sock, f"X-Forwarded-For: 198.{i}.100.1"))
    assert got[0] == "404" and got[-1] in REFUSED


# spec-test: protocol/1#proxy-protocol
@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize("begin", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00",
                                   b"PROXY TCP4 198.51.100.1 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\n",
                                   SIGNATURE + b"\x21\x11\0\x04abcd",
                                   SIGNATURE + b"\x21\x11\xff\xff"])
def trusted_proxy__without_a_right_header__closed_and_counted(start, is_plain, begin):
    relay = start("--trusted-proxies", "127.0.0.1", "--proxy-protocol", "v2", is_plain=is_plain)
    with dial(relay) as sock:
        sock.sendall(begin)
        data, _ = read_until_closed(sock, 20)
        assert data == b""
    until(lambda: metrics(relay)[PROXY_HEADER] == 1, "the count")


def trusted_proxy__half_a_header__closed_in_time(start):
    relay = start("--trusted-proxies", "127.0.0.1", "--proxy-protocol", "v2", is_plain=True)
    with dial(relay) as sock:
        sock.sendall(SIGNATURE)
        sock.shutdown(socket.SHUT_WR)
        data, _ = read_until_closed(sock, 20)
        assert data == b""


def others__with_a_header__not_understood(start):
    """Neither where it is required from others, nor where it is off."""
    for args in (["--trusted-proxies", "192.0.2.1", "--proxy-protocol", "v2"],
                 ["--trusted-proxies", "127.0.0.0/8"]):
        relay = start(*args, is_plain=True)
        with dial(relay) as sock:
            sock.sendall(header("198.51.100.1"))
            data, _ = read_until_closed(sock, 20)
            assert data == b"" or data.startswith(b"HTTP/1.1 400")
        relay.stop()


def others__with_a_header_in_front_of_tls__closed(start):
    relay = start("--trusted-proxies", "192.0.2.1", "--proxy-protocol", "v2", burst=TLS_BURST)
    context = tigress_transport.tls_context(relay.ca_file)
    with dial(relay) as sock:
        sock.sendall(header("198.51.100.1"))
        with pytest.raises((ssl.SSLError, OSError)):
            context.wrap_socket(sock, server_hostname=relay.host)
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        assert get(sock) == "404"


@pytest.mark.skipif(not os.path.exists(NGINX), reason="no nginx")
def nginx__in_front__names_its_clients(start, tmp_path):
    """The example of the documentation: clients of other addresses do not share a limit."""
    relay = start("--trusted-proxies", "127.0.0.1", is_plain=True)
    port = free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(f"""
worker_processes 1; daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/nginx.log crit;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;
  fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;
  upstream relay {{ server 127.0.0.1:{relay.port}; keepalive 4; }}
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://relay; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }}
}}""")
    process = subprocess.Popen([NGINX, "-c", str(config), "-p", str(tmp_path)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: is_open(port), "nginx")
        behind = type("Behind", (), {"host": "127.0.0.1", "port": port})
        # 127.0.0.1 is a trusted proxy, so 127.0.0.2 is a client in the words of nginx.
        greedy = statuses(behind, lambda i: [f"X-Forwarded-For: 198.{i}.100.1"], source="127.0.0.2")
        assert greedy[:BURST] == ["404"] * BURST and greedy[-1] == "429"
        assert statuses(behind, lambda i: [], 2, source="127.1.0.3") == ["404", "404"]
    finally:
        process.terminate()
        process.wait(20)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
