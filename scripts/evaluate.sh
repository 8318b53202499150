#!/usr/bin/env bash
# Measures retrieval on the 199 documents and the questions in evaluation/medquad: a fresh server in a temporary data
# folder, on a free port; everything is gone afterwards.
#
#   evaluate.sh PROGRAM [OPTIONS of evaluate-retrieval, such as --limit 200]
set -euo pipefail

[ $# -gt 0 ] || {
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
}
program=$(readlink -e "$1")
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=$(mktemp -d "${TMPDIR:-/tmp}/ayushma-evaluate.XXXXXX")
# As root, PostgreSQL runs as another user, who needs access to this folder.
chmod 755 "$folder"
export DATA_DIR=$folder/data LOG=${LOG:-warn}
email=evaluation@example.com
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

server=
clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The port is below the range that the system assigns to outgoing connections.
while port=$((RANDOM % 12000 + 20000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done

echo "starting a server"
"$program" serve --listen "127.0.0.1:$port" --limit-converse 0 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "$server" || exit 1
    sleep 0.1
done

echo "$password" | "$program" createsuperuser --email $email --username evaluation --password-stdin >/dev/null
project=$("$program" create-project --title Evaluation)
echo "importing"
"$program" import-documents evaluation/medquad/documents --project "$project" --skip-lines-starting '## '
echo "asking"
echo "$password" | "$program" evaluate-retrieval --url "http://127.0.0.1:$port" --email $email --password-stdin \
    --project "$project" "$@"
