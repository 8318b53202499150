#!/usr/bin/env bash
# Runs a command with a throw-away PostgreSQL and a throw-away Kafka on free local ports, and always stops them.
#
#   with-test-services.sh [--no-kafka] [--durable] CMD...
#
# CMD sees DATABASE_URL (a superuser, so that sqlx::test can make databases), TEST_KAFKA_BROKERS, KAFKA_SH for tests that
# start brokers of their own, and TEST_PYTHON for servers in Python (python/python.sh install). A DATABASE_URL or KAFKA_BROKERS that is set already is used instead of a server of ours.
# Nothing here survives a crash of the machine (fsync is off), and nothing has to; with --durable PostgreSQL keeps its own
# settings, for measurements.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export KAFKA_SH=$here/kafka/kafka.sh
TEST_PYTHON=$("$here/python/python.sh" path)
export TEST_PYTHON

with_kafka=yes
durable=no
while :; do
    case "${1:-}" in
    --no-kafka) with_kafka=no ;;
    --durable) durable=yes ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || {
    echo "usage: with-test-services.sh [--no-kafka] [--durable] CMD..." >&2
    exit 2
}

fail() {
    echo "with-test-services.sh: $*" >&2
    exit 1
}

# PostgreSQL refuses to run as root.
as_owner=()
owner=$(id -un)
if [ "$(id -u)" = 0 ]; then
    owner=$(id -un postgres 2>/dev/null || echo nobody)
    as_owner=(runuser -u "$owner" --)
fi

folder=$(mktemp -d /tmp/ayushma-test.XXXXXX)
chmod 711 "$folder"

clean_up() {
    # A broker that is still starting has not written its pid yet.
    [ -z "${kafka_pid:-}" ] || wait "$kafka_pid" || true
    [ ! -d "$folder/kafka" ] || "$KAFKA_SH" stop "$folder/kafka" || true
    [ ! -f "$folder/postgres/postmaster.pid" ] ||
        "${as_owner[@]}" "$bin/pg_ctl" stop -D "$folder/postgres" -m immediate -s || true
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Below the range that the system hands out to outgoing connections.
free_port() {
    local port
    while port=$((RANDOM % 12000 + 20000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

# The server's programs: on the PATH, or the newest where Debian puts them.
bin=$(dirname "$(readlink -e "$(command -v initdb)" || find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)")

start_postgres() {
    [ -x "$bin/postgres" ] || fail "PostgreSQL's server is missing (Debian: apt-get install postgresql)"
    install -d -o "$owner" -m 700 "$folder/postgres"
    cd "$folder"
    "${as_owner[@]}" "$bin/initdb" -D "$folder/postgres" -U postgres -A trust -E UTF8 --locale=C --lc-ctype=C.UTF-8 --no-sync \
        >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2 && fail "initdb failed"; }
    cat >>"$folder/postgres/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
port = $1
unix_socket_directories = '$folder/postgres'
max_connections = 300
SETTINGS
    [ $durable = yes ] || cat >>"$folder/postgres/postgresql.conf" <<SETTINGS
fsync = off
synchronous_commit = off
full_page_writes = off
SETTINGS
    "${as_owner[@]}" "$bin/pg_ctl" start -D "$folder/postgres" -l "$folder/postgres/server.log" -w -s \
        </dev/null >/dev/null 2>&1 || { cat "$folder/postgres/server.log" >&2 && fail "PostgreSQL did not start"; }
    "${as_owner[@]}" "$bin/createdb" -h "$folder/postgres" -p "$1" -U postgres ayushma_test
}

# Both start at the same time.
kafka_pid=
if [ -n "${KAFKA_BROKERS:-}" ]; then
    export TEST_KAFKA_BROKERS=$KAFKA_BROKERS
elif [ $with_kafka = yes ]; then
    kafka_port=$(free_port)
    mkdir "$folder/kafka"
    "$KAFKA_SH" start "$folder/kafka" "$kafka_port" >&2 &
    kafka_pid=$!
    export TEST_KAFKA_BROKERS=127.0.0.1:$kafka_port
fi
if [ -z "${DATABASE_URL:-}" ]; then
    postgres_port=$(free_port)
    (start_postgres "$postgres_port")
    export DATABASE_URL=postgres://postgres@127.0.0.1:$postgres_port/ayushma_test
    # What is measured comes through the socket, as it does to the built-in PostgreSQL.
    [ $durable = no ] || DATABASE_URL="postgres:///ayushma_test?host=$folder/postgres&port=$postgres_port&user=postgres"
fi
[ -z "$kafka_pid" ] || wait "$kafka_pid" || fail "no Kafka, no tests"

"$@"
