//! Normalizes Markdown: all headings and tables are written alike, and nothing that only looks like a heading stays.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{
    html::{self, signs::name_at},
    notes::{NoteKind, Notes},
};

/// Block elements of HTML within Markdown that hold the text of a page.
const BLOCKS: [&str; 18] = [
    "table",
    "details",
    "summary",
    "div",
    "p",
    "ul",
    "ol",
    "dl",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "center",
    "figure",
    "section",
];
/// Elements whose text is withdrawn.
const STRUCK: [&str; 3] = ["del", "s", "strike"];

/// Writes headings as `# …`, also underlined ones, and tables as `| a | b |`, also those without outer bars. Lines of
/// code and of front matter that begin with `#` are indented. Struck text (`~~…~~`) is withdrawn: it is left out, as
/// comments are, and a note says so. Tables and other blocks of HTML are written as those of pages.
pub(super) fn text(markdown: &str, notes: &mut Notes) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS | Options::ENABLE_STRIKETHROUGH;
    let mut text = String::with_capacity(markdown.len());
    let mut written = 0;
    let mut heading: Option<(Range<usize>, usize, String)> = None;
    // The depth of nested strikethrough.
    let mut struck = 0_usize;
    // The end of the part that HTML tags strike or hide.
    let mut cut = 0;
    // The range of the open table, and the struck ranges in it.
    let mut table: Option<(Range<usize>, Vec<Range<usize>>)> = None;
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            // A single tilde may mean "about": ~5 mg.
            Event::Start(Tag::Strikethrough) if struck > 0 || markdown[range.clone()].starts_with("~~") => {
                struck += 1;
                if struck == 1 {
                    notes.add(NoteKind::StruckLeftOut, None, None);
                    if let Some((_, struck)) = &mut table {
                        struck.push(range);
                    } else if heading.is_none() {
                        write_plain(&markdown[written..range.start.max(written)], &mut text);
                        written = range.end;
                    }
                }
            }
            Event::End(TagEnd::Strikethrough) => struck = struck.saturating_sub(1),
            Event::Text(_) | Event::Code(_) | Event::SoftBreak | Event::HardBreak | Event::InlineHtml(_)
                if struck > 0 || range.start < cut => {}
            _ if struck > 0 => {}
            Event::InlineHtml(tag) => {
                let Some((end, kind)) = withdrawn(markdown, &range, &tag) else { continue };
                notes.add(kind, None, None);
                cut = end;
                if let Some((_, struck)) = &mut table {
                    struck.push(range.start..end);
                } else if heading.is_none() {
                    write_plain(&markdown[written..range.start.max(written)], &mut text);
                    written = end;
                }
            }
            Event::Start(Tag::HtmlBlock) => {
                let Some(block) = block(&markdown[range.clone()], notes) else { continue };
                write_plain(&markdown[written..range.start.max(written)], &mut text);
                text.extend(["\n", block.as_str(), "\n\n"]);
                written = range.end;
            }
            Event::Start(Tag::Heading { level, .. }) => heading = Some((range, level as usize, String::new())),
            Event::Text(words) | Event::Code(words) => {
                if let Some((.., says)) = &mut heading {
                    says.push_str(&words);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some((.., says)) = &mut heading {
                    says.push(' ');
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let Some((range, level, says)) = heading.take() else { continue };
                write_plain(&markdown[written..range.start.max(written)], &mut text);
                super::write_heading(level, says.trim(), &mut text);
                written = range.end;
            }
            Event::Start(Tag::Table(_)) => table = Some((range, Vec::new())),
            Event::End(TagEnd::Table) => {
                let Some((range, struck)) = table.take() else { continue };
                write_plain(&markdown[written..range.start.max(written)], &mut text);
                write_table(&without(&markdown[range.clone()], range.start, &struck), &mut text);
                written = range.end;
            }
            _ => {}
        }
    }
    write_plain(&markdown[written.min(markdown.len())..], &mut text);
    text
}

