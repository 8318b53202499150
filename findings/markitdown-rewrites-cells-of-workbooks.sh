#!/usr/bin/env bash
# markitdown, XLSX: cells go through pandas' guesses. Cells of text become numbers ("0012" is 12, "12E4" is 120000.0), "N/A" and
# "None" are NaN like the empty ones, and one empty cell gives every whole number of its column a decimal.
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
venv/bin/pip -q --disable-pip-version-check install 'markitdown[xlsx]==0.1.9' openpyxl==3.1.5 pandas==3.1.1
cat >try.py <<'PYTHON'
import openpyxl
from markitdown import MarkItDown

workbook = openpyxl.Workbook()
for row in [("Patient", "Batch", "Tablets", "Allergy"), ("0012", "12E4", 2, "N/A"), ("0013", "13E4", None, "None")]:
    workbook.active.append(row)
workbook.save("table.xlsx")
print(" / ".join(MarkItDown().convert("table.xlsx").text_content.splitlines()))
PYTHON
seen=$(venv/bin/python try.py 2>try.log) || { cat try.log >&2; exit 2; }

echo "markitdown 0.1.9 (pandas 3.1.1)"
echo "expected: 0012, 12E4, 2 and N/A as they are in the workbook, and an empty cell for an empty one"
echo "seen: $seen"
judged=yes
[ "$seen" = "## Sheet / | Patient | Batch | Tablets | Allergy | / | --- | --- | --- | --- | / | 12 | 120000.0 | 2.0 | NaN | / | 13 | 130000.0 | NaN | NaN |" ]
