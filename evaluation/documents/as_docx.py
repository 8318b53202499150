"""A document as DOCX, also printed by LibreOffice."""

from datetime import datetime

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from looks import FAMILIES, LATIN, SIZES, look
from spec import runs, starts

A_DAY = datetime(2026, 3, 1)
PLACES = {"^": "superscript", "_": "subscript"}


def child(parent, name, **attributes):
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), str(value))
    parent.append(element)
    return element


def say(paragraph, parts):
    for part, place in parts:
        run = paragraph.add_run(part)
        if place:
            setattr(run.font, PLACES[place], True)


def tighten(paragraph, padding):
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(padding)
    paragraph.paragraph_format.line_spacing = 1.0


def fill(document, table, made, width):
    """The rows of a table, merged where cells cover others."""
    shape = look(document)
    total = sum(table.widths)
    made.autofit = False
    for column, share in zip(made.columns, table.widths):
        column.width = Cm(width * share / total)
    # The cells before any of them are merged: python-docx finds a row's cells anew each time.
    places = [list(row.cells) for row in made.rows]
    for row in places:
        for cell, share in zip(row, table.widths):
            cell.width = Cm(width * share / total)
            tighten(cell.paragraphs[0], shape.padding)
    for row, column, cell in starts(table.rows):
        place = places[row][column]
        if cell.across > 1 or cell.down > 1:
            place = place.merge(places[row + cell.down - 1][column + cell.across - 1])
            for spare in place.paragraphs[1:]:
                spare._element.getparent().remove(spare._element)
        say(place.paragraphs[0], cell.runs())
        if table.sides and table.sides[column] == "r":
            place.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if shape.rotated and row < table.head and column > 0:
            child(place._element.get_or_add_tcPr(), "w:textDirection", val="btLr")
    for row in made.rows[: table.head]:
        properties = row._tr.get_or_add_trPr()
        if shape.rotated:
            child(properties, "w:trHeight", val=1700, hRule="exact")
        if shape.repeated:
            child(properties, "w:tblHeader")


def add_table(document, table, place, width):
    made = place.add_table(len(table.rows), table.width)
    if look(document).lines:
        made.style = "Table Grid"
    fill(document, table, made, width)


def columns(section, count):
    found = section._sectPr.find(qn("w:cols"))
    found = found if found is not None else child(section._sectPr, "w:cols")
    found.set(qn("w:num"), str(count))
    found.set(qn("w:space"), "480")


def write(document, path):
    shape = look(document)
    made = docx.Document()
    made.core_properties.created = made.core_properties.modified = A_DAY
    fonts = made.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts()
    for kind, name in {"ascii": LATIN, "hAnsi": LATIN, "cs": FAMILIES[document.language], "eastAsia": LATIN}.items():
        fonts.set(qn(f"w:{kind}"), name)
    made.styles["Normal"].font.size = Pt(SIZES[document.language])
    # Letters of Malayalam and Hindi have a size of their own.
    child(made.styles["Normal"].element.rPr, "w:szCs", val=int(2 * SIZES[document.language]))
    page = made.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(2)
    made.add_heading(document.heading, 1)
    if shape.columns > 1:
        section = made.add_section(docx.enum.section.WD_SECTION.CONTINUOUS)
        columns(section, shape.columns)
    for line in document.before:
        say(made.add_paragraph(), runs(line))
    if shape.pushed:
        made.paragraphs[-1].paragraph_format.space_after = Pt(shape.pushed)
    width = 17.0 / shape.columns - (0.6 if shape.columns > 1 else 0)
    if len(document.tables) > 1:
        # As people do it: a table without lines, whose two cells hold the tables.
        outer = made.add_table(1, len(document.tables))
        for table, cell in zip(document.tables, list(outer.rows[0].cells)):
            add_table(document, table, _Sized(cell), width * shape.share)
            cell.paragraphs[0]._element.getparent().remove(cell.paragraphs[0]._element)
            cell.add_paragraph()
    for table in document.tables if len(document.tables) == 1 else []:
        add_table(document, table, made, width * shape.share)
        for note in table.notes:
            say(made.add_paragraph(), runs(note))
    for at, line in enumerate(document.after):
        paragraph = made.add_paragraph()
        say(paragraph, runs(line))
        # The other column begins beside the table.
        if shape.columns > 1 and at == 1:
            paragraph.runs[0].add_break(WD_BREAK.COLUMN)
    made.save(path)


class _Sized:
    """A cell that takes a table as a document does."""

    def __init__(self, cell):
        self.cell = cell

    def add_table(self, rows, columns):
        return self.cell.add_table(rows, columns)