/// The end of the part that a tag strikes or hides, and the kind of its note; `None` if the tag has no end.
fn withdrawn(markdown: &str, tag: &Range<usize>, says: &str) -> Option<(usize, NoteKind)> {
    if says.starts_with("<!--") {
        return Some((tag.end, NoteKind::HiddenLeftOut));
    }
    let name = STRUCK.iter().find(|name| tag_name(says) == **name)?;
    let rest = &markdown[tag.end..];
    let rest = &rest[..rest.find("\n\n").unwrap_or(rest.len())];
    let end = format!("</{name}>");
    rest.to_ascii_lowercase().find(&end).map(|at| (tag.end + at + end.len(), NoteKind::StruckLeftOut))
}

/// The name of a tag: `del` for `<del class=x>`.
fn tag_name(tag: &str) -> String {
    name_at(tag.trim_start().strip_prefix('<').unwrap_or_default())
}

/// The text of a block of HTML; `None` if it begins with no known block element.
fn block(tags: &str, notes: &mut Notes) -> Option<String> {
    let is_comment = tags.trim_start().starts_with("<!--");
    let is_end = tags.trim_start().starts_with("</");
    if is_comment && tags.contains(char::is_alphanumeric) {
        notes.add(NoteKind::HiddenLeftOut, None, None);
    }
    let is_known = is_comment || BLOCKS.contains(&tag_name(&tags.replacen("</", "<", usize::from(is_end))).as_str());
    if !is_known {
        return None;
    }
    html::text(tags, notes).ok()
}

/// A text without some of its parts, whose ranges count from `start` bytes before its beginning. Each is replaced by a
/// character of no width, which is removed later: an empty first cell would disappear from its row.
fn without(text: &str, start: usize, parts: &[Range<usize>]) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut written = 0;
    for part in parts {
        rest.push_str(&text[written..part.start - start]);
        rest.push('\u{200b}');
        written = part.end - start;
    }
    rest.push_str(&text[written..]);
    rest
}

/// Writes the rows of a table. Bars in cells stay escaped, and a cell beyond the last column is kept.
fn write_table(table: &str, text: &mut String) {
    // The marks before the table on its first line.
    text.truncate(text.trim_end_matches([' ', '\t', '>']).len());
    if !(text.is_empty() || text.ends_with('\n')) {
        text.push('\n');
    }
    for (at, line) in table.lines().enumerate() {
        // A table may stand in a block quote.
        let line = line.trim_start_matches(['>', ' ', '\t']).trim_end();
        let cells = cells(line);
        text.push('|');
        for cell in &cells {
            // The second line is the rule of dashes.
            text.extend([" ", if at == 1 { "---" } else { cell.trim() }, " |"]);
        }
        text.push('\n');
    }
}

fn cells(row: &str) -> Vec<&str> {
    let row = row.strip_prefix('|').unwrap_or(row);
    let (mut cells, mut start, mut before) = (Vec::new(), 0, ' ');
    for (at, sign) in row.char_indices() {
        if sign == '|' && before != '\\' {
            cells.push(&row[start..at]);
            start = at + 1;
        }
        before = sign;
    }
    if start < row.len() || cells.is_empty() {
        cells.push(&row[start..]);
    }
    cells
}

