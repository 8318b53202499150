"""Doses and measurements whose signs, raised digits and ranges must come back as they stand on the page."""

from spec import Cell, Document, Table

KINDS = {
    "ranges": """5-10 mg;5–10 mg;0.5 - 1 mg;10 to 15 mg/kg;2–4 ml/kg/h;3-5 days;1–2 tablets;0.25–0.5 mg;12-hourly;-5 to -3 mmol/L;2½–3 ml
        ;100-150 mg/kg/day""",
    "units": """500 µg;0.5 mcg;1,000 IU;10 000 units;40 mmol/L;7.5 mg/kg/day;75 mg/m^{2};1:1000;1 : 10,000;0.9 %;5%;37.5 °C;120/80 mmHg;.5 mg
        ;2 MU;10 cmH_{2}O""",
    "exponents": """150 × 10^{9}/L;1.5 × 10^{6} IU;10^{-3} mol/L;Ca^{2+} 2.2 mmol/L;1.73 m^{2};10⁹/L;4.5 × 10¹²/L;HCO_{3}^{-} 24 mmol/L;SpO_{2} 92 %
        ;PaCO_{2} 45 mmHg;B_{12} 1 mg;kg/m^{2} 18.5""",
    "fractions": """½ tablet;1½ tablets;1/2 ampoule;¼ of 5 mg;¾ vial;1 1/2 ml;2,5 mg;0,25 mg;1.000 mg;0.05 ml;12,5 mg/kg;⅓ sachet""",
    "schedules": """1-0-1;1-1-1-1;½-0-½;0-0-1;q6h;q 8 h;stat;p.r.n.;b.d.;3 × daily;2x/day;8-hourly;OD;q.i.d.;2 * 5 mg * 3;5 mg | 10 mg""",
    "signs": """≥ 5 years;≤ 10 kg;< 94 %;> 38.5 °C;± 0.5 mg;−2.5;-4 °C;→ 250 mg;≈ 3 ml;<5 kg;>5 kg;2 & 3;= 2 ampoules;+ 10 mmol KCl;~ 5 ml;5 < x < 10""",
}
NATIVE = {
    "hi": "५०० मि.ग्रा.;२.५ मि.ली.;१-०-१;½ गोली;हर ६ घंटे;≥ ५ वर्ष;< १० कि.ग्रा.;10–15 mg/kg;१.५ × 10^{6} IU;SpO_{2} < 94 %;1-1-1;५%",
    "ml": "൫൦൦ മി.ഗ്രാം;൨.൫ മി.ലി.;1-0-1;½ ഗുളിക;ഓരോ 6 മണിക്കൂർ;≥ 5 വയസ്സ്;< 10 കി.ഗ്രാം;10–15 mg/kg;1.5 × 10^{6} IU;SpO_{2} < 94 %;1-1-1;5%",
}
# Values that a workbook holds as numbers: the number, its format, what the sheet shows.
SHOWN = [
    (0.125, "0.0%", "12.5%"), (0.5, "0%", "50%"), (0.604166666666667, "hh:mm", "14:30"), (1.25, "[h]:mm", "30:00"), (7, "0000", "0007"),
    (1234.5, "#,##0.00", "1,234.50"), (0.000015, "0.0E+00", "1.5E-05"), (46082, "yyyy-mm-dd", "2026-03-01"), (46082, "dd/mm/yyyy", "01/03/2026"),
    (5, '0" mg"', "5 mg"), (0.25, '0.00" mg/kg"', "0.25 mg/kg"), (12.5, '"≥ "0.0', "≥ 12.5"), (2.5, "0.00", "2.50"), (1500, '#,##0" IU"', "1,500 IU"),
    (150000, r"##\,##\,##0", "1,50,000"), (-5, "0;(0)", "(5)"), (1.5, "# ?/?", "1 1/2"), (0.1 + 0.2, "General", "0.3"),
]


def document(make, kind, strings):
    """A table of the strings, and a sentence with each."""
    drugs = make.some("drugs", len(strings))
    rows = [[Cell(drug), text if isinstance(text, Cell) else Cell(text)] for drug, text in zip(drugs, strings)]
    heading = make.words["heading"].format(make.random.randint(2, 9))
    sentences = [f"{drug}: {row[1].text}." for drug, row in zip(reversed(drugs), rows)]
    return Document(kind, make.language, heading, sentences, [Table([make.header("drug", "dose")], rows, widths=[3, 3])])


def split(text):
    return [" ".join(part.split()) for part in text.split(";")]


def kinds(language):
    """The kinds of strings in a language, each with its strings."""
    if language != "en":
        return {"strings-native": split(NATIVE[language])}
    return {
        **{f"strings-{kind}": split(text) for kind, text in KINDS.items()},
        "strings-shown": [Cell(text, number=number, shown_by=form) for number, form, text in SHOWN],
    }
