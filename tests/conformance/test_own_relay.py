# SPDX-License-Identifier: Apache-2.0
"""Our own relay passes, with its defaults, with the smallest limits and at both levels; nothing is left behind."""
import xml.etree.ElementTree as xml

import pytest

import relay_process
from conftest import assert_schema, run_suite

# What a relay with its defaults does not offer, so that it cannot be checked.
NOT_OFFERED = {"2.1/attestation_too_long", "6.1/attestation_invalid", "6.1/token_invalid"}
# Depends on the machine: the TLS library, and whether five seconds were enough to ask.
MAY_NOT_APPLY = {"1.1/tls_old", "3.6/expiration_type"}
KINDS = {
    "defaults": ([], ["--level", "tigress"]),
    "draft": ([], ["--level", "draft"]),
    # Small limits, a short life. The least payload.type is the name of the algorithm. A short default life makes a
    # day's mailboxes of one network few.
    "smallest": (["--mailboxes-per-day", "0", "--expiration-max", "60s", "--expiration-default", "60s",
                  "--body-max", "1KiB", "--payload-type-max", "16", "--title-max", "64", "--description-max", "64",
                  "--image-url-max", "64", "--token-type-max", "16", "--token-data-max", "64"], []),
}


@pytest.mark.parametrize("kind", list(KINDS))
def own_relay__whole_suite__conformant_and_empty_afterwards(tmp_path, kind):
    settings, options = KINDS[kind]
    with relay_process.Relay(tmp_path / "relay", args=["--rate", "0", *settings]) as relay:
        code, output, report = run_suite(relay.origin, "--ca", relay.ca_file, "--rate", 0, "--timeout", 60, "--junit",
                                         tmp_path / "report.xml", *options, folder=tmp_path)
        assert code == 0, output
        # What has expired is swept later, what was deleted is gone.
        relay_process.until(lambda: relay_process.metrics(relay)["tigress_mailboxes"] <= 1, "no mailbox is left")
    assert report["verdict"] == "conformant"
    by_result = {word: {one["id"] for one in report["checks"] if one["result"] == word}
                 for word in ("passed", "not applicable")}
    assert len(by_result["passed"]) >= (40 if kind == "draft" else 190)
    assert by_result["not applicable"] <= NOT_OFFERED | MAY_NOT_APPLY
    assert_schema(report)
    suites = xml.parse(tmp_path / "report.xml").getroot()
    assert len(suites.findall(".//testcase")) == len(report["checks"])
    assert len(suites.findall(".//skipped")) == len(by_result["not applicable"])