/// Writes text between headings; its lines that begin with `#` are indented.
fn write_plain(between: &str, text: &mut String) {
    for line in between.split_inclusive('\n') {
        if line.starts_with('#') {
            text.push_str("    ");
        }
        text.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::{NoteKind, Notes};

    fn text(markdown: &str) -> String {
        super::text(markdown, &mut Notes::default())
    }

    #[test]
    fn what_is_struck_is_left_out_and_told() {
        let mut notes = Notes::default();
        let read =
            super::text("# Zinc ~~old~~ now\n\nGive ~~60 **mg**~~ 20 mg, ~5 mg~.\n\n```\n~~code~~\n```\n", &mut notes);
        assert!(read.contains("# Zinc  now") && read.contains("Give  20 mg, ~5 mg~."), "{read}");
        assert!(read.contains("~~code~~") && !read.contains("60"), "{read}");
        assert_eq!(notes.finished().first().map(|note| (note.kind, note.count)), Some((NoteKind::StruckLeftOut, 2)));
    }

    #[test]
    fn what_tags_strike_or_hide_is_left_out_and_told() {
        let mut notes = Notes::default();
        let read = super::text(
            "# Zinc <s>old</s>\n\nGive <DEL>60 **mg**</DEL> 20 mg <!-- 90 mg -->daily, 10<sup>9</sup>.\n\n<!--\n70 mg\n-->\n\n\
            a | b\n- | -\nzinc | <del>50</del> 5\n\nlast <s>open",
            &mut notes,
        );
        assert!(read.contains("# Zinc\n") && read.contains("Give  20 mg daily, 10<sup>9</sup>."), "{read}");
        assert!(!["old", "60", "90", "70", "50"].iter().any(|gone| read.contains(gone)), "{read}");
        assert!(read.replace('\u{200b}', "").contains("| zinc |  5 |") && read.ends_with("last <s>open"), "{read}");
        let kinds: Vec<_> = notes.finished().iter().map(|note| (note.kind, note.count)).collect();
        assert_eq!(kinds, [(NoteKind::HiddenLeftOut, 2), (NoteKind::StruckLeftOut, 3)]);
    }

    #[test]
    fn limits_in_a_block_of_tags_are_no_tags() {
        let read = text(
            "<p>ALT <ULN and AST >3x; K <low</p>\n\n<div><b>BP</b> <target and >90</div>\n\n<p>HR </= 50, >90</p>",
        );
        for limits in ["ALT <ULN and AST >3x; K <low", "BP <target and >90", "HR </= 50, >90"] {
            assert!(read.contains(limits), "{read}");
        }
    }

    #[test]
    fn blocks_of_tags_are_read_as_on_a_page() {
        let read = text(
            "<table>\n<tr><th>Drug<th>Dose</tr>\n<tr><td>Zinc<td>10 mg<br>20 mg</tr>\n</table>\n\nText\n\n<details>\n<summary>More</summary>\n\n**b**\n\n</details>\n",
        );
        assert_eq!(
            read.trim(),
            "| Drug | Dose |\n| --- | --- |\n| Zinc | 10 mg 20 mg |\n\n\nText\n\n\nMore\n\n\n**b**"
        );
        let data = "<dose drug=\"zinc\" mg=\"20\"/>\n";
        assert_eq!(text(data), data);
    }

    #[test]
    fn headings_are_written_alike() {
        assert_eq!(text("Doses\n-----\nZinc.\n# *A* `b` #\nc").trim(), "## Doses\n\nZinc.\n\n\n# A b\n\nc");
    }

    #[test]
    fn tables_are_written_alike() {
        let table = "Doses:\n\n| Drug | Dose |\n| --- | --- |\n| Zinc \\| salt | 20 mg | mouth |\n";
        for markdown in [
            "Doses:\n\nDrug | Dose\n:-- | --:\nZinc \\| salt | 20 mg | mouth\n",
            "Doses:\n\n |Drug|Dose|\n |-|:-:|\n |Zinc \\| salt|20 mg|mouth|\n",
        ] {
            assert_eq!(text(markdown), table);
        }
        assert_eq!(text("> a | b\n> - | -\n> c | d\n\nx").trim(), "| a | b |\n| --- | --- |\n| c | d |\n\nx");
    }

    #[test]
    fn what_is_struck_in_a_table_is_left_out() {
        let read = text("a | b\n- | -\nzinc | ~~60 mg~~ 20 mg\n~~codeine~~ | 5 mg\n").replace('\u{200b}', "");
        assert_eq!(read, "| a | b |\n| --- | --- |\n| zinc |  20 mg |\n|  | 5 mg |\n");
    }

    #[test]
    fn what_only_looks_like_a_heading_is_none() {
        let text = text("---\n# comment\n---\n```\n# code\n```\n\n#hashtag\n");
        assert!(text.lines().all(|line| !line.starts_with('#')), "{text}");
        assert!(["# comment", "# code", "#hashtag"].iter().all(|line| text.contains(line)), "{text}");
    }
}
