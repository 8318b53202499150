#!/usr/bin/env bash
# The query data that lets sqlx check SQL without a database, as `cargo sqlx prepare` makes it, but without that tool.
#
#   sqlx-data.sh write    empty .sqlx and fill it from a throw-away PostgreSQL with all migrations applied
#   sqlx-data.sh check    fail if .sqlx is not what `write` would make
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# sqlx's macros write what they learn from DATABASE_URL into SQLX_OFFLINE_DIR, each time they run: so every crate that
# uses them is compiled again, and once more afterwards, because data that was read from a database now lies in .sqlx.
collect() {
    PGOPTIONS='-c client_min_messages=warning' psql -q -v ON_ERROR_STOP=1 -d "$DATABASE_URL" -c 'SET client_min_messages = warning' \
        "${migrations[@]/#/--file=}" >/dev/null
    touch_sources
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$1 cargo check --quiet --workspace --all-targets --locked
    touch_sources
}

touch_sources() { git ls-files -z --cached --others --exclude-standard -- '*/src/lib.rs' '*/src/main.rs' '*/tests/*/main.rs' | xargs -0 touch -c; }
