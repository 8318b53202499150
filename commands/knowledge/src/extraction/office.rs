//! Word processor files and slides: OOXML; and the binary formats before it, sheets too.

use undoc::{
    Block, Cell, ErrorKind, FormatType, HeadingLevel, ListType, Paragraph, Section, Table, model::RevisionType,
};

use super::{
    NoteKind, Part, Unreadable, docx,
    notes::Notes,
    ooxml::{
        package::Package,
        report::{Faces, Report},
        xml::{Element, Handler, Ns},
    },
    pptx,
    scripts::{Gap, Script, Words},
    tables::{self, Grid},
    write_heading,
};

/// The text: one part for each slide or sheet, one for a whole document.
pub(super) fn sections(bytes: &[u8], notes: &mut Notes) -> Result<Vec<Part>, Unreadable> {
    if bytes.starts_with(b"PK") {
        let mut package = Package::open(bytes)?;
        if let Some(main) = package.main_part()? {
            let mut root = Root(None);
            // The handler stops at the first element by returning an error.
            if let (Err(error), None) = (package.read(&main, &mut root), root.0) {
                return Err(error);
            }
            match root.0 {
                Some(Ns::Word) => return docx::text(&mut package, &main, notes),
                Some(Ns::Slides) => return pptx::slides(&mut package, &main, notes),
                _ => {}
            }
        }
    }
    by_undoc(bytes, notes)
}

/// The namespace of the root element.
struct Root(Option<Ns>);

impl Handler for Root {
    type Tag = ();

    fn open(&mut self, element: &Element<'_>, _: Option<()>) -> Result<Option<()>, Unreadable> {
        self.0 = Some(element.ns);
        Err(Unreadable::UnsupportedFormat)
    }

    fn close(&mut self, (): ()) -> Result<(), Unreadable> {
        Ok(())
    }

    fn text(&mut self, _: &str, (): ()) {}
}

/// Reads the binary formats. Much of their look is not known: styles, merged cells, symbol fonts.
fn by_undoc(bytes: &[u8], notes: &mut Notes) -> Result<Vec<Part>, Unreadable> {
    let format = undoc::detect_format_from_bytes(bytes).map_err(|error| unreadable(&error))?;
    let document = undoc::parse_bytes(bytes).map_err(|error| unreadable(&error))?;
    let is_slides = matches!(format, FormatType::Pptx | FormatType::Ppt);
    let is_sheets = matches!(format, FormatType::Xlsx | FormatType::Xls);
    let mut reader = BinaryFormat { report: Report::new(notes), is_sheets };
    reader.report.add(NoteKind::OldFormat, None);
    let mut part = |(page, section): (u32, &Section)| {
        reader.report.page = is_slides.then_some(page);
        let mut text = reader.text_of(section);
        // A sheet's name describes its content; without content it is left out.
        if let (true, Some(name)) = (is_sheets && !text.trim().is_empty(), &section.name) {
            text.insert_str(0, &format!("# {name}\n\n"));
        }
        Part { page: is_slides.then_some(page), text }
    };
    Ok((1..).zip(&document.sections).map(&mut part).collect())
}

fn unreadable(error: &undoc::Error) -> Unreadable {
    match error.kind() {
        ErrorKind::Encrypted => Unreadable::Encrypted,
        ErrorKind::UnknownFormat | ErrorKind::UnsupportedFormat => Unreadable::UnsupportedFormat,
        _ => Unreadable::Damaged,
    }
}

/// Writes the content of a binary format.
struct BinaryFormat<'n> {
    report: Report<'n>,
    is_sheets: bool,
}

impl BinaryFormat<'_> {
    fn text_of(&mut self, section: &Section) -> String {
        let mut text = String::new();
        for (name, paragraphs) in [("Header", &section.header), ("Footer", &section.footer)] {
            let lines = paragraphs.iter().flatten().map(|paragraph| self.words_of(paragraph));
            let says: Vec<String> = lines.filter(|line| line.contains(char::is_alphabetic)).collect();
            if !says.is_empty() {
                text.extend([name, ": ", &says.join("\n"), "\n\n"]);
            }
        }
        for block in &section.content {
            match block {
                Block::Paragraph(paragraph) => self.write_paragraph(paragraph, &mut text),
                Block::Table(table) => self.write_table(table, &mut text),
                Block::Note { content, .. } => content.iter().for_each(|note| self.write_paragraph(note, &mut text)),
                Block::PageBreak | Block::SectionBreak | Block::Image { .. } => {}
            }
        }
        section.notes.iter().flatten().for_each(|note| self.write_paragraph(note, &mut text));
        text
    }

    fn write_paragraph(&mut self, paragraph: &Paragraph, text: &mut String) {
        let words = self.words_of(paragraph);
        if words.trim().is_empty() {
            return;
        }
        let level = level_of(paragraph.heading);
        match (&paragraph.list_info, level) {
            (_, 1..) => write_heading(level, &words.replace('\n', " "), text),
            (Some(list), _) => {
                let indentation = "  ".repeat(usize::from(list.level.min(8)));
                let mark = match (list.list_type, list.number) {
                    (ListType::Numbered, Some(number)) => format!("{number}."),
                    _ => "-".to_owned(),
                };
                text.extend(["\n", &indentation, &mark, " ", &words]);
            }
            (None, _) => text.extend(["\n\n", &words, "\n\n"]),
        }
    }

    /// The words of a paragraph, without text that was struck or deleted by a tracked change and without footnote
    /// marks.
    fn words_of(&mut self, paragraph: &Paragraph) -> String {
        let mut words = Words::default();
        for run in &paragraph.runs {
            let style = &run.style;
            if run.revision == RevisionType::Deleted {
                self.report.add(NoteKind::ChangesLeftOut, None);
            } else if style.strikethrough {
                self.report.add(NoteKind::StruckLeftOut, None);
                words.leave_out(Gap::Struck);
            } else {
                let script = match (style.superscript, style.subscript) {
                    (true, _) => Script::Raised,
                    (_, true) => Script::Lowered,
                    _ => Script::Base,
                };
                words.push(&self.report.shown(&run.text, Faces::default()), script);
            }
            if run.line_break || run.page_break {
                words.push("\n", Script::Base);
            }
        }
        words.finished()
    }

    fn write_table(&mut self, table: &Table, text: &mut String) {
        text.push_str("\n\n");
        if let Some(caption) = &table.caption {
            text.extend([caption, "\n"]);
        }
        let mut cell = |cell: &Cell| tables::Cell {
            text: self.words_of_cell(cell),
            across: usize::try_from(cell.col_span).unwrap_or(1),
            down: usize::try_from(cell.row_span).unwrap_or(1),
        };
        let rows = table.rows.iter().map(|row| row.cells.iter().map(&mut cell).collect());
        let grid = Grid { header_rows: None, rows: rows.collect() };
        if !self.is_sheets && may_have_merged_cells(&grid) {
            self.report.add(NoteKind::ColumnsUncertain, None);
        }
        grid.write(text);
        text.push('\n');
    }

    fn words_of_cell(&mut self, cell: &Cell) -> String {
        let mut words: Vec<String> = cell.content.iter().map(|paragraph| self.words_of(paragraph)).collect();
        for table in &cell.nested_tables {
            words.extend(table.rows.iter().flat_map(|row| &row.cells).map(|cell| self.words_of_cell(cell)));
        }
        words.join(" ")
    }
}

