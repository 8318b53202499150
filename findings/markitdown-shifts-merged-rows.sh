#!/usr/bin/env bash
# markitdown: cells merged downwards shift the rows that they cover one column to the left: an age stands under "Drug", a dose
# under "Age". The header row of the document becomes a row of data under an empty header.
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
table = document.add_table(3, 3)
rows = [("Drug", "Age", "Dose"), ("Paracetamol", "adult", "500 mg"), ("", "child", "250 mg")]
for i, row in enumerate(rows):
    for j, text in enumerate(row):
        table.cell(i, j).text = text
table.cell(1, 0).merge(table.cell(2, 0)).text = "Paracetamol"
document.save("table.docx")
print(" / ".join(MarkItDown().convert("table.docx").text_content.splitlines()))
PYTHON
seen=$(venv/bin/python try.py 2>try.log) || { cat try.log >&2; exit 2; }

echo "markitdown 0.1.9"
echo "expected: the child's row has three columns, with an empty cell or with \"Paracetamol\" again in the first"
echo "seen: $seen"
judged=yes
[ "$seen" = "|  |  |  | / | --- | --- | --- | / | Drug | Age | Dose | / | Paracetamol | adult | 500 mg | / | child | 250 mg |" ]
