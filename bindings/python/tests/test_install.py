# SPDX-License-Identifier: Apache-2.0
"""The module as pip installs it, from the tree and as a wheel, without a network; and its types."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import tigress
import programs

USE = "import tigress; print(tigress.__version__, tigress.version(), tigress.__file__)"


def run(*command, **kwargs):
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, **kwargs)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture
def tree(tmp_path):
    """A copy: setuptools writes beside what it builds."""
    return shutil.copytree(programs.MODULE, tmp_path / "tree", ignore=shutil.ignore_patterns("__pycache__", "build"))


@pytest.mark.parametrize("how", ["tree", "wheel"])
def pip__without_a_network__installs_a_module_that_works(how, tree, tmp_path):
    pytest.importorskip("setuptools")
    pytest.importorskip("wheel")
    run(sys.executable, "-m", "venv", "--system-site-packages", tmp_path / "venv")
    python, pip = str(tmp_path / "venv/bin/python"), ["-m", "pip", "--disable-pip-version-check"]
    options = ["--no-index", "--no-build-isolation", "--no-deps"]
    what = tree
    if how == "wheel":
        run(python, *pip, "wheel", *options, "-w", tmp_path / "wheels", tree)
        what, = (tmp_path / "wheels").glob("tigress-*-py3-none-any.whl")
    run(python, *pip, "install", *options, what)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    preload = os.environ.get("TIGRESS_TEST_PRELOAD")
    if preload:
        env.update(LD_PRELOAD=preload, ASAN_OPTIONS="detect_leaks=0")
    own, library, path = run(python, "-c", USE, cwd=tmp_path, env=env).split()
    assert own == tigress.__version__ and library == tigress.version()
    assert pathlib.Path(path).is_relative_to(tmp_path / "venv")
    assert pathlib.Path(path).with_name("py.typed").is_file()


def types__checked_by_mypy__no_error(tmp_path):
    if not shutil.which("mypy"):
        pytest.skip("no mypy")
    # What ctypes returns has no type.
    run("mypy", "--strict", "--no-warn-return-any", "--cache-dir", tmp_path, "--python-executable", sys.executable,
        programs.MODULE / "tigress")
