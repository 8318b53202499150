#!/usr/bin/env python3
"""make.py FOLDER [--languages en,ml,hi] [--only pdf,docx,…] [--seed N]: makes the corpus, and beside it
`truth.json`, what stands in each cell, and `questions.jsonl`."""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import as_docx
import as_html
import as_pdf
import as_pptx
import as_sheet
import as_typst
import questions
from layouts import documents, formats
from spec import plain
from words import LANGUAGES, words

WRITERS = {
    "docx": as_docx.write, "xlsx": as_sheet.write_xlsx, "pptx": as_pptx.write, "html": as_html.write, "csv": as_sheet.write_csv,
    "reportlab.pdf": as_pdf.by_reportlab, "typst.pdf": as_typst.by_typst,
}


def wanted(form, only):
    return not only or form in only or form.rsplit(".")[-1] in only


def by_others(made, folder, only):
    """The PDF files that LibreOffice and Chromium print."""
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        office, browser = [], []
        for document in made:
            flat = document.name.replace("/", "_")
            if "libreoffice.pdf" in formats(document) and wanted("libreoffice.pdf", only):
                as_docx.write(document, place / f"{flat}.docx")
                office.append((place / f"{flat}.docx", place / f"{flat}.pdf", folder / f"{document.name}.libreoffice.pdf"))
            if "chromium.pdf" in formats(document) and wanted("chromium.pdf", only):
                as_html.write(document, place / f"{flat}.html")
                browser.append((place / f"{flat}.html", folder / f"{document.name}.chromium.pdf"))
        if office:
            as_pdf.by_libreoffice([source for source, _, _ in office], place)
            for _, printed, target in office:
                shutil.move(printed, target)
        as_pdf.by_chromium(browser)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--only", default="", help="formats: pdf, chromium.pdf, docx, xlsx, pptx, html, csv")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    only = [form for form in options.only.split(",") if form]
    made = documents(options.languages.split(","), options.seed)
    truth, asked = {}, []
    for document in made:
        (options.folder / document.language).mkdir(parents=True, exist_ok=True)
        for form in formats(document):
            if form in WRITERS and wanted(form, only):
                WRITERS[form](document, options.folder / f"{document.name}.{form}")
        tables = [table.truth() for table in document.tables]
        truth[document.name] = {"formats": formats(document), "prose": [*map(plain, document.before + document.after)], "tables": tables}
        if not document.layout.startswith("strings"):
            asked += questions.of(document, words(document.language), tables)
    by_others(made, options.folder, only)
    (options.folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1), encoding="utf-8")
    lines = (json.dumps(one, ensure_ascii=False) for one in asked)
    (options.folder / "questions.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
