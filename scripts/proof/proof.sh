#!/usr/bin/env bash
# Verifiers of transparency logs that are not ours, as one Go program, for the tests of commands/transparency-log; nothing of
# the product needs it. go.mod and go.sum beside this script pin them.
#
#   proof.sh install    build it into target/tools (once for each state of its sources)
#   proof.sh path       print the program that `install` builds
set -euo pipefail

minimum=1.26
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$(cat "$here"/*.go "$here"/go.mod "$here"/go.sum | sha256sum | cut -c 1-16)
tools=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/tools
program=$tools/proof-$state

fail() {
    echo "proof.sh: $*" >&2
    exit 1
}

# Prints the machine's Go if it is new enough, else that of requirements.txt: Debian 12 has Go 1.19 only.
go_program() {
    local version
    version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//') || true
    if [ -n "$version" ] && [ "$(printf '%s\n' "$minimum" "$version" | sort -V | head -n 1)" = "$minimum" ]; then
        command -v go
        return
    fi
    "$here/../python/python.sh" install "$here/requirements.txt" >&2 ||
        fail "Go $minimum or later is missing: see https://go.dev/doc/install"
    echo "$(dirname "$("$here/../python/python.sh" path "$here/requirements.txt")")/go"
}

install() {
    [ -x "$program" ] && return
    local go part
    go=$(go_program)
    mkdir -p "$tools"
    part=$(mktemp "$program.XXXXXX")
    echo "building the foreign verifiers of the tests"
    if ! (cd "$here" && "$go" build -mod=readonly -o "$part" .); then
        rm -f "$part"
        fail "the verifiers could not be built with $("$go" version)"
    fi
    mv "$part" "$program"
}

case "${1:-} $#" in
"install 1") install ;;
"path 1") echo "$program" ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
