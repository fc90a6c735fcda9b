# SPDX-License-Identifier: Apache-2.0
"""A black-box conformance suite for Tigress relays. It needs only Python's standard library."""
