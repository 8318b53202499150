"""Finds columns in lines without cells: by the positions of the words, or by their order."""

import re

from text import find, holds, words


def chunks(raw):
    """The parts of a line between two blanks or tabs, with their start and end."""
    return [(found.start(), found.end(), words(found[0])) for found in re.finditer(r"\S+(?: \S+)*", raw.replace("\t", "    "))]


def by_order(line, row, head, table):
    """All cells, if the lines have only the text of the rows, with one name for each column and no cell empty."""
    texts = [*row["names"], *(cell["value"] for cell in row["cells"])]
    if len(table.header) != 1 or not all(texts) or line.text != " ".join(texts):
        return set()
    header = " ".join(table.header[0])
    return set(range(len(row["cells"]))) if any(one.text == header for one in head[-2:]) else set()


def by_place(line, row, head, table):
    """The cells whose text is below the nearest header, in lines whose columns are aligned by blanks."""
    if "  " not in line.raw.strip():
        return set()
    leaves = []
    for one in head:
        for begin, end, text in chunks(one.raw):
            leaves += [(begin, end, text)] if text in {*table.header[-1], *(name for level in table.header for name in level)} else []
    right = set()
    for at, cell in enumerate(row["cells"]):
        for begin, end, text in chunks(line.raw):
            if not cell["value"] or text != cell["value"]:
                continue
            above = [leaf[2] for leaf in leaves if leaf[0] < end and begin < leaf[1]]
            own = set(cell["columns"])
            if own <= set(above) and not any(name in table.columns and name not in own for name in above):
                right.add(at)
    return right


def plain_columns(line, row, block, table):
    """The cells of the row that are right in a line without cells."""
    at = block.index(line)
    first = next(place for place, one in enumerate(block) if any(holds(one.text, other["names"][0]) for other in table.rows))
    head = block[: min(first, at)]
    named = [one for one in head if any(find(name, one.text) >= 0 for level in table.header for name in level)]
    return max(by_order(line, row, named, table), by_place(line, row, named, table), key=len)
