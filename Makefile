# The commands of everyday work; `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test crash browser-test check map reference book schemathesis evaluate bench-http bench-limits bench-documents bench-tables bench-log bench-audit bench-retrieval bench-languages bench-cross-languages models sqlx sqlx-check kafka

# Where rustup puts its programs, for shells that do not know it yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin
target := $(or $(CARGO_TARGET_DIR),target)
# How the program is built. CI has built it with the tests, whose libraries have more features, and does not build it anew.
build := cargo build --locked --package api --bin ayushma
# By itself: it takes all of the machine, and other tests have limits of time. It starts and kills servers of its own.
crash := KAFKA_SH=$(abspath scripts/kafka/kafka.sh) cargo test --workspace --test it --locked crash:: -- --nocapture

# What a measurement is told on make's command line.
export PARTS ROUNDS EVENTS SEED BESIDE OTHERS BENCH

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

run: ## build and start everything on this machine, with a demo project to try
	@scripts/setup.sh run
	$(build)
	@exec $(target)/debug/ayushma serve --demo

test: ## run all tests, against a throw-away PostgreSQL and Kafka
	@scripts/setup.sh test
	@scripts/kafka/kafka.sh install
	@scripts/python/python.sh install
	@scripts/proof/proof.sh install
	@scripts/fhir/fhir.sh install
	@scripts/python/python.sh install scripts/ocsf/requirements.txt
	cargo test --workspace --locked --no-run
	scripts/with-test-services.sh --migrate $(abspath $(target))/debug/ayushma \
	    cargo test --workspace --locked -- --skip crash::whatever
	$(crash)

crash: export CRASH_SECONDS ?= 600
crash: export SEED ?=
crash: ## processes, servers and connections crash for ten minutes while clients write; nothing may be lost (SEED=…, CRASH_SECONDS=…)
	@scripts/setup.sh test
	@scripts/kafka/kafka.sh install
	$(crash)

browser-test: ## a real browser with a page of another origin, against the real server
	@scripts/setup.sh browser
	$(build)
	cd scripts/browser && npm ci --ignore-scripts --no-audit --no-fund --silent
	PROGRAM=$(abspath $(target))/debug/ayushma CHROMIUM=$$(command -v chromium) \
	    scripts/with-test-services.sh --no-kafka node --test scripts/browser/test.mjs

check: ## format, lints, documentation and its links, query data, dependencies
	@scripts/setup.sh run
	@scripts/check.sh

map: ## draw the map of crates and modules in docs/map.md anew
	UPDATE_MAP=1 cargo test --locked --quiet --package domain --test it -- module_map

reference: ## write the reference of settings and commands in docs/reference.md anew
	UPDATE_REFERENCE=1 cargo test --locked --quiet --package api --lib -- cli::reference_tests

book: ## make a book of docs/ in the folder book, with mdBook
	@command -v mdbook >/dev/null || { echo "mdbook is missing; install it with: cargo install mdbook --locked" >&2; exit 1; }
	mdbook build

schemathesis: ## hold a real server against its OpenAPI document, with generated requests
	@scripts/setup.sh test
	$(build)
	@scripts/schemathesis.sh $(target)/debug/ayushma

evaluate: ## measure retrieval on real documents and questions
	@scripts/setup.sh run
	$(build)
	@scripts/evaluate.sh $(target)/debug/ayushma

bench-http: ## measure six requests beside the original's figures (BENCH="--seconds 5 --chats 100000")
	@scripts/setup.sh bench
	cargo build --release --locked --package api --bin ayushma
	scripts/with-test-services.sh --no-kafka --durable node scripts/bench/http.mjs $(target)/release/ayushma $(BENCH)

bench-limits: ## what an ordinary user notices while others hold connections, bodies and answers, and the memory it costs
	@scripts/setup.sh run
	cargo build --release --locked --package api --bin ayushma
	python3 scripts/bench/limits.py $(target)/release/ayushma

bench-log: ## measure appends, projection, latency, relay and loading, each beside its limit (PARTS="appends relay" ROUNDS=3 EVENTS=100000)
	@scripts/setup.sh test
	@scripts/kafka/kafka.sh install
	scripts/with-test-services.sh --durable cargo bench --locked --package api --bench measure

bench-audit: ## measure what auditors wait for on a long log, each beside its limit (EVENTS=10000000 ROUNDS=3 SEED=2)
	@scripts/setup.sh test
	PARTS=audit scripts/with-test-services.sh --no-kafka --durable cargo bench --locked --package api --bench measure

bench-retrieval: ## measure how well and how fast passages are found, beside plain BM25
	@scripts/setup.sh run
	cargo bench --locked --package commands --bench retrieval

bench-documents: ## how fast documents become retrievable, and the memory it takes: many, long and hostile ones (BESIDE=another-build)
	@scripts/setup.sh models
	cargo build --release --locked --package api --bin ayushma
	python3 scripts/bench/documents.py $(target)/release/ayushma $(BESIDE)

bench-tables: ## how much of dose tables in all formats is read right, beside other programs (SEED=2 BESIDE=another-build OTHERS=markitdown BENCH=--misses)
	@scripts/setup.sh tables
	@scripts/python/python.sh install scripts/bench/tables/requirements.txt
	$(build)
	scripts/bench/tables/run.sh $(target)/debug/ayushma

bench-languages: ## how well questions in Malayalam and Hindi are answered from documents in their language, without any model
	cargo bench --locked --package commands --bench retrieval -- --languages

bench-cross-languages: models ## how well the model on this machine finds English passages for questions in Hindi and Malayalam
	cargo bench --locked --package commands --bench retrieval -- --model $(abspath data/models/multilingual-e5-small)

models: ## an embedding model for many languages, to run on this machine
	@scripts/setup.sh models
	@scripts/models/fetch.sh data/models/multilingual-e5-small
	@echo "Start with EMBEDDING_MODEL_DIR=data/models/multilingual-e5-small"

sqlx: ## make the query data in .sqlx anew, after a change of SQL or of a migration
	@scripts/sqlx-data.sh write

sqlx-check: ## fail if a lint does, or if .sqlx is not up to date
	@scripts/sqlx-data.sh check

kafka: ## a local Kafka on 127.0.0.1:9092, its data in data/kafka, until Ctrl-C
	@scripts/setup.sh test
	@scripts/kafka/kafka.sh run data/kafka 9092
