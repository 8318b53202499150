#!/usr/bin/env python3
"""samples.py FOLDER: copies a few documents out of the corpus in FOLDER into `samples`, with the rows that must stand in them.

`samples/rows.tsv` has a line for each row of a table: the file, then what one line of what is read must hold, in this order.
"""

import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent / "samples"
CHOSEN = [
    "en/two-headers.reportlab.pdf", "en/down.libreoffice.pdf", "en/in-columns.chromium.pdf", "hi/empty.libreoffice.pdf", "ml/tight.chromium.pdf",
    "ml/wrapped.typst.pdf", "en/down.docx", "en/footnotes.xlsx", "en/across.pptx", "hi/two-headers.html", "ml/side-by-side.csv",
]


def main():
    folder = Path(sys.argv[1])
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    HERE.mkdir(exist_ok=True)
    rows = []
    for name in CHOSEN:
        language, file = name.split("/")
        target = f"{file.split('.')[0]}.{language}.{file.split('.', 1)[1]}"
        shutil.copyfile(folder / name, HERE / target)
        for table in truth[f"{language}/{file.split('.')[0]}"]["tables"]:
            for row in table["rows"]:
                values = [cell["value"] for cell in row["cells"] if cell["value"]]
                # What covers several columns is one text in the source.
                values = [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]
                rows.append("\t".join([target, *row["names"], *values]))
    (HERE / "rows.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
