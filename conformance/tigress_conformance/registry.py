# SPDX-License-Identifier: Apache-2.0
"""What a check is, how it is declared, and the three ways in which it can end other than well."""
from dataclasses import dataclass
from typing import Callable, Optional

DRAFT = "draft-vinokurov-tigress-http-00"
LEVELS = ("draft", "tigress")
SECTIONS = {
    "1": "Transport",
    "2": "Headers, retries, versions, long poll",
    "3": "Mailbox",
    "4": "Calls",
    "5": "Preview page",
    "6": "Trust in the sender's device",
}
CHECKS = []


class Failed(Exception):
    """The relay did something else than the protocol says."""

    def __init__(self, expected, got):
        super().__init__(f"expected {expected}; got {got}")
        self.expected, self.got = expected, got


class NotApplicable(Exception):
    """The relay does not offer something optional, or this machine cannot test it."""


class CannotRun(Exception):
    """No verdict: a limit was reached, or the relay does not let the suite get so far."""


@dataclass(frozen=True)
class Check:
    """One rule. `section` is the section of docs/protocol.md. `draft` is the title of the draft's section, if it
    has the rule too; the numbers differ between the draft's editions."""
    section: str
    title: str
    draft: Optional[str]
    function: Callable

    @property
    def name(self):
        return f"{self.section} {self.title}"

    @property
    def id(self):
        return f"{self.section}/{self.function.__name__}"

    @property
    def level(self):
        return "draft" if self.draft else "tigress"

    @property
    def cites(self):
        """The texts that have this rule, for a reader of the report."""
        own = f"docs/protocol.md, section {self.section}"
        return f"{DRAFT}, \"{self.draft}\"; {own}" if self.draft else own


def check(section, title, draft=None):
    """Declares a function of one argument, the relay, as a check. It returns when the relay keeps the rule."""
    def declare(function):
        CHECKS.append(Check(section, title, draft, function))
        return function
    return declare


def selected(level, only):
    """The checks of a level, in the order of sections, whose name contains one of the texts or whose section is one."""
    def is_named(one, text):
        if text.replace(".", "").isdigit():
            return (one.section + ".").startswith(text.rstrip(".") + ".")
        return text.lower() in one.name.lower() or text == one.id

    def is_wanted(one):
        return (one.draft or level != "draft") and (not only or any(is_named(one, text) for text in only))
    return sorted((one for one in CHECKS if is_wanted(one)),
                  key=lambda one: [int(number) for number in one.section.split(".")])
