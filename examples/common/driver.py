# SPDX-License-Identifier: Apache-2.0
"""Shared by the three run.py: a relay, devices with a folder each, steps that are printed and checked."""
import contextlib
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time

READY_S = 60
COMMAND_S = 60


class Refused(Exception):
    pass


def show(text=""):
    print(text, flush=True)


def check(is_right, text):
    if not is_right:
        raise SystemExit(f"WRONG: {text}")


class Stage:
    """A temporary folder, the programs of the build, and every process that was started."""

    def __init__(self, stack, build):
        self.build = pathlib.Path(build)
        # The path of a Unix socket must be short.
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tg-ex-")))
        self.stack = stack
        self.environment = dict(os.environ)
        self.steps = 0

    def step(self, text):
        self.steps += 1
        show(f"{self.steps:3}. {text}")

    def program(self, name):
        for path in (self.build / "examples" / name, self.build / name):
            if path.exists():
                return path
        raise SystemExit(f"{name} is not built")

    def start(self, command, name, ready):
        """Starts a process that runs until the end; returns it and its output when it is ready."""
        log = self.stack.enter_context(open(self.folder / f"{name}.log", "wb"))
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=log, bufsize=0,
                                   env=self.environment)
        self.stack.callback(stop, process)
        output = b""
        until = time.monotonic() + READY_S
        while not (ready.encode() in output and output.endswith(b"\n")):
            left = until - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise SystemExit(f"{name} was not ready in time")
            more = process.stdout.read(4096)
            if not more:
                raise SystemExit(f"{name} did not start:\n" + (self.folder / f"{name}.log").read_text())
            output += more
        return process, output.decode()

    def relay(self, *settings):
        data = self.folder / "relay"
        _, output = self.start([self.build / "src/server/tigressd", "--dev", "--data", data, "--listen", "127.0.0.1:0",
                                *settings], "tigressd", "ready on")
        self.environment["TIGRESS_CACERT"] = str(data / "dev-ca.pem")
        return output.split("ready on ")[1].split()[0]

    def entity(self, program, *arguments, name=None):
        """Starts a program with its own socket, whose path replaces SOCKET in the arguments. Returns process and path."""
        name = name or program
        socket = self.folder / f"{name}.sock"
        process, _ = self.start([self.program(program), *[socket if a == "SOCKET" else a for a in arguments]], name,
                                "ready")
        return process, socket

    def folder_of(self, name):
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def relay_holds(self, words):
        """The words that occur in anything that the relay stores or logs."""
        files = [p for p in (self.folder / "relay").rglob("*") if p.is_file() and p.suffix != ".pem"]
        held = b"".join(p.read_bytes() for p in [*files, self.folder / "tigressd.log"])
        check(len(held) > 1000, "the relay's store was not found")
        return [word for word in words if word.encode() in held]


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(READY_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


class Device:
    """One phone: a wallet program, and a folder as its key store."""

    def __init__(self, stage, program, name):
        self.stage, self.program, self.name = stage, program, name
        self.folder = stage.folder_of(name)

    def run(self, *arguments, given=None):
        done = subprocess.run([str(self.stage.program(self.program)), str(self.folder), *map(str, arguments)],
                              capture_output=True, text=True, env=self.stage.environment, timeout=COMMAND_S,
                              input=given)
        if done.returncode not in (0, 1, 3):
            raise SystemExit(f"{self.name}: {arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def does(self, *arguments, given=None):
        """Runs a command that must succeed; returns its output."""
        code, out, err = self.run(*arguments, given=given)
        check(code == 0, f"{self.name}: {' '.join(map(str, arguments[:1]))} ended with {code}: {err}")
        if out:
            show(f"       {self.name}: " + out.replace("\n", f"\n       {self.name}: "))
        return out

    @contextlib.contextmanager
    def marked(self, name):
        """A file of this name in the folder, which stands for something about the phone or its user."""
        (self.folder / name).touch()
        yield
        (self.folder / name).unlink()

    def is_refused(self, why, *arguments, given=None, code=1):
        """Runs a command that must be refused for this reason."""
        got, out, err = self.run(*arguments, given=given)
        check(got == code, f"{self.name}: {arguments[0]} ended with {got} instead of {code}: {out} {err}")
        check(why in err, f"{self.name}: {arguments[0]} was refused for another reason: {err}")
        show(f"       {self.name}: {err.splitlines()[-1]}")
        return out


def play(scene):
    """Runs scene(stage) with the build that --build names."""
    default = pathlib.Path(__file__).resolve().parents[2] / "build" / "release"
    build = sys.argv[2] if len(sys.argv) == 3 and sys.argv[1] == "--build" else default
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        scene(Stage(stack, build))
    show(f"Done in {time.monotonic() - started:.1f} s.")
