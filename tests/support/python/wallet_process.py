# SPDX-License-Identifier: Apache-2.0
"""Runs the `tigress` tool as one device: its own state folder, its own environment."""
import json
import os
import re
import subprocess
from dataclasses import dataclass

from relay_process import SANITIZER_MARKS, find_binary, sanitizer_env

DONE, REFUSED, USAGE, NETWORK, GONE, COMPLETED, DECLINED, CANCELLED, WITHDRAWN, OPENED, UNCONFIRMED, EXPIRED = range(12)


@dataclass
class Outcome:
    """The result of a command."""
    code: int
    answer: dict
    told: str
    out: str

    def sentence(self):
        """The one sentence of a refusal."""
        lines = [line for line in self.told.splitlines() if line.startswith("tigress: ")]
        assert len(lines) == 1, self.told
        return lines[0][len("tigress: "):]


def allowing(text):
    """The option that allows the relay of a link: none is known to a new device."""
    found = re.search(r"(?:https?|tigress)://([^/\s]+)/v1/m/", text)
    return ("--allow-relay", found[1]) if found else ()


class Device:
    """A phone with the tool."""

    def __init__(self, folder, ca_file=None):
        self.folder = folder
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.env = {**sanitizer_env(), "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
        self.env["XDG_CONFIG_HOME"] = str(folder / "config")
        self.env.pop("TIGRESS_RELAY", None)
        self.env.pop("TIGRESS_CACERT", None)
        if ca_file:
            self.env["TIGRESS_CACERT"] = str(ca_file)

    def start(self, *args, json_output=True):
        """A command that the caller waits for; standard input is a pipe."""
        command = [find_binary("tigress"), *map(str, args)]
        if json_output:
            command.append("--json")
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.env, cwd=self.folder)

    def end(self, process, given="", timeout=60):
        out, err = process.communicate(given.encode(), timeout)
        for mark in SANITIZER_MARKS:
            assert mark not in err, err.decode(errors="replace")
        assert process.returncode in range(EXPIRED + 1), (process.returncode, err.decode(errors="replace"))
        text = out.decode()
        answer = json.loads(text) if text.startswith("{") and "--json" in process.args else {}
        return Outcome(process.returncode, answer, err.decode(), text)

    def run(self, *args, given="", timeout=60, json_output=True):
        if args[:1] in (("accept",), ("inspect",)) and "--allow-relay" not in args:
            args += allowing(" ".join(map(str, args[1:])) + " " + given)
        return self.end(self.start(*args, json_output=json_output), given, timeout)

    def must(self, *args, given="", timeout=60):
        """The JSON answer of a command that must succeed."""
        outcome = self.run(*args, given=given, timeout=timeout)
        assert outcome.code == DONE, (args, outcome)
        return outcome.answer

    def state_files(self):
        """Path and content of every file of the tool."""
        found = {}
        for root, _, names in os.walk(self.folder / "state"):
            for name in names:
                path = os.path.join(root, name)
                with open(path, "rb") as file:
                    found[path] = file.read()
        return found
