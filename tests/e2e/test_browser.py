# SPDX-License-Identifier: Apache-2.0
"""The pages as people and robots meet them: in Chromium, in a validator, in a parser of link previews.

The tools are those of tests/browser/package-lock.json, installed into build/browser once. The pictures of the run are
in build/screens. Skipped where there is no Chromium, no Node.js, or no registry of npm that answers.
"""
import contextlib
import functools
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import socketserver
import subprocess
import threading

import pytest

import relay_process
import tigress_client
from checks import unchanged
from conftest import make_relay, open_api

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent / "browser"
BUILD = pathlib.Path(os.environ["TIGRESS_BIN_DIR"]).parent
SCREENS = BUILD / "screens"
PAGE_MAX = 14 * 1024  # bytes of an answer that arrive in the first round trip
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "ja", "ko", "zh-Hans", "ar", "he")
RIGHT_TO_LEFT = ("ar", "he")
SECRET = "c2VjcmV0LW9mLXRoZS1saW5r"
ALL = ("phone", "phone+dark", "desktop", "desktop+dark", "narrow", "zoomed")
AXE = ("desktop", "phone+dark", "phone+forced")  # each state in light and dark
ROBOTS = {
    "WhatsApp": "WhatsApp/2.23.20.0 A",
    "iMessage": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
                "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Telegram": "TelegramBot (like TwitterBot)",
    "Slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Facebook": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Signal": "WhatsApp/2",  # Signal names itself so
    "Discord": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Teams": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
}


@pytest.fixture(scope="module")
def tools():
    """Where Node.js finds the tools; skipped where they cannot be had."""
    for names in (("node",), ("npm",), ("chromium",)):
        if not any(map(shutil.which, names)):
            pytest.skip(f"no {names[0]}")
    folder = BUILD / "browser"
    lock = (TOOLS / "package-lock.json").read_bytes()
    kept = folder / "package-lock.json.installed"
    if not kept.is_file() or kept.read_bytes() != lock:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(TOOLS / name, folder)
        run = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
                              "--fetch-timeout=20000", "--cache", str(BUILD / "npm-cache")],
                             cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if run.returncode != 0:
            pytest.skip("npm does not answer: " + run.stderr.strip()[-200:].replace("\n", " "))
        kept.write_bytes(lock)
    for script in TOOLS.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


def node(tools, script, *arguments):
    run = subprocess.run(["node", tools / script, *map(str, arguments)], capture_output=True, text=True, timeout=600,
                         check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout)


def browse(tools, folder, pages):
    """What is wrong with pages. Each has name and url; the rest is that of a page that is looked at in every mode."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    usual = {"modes": ALL, "axe": AXE, "is_share": False, "others": [], "status": 200}
    pages = [{**usual, **page} for page in pages]
    pages = [{"pictures": page["modes"], **page} for page in pages]
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"chromium": shutil.which("chromium"), "axe": str(tools / "node_modules/axe-core/axe.min.js"),
                                "screens": str(SCREENS), "pages": pages}))
    return node(tools, "pages.mjs", plan)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder with pages of every state, language and text, and with their policies."""
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run([relay_process.find_binary("write_pages"), folder], check=True, timeout=120)
    (folder / "favicon.ico").touch()
    return folder


class Pages(http.server.SimpleHTTPRequestHandler):
    """They are served with the policy that the relay would send; those in folders without any."""

    def end_headers(self):
        name = "branded" if ".branded." in self.path else "plain"
        if self.path.count("/") == 1:
            self.send_header("Content-Security-Policy", (pathlib.Path(self.directory) / f"{name}.csp").read_text())
        super().end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served(written):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, directory=str(written)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def modes_of(name):
    """Each state in every mode in English, from right to left on both kinds of screen, and on the narrowest one in the
    other languages. A share has more: each text and language on a phone, too."""
    state, language, vertical, device, what, _ = name.split(".")
    if (language, vertical, device, what) == ("en", "car", "ios", "usual"):
        return ALL + (("print", "phone+forced", "phone+forced+dark", "phone+still") if state == "open" else ())
    if what == "branded":
        return ("phone+dark", "desktop", "print") if state == "open" else ("desktop",)
    if language == "ar" or (language, state) == ("he", "open"):
        return ("phone", "desktop+dark", "narrow")
    return ("phone", "narrow") if state == "open" else ("narrow",)


def pictures_of(name):
    """A person looks at every state in English and from right to left, and at a share in every language and text."""
    state, language, vertical, *_ = name.split(".")
    if state == "open" or language == "ar":
        return modes_of(name)
    return modes_of(name) if (language, vertical) == ("en", "car") else ()


