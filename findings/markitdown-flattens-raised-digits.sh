#!/usr/bin/env bash
# markitdown: raised text loses its place without a sign, so that a power of ten becomes another number; struck text is kept as
# struck, and hidden text of Word is shown as plain text.
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
venv/bin/pip -q --disable-pip-version-check install 'markitdown[docx]==0.1.9' python-docx==1.2.0
cat >try.py <<'PYTHON'
import docx
from markitdown import MarkItDown

document = docx.Document()
paragraph = document.add_paragraph("Platelets 150 x 10")
paragraph.add_run("9").font.superscript = True
paragraph.add_run("/L. ")
paragraph.add_run("Old dose.").font.strike = True
paragraph.add_run(" Hidden note.").font.hidden = True
document.save("text.docx")
print(MarkItDown().convert("text.docx").text_content)
PYTHON
seen=$(venv/bin/python try.py 2>try.log) || { cat try.log >&2; exit 2; }

echo "markitdown 0.1.9"
echo "expected: 10<sup>9</sup>/L, 10^9/L or 10⁹/L, and no hidden text"
echo "seen: $seen"
judged=yes
[ "$seen" = "Platelets 150 x 109/L. ~~Old dose.~~ Hidden note." ]
