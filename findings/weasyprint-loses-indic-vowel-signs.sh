#!/usr/bin/env bash
# WeasyPrint: a glyph's text in the PDF depends on the syllables met before; vowel signs drawn before their consonant are lost or
# repeated: "day" reads दन for दिन, Malayalam "give" കാടുക്കുക for കൊടുക്കുക, or right in another sentence. The page looks right.
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

# Pango and what it needs (but the C library), unpacked here.
debs() {
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$1" |
        grep '^[a-z]' | grep -vE '^(libc6|libgcc-s1|gcc-12-base|libcrypt1|debconf.*|cdebconf.*|perl.*|dpkg|tar)$' | sed "s/^$1$/$1=$2/"
}
mkdir debs root
(cd debs && { debs libpangoft2-1.0-0 1.50.12+ds-1 && echo fonts-lohit-deva=2.95.4-5 fonts-smc-manjari=2.000-4; } |
    xargs apt-get -q download) >apt.log 2>&1 || { cat apt.log >&2; exit 2; }
for deb in debs/*.deb; do dpkg -x "$deb" root; done
libs=$(find "$tmp/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
find root -name Lohit-Devanagari.ttf -o -name Manjari-Regular.otf | xargs cp -t .
echo "<fontconfig><dir>$tmp</dir><cachedir>$tmp/cache</cachedir></fontconfig>" >fonts.conf
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install weasyprint==70.0 pypdf==7.1.1
cat >try.py <<'PYTHON'
import pypdf, weasyprint

for font, text in (
    ("Lohit Devanagari", "दो गोली दिन में"),
    ("Lohit Devanagari", "गोली दिन में दो बार"),
    ("Manjari", "കൊടുക്കുക"),
    ("Manjari", "ആഹാരത്തിനു ശേഷം കൊടുക്കുക"),
):
    weasyprint.HTML(string=f'<p style="font-family: {font}">{text}').write_pdf("text.pdf")
    print(f"{text}: {pypdf.PdfReader('text.pdf').pages[0].extract_text()}", end="; ")
PYTHON
seen=$(FONTCONFIG_FILE=$tmp/fonts.conf LD_LIBRARY_PATH=$libs venv/bin/python try.py 2>try.log) || { cat try.log >&2; exit 2; }

echo "WeasyPrint 70.0 (read with pypdf 7.1.1); Debian: Pango 1.50.12+ds-1, fonts-lohit-deva 2.95.4-5, fonts-smc-manjari 2.000-4"
echo "expected: the words as they were written"
echo "seen: $seen"
judged=yes
[ "$seen" = "दो गोली दिन में: दो गोली दन में; गोली दिन में दो बार: गोली दिन में दिो बार; കൊടുക്കുക: കൊടുക്കുക; ആഹാരത്തിനു ശേഷം കൊടുക്കുക: ആഹാരത്തിനു ശേഷം കാടുക്കുക; " ]
