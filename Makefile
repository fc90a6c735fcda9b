# SPDX-License-Identifier: Apache-2.0
# A thin front for people. The build itself is CMake's; `cmake --list-presets` shows the flavours.

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)

# Acknowledged claims of make soak-failover.
COUNT ?= 1000000

.PHONY: help deps build demo examples run cluster demo-cluster conformance test check check-all portability soak soak-failover fuzz bench install uninstall format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

deps: ## install the Debian packages that building, checking and measuring need
	scripts/install_deps build demo check bench

build: ## tigressd, libtigress and tigress in build/release
	@scripts/install_deps build
	@cmake --preset release -DCMAKE_INSTALL_PREFIX="$(PREFIX)" >build-release.log 2>&1 && cmake --build --preset release -j $(JOBS) >>build-release.log 2>&1 \
		|| { cat build-release.log; exit 1; }
	@rm -f build-release.log

demo: ## transfer a car key from one wallet to another through a relay, and clean up
	@scripts/install_deps build demo
	@scripts/demo

examples: ## run three complete deployments: home key, hotel key, car key
	@scripts/install_deps build demo examples
	@{ cmake --preset release -DTIGRESS_BUILD_EXAMPLES=ON && cmake --build --preset release -j $(JOBS); } \
		>build-release.log 2>&1 || { cat build-release.log; exit 1; }
	@rm -f build-release.log
	@for name in homekey hotel carkey; do echo "== $$name"; examples/$$name/run.py || exit 1; done

run: build ## run a development relay on https://127.0.0.1:8443
	build/release/src/server/tigressd --dev --listen 127.0.0.1:8443

cluster: build ## a cluster on loopback until Ctrl-C: PostgreSQL with Patroni, two relays, HAProxy (ARGS=--help)
	@scripts/install_deps demo cluster
	@deploy/cluster/run $(ARGS)

demo-cluster: build ## a car key travels through two relays while the database's primary is killed
	@scripts/install_deps demo cluster
	@deploy/cluster/demo

conformance: ## check RELAY=https://... from outside against the protocol; without RELAY our own (ARGS=--help)
	@if [ -n "$(RELAY)" ]; then conformance/run "$(RELAY)" $(ARGS); \
	else $(MAKE) --no-print-directory build && scripts/conformance $(ARGS); fi

test: ## the fast loop: unit, contract, scenario and fuzz replay, without sanitizers (see CONTRIBUTING.md)
	@scripts/install_deps build demo check
	@scripts/test

check: ## every gate and every test, with sanitizers
	@scripts/install_deps build demo check cluster
	scripts/check

check-all: check ## and longer checks: release build, coverage, long fuzzing, crash loop
	scripts/check_all

portability: ## libtigress for 32 bit and against musl; everything on Debian 13; reports what was skipped
	@scripts/install_deps build check portability
	@scripts/check_portability --fetch || [ $$? -eq 77 ]
	@scripts/check_debian13 || [ $$? -eq 77 ]

soak: ## both crash loops at full length, 200 kills each, and what strangers may hold in full size
	@scripts/install_deps build check
	scripts/soak

soak-failover: ## database fail-overs until COUNT (1000000) claims: none lost, none doubled; before that, bugs must be found
	@scripts/install_deps build check cluster
	scripts/soak_failover $(COUNT)

fuzz: ## every fuzz target for FUZZ_S seconds (60)
	@scripts/install_deps build check
	scripts/fuzz $${FUZZ_S:-60}

bench: ## the comparisons, as ratios
	@scripts/install_deps build bench
	bench/run

install: build ## into $(DESTDIR)$(PREFIX)
	DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"

uninstall: ## remove what make install put into $(DESTDIR)$(PREFIX)
	@DESTDIR="$(DESTDIR)" cmake -DBUILD=build/release -DPREFIX="$(PREFIX)" -P cmake/uninstall.cmake

format: ## format all C files with clang-format
	scripts/check_format -i

clean: ## remove build/
	rm -rf build
