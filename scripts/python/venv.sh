#!/usr/bin/env bash
# Makes the Python environment of the tests in target/tools/python, or makes it anew when requirements.txt has changed.
# Prints nothing if there is nothing to do.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${CARGO_TARGET_DIR:-$here/../../target}/tools
requirements=$here/requirements.txt

cmp -s "$requirements" "$tools/python/requirements.txt" && exit
echo "making the Python environment of the tests in $tools/python"
mkdir -p "$tools"
rm -rf "$tools/python"
python3 -m venv "$tools/python"
"$tools/python/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
# Last: an environment that is not whole is made anew the next time.
cp "$requirements" "$tools/python/requirements.txt"
