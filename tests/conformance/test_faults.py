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
        args = ["--rate", "0", "--public-url", proxy.origin, "--sweep-interval", "1s"]
        with relay_process.Relay(folder / "relay", args=args, is_plain=True) as relay:
            proxy.start(relay.port)
            code, output, report = run_suite(proxy.origin, "--rate", 0, "--timeout", 60, "--quiet", folder=folder)
    assert report is not None, output
    assert code == (1 if report["counts"]["failed"] else 0)
    return {one["id"] for one in report["checks"] if one["result"] in ("failed", "not run")}, output


KINDS = {"none": Fault, **FAULTS}


@pytest.fixture(scope="module")
def verdicts(request, tmp_path_factory):
    """Of every fault that this run of pytest asks for."""
    folder = tmp_path_factory.mktemp("faults")
    names = [item.callspec.params["name"] for item in request.session.items if hasattr(item, "callspec")]
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        yield {name: pool.submit(failures, KINDS[name](), folder / name) for name in names}


@pytest.mark.parametrize("name", list(KINDS))
def fault__of_the_relay__exactly_its_check_fails(verdicts, name):
    failed, output = verdicts[name].result()
    assert failed == ({KINDS[name].check} if KINDS[name].check else set()), output


def faults__all__name_checks_that_exist_each_another():
    names = [kind.check for kind in FAULTS.values()]
    assert len(set(names)) == len(names) >= 30
    assert set(names) <= {one.id for one in CHECKS}
