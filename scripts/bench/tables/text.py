"""The text that a tool read, as lines that can be compared between tools."""

import html
import re
import unicodedata
from dataclasses import dataclass

RAISED = dict(zip("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"))
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
# Malayalam letters that end a syllable: written with a joiner before they had characters of their own.
CHILLUS = {"ണ്\u200d": "ൺ", "ന്\u200d": "ൻ", "ര്\u200d": "ർ", "ല്\u200d": "ൽ", "ള്\u200d": "ൾ", "ക്\u200d": "ൿ"}
RULE = re.compile(r"\|?[\s|:+=-]*-[\s|:+=-]*\|?")


def _digits(table):
    return lambda found: "".join(table.get(sign, sign) for sign in found[1])


def even(text):
    """The text with one spelling for everything that looks the same: entities, Markdown's escapes and tags, raised digits, joiners, blanks."""
    text = re.sub(r"(?i)<br\s*/?>", " ", text)
    # All dashes in a range or before a number read the same.
    text = re.sub("[\u2010-\u2013\u2212]", "-", text)
    text = re.sub(r"(?i)<sup>([^<]*)</sup>", _digits(RAISED), text)
    # SpO₂ and SpO2 are the same word; 10⁹ and 109 are not the same number.
    text = re.sub(r"(?i)<sub>([^<]*)</sub>", r"\1", text).translate(LOWERED)
    text = re.sub(r"\^\{?([0-9+-]+)\}?\^?", _digits(RAISED), text)
    text = html.unescape(text)
    text = re.sub(r"\\([\\`*_{}\[\]()#+.!<>~|-])", r"\1", text)
    text = re.sub(r"\*\*(?=\S)|(?<=\S)\*\*", "", text)
    for old, new in CHILLUS.items():
        text = text.replace(old, new)
    text = re.sub("[\u200b-\u200d\u2060\ufeff\u00ad]", "", text)
    return unicodedata.normalize("NFC", text.replace("\u03bc", "µ"))


def words(text):
    return " ".join(even(text).split())


def joins(sign):
    """Whether a sign beside a word or number changes it."""
    return unicodedata.category(sign)[0] in "LMN" and sign not in "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"


def find(needle, text, start=0):
    """The position of the words in the text as words of their own, or -1."""
    while needle and (at := text.find(needle, start)) >= 0:
        before, after = text[at - 1 : at], text[at + len(needle) : at + len(needle) + 2]
        # 5 is not in 2.5, nor in 5,000, 3-5 or -5.
        number = (needle[0].isdigit() and before in (*"-",)) or (
            needle[0].isdigit() and before in (*".,",) and text[at - 2 : at - 1].isdigit()) or (
            needle[-1].isdigit() and after[:1] in (*".,-",) and after[1:2].isdigit()
        )
        if not (before and joins(before)) and not (after and joins(after[0])) and not number:
            return at
        start = at + 1
    return -1


def holds(text, needle):
    return find(needle, text) >= 0


@dataclass
class Line:
    """A line: its cells if it is one of a table, and the whole with its blanks."""

    cells: list[str]
    raw: str
    # The number of the run of table lines that it belongs to; a line of text belongs to its page.
    block: int

    @property
    def text(self):
        return words(" ".join(self.cells) if self.cells else self.raw)


def cells(line):
    """The cells of a line of a Markdown table, or nothing."""
    bare = line.strip()
    if not bare.startswith("|") or len(bare) < 2:
        return []
    parts = re.split(r"(?<!\\)\|", bare[1:])
    return [words(part) for part in (parts[:-1] if not parts[-1].strip() else parts)]


def lines(pages):
    """All lines of the text. Consecutive lines of a table are one block."""
    found, block, inside = [], 0, False
    for page in pages:
        block, inside = block + 1, False
        for line in page.splitlines():
            row = cells(line)
            if row and RULE.fullmatch(line.strip()):
                continue
            if bool(row) != inside and (row or line.strip() or inside):
                block, inside = block + 1, bool(row)
            if line.strip():
                found.append(Line(row, even(line.rstrip()), block))
    return found
