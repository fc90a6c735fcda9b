# SPDX-License-Identifier: Apache-2.0
"""Paths of the helpers, and how a test runs the suite as its user does: as a command."""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "support" / "python"), str(ROOT / "conformance")]
sys.dont_write_bytecode = True

RUN = ROOT / "conformance" / "run"
RUN_S = 300


def run_suite(*arguments, folder=None):
    """(exit code, output, report or None). The report is written if a folder is given."""
    more = ["--json", str(folder / "report.json")] if folder else []
    got = subprocess.run(["/usr/bin/python3", str(RUN), *map(str, arguments), *more], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=RUN_S, check=False)
    path = folder / "report.json" if folder else None
    report = json.loads(path.read_text()) if path and path.exists() else None
    return got.returncode, got.stdout + got.stderr, report


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "null": type(None)}


def assert_schema(value, schema=None, where="report"):
    """As much of JSON Schema as report.schema.json uses."""
    if schema is None:
        schema = json.loads((ROOT / "conformance" / "report.schema.json").read_text())
    if "type" in schema:
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        assert any(isinstance(value, TYPES[kind]) for kind in kinds), (where, value)
    assert "const" not in schema or value == schema["const"], where
    assert "enum" not in schema or value in schema["enum"], (where, value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        assert set(schema.get("required", [])) <= set(value), where
        more = schema.get("additionalProperties", True)
        for name, member in value.items():
            assert name in known or more is not False, f"{where}.{name}"
            assert_schema(member, known.get(name, more if isinstance(more, dict) else {}), f"{where}.{name}")
    for number, item in enumerate(value if isinstance(value, list) else []):
        assert_schema(item, schema.get("items", {}), f"{where}[{number}]")
