# SPDX-License-Identifier: Apache-2.0
"""Protocol section 5.4: files for app links, robots.txt and pictures; the slash that a program adds to a link."""
import contextlib
import fnmatch
import html.parser
import signal
import subprocess
import urllib.parse
import urllib.robotparser

import pytest

import relay_process
from checks import assert_problem, media_type, unchanged
from conftest import make_relay, open_api
from relay_process import until
from tigress_client import new_id

APPLE = "/.well-known/apple-app-site-association"
ANDROID = "/.well-known/assetlinks.json"
PRINT = ":".join(f"{i:02X}" for i in range(32))
ARGS = ["--link-apple-app", "ABCDE12345.com.example.wallet",
        "--link-apple-app", "ABCDE12345.com.example.car verticals=car",
        "--link-apple-app", "FGHIJ67890.org.example.rooms verticals=general,hotel",
        "--link-android-app", f"com.example.wallet fingerprints={PRINT}",
        "--link-android-app", f"com.example.car fingerprints={PRINT.lower()},{PRINT} verticals=car,home"]
ROBOTS = ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "WhatsApp/2.23.20.0 A",
          "TelegramBot (like TwitterBot)", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
          "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "Twitterbot/1.0",
          "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
          "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0")
FILES = [(APPLE, "application/json", 3600), (ANDROID, "application/json", 3600), ("/robots.txt", "text/plain", 86400),
         ("/favicon.ico", "image/x-icon", 86400)]


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    with make_relay(tmp_path_factory.mktemp("linked"), args=ARGS) as running:
        yield running


@pytest.fixture(params=["h1", "h2"])
def web(request, linked):
    with contextlib.closing(open_api(linked, request.param)) as opened:
        yield opened


def opens(components, url):
    """Apple's rules: the first component that matches decides. "?*" is at least one character."""
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    for component in components:
        is_path = fnmatch.fnmatchcase(parts.path, component["/"])
        is_query = all(fnmatch.fnmatchcase(query.get(name, ""), pattern)
                       for name, pattern in component.get("?", {}).items())
        if is_path and is_query:
            return not component.get("exclude", False)
    return False


def opened_links(components):
    box = f"https://relay.example/v1/m/{new_id()}"
    links = {"none": box, "empty": box + "?v=", "a": box + "?v=a", "c": box + "?v=c", "h": box + "?v=h",
             "hotel": box + "?v=hotel", "x": box + "?v=x", "added": box + "?v=c&utm_source=mail",
             "damaged": box + "/c2VjcmV0", "front": "https://relay.example/", "file": "https://relay.example/robots.txt",
             "create": "https://relay.example/v1/m"}
    return {name for name, link in links.items() if opens(components, link)}


# spec-test: protocol/5#files-cacheable
@pytest.mark.parametrize("path, content_type, age", FILES)
def file__get_and_head__whole_cacheable_and_no_redirect(web, path, content_type, age):
    answer = web.call("GET", path, [("Mailbox-Request-ID", "not-for-a-cache"), ("Range", "bytes=0-3")])
    assert answer.status == 200
    assert media_type(answer) == content_type
    assert answer.header("cache-control") == f"public, max-age={age}"
    assert int(answer.header("content-length")) == len(answer.body) > 0
    assert answer.header("mailbox-request-id") is None
    assert answer.header("x-content-type-options") == "nosniff"
    head = web.call("HEAD", path + "?x=y")
    assert head.status == 200 and head.body == b""
    assert {k: v for k, v in head.headers if k != "date"} == {k: v for k, v in answer.headers if k != "date"}
    again = web.call("GET", path, [("If-None-Match", f'"x", W/{answer.header("etag")}')])
    assert again.status == 304 and again.body == b"" and again.header("etag") == answer.header("etag")
    assert again.header("cache-control") == answer.header("cache-control")
    assert_problem(web.call("POST", path, body=b"{}"), 405)
    assert web.call("OPTIONS", path).header("allow") == "GET, HEAD, OPTIONS"


# spec-test: protocol/5#app-links protocol/5#app-links-by-vertical
def apple__three_apps__each_opens_its_links(web):
    details = web.call("GET", APPLE).json()["applinks"]["details"]
    links = {detail["appIDs"][0]: opened_links(detail["components"]) for detail in details}
    every = {"none", "empty", "a", "c", "h", "hotel", "x", "added", "damaged"}
    assert links == {"ABCDE12345.com.example.wallet": every,
                     "ABCDE12345.com.example.car": {"c", "added"},
                     "FGHIJ67890.org.example.rooms": {"none", "empty", "a", "hotel", "damaged"}}


