# SPDX-License-Identifier: Apache-2.0
"""The programs that the tests run, and both sides of a transfer in Python."""
import contextlib
import json
import os
import pathlib
import re
import select
import subprocess
import sys

import tigress

TIMEOUT_S = 30
MODULE = pathlib.Path(__file__).resolve().parent.parent
CREATION = {"format": "digitalwallet.carkey.ccc", "content": {"step": "creation", "name": "Zoë 🔑"}}
SIGNING = {"format": "digitalwallet.carkey.ccc", "content": {"step": "signing"}}
IMPORT = {"format": "digitalwallet.carkey.ccc", "content": {"step": "import"}}


def binary(name):
    for folder in ("src/server", "src/cli"):
        path = pathlib.Path(os.environ["TIGRESS_BIN_DIR"], folder, name)
        if path.is_file():
            return str(path)
    raise FileNotFoundError(name)


class Relay:
    """tigressd --dev on a free port of loopback."""

    def __init__(self, folder):
        self.folder, self.process, self.origin = folder, None, None
        self.ca_file = str(folder / "data/dev-ca.pem")

    def __enter__(self):
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [binary("tigressd"), "--dev", "--data", self.folder / "data", "--rate", "0",
                 "--listen", "127.0.0.1:0"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        line = ""
        if select.select([self.process.stdout], [], [], TIMEOUT_S)[0]:
            line = self.process.stdout.readline()
        found = re.search(r"ready on (\S+)", line)
        if not found:
            self.process.kill()
            raise AssertionError(line + (self.folder / "log").read_text())
        self.origin = found.group(1)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(TIMEOUT_S) == 0, (self.folder / "log").read_text()


class Side:
    """A session and its transport."""

    def __init__(self, session, transport):
        self.session, self.transport = session, transport

    def run(self, expected):
        """Runs until the session wants something else than HTTP or a wait, which must be this: an
        Input, Want.DONE, or the class of the exception that it failed with, which is returned."""
        want = self.transport.run()
        if isinstance(expected, tigress.Input):
            assert (want, self.session.input) == (tigress.Want.INPUT, expected), \
                f"{self.session.input!r} {self.session.error!r}"
            return None
        if expected is tigress.Want.DONE:
            assert want is expected, f"{self.session.input!r} {self.session.error!r}"
            return None
        assert want is tigress.Want.FAILED
        error = self.session.error
        assert type(error) is expected, repr(error)
        return error


class Sides(contextlib.ExitStack):
    def __init__(self, relay):
        super().__init__()
        self.relay = relay

    def of(self, session, **options):
        self.enter_context(session)
        transport = tigress.Transport(session, **{"ca_file": self.relay.ca_file, **options})
        return Side(session, self.enter_context(transport))

    def alice(self, message=CREATION, **settings):
        """An initiator that has created the transfer."""
        side = self.of(tigress.Initiator(self.relay.origin, message, **settings))
        side.session.confirm_intent()
        side.run(tigress.Input.CREATED)
        return side

    def bob(self, url, **settings):
        return self.of(tigress.Recipient(url, **settings))

    def pair(self, **settings):
        """Both sides, after the recipient has read the first message."""
        alice = self.alice(**settings)
        bob = self.bob(alice.session.share_url())
        bob.run(tigress.Input.MESSAGE)
        return alice, bob


class Tool:
    """The `tigress` command with a separate home folder."""

    def __init__(self, home, relay):
        home.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "TIGRESS_RELAY": relay.origin,
                    "TIGRESS_CACERT": relay.ca_file}

    def __call__(self, *words, given=None, code=0):
        done = subprocess.run([binary("tigress"), *words, "--json"], input=given, env=self.env,
                              capture_output=True, text=True, timeout=TIMEOUT_S,
                              start_new_session=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)


def start(command, stdin=subprocess.DEVNULL):
    """A Python program, with the module and the library of this build."""
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=python_env(), start_new_session=True)


def python_env():
    env = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).resolve().parent.parent),
               PYTHONDONTWRITEBYTECODE="1")
    if "TIGRESS_TEST_PRELOAD" in env:
        env["LD_PRELOAD"] = env["TIGRESS_TEST_PRELOAD"]
        env["ASAN_OPTIONS"] = "detect_leaks=0"
    return env


def python(program, *arguments):
    """Runs a program's text; its exit code and output."""
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], text=True,
                          capture_output=True, timeout=TIMEOUT_S, env=python_env(), check=False)
    return done.returncode, done.stdout or done.stderr