def axe_of(name):
    """The states differ in structure and colours, the languages in their words alone."""
    state, language, *_ = name.split(".")
    if state != "open":
        return AXE if name.split(".")[1:5] == ["en", "car", "ios", "usual"] else ()
    return AXE if language == "en" else modes_of(name)[:1]


def pages__every_state_language_and_text__nothing_wrong_in_chromium(tools, written, served, tmp_path):
    pages = {}
    for file in sorted(written.glob("*.html")):
        name = file.name.removesuffix(".html")
        modes, axe, pictures = modes_of(file.name), axe_of(file.name), pictures_of(file.name)
        pages[name] = {"name": name, "url": f"{served}/{file.name}#c2VjcmV0", "modes": modes, "axe": axe, "pictures": pictures,
                       "is_share": name.startswith("open"), "others": []}
    assert {name.split(".")[1] for name in pages} == set(LANGUAGES) and len(pages) > 200
    short = {name for name, page in pages.items() if page["modes"] == ("narrow",) and not page["axe"] and not page["pictures"]}
    for name in short:
        pages[name.split(".")[0] + ".en.car.ios.usual"]["others"].append(str(written / f"{name}.html"))
    assert browse(tools, tmp_path, [page for name, page in pages.items() if name not in short]) == []


def pages__every_one__valid_and_small(tools, written):
    files = sorted(written.glob("*.html"))
    assert node(tools, "texts.mjs", "validate", *files) == []
    assert [(file.name, file.stat().st_size) for file in files if file.stat().st_size > PAGE_MAX] == []


FAULTS = {  # (what of a good page is replaced, by what): what is found
    "contrast": ("</style>", ".m{color:#aaa}</style>", "axe: color-contrast"),
    "language": (' lang="en"', ' lang="english"', "axe: html-lang-valid"),
    "role": ("<h1>", '<h1 role="img">', "axe: role-img-alt"),
    "size": ('content="width=device-width, initial-scale=1"', 'content="user-scalable=no"', "axe: meta-viewport"),
    "overflow": ("<main>", '<main><p style="width:900px">x</p>', "px wide in 390"),
    "cut": ("<h1>", '<h1 style="white-space:nowrap">', "cuts its content"),
    "scrolls": ("<h1>", '<h1 style="overflow:auto;width:9rem;white-space:nowrap">', "scrolls"),
    "outside": ("<h1>", '<h1 style="margin-left:-9rem">', "leaves the page"),
    "empty": ("<h1>Someone shared a car key with you", "<h1>", "is empty"),
    "value": ("<h1>", "<h1>{}", "a place for a value is not filled"),
    "no-title": ("<title>Someone shared a car key with you", "<title>", "no title"),
    "script": ("<main>", "<main><script>'use strict'</script>", "something that could run"),
    "console": ("<main>", "<main><script>console.info('here')</script>", "console: here"),
    "error": ("<main>", "<main><script>none()</script>", "error: ReferenceError"),
    "dialog": ("<main>", "<main><script>alert(1)</script>", "a dialog"),
    "another": ("<main>", '<main><img alt="" src="/other.png">', "asked for more than itself"),
    "address": ("<main>", "<main><script>history.replaceState(null, '', '/')</script>", "the address became"),
    "below": ("</style>", ".d svg{height:900px}</style>", "the facts are not on the first screen"),
    "moves": ("prefers-reduced-motion:no-preference", "min-width:1px", "something moves"),
}


def broken__each_fault__is_found(tools, written, served, tmp_path):
    """What looks at the pages finds a fault of each kind, and nothing in the page that has none."""
    good = (written / "open.en.car.ios.usual.html").read_text()
    pages = []
    for name, (old, new, _) in FAULTS.items():
        assert good.count(old) == 1, name
        (written / f"broken-{name}").mkdir()
        (written / f"broken-{name}" / "index.html").write_text(good.replace(old, new))
        pages.append({"name": f"broken-{name}.", "url": f"{served}/broken-{name}/#c2VjcmV0", "modes": ("phone", "phone+still"),
                      "axe": ("phone",), "pictures": (), "is_share": True})
    other = tmp_path / "other.html"
    other.write_text(good.replace(*FAULTS["overflow"][:2]))
    pages[0]["others"] = [str(other)]
    found = browse(tools, tmp_path, pages)
    for name, (_, _, want) in FAULTS.items():
        assert [text for text in found if text.startswith(f"broken-{name}.") and want in text], (name, want)
    assert [text for text in found if text.startswith("other.html narrow: ") and "wide in 320" in text]


