# SPDX-License-Identifier: Apache-2.0
"""A database that is not there when the relay starts, that goes away and comes back, or whose standby is missing."""
import contextlib
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import make_relay, open_api
from postgres_server import Server
from relay_process import READY, WAITING, metrics, until, until_long_polls
from tigress_client import create_message

ANSWER_S = 10  # within which a request is answered, whatever the database does


@pytest.fixture
def server():
    made = Server()
    try:
        yield made
    finally:
        made.remove()


def relay_on(folder, server, *args):
    return make_relay(folder, "plain-lmdb", args=["--store", server.relay_url, *args])


def page(relay, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{relay.admin_port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def create(relay):
    with contextlib.closing(open_api(relay)) as api:
        return api.create(create_message())


def assert_refused_soon(relay):
    began = time.monotonic()
    answer = create(relay)
    assert answer.status == 503, answer.status
    assert int(answer.header("retry-after")) > 0
    assert time.monotonic() - began < ANSWER_S


def assert_up_and_not_ready(relay, why):
    assert page(relay, "/healthz")[0] == 200
    until(lambda: why in page(relay, "/readyz")[1], why)
    assert page(relay, "/readyz")[0] == 503
    assert metrics(relay)["tigress_store_ready"] == 0
    assert_refused_soon(relay)
    assert b"store.not_open" in relay.output("stderr")


def until_ready(relay):
    until(lambda: READY.search(relay.output("stdout")), "the line that says it is ready")
    until(lambda: page(relay, "/readyz")[0] == 200, "ready")
    assert create(relay).status == 200


def start_before_the_database__up_and_not_ready_and_then_serves(server, tmp_path):
    relay = relay_on(tmp_path / "r", server, "--require-synchronous=no")
    relay.start(WAITING)
    assert_up_and_not_ready(relay, "cannot be reached")
    server.pg("start")
    server.migrate()
    until_ready(relay)
    relay.stop()


def database_that_is_wrong_when_it_comes__not_ready_until_it_is_mended(server, tmp_path):
    relay = relay_on(tmp_path / "r", server)
    relay.start(WAITING)
    server.pg("start")
    server.sql("CREATE ROLE relay LOGIN")
    assert_up_and_not_ready(relay, "no tables of Tigress")
    assert b"--migrate ROLE" in relay.output("stderr")
    server.sql("DROP ROLE relay")
    server.migrate()
    assert_up_and_not_ready(relay, "no synchronous standby")
    assert not READY.search(relay.output("stdout"))
    server.require_standby()
    server.start_standby()
    until_ready(relay)
    relay.stop()


def key_of_another_store__never_serves(server, tmp_path):
    server.pg("start")
    server.migrate()
    with relay_on(tmp_path / "a", server, "--require-synchronous=no") as first:
        assert create(first).status == 200
    server.pg("halt")
    with make_relay(tmp_path / "b", "plain-lmdb"):
        pass  # makes a key
    relay = relay_on(tmp_path / "b", server, "--require-synchronous=no")
    relay.start(WAITING)
    server.pg("resume")
    assert_up_and_not_ready(relay, "key")
    assert not READY.search(relay.output("stdout"))
    relay.stop()


def stop_while_the_database_is_away__ends_well(server, tmp_path):
    relay = relay_on(tmp_path / "r", server)
    relay.start(WAITING)
    relay.stop()


def standby_that_is_missing_at_the_start__not_ready_until_it_comes(server, tmp_path):
    server.pg("start")
    server.migrate()
    server.require_standby()
    relay = relay_on(tmp_path / "r", server)
    relay.start(WAITING)
    assert_up_and_not_ready(relay, "does not answer")
    server.start_standby()
    until_ready(relay)
    relay.stop()


def database_that_goes_and_returns__requests_get_503_and_a_long_poll_waits_on(server, tmp_path):
    server.pg("start")
    server.migrate()
    relay = relay_on(tmp_path / "r", server, "--require-synchronous=no")
    with relay, contextlib.closing(open_api(relay)) as api, contextlib.closing(open_api(relay, timeout=120)) as waiting:
        box = api.bound_box()
        polled = []
        thread = threading.Thread(target=lambda: polled.append(waiting.wait(box, box.initiator, 1, 60)))
        thread.start()
        until_long_polls(relay, 1)
        server.pg("halt")
        assert_refused_soon(relay)
        assert page(relay, "/readyz") == (503, "the database cannot be reached\n")
        assert page(relay, "/healthz")[0] == 200
        assert "the database cannot be reached" in page(relay, "/")[1]
        seen = metrics(relay)
        assert seen['tigress_database_losses_total{reason="database-unreachable"}'] > 0
        assert seen["tigress_database_connections"] == 0 < seen["tigress_database_connections_wanted"]
        assert not polled
        server.pg("resume")
        until(lambda: page(relay, "/readyz")[0] == 200, "ready")
        assert not polled
        assert api.update(box, box.recipient).status == 200
        thread.join()
        assert polled[0].status == 200
        assert metrics(relay)["tigress_database_changes_total"] >= 3


def standby_that_goes__not_ready_and_says_why(server, tmp_path):
    server.pg("start")
    server.migrate()
    server.require_standby()
    server.start_standby()
    with relay_on(tmp_path / "r", server) as relay:
        until(lambda: page(relay, "/readyz")[0] == 200, "ready")
        assert create(relay).status == 200
        assert metrics(relay)["tigress_database_synchronous"] == 1
        assert "a synchronous standby is named" in page(relay, "/")[1]
        server.standby.kill()
        server.standby.wait()
        status, text = page(relay, "/readyz")
        assert status == 503 and "acknowledges no write" in text, text
        server.start_standby()
        until(lambda: page(relay, "/readyz")[0] == 200, "ready")
