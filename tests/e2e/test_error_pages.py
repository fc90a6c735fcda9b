# SPDX-License-Identifier: Apache-2.0
"""Protocol 1.5: a browser gets a page for every answer, also for those of the HTTP parser and of the limits;
a wallet keeps its problem documents."""
import contextlib
import pathlib
import re
import struct
import subprocess
import zlib

import pytest
import yaml

import relay_process
from checks import assert_problem, media_type
from conftest import make_relay, open_api
from tigress_client import new_id

# As Firefox, Chrome and Safari send it.
BROWSERS = ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
            "application/signed-exchange;v=b3;q=0.7", "text/html, */*;q=0.1")
PROGRAMS = (None, "*/*", "application/json", "application/problem+json", "application/json, text/html;q=0.9",
            "text/html;q=0, */*", "text/html;q=0.5, application/*;q=0.6")


OPENAPI = yaml.safe_load((pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml").read_text())
POLICY = re.compile(OPENAPI["components"]["headers"]["ContentSecurityPolicy"]["schema"]["pattern"])


def accept(value):
    return [] if value is None else [("Accept", value)]


def assert_page(answer, status):
    assert (answer.status, media_type(answer)) == (status, "text/html"), (answer.status, answer.headers)
    assert POLICY.search(answer.header("content-security-policy")), answer.header("content-security-policy")
    assert answer.header("cache-control") == "no-store"
    assert answer.header("vary") == "Accept, Accept-Language, User-Agent"
    assert b"<script" not in answer.body
    return re.search(rb"<h1[^>]*>(.*?)</h1>", answer.body, re.S).group(1)


def faults(api):
    """(status, a request that is answered so)."""
    box = api.bound_box()
    claim = ("Mailbox-Device-Claim", box.recipient)
    yield 404, ("GET", "/nothing", [], None)
    yield 404, ("GET", "/v1/m/", [], None)
    yield 404, ("POST", f"/v1/m/{new_id()}", [claim], None)
    yield 405, ("GET", "/v1/m", [], None)
    yield 400, ("PUT", box.path, [claim, ("Mailbox-Request-ID", new_id()), ("Content-Type", "application/json")], b"{")
    yield 401, ("POST", box.path, [], None)
    yield 412, ("PUT", box.path, [claim, ("Mailbox-Request-ID", new_id()), ("Content-Type", "application/json"),
                                  ("If-Match", '"9"')], b'{"payload":{"type":"t","data":"d"}}')
    yield 413, ("POST", "/v1/m", [claim, ("Mailbox-Request-ID", new_id())], b" " * 70000)
    yield 414, ("GET", "/" + "x" * 5000, [], None)
    yield 431, ("GET", "/", [(f"x-{i}", "y") for i in range(70)], None)
    yield 417, ("GET", "/", [("Expect", "something")], None)


# spec-test: protocol/1#html-for-people
@pytest.mark.parametrize("value", BROWSERS)
def browser__each_fault__a_page(api, value):
    titles = {}
    for status, (method, path, headers, body) in faults(api):
        answer = api.call(method, path, accept(value) + headers, body)
        if status == 414 and answer.version == "HTTP/1.1":
            assert_problem(answer, 414)  # Accept comes after the target
            continue
        titles[status, method, path] = assert_page(answer, status)
    assert all(titles.values())


# spec-test: protocol/1#html-for-people
@pytest.mark.parametrize("value", PROGRAMS)
def program__each_fault__a_problem_document(api, value):
    for status, (method, path, headers, body) in faults(api):
        if "/v1/m/" == path:
            continue  # a preview, whose default is HTML
        answer = api.call(method, path, accept(value) + headers, body)
        assert (answer.status, media_type(answer)) == (status, "application/problem+json"), (value, path, answer.body)


def stranger__in_html__learns_no_more_than_of_an_unknown_mailbox(api):
    box = api.bound_box()
    assert api.delete(box, box.initiator).status == 200
    ask = [("Accept", "text/html"), ("Mailbox-Device-Claim", new_id())]
    assert api.call("POST", box.path, ask).body == api.call("POST", f"/v1/m/{new_id()}", ask).body
    device = [("Accept", "text/html"), ("Mailbox-Device-Claim", box.recipient)]
    assert api.call("POST", box.path, device).body == api.preview(box, "text/html").body


# spec-test: protocol/5#front-page
def front__get_and_head__a_page_and_no_call(api):
    front = api.call("GET", "/?utm=x", accept(BROWSERS[0]))
    assert_page(front, 200)
    head = api.call("HEAD", "/", accept(BROWSERS[0]))
    assert head.status == 200 and head.body == b"" and head.header("content-length") == str(len(front.body))
    for value in PROGRAMS:
        assert_problem(api.call("GET", "/", accept(value)), 404)
    assert_problem(api.call("POST", "/", [], b"{}"), 404)


# spec-test: protocol/1#html-for-people
@pytest.mark.parametrize("transport", ["h1", "h2"])
def full__browser_a_page_503(tmp_path, transport):
    with relay_process.Relay(tmp_path / "r", args=["--rate", "0", "--mailboxes-max", "1"], store="memory:") as relay, \
            contextlib.closing(open_api(relay, transport)) as api:
        box = api.new_box()
        create = [("Mailbox-Device-Claim", new_id()), ("Mailbox-Request-ID", new_id()), ("Content-Type", "application/json"),
                  ("Accept-Language", "fr")]
        body = b'{"payload":{"type":"t","data":"d"},"displayInformation":{"title":"t","description":"d","imageURL":""}}'
        page = api.call("POST", "/v1/m", accept(BROWSERS[0]) + create, body)
        assert assert_page(page, 503) == "Indisponible pour le moment".encode()
        assert int(page.header("retry-after")) > 0
        assert_problem(api.call("POST", "/v1/m", create, body), 503)
        assert api.preview(box, "text/html").status == 200


# spec-test: protocol/1#html-for-people protocol/4#head
@pytest.mark.parametrize("transport", ["h1", "h2"])
def over_the_rate__browser_a_page__head_no_body(tmp_path, transport):
    with relay_process.Relay(tmp_path / "r", args=["--rate", "1", "--rate-burst", "300"], store="memory:") as relay, \
            contextlib.closing(open_api(relay, transport)) as api:
        def until_refused(method, headers):
            for _ in range(2000):
                answer = api.call(method, f"/v1/m/{new_id()}", headers)
                if answer.status == 429:
                    return answer
            raise AssertionError("never over the rate")

        page = until_refused("GET", accept(BROWSERS[0]))
        assert_page(page, 429)
        assert int(page.header("retry-after")) > 0
        head = until_refused("HEAD", accept(BROWSERS[0]))
        assert head.body == b"" and int(head.header("content-length")) > 0
        assert until_refused("GET", []).json()["status"] == 429  # the connection is still in step


def logo__png__the_policy_allows_data_alone(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
                                        + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))
    with make_relay(tmp_path / "r", args=["--page-logo", str(tmp_path / "logo.png")]) as relay, \
            contextlib.closing(open_api(relay)) as api:
        page = api.call("GET", "/", accept(BROWSERS[0]))
        assert_page(page, 200)
        assert "; img-src data:;" in page.header("content-security-policy")
        assert page.body.count(b"<img ") == page.body.count(b'src="data:image/png;base64,') == 1


LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "ja", "ko", "zh-Hans", "ar", "he")
ONE_ROUND_TRIP = 14 * 1024  # bytes that arrive before the client is asked (RFC 6928), less than ten full segments


