//! The text of a page or of an e-book's chapter.

use std::{collections::HashMap, fmt::Write as _};

use ego_tree::iter::Edge;
use scraper::{Html, Node};

use super::{Unreadable, tables};

/// What is no text of the page.
const SKIPPED: [&str; 14] = [
    "script", "style", "noscript", "template", "head", "svg", "math", "nav", "select", "button", "iframe", "object",
    "audio", "video",
];
/// What begins a line of its own, with a blank line around it.
const PARAGRAPHS: [&str; 24] = [
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "aside",
    "blockquote",
    "pre",
    "ul",
    "ol",
    "dl",
    "table",
    "figure",
    "figcaption",
    "address",
    "fieldset",
    "form",
    "hr",
    "details",
    "summary",
    "caption",
    "body",
];
/// What begins a line of its own.
const LINES: [&str; 3] = ["br", "dt", "dd"];

/// Tags that are not closed; self-closing ones of drawings are among them.
const MAX_OPEN_TAGS: usize = 2_000;

/// The text of a page. The tree is walked without recursion: depth costs nothing.
pub(super) fn text(page: &str) -> Result<String, Unreadable> {
    if has_too_many_open_tags(page) {
        return Err(Unreadable::TooComplex);
    }
    let page = Html::parse_document(page);
    let mut writer = Writer { texts: vec![Text::default()], ..Writer::default() };
    let mut skipping = None;
    for edge in page.tree.root().traverse() {
        match (edge, skipping) {
            (Edge::Close(node), Some(id)) if node.id() == id => skipping = None,
            (_, Some(_)) => {}
            (Edge::Open(node), None) => match node.value() {
                Node::Text(text) => writer.write(text),
                Node::Element(element) if SKIPPED.contains(&element.name()) => skipping = Some(node.id()),
                Node::Element(element) => writer.open(element.name()),
                _ => {}
            },
            (Edge::Close(node), None) => {
                if let Node::Element(element) = node.value() {
                    writer.close(element.name());
                }
            }
        }
    }
    Ok(writer.texts.drain(..).map(|text| text.written).collect::<Vec<_>>().join("\n\n"))
}

/// Before the page is parsed, because a parser looks through all open elements at each tag. Elements that end by themselves
/// cannot be nested without others.
fn has_too_many_open_tags(html: &str) -> bool {
    const END_THEMSELVES: [&str; 36] = [
        "area", "base", "body", "br", "caption", "col", "colgroup", "dd", "dt", "embed", "frame", "head", "hr", "html",
        "img", "input", "li", "link", "meta", "optgroup", "option", "p", "param", "rp", "rt", "source", "tbody", "td",
        "tfoot", "th", "thead", "tr", "track", "wbr", "script", "style",
    ];
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut count = 0;
    for tag in html.split('<').skip(1) {
        let (is_end, named) = tag.strip_prefix('/').map_or((false, tag), |named| (true, named));
        let end = named.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').unwrap_or(named.len());
        let name = named[..end].to_ascii_lowercase();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || END_THEMSELVES.contains(&name.as_str()) {
            continue;
        }
        let of_name = open.entry(name).or_default();
        if !is_end {
            *of_name += 1;
            count += 1;
        } else if *of_name > 0 {
            *of_name -= 1;
            count -= 1;
        }
        if count > MAX_OPEN_TAGS {
            return true;
        }
    }
    false
}

/// A text that grows. What separates its next word from the one before is known only when the word comes.
#[derive(Default)]
struct Text {
    written: String,
    gap: Gap,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

impl Text {
    fn need(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn push(&mut self, text: &str) {
        if !self.written.is_empty() {
            self.written.push_str(match self.gap {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Paragraph => "\n\n",
            });
        }
        self.gap = Gap::None;
        self.written.push_str(text);
    }
}

#[derive(Default)]
struct Writer {
    /// The page, and in it each open cell of a table.
    texts: Vec<Text>,
    /// The cells of each open row.
    rows: Vec<Vec<String>>,
    /// Of each open table, how many rows it has so far.
    tables: Vec<usize>,
    /// The number of the next item of each open list; none in a list without numbers.
    lists: Vec<Option<u32>>,
    /// Open elements whose line breaks count.
    preformatted: usize,
}

impl Writer {
    fn top(&mut self) -> &mut Text {
        if self.texts.is_empty() {
            self.texts.push(Text::default());
        }
        self.texts.last_mut().expect("there is one now")
    }

