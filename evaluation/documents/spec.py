"""What a document of the corpus holds: one description, from which every format and the truth are made.

A text may hold raised and lowered parts, `10^{9}` and `SpO_{2}`: each maker sets them as its format does.
"""

import re
import unicodedata
from dataclasses import dataclass, field

PART = re.compile(r"([\^_])\{([^}]*)\}")
RAISED = dict(zip("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻"))
LOWERED = dict(zip("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, and how many columns and rows it covers."""

    text: str = ""
    across: int = 1
    down: int = 1
    # The mark of a footnote, raised: `1`, `*`.
    mark: str = ""
    # What a spreadsheet holds where it does not hold the text: a number and the format that shows it as the text.
    number: float | None = None
    shown_by: str = ""

    def runs(self):
        """The text as (part, "" or "^" or "_") pairs, the mark at the end."""
        return runs(self.text + (f"^{{{self.mark}}}" if self.mark else ""))


@dataclass
class Table:
    """Rows of cells, each with those that begin in it. The first `names` columns name a row."""

    header: list[list[Cell]]
    body: list[list[Cell]]
    title: str = ""
    names: int = 1
    notes: list[str] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    # The sides on which the columns' texts stand: "l" or "r" for each.
    sides: str = ""

    @property
    def width(self):
        return sum(cell.across for cell in self.header[0])

    @property
    def rows(self):
        """All rows as they are drawn: the title row, the header, the body."""
        title = [[Cell(self.title, across=self.width)]] if self.title else []
        return title + self.header + self.body

    @property
    def head(self):
        """How many of the rows are above the body."""
        return len(self.header) + bool(self.title)

    def is_section(self, row):
        return len(row) == 1 and row[0].across == self.width and self.width > 1

    def truth(self):
        """Of each row with values: its names, its section, and of each cell the names of its column and its value."""
        columns = [[] for _ in range(self.width)]
        for row in spread(self.header):
            for names, cell in zip(columns, row):
                if cell.text and plain(cell.text) not in names:
                    names.append(plain(cell.text))
        section, rows = "", []
        for row, cells in zip(self.body, spread(self.body)):
            if self.is_section(row):
                section = plain(row[0].text)
                continue
            texts = [plain(cell.text) for cell in cells]
            values = [{"columns": columns[at], "at": at, "value": texts[at]} for at in range(self.names, self.width)]
            marks = [cells[at].mark for at in range(self.names, self.width)]
            for value, mark in zip(values, marks):
                value.update({"mark": mark} if mark else {})
            rows.append({"names": texts[: self.names], "section": section, "cells": values})
        return {"header": [[plain(cell.text) for cell in row] for row in spread(self.header)], "rows": rows}


@dataclass
class Document:
    """Tables with what stands around them."""

    layout: str
    language: str
    heading: str
    before: list[str]
    tables: list[Table]
    after: list[str] = field(default_factory=list)

    @property
    def name(self):
        return f"{self.language}/{self.layout}"


def runs(text):
    """The text as (part, "" or "^" or "_") pairs."""
    parts, at = [], 0
    for found in PART.finditer(text):
        if found.start() > at:
            parts.append((text[at : found.start()], ""))
        parts.append((found[2], found[1]))
        at = found.end()
    return parts + [(text[at:], "")] * (at < len(text))


def plain(text):
    """The text as one line, with raised and lowered digits in their own characters where there are any."""

    def one(part, place):
        signs = {"^": RAISED, "_": LOWERED}.get(place, {})
        return "".join(signs.get(sign, sign) for sign in part)

    return " ".join(unicodedata.normalize("NFC", "".join(one(*run) for run in runs(text))).split())


def spread(rows):
    """The rows with each cell in all places that it covers."""
    places = {}
    for at, row in enumerate(rows):
        column = 0
        for cell in row:
            while (at, column) in places:
                column += 1
            for down in range(cell.down):
                for across in range(cell.across):
                    places[at + down, column + across] = cell
            column += cell.across
    width = 1 + max((column for _, column in places), default=-1)
    return [[places.get((at, column), Cell()) for column in range(width)] for at in range(len(rows))]


def starts(rows):
    """Of each cell: row, column, cell; for formats that place cells by number."""
    seen, found = {}, []
    for at, row in enumerate(rows):
        column = 0
        for cell in row:
            while (at, column) in seen:
                column += 1
            found.append((at, column, cell))
            for down in range(cell.down):
                for across in range(cell.across):
                    seen[at + down, column + across] = True
            column += cell.across
    return found
