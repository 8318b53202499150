#!/usr/bin/env bash
# espeak-ng --stdout: the WAV header says 2,147,479,552 bytes of sound, whatever the text, also when the output is a plain file:
# by the header, a sentence of a second lasts 13.5 hours. -w writes the true length.
set -euo pipefail
tmp=$(mktemp -d) judged=
finish() {
    local rc=$?
    rm -rf "$tmp"
    [ "$rc" = 0 ] || [ "$judged" ] || rc=2 # not judged: it could not be set up
    exit "$rc"
}
trap finish EXIT
cd "$tmp"

# The packages and what they need (but the C library), unpacked here.
debs() {
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$1" |
        grep '^[a-z]' | grep -vE '^(libc6|libgcc-s1|gcc-12-base|libcrypt1|debconf.*|cdebconf.*|perl.*|dpkg|tar)$' | sed "s/^$1$/$1=$2/"
}
mkdir debs root
(cd debs && debs espeak-ng '1.51+dfsg-10+deb12u2' | xargs apt-get -q download) >apt.log 2>&1 || { cat apt.log >&2; exit 2; }
for deb in debs/*.deb; do dpkg -x "$deb" root; done
libs=$(find "$tmp/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
ESPEAK_DATA_PATH=$(dirname "$(find "$tmp/root" -name phontab)")
export ESPEAK_DATA_PATH
espeak() { LD_LIBRARY_PATH=$libs root/usr/bin/espeak-ng "$@"; }

espeak -v en --stdout "Take one tablet." >stdout.wav
espeak -v en -w file.wav "Take one tablet."
seen=$(python3 - <<'PYTHON'
import os, wave
for name in "stdout.wav", "file.wav":
    with wave.open(name) as w:
        print(f"{name}: {os.path.getsize(name)} bytes, {w.getnframes() / w.getframerate():.1f} s by the header", end="; ")
PYTHON
)

echo "espeak-ng 1.51 (Debian 1.51+dfsg-10+deb12u2)"
echo "expected: 'espeak-ng --stdout TEXT > stdout.wav' and 'espeak-ng -w file.wav TEXT' give the same playable file"
echo "seen: $seen"
judged=yes
[[ $seen == "stdout.wav: "*" bytes, 48695.7 s by the header; file.wav: "*" bytes, 1.3 s by the header; " ]]