@pytest.fixture(scope="module")
def branded(tmp_path_factory):
    """A relay whose operator's part of the pages is as large as it may be: with a larger logo it does not start."""
    folder = tmp_path_factory.mktemp("branded")
    logo = folder / "logo.svg"
    args = ["--page-logo", str(logo), "--operator-name", "Nordlicht Keys & Co", "--page-support", "https://help.example/",
            "--page-app", "One ios=https://apps.example/one android=https://play.example/one open=https://open.example/one",
            "--page-app", "Two ios=https://apps.example/two open=https://open.example/two"]

    def draw(size):
        logo.write_text(f'<svg viewBox="0 0 9 9"><path d="M0 0{"h1" * (size // 2)}"/></svg>')
        return subprocess.run([relay_process.find_binary("tigressd"), "--dev", "--data", str(folder), "--check-config", *args],
                              capture_output=True, text=True, timeout=60, check=False)

    refused = draw(2200)
    size, most = map(int, re.search(r"page has up to (\d+) bytes \(expected: at most (\d+),", refused.stderr).groups())
    assert refused.returncode == 2 and 0 < size - most < 2200
    assert draw(2200 - (size - most) + 2).returncode == 2
    assert draw(2200 - (size - most) - 2).returncode == 0
    with make_relay(folder / "r", args=args) as running:
        yield running


# spec-test: protocol/5#one-round-trip
@pytest.mark.parametrize("transport", ["h1", "h2"])
@pytest.mark.parametrize("letter", ['"', "\N{KEY}", "W"])
def share__longest_words_beside_the_largest_brand__one_round_trip(branded, transport, letter):
    sizes = []
    with contextlib.closing(open_api(branded, transport)) as api:
        count = len(letter.encode())
        box = api.new_box(display={"title": letter * (256 // count), "description": letter * (1024 // count),
                                   "imageURL": "https://pictures.example/" + "&" * 2000})
        for language in LANGUAGES:
            headers = [("Accept-Language", language), ("User-Agent", "Mozilla/5.0 (iPhone)"), ("Mailbox-Request-ID", new_id())]
            answer = api.call("GET", box.path + "?v=c", accept(BROWSERS[0]) + headers)
            assert answer.status == 200 and answer.header("content-language") == language
            head = len("HTTP/1.1 200 OK\r\n\r\n") + sum(len(key) + len(value) + 4 for key, value in answer.headers)
            assert head < 1024, answer.headers
            sizes.append(head + len(answer.body))
            assert b"<time datetime=" in answer.body and b"</figure>" in answer.body and answer.body.endswith(b"</html>\n")
    assert max(sizes) < ONE_ROUND_TRIP and max(sizes) > ONE_ROUND_TRIP - 1024, sizes
