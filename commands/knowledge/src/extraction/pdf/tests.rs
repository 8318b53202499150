//! Whole pages, read with Poppler.

mod columns;
mod covered;
mod forms;
mod layers;
mod letters;
mod seen;
mod stacked;
mod turned;
mod withdrawn;
mod wrapped;

use std::fmt::Write as _;

use proptest::{prop_assert, proptest};

use super::*;
use crate::extraction::{FileHints, Note, Reading, extract};

/// A PDF under construction: pages of text in one type, and lines.
#[derive(Default)]
struct Sheet {
    pages: Vec<String>,
    font: Option<&'static str>,
    /// A second font, and its `ToUnicode` stream.
    signs: Option<(&'static str, String)>,
    /// The annotations of every page.
    annotations: String,
    crop: Option<&'static str>,
    /// The graphics states that pages can set.
    states: &'static str,
    /// Further resources of every page, and entries of the catalog.
    resources: &'static str,
    catalog: &'static str,
    /// Further objects, of which the first of a file of one page has the number 6.
    objects: Vec<String>,
}

impl Sheet {
    fn page(mut self) -> Self {
        self.pages.push(String::new());
        self
    }

    fn draw(mut self, drawn: &str) -> Self {
        if self.pages.is_empty() {
            self = self.page();
        }
        let page = self.pages.last_mut().expect("there is one");
        page.push_str(drawn);
        page.push('\n');
        self
    }

    /// Adds text of this size at a position in points from the left and the top.
    fn text(self, size: u32, left: u32, top: u32, text: &str) -> Self {
        self.draw(&format!("BT /F1 {size} Tf {left} {} Td ({text}) Tj ET", 800 - top))
    }

    /// Adds lines that are not wrapped.
    fn lines(self, left: u32, top: u32, lines: &[&str]) -> Self {
        (top..).step_by(12).zip(lines).fold(self, |sheet, (top, line)| sheet.text(10, left, top, line))
    }

    /// Adds rows of cells at a distance of so many points.
    fn rows(self, lefts: &[u32], top: u32, apart: usize, rows: &[&[&str]]) -> Self {
        (top..).step_by(apart).zip(rows).fold(self, |sheet, (top, row)| {
            lefts.iter().zip(*row).fold(sheet, |sheet, (left, cell)| sheet.text(10, *left, top, cell))
        })
    }

    fn line(self, (left, top): (u32, u32), (right, bottom): (u32, u32)) -> Self {
        self.draw(&format!("{left} {} m {right} {} l S", 800 - top, 800 - bottom))
    }

    /// Draws lines around all cells.
    fn grid(self, lefts: &[u32], tops: &[u32]) -> Self {
        let (left, right) = (lefts[0], lefts[lefts.len() - 1]);
        let (top, bottom) = (tops[0], tops[tops.len() - 1]);
        let sheet = lefts.iter().fold(self, |sheet, at| sheet.line((*at, top), (*at, bottom)));
        tops.iter().fold(sheet, |sheet, at| sheet.line((left, *at), (right, *at)))
    }

