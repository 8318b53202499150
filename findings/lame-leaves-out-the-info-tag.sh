#!/usr/bin/env bash
# lame: the Info tag (frame count, encoder delay and padding, by which players know the length and cut the silence at the start)
# is left out without a word when it does not fit the first frame: speech in mono at 24 kbit/s never has it, nor with -T
# ("enable and force writing LAME Tag").
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
lame() { LD_LIBRARY_PATH=$libs root/usr/bin/lame --quiet "$@"; }

python3 - <<'PYTHON'
import math, struct, wave
with wave.open("speech.wav", "wb") as w:
    w.setnchannels(1), w.setsampwidth(2), w.setframerate(22050)
    w.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i / 8))) for i in range(3 * 22050)))
PYTHON
seen=
for options in "-b 24" "-T -b 24" "-b 48" "-b 56" "-V 6"; do
    # shellcheck disable=SC2086 # several words
    lame $options speech.wav out.mp3
    seen+="$options: $(head -c 400 out.mp3 | grep -aoE 'Info|Xing' || echo none); "
done

echo "lame 3.100 (Debian 3.100-6)"
echo "expected: the tag is written unless -t says otherwise, as the manual says; -T forces it"
echo "seen: $seen"
judged=yes
[ "$seen" = "-b 24: none; -T -b 24: none; -b 48: none; -b 56: Info; -V 6: Xing; " ]
