# SPDX-License-Identifier: Apache-2.0
"""A relay with one fault fails exactly the check that is for it."""
import concurrent.futures
import contextlib

import pytest

import relay_process
from conftest import run_suite
from faults import FAULTS
from faulty_relay import Fault, FaultyRelay
from tigress_conformance.registry import CHECKS
import tigress_conformance.checks  # noqa: F401  (declares all checks)

TOGETHER = 8  # most of a run is waiting


def failures(fault, folder):
    """What the suite says of a relay with this fault: the ids that fail, and its output."""
    folder.mkdir()
    with contextlib.closing(FaultyRelay(fault)) as proxy:
        # The relay keeps what has expired for as long as the checks look at it.
        args = ["--rate", "0", "--public-url", proxy.origin, "--sweep-interval", "10s"]
        with relay_process.Relay(folder / "relay", args=args, is_plain=True) as relay:
            proxy.start(relay.port)
            code, output, report = run_suite(proxy.origin, "--rate", 0, "--timeout", 60, "--quiet", folder=folder)
    assert report is not None, output
    assert code == (1 if report["counts"]["failed"] else 0)
    return {one["id"] for one in report["checks"] if one["result"] in ("failed", "not run")}, output


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Of every fault, and of a proxy without one."""
    folder = tmp_path_factory.mktemp("faults")
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        running = {name: pool.submit(failures, kind(), folder / name)
                   for name, kind in {"none": Fault, **FAULTS}.items()}
        yield running


def proxy__without_a_fault__conformant(verdicts):
    failed, output = verdicts["none"].result()
    assert failed == set(), output


@pytest.mark.parametrize("name", list(FAULTS))
def fault__of_the_relay__exactly_its_check_fails(verdicts, name):
    failed, output = verdicts[name].result()
    assert failed == {FAULTS[name].check}, output


def faults__all__name_checks_that_exist_each_another():
    names = [kind.check for kind in FAULTS.values()]
    assert len(set(names)) == len(names) >= 30
    assert set(names) <= {one.id for one in CHECKS}
