# SPDX-License-Identifier: Apache-2.0
"""The schema of what the tool prints. Every other test of the tool checks its output against it, see cli_device.py."""
import json
import re

import jsonschema
import pytest

import tool_schema
from cli_device import Device


def schema__its_form__is_valid():
    jsonschema.Draft202012Validator.check_schema(tool_schema.SCHEMA)
    for name, definition in tool_schema.SCHEMA["$defs"].items():
        assert definition["description"], name


def schema__every_command__has_a_definition(tmp_path):
    ran = Device(tmp_path / "alone").run("help")
    commands = set(re.findall(r"^  ([a-z]+) ", ran.out, re.M)) - {"help"}
    assert commands
    for command in commands:
        assert tool_schema.SAME.get(command, command) in tool_schema.SCHEMA["$defs"], command


@pytest.mark.parametrize("words,value", [
    (["version"], {"version": "1"}), (["version"], {"version": "1", "abi": 0, "more": 1}),
    (["version"], {"error": {"code": "Not A Word", "message": ""}}), (["status"], {"transfers": [{"id": "x"}]}),
    (["relays", "add", "x"], {"relays": []}), (["watch", "x"], {"found": "changed"}),
], ids=range(6))
def schema__another_form__refused(words, value):
    with pytest.raises(jsonschema.ValidationError):
        tool_schema.check(words, json.dumps(value))