# spec-test: protocol/5#app-links protocol/5#app-links-by-vertical
def android__two_apps__package_certificates_and_rules(web):
    wallet, car = web.call("GET", ANDROID).json()
    relation = "delegate_permission/common.handle_all_urls"
    assert wallet == {"relation": [relation],
                      "target": {"namespace": "android_app", "package_name": "com.example.wallet",
                                 "sha256_cert_fingerprints": [PRINT]}}
    assert car["target"]["sha256_cert_fingerprints"] == [PRINT, PRINT]
    rules = car["relation_extensions"][relation]["dynamic_app_link_components"]
    assert opened_links(rules) == {"c", "h", "added"}


def no_app__no_file(api):
    for path in (APPLE, ANDROID):
        assert_problem(api.call("GET", path), 404)
        assert api.call("GET", path, [("Accept", "application/json")]).header("cache-control") == "no-store"


# spec-test: protocol/5#robots
def robots__previews_may__archives_may_not(web):
    rules = urllib.robotparser.RobotFileParser()
    rules.parse(web.call("GET", "/robots.txt").body.decode("ascii").splitlines())
    page = f"/v1/m/{new_id()}"
    for robot in ("facebookexternalhit/1.1", "WhatsApp/2.23", "TelegramBot", "Slackbot-LinkExpanding 1.0", "Discordbot/2.0",
                  "SkypeUriPreview Preview/0.5", "Twitterbot/1.0", "LinkedInBot/1.0", "Googlebot/2.1"):
        assert rules.can_fetch(robot, page), robot
    for robot in ("archive.org_bot", "SomeCrawler/1.0"):
        assert not rules.can_fetch(robot, page), robot
        assert rules.can_fetch(robot, "/"), robot


# spec-test: protocol/1#trailing-slash
def slash_at_the_end__preview_alone(api):
    box = api.new_box()
    for accept in ("application/json", "text/html"):
        assert api.call("GET", box.path + "/", [("Accept", accept)]).body == api.preview(box, accept).body
    assert api.call("HEAD", box.path + "/?v=c").status == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert api.call(method, box.path + "/").status == 404, method