    fn bytes(&self) -> Vec<u8> {
        let font = self.font.unwrap_or("Helvetica");
        let kids: Vec<String> = (0..self.pages.len()).map(|at| format!("{} 0 R", 4 + 2 * at)).collect();
        let mut objects = vec![
            format!("<</Type/Catalog/Pages 2 0 R{}>>", self.catalog),
            format!("<</Type/Pages/Count {}/Kids[{}]>>", kids.len(), kids.join(" ")),
            format!("<</Type/Font/Subtype/Type1/BaseFont/{font}>>"),
        ];
        for (at, page) in self.pages.iter().enumerate() {
            let signs = self.signs.as_ref().map_or_else(String::new, |_| format!("/F2 {} 0 R", 4 + 2 * kids.len()));
            let own = format!(
                "/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R{signs}>>/ExtGState<<{}>>{}>>",
                self.states, self.resources
            );
            let annotations = &self.annotations;
            let (contents, crop) = (5 + 2 * at, self.crop.unwrap_or("0 0 600 800"));
            objects.push(format!(
                "<</Type/Page/Parent 2 0 R{own}/CropBox[{crop}]/Annots[{annotations}]/Contents {contents} 0 R>>"
            ));
            objects.push(format!("<</Length {}>>stream\n{page}\nendstream", page.len()));
        }
        if let Some((font, characters)) = &self.signs {
            let map = 5 + 2 * kids.len();
            objects.push(format!("<</Type/Font/Subtype/Type1/BaseFont/{font}/ToUnicode {map} 0 R>>"));
            objects.push(characters.clone());
        }
        objects.extend(self.objects.iter().cloned());
        let mut file = String::from("%PDF-1.4\n");
        let mut places = String::new();
        for (number, object) in (1..).zip(&objects) {
            writeln!(places, "{:010} 00000 n ", file.len()).expect("it is a string");
            writeln!(file, "{number} 0 obj\n{object}\nendobj").expect("it is a string");
        }
        let (count, start) = (objects.len() + 1, file.len());
        write!(file, "xref\n0 {count}\n0000000000 65535 f \n{places}").expect("it is a string");
        writeln!(file, "trailer<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF").expect("it is a string");
        file.into_bytes()
    }

    fn read(&self) -> Reading {
        extract(&self.bytes(), &FileHints::default()).expect("it is a PDF with text")
    }

    fn says(&self) -> String {
        self.read().parts.into_iter().map(|part| part.text).collect::<Vec<_>>().join("\n\n")
    }
}

#[track_caller]
fn has_rows(text: &str, rows: &[&str]) {
    for row in rows {
        assert!(text.lines().any(|line| line == *row), "no line {row} in\n{text}");
    }
}

const DOSES: [&[&str]; 4] = [
    &["Drug", "Dose", "How often"],
    &["Paracetamol", "15 mg/kg", "every 6 h"],
    &["Amoxicillin", "40 mg/kg", "every 12 h"],
    &["Gentamicin", "7.5 mg/kg", "once a day"],
];
const DOSE_ROWS: [&str; 4] = [
    "| Drug | Dose | How often |",
    "| Paracetamol | 15 mg/kg | every 6 h |",
    "| Amoxicillin | 40 mg/kg | every 12 h |",
    "| Gentamicin | 7.5 mg/kg | once a day |",
];

#[test]
fn a_drug_keeps_its_dose_in_tight_and_in_roomy_rows_with_and_without_lines() {
    for apart in [11, 14, 24] {
        let table = || Sheet::default().rows(&[52, 152, 252], 100, apart, &DOSES);
        has_rows(&table().says(), &DOSE_ROWS);
        let height = u32::try_from(apart).expect("it is small");
        let tops: Vec<u32> = (0..5).map(|row| 90 + row * height).collect();
        has_rows(&table().grid(&[50, 150, 250, 350], &tops).says(), &DOSE_ROWS);
    }
}

#[test]
fn a_cell_without_text_stays_empty() {
    let rows: [&[&str]; 4] = [
        &["Drug", "Child", "Adult"],
        &["Codeine", "", "30 mg"],
        &["Zinc", "10 mg", "20 mg"],
        &["Aspirin", "", "300 mg"],
    ];
    let expected = ["| Codeine |  | 30 mg |", "| Zinc | 10 mg | 20 mg |", "| Aspirin |  | 300 mg |"];
    has_rows(&Sheet::default().rows(&[50, 150, 250], 100, 14, &rows).says(), &expected);
}

#[test]
fn a_cell_over_two_rows_belongs_to_both() {
    let sheet = Sheet::default()
        .rows(
            &[52, 152, 252],
            100,
            20,
            &[&["Drug", "Age", "Dose"], &["", "child", "15 mg/kg"], &["", "adult", "500 mg"]],
        )
        .text(10, 52, 130, "Paracetamol")
        .grid(&[50, 150, 250, 350], &[90, 107])
        .grid(&[50, 150], &[107, 147])
        .grid(&[150, 250, 350], &[107, 127, 147]);
    has_rows(&sheet.says(), &["| Paracetamol | child | 15 mg/kg |", "| Paracetamol | adult | 500 mg |"]);
}

#[test]
fn a_cell_of_several_lines_is_one() {
    let sheet = Sheet::default()
        .rows(&[50, 150], 100, 14, &[&["Drug", "Dose"]])
        .rows(&[50, 150], 120, 11, &[&["Oxytocin", "10 IU into a muscle at once,"], &["", "then 20 IU in a drip"]])
        .rows(&[50, 150], 150, 11, &[&["Magnesium", "4 g into a vein over 20"], &["", "minutes"]]);
    let expected = [
        "| Oxytocin | 10 IU into a muscle at once, then 20 IU in a drip |",
        "| Magnesium | 4 g into a vein over 20 minutes |",
    ];
    has_rows(&sheet.says(), &expected);
}

const LEFT: [&str; 7] = [
    "Every child with fever is seen by a nurse",
    "within the hour. The weight is taken on a",
    "scale and it is written down before any",
    "medicine is given. Danger signs are looked",
    "for at each of the visits, and the mother",
    "is asked about feeding, about vomiting and",
    "about convulsions in the last two days.",
];
const RIGHT: [&str; 7] = [
    "Burns are cooled under clean and running",
    "water for twenty minutes. Neither ice nor",
    "oil is put on them. The rest of the body",
    "is kept warm. Pain is treated early, and",
    "burns of the face, of the hands and of the",
    "feet are sent to the hospital on the very",
    "same day, with a letter from the nurse.",
];

#[test]
fn prose_in_two_columns_is_read_one_after_the_other() {
    let text = Sheet::default().lines(50, 100, &LEFT).lines(310, 100, &RIGHT).says();
    assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), [LEFT.join(" "), RIGHT.join(" ")].join(" "));
}

