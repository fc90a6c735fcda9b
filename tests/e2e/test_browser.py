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
import shutil
import subprocess
import threading

import pytest

import relay_process
from conftest import make_relay, open_api

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent / "browser"
BUILD = pathlib.Path(os.environ["TIGRESS_BIN_DIR"]).parent
SCREENS = BUILD / "screens"
PAGE_MAX = 14 * 1024  # bytes of an answer that arrive in the first round trip
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "ja", "ko", "zh-Hans", "ar", "he")
RIGHT_TO_LEFT = ("ar", "he")
ALL = ("desktop", "desktop+dark", "phone", "phone+dark")
AXE = ("desktop", "phone+dark", "desktop+dark", "phone+forced")  # each state in light and dark
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
    SCREENS.mkdir(parents=True, exist_ok=True)
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"chromium": shutil.which("chromium"), "axe": str(tools / "node_modules/axe-core/axe.min.js"),
                                "screens": str(SCREENS), "pages": pages}))
    return node(tools, "pages.mjs", plan)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder with pages of every state, language and text, and with their policies."""
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run([relay_process.find_binary("write_pages"), folder], check=True, timeout=120)
    return folder


class Pages(http.server.SimpleHTTPRequestHandler):
    """They are served with the policy that the relay would send."""

    def end_headers(self):
        name = "branded" if ".branded." in self.path else "plain"
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
    """Everything for the usual page, less for what differs from it in one point."""
    state, language, vertical, device, what, _ = name.split(".")
    if (language, vertical, device, what) == ("en", "car", "ios", "usual"):
        return ALL + (("narrow", "zoomed", "print", "phone+forced", "phone+forced+dark", "phone+still")
                      if state == "open" else ())
    if state != "open":
        return ("narrow",) if language == "de" else ()  # its words are the longest
    if what not in ("usual", "branded"):
        return ("phone", "narrow")
    if what == "branded":
        return ("desktop", "phone+dark", "print")
    return ("phone", "desktop+dark", "narrow") if language in RIGHT_TO_LEFT else ("phone",)


def pages__every_state_language_and_text__nothing_wrong_in_chromium(tools, written, served, tmp_path):
    names = [file.name for file in sorted(written.glob("*.html"))]
    pages = [{"name": name.removesuffix(".html"), "url": f"{served}/{name}#c2VjcmV0", "modes": modes_of(name), "axe": AXE,
              "is_share": name.startswith("open")} for name in names]
    assert {name.split(".")[1] for name in names} == set(LANGUAGES)
    assert sum(len(page["modes"]) for page in pages) > 100
    assert browse(tools, tmp_path, pages) == []


def pages__every_one__valid_and_small(tools, written):
    files = sorted(written.glob("*.html"))
    assert node(tools, "texts.mjs", "validate", *files) == []
    assert [(file.name, file.stat().st_size) for file in files if file.stat().st_size > PAGE_MAX] == []


# spec-test: protocol/5#links
def links__each_clicked__the_address_keeps_its_secret(tools, tmp_path):
    """On a real relay, whose share has two wallets and an address for help."""
    args = ["--page-app", "One ios=https://apps.example/one android=https://play.example/one",
            "--page-app", "Two open=https://open.example/two", "--page-support", "https://help.example/"]
    with make_relay(tmp_path / "r", "plain-lmdb", args=args) as relay, contextlib.closing(open_api(relay)) as api:
        box = api.new_box(display={"title": "Blue Volvo", "description": "Until Sunday", "imageURL": ""})
        url = f"http://{relay.host}:{relay.port}{box.path}?v=c#c2VjcmV0LW9mLXRoZS1saW5r"
        page = {"name": "relay-share", "url": url, "modes": ["phone", "phone+dark"], "axe": AXE, "is_share": True, "links": 5}
        assert browse(tools, tmp_path, [page]) == []


# spec-test: protocol/5#opengraph
def robots__each_messenger__reads_the_preview_in_one_request(tools, tmp_path):
    hostile = {"title": "\u202egnp.exe <script>alert(1)</script>", "description": "a\u200b\"b\nc & d", "imageURL": ""}
    with make_relay(tmp_path / "r", "plain-lmdb") as relay, contextlib.closing(open_api(relay)) as api:
        box = api.new_box(display=hostile)
        for name, agent in ROBOTS.items():
            answer = api.call("GET", box.path + "?v=h", [("User-Agent", agent), ("Accept", "*/*")])
            assert answer.status == 200
            size = len(answer.body) + sum(len(key) + len(value) + 4 for key, value in answer.headers)
            assert size < PAGE_MAX, size
            (tmp_path / name).write_bytes(answer.body)
        found = node(tools, "texts.mjs", "preview", *(tmp_path / name for name in ROBOTS))
        for name in ROBOTS:
            read = found[name]
            assert read["ogTitle"] == "gnp.exe <script>alert(1)</script>", name
            assert read["ogDescription"] == 'a"b c & d', name
            assert read["ogType"] == "website"
            assert read["ogUrl"] == f"http://{relay.host}:{relay.port}{box.path}"
            image = read["ogImage"][0]
            assert "/picture/home-" in image["url"] and image["type"] == "png" or image["type"] == "image/png", image
            assert (image["width"], image["height"]) in ((1200, 630), ("1200", "630"))
            assert image["alt"] and read["twitterCard"] == "summary_large_image"


def status_page__after_some_load__nothing_wrong_in_chromium(tools, tmp_path):
    with make_relay(tmp_path / "r", "plain-lmdb") as relay, contextlib.closing(open_api(relay)) as api:
        for _ in range(20):
            api.new_box()
        page = {"name": "status", "url": f"http://{relay.host}:{relay.admin_port}/", "modes": ALL, "axe": ALL,
                "allowed": ["meta-refresh", "scrollable-region-focusable"]}  # it says so; Chromium focuses a region
        assert browse(tools, tmp_path, [page]) == []