    fn write(&mut self, text: &str) {
        if self.preformatted > 0 {
            self.top().push(text);
            return;
        }
        if text.starts_with(char::is_whitespace) {
            self.top().need(Gap::Space);
        }
        for word in text.split_whitespace() {
            self.top().push(word);
            self.top().need(Gap::Space);
        }
        let top = self.top();
        if top.gap == Gap::Space && !text.ends_with(char::is_whitespace) {
            top.gap = Gap::None;
        }
    }

    fn open(&mut self, name: &str) {
        if let Some(level) = heading(name) {
            self.top().need(Gap::Paragraph);
            self.top().push(&"#".repeat(level));
            self.top().need(Gap::Space);
        } else if PARAGRAPHS.contains(&name) {
            self.top().need(Gap::Paragraph);
        } else if LINES.contains(&name) {
            self.top().need(Gap::Line);
        }
        match name {
            "pre" => self.preformatted += 1,
            "ul" => self.lists.push(None),
            "ol" => self.lists.push(Some(1)),
            "li" => self.item(),
            "table" => self.tables.push(0),
            "tr" => self.rows.push(Vec::new()),
            "td" | "th" => self.texts.push(Text::default()),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "pre" => self.preformatted = self.preformatted.saturating_sub(1),
            "ul" | "ol" => drop(self.lists.pop()),
            "table" => drop(self.tables.pop()),
            "tr" => self.end_row(),
            "td" | "th" if self.texts.len() > 1 => {
                let cell = self.texts.pop().map(|text| text.written).unwrap_or_default();
                match self.rows.last_mut() {
                    Some(row) => row.push(cell),
                    None => self.top().push(&cell),
                }
            }
            _ => {}
        }
        if heading(name).is_some() || PARAGRAPHS.contains(&name) {
            self.top().need(Gap::Paragraph);
        } else if LINES.contains(&name) {
            self.top().need(Gap::Line);
        }
    }

    fn item(&mut self) {
        // Deeper ones are as deep: what they are indented by would outgrow what they say.
        let depth = self.lists.len().clamp(1, 8) - 1;
        let mut mark = "  ".repeat(depth);
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let _ = write!(mark, "{number}.");
                *number = number.saturating_add(1);
            }
            _ => mark.push('-'),
        }
        let top = self.top();
        top.gap = Gap::Line;
        top.push(&mark);
        top.need(Gap::Space);
    }

    fn end_row(&mut self) {
        let Some(cells) = self.rows.pop() else { return };
        let count = cells.iter().filter(|cell| !cell.is_empty()).count();
        if count == 0 {
            return;
        }
        let rows_before = self.tables.last_mut().map_or(0, |rows| {
            *rows += 1;
            *rows - 1
        });
        // One cell is no table but a way to lay out a page.
        if cells.len() == 1 {
            self.top().need(Gap::Paragraph);
            let cell = cells.concat();
            self.top().push(&cell);
            self.top().need(Gap::Paragraph);
            return;
        }
        self.top().need(Gap::Line);
        let line = tables::row(cells.iter().map(String::as_str));
        self.top().push(&line);
        self.top().need(Gap::Line);
        if rows_before == 0 {
            self.top().push(&tables::rule(cells.len()));
            self.top().need(Gap::Line);
        }
    }
}

/// 1 to 6 for `h1` to `h6`.
fn heading(name: &str) -> Option<usize> {
    match name.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}
