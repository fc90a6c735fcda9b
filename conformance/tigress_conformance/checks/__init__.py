# SPDX-License-Identifier: Apache-2.0
"""The checks, a module for each part of the protocol. They run in the order of their sections, those of one section in
the order of these imports."""
from . import s1_tls, s1_http, s1_json, s1_answers  # noqa: F401
from . import s2_headers, s2_retries, s2_long_poll  # noqa: F401
from . import s3_devices, s3_ends, s3_limits, s3_notes  # noqa: F401
from . import s4_create, s4_calls, s5_page, s6_trust  # noqa: F401
