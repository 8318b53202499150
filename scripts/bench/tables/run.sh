#!/usr/bin/env bash
# run.sh PROGRAM: makes the documents of evaluation/documents in target/tables, once for each state of their scripts, and measures
# what this build and others read of them.
#
#   SEED=2             other tables of the same layouts
#   BESIDE=PATH        another build of ours, measured in the same run
#   OTHERS=a,b         of markitdown, pdfplumber, pymupdf4llm and docling, all that are installed if not given; or none
#   BENCH="--misses"   what bench.py is told besides
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
python=$("$root/scripts/python/python.sh" path "$here/requirements.txt")
program=${1:?usage: run.sh PROGRAM}
seed=${SEED:-1}
state=$(cat "$root"/evaluation/documents/*.py | sha256sum | cut -c 1-16)
made=${CARGO_TARGET_DIR:-$root/target}/tables/$state-$seed

if [ ! -e "$made" ]; then
    echo "making the documents in $made"
    mkdir -p "$(dirname "$made")"
    part=$(mktemp -d "$made.XXXXXX")
    "$python" "$root/evaluation/documents/make.py" "$part" --seed "$seed"
    # Whole or not at all.
    mv -T "$part" "$made"
fi
"$python" "$here/check.py" "$made"
others=${OTHERS:-markitdown,pdfplumber,pymupdf4llm,docling}
[ "$others" != none ] || others=
beside=()
[ -z "${BESIDE:-}" ] || beside=(--program "$BESIDE")
# shellcheck disable=SC2086 # BENCH holds several words
"$python" "$here/bench.py" "$made" --program "$program" "${beside[@]}" --others "$others" ${BENCH:-}