HTML_FAULTS = {"close-order": ("</section>", ""), "no-dup-id": ("<main>", '<main id="a"><p id="a">x</p>'),
               "element-permitted-content": ("<main>", "<main><ol><p>x</p></ol>"), "heading-level": ("<main>", "<main><h4>x</h4>"),
               "wcag/h37": ("<main>", '<main><img src="x">')}
PREVIEW_FAULTS = {"og:title": "ogTitle", "og:type": "ogType", "og:description": "ogDescription", "og:url": "ogUrl",
                  "og:image": "ogImage", "og:image:type": "type", "og:image:width": "width", "og:image:height": "height",
                  "og:image:alt": "alt", "twitter:card": "twitterCard"}


def broken__html_or_a_tag_of_the_preview__is_found(tools, written, tmp_path):
    good = (written / "open.en.car.ios.usual.html").read_text()
    expected = {"title": "Blue Volvo, until Sunday", "url": "https://relay.example/v1/m/0b8a9c3e-1d2f-4a5b-8c7d-9e0f1a2b3c4d",
                "description": "Hi Anna, here is the key for the car. It stands behind the house.", "picture": "car"}
    (tmp_path / "good").write_text(good)
    for rule, (old, new) in HTML_FAULTS.items():
        (tmp_path / rule.replace("/", "-")).write_text(good.replace(old, new, 1))
    for tag in PREVIEW_FAULTS:
        (tmp_path / tag).write_text(re.sub(rf'<meta (property|name)="{tag}" content="[^"]*">', "", good))
    found = node(tools, "texts.mjs", "validate", tmp_path / "good", *(tmp_path / rule.replace("/", "-") for rule in HTML_FAULTS))
    for rule in HTML_FAULTS:
        assert [text for text in found if text.startswith(rule.replace("/", "-")) and f": {rule}: " in text], (rule, found)
    assert [text for text in found if text.startswith("good")] == []
    read = node(tools, "texts.mjs", "preview", tmp_path / "good", *(tmp_path / tag for tag in PREVIEW_FAULTS))
    for tag, fault in PREVIEW_FAULTS.items():
        assert fault in preview_faults(read[tag], **expected), tag
    assert preview_faults(read["good"], **expected) == []


# spec-test: protocol/5#links
def links__each_clicked__the_address_keeps_its_secret(tools, tmp_path):
    """On a real relay, whose share has two wallets and an address for help."""
    args = ["--page-app", "One ios=https://apps.example/one android=https://play.example/one",
            "--page-app", "Two open=https://open.example/two", "--page-support", "https://help.example/"]
    with make_relay(tmp_path / "r", "plain-lmdb", args=args) as relay, contextlib.closing(open_api(relay)) as api:
        box = api.new_box(display={"title": "Blue Volvo", "description": "Until Sunday", "imageURL": ""})
        url = f"http://{relay.host}:{relay.port}{box.path}?v=c#{SECRET}"
        page = {"name": "relay-share", "url": url, "modes": ("phone", "phone+dark"), "is_share": True, "links": 5}
        assert browse(tools, tmp_path, [page]) == []


class Withheld(socketserver.BaseRequestHandler):
    """Between a browser and a relay: the end of a request's head does not come."""

    def handle(self):
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.request.recv(65536)
            if not more:
                return
            data += more
        with socket.create_connection(self.server.relay) as relay:
            relay.sendall(data[:-2])
            while more := relay.recv(65536):
                self.request.sendall(more)


