"""A document as HTML, also printed by Chromium."""

from html import escape

from looks import FAMILIES, LATIN, SIZES, look
from spec import runs, starts

STYLE = """
@page { size: A4; margin: 18mm; }
body { font-family: "%(latin)s", "%(family)s"; font-size: %(size)spt; }
h1 { font-size: 14pt; }
table { border-collapse: collapse; width: %(share)s%%; margin-top: %(pushed)spt; }
th, td { %(border)s padding: %(padding)spt 4pt; text-align: left; vertical-align: top; overflow-wrap: normal; }
td.r, th.r { text-align: right; }
th.up { writing-mode: vertical-rl; transform: rotate(180deg); height: 80pt; }
thead { display: %(head)s; }
.beside { display: flex; justify-content: space-between; align-items: flex-start; }
.beside table { width: 47%%; }
.columns table { break-inside: avoid; }
.columns { column-count: %(columns)s; column-gap: 24pt; }
"""
TAGS = {"": ("", ""), "^": ("<sup>", "</sup>"), "_": ("<sub>", "</sub>")}


def text(parts):
    return "".join(f"{TAGS[place][0]}{escape(part)}{TAGS[place][1]}" for part, place in parts)


def cells(document, table, rows, name, first=0):
    """The rows as `tr` elements."""
    lines = [[] for _ in rows]
    for at, column, cell in starts(rows):
        classes = []
        if table.sides and table.sides[column] == "r":
            classes.append("r")
        if name == "th" and look(document).rotated and column > 0:
            classes.append("up")
        attributes = f' class="{" ".join(classes)}"' if classes else ""
        attributes += f' colspan="{cell.across}"' if cell.across > 1 else ""
        attributes += f' rowspan="{cell.down}"' if cell.down > 1 else ""
        lines[at].append(f"<{name}{attributes}>{text(cell.runs())}</{name}>")
    return "\n".join(f"<tr>{''.join(line)}</tr>" for line in lines)


def table(document, table):
    total = sum(table.widths)
    columns = "".join(f'<col style="width: {100 * width / total:.1f}%">' for width in table.widths)
    head = cells(document, table, table.rows[: table.head], "th")
    body = cells(document, table, table.body, "td")
    notes = "\n".join(f"<p>{text(runs(note))}</p>" for note in table.notes)
    return f"<table><colgroup>{columns}</colgroup>\n<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody></table>\n{notes}"


def write(document, path):
    shape = look(document)
    style = STYLE % {
        "latin": LATIN, "family": FAMILIES[document.language], "share": shape.share * 100, "size": SIZES[document.language], "pushed": shape.pushed,
        "border": "border: 0.6pt solid black;" if shape.lines else "", "padding": shape.padding,
        "head": "table-header-group" if shape.repeated else "table-row-group", "columns": shape.columns,
    }
    tables = "\n".join(table(document, one) for one in document.tables)
    if len(document.tables) > 1:
        tables = f'<div class="beside">{tables}</div>'
    before, after = ("\n".join(f"<p>{text(runs(line))}</p>" for line in lines) for lines in (document.before, document.after))
    body = f"{before}\n{tables}\n{after}"
    if shape.columns > 1:
        body = f'<div class="columns">{body}</div>'
    page = f'<!DOCTYPE html>\n<html lang="{document.language}"><head><meta charset="utf-8"><title>{escape(document.heading)}</title>'
    path.write_text(f"{page}\n<style>{style}</style></head>\n<body><h1>{escape(document.heading)}</h1>\n{body}\n</body></html>\n", encoding="utf-8")
