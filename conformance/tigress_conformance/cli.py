# SPDX-License-Identifier: Apache-2.0
"""Arguments, and one run from the first request to the reports."""
import argparse
import datetime
import ipaddress
import ssl
import sys
import time
import urllib.parse

from . import checks  # noqa: F401  (declares all checks)
from . import registry, report, runner
from .http1 import BadAnswer
from .registry import CannotRun, Failed
from .relay import Pace, Relay

USAGE, NO_VERDICT = 2, 3
SLOW = 1

ABOUT = """\
Checks a Tigress relay from outside: every check is one rule of docs/protocol.md
and has the number of its section. The level "draft" has the rules that
draft-vinokurov-tigress-http-00 has too, "tigress" has those and all others.

The suite makes mailboxes, each for one check, and deletes them. It sends about
1,300 requests, at most 20 a second, waits as a 429 or 503 asks, and ends within
the time limits below whatever the relay does."""

EPILOG = """\
exit codes:
  0  every check that applies has passed
  1  at least one check has failed
  2  the arguments are wrong
  3  no verdict: the relay cannot be reached, refuses all creates, or a limit
     of the run was reached before every check had run

examples:
  run https://relay.example
  run https://relay.example --level draft
  run https://127.0.0.1:8443 --ca ~/.local/state/tigressd-dev/dev-ca.pem
  run https://relay.example --only 2.4 --only "one recipient"
  run https://relay.example --json report.json --junit report.xml
"""


def header(text):
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or "\n" in text or "\r" in text:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME: VALUE")
    return name.strip(), value.strip()


def number(lowest):
    def parse(text):
        try:
            value = float(text)
        except ValueError:
            value = -1
        if not lowest <= value < 1e9:
            raise argparse.ArgumentTypeError(f"{text!r}: expected a number, at least {lowest:g}")
        return value
    return parse


