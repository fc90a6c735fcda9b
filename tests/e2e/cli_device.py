# SPDX-License-Identifier: Apache-2.0
"""A device with the wallet tool: its own home, its own state, and no other environment."""
import json
import os
import pathlib
import subprocess

import relay_process
import tool_schema

TIMEOUT_S = 60
KEY = {"format": "example.hotel", "content": {"room": "214", "name": "Zoë \U0001f511"}}


def message(step, size=0):
    return {"format": "example.car", "content": {"step": step, "fill": "x" * size}}


class Ran:
    """The result of a command: its exit code, both outputs, and the JSON object if it printed one."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        lines = self.out.splitlines()
        assert len(lines) == 1, f"one JSON object was expected: {self.out!r} {self.err!r}"
        return json.loads(lines[0])

    @property
    def error(self):
        """The code of the JSON error; its sentence is on standard error as well."""
        error = self.json["error"]
        assert set(error) == {"code", "message"}
        assert f"tigress: {error['message']}\n" in self.err
        assert len(error["message"].splitlines()) == 1
        return error["code"]


class Device:
    def __init__(self, folder, relay=None, **env):
        self.home = pathlib.Path(folder)
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state = self.home / ".local/state/tigress"
        self.relay = relay
        self.env = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.home)}
        for name, value in relay_process.sanitizer_env().items():
            if name.endswith("SAN_OPTIONS"):
                self.env[name] = value
        if relay is not None:
            self.env["TIGRESS_RELAY"] = relay.origin
            if relay.ca_file:
                self.env["TIGRESS_CACERT"] = relay.ca_file
        self.env.update(env)

    def command(self, *words):
        return [relay_process.find_binary("tigress"), *map(str, words)]

    def start(self, *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
        # A new session without a terminal, so that the tool cannot ask for confirmation.
        process = subprocess.Popen(self.command(*words), env=self.env, stdin=stdin, stdout=stdout,
                                   stderr=subprocess.PIPE, cwd=self.home, start_new_session=True)
        process.is_first_line_here = True  # a test that reads it itself says so
        return process

    def finish(self, process, given=None):
        if isinstance(given, str):
            given = given.encode()
        out, err = process.communicate(given, timeout=TIMEOUT_S)
        err = err.decode()
        assert "Sanitizer" not in err and "runtime error" not in err, err
        words = process.args[1:]
        if "--json" in words and process.returncode >= 0 and out and process.is_first_line_here:
            tool_schema.check(words, out.decode())
        return Ran(process.returncode, (out or b"").decode(), err)

    def run(self, *words, given=None):
        pipe = subprocess.DEVNULL if given is None else subprocess.PIPE
        return self.finish(self.start(*words, stdin=pipe), given)

    def must(self, *words, given=None, code=0):
        """Runs a command that must succeed, with this exit code; returns its JSON result."""
        ran = self.run(*words, "--json", given=given)
        assert ran.code == code, f"{words[0]}: exit {ran.code}: {ran.err}"
        return ran.json

    def refused(self, code, error, *words, given=None):
        """Runs a command that must end with this exit code and this JSON error, reported once."""
        ran = self.run(*words, "--json", given=given)
        assert (ran.code, ran.error) == (code, error), f"exit {ran.code}: {ran.out}{ran.err}"
        return ran

    def share(self, document=None, *words):
        return self.must("share", "--yes", *words, "-", given=json.dumps(document or KEY))

    def accept(self, url, *words):
        return self.must("accept", *words, "-", given=url + "\n")

    def answer(self, transfer, document):
        return self.must("answer", transfer, "-", given=json.dumps(document))

    def files(self):
        """The files of the transfers, without the locks."""
        return sorted(self.state.glob("*.json"))