/// Whether a table may have merged cells: word processors leave out the cells that a cell covers in its row, and leave
/// those empty that it covers in rows below.
fn may_have_merged_cells(grid: &Grid) -> bool {
    let lengths = grid.rows.windows(2).any(|pair| pair[0].len() != pair[1].len());
    let is_nameless = |row: &Vec<tables::Cell>| row.first().is_some_and(|cell| cell.text.trim().is_empty());
    lengths || grid.rows.iter().skip(1).any(is_nameless)
}

const fn level_of(heading: HeadingLevel) -> usize {
    match heading {
        HeadingLevel::None => 0,
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use undoc::{TextRun, model::TextStyle};

    use super::*;

    fn run(text: &str, change: fn(&mut TextStyle)) -> TextRun {
        let mut style = TextStyle::default();
        change(&mut style);
        TextRun::styled(text, style)
    }

    fn plain(text: &str) -> TextRun {
        run(text, |_| {})
    }

    /// The text that is read of the blocks, and the kinds of the notes.
    fn read(blocks: Vec<Block>) -> (String, Vec<NoteKind>) {
        let mut notes = Notes::default();
        let mut section = Section::new(0);
        section.content = blocks;
        let text = BinaryFormat { report: Report::new(&mut notes), is_sheets: false }.text_of(&section);
        (text.trim().to_owned(), notes.finished().iter().map(|note| note.kind).collect())
    }

    fn paragraph(runs: Vec<TextRun>) -> Paragraph {
        let mut paragraph = Paragraph::new();
        paragraph.runs = runs;
        paragraph
    }

    #[test]
    fn struck_raised_and_unknown_characters_of_old_files_are_no_plain_text() {
        let struck = run("50 mg ", |style| style.strikethrough = true);
        let raised = run("9", |style| style.superscript = true);
        let runs = vec![plain("Give "), struck, plain("5 \u{f06d}g, 10"), raised, plain("/L")];
        let expected = ("Give 5 \u{fffd}g, 10⁹/L".to_owned(), vec![NoteKind::StruckLeftOut, NoteKind::UnknownSymbols]);
        assert_eq!(read(vec![Block::Paragraph(paragraph(runs))]), expected);
    }

    #[test]
    fn the_header_of_an_old_file_is_read() {
        let mut notes = Notes::default();
        let mut section = Section::new(0);
        section.header = Some(vec![paragraph(vec![plain("Neonates only")])]);
        section.footer = Some(vec![paragraph(vec![plain(" 7 ")])]);
        section.content = vec![Block::Paragraph(paragraph(vec![plain("5 mg")]))];
        let text = BinaryFormat { report: Report::new(&mut notes), is_sheets: false }.text_of(&section);
        assert_eq!(crate::extraction::tidy::tidy(&text), "Header: Neonates only\n\n5 mg");
    }

    #[test]
    fn merged_cells_of_old_files_are_told() {
        let table = |rows: &[&[&str]]| {
            let mut table = Table::new();
            for row in rows {
                let mut cells = undoc::Row::new();
                for text in *row {
                    let mut cell = Cell::new();
                    cell.content = vec![paragraph(vec![plain(text)])];
                    cells.cells.push(cell);
                }
                table.rows.push(cells);
            }
            read(vec![Block::Table(table)]).1
        };
        assert_eq!(
            table(&[&["Drug", "Age", "Dose"], &["Zinc", "child", "10 mg"], &["", "adult", "20 mg"]]),
            [NoteKind::ColumnsUncertain]
        );
        assert_eq!(
            table(&[&["Drug", "Dose (mg)", "Route"], &["", "Child", "Adult", ""]]),
            [NoteKind::ColumnsUncertain]
        );
        assert_eq!(table(&[&["Drug", "Dose"], &["Zinc", "10 mg"]]), []);
    }
}
