#!/usr/bin/env bash
# typst: with some fonts the text of a PDF has Hindi syllables more than once, though each is drawn once: Debian's Lohit
# Devanagari triples the ट्रो of metronidazole, Noto Serif Devanagari doubles the र्क of sugar; Noto Sans Devanagari is read as
# written.
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

apt-get -q download fonts-lohit-deva=2.95.4-5 fonts-noto-core=20201225-1 >apt.log 2>&1 || { cat apt.log >&2; exit 2; }
for deb in *.deb; do dpkg -x "$deb" root; done
mkdir fonts
find root -name Lohit-Devanagari.ttf -o -name 'NotoS*Devanagari-Regular.ttf' | xargs cp -t fonts
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install typst==0.15.2 pypdfium2==5.15.2
cat >try.py <<'PYTHON'
import pypdfium2, typst

for font in "Noto Sans Devanagari", "Noto Serif Devanagari", "Lohit Devanagari":
    source = f'#set text(font: "{font}")\nमेट्रोनिडाज़ोल, शर्करा'
    typst.compile(source.encode(), output="text.pdf", font_paths=["fonts"], ignore_system_fonts=True)
    print(f"{font}: {pypdfium2.PdfDocument('text.pdf')[0].get_textpage().get_text_range().strip()}", end="; ")
PYTHON
seen=$(venv/bin/python try.py 2>try.log) || { cat try.log >&2; exit 2; }

echo "typst 0.15.2 (PyPI; read with pypdfium2 5.15.2), fonts-lohit-deva 2.95.4-5 and fonts-noto-core 20201225-1 (Debian)"
echo "expected: मेट्रोनिडाज़ोल, शर्करा with every font"
echo "seen: $seen"
judged=yes
[ "$seen" = "Noto Sans Devanagari: मेट्रोनिडाज़ोल, शर्करा; Noto Serif Devanagari: मेट्रोनिडाज़ोल, शर्कर्करा; Lohit Devanagari: मेट्रोट्रोट्रोनिडाज़ोल, शर्करा; " ]
