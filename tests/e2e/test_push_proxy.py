# SPDX-License-Identifier: Apache-2.0
"""The push process behind an HTTP proxy: every provider through a tunnel, the providers' certificates verified as
without a proxy, credentials that appear nowhere, and hosts that only the proxy can resolve."""
import contextlib
import subprocess

import pytest

from conftest import make_relay, open_api
from push_four import NAMES, four_providers, told_as
from push_proxy import Proxy
from push_relay import children, ended, flags, pushed, until, until_empty
from push_stand_in import WAIT_S, Authority
from push_webpush import WebPush
from relay_process import find_binary

CREDENTIALS = "relay-user:s3cret:with colon"


@pytest.fixture
def four(tmp_path):
    with four_providers(tmp_path) as stand_ins:
        yield stand_ins


@pytest.fixture
def proxy():
    with Proxy() as stand_in:
        yield stand_in


def credentials_file(tmp_path, text=CREDENTIALS + "\n", mode=0o600):
    path = tmp_path / "proxy-credentials"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@contextlib.contextmanager
def relay_for(tmp_path, settings, *args):
    with make_relay(tmp_path / "relay", args=[*flags(settings), *args]) as relay, \
            contextlib.closing(open_api(relay)) as api:
        yield relay, api


def change(api, box):
    assert api.update(box, box.recipient).status == 200


def log_of(relay):
    return relay.output("stderr").decode()


# spec-test: protocol/4#push-proxy
def push__to_each_provider__through_the_proxy_and_readable_only_at_the_provider(tmp_path, four):
    with Proxy(CREDENTIALS) as proxy:
        settings = {**four.settings, "push-proxy": proxy.url, "push-proxy-credentials": credentials_file(tmp_path)}
        tokens = {name: four.token(name) for name in NAMES}
        with relay_for(tmp_path, settings) as (relay, api):
            for name in NAMES:
                change(api, api.bound_box(token=tokens[name]))
                until(lambda name=name: pushed(relay, name, "taken") == 1, name)
            until_empty(relay)
            for pid in children(relay):
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    assert b"s3cret" not in file.read()
        for name in NAMES:
            assert four.told(name) == [told_as(tokens[name])]
            assert four[name].refusals == []
            assert f"localhost:{four[name].port}" in proxy.targets
        assert all(head.startswith("CONNECT ") and "user-agent" not in head.lower() for head in proxy.heads)
        for secret in (b"tigress", b"Bearer", b"vapid", *[told_as(token).encode() for token in tokens.values()]):
            assert secret not in proxy.seen
        for word in ("s3cret", "relay-user", str(proxy.port)):
            assert word not in log_of(relay)


def credentials__of_another_user__refused_by_the_proxy_and_reported_once(tmp_path, four):
    with Proxy("relay-user:another") as proxy:
        settings = {**four["apns"].settings, "push-proxy": proxy.url,
                    "push-proxy-credentials": credentials_file(tmp_path)}
        with relay_for(tmp_path, settings) as (relay, api):
            for count in (1, 2):
                change(api, api.bound_box(token=four.token("apns")))
                until(lambda count=count: pushed(relay, "apns", "retried") >= count, "the refusal")
            (line,) = [line for line in log_of(relay).splitlines() if "push.check_configuration" in line]
            assert "proxy_refused" in line
        assert proxy.targets == [] and four["apns"].connections == []


@pytest.mark.parametrize("status, word", [(403, "proxy_refused"), (502, "proxy_trouble")])
def proxy__refuses_or_fails__pushes_wait_and_arrive_later(tmp_path, four, proxy, status, word):
    proxy.answer = status
    settings = {**four["webhook"].settings, "push-proxy": proxy.url}
    with relay_for(tmp_path, settings) as (relay, api):
        change(api, api.bound_box(token=four.token("webhook")))
        until(lambda: pushed(relay, "webhook", "retried") >= 1, "a refusal")
        assert word in log_of(relay)
        assert pushed(relay, "webhook", "dropped") == 0
        proxy.answer = None
        if status == 502:  # the pause after 403 is five minutes
            until(lambda: pushed(relay, "webhook", "taken") == 1, "the push that waited")


def proxy__is_down__pushes_wait(tmp_path, four):
    with Proxy() as gone:
        url = gone.url
    with relay_for(tmp_path, {**four["fcm"].settings, "push-proxy": url}) as (relay, api):
        change(api, api.bound_box(token=four.token("fcm")))
        until(lambda: "unreachable" in log_of(relay), "the report")
    assert four["fcm"].connections == []


