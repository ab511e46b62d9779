# shelfd: everything a developer runs. `make help` lists it.

CARGO ?= cargo
SHELFD := target/release/shelfd
# With the examples: their needs change how the library is built, and it is to be built once.
RELEASE := $(CARGO) build --release --bins --examples

# The same: this way `make test` has built it already.
DEBUG := $(CARGO) build --bins --examples

# Without what talks to the outside, it builds in a minute.
SIM_BUILD := --profile sim --no-default-features --features sim --bin sim
SIM := $(CARGO) run $(SIM_BUILD)

.PHONY: release conformance mutants help demo test test-clients test-real check fmt lint docs deny advisories demo-check torture torture-check sim sim-build sim-check sim-long sim-planted bench clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Build, start two shops and a sheet on this machine, and open a page to play with
	$(CARGO) build --release
	$(SHELFD) demo

test: ## Run all tests; needs nothing but Rust
	$(CARGO) test --workspace
	@if [ ! -d ../shared ]; then \
		echo "skipped: tests against published schemas, recorded exchanges and real catalogs (../shared is not here)"; \
	fi

test-clients: ## Drive the lab with the platforms' own client libraries; needs Python or node, says what it skips
	$(DEBUG)
	SHELFD=target/debug/shelfd tests/clients/run-all $(SUITES)

test-real: ## Drive real shop engines (node, PostgreSQL) through shelfd; skips what is not installed; SUITE=medusa runs one
	$(DEBUG)
	tests/real/run $(SUITE)

check: fmt lint docs test deny ## Everything that CI checks, but the demo

fmt: ## Is the code formatted?
	$(CARGO) fmt --check

lint: ## Clippy, warnings denied
	$(CARGO) clippy --all-targets -- -D warnings

docs: ## Do the docs build without warnings?
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --document-private-items

deny: ## Licences, banned crates, sources
	$(CARGO) deny check bans licenses sources

advisories: ## Known vulnerabilities (needs the advisory database's network)
	$(CARGO) deny check advisories

release: ## Build the release binary and the examples
	$(RELEASE)

demo-check: ## Run the demo unattended for 30 s; fails unless everything agrees at the end
	$(RELEASE)
	$(SHELFD) demo --for 30s --check

torture: ## Kill the release binary 1,000 times under load; fails unless nothing was lost or doubled; writes torture.json
	$(RELEASE)
	$(CARGO) run --release --example torture -- --kills 1000

torture-check: ## The same with 40 kills, about a minute
	$(RELEASE)
	$(CARGO) run --release --example torture -- --kills 40

sim: ## Play histories with faults and crashes; SEED=7 plays and tells one; HASTY=1 has people in a hurry in all
	$(SIM) -- $(if $(SEED),--seed $(SEED),--histories 20000 --crash-every 500) $(if $(HASTY),--hasty)

sim-build:
	$(CARGO) build $(SIM_BUILD)

sim-check: ## As CI does: 20,000 histories and every planted bug
	$(SIM) -- --histories 20000 --crash-every 500
	$(SIM) -- --planted

sim-long: ## A million sales and more
	$(SIM) -- --histories 120000 --crash-every 2000

sim-planted: ## Does the simulator find every planted bug? BUG=NoWindow plants one
	$(SIM) -- --planted $(if $(BUG),--bug $(BUG))

mutants: ## Mutate the stock core; fails unless its tests notice 90 % of the mutants
	tests/mutants/run

# Rust tests that leave evidence; client suites do so by themselves.
EVIDENCE_TESTS := lab::woocommerce::tests::observed::evidence lab::woocommerce::tests::documented lab::shopify::tests::replay \
	lab::google::conformity

conformance: ## Run everything that the lab is held to, and write docs/conformance.md
	rm -rf target/evidence
	mkdir -p target/evidence
	EVIDENCE_DIR=$(CURDIR)/target/evidence $(CARGO) test --lib -- $(EVIDENCE_TESTS)
	EVIDENCE_DIR=$(CURDIR)/target/evidence $(CARGO) test --test shopify_schema --test vendure_schema
	EVIDENCE_DIR=$(CURDIR)/target/evidence $(MAKE) test-clients
	EVIDENCE_DIR=$(CURDIR)/target/evidence $(MAKE) test-real
	$(CARGO) run --example conformance -- target/evidence docs/conformance.md

bench: ## Measure; writes a table to stdout and bench.json
	$(RELEASE)
	$(CARGO) run --release --example bench

clean: ## Remove what was built
	$(CARGO) clean
