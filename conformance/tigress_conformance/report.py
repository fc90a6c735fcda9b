# SPDX-License-Identifier: Apache-2.0
"""The reports: text for people, JSON and JUnit XML for programs."""
import json
import textwrap
import xml.etree.ElementTree as xml

from .registry import SECTIONS
from .runner import FAILED, NOT_APPLICABLE, NOT_RUN, PASSED

WIDTH = 80
SCHEMA = "tigress-conformance-report-1"
MARKS = {PASSED: "pass", FAILED: "FAIL", NOT_APPLICABLE: "n/a ", NOT_RUN: "----"}
EXIT_CODES = {"conformant": 0, "not conformant": 1, "no verdict": 3}


def printable(text):
    """Without control characters, which a terminal would obey and XML cannot hold."""
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in text)


def wrapped(first, text):
    """Lines of at most WIDTH columns; those after the first stand under the text."""
    return textwrap.fill(printable(text), WIDTH, initial_indent=first, subsequent_indent=" " * len(first),
                         break_long_words=True, break_on_hyphens=False)


def counts(results):
    return {kind: sum(one.result == kind for one in results) for kind in (PASSED, FAILED, NOT_APPLICABLE, NOT_RUN)}


def verdict(results):
    """One failure is enough for "not conformant"; without one, every check must have run."""
    got = counts(results)
    if got[FAILED]:
        return "not conformant"
    return "no verdict" if got[NOT_RUN] or not got[PASSED] else "conformant"


class Text:
    """Writes each result when it comes."""

    def __init__(self, out, is_quiet):
        self.out, self.is_quiet, self.section = out, is_quiet, None

    def line(self, text=""):
        print(text, file=self.out, flush=True)

    def begin(self, relay, level, count, pace):
        rate = f"at most {1 / pace.gap_s:g} requests a second" if pace.gap_s else "without a limit of the rate"
        self.line(wrapped("", f"Relay {relay.origin}, level {level}: {count} checks"))
        self.line(wrapped("", f"{rate}, {pace.most} in all; every mailbox is deleted after its check"))

    def result(self, one):
        if self.is_quiet and one.result == PASSED:
            return
        section = one.check.section.split(".")[0]
        if section != self.section:
            self.section = section
            self.line(f"\n{section} {SECTIONS[section]}")
        self.line(wrapped(f"  {MARKS[one.result]}  ", one.check.name))
        if one.result == FAILED:
            self.line(wrapped("          expected  ", one.expected))
            self.line(wrapped("          got       ", one.got))
            self.line(wrapped("          rule      ", one.check.cites))
        elif one.reason:
            self.line(wrapped("          because   ", one.reason))

    def end(self, results, seconds, requests, level, is_part):
        got = counts(results)
        self.line("\n" + ", ".join(f"{number} {kind}" for kind, number in got.items()))
        self.line(f"{requests} requests in {seconds:.0f} s")
        word = verdict(results)
        level += ", in the chosen checks" if is_part else ""
        self.line(wrapped("", {
            "conformant": f"CONFORMANT to level {level}: every check that applies has passed",
            "not conformant": f"NOT CONFORMANT to level {level}: {got[FAILED]} failed",
            "no verdict": f"NO VERDICT for level {level}: {got[NOT_RUN]} were not run"}[word]))


def as_object(results, run):
    """The report as README.md and report.schema.json describe it. `run`: relay, level, started, seconds, requests."""
    return {
        "schema": SCHEMA, **run, "verdict": verdict(results), "counts": counts(results),
        "checks": [{
            "id": one.check.id, "name": one.check.name, "section": one.check.section, "title": one.check.title,
            "level": one.check.level, "draft_section": one.check.draft, "cites": one.check.cites,
            "result": one.result, "expected": one.expected, "got": one.got, "reason": one.reason,
            "seconds": round(one.seconds, 3), "requests": one.requests} for one in results]}


def as_json(results, run):
    return json.dumps(as_object(results, run), indent=1) + "\n"


def as_junit(results, run):
    """A suite for each section. "not applicable" and "not run" are skipped, with the reason."""
    root = xml.Element("testsuites", name=f"Tigress conformance of {run['relay']}, level {run['level']}")
    for section, title in SECTIONS.items():
        own = [one for one in results if one.check.section.split(".")[0] == section]
        if not own:
            continue
        suite = xml.SubElement(root, "testsuite", name=f"{section} {title}", timestamp=run["started"],
                               tests=str(len(own)), failures=str(counts(own)[FAILED]), errors="0",
                               skipped=str(counts(own)[NOT_APPLICABLE] + counts(own)[NOT_RUN]),
                               time=f"{sum(one.seconds for one in own):.3f}")
        for one in own:
            case = xml.SubElement(suite, "testcase", classname=f"tigress.{one.check.level}.{section}",
                                  name=one.check.name, time=f"{one.seconds:.3f}")
            if one.result == FAILED:
                detail = xml.SubElement(case, "failure", message=printable(f"expected {one.expected}"))
                detail.text = printable(f"expected {one.expected}\ngot {one.got}\nrule {one.check.cites}")
            elif one.result != PASSED:
                xml.SubElement(case, "skipped", message=printable(f"{one.result}: {one.reason}"))
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
