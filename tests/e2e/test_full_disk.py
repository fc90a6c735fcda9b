# SPDX-License-Identifier: Apache-2.0
"""A real relay whose disk has no room: what is refused, what goes on, and that it recovers alone.

The disk is a small file system that the test mounts, which needs root.
"""
import contextlib
import os
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from checks import assert_problem
from conftest import make_relay, open_api
from relay_process import metrics, until
from tigress_client import create_message, new_id

SIZE_MIB = 24
RESERVE = "4MiB"


def run(*command):
    return subprocess.run(command, capture_output=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)


def mount_tmpfs(tmp_path, folder):
    return run("mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tigress-test", str(folder))


def mount_ext4(tmp_path, folder):
    image = tmp_path / "image"
    with open(image, "wb") as file:
        file.truncate(SIZE_MIB << 20)
    made = run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
    return made if made.returncode != 0 else run("mount", "-o", "loop", str(image), str(folder))


@pytest.fixture(params=[mount_tmpfs, mount_ext4], ids=["tmpfs", "ext4"])
def disk(request, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = request.param(tmp_path, folder)
    except FileNotFoundError as missing:
        pytest.skip(f"{missing.filename} is missing")
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    until(lambda: run("umount", str(folder)).returncode == 0, "unmounted")


@pytest.fixture
def relay(disk, tmp_path):
    with make_relay(tmp_path / "r", is_plain=True, store=f"lmdb:{disk}/store",
                    args=["--disk-reserve", RESERVE, "--sweep-interval", "1s"]) as running:
        yield running


def large(letter="A"):
    """Of a short life: a store that fills up refuses longer ones before the disk is full."""
    return create_message(payload={"type": "AEAD_AES_128_GCM", "data": letter * 40000}, expires_s=600)


def fill(relay, disk, thread_count=4):
    """Creates until each of the threads got a 503. Returns what was acknowledged."""
    boxes, answers, lock = [], [], threading.Lock()

    def create():
        with contextlib.closing(open_api(relay)) as api:
            while True:
                message, claim, request = large(), new_id(), new_id()
                got = api.create(message, claim, request)
                with lock:
                    answers.append(got)
                    if got.status != 200:
                        return
                    boxes.append((claim, request, message, got.json()["urlLink"]))

    threads = [threading.Thread(target=create) for _ in range(thread_count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
        assert not thread.is_alive()
    for got in answers:
        if got.status != 200:
            assert_problem(got, 503, "the store")
    assert len(boxes) > 20
    return boxes


def path_of(url):
    return url[url.index("/v1/m/"):]


def assert_all_there(relay, boxes):
    with contextlib.closing(open_api(relay)) as api:
        for claim, request, message, url in boxes:
            again = api.create(message, claim, request)
            assert again.status == 201, (url, again.status, again.body)


def take_the_rest(disk):
    """Another program writes until nothing is left."""
    with open(disk / "ballast", "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    left = os.statvfs(disk)
    assert left.f_bavail * left.f_frsize < 65536


def readyz(relay):
    url = f"http://127.0.0.1:{relay.admin_port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def assert_stored_mailboxes_work(api, bound, ended):
    got = api.update(bound, bound.recipient, create_message(rights=None, expires_s=None))
    assert got.status == 200, got.body
    assert api.read(bound, bound.initiator).status == 200
    assert api.delete(ended, ended.initiator).status == 200
    assert api.read(ended, ended.initiator).status == 404


def full_disk__creates_refused__the_rest_goes_on__and_it_recovers_without_a_restart(relay, disk):
    pid = relay.pid
    with contextlib.closing(open_api(relay)) as api:
        bound = [api.bound_box(message=large()) for _ in range(4)]
        ended = [api.new_box() for _ in range(4)]
        fresh = api.new_box()
        boxes = fill(relay, disk)
        assert_stored_mailboxes_work(api, bound[0], ended[0])

        take_the_rest(disk)
        until(lambda: metrics(relay)["tigress_store_disk_low"] == 1, "the low disk in the metrics")
        assert_problem(api.create(large(), new_id(), new_id()), 503, "the store")
        assert_stored_mailboxes_work(api, bound[1], ended[1])
        assert api.read(fresh, new_id()).status == 200, "a recipient can bind"
        status, text = readyz(relay)
        assert status == 200 and "the disk is" in text, text
        for box in bound[2:] + ended[2:]:
            assert api.delete(box, box.initiator).status == 200
        until(lambda: b"store.disk_" in relay.output("stderr"), "an event that names the disk")
        assert_all_there(relay, boxes)

        (disk / "ballast").unlink()
        with contextlib.closing(open_api(relay)) as again:
            for claim, _, _, url in boxes[:len(boxes) // 2]:
                assert again.call("DELETE", path_of(url),
                                  again.headers(claim, new_id(), ())).status == 200
        until(lambda: api.create().status == 200, "creates work again")
        assert metrics(relay)["tigress_store_disk_low"] == 0
        assert readyz(relay) == (200, "ready\n")
    assert relay.pid == pid and relay.is_alive()
    assert metrics(relay)["tigress_store_disk_failures_total"] == 0
    events = relay.output("stderr").count(b"store.disk_")
    assert 1 <= events <= 3, "at most one event a minute"


def full_disk__restart_without_room__serves_what_is_stored(relay, disk, tmp_path):
    with contextlib.closing(open_api(relay)) as api:
        bound, ended = api.bound_box(), api.new_box()
    boxes = fill(relay, disk)
    take_the_rest(disk)
    relay.kill()
    relay.start()
    with contextlib.closing(open_api(relay)) as api:
        assert_problem(api.create(large(), new_id(), new_id()), 503, "the store")
        assert_stored_mailboxes_work(api, bound, ended)
    assert_all_there(relay, boxes)
    (disk / "ballast").unlink()


def full_disk__not_watched__nothing_acknowledged_is_lost(disk, tmp_path):
    """With disk-reserve 0 commits fail. The relay answers 503 or exits 70; both lose nothing."""
    relay = make_relay(tmp_path / "r", is_plain=True, store=f"lmdb:{disk}/store",
                       args=["--disk-reserve", "0"])
    (disk / "ballast").write_bytes(bytes(4 << 20))
    boxes = []
    relay.start()
    try:
        with contextlib.closing(open_api(relay)) as api:
            for _ in range(2000):
                claim, request, message = new_id(), new_id(), large()
                got = api.create(message, claim, request)
                if got.status != 200:
                    assert_problem(got, 503)
                    break
                boxes.append((claim, request, message, got.json()["urlLink"]))
            else:
                pytest.fail("the disk never was full")
    except OSError:
        assert relay.process.wait(30) == 70
    try:
        (disk / "ballast").unlink()
        try:
            assert_all_there(relay, boxes)
        except OSError:
            assert relay.process.wait(30) == 70
            relay.start()
            assert_all_there(relay, boxes)
    finally:
        relay.kill()
