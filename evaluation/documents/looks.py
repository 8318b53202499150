"""How the layouts look in those formats that are drawn: rules, white space, page, fonts."""

from dataclasses import dataclass

# Fonts by language: the family by name, for programs that look fonts up.
FAMILIES = {"en": "Liberation Sans", "ml": "Noto Sans Malayalam", "hi": "Noto Sans Devanagari"}
LATIN = "Liberation Sans"
# Malayalam's words are long.
SIZES = {"en": 10, "ml": 8.5, "hi": 10}
# Lengths in points.
TIGHT, USUAL, ROOMY = 0.5, 2.5, 8.0


@dataclass(frozen=True)
class Look:
    lines: bool = True
    # White space above and below a row's text.
    padding: float = USUAL
    # The table's width as part of the page's.
    share: float = 1.0
    rotated: bool = False
    columns: int = 1
    # Whether a second page of the table has the header again.
    repeated: bool = True
    # White space above the table, so that it meets the page's end.
    pushed: float = 0.0


LOOKS = {
    "tight": Look(padding=TIGHT),
    "roomy": Look(padding=ROOMY),
    "pages-repeated": Look(pushed=180),
    "pages-not-repeated": Look(pushed=180, repeated=False),
    "side-by-side": Look(share=0.47),
    "in-columns": Look(columns=2),
    "rotated": Look(rotated=True, share=0.8),
    "no-lines": Look(lines=False),
    "wrapped": Look(share=0.75),
}


def look(document):
    return LOOKS.get(document.layout, Look())