@contextlib.contextmanager
def withheld(relay):
    """The address of such a server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Withheld) as server:
        server.daemon_threads = True
        server.relay = (relay.host, relay.port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def answers_of(api):
    """Paths on a relay that has room for six mailboxes and none for a seventh, and the status of each."""
    share, bound, withdrawn, used = (api.new_box(), api.bound_box(), api.new_box(), api.bound_box())
    assert api.delete(withdrawn, withdrawn.initiator).status == api.delete(used, used.recipient).status == 200
    for _ in range(100):
        if api.create().status == 503:
            break
    return {"share": (share.path + "?v=h", 200), "slash": (share.path + "/?v=h", 200), "opened": (bound.path + "?v=c", 200),
            "withdrawn": (withdrawn.path, 404), "used": (used.path, 404), "damaged": (f"{share.path}/{SECRET}", 404),
            "unknown": ("/v1/m/" + tigress_client.new_id(), 404), "front": ("/", 200), "not-found": ("/nothing/here", 404),
            "bad-request": ("/v1/m", 405), "full": ("/v1/m", 503)}


# spec-test: protocol/1#html-for-people protocol/1#trailing-slash
def relay__each_answer_that_a_browser_gets__a_page_without_a_fault(tools, tmp_path):
    create = {"method": "POST", "postData": tigress_client.encode(tigress_client.create_message()).decode(),
              "headers": {"mailbox-device-claim": tigress_client.new_id(), "mailbox-request-id": tigress_client.new_id(),
                          "content-type": "application/json"}}
    with make_relay(tmp_path / "r", "plain-lmdb", args=["--mailboxes-max", "6", "--header-timeout", "1s"]) as relay, \
            relay_process.Relay(tmp_path / "n", args=["--rate", "1", "--rate-burst", "1"], is_plain=True) as narrow, \
            contextlib.closing(open_api(relay)) as api, withheld(relay) as late:
        answers = answers_of(api)
        plan = [{"name": f"relay-{name}", "url": f"http://{relay.host}:{relay.port}{path}#{SECRET}", "status": status,
                 "is_share": name in ("share", "slash"), "ask": create if name == "full" else None}
                for name, (path, status) in answers.items()]
        for name, origin, status in (("too-many", f"http://{narrow.host}:{narrow.port}", 429), ("late", late, 408)):
            plan.append({"name": f"relay-{name}", "url": origin + answers["share"][0], "status": status})
        few = {"modes": ("phone", "desktop+dark", "narrow"), "axe": ("phone",)}  # the page of each state was in every mode
        assert browse(tools, tmp_path, [{**few, **page} for page in plan]) == []


def preview_faults(read, title, description, url, picture):
    """Which values of a link preview are not as expected, of those that open-graph-scraper read."""
    image = read.get("ogImage", [{}])[0]
    wants = {"ogTitle": title, "ogDescription": description, "ogUrl": url, "ogType": "website",
             "twitterCard": "summary_large_image"}
    faults = [name for name, want in wants.items() if read.get(name) != want]
    faults += [] if f"/picture/{picture}-" in image.get("url", "") else ["ogImage"]
    faults += [name for name, want in (("type", ("image/png",)), ("width", (1200, "1200")), ("height", (630, "630")))
               if image.get(name) not in want]
    return faults + ([] if image.get("alt") else ["alt"])


# spec-test: protocol/5#opengraph protocol/4#preview-changes-nothing
def robots__each_messenger__reads_the_preview_in_one_request(tools, tmp_path):
    hostile = {"title": "\u202egnp.exe <script>alert(1)</script>", "description": "a\u200b\"b\nc & d", "imageURL": ""}
    with make_relay(tmp_path / "r", "plain-lmdb") as relay, contextlib.closing(open_api(relay)) as api:
        box = api.new_box(display=hostile)
        with unchanged(api, box):
            for name, agent in ROBOTS.items():
                asked = [("User-Agent", agent), ("Accept", "*/*")]
                answer = api.call("GET", box.path + "?v=h", asked)
                part = api.call("GET", box.path + "?v=h", [*asked, ("Range", "bytes=0-65535")])
                head = api.call("HEAD", box.path + "?v=h", asked)
                assert (answer.status, part.status, head.status, head.body) == (200, 200, 200, b"")
                assert part.body == answer.body and int(head.header("content-length")) == len(answer.body)
                (tmp_path / name).write_bytes(answer.body)
        assert api.read(box, tigress_client.new_id()).status == 200  # no robot was bound
        found = node(tools, "texts.mjs", "preview", *(tmp_path / name for name in ROBOTS))
        for name in ROBOTS:
            faults = preview_faults(found[name], "gnp.exe <script>alert(1)</script>", 'a"b c & d',
                                    f"http://{relay.host}:{relay.port}{box.path}", "home")
            assert faults == [], (name, found[name])


def status_page__at_the_start_and_after_a_busy_day__nothing_wrong_in_chromium(tools, written, served, tmp_path):
    (written / "status").mkdir()
    subprocess.run([f"{relay_process.bin_dir()}/tests/unit/server/test_server_status", written / "status" / "index.html"],
                   check=True, timeout=120)
    with make_relay(tmp_path / "r", "plain-lmdb") as relay, contextlib.closing(open_api(relay)) as api:
        for _ in range(20):
            api.new_box()
        addresses = {"status": f"http://{relay.host}:{relay.admin_port}/", "status-busy": f"{served}/status/"}
        pages = [{"name": name, "url": url, "axe": ALL, "allowed": ["meta-refresh"]}  # the page says that it reloads
                 for name, url in addresses.items()]
        assert browse(tools, tmp_path, pages) == []
