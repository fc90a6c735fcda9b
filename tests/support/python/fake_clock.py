# SPDX-License-Identifier: Apache-2.0
"""Clocks of a real relay that leap while it runs: libfaketime for the wall clock, a library of this
tree for both clocks. Neither works under a sanitizer, whose runtime has to be loaded first."""
import glob
import os

from relay_process import find_binary

FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class FakeClock:
    """The wall clock of the processes with `env`; the boot clock is the real one."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.file = os.path.join(str(folder), "clock")
        self.ahead_s = 0
        self.leap(0)

    def write(self, text):
        """At once: no reader sees half of it."""
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(self.file + ".new", self.file)

    def leap(self, seconds):
        self.ahead_s += seconds
        self.write(f"{self.ahead_s:+d}\n")

    @property
    def env(self):
        return {"LD_PRELOAD": glob.glob(FAKETIME)[0], "FAKETIME_TIMESTAMP_FILE": self.file,
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


class FakeClocks(FakeClock):
    """The wall clock and the boot clock."""

    def __init__(self, folder):
        self.passed_s = 0
        super().__init__(folder)

    def leap(self, seconds):
        self.ahead_s += seconds
        self.write(f"{self.ahead_s + self.passed_s} {self.passed_s}\n")

    def pass_time(self, seconds):
        """Both clocks run on."""
        self.passed_s += seconds
        self.leap(0)

    @property
    def env(self):
        return {"LD_PRELOAD": find_binary("fake_clocks.so"), "TIGRESS_TEST_CLOCKS": self.file}
