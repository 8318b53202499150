#!/usr/bin/env bash
# fpdf2 with text shaping: the second and later glyphs of a syllable get a running number as their text. In the first lines that is
# a control character, then signs, digits and letters: "day" reads दि*न, "again" फि6र. The page looks right.
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

apt-get -q download fonts-lohit-deva=2.95.4-5 >apt.log 2>&1 || { cat apt.log >&2; exit 2; }
dpkg -x fonts-lohit-deva_*.deb root
find root -name Lohit-Devanagari.ttf | xargs cp -t .
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install fpdf2==2.8.9 uharfbuzz==0.57.0 pypdf==7.1.1
cat >try.py <<'PYTHON'
import re
import fpdf, pypdf

text = """बच्चे को बुखार हो तो उसे पैरासिटामोल की गोली दी जाए। खुराक उम्र और वजन से तय होती है। दस्त होने पर जीवन रक्षक घोल और जिंक
की गोली चौदह दिन तक दें। छः माह से छोटे बच्चे को माँ का दूध दें। ठंड लगने पर ढककर रखें। फिर भी आराम न मिले तो डॉक्टर को दिखाएँ।"""
pdf = fpdf.FPDF()
pdf.add_page()
pdf.add_font("font", fname="Lohit-Devanagari.ttf")
pdf.set_font("font", size=14)
pdf.set_text_shaping(True)
pdf.multi_cell(0, text=text)
pdf.output("text.pdf")
read = pypdf.PdfReader("text.pdf").pages[0].extract_text()
for written, word in zip(text.split(), read.split(), strict=True):
    if word != written:
        print(written, re.sub("[\x00-\x1f]", "<control>", word), sep=": ", end="; ")
PYTHON
seen=$(venv/bin/python try.py 2>try.log) || { cat try.log >&2; exit 2; }

echo "fpdf2 2.8.9 with uharfbuzz 0.57.0 (read with pypdf 7.1.1), fonts-lohit-deva 2.95.4-5 (Debian)"
echo "expected: every word as it was written"
echo "seen: $seen"
judged=yes
[ "$seen" = "पैरासिटामोल: पैरासि<control>टामोल; जिंक: जिं&क; दिन: दि*न; फिर: फि6र; मिले: मि:ले; दिखाएँ।: दि*खाएँ।; " ]
