//! Word processor files, slides and sheets: OOXML, and the binary formats before it.

use undoc::{
    Block, Cell, ErrorKind, FormatType, HeadingLevel, ListType, Paragraph, Section, Table, model::RevisionType,
};

use super::{Part, Unreadable, tables, write_heading};

/// One part for each slide or sheet; one for a whole text.
pub(super) fn sections(bytes: &[u8]) -> Result<Vec<Part>, Unreadable> {
    let format = undoc::detect_format_from_bytes(bytes).map_err(|error| unreadable(&error))?;
    let document = undoc::parse_bytes(bytes).map_err(|error| unreadable(&error))?;
    let is_slides = matches!(format, FormatType::Pptx | FormatType::Ppt);
    let is_sheets = matches!(format, FormatType::Xlsx | FormatType::Xls);
    let part = |(page, section): (u32, &Section)| {
        let mut text = text_of(section);
        // The name of a sheet says what is in it; one without content says nothing.
        if let (true, Some(name)) = (is_sheets && !text.trim().is_empty(), &section.name) {
            text.insert_str(0, &format!("# {name}\n\n"));
        }
        Part { page: is_slides.then_some(page), text }
    };
    Ok((1..).zip(&document.sections).map(part).collect())
}

fn unreadable(error: &undoc::Error) -> Unreadable {
    match error.kind() {
        ErrorKind::Encrypted => Unreadable::Encrypted,
        ErrorKind::UnknownFormat | ErrorKind::UnsupportedFormat => Unreadable::UnsupportedFormat,
        _ => Unreadable::Damaged,
    }
}

fn text_of(section: &Section) -> String {
    let mut text = String::new();
    for block in &section.content {
        match block {
            Block::Paragraph(paragraph) => write_paragraph(paragraph, &mut text),
            Block::Table(table) => write_table(table, &mut text),
            Block::Note { content, .. } => content.iter().for_each(|note| write_paragraph(note, &mut text)),
            Block::PageBreak | Block::SectionBreak | Block::Image { .. } => {}
        }
    }
    section.notes.iter().flatten().for_each(|note| write_paragraph(note, &mut text));
    text
}

fn write_paragraph(paragraph: &Paragraph, text: &mut String) {
    let words = words_of(paragraph);
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

/// What was deleted while changes were tracked is not part of the text, and neither are the marks of footnotes.
fn words_of(paragraph: &Paragraph) -> String {
    let mut words = String::new();
    for run in paragraph.runs.iter().filter(|run| run.revision != RevisionType::Deleted) {
        words.push_str(&run.text);
        if run.line_break || run.page_break {
            words.push('\n');
        }
    }
    words
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

fn write_table(table: &Table, text: &mut String) {
    text.push_str("\n\n");
    if let Some(caption) = &table.caption {
        text.extend([caption, "\n"]);
    }
    let rows = table.rows.iter().map(|row| row.cells.iter().map(words_of_cell).collect::<Vec<_>>());
    let rows: Vec<Vec<String>> = rows.filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
    for (at, row) in rows.iter().enumerate() {
        text.push_str(&tables::row(row.iter().map(String::as_str)));
        text.push('\n');
        if at == 0 && rows.len() > 1 {
            text.push_str(&tables::rule(row.len()));
            text.push('\n');
        }
    }
    text.push('\n');
}

fn words_of_cell(cell: &Cell) -> String {
    let mut words: Vec<String> = cell.content.iter().map(words_of).collect();
    for table in &cell.nested_tables {
        words.extend(table.rows.iter().flat_map(|row| &row.cells).map(words_of_cell));
    }
    words.join(" ")
}
