# Pitot's commands. `make help` lists them; each works in a fresh clone on Debian bookworm with
# Swift 6.3 in PATH and fetches what else it needs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# A module may import only what Package.swift declares for it.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
PITOT ?= .build/debug/pitot
FORMATTED := Sources Tests Fuzz Package.swift

.PHONY: help setup build release demo test test-unit test-e2e lint format bench check clean
.PHONY: bench-peers bench-events bench-backtest bench-otlp diff drift-sim test-kserve test-events
.PHONY: test-otlp test-faults bench-alerts
.PHONY: fuzz fuzz-smoke gen asan tsan test-slow

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  \033[1m%-11s\033[0m %s\n", $$1, $$2 }' \
	    $(MAKEFILE_LIST)

setup: ## Install the C libraries the build needs (apt; quick when all is there)
	@scripts/setup.sh

build: setup ## Build pitot for debugging: .build/debug/pitot
	swift build $(SWIFT_FLAGS) --product pitot

release: setup ## Build the stripped release binary: build/pitot
	swift build $(SWIFT_FLAGS) -c release --static-swift-stdlib --product pitot
	mkdir -p build
	strip -o build/pitot .build/release/pitot
	@ls -l build/pitot

demo: build ## Watch a model's error budget burn, a page fire and resolve; needs no other service
	$(PITOT) demo

test: setup lint ## Everything: lint, unit tests, fuzz smoke, end-to-end test with a real Prometheus
	swift build $(SWIFT_FLAGS) --build-tests
	scripts/test.sh unit fuzz e2e

test-slow: setup asan tsan ## Sanitizers, fuzzing for a while, many kills: about half an hour
	swift build $(SWIFT_FLAGS) --product pitot
	FUZZ_SECONDS=15 scripts/fuzz.sh
	KILLS=60 PITOT='$(PITOT)' FILTER=test_kill scripts/test.sh e2e

test-faults: build ## Every fault of a receiver x kill -9 at every step of a notification
	FAULTS=all PITOT='$(PITOT)' FILTER=test_faults scripts/test.sh e2e

test-unit: setup ## The Swift tests alone (FILTER=TidyTests for some)
	swift build $(SWIFT_FLAGS) --build-tests
	FILTER='$(FILTER)' scripts/test.sh unit

test-e2e: build ## The end-to-end test alone: Prometheus -> pitot -> Alertmanager -> webhook
	PITOT='$(PITOT)' scripts/test.sh e2e

diff: build ## Random queries and Grafana's requests beside Prometheus 3.5 (ARGS='--seeds 50')
	PITOT='$(PITOT)' scripts/diff.sh $(ARGS)

lint: ## Check the formatting (the house rules are Tests/TidyTests)
	swift format lint --strict --parallel -r $(FORMATTED)

format: ## Format all Swift in place
	swift format -i --parallel -r $(FORMATTED)

bench: setup ## Measure in release mode; allocation counts gate, times are reported
	swift run -c release pitot-bench

test-events: build ## Runs end to end with openlineage-python and cloudevents (pip, in build/)
	PITOT='$(PITOT)' scripts/test-events.sh $(ARGS)

test-kserve: build ## Drift end to end with a real KServe model server (pip, in build/)
	PITOT='$(PITOT)' scripts/test-kserve.sh

test-otlp: build ## Spans and metrics of the real OpenTelemetry SDK, through bad proxies (pip, in build/)
	PITOT='$(PITOT)' scripts/test-otlp.sh

bench-otlp: release ## Spans per CPU-second over HTTP and gRPC
	python3 scripts/bench-otlp.py build/pitot

drift-sim: setup ## Simulate what docs/drift.md promises: false alarms and delays (ARGS='--runs 200')
	swift run -c release pitot-drift-sim $(ARGS)

bench-alerts: release ## From a sample to its notification; 10,000 alerts at once
	python3 scripts/bench-alerts.py build/pitot

bench-events: release ## KServe events at 5,000 a second: how long until they are acknowledged
	python3 scripts/bench-events.py build/pitot

bench-peers: release ## The write path beside Prometheus and VictoriaMetrics (RWLOAD_SOURCE)
	scripts/bench-peers.sh

bench-backtest: setup ## Back-test 30 days of 1,000 series at 15 s: 172.8 million samples (DAYS=30)
	scripts/bench-backtest.sh

check: build ## Check the example SLO files in rules/
	$(PITOT) check rules/

clean: ## Remove everything that was built or fetched
	rm -rf .build build

asan: setup ## Receiver, decoder and store tests under AddressSanitizer
	scripts/sanitize.sh address

tsan: setup ## The same under ThreadSanitizer
	scripts/sanitize.sh thread

fuzz: setup ## Fuzz every parser with libFuzzer, FUZZ_SECONDS (60) each
	scripts/fuzz.sh

fuzz-smoke: setup ## The same few inputs to every parser each time, about ten seconds
	scripts/fuzz.sh smoke

gen: setup ## Regenerate the committed C of the tests' protobuf oracle
	scripts/gen.sh
