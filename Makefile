# What to do with this package. `make help` lists it.

SWIFT ?= swift
# Flags for every debug build, so that all steps share one. CI adds -warnings-as-errors here.
SWIFT_FLAGS ?=
# Arguments of the agent: make run ARGS="--port 9000"; of the judge: make conformance ARGS="--level must"
ARGS ?=
# Peers that are judged: make conformance PEERS="reference python"
PEERS ?= reference reference-bare reference-token reference-strict reference-tls python reference-client python-client
# Where an installation goes: make conformance-install PREFIX=/usr/local
PREFIX ?= /usr/local
# Arguments of the test run: make test TESTS="--filter Interop"
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help setup check-swift setup-run setup-test build run test crash fuzz conformance conformance-repeat \
	conformance-install lint format examples bench clean

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: check-swift ## Installs what this machine lacks: system packages, the Python environment
	@scripts/setup run test lint bench

check-swift:
	@scripts/check-swift "$(SWIFT)"

setup-run: check-swift
	@scripts/setup run

setup-test: check-swift
	@scripts/setup run test

build: setup-run ## Builds everything (debug)
	$(SWIFT) build $(SWIFT_FLAGS)

run: setup-run ## Builds the client, starts the reference agent; its flags go in ARGS="…"
	$(SWIFT) build $(SWIFT_FLAGS) --product a2a
	$(SWIFT) run $(SWIFT_FLAGS) a2a-agent $(ARGS)

test: setup-test ## Runs every test, also those with the official Python SDK
	$(SWIFT) build $(SWIFT_FLAGS) --build-tests
	$(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest --no-parallel $(TESTS)

crash: setup-run ## Kills real agents at 200 random moments; ARGS="20" for fewer, A2A_CRASH_SEED repeats a run
	$(SWIFT) build $(SWIFT_FLAGS) --build-tests
	A2A_CRASH_KILLS="$(or $(ARGS),200)" $(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest --no-parallel --filter CrashTests

fuzz: setup-run ## Fuzzes the TCP codec and connection for a minute; ARGS="600" for longer
	SWIFT="$(SWIFT)" Tests/Fuzzing/run $(ARGS)

conformance: setup-test ## Judges our agent in its configurations, our client, and those of the official Python SDK; PEERS="…" for some
	$(SWIFT) build $(SWIFT_FLAGS) --product a2a-agent
	$(SWIFT) build $(SWIFT_FLAGS) --product a2a-conformance
	$(SWIFT) build $(SWIFT_FLAGS) --product a2a-client-harness
	conformance/judge $(PEERS) -- $(ARGS)

conformance-repeat: setup-run ## Judges our agent ten times in other orders; the results must be equal. ARGS="20" for twenty
	$(SWIFT) build $(SWIFT_FLAGS) --product a2a-agent
	$(SWIFT) build $(SWIFT_FLAGS) --product a2a-conformance
	conformance/repeat $(ARGS)

conformance-install: setup-run ## Builds the judge for use elsewhere, and installs it with its suites below PREFIX
	conformance/install "$(PREFIX)" "$(SWIFT)"

lint: check-swift ## Checks format, text, the generated code, the vectors of the TCP binding
	@scripts/setup lint
	scripts/lint-format "$(SWIFT)"
	scripts/lint-text
	spec/generate.sh --check
	python3 spec/vectors/tcp/generate.py --check
	python3 spec/bindings/tcp_reference.py check-vectors spec/vectors/tcp

format: check-swift ## Formats the Swift sources in place
	scripts/lint-format "$(SWIFT)" --in-place

examples: setup-run ## Builds the examples (a package of their own) and runs their tests
	@scripts/need-folder examples
	$(SWIFT) test --package-path examples $(SWIFT_FLAGS) --disable-xctest

bench: check-swift ## Runs the benchmarks (release build)
	@scripts/need-folder benchmarks
	@scripts/setup run bench
	$(SWIFT) run -c release --package-path benchmarks benchmarks $(ARGS)

clean: ## Removes the builds and the Python environment
	rm -rf .build .venv examples/.build benchmarks/.build
