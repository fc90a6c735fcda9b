#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shares a credential through a relay, or accepts one. Both flows in one small program.

    share.py share https://relay.example --file key.json [--title T] [--answer]
    share.py accept - [--answer-file answer.json]        # the share URL on standard input

share prints the share URL and waits until the other side has taken the credential; with --answer it
waits for an answer instead, prints it, and ends the transfer. The state is kept in --state, so that
the same command continues an interrupted run.
"""
import argparse
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tigress  # noqa: E402  (the path comes first; not needed once the module is installed)


class StateFile:
    """Keeps a session in a file that only its owner can read."""

    def __init__(self, path):
        self.path = pathlib.Path(path) if path else None

    def save(self, session):
        if self.path is None:
            return
        fresh = self.path.with_name(self.path.name + ".new")
        with session.save() as saved, open(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY,
                                                   0o600), "wb") as file:
            file.write(saved)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path)

    def load(self):
        if self.path is None or not self.path.exists():
            return None
        return tigress.resume(self.path.read_bytes())

    def remove(self):
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def show(session):
    with session.message as message:
        sys.stdout.write(message.decode() + "\n")
        sys.stdout.flush()


def run(session, transport, act):
    """Runs until it is over. act() is called with what the session asks of the application."""
    while True:
        want = transport.run()
        if want is tigress.Want.DONE:
            return
        session.raise_if_failed()
        act(session.input)


def share(options, state):
    session = state.load() or tigress.Initiator(
        options.relay, pathlib.Path(options.file).read_bytes(), title=options.title,
        rights="RWD" if options.answer else "RD", vertical=options.vertical)

    def act(asked):
        if asked is tigress.Input.INTENT:
            session.confirm_intent()  # running the command counts as the user's consent here
        elif asked is tigress.Input.MESSAGE:
            show(session)
            session.finish()
        else:
            if asked is tigress.Input.CREATED:
                print(session.share_url(), flush=True)
            session.wait()

    with session, tigress.Transport(session, ca_file=options.cacert, save=state.save) as transport:
        run(session, transport, act)


def accept(options, state):
    url = sys.stdin.readline().strip() if options.url == "-" else options.url
    session = state.load() or tigress.Recipient(url)

    def act(asked):
        if asked is tigress.Input.MESSAGE:
            show(session)
            if options.answer_file:
                session.send(pathlib.Path(options.answer_file).read_bytes())
            else:
                session.finish()
        else:
            session.wait()

    with session, tigress.Transport(session, ca_file=options.cacert, save=state.save) as transport:
        try:
            run(session, transport, act)
        except tigress.EndedError:
            if not options.answer_file:  # the other side ends a transfer that was answered
                raise


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cacert", help="PEM file of authorities to trust")
    parser.add_argument("--state", help="file to keep the transfer in until it is over")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("share")
    command.add_argument("relay")
    command.add_argument("--file", required=True)
    command.add_argument("--title", default="")
    command.add_argument("--vertical", default=tigress.VERTICAL_GENERAL)
    command.add_argument("--answer", action="store_true", help="wait for an answer")
    command = commands.add_parser("accept")
    command.add_argument("url", help="the share URL, or - for standard input")
    command.add_argument("--answer-file")
    options = parser.parse_args()
    state = StateFile(options.state)
    try:
        {"share": share, "accept": accept}[options.command](options, state)
    except tigress.TemporaryError as error:
        sys.exit(f"share.py: {error} Run the same command again to continue.")
    except tigress.TigressError as error:
        state.remove()
        sys.exit(f"share.py: {error}")
    state.remove()


if __name__ == "__main__":
    main()
