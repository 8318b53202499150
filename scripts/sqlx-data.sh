#!/usr/bin/env bash
# Makes the query data by which sqlx checks SQL without a database, as `cargo sqlx prepare` does, without that tool.
#
#   sqlx-data.sh write    make .sqlx anew from a throw-away PostgreSQL with all migrations applied
#   sqlx-data.sh check    fail if a lint does, or else if .sqlx differs from the result of `write`: one compilation for both
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
write | check)
    # A database of our own, whatever the caller's environment says: the data follows from the migrations alone.
    exec env -u DATABASE_URL scripts/with-test-services.sh --no-kafka scripts/sqlx-data.sh "in-database-$1"
    ;;
in-database-*) ;;
*)
    sed -n '2,5s/^# \{0,1\}//p' "scripts/sqlx-data.sh"
    exit 2
    ;;
esac

data=$(mktemp -d "${TMPDIR:-/tmp}/sqlx-data.XXXXXX")
trap 'rm -rf "$data"' EXIT

for migration in migrations/*.sql; do
    psql -q -v ON_ERROR_STOP=1 -d "$DATABASE_URL" -f "$migration" >/dev/null
done

# A macro that runs with a database writes its query's data into SQLX_OFFLINE_DIR. Macros run when their crate is
# compiled, so every file that uses one has to look new.
grep -rlZE '\bquery(_as|_scalar|_file|_file_as|_file_scalar)?(_unchecked)?!' --include='*.rs' --exclude-dir=target . | xargs -0r touch
look=check
lints=()
if [ "$1" = in-database-check ] && cargo clippy --version >/dev/null 2>&1; then
    look=clippy
    lints=(-- -D warnings)
fi
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$data cargo "$look" --quiet --workspace --all-targets --locked "${lints[@]}"

if [ "$1" = in-database-write ]; then
    mkdir -p .sqlx
    find .sqlx -name 'query-*.json' -delete
    find "$data" -name 'query-*.json' -exec cp -t .sqlx {} +
    echo ".sqlx holds the data of $(find .sqlx -name 'query-*.json' | wc -l) queries"
elif ! diff -rq "$data" .sqlx; then
    echo "The query data in .sqlx is not that of the queries in the source: run \`make sqlx\` and commit .sqlx" >&2
    exit 1
fi
