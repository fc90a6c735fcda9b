# SPDX-License-Identifier: Apache-2.0
"""A relay whose push process is tested: its settings, its children, its metrics of pushes."""
import os

from relay_process import metrics, until


def flags(settings):
    """{"push-apns-url": x} as a command line; a switch is True or False, a list is a flag for each item."""
    return [part for name, values in settings.items()
            for value in (values if isinstance(values, list) else [values]) if value is not False
            for part in (["--" + name] if value is True else ["--" + name, str(value)])]


def children(relay):
    """Process ids of a relay's children, of all its threads."""
    found = []
    for thread in os.listdir(f"/proc/{relay.pid}/task"):
        with open(f"/proc/{relay.pid}/task/{thread}/children", encoding="ascii") as file:
            found += [int(word) for word in file.read().split()]
    return found


def status_of(pid):
    """/proc/PID/status as a dict; empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return {}


def has_ended(pid):
    """Whether it has ended. A process without a parent stays a zombie until init waits for it, which may take
    seconds."""
    return status_of(pid).get("State", "Z").startswith("Z")


def pushed(relay, provider, outcome):
    return metrics(relay)[f'tigress_push_total{{provider="{provider}",outcome="{outcome}"}}']


def ended(relay, provider):
    """How many pushes have had any outcome."""
    return sum(count for name, count in metrics(relay).items()
               if name.startswith(f'tigress_push_total{{provider="{provider}"'))


def until_empty(relay):
    """Waits until the outbox is empty."""
    until(lambda: metrics(relay)["tigress_push_outbox"] == 0, "an empty outbox")
