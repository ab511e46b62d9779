# shelfd: everything a developer runs. `make help` lists it.

CARGO ?= cargo
SHELFD := target/release/shelfd

.PHONY: help demo test test-real check fmt lint docs deny advisories demo-check torture torture-check sim sim-check sim-long sim-planted bench clean

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

test-real: ## Drive real shop engines (node, PostgreSQL) through shelfd; skips what is not installed; SUITE=medusa runs one
	$(CARGO) build --release
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

demo-check: ## Run the demo unattended for 30 s; fails unless everything agrees at the end
	$(CARGO) build --release
	$(SHELFD) demo --for 30s --check

torture: ## Kill the release binary 1,000 times under load; fails unless nothing was lost or doubled; writes torture.json
	$(CARGO) build --release
	$(CARGO) run --release --example torture -- --kills 1000

torture-check: ## The same with 40 kills, about a minute
	$(CARGO) build --release
	$(CARGO) run --release --example torture -- --kills 40

sim: ## Play histories with faults and crashes; SEED=7 plays and tells one
	$(CARGO) run --release --features planted --example sim -- $(if $(SEED),--seed $(SEED),--histories 20000 --crash-every 500)

sim-check: ## As CI does: 20,000 histories and every planted bug, with what docs/guarantees.md says is still open
	$(CARGO) run --release --features planted --example sim -- --histories 20000 --crash-every 500 --keep-going --tolerate 8
	$(CARGO) run --release --features planted --example sim -- --planted --patience 15 --may-miss 4

sim-long: ## A million sales and more
	$(CARGO) run --release --features planted --example sim -- --histories 120000 --crash-every 2000

sim-planted: ## Does the simulator find every planted bug?
	$(CARGO) run --release --features planted --example sim -- --planted

bench: ## Measure; writes a table to stdout and bench.json
	$(CARGO) build --release
	$(CARGO) run --release --example bench

clean: ## Remove what was built
	$(CARGO) clean
