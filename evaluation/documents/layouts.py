"""The layouts: for each a document in a language, and the formats that can express it."""

import random

import strings
from spec import Cell, Document, Table
from words import words

# Three makers of PDF. The first draws English with reportlab; it cannot draw letters that join so that they can be read back, and
# Typst stands in its place for Malayalam and Hindi.
PDF = ["reportlab.pdf", "libreoffice.pdf", "chromium.pdf"]
OFFICE = ["docx", "xlsx", "pptx"]
# Which formats a layout is made in: what a format cannot say, or says just as it says another layout, is left out.
FORMATS = {
    "tight": [*PDF, *OFFICE, "html", "csv"],
    "roomy": [*PDF, "docx", "pptx", "html"],
    "empty": [*PDF, *OFFICE, "html", "csv"],
    "two-headers": [*PDF, *OFFICE, "html"],
    "across": [*PDF, *OFFICE, "html"],
    "down": [*PDF, *OFFICE, "html"],
    "title-row": [*PDF, *OFFICE, "html", "csv"],
    "footnotes": [*PDF, *OFFICE, "html", "csv"],
    "wrapped": [*PDF, *OFFICE, "html", "csv"],
    "pages-repeated": [*PDF, "docx"],
    "pages-not-repeated": [*PDF, "docx"],
    "side-by-side": [*PDF, *OFFICE, "html", "csv"],
    "in-columns": [*PDF, "docx"],
    "rotated": [*PDF, *OFFICE, "html"],
    "right-aligned": [*PDF, *OFFICE, "html"],
    "no-lines": [*PDF, "docx", "pptx", "html"],
    "sections": [*PDF, *OFFICE, "html", "csv"],
    # Numbers and their formats: only a workbook has them.
    "strings-shown": ["xlsx"],
}


def formats(document):
    """In which formats a document is made."""
    first = {"reportlab.pdf": "reportlab.pdf" if document.language == "en" else "typst.pdf"}
    return [first.get(form, form) for form in FORMATS.get(document.layout, FORMATS["tight"])]


class Maker:
    """Draws words and numbers, the same for the same seed."""

    def __init__(self, layout, language, seed):
        self.layout, self.language, self.words = layout, language, words(language)
        self.random = random.Random(f"{layout} {language} {seed}")

    def some(self, kind, count):
        """So many of these words, none twice."""
        return self.random.sample(self.words[kind], count)

    def short(self, count):
        """Names of medicines that fit into narrow columns."""
        return self.random.sample(sorted(self.words["drugs"], key=len)[:16], count)

    def any(self, kind):
        return self.random.choice(self.words[kind])

    def numbers(self, count, low=2, high=90):
        """Different amounts, as doses are: 2.5, 40, 750."""
        steps = [*range(low, min(high, 20)), *range(20, high, 5), *(half + 0.5 for half in range(low, 10, 2)), 100, 125, 250, 300, 375, 625, 750]
        return [f"{number:g}" for number in self.random.sample(sorted(set(steps)), count)]

    def doses(self, count, unit="unit"):
        return [f"{number} {self.words[unit]}" for number in self.numbers(count)]

    def document(self, *tables, before=1, after=1):
        prose = self.some("prose", before + after)
        heading = self.words["heading"].format(self.random.randint(2, 9))
        return Document(self.layout, self.language, heading, prose[:before], list(tables), prose[before:])

    def plain(self, rows=9, drugs=None):
        """Drug, dose for a child, dose for an adult, how often."""
        drugs = drugs or self.some("drugs", rows)
        child, adult = self.doses(len(drugs), "unit kg"), self.doses(len(drugs))
        header = self.header("drug", "child", "adult", "often")
        body = [[Cell(drug), Cell(a), Cell(b), Cell(self.any("oftens"))] for drug, a, b in zip(drugs, child, adult)]
        return Table([header], body, widths=[3, 2, 2, 3])

    def header(self, *kinds):
        return [Cell(self.words[kind]) for kind in kinds]


def plain(make):
    return make.document(make.plain())


def empty(make):
    table = make.plain(10)
    for at, row in enumerate(table.body):
        # Each row lacks one, two or none of its values, each column is empty at some place.
        for gap in [(1,), (2,), (3,), (1, 3), (), (2, 3), (1, 2), (1,), (), (2,)][at]:
            row[gap] = Cell()
    return make.document(table)


def two_headers(make):
    say, drugs = make.words, make.some("drugs", 9)
    header = [
        [Cell(say["drug"], down=2), Cell(say["dose mg"], across=2), Cell(say["by age"], across=2), Cell(say["often"], down=2)],
        [Cell(say["child"]), Cell(say["adult"]), Cell(say["morning"]), Cell(say["night"])],
    ]
    values = [make.numbers(9) for _ in range(4)]
    body = [[Cell(drug), *(Cell(column[at]) for column in values), Cell(make.any("oftens"))] for at, drug in enumerate(drugs)]
    return make.document(Table(header, body, widths=[3, 1.6, 1.6, 1.6, 1.6, 3]))