#[test]
fn a_table_in_a_column_of_prose_keeps_its_rows() {
    let text = Sheet::default()
        .lines(50, 100, &LEFT)
        .rows(&[50, 130, 200], 190, 13, &DOSES)
        .lines(50, 260, &LEFT)
        .lines(310, 100, &RIGHT)
        .lines(310, 184, &RIGHT)
        .lines(310, 268, &RIGHT)
        .says();
    has_rows(&text, &DOSE_ROWS);
    has_rows(&text, &[LEFT[0], RIGHT[0]]);
}

#[test]
fn a_table_that_goes_on_on_the_next_page_has_its_header_there() {
    let lefts = [50, 150, 250, 350];
    let sheet = Sheet::default()
        .rows(&[52, 152, 252], 700, 20, &DOSES[..3])
        .grid(&lefts, &[688, 708, 728, 748])
        .page()
        .rows(&[52, 152, 252], 60, 20, &DOSES[3..])
        .grid(&lefts, &[48, 68]);
    let parts = sheet.read().parts;
    has_rows(&parts[1].text, &[DOSE_ROWS[0], DOSE_ROWS[3]]);
}

#[test]
fn lists_and_addresses_are_no_tables() {
    let sheet = Sheet::default()
        .rows(&[50, 70], 100, 13, &[&["1.", "Wash your hands"], &["2.", "Weigh the child"], &["3.", "Give zinc"]])
        .lines(50, 300, &["District Hospital", "Main Road 5", "Kochi 682 001"]);
    assert_eq!(sheet.says().matches('|').count(), 0, "{}", sheet.says());
}

#[test]
fn a_range_that_is_broken_at_the_end_of_a_line_is_whole() {
    let broken = ["Give morphine 5-", "10 mg. The well-", "known drug stops diarr-", "hoea. Give 50 mg/", "kg then."];
    let text = Sheet::default().lines(50, 100, &broken).says();
    assert_eq!(text, "Give morphine 5-10 mg. The well-known drug stops diarrhoea. Give 50 mg/kg then.");
}

#[test]
fn a_capital_before_a_hyphen_at_the_end_of_a_line_keeps_it() {
    let text =
        Sheet::default().lines(50, 100, &["Warfarin lowers the vitamin K-", "dependent factors of the blood."]).says();
    assert_eq!(text, "Warfarin lowers the vitamin K-dependent factors of the blood.");
}