def proxy__hangs__request_ends_after_the_timeout(tmp_path, four, proxy):
    proxy.answer = "hang"
    with relay_for(tmp_path, {**four["webhook"].settings, "push-proxy": proxy.url}, "--push-timeout", "1s") as (
            relay, api):
        change(api, api.bound_box(token=four.token("webhook")))
        until(lambda: ended(relay, "webhook") >= 1, "the end of the request")
        assert pushed(relay, "webhook", "retried") == ended(relay, "webhook")


def certificate__of_another_host_in_the_tunnel__refused(tmp_path, proxy):
    with WebPush(Authority(tmp_path / "ca"), tmp_path, names=("another.example",)) as service:
        with relay_for(tmp_path, {**service.settings, "push-proxy": proxy.url}) as (relay, api):
            change(api, api.bound_box(token=service.subscribe().token))
            until(lambda: "certificate" in log_of(relay), "the report")
            assert pushed(relay, "webpush", "taken") == 0
        assert service.requests == [] and proxy.targets == [f"localhost:{service.port}"]


# spec-test: protocol/4#push-proxy
def hosts__behind_the_proxy__names_of_the_public_dns_only(tmp_path, proxy):
    host = "push.example.org"
    with WebPush(Authority(tmp_path / "ca"), tmp_path, names=(host,)) as service:
        local = service.subscribe("/send/local").token
        service.url = f"https://{host}:{service.port}"
        public = service.subscribe("/send/public").token
        settings = {**service.settings, "push-proxy": proxy.url, "push-private-addresses": False,
                    "push-hosts": f"{host},localhost,relay.internal"}
        inside = {**public, "tokenData": public["tokenData"].replace(host, "relay.internal")}
        with relay_for(tmp_path, settings) as (relay, api):
            for token, is_supported in ((local, False), (inside, False), (public, True)):
                box = api.new_box()
                read = api.read(box, box.recipient, {"notificationToken": token})
                assert read.json()["isPushNotificationSupported"] is is_supported, token
                assert api.update(box, box.initiator).status == 200
            until(lambda: pushed(relay, "webpush", "taken") == 1, "the push to the public host")
            until_empty(relay)
        assert proxy.targets == [f"{host}:{service.port}"]
        assert service.refusals == []


@pytest.mark.parametrize("text, mode, expected", [
    ("no-colon\n", 0o600, "expected USER:PASSWORD in the first line"),
    (":password\n", 0o600, "expected USER:PASSWORD in the first line"),
    ("user:\n", 0o600, "expected USER:PASSWORD in the first line"),
    ("user:a\tb\n", 0o600, "expected USER:PASSWORD in the first line"),
    ("user:" + "a" * 256 + "\n", 0o600, "expected USER:PASSWORD in the first line"),
    (CREDENTIALS, 0o640, "accessible to users other than its owner")])
def check_config__credentials__what_is_wrong_and_never_the_value(tmp_path, four, text, mode, expected):
    settings = {**four["apns"].settings, "push-proxy": "http://127.0.0.1:1",
                "push-proxy-credentials": credentials_file(tmp_path, text, mode)}
    done = subprocess.run([find_binary("tigressd"), "--dev", "--data", tmp_path / "data", "--check-config",
                           *flags(settings)], capture_output=True, text=True, check=False, timeout=WAIT_S)
    assert done.returncode == 2 and "push-proxy-credentials: " in done.stderr and expected in done.stderr
    assert "s3cret" not in done.stderr and "no-colon" not in done.stderr


def check_config__proxy__of_wrong_form_refused(tmp_path, four):
    for url, expected in (("https://proxy.example:1", "push-proxy: not http (expected: http://HOST:PORT"),
                          ("http://user:pw@proxy.example", "push-proxy: not a URL of only a host and a port"),
                          ("socks5://proxy.example", "push-proxy: not a URL of only a host and a port")):
        done = subprocess.run([find_binary("tigressd"), "--dev", "--data", tmp_path / "data", "--check-config",
                               *flags({**four["apns"].settings, "push-proxy": url})],
                              capture_output=True, text=True, check=False, timeout=WAIT_S)
        assert done.returncode == 2 and expected in done.stderr, done.stderr
