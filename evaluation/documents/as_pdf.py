"""A document as PDF by reportlab; and by LibreOffice and Chromium from the other formats."""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, FrameBreak, PageTemplate, Paragraph, Spacer
from reportlab.platypus import Table as Drawn

from looks import look
from spec import runs, starts

FONTS = Path("/usr/share/fonts/truetype")
FILES = {"en": "dejavu/DejaVuSans.ttf"}
TAGS = {"": ("", ""), "^": ("<super>", "</super>"), "_": ("<sub>", "</sub>")}


class Turned(Flowable):
    """A text that runs upwards."""

    def __init__(self, text, style, height):
        super().__init__()
        self.text, self.style, self.height, self.width = text, style, height, style.leading

    def wrap(self, *_):
        return self.width, self.height

    def draw(self):
        self.canv.rotate(90)
        self.canv.setFont(self.style.fontName, self.style.fontSize)
        self.canv.drawString(0, -self.style.fontSize, self.text)


def markup(parts):
    return "".join(f"{TAGS[place][0]}{escape(part)}{TAGS[place][1]}" for part, place in parts)


def drawn(document, table, width, style):
    shape, rules = look(document), [("VALIGN", (0, 0), (-1, -1), "TOP")]
    grid = [[""] * table.width for _ in table.rows]
    right = ParagraphStyle("right", style, alignment=2)
    for row, column, cell in starts(table.rows):
        if shape.rotated and row < table.head and column > 0:
            grid[row][column] = Turned("".join(part for part, _ in cell.runs()), style, 80)
        else:
            side = right if table.sides and table.sides[column] == "r" else style
            grid[row][column] = Paragraph(markup(cell.runs()), side)
        if cell.across > 1 or cell.down > 1:
            rules.append(("SPAN", (column, row), (column + cell.across - 1, row + cell.down - 1)))
    rules += [(side, (0, 0), (-1, -1), shape.padding) for side in ("TOPPADDING", "BOTTOMPADDING")]
    rules += [("GRID", (0, 0), (-1, -1), 0.6, "black")] if shape.lines else []
    widths = [width * share / sum(table.widths) for share in table.widths]
    return Drawn(grid, widths, style=rules, repeatRows=table.head if shape.repeated else 0)


def by_reportlab(document, path):
    shape = look(document)
    name = f"text-{document.language}"
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, FONTS / FILES[document.language]))
    style = ParagraphStyle("text", fontName=name, fontSize=9, leading=11)
    prose = ParagraphStyle("prose", style, spaceBefore=4, spaceAfter=4)
    heading = ParagraphStyle("heading", style, fontSize=14, leading=20)
    width, height, margin, gap = A4[0] - 4 * cm, A4[1] - 4 * cm, 2 * cm, 0.8 * cm
    story = [Paragraph(document.heading, heading)]
    if shape.columns > 1:
        story.append(FrameBreak())
    each = (width - gap * (shape.columns - 1)) / shape.columns
    story += [Paragraph(markup(runs(line)), prose) for line in document.before] + [Spacer(1, shape.pushed)] * bool(shape.pushed)
    tables = [drawn(document, table, each * shape.share, style) for table in document.tables]
    story += tables if len(tables) == 1 else [Drawn([tables], [each * 0.5] * len(tables), style=[("VALIGN", (0, 0), (-1, -1), "TOP")])]
    story += [Paragraph(markup(runs(note)), prose) for table in document.tables for note in table.notes]
    for at, line in enumerate(document.after):
        story += [FrameBreak()] if shape.columns > 1 and at == 1 else []
        story.append(Paragraph(markup(runs(line)), prose))
    frames = [Frame(margin, margin, width, height, 0, 0, 0, 0)]
    if shape.columns > 1:
        top = 1.2 * cm
        frames = [Frame(margin, margin + height - top, width, top, 0, 0, 0, 0)]
        frames += [Frame(margin + at * (each + gap), margin, each, height - top, 0, 0, 0, 0) for at in range(shape.columns)]
    made = BaseDocTemplate(str(path), pagesize=A4, invariant=1, title=document.heading)
    made.addPageTemplates([PageTemplate(frames=frames)])
    made.build(story)


def by_libreoffice(sources, folder):
    """DOCX files to PDF, all in one run. Their names end in `.docx`."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    with tempfile.TemporaryDirectory() as profile:
        command = [office, f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
        subprocess.run([*command, *map(str, sources)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)


def by_chromium(pairs):
    """HTML files to PDF: (source, target) pairs, as many at once as there are cores."""

    def one(pair):
        with tempfile.TemporaryDirectory() as profile:
            command = [shutil.which("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
            command += [f"--user-data-dir={profile}", f"--print-to-pdf={pair[1]}", pair[0].resolve().as_uri()]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, pairs))
