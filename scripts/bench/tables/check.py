#!/usr/bin/env python3
"""check.py FOLDER: checks the measure itself with texts of known scores: the complete truth, and the truth with one fault."""

import json
import sys
from pathlib import Path

from measure import measure
from text import RAISED


def lines(table, mark=""):
    """A table as it should be read: each row with all its names, the levels of its header joined, its section in its first cell."""
    names = len(table["rows"][0]["names"])
    header = [" · ".join(dict.fromkeys(level[at] for level in table["header"] if level[at])) for at in range(len(table["header"][0]))]
    made = [header]
    for row in table["rows"]:
        values = [cell["value"] + (mark or RAISED.get(cell.get("mark", ""), "*")) * ("mark" in cell) for cell in row["cells"]]
        made.append([*row["names"][: names - 1], " ".join(filter(None, [row["names"][-1], row["section"]])), *values])
    return made


def pages(tables):
    return ["\n\n".join("\n".join(f"| {' | '.join(row)} |" for row in table) for table in tables)]


def figures(truth, tables):
    return measure(truth, pages(tables), beside=False).counts


def right(truth):
    """Whether all rows and cells of a faultless text count as right."""
    counts = figures(truth, [lines(table) for table in truth["tables"]])
    return counts["rows"][0] == counts["rows"][1] and counts["cells"][0] == counts["cells"][1]


def swapped(table):
    """Exchanges the last values of two rows."""
    at = next(at for at in range(1, len(table) - 1) if table[at][-1] != table[at + 1][-1])
    table[at][-1], table[at + 1][-1] = table[at + 1][-1], table[at][-1]


def shifted(table):
    """Moves the values of a row one column to the left."""
    table[2] = [table[2][0], *table[2][2:], ""]


def together(table):
    """Joins two rows to one line."""
    table[2:4] = [table[2] + table[3]]


def headless(table):
    del table[0]


def other_header(table):
    """Exchanges the names of two columns."""
    table[0][-1], table[0][-2] = table[0][-2], table[0][-1]


def other_number(table):
    table[3][-1] = f"1{table[3][-1]}"


def wrong(truth, fault):
    """Whether a text with a fault has fewer right cells."""
    tables = [lines(table) for table in truth["tables"]]
    fault(tables[0])
    cells = figures(truth, tables)["cells"]
    return cells[0] < cells[1]


def glued(truth):
    """Whether a mark that reads as a part of a number makes the cell wrong."""
    marked = sum("mark" in cell for table in truth["tables"] for row in table["rows"] for cell in row["cells"])
    cells = figures(truth, [lines(table, "2") for table in truth["tables"]])["cells"]
    return cells[1] - cells[0] == marked


def main():
    folder, failures = Path(sys.argv[1]), []
    for name, truth in json.loads((folder / "truth.json").read_text(encoding="utf-8")).items():
        if "/strings" in name:
            continue
        failures += [] if right(truth) else [f"{name}: written right, and not found right"]
        for fault in (swapped, shifted, together, headless, other_header, other_number):
            failures += [] if wrong(truth, fault) else [f"{name}: {fault.__name__}, and found right"]
        if name.endswith("/footnotes") and not glued(truth):
            failures.append(f"{name}: a mark glued to a number, and found right")
    print("\n".join(failures) or "the measure tells right from wrong")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
