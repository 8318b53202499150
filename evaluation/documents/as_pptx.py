"""A document as a presentation: the heading, the tables and the text on one slide."""

from datetime import datetime

import pptx
from pptx.enum.text import PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Cm, Pt

from looks import look
from spec import runs, starts

A_DAY = datetime(2026, 3, 1)
# No style, no grid.
NO_LINES = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
RAISED = {"^": "30000", "_": "-25000"}


def say(frame, parts, size):
    paragraph = frame.paragraphs[0]
    for part, place in parts:
        run = paragraph.add_run()
        run.text, run.font.size = part, Pt(size)
        if place:
            run._r.get_or_add_rPr().set("baseline", RAISED[place])
    return paragraph


def fill(document, table, made, width):
    shape = look(document)
    total = sum(table.widths)
    for column, share in zip(made.columns, table.widths):
        column.width = int(width * share / total)
    for row, column, cell in starts(table.rows):
        place = made.cell(row, column)
        if cell.across > 1 or cell.down > 1:
            place.merge(made.cell(row + cell.down - 1, column + cell.across - 1))
        place.margin_top = place.margin_bottom = Pt(shape.padding)
        paragraph = say(place.text_frame, cell.runs(), 10)
        if table.sides and table.sides[column] == "r":
            paragraph.alignment = PP_ALIGN.RIGHT
        if shape.rotated and row < table.head and column > 0:
            place._tc.get_or_add_tcPr().set("vert", "vert270")


def write(document, path):
    made = pptx.Presentation()
    made.core_properties.created = made.core_properties.modified = A_DAY
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = document.heading
    shape = look(document)
    for at, table in enumerate(document.tables):
        width = Cm(23) * shape.share
        left = Cm(1) + int(at * (width + Cm(1)))
        frame = slide.shapes.add_table(len(table.rows), table.width, left, Cm(4), int(width), Cm(0.6) * len(table.rows))
        if not shape.lines:
            style = frame._element.graphic.graphicData.tbl.tblPr.find(qn("a:tableStyleId"))
            style.text = NO_LINES
        fill(document, table, frame.table, width)
    for at, note in enumerate(sum((table.notes for table in document.tables), [])):
        box = slide.shapes.add_textbox(Cm(1), Cm(15.5 + 0.7 * at), Cm(20), Cm(0.7))
        say(box.text_frame, runs(note), 9)
    made.save(path)
