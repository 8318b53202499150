#!/usr/bin/env bash
# All checks of the code besides its tests; `make check` and CI run this. It goes through all checks and
# fails at the end if one failed, so that one run shows everything. Checks that cannot run here are reported loudly.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
tools=${CARGO_TARGET_DIR:-target}/tools
failed=()
skipped=()

check() {
    local what=$1
    shift
    echo "== $what"
    "$@" || failed+=("$what")
}

if cargo fmt --version >/dev/null 2>&1; then
    check "format" cargo fmt --all --check
else
    skipped+=("format: rustfmt is missing (rustup component add rustfmt)")
fi
cargo clippy --version >/dev/null 2>&1 || skipped+=("lints: clippy is missing (rustup component add clippy)")
check "lints and query data" scripts/sqlx-data.sh check
check "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked --quiet
if command -v python3 >/dev/null; then
    check "links of the documentation" python3 scripts/check-links.py
else
    skipped+=("links of the documentation: python3 is missing")
fi

PATH=$PATH:$PWD/$tools/bin:$tools/bin
if ! command -v cargo-deny >/dev/null; then
    echo "== building cargo-deny into $tools (once, a few minutes)"
    # Unoptimised: three CPU minutes to build in place of seven, and still only seconds to run.
    env -u CARGO_TARGET_DIR cargo install cargo-deny --locked --quiet --debug --root "$tools" || true
fi
if command -v cargo-deny >/dev/null; then
    check "licences, bans and sources of dependencies" cargo-deny --log-level error check bans licenses sources
    # The advisories are in a git repository on the internet, which not every machine reaches.
    if timeout 120 cargo-deny --log-level error fetch db >/dev/null 2>&1; then
        check "known vulnerabilities of dependencies" cargo-deny --log-level error check --disable-fetch advisories
    else
        skipped+=("known vulnerabilities of dependencies: the advisory database cannot be fetched from here")
    fi
else
    skipped+=("dependencies: cargo-deny could not be built")
fi

for what in "${skipped[@]}"; do echo "!!! SKIPPED: $what" >&2; done
for what in "${failed[@]}"; do echo "!!! FAILED: $what" >&2; done
[ ${#failed[@]} -eq 0 ] && echo "all checks that ran passed"