def parser():
    out = argparse.ArgumentParser(prog="run", description=ABOUT, epilog=EPILOG, allow_abbrev=False,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    out.add_argument("relay", nargs="?", metavar="URL", help="the relay's origin, such as https://relay.example; "
                     "http only for this machine")
    what = out.add_argument_group("what is checked")
    what.add_argument("--level", choices=registry.LEVELS, default="tigress", help="default: tigress")
    what.add_argument("--only", action="append", default=[], metavar="TEXT",
                      help="a section (2, 2.4) or a part of a check's name; may be repeated")
    what.add_argument("--list", action="store_true", help="print the checks and end")
    what.add_argument("--no-long-poll", action="store_true",
                      help="the relay's operator has turned waiting off: its long polls end at once")
    trust = out.add_argument_group("connection")
    trust.add_argument("--ca", metavar="FILE", help="trust the certificates in FILE (PEM) instead of the system's")
    trust.add_argument("--insecure", action="store_true", help="refused, with what to do instead")
    trust.add_argument("--create-header", action="append", default=[], type=header, dest="create_headers",
                       metavar="'NAME: VALUE'", help="send this header with each create, for example a proof that a "
                       "test relay accepts repeatedly; may be repeated")
    load = out.add_argument_group("load and limits")
    load.add_argument("--rate", type=number(0), default=20, metavar="N",
                      help="at most N requests a second (20); 0, no limit, only for this machine")
    load.add_argument("--slow", action="store_true", help=f"the same as --rate {SLOW}")
    load.add_argument("--max-requests", type=number(1), default=3000, metavar="N", help="at most N requests (3000)")
    load.add_argument("--max-time", type=number(1), default=1800, metavar="S", help="at most S seconds (1800)")
    load.add_argument("--timeout", type=number(1), default=15, metavar="S", help="for each answer (15)")
    load.add_argument("--max-wait", type=number(0), default=60, metavar="S",
                      help="wait for a Retry-After up to S seconds (60)")
    out_group = out.add_argument_group("reports")
    out_group.add_argument("--json", metavar="FILE", help="write the report as JSON (report.schema.json); -: output")
    out_group.add_argument("--junit", metavar="FILE", help="write the report as JUnit XML; -: output")
    out_group.add_argument("--quiet", action="store_true", help="print only what has not passed")
    return out


def is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address(text):
    """(scheme, host, port) of an origin, or ValueError with what is wrong."""
    url = urllib.parse.urlsplit(text if "://" in text else "https://" + text)
    if url.scheme not in ("https", "http"):
        raise ValueError(f"{text}: expected an https URL")
    if not url.hostname or url.username is not None or url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError(f"{text}: expected the relay's origin only, such as https://relay.example")
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise ValueError(f"{text}: a wallet must not use http to another machine (section 1.1); expected https")
    return url.scheme, url.hostname, url.port or {"https": 443, "http": 80}[url.scheme]


def usable(options):
    """The address, after the rules that argparse does not have."""
    if not options.relay:
        raise ValueError("the URL of the relay is missing")
    where = address(options.relay)
    if options.insecure:
        raise ValueError("--insecure: a wallet must verify the certificate (section 1.1), so the suite does. "
                         "Give the relay's certificate, or that of its CA, with --ca FILE; README.md shows how")
    if options.slow:
        options.rate = SLOW
    if not options.rate and not is_loopback(where[1]):
        raise ValueError("--rate 0 is only for this machine")
    return where


def listed(wanted):
    for one in wanted:
        print(report.wrapped(f"{one.level:8} ", one.name + (f" [draft: {one.draft}]" if one.draft else "")))
    print(f"{len(wanted)} checks, {sum(bool(one.draft) for one in wanted)} of them of the level draft")


def write(path, text):
    if path == "-":
        sys.stdout.write(text)
    else:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def first_contact(relay):
    """What the relay allows, or why it cannot be tested."""
    try:
        relay.discover()
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not valid here: {error.verify_message}; --ca FILE names another CA"
    except (OSError, BadAnswer, Failed, CannotRun) as error:
        return f"{error}"
    return None


def run(options, where, wanted):
    """Runs the checks and writes the reports. Returns the exit code."""
    relay = Relay(where, None, Pace(options.rate, int(options.max_requests)), options)
    if relay.is_tls:
        try:
            relay.context = relay.tls_context()
        except ssl.SSLError:
            raise ValueError(f"--ca {options.ca}: expected certificates in PEM") from None
    text = report.Text(sys.stderr if "-" in (options.json, options.junit) else sys.stdout, options.quiet)
    text.begin(relay, options.level, len(wanted), relay.pace)
    began_s = time.monotonic()
    started = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    why_not = first_contact(relay)
    if why_not:
        print(f"{relay.origin} cannot be tested: {why_not}", file=sys.stderr)
        return NO_VERDICT
    if relay.why_no_create:
        text.line(report.wrapped("Note: ", relay.why_no_create))
    results = runner.run(wanted, relay, text.result, options.max_time)
    seconds = time.monotonic() - began_s
    text.end(results, seconds, relay.pace.count, options.level, bool(options.only))
    about = {"relay": relay.origin, "level": options.level, "only": options.only, "started": started,
             "seconds": round(seconds, 3), "requests": relay.pace.count}
    if options.json:
        write(options.json, report.as_json(results, about))
    if options.junit:
        write(options.junit, report.as_junit(results, about))
    return report.EXIT_CODES[report.verdict(results)]


def main(arguments=None):
    options = parser().parse_args(arguments)
    wanted = registry.selected(options.level, options.only)
    if not wanted:
        print("run: --only: no check has this section or name; --list prints them", file=sys.stderr)
        return USAGE
    if options.list:
        listed(wanted)
        return 0
    try:
        where = usable(options)
        return run(options, where, wanted)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return NO_VERDICT
    except (ValueError, FileNotFoundError, PermissionError, IsADirectoryError) as error:
        print(f"run: {error}", file=sys.stderr)
        return USAGE
