# SPDX-License-Identifier: Apache-2.0
"""docs/tigress.schema.json, and a stricter form of it: here a member that it does not name is an error."""
import functools
import json
import pathlib

import jsonschema

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] / "docs/tigress.schema.json").read_text())
SAME = {"prune": "forget"}


def definition_of(words, number):
    """The name of the definition for line `number` of the output of a command."""
    command = words[0] if words[0] in SCHEMA["$defs"] or words[0] in SAME else "accept"
    has = set(words).__contains__
    places = [word for word in words[1:] if not word.startswith("--")]
    if command == "share":
        return "share-direct" if has("--direct") else "watch" if number > 0 else "share"
    if command == "status" and places and not has("--only"):
        return "status-id"
    if command == "relays" and places and places[0] != "list":
        return "relays-change"
    return SAME.get(command, command)


@functools.lru_cache(maxsize=None)
def validator(name):
    strict = {"$schema": SCHEMA["$schema"], "$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"],
              "unevaluatedProperties": False}
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(strict)


def check(words, text):
    """Every line that a command printed with --json."""
    for number, line in enumerate(text.splitlines()):
        value = json.loads(line)
        if words[:1] == ["share"] and "--direct" in words and number > 0:
            continue  # a message of the other device
        validator("error" if "error" in value else definition_of(words, number)).validate(value)
