"""Measures how much of a table's truth is in the text that a tool read.

A row is kept if one line holds its names with its own values in the order of the columns, and no other row's names. A cell is right
if such a line holds its names and no other's, and its value, whole and alone, in the place that is under all names of its column and
under no other column's; an empty cell is right if that place is empty. Where a table has sections, the section that a row belongs to
stands in its line or is the last one above it.

Places are those of a Markdown table's cells. In lines without cells they are where the words stand, if blanks keep the columns; or
the order of the words, if line and header line hold nothing else and no cell of either is empty or wide.
"""

from dataclasses import dataclass

from plain import plain_columns
from text import find, holds, lines, words

MARKS = {"1": ("¹", "[1]", "(1)", "[^1]"), "2": ("²", "[2]", "(2)", "[^2]"), "*": ("*",)}


class Table:
    """The truth of one table, with the names that could be confused."""

    def __init__(self, truth):
        even = lambda texts: [words(text) for text in texts]
        self.header = [even(row) for row in truth["header"]]
        self.rows = [
            {
                "names": even(row["names"]), "section": words(row["section"]),
                "cells": [dict(cell, columns=even(cell["columns"]), value=words(cell["value"])) for cell in row["cells"]],
            }
            for row in truth["rows"]
        ]
        self.columns = sorted({name for row in self.rows for cell in row["cells"] for name in cell["columns"]})
        self.sections = sorted({row["section"] for row in self.rows} - {""})

    def others(self, row, around):
        """Names of other rows that a line of this row must not hold; `around`: those of the document's other tables."""
        own, names = row["names"], set(around)
        for other in self.rows:
            names |= {name for at, name in enumerate(other["names"]) if name != own[at]}
        return names - set(own)


def without(text, names):
    """The text without the own names, so that a name within them is not taken for another's."""
    for name in sorted(names, key=len, reverse=True):
        while (at := find(name, text)) >= 0:
            text = text[:at] + "\n" + text[at + len(name) :]
    return text


def own_line(line, row, others):
    """Whether a line holds a row's names and no other's."""
    text = line.text
    return all(holds(text, name) for name in row["names"]) and not any(holds(without(text, row["names"]), name) for name in others)


def in_order(line, row):
    """Whether the values follow the names, in the order of the columns; one that covers several columns may come once."""
    text, at, before = line.text, 0, None
    for name in row["names"]:
        at = max(at, find(name, text) + len(name))
    for cell in row["cells"]:
        value = cell["value"]
        if not value:
            continue
        place = find(value, text, at)
        if place < 0 and value == before:
            continue
        if place < 0:
            return False
        # A footnote mark must not read as a part of the number.
        rest = text[place + len(value) :]
        if "mark" in cell and rest[:2].strip() == cell["mark"] and cell["mark"].isdigit():
            return False
        at, before = place + len(value), value
    return True


def same(text, cell):
    """Whether a cell's text is the value, with its mark or without."""
    value = cell["value"]
    if "mark" not in cell:
        return text == value
    marks = MARKS[cell["mark"]]
    return text in {value, *(f"{value}{gap}{mark}" for mark in marks for gap in ("", " "))}


def right_place(head, column, cell, columns):
    """Whether the texts above a place are the names of the cell's column and of no other."""
    above = [line.cells[column] if column < len(line.cells) else "" for line in head]
    if not all(any(holds(text, name) for text in above) for name in cell["columns"]):
        return False
    others = [name for name in columns if name not in cell["columns"]]
    return not any(holds(without(text, cell["columns"]), name) for text in above for name in others)


def right_section(line, row, found, table):
    if not row["section"] or holds(line.text, row["section"]):
        return True
    at = next(at for at, one in enumerate(found) if one is line)
    above = [section for one in found[:at] for section in table.sections if holds(one.text, section)]
    return above[-1:] == [row["section"]]


def cells_of(line, row, block, table):
    """The cells of the row that are right in this line."""
    if not line.cells:
        return plain_columns(line, row, block, table)
    first = next(at for at, one in enumerate(block) if any(holds(one.text, other["names"][0]) for other in table.rows))
    right = set()
    for at, cell in enumerate(row["cells"]):
        places = [place for place in range(len(block[0].cells) and max(len(one.cells) for one in block)) if right_place(block[:first], place, cell, table.columns)]
        texts = [line.cells[place] if place < len(line.cells) else "" for place in places]
        if texts and all(same(text, cell) for text in texts):
            right.add(at)
    return right


@dataclass
class Read:
    """The scores of a document: sums by kind (right, of), the misses, and the line of each right cell."""

    counts: dict
    misses: list
    right: dict


def prose(truth, found):
    text = words(" ".join(line.raw for line in found))
    return [sum(holds(text, words(line)) for line in truth["prose"]), len(truth["prose"])]


def measure(truth, pages, beside=True):
    """Scores rows and cells, and the sentences beside the tables where the format has them."""
    found, tables = lines(pages), [Table(table) for table in truth["tables"]]
    blocks = {}
    for line in found:
        blocks.setdefault(line.block, []).append(line)
    read = Read({"rows": [0, 0], "cells": [0, 0]}, [], {})
    for at, table in enumerate(tables):
        around = {row["names"][0] for other in tables[:at] + tables[at + 1 :] for row in other.rows}
        for number, row in enumerate(table.rows):
            others = table.others(row, around)
            own = [line for line in found if own_line(line, row, others) and right_section(line, row, found, table)]
            kept = any(in_order(line, row) for line in own)
            # One line must hold them: the best.
            best, right = max(((line, cells_of(line, row, blocks[line.block], table)) for line in own), key=lambda one: len(one[1]), default=(None, set()))
            read.counts["rows"][0] += kept
            read.counts["rows"][1] += 1
            read.counts["cells"][0] += len(right)
            read.counts["cells"][1] += len(row["cells"])
            read.right.update({(at, number, place): best.text for place in right})
            wrong = [f"{' · '.join(cell['columns'])} = {cell['value'] or '(empty)'}" for place, cell in enumerate(row["cells"]) if place not in right]
            if wrong or not kept:
                read.misses.append(f"{' · '.join(row['names'])}: {'' if kept else 'row lost; '}{'; '.join(wrong)}")
    if beside:
        read.counts["prose"] = prose(truth, found)
    return read


def measure_strings(truth, pages, beside=True):
    """Scores strings that must be whole: in a line with the row's name, and in a sentence."""
    found, table = lines(pages), Table(truth["tables"][0])
    read = Read({"strings": [0, 0]}, [], {})
    for row in table.rows:
        value, others = row["cells"][0]["value"], table.others(row, ())
        own = [line for line in found if own_line(line, row, others)]
        good = any(value in line.cells if line.cells else line.text == f"{row['names'][0]} {value}" for line in own)
        read.counts["strings"][0] += good
        read.counts["strings"][1] += 1
        read.misses += [] if good else [f"table: {value}"]
    if beside:
        read.counts["strings in text"] = prose(truth, found)
        text = words(" ".join(line.raw for line in found))
        read.misses += [f"text: {line}" for line in truth["prose"] if not holds(text, words(line))]
    return read


def answered(question, read):
    """Whether the cell that answers a question is right, and no neighbour's value is in its line."""
    line = read.right.get((question["table"], question["row"], question["cell"]))
    return line is not None and not any(holds(line, words(value)) for value in question["not"])
