#!/usr/bin/env python3
"""samples.py FOLDER: copies a few documents out of the corpus in FOLDER into `samples`, with the rows that must stand in them, and
makes one of powers and fractions.

`samples/rows.tsv` has a line for each row of a table: the file, then what one line of what is read must hold, in this order.
"""

import json
import shutil
import sys
from pathlib import Path

import typst

HERE = Path(__file__).parent / "samples"
CHOSEN = [
    "en/two-headers.reportlab.pdf", "en/down.libreoffice.pdf", "en/in-columns.chromium.pdf", "hi/empty.libreoffice.pdf", "ml/tight.chromium.pdf",
    "ml/wrapped.typst.pdf", "en/down.docx", "en/footnotes.xlsx", "en/across.pptx", "hi/two-headers.html", "ml/side-by-side.csv",
]

# A font of its own draws these digits, and the file says that they are plain ones on the line.
POWERS = [
    ("Benzathine", "1.5 × 10#super[6] IU", "1.5 × 10⁶ IU"),
    ("Heparin", "10#super[3]–10#super[4] units", "10³–10⁴ units"),
    ("Colistin", "2 × 10#super[−6] g/m#super[2]", "2 × 10⁻⁶ g/m²"),
    ("Zinc", "40#super[1] mg, not 401 mg", "40¹ mg, not 401 mg"),
    ("Oxygen", "SpO#sub[2] 94, HCO#sub[3]#super[−] 22", "SpO₂ 94, HCO₃⁻ 22"),
    ("Iron", "#text(fractions: true)[1/2] tablet", "¹/₂ tablet"),
    ("Folate", '#text(number-type: "old-style")[1350 and 246789]', "1350 and 246789"),
]
# Two fonts on a line, of which one is much higher.
POWERS_BESIDE_HINDI = [
    ("WBC", "10#super[9]/L, 500 mg दवा", "10⁹/L, 500 mg दवा"),
    ("पानी", "H#sub[2]O, SpO#sub[2] > 94", "H₂O, SpO₂ > 94"),
    ("दवा", "१०#super[९], १०#sub[२]", "१०^(९), १०_(२)"),
]


def powers(name, rows, **options):
    cells = ", ".join(f"[{drug}], [{written}]" for drug, written, _ in rows)
    font = '#set text(font: ("Noto Serif Devanagari", "Noto Serif"))\n' if rows is POWERS_BESIDE_HINDI else ""
    source = f"#set page(width: 12cm, height: auto)\n{font}#table(columns: 2, [Drug], [Dose], {cells})"
    typst.compile(source.encode(), output=HERE / name, **options)
    return ["\t".join([name, drug, read]) for drug, _, read in rows]


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
    rows.extend(powers("powers.en.typst.pdf", POWERS, ignore_system_fonts=True))
    rows.extend(powers("powers.hi.typst.pdf", POWERS_BESIDE_HINDI))
    (HERE / "rows.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