class Meta(html.parser.HTMLParser):
    """What a robot reads of a page: the first value of each name."""

    def __init__(self, answer):
        super().__init__()
        self.values = {}
        self.feed(answer.body.decode("utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "meta" and "content" in attrs:
            self.values.setdefault(attrs.get("property") or attrs.get("name"), attrs["content"])


def preview_image(api, box, query="", agent="x"):
    """The og values of a page, and the picture that it names, from the relay."""
    headers = [("User-Agent", agent), ("Accept", "*/*"), ("Range", "bytes=0-32767")]
    answer = api.call("GET", box.path + query, headers)
    assert answer.status == 200
    assert answer.body.index(b"og:image") < 32768
    return Meta(answer).values


# spec-test: protocol/5#pictures protocol/5#image-described protocol/4#preview-changes-nothing
@pytest.mark.parametrize("agent", ROBOTS)
def robot__share_without_a_picture__drawing_in_one_request(web, agent):
    box = web.new_box(display={"title": "t", "description": "d", "imageURL": ""})
    with unchanged(web, box):
        assert web.call("HEAD", box.path + "?v=c", [("User-Agent", agent)]).status == 200
        meta = preview_image(web, box, "?v=c", agent)
        origin, path = meta["og:image"].split("/picture/")
        assert box.link.startswith(origin + "/v1/m/") and path.startswith("car-")
        assert (meta["og:image:type"], meta["og:image:width"], meta["og:image:height"]) == ("image/png", "1200", "630")
        assert meta["og:image:alt"] and meta["twitter:card"] == "summary_large_image"
        picture = web.call("GET", "/picture/" + path, [("User-Agent", agent), ("Range", "bytes=0-10")])
    assert picture.status == 200 and media_type(picture) == "image/png" and picture.body.startswith(b"\x89PNG")
    assert picture.header("cache-control") == "public, max-age=31536000, immutable"
    assert web.read(box, new_id()).status == 200  # nobody was bound


# spec-test: protocol/5#pictures
def picture__by_vertical__of_what_v_names(web):
    box = web.new_box(display={"title": "t", "description": "d", "imageURL": "http://x.example/not-https.png"})
    for query, name in (("", "general"), ("?v=a", "general"), ("?v=c", "car"), ("?v=h&utm=x", "home"), ("?v=hotel", "hotel"),
                        ("?v=zzz", "general")):
        assert f"/picture/{name}-" in preview_image(web, box, query)["og:image"], query


# spec-test: protocol/5#image-hosts
@pytest.mark.parametrize("setting, is_kept", [("any", True), ("own", False), ("*.example", True), ("example", False)])
def picture_of_the_sender__by_the_setting(tmp_path, setting, is_kept):
    setting = "maker.example" if setting == "example" else setting
    with make_relay(tmp_path / "r", "tls-memory", args=["--preview-images", setting]) as relay, \
            contextlib.closing(open_api(relay)) as api:
        box = api.new_box(display={"title": "t", "description": "d", "imageURL": "https://cards.example/a.png"})
        meta = preview_image(api, box)
        assert (meta["og:image"] == "https://cards.example/a.png") == is_kept
        assert ("og:image:width" not in meta) == is_kept


def check_config__wrong_app__says_what_was_expected(tmp_path):
    command = [relay_process.find_binary("tigressd"), "--dev", "--data", str(tmp_path), "--check-config",
               "--link-android-app", "com.example.wallet fingerprints=AA:BB", "--link-apple-app", "com.example.wallet"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert "link-android-app: app 1 of this setting: fingerprints= is missing or wrong (expected: 1 to 10" in run.stderr
    assert "link-apple-app: app 1 of this setting: not an Apple app (expected: the team's 10 capital" in run.stderr


SVG = "<svg viewBox='0 0 9 9'><circle cx='4' cy='4' r='{}'/></svg>"


@pytest.fixture
def reloaded(tmp_path):
    """A relay whose settings are in a file, and a function that writes them and reloads."""
    file, logo = tmp_path / "tigressd.conf", tmp_path / "logo.svg"
    logo.write_text(SVG.format(1))
    file.write_text(f"operator-name = First\npage-logo = {logo}\n")
    with make_relay(tmp_path / "r", args=["--config", str(file), "--workers", "3"]) as relay:
        def reload(text, event, svg=SVG.format(2)):
            count = relay.output("stderr").count(event)
            file.write_text(text + f"page-logo = {logo}\n")
            logo.write_text(svg)
            relay.signal(signal.SIGHUP)
            until(lambda: relay.output("stderr").count(event) > count, "the reload")
        yield relay, reload


def front(relay):
    with contextlib.closing(open_api(relay)) as api:
        return api.call("GET", "/", [("Accept", "text/html")]).body.decode()


def page_and_links__reload__every_worker_shows_the_new_ones(reloaded):
    """The kernel spreads connections over the workers: one of three that none of 40 reaches is a chance of 1 in 10 million."""
    relay, reload = reloaded
    assert "First" in front(relay) and 'r="1"' in front(relay)
    with contextlib.closing(open_api(relay)) as api:
        assert api.call("GET", APPLE).status == 404
    reload("operator-name = Second\npage-colour = #aa0000\nlink-apple-app = ABCDE12345.a\nrate = 7\n", b"settings.reloaded")
    until(lambda: all("Second" in front(relay) for _ in range(40)), "every worker")
    assert 'r="2"' in front(relay) and "First" not in front(relay)
    with contextlib.closing(open_api(relay)) as api:
        assert "ABCDE12345.a" in api.call("GET", APPLE).body.decode()


@pytest.mark.parametrize("text, svg, why", [
    ("operator-name = Second\npage-colour = red\n", SVG.format(2), "page-colour: wrong length"),
    ("operator-name = Second\n", "<svg viewBox='0 0 1 1'><script/></svg>", "page-logo: the SVG has the element script"),
    ("operator-name = Second\nno-such = 1\n", SVG.format(2), "no-such: no such setting"),
])
def reload__wrong_settings__old_page_stays_and_says_why(reloaded, text, svg, why):
    relay, reload = reloaded
    reload(text, b"settings.reload_failed", svg)
    assert why in relay.output("stderr").decode()
    assert "First" in front(relay) and 'r="1"' in front(relay)
