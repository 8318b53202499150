"""A document as a workbook or as lines of values."""

import csv
import re
from datetime import datetime

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Alignment, Border, Side
from openpyxl.utils import get_column_letter

from looks import look
from spec import plain, runs, starts

A_DAY = datetime(2026, 3, 1)
PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
PLACES = {"^": "superscript", "_": "subscript"}


def rich(parts):
    """A cell's value: a text, with raised and lowered parts where it has them."""
    if not any(place for _, place in parts):
        return "".join(part for part, _ in parts)
    blocks = [TextBlock(InlineFont(vertAlign=PLACES[place]), part) if place else part for part, place in parts]
    return CellRichText(blocks)


def amount(cell):
    """The number that a text is, if a sheet shows it just so."""
    number = float(cell.text) if PLAIN.fullmatch(cell.text) and not cell.mark and not cell.shown_by else None
    return number if number is not None and f"{number:g}" == cell.text else None


def put(sheet, document, table, top, left):
    """The table's cells from this place on; the row below it."""
    thin = Side(style="thin")
    for row, column, cell in starts(table.rows):
        at = sheet.cell(top + row, left + column)
        if cell.text:
            at.value = amount(cell) or (rich(cell.runs()) if cell.number is None else cell.number)
            # Not a formula, whatever it begins with.
            at.data_type = at.data_type if cell.number is not None or at.data_type != "f" else "s"
        if cell.shown_by:
            at.number_format = cell.shown_by
        side = "right" if table.sides and table.sides[column] == "r" else "left"
        turned = 90 if look(document).rotated and row < table.head and column > 0 else 0
        at.alignment = Alignment(horizontal=side, text_rotation=turned, wrap_text=True, vertical="top")
        at.border = Border(thin, thin, thin, thin)
        if cell.across > 1 or cell.down > 1:
            sheet.merge_cells(
                start_row=top + row, start_column=left + column, end_row=top + row + cell.down - 1, end_column=left + column + cell.across - 1
            )
    for column, width in enumerate(table.widths):
        sheet.column_dimensions[get_column_letter(left + column)].width = 8 * width
    return top + len(table.rows)


def write_xlsx(document, path):
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = A_DAY
    sheet = book.active
    sheet.title = document.heading[:31]
    left, end = 1, 1
    for table in document.tables:
        below = put(sheet, document, table, 1, left)
        for note in table.notes:
            sheet.cell(below, left).value = rich(runs(note))
            below += 1
        # An empty column stands between two tables.
        left, end = left + table.width + 1, max(end, below)
    book.save(path)


def lines(table):
    """The rows of texts, as a spreadsheet writes them: a cell that covers others stands in the first of its places."""
    rows = [[""] * table.width for _ in table.rows]
    for row, column, cell in starts(table.rows):
        rows[row][column] = plain(cell.text + (f"^{{{cell.mark}}}" if cell.mark else ""))
    return rows


def write_csv(document, path):
    tables = [lines(table) for table in document.tables]
    rows = [sum(parts[1:], parts[0]) for parts in zip(*[[row + [""] for row in table] for table in tables])] if len(tables) > 1 else tables[0]
    rows = [row[:-1] for row in rows] if len(tables) > 1 else rows
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(rows)
        for note in sum((table.notes for table in document.tables), []):
            writer.writerow([plain(note)])
