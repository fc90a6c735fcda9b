# SPDX-License-Identifier: Apache-2.0
# What tigressd needs before it serves anything: settings, keys, the development certificate, the
# log writer and the counters.
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
