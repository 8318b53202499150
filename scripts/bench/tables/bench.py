#!/usr/bin/env python3
"""bench.py FOLDER: measures how much of the corpus' tables (see evaluation/documents) programs read correctly.

  --program COMMAND   a program of ours (`ayushma`, or any command that reads a file on standard input with `--name X` and prints
                      {"parts": [{"text": …}]}); several are measured side by side
  --others NAMES      markitdown,pdfplumber,pymupdf4llm,docling
  --only NAMES        formats, makers, layouts, languages: pdf, chromium, tight, ml
  --misses            also list what was missed, by file
  --json FILE         also write all figures there
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import tools
from measure import answered, measure, measure_strings


# Formats that also have the sentences beside the tables.
PROSE = {"pdf", "docx", "html"}


def files(folder, only):
    """Each file of the corpus: its path, its document's truth, and the names that select it."""
    for name, truth in json.loads((folder / "truth.json").read_text(encoding="utf-8")).items():
        language, layout = name.split("/")
        for form in truth["formats"]:
            path = folder / f"{name}.{form}"
            tags = {language, layout, form, *form.split(".")}
            if path.exists() and all(group & tags for group in only):
                yield path, truth, language, layout, form


def groups(only, known):
    """Names of one kind are alternatives, names of different kinds must all fit."""
    kinds = defaultdict(set)
    for name in filter(None, only.split(",")):
        kinds[next((kind for kind, names in known.items() if name in names), "layout")].add(name)
    return list(kinds.values())


def share(counts):
    return f"{counts[0] / counts[1]:.3f}".replace("1.000", "1.00 ") if counts[1] else "  —  "


class Figures:
    """Sums by each property of a table."""

    def __init__(self):
        self.sums = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        self.seconds, self.misses, self.failed = 0.0, [], []

    def add(self, keys, counts):
        for key in keys:
            for kind, (right, of) in counts.items():
                self.sums[key][kind][0] += right
                self.sums[key][kind][1] += of


def run(label, read, kinds, folder, only):
    figures, asked = Figures(), defaultdict(list)
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        asked[question["document"]].append(question)
    for path, truth, language, layout, form in files(folder, only):
        kind = form.split(".")[-1]
        if kind not in kinds:
            continue
        pages, seconds, failure = tools.timed(read, path)
        how = measure_strings if layout.startswith("strings") else measure
        found = how(truth, pages, beside=kind in PROSE)
        questions = asked[f"{language}/{layout}"]
        if questions:
            found.counts["questions"] = [sum(answered(question, found) for question in questions), len(questions)]
        figures.add({("all",), ("form", form), ("kind", kind), ("language", language), ("kind", kind, language), ("layout", layout, form)}, found.counts)
        figures.seconds += seconds
        figures.misses += [(f"{language}/{layout}.{form}", miss) for miss in found.misses]
        figures.failed += [(f"{language}/{path.name}", failure)] if failure else []
    return label, figures


def table(title, keys, results, kind):
    """A line for each key that has figures, a column for each program."""
    keys = [key for key in keys if any(key in figures.sums and figures.sums[key][kind][1] for _, figures in results)]
    width = max((len(" ".join(key[1:]) or "all") for key in keys), default=0) + 2
    print(f"\n{title}\n{'':{width}}" + "".join(f"{label[:22]:>24}" for label, _ in results))
    for key in keys:
        cells = [share(figures.sums[key][kind]) if key in figures.sums else "  —  " for _, figures in results]
        print(f"{' '.join(key[1:]) or 'all':{width}}" + "".join(f"{cell:>24}" for cell in cells))


def by_layout(label, figures, kind):
    """A line for each layout, a column for each format."""
    found = {key[1:] for key in figures.sums if key[0] == "layout" and figures.sums[key][kind][1]}
    forms = sorted({form for _, form in found}, key=lambda form: (form.endswith("pdf"), form))
    print(f"\nShare of {kind} by layout and format: {label}\n{'':20}" + "".join(f"{form:>17}" for form in forms))
    for layout in sorted({layout for layout, _ in found}):
        cells = [share(figures.sums["layout", layout, form][kind]) if (layout, form) in found else "  —  " for form in forms]
        print(f"{layout:20}" + "".join(f"{cell:>17}" for cell in cells))


TITLES = {
    "cells": "Share of cells in the right row and column",
    "rows": "Share of rows that one line keeps together",
    "questions": "Share of questions whose one cell is right, with no neighbour's value in its line",
    "prose": "Share of sentences beside the tables that are whole",
    "strings": "Share of dose strings that stand in their row as on the page",
    "strings in text": "Share of dose strings that stand in a sentence as on the page",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", action="append", default=[])
    parser.add_argument("--others", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    only = groups(options.only, {"kind": {"pdf", "docx", "xlsx", "pptx", "html", "csv"}, "maker": {"reportlab", "typst", "libreoffice", "chromium"},
                                 "language": {"en", "ml", "hi"}})
    every = {"pdf", "docx", "xlsx", "pptx", "html", "csv"}
    results = []
    for command in options.program:
        # All builds of this project have one name, so the second and later ones are numbered.
        same = sum(label.split(" #")[0] == Path(command.split()[0]).name for label, _ in results)
        label = Path(command.split()[0]).name + (f" #{same + 1}" if same else "")
        results.append(run(label, tools.program(command), every, options.folder, only))
    for name in filter(None, options.others.split(",")):
        if found := tools.other(name, next(options.folder.glob("*/tight.*.pdf"), None)):
            results.append(run(f"{name} {found[1]}", found[0], found[2], options.folder, only))
    keys = {key for _, figures in results for key in figures.sums}
    sort = lambda kind: sorted(key for key in keys if key[0] == kind)
    for label, figures in results:
        for kind in ("cells", "strings"):
            by_layout(label, figures, kind)
    for kind, title in TITLES.items():
        table(title, [*sort("kind"), *sort("form"), *sort("language"), *sort("all")], results, kind)
    for label, figures in results:
        print(f"\n{label}: {figures.seconds:.1f} s, {len(figures.failed)} files not read")
        for name, failure in figures.failed[:10]:
            print(f"  {name}: {failure}")
        if options.misses:
            print("\n".join(f"  {name}: {miss}" for name, miss in figures.misses))
    if options.json:
        sums = {label: {" ".join(key): dict(of) for key, of in figures.sums.items()} for label, figures in results}
        options.json.write_text(json.dumps(sums, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
