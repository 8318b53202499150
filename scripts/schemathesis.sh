#!/usr/bin/env bash
# Tests a real server against its own OpenAPI document: is the document valid, and does every answer to generated requests,
# of staff and of a user, conform to it? A fresh server with its own PostgreSQL, in a temporary folder and on a free port;
# everything is gone afterwards.
#
#   schemathesis.sh PROGRAM [OPTIONS of schemathesis run, such as --max-examples 100]
set -euo pipefail

[ $# -gt 0 ] || {
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
}
program=$(readlink -e "$1")
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/python/python.sh install
python=$(dirname "$(scripts/python/python.sh path)")

folder=$(mktemp -d "${TMPDIR:-/tmp}/ayushma-schemathesis.XXXXXX")
# As root, PostgreSQL runs as another user, who needs access to this folder.
chmod 755 "$folder"
# The port is below the range that the system assigns to outgoing connections.
free_port() {
    local port
    while port=$((RANDOM % 12000 + 20000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}
port=$(free_port)
url=http://127.0.0.1:$port
transcriber=$(free_port)

# No setting of the caller is passed on: generated requests write, and must never reach a database that anybody needs.
# The limits are switched off, because generated requests exceed all of them.
ayushma=(env -C "$folder" -i PATH="$PATH" DATA_DIR="$folder/data" LOG="${LOG:-warn}"
    SELF_HOSTED_STT_URL="http://127.0.0.1:$transcriber" LIMIT_LOGIN=0 LIMIT_REGISTER=0 LIMIT_FORGOT=0 LIMIT_VERIFY=0
    LIMIT_CONVERSE=0 LIMIT_UPLOAD=0 SIGNED_HEADS_SECONDS=1 "$program")

server=
speech=
clean_up() {
    for process in $server $speech; do
        kill "$process" 2>/dev/null || true
        wait "$process" || true
    done
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "starting a server"
"$python/python" scripts/schemathesis/transcriber.py "$transcriber" &
speech=$!
"${ayushma[@]}" serve --listen "127.0.0.1:$port" >"$folder/server.log" 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "$server" || {
        cat "$folder/server.log" >&2
        exit 1
    }
    sleep 0.1
done

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "$password" | "${ayushma[@]}" createsuperuser --email staff@example.com --username staff --password-stdin >/dev/null
export SEEDS=$folder/seeds.json MAILS=$folder/data/mail NEVER_SERVED=$folder/never-served
echo "$password" | "$python/python" scripts/schemathesis/seed.py "$url" staff@example.com >"$SEEDS"

curl -sSf "$url/api/schema?format=json" -o "$folder/schema.json"
"$python/openapi-spec-validator" "$folder/schema.json"

failed=
for CALLER in staff user; do
    export CALLER
    # The many systematic requests at the edges of each schema find the same for every user.
    phases=examples,coverage,fuzzing,stateful
    [ $CALLER = staff ] || phases=examples,fuzzing,stateful
    echo "== as $CALLER"
    "$python/schemathesis" --config-file scripts/schemathesis/schemathesis.toml run "$folder/schema.json" --url "$url" \
        --phases "$phases" "$@" || failed+=" $CALLER"
    # Operations that are always refused test little; a user may not call all of them.
    if [ $CALLER = staff ] && [ -s "$NEVER_SERVED" ]; then
        echo "never served, so not really tested:" >&2
        cat "$NEVER_SERVED" >&2
        failed+=" $CALLER"
    fi
done
[ -z "$failed" ] || {
    echo "FAILED: as$failed; what the server said:" >&2
    tail -n 50 "$folder/server.log" >&2
    exit 1
}
kill -0 "$server"
echo "the server does what its document says"
