#!/usr/bin/env bash
# espeak-ng: the voices hi and ml say .5 exactly as 5, a tenfold dose; 0.5 is right. The English voice says 1,00,000 as "one zero
# zero thousand", and ५ and ൫ are silent in voices of other languages.
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
say() { LD_LIBRARY_PATH=$libs root/usr/bin/espeak-ng -q -x -v "$1" "$2" | xargs -d '\n'; }

seen=
for voice in en hi ml; do
    for text in .5 5 0.5 ५ ൫ 1,00,000; do seen+="$voice $text:$(say $voice $text); "; done
done

echo "espeak-ng 1.51 (Debian 1.51+dfsg-10+deb12u2), its phonemes"
echo "expected: .5 sounds unlike 5, no digit is silent, and 1,00,000 is a hundred thousand"
echo "seen: $seen"
judged=yes
[ "$seen" = "en .5:d0tf'aIv; en 5:f'aIv; en 0.5:z'i@roU pOInt f'aIv; en ५:; en ൫:; en 1,00,000:w'0n z'i@roU z'i@roU T'aUz@nd; hi .5:p'a~c; hi 5:p'a~c; hi 0.5:S'u:nj@- _d@s@ml'o:_ p'a~c; hi ५:p'a~c; hi ൫:; hi 1,00,000:'e:k l'a:k#; ml .5:'an^cy; ml 5:'an^cy; ml 0.5:p'u:Jj@m _d'aS;a:mS;@m_ 'an^cy; ml ५:; ml ൫:'an^cy; ml 1,00,000:'onny l'aks.@m; " ]