def across(make):
    table = make.plain(9)
    for at in (1, 4, 7):
        row = table.body[at]
        table.body[at] = [row[0], Cell(row[1].text, across=2), row[3]]
    table.body[5] = [table.body[5][0], Cell(make.words["ask"], across=3)]
    return make.document(table)


def down(make):
    say = make.words
    body = []
    doses = iter(make.doses(20))
    for drug, rows in zip(make.some("drugs", 5), (2, 3, 1, 2, 3)):
        often = Cell(make.any("oftens"), down=rows)
        ages = [age for age in say["ages"]][:rows]
        for at, age in enumerate(ages):
            first, last = ([Cell(drug, down=rows)], [often]) if at == 0 else ([], [])
            body.append([*first, Cell(age), Cell(next(doses)), *last])
    return make.document(Table([make.header("drug", "age", "dose", "often")], body, names=2, widths=[3, 2, 2, 3]))


def title_row(make):
    table = make.plain(8)
    table.title = make.words["title"].format(make.random.randint(2, 9))
    return make.document(table)


def footnotes(make):
    table, notes = make.plain(8), make.words["notes"]
    for (row, column), mark in {(1, 0): "1", (2, 1): "2", (4, 2): "*", (5, 1): "1", (6, 0): "*", (7, 2): "2"}.items():
        table.body[row][column] = Cell(table.body[row][column].text, mark=mark)
    table.header[0][2] = Cell(table.header[0][2].text, mark="2")
    # Amounts without a unit: a mark that is glued to them is another amount.
    for at, number in enumerate(make.numbers(8)):
        table.body[at][2] = Cell(number, mark=table.body[at][2].mark)
    table.notes = [f"^{{{mark}}} {note}" for mark, note in zip(("1", "2", "*"), notes)]
    return make.document(table)


def wrapped(make):
    body, often = [], make.some("oftens", 6)
    for at, drug in enumerate(make.some("long drugs", 6)):
        a, b = make.numbers(2)
        body.append([Cell(drug), Cell(make.any("long doses").format(a, b)), Cell(often[at])])
    return make.document(Table([make.header("drug", "dose", "often")], body, widths=[2, 2.4, 1.6]))


def pages(make):
    return make.document(make.plain(32), before=2)


def side_by_side(make):
    drugs = make.short(14)
    tables = []
    for part in (drugs[:7], drugs[7:]):
        body = [[Cell(drug), Cell(dose), Cell(make.any("routes"))] for drug, dose in zip(part, make.doses(7))]
        tables.append(Table([make.header("drug", "dose", "route")], body, widths=[1.4, 1.1, 1.5]))
    return make.document(*tables)


def in_columns(make):
    body = [[Cell(drug), Cell(dose), Cell(make.any("forms"))] for drug, dose in zip(make.short(8), make.doses(8))]
    return make.document(Table([make.header("drug", "dose", "form")], body, widths=[1.4, 1.1, 1.3]), before=3, after=5)


def rotated(make):
    say = make.words
    kinds = ["strength", "morning", "noon", "night", "most"]
    values = [make.numbers(9) for _ in kinds]
    body = [[Cell(drug), *(Cell(column[at]) for column in values)] for at, drug in enumerate(make.some("drugs", 9))]
    return make.document(Table([[Cell(say["drug"]), *make.header(*kinds)]], body, widths=[3, 1, 1, 1, 1, 1]))


def right_aligned(make):
    header = make.header("drug", "strength", "dose mg", "stock")
    body = []
    for drug in make.some("drugs", 10):
        strength, dose, stock = make.random.choice((0.25, 0.5, 2.5, 7.5, 12.5)), make.random.randint(1, 90) * 5, make.random.randint(1001, 9999)
        strength *= make.random.randint(1, 4)
        body.append([Cell(drug), Cell(f"{strength:.2f}", number=strength, shown_by="0.00"), Cell(f"{dose}", number=dose, shown_by="0"),
                     Cell(f"{stock:,}", number=stock, shown_by="#,##0")])
    return make.document(Table([header], body, widths=[3, 2, 2, 2], sides="lrrr"))


def sections(make):
    table, body = make.plain(9), []
    for at, section in enumerate(make.words["sections"]):
        body += [[Cell(section, across=4)], *table.body[3 * at : 3 * at + 3]]
    # The same medicine with another dose in another section: only the section tells them apart.
    body[5][0] = Cell(body[1][0].text)
    table.body = body
    return make.document(table)


MAKERS = {
    "tight": plain, "roomy": plain, "empty": empty, "two-headers": two_headers, "across": across, "down": down, "title-row": title_row,
    "footnotes": footnotes, "wrapped": wrapped, "pages-repeated": pages, "pages-not-repeated": pages, "side-by-side": side_by_side,
    "in-columns": in_columns, "rotated": rotated, "right-aligned": right_aligned, "no-lines": plain, "sections": sections,
}


def documents(languages, seed):
    """All documents of these languages."""
    made = []
    for language in languages:
        made += [make(Maker(layout, language, seed)) for layout, make in MAKERS.items()]
        made += [strings.document(Maker(kind, language, seed), kind, texts) for kind, texts in strings.kinds(language).items()]
    return made
