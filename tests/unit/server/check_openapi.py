#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml parses, refers to nothing that is not there, and has every call, status, header and member
that the protocol names. The table below is typed from the protocol, not from the document."""
import pathlib
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
BOX = "/v1/m/{mailboxIdentifier}"
ALWAYS = {"429", "503"}
CALLS = {
    ("/v1/m", "post"): {"200", "201", "400", "401", "413", "415"},
    (BOX, "get"): {"200", "404"},
    (BOX, "head"): {"200", "404"},
    (BOX, "post"): {"200", "204", "400", "401", "404", "413", "415"},
    (BOX, "put"): {"200", "201", "400", "401", "404", "412", "413", "415"},
    (BOX, "delete"): {"200", "201", "400", "401", "404"},
    (BOX, "patch"): {"200", "201", "400", "401", "404"},
}
FILES = {"/.well-known/apple-app-site-association", "/.well-known/assetlinks.json", "/picture/{name}", "/robots.txt",
         "/favicon.ico"}
# Required request header, then whether a claim is needed.
REQUEST_ID_REQUIRED = {("/v1/m", "post"), (BOX, "put"), (BOX, "delete"), (BOX, "patch")}
VERSIONED = {("/v1/m", "post"): {"200", "201"}, (BOX, "post"): {"200", "204"}, (BOX, "put"): {"200", "201"}}
RECIPIENT = {(BOX, "post"): {"200", "204"}, (BOX, "delete"): {"200", "201"}}
OPTIONAL_HEADERS = {(BOX, "post"): {"Mailbox-Known-Version", "Mailbox-Known-Recipient", "Prefer"},
                    (BOX, "delete"): {"Mailbox-End-Note"}}
MEMBERS = {
    "CreateRequest": {"payload", "displayInformation", "notificationToken", "mailboxConfiguration"},
    "Created": {"urlLink", "isPushNotificationSupported"},
    "Payload": {"type", "data"},
    "DisplayInformation": {"title", "description", "imageURL"},
    "NotificationToken": {"type", "tokenData", "tokenTopic"},
    "MailboxConfiguration": {"accessRights", "expiration"},
    "UpdateRequest": {"payload", "notificationToken"},
    "Updated": {"isPushNotificationSupported"},
    "Content": {"payload", "displayInformation", "expiration", "isPushNotificationSupported"},
    "Preview": {"displayInformation", "expiration", "recipient"},
    "Problem": {"type", "title", "status", "detail", "recipient", "endNote"},
}
COMMON = {"Cache-Control", "X-Content-Type-Options", "Referrer-Policy", "Mailbox-Request-ID"}


class Document:
    def __init__(self, path):
        self.root = yaml.safe_load(path.read_text())
        self.faults = []

    def expect(self, condition, text):
        if not condition:
            self.faults.append(text)

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target.get(part.replace("~1", "/"), {}) if isinstance(target, dict) else {}
            self.expect(target, f"{node['$ref']} refers to nothing")
            node = target
        return node

    def walk(self, node):
        if isinstance(node, dict):
            if "$ref" in node:
                self.expect(set(node) == {"$ref"} and isinstance(node["$ref"], str), f"odd reference in {node}")
                self.resolve(node)
            for child in node.values():
                self.walk(child)
        elif isinstance(node, list):
            for child in node:
                self.walk(child)


def check_call(doc, path, method, statuses):
    where = f"{method.upper()} {path}"
    operation = doc.root["paths"].get(path, {}).get(method)
    if operation is None:
        doc.faults.append(f"{where} is missing")
        return
    has = {str(status) for status in operation["responses"]} - {"default"}
    doc.expect(has == statuses | ALWAYS, f"{where}: statuses {sorted(has)}, expected {sorted(statuses | ALWAYS)}")
    parameters = {p["name"]: p for p in map(doc.resolve, operation.get("parameters", []))}
    is_required = parameters.get("Mailbox-Request-ID", {}).get("required", False)
    doc.expect(is_required == ((path, method) in REQUEST_ID_REQUIRED), f"{where}: is Mailbox-Request-ID required?")
    missing = OPTIONAL_HEADERS.get((path, method), set()) - set(parameters)
    doc.expect(not missing, f"{where}: {missing} missing")
    needs_claim = operation.get("security", doc.root["security"]) != []
    doc.expect(needs_claim == (method not in ("get", "head")), f"{where}: is a claim needed?")
    for status, response in operation["responses"].items():
        headers = doc.resolve(response).get("headers", {})
        if method != "head":
            doc.expect(COMMON <= set(headers), f"{where} {status}: common headers")
        wants_version = str(status) in VERSIONED.get((path, method), set()) | {"412"}
        doc.expect(("Mailbox-Version" in headers) == wants_version, f"{where} {status}: Mailbox-Version")
        wants_recipient = str(status) in RECIPIENT.get((path, method), set())
        doc.expect(("Mailbox-Recipient" in headers) == wants_recipient, f"{where} {status}: Mailbox-Recipient")
        wants_push = method == "post" and str(status) == "204"
        doc.expect(("Mailbox-Push-Supported" in headers) == wants_push, f"{where} {status}: Mailbox-Push-Supported")
        if str(status) in ("429", "503") and method != "head":
            doc.expect("Retry-After" in headers, f"{where} {status}: Retry-After")


def main():
    doc = Document(ROOT / "docs" / "openapi.yaml")
    doc.expect(doc.root["openapi"] == "3.1.0", "not OpenAPI 3.1.0")
    doc.walk({key: value for key, value in doc.root.items()})
    for (path, method), statuses in CALLS.items():
        check_call(doc, path, method, statuses)
    known = {(path, method) for path, method in CALLS} | {("/v1/m", "options"), (BOX, "options")}
    known |= {(path, "get") for path in FILES}
    for path in FILES:
        answer = doc.root["paths"].get(path, {}).get("get", {}).get("responses", {}).get("200", {})
        doc.expect({"Cache-Control", "ETag"} <= set(answer.get("headers", {})), f"GET {path}: headers of a cacheable file")
    for path, item in doc.root["paths"].items():
        for method in set(item) - {"parameters"}:
            doc.expect((path, method) in known, f"{method} {path} is not in the protocol")
    for name, members in MEMBERS.items():
        has = set(doc.root["components"]["schemas"].get(name, {}).get("properties", {}))
        doc.expect(has == members, f"schema {name}: members {sorted(has)}, expected {sorted(members)}")
    ids = [op["operationId"] for item in doc.root["paths"].values() for key, op in item.items() if key != "parameters"]
    doc.expect(len(ids) == len(set(ids)), "an operationId comes twice")
    for fault in doc.faults:
        print(f"docs/openapi.yaml: {fault}", file=sys.stderr)
    return 1 if doc.faults else 0


sys.exit(main())