#[test]
fn a_smaller_digit_on_the_line_is_a_digit_of_the_number() {
    let drawn = |zero: &str| format!("BT /F1 11 Tf 50 700 Td (Give 5) Tj /F1 6 Tf {zero} /F1 11 Tf ( mg daily) Tj ET");
    assert_eq!(Sheet::default().draw(&drawn("(0) Tj")).says(), "Give 50 mg daily");
    assert_eq!(Sheet::default().draw(&drawn("4 Ts (0) Tj 0 Ts")).says(), "Give 5⁰ mg daily");
    assert_eq!(Sheet::default().draw(&drawn("-2 Ts (0) Tj 0 Ts")).says(), "Give 5₀ mg daily");
}

#[test]
fn what_is_raised_or_lowered_is_no_digit_of_the_number() {
    let sheet = Sheet::default()
        .draw("BT /F1 10 Tf 50 700 Td (Platelets 10) Tj 4 Ts /F1 6 Tf (9) Tj 0 Ts /F1 10 Tf (/L, CO) Tj")
        .draw("-3 Ts /F1 6 Tf (2) Tj 0 Ts /F1 10 Tf ( high, 400 mg) Tj 4 Ts /F1 6 Tf (a) Tj ET");
    assert_eq!(sheet.says(), "Platelets 10⁹/L, CO₂ high, 400 mg^(a)");
}

#[test]
fn a_font_of_before_unicode_is_named() {
    let sheet = Sheet { font: Some("ABCDEF+ML-TTKarthika"), ..Sheet::default() }.text(10, 50, 100, "Xncph\\\\´");
    let notes = sheet.read().notes;
    let expected =
        Note { kind: NoteKind::LegacyFontUnknown, count: 1, pages: vec![1], names: vec!["ML-TTKarthika".to_owned()] };
    assert_eq!(notes, [expected]);
}

proptest! {
    #[test]
    fn no_layout_makes_us_panic_or_lose_a_letter(
        words in proptest::collection::vec((0_u16..60, 0_u16..40, 1_u16..9, "[a-z0-9]{1,6}|ज|क्षे|-|\\.", 0_u8..3), 0..60),
        lines in proptest::collection::vec((0_u16..60, 0_u16..40, 0_u16..60), 0..20),
    ) {
        let mut page = words::Pages::default();
        let mut read = page.take("<page width=\"600\" height=\"800\">");
        for (left, top, width, text, kind) in &words {
            if *kind == 0 {
                page.take("<flow>");
            }
            let place = format!(
                "xMin=\"{}\" yMin=\"{}\" xMax=\"{}\" yMax=\"{}\"",
                left * 10, top * 10, (left + width) * 10, top * 10 + 9 + u16::from(*kind)
            );
            page.take(&format!("<line {place}>"));
            page.take(&format!("<word {place}>{text}</word>"));
            page.take("</line>");
        }
        read = page.take("</page>").or(read);
        let mut page = read.expect("it ended");
        let line = |(at, from, length): &(u16, u16, u16)| drawn::Line {
            at: f32::from(*at) * 10.0,
            from: f32::from(*from) * 10.0,
            to: f32::from(from + length) * 10.0,
        };
        let (across, down) = lines.split_at(lines.len() / 2);
        let drawn = drawn::Drawn {
            across: across.iter().map(line).collect(),
            down: down.iter().map(line).collect(),
            ..drawn::Drawn::default()
        };
        mended::mend(&mut page, &drawn);
        let (items, _) = page::items(&page, &drawn, true);
        let letters = |text: &str| text.chars().filter(char::is_ascii_alphabetic).count();
        let read: usize = items
            .iter()
            .map(|item| match item {
                Item::Line { text, .. } => letters(text),
                Item::Table { grid, .. } => grid.rows.iter().flatten().map(|cell| letters(&cell.text)).sum(),
                Item::Rows { lines } => lines.iter().map(|line| letters(line)).sum(),
            })
            .sum();
        let text = written::text(&items, &headings::Levels::default(), &Words::default());
        prop_assert!(!text.is_empty());
        prop_assert!(read >= words.iter().map(|word| letters(&word.3)).sum::<usize>());
    }
}
