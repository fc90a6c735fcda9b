# SPDX-License-Identifier: Apache-2.0
"""A real relay, the real tool, and the module against the library of this build.

TIGRESS_BIN_DIR names the build tree, TIGRESS_LIBRARY the library; ctest sets both.
"""
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
sys.dont_write_bytecode = True

import tigress  # noqa: E402  (the path comes first)

tigress.version()  # loads the library while LD_PRELOAD holds a sanitizer's run time for it
for name in ("LD_PRELOAD", "ASAN_OPTIONS"):
    os.environ.pop(name, None)  # the programs that are started have their own

import programs  # noqa: E402


@pytest.fixture(scope="session")
def relay(tmp_path_factory):
    with programs.Relay(tmp_path_factory.mktemp("relay")) as running:
        yield running


@pytest.fixture
def sides(relay):
    """Makes sessions with their transports, and closes them at the end."""
    with programs.Sides(relay) as made:
        yield made


@pytest.fixture
def tool(relay, tmp_path):
    return programs.Tool(tmp_path / "tool", relay)
