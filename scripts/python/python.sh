#!/usr/bin/env bash
# A virtual environment of Python with the packages of a requirements file, by default the one beside this script: for tests
# and measurements only, nothing of the product needs it.
#
#   python.sh install [FILE]    make it in target/tools (once for each state of the file)
#   python.sh path [FILE]       print the interpreter that `install` makes
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
requirements=${2:-$here/requirements.txt}
state=$(sha256sum <"$requirements" | cut -c 1-16)
tools=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/tools
venv=$tools/python-$state

fail() {
    echo "python.sh: $*" >&2
    exit 1
}

install() {
    [ -x "$venv/bin/python" ] && return
    command -v python3 >/dev/null || fail "Python is missing (Debian: apt-get install python3 python3-venv)"
    mkdir -p "$tools"
    local part
    # A link is made when it is complete, so that it is found whole or not at all. The folder keeps its name, which its programs
    # contain.
    part=$(mktemp -d "$venv.XXXXXX")
    echo "fetching the Python programs of the tests"
    if ! python3 -m venv "$part" >"$part.log" 2>&1 ||
        ! "$part/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >>"$part.log" 2>&1; then
        cat "$part.log" >&2
        rm -rf "$part" "$part.log"
        fail "the environment could not be made (Debian: apt-get install python3-venv)"
    fi
    rm -f "$part.log"
    # The copy of a faster process is just as valid.
    ln -sT "$(basename "$part")" "$venv" 2>/dev/null || rm -rf "$part"
}

case "${1:-} $#" in
"install 1" | "install 2") install ;;
"path 1" | "path 2") echo "$venv/bin/python" ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
