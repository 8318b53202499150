#!/usr/bin/env bash
# lame: told to write no tag (-t), it analyses the gain of replay all the same, which it would write into that tag only. For a voice,
# whose pauses are digital silence, that is more than half of its time; the bytes are the same as with --noreplaygain.
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
(cd debs && debs lame 3.100-6 | xargs apt-get -q download) >apt.log 2>&1 || { cat apt.log >&2; exit 2; }
for deb in debs/*.deb; do dpkg -x "$deb" root; done
libs=$(find "$tmp/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
lame() { LD_LIBRARY_PATH=$libs root/usr/bin/lame --quiet -q 7 -m m -b 32 -t "$@" sound.wav -; }

# A minute of a tone with a pause in each second, as between words.
python3 - <<'PYTHON'
import math, struct, wave
with wave.open("sound.wav", "wb") as w:
    w.setnchannels(1), w.setsampwidth(2), w.setframerate(22050)
    w.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i / 8)) if i // 11025 % 2 else 0) for i in range(60 * 22050)))
PYTHON

# The processor's milliseconds for five runs: the least of five measures, because other processes disturb.
milliseconds() {
    local least=999999 spent round
    for round in 1 2 3 4 5; do
        spent=$(TIMEFORMAT=%U; { time for round in 1 2 3 4 5; do lame "$@" >/dev/null; done; } 2>&1)
        spent=$(awk -v s="$spent" 'BEGIN { print int(s * 1000) }')
        [ "$spent" -ge "$least" ] || least=$spent
    done
    echo "$least"
}
with=$(milliseconds) without=$(milliseconds --noreplaygain)
same=no
[ "$(lame | sha256sum)" != "$(lame --noreplaygain | sha256sum)" ] || same=yes

echo "lame 3.100 (Debian 3.100-6)"
echo "expected: without a tag to write it into, the gain is not analysed; --noreplaygain changes nothing"
echo "seen: five runs take $with ms, with --noreplaygain $without ms; the same bytes: $same"
judged=yes
[ "$same" = yes ] && [ "$((with * 10))" -gt "$((without * 15))" ]
