#!/usr/bin/env bash
# typst: a raised digit is drawn with the font's own small glyph, but the PDF's text says a plain digit of full size on the line:
# 10⁶ on paper is 106 for every reader, and neither size nor position tells. `super(typographic: false)` keeps both.
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

python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install typst==0.15.2 pdfminer.six==20260107 pypdfium2==5.15.2
cat >try.py <<'PYTHON'
import pypdfium2, typst
from pdfminer.high_level import extract_pages
from pdfminer.layout import LTChar

def characters(part):
    if isinstance(part, LTChar):
        yield part
    elif hasattr(part, "__iter__"):
        for inner in part:
            yield from characters(inner)

for raised in "#super[6]", "#super(typographic: false)[6]", "⁶":
    typst.compile(f"Load 5 x 10{raised} per mL.".encode(), output="text.pdf", ignore_system_fonts=True)
    text = pypdfium2.PdfDocument("text.pdf")[0].get_textpage().get_text_range()
    zero, six = [c for c in characters(extract_pages("text.pdf")) if c.get_text() in "06⁶"]
    raised_by = "on the line" if six.y0 == zero.y0 else "raised"
    print(f"{raised}: {' '.join(text.split())} ({six.get_text()} is {six.size / zero.size:.1f} of the size, {raised_by})", end="; ")
PYTHON
seen=$(venv/bin/python try.py 2>try.log) || { cat try.log >&2; exit 2; }

echo "typst 0.15.2 (PyPI; read with pypdfium2 5.15.2 and pdfminer.six 20260107)"
echo "expected: #super[6] reads as ⁶, or at least as a small 6 above the line"
echo "seen: $seen"
judged=yes
[ "$seen" = "#super[6]: Load 5 x 106 per mL. (6 is 1.0 of the size, on the line); #super(typographic: false)[6]: Load 5 x 106 per mL. (6 is 0.6 of the size, raised); ⁶: Load 5 x 10⁶ per mL. (⁶ is 1.0 of the size, on the line); " ]
