"""A document as PDF by Typst, for the languages whose letters join: what others write of them cannot be read back (see README)."""

import json

import typst

from looks import FAMILIES, LATIN, SIZES, look
from spec import runs, starts

CALLS = {"": "#{}", "^": "#super({})", "_": "#sub({})"}


def quoted(text):
    """A string in Typst's writing."""
    return json.dumps(text, ensure_ascii=False)


def content(parts):
    return "[" + "".join(CALLS[place].format(quoted(part)) for part, place in parts) + "]"


def cells(document, table, rows, head):
    shape, written = look(document), []
    for _, column, cell in starts(rows):
        text = content(cell.runs())
        if shape.rotated and head and column > 0:
            text = f"rotate(-90deg, reflow: true){text}"
        side = "right" if table.sides and table.sides[column] == "r" else "left"
        written.append(f"table.cell(colspan: {cell.across}, rowspan: {cell.down}, align: {side}, {text})")
    return ",\n".join(written)


def table(document, table):
    shape = look(document)
    head = cells(document, table, table.rows[: table.head], True)
    stroke = "0.6pt" if shape.lines else "none"
    columns = ", ".join(f"{width}fr" for width in table.widths)
    repeat = "true" if shape.repeated else "false"
    made = f"table(columns: ({columns}), stroke: {stroke}, inset: (x: 4pt, y: {shape.padding + 1}pt),\n"
    made += f"table.header(repeat: {repeat},\n{head}),\n{cells(document, table, table.body, False)})"
    return made


def paragraphs(lines):
    return "\n\n".join(content(runs(line))[1:-1] for line in lines)


def by_typst(document, path):
    shape = look(document)
    tables = [table(document, one) for one in document.tables]
    if len(tables) > 1:
        middle = f"#grid(columns: (1fr,) * {len(tables)}, gutter: 20pt,\n{', '.join(tables)})"
    else:
        middle = f"#block(width: {100 * shape.share}%, {tables[0]})"
    notes = "\n\n".join(content(runs(note))[1:-1] for one in document.tables for note in one.notes)
    push = f"#v({shape.pushed}pt)" if shape.pushed else ""
    after = paragraphs(document.after)
    if shape.columns > 1:
        after = "\n\n".join([paragraphs(document.after[:1]), "#colbreak()", paragraphs(document.after[1:])])
    body = "\n\n".join(part for part in (paragraphs(document.before), push, middle, notes, after) if part)
    if shape.columns > 1:
        body = f"#columns({shape.columns})[\n{body}\n]"
    fonts = f"font: ({quoted(LATIN)}, {quoted(FAMILIES[document.language])})"
    page = f'#set document(date: none)\n#set page(paper: "a4", margin: 2cm)\n#set text({fonts}, size: {SIZES[document.language]}pt, lang: {quoted(document.language)})\n'
    path.write_bytes(typst.compile(f"{page}#text(size: 14pt, {quoted(document.heading)})\n\n{body}\n".encode()))
