//! The text of a page while it is written.

use ego_tree::NodeRef;
use scraper::{Node, node::Element};

use super::{
    lists::{List, Marker},
    roles::acts_as,
    style::Script,
    table::Table,
};
use crate::extraction::scripts::{lowered, raised};

/// Elements that begin a line of their own with a blank line around it.
const PARAGRAPHS: [&str; 29] = [
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
    "legend",
    "center",
    "hgroup",
    "dialog",
    "search",
    "body",
];
/// Elements that begin a line of their own.
const LINES: [&str; 3] = ["br", "dt", "dd"];

/// Elements that no heading contains: one that does has lost its end tag.
const NOT_IN_HEADINGS: [&str; 6] = ["ul", "ol", "dl", "table", "section", "article"];
/// Bytes of a heading beyond which it has lost its end tag.
const LONGEST_HEADING: usize = 300;

/// A text that is appended to. The separator before its next word depends on that word.
#[derive(Default)]
struct Text {
    written: String,
    gap: Gap,
    /// The marks of headings and items that it ends with, by the bytes before them and the gap there; the next word
    /// goes behind the mark.
    marks: Vec<(usize, Gap)>,
    /// Whether the last of them is on the line of the next word.
    ends_with_mark: bool,
    /// Whether a heading is open, whose words stay on its line.
    is_heading: bool,
    /// Whether something in it is left out.
    lacks_some: bool,
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
        self.gap = self.gap.max(if self.is_heading { gap.min(Gap::Space) } else { gap });
    }

    fn push(&mut self, text: &str) {
        if !self.written.is_empty() {
            self.written.push_str(match self.gap {
                _ if std::mem::take(&mut self.ends_with_mark) => " ",
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Paragraph => "\n\n",
            });
        }
        self.gap = Gap::None;
        self.marks.clear();
        self.written.push_str(text);
    }

    /// Begins a new line even behind a mark: for another mark or a table.
    fn push_line(&mut self, text: &str) {
        self.ends_with_mark = false;
        self.push(text);
    }

    fn push_mark(&mut self, mark: &str) {
        let mut marks = std::mem::take(&mut self.marks);
        marks.push((self.written.len(), self.gap));
        self.push_line(mark);
        self.marks = marks;
        self.ends_with_mark = true;
    }

    /// Removes the mark of a heading or an item in which nothing was written.
    fn end_mark(&mut self) {
        if let Some((length, gap)) = self.marks.pop() {
            self.written.truncate(length);
            self.gap = gap;
            self.ends_with_mark = !self.marks.is_empty();
        }
    }
}

#[derive(Default)]
pub(super) struct Writer {
    /// The page; each open table cell, and raised or lowered text, has a text of its own.
    page: Text,
    within: Vec<Text>,
    tables: Vec<Table>,
    lists: Vec<List>,
    /// The depth of open `pre` elements.
    preformatted: usize,
}

impl Writer {
    pub(super) fn finished(self) -> String {
        self.page.written
    }

    fn top(&mut self) -> &mut Text {
        self.within.last_mut().unwrap_or(&mut self.page)
    }

    pub(super) fn write(&mut self, text: &str) {
        if self.preformatted > 0 {
            self.top().push(text);
            return;
        }
        let top = self.top();
        if text.starts_with(char::is_whitespace) {
            top.need(Gap::Space);
        }
        for word in text.split_whitespace() {
            top.push(word);
            top.need(Gap::Space);
        }
        if top.gap == Gap::Space && !text.ends_with(char::is_whitespace) {
            top.gap = Gap::None;
        }
    }

    /// Separates the words before and after this place.
    pub(super) fn part(&mut self) {
        self.top().need(Gap::Space);
    }

    pub(super) fn end_line(&mut self) {
        self.top().need(Gap::Line);
    }

    pub(super) fn write_line(&mut self, text: &str) {
        self.top().need(Gap::Paragraph);
        self.top().push(text);
        self.top().need(Gap::Paragraph);
    }

    /// Writes a sign of what stands behind it, as a ticked box.
    pub(super) fn write_sign(&mut self, sign: &str) {
        self.top().push(sign);
        self.top().need(Gap::Space);
    }

    /// Separates the words before and after this place, at which something is left out.
    pub(super) fn leave_out(&mut self) {
        self.part();
        self.top().lacks_some = true;
    }

    pub(super) fn begin_script(&mut self) {
        self.within.push(Text::default());
    }

    pub(super) fn add_empty_cell(&mut self, element: &Element) {
        if matches!(acts_as(element), "td" | "th") {
            self.table(|table| table.add(element, String::new(), true));
        }
    }

    /// Opens an element; the marker is that of an item of a list.
    pub(super) fn open(&mut self, element: &Element, node: NodeRef<'_, Node>, marker: Option<&Marker>) {
        let name = acts_as(element);
        if let Some(level) = heading(name) {
            self.top().need(Gap::Paragraph);
            self.top().push_mark(&"#".repeat(level));
            self.top().is_heading = is_closed(node);
        } else if PARAGRAPHS.contains(&name) {
            self.top().need(Gap::Paragraph);
        } else if LINES.contains(&name) {
            self.top().need(Gap::Line);
        }
        match name {
            "pre" => self.preformatted += 1,
            "ul" | "menu" => self.lists.push(List::default()),
            "ol" => {
                let is_item = |node: &NodeRef<'_, Node>| node.value().as_element().is_some_and(|it| it.name() == "li");
                self.lists.push(List::ordered(element, node.children().filter(is_item).count()));
            }
            "li" => self.item(element, marker),
            "table" => self.tables.push(Table::default()),
            "thead" | "tbody" | "tfoot" => self.table(|table| table.begin_part(name)),
            "tr" => self.table(Table::begin_row),
            "td" | "th" | "sup" | "sub" => self.within.push(Text::default()),
            _ => {}
        }
    }

    pub(super) fn close(&mut self, element: &Element, node: NodeRef<'_, Node>) {
        let name = acts_as(element);
        match name {
            "pre" => self.preformatted = self.preformatted.saturating_sub(1),
            "ul" | "ol" | "menu" => drop(self.lists.pop()),
            "table" => self.end_table(),
            "td" | "th" => {
                let text = self.within.pop().unwrap_or_default();
                let (text, lacks_some) = (text.written, text.lacks_some);
                match self.tables.last_mut() {
                    Some(table) => table.add(element, text, lacks_some),
                    None => self.top().push(&text),
                }
            }
            "sup" => self.end_script(Script::Raised, node),
            "sub" => self.end_script(Script::Lowered, node),
            "li" => self.top().end_mark(),
            _ => {}
        }
        if heading(name).is_some() {
            self.top().end_mark();
            self.top().is_heading = false;
        }
        if heading(name).is_some() || PARAGRAPHS.contains(&name) {
            self.top().need(Gap::Paragraph);
        } else if LINES.contains(&name) {
            self.top().need(Gap::Line);
        }
    }

    fn table(&mut self, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.last_mut() {
            change(table);
        }
    }

    fn end_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        let text = table.text();
        self.table(|outer| outer.has_tables = true);
        if !text.trim().is_empty() {
            self.top().push_line(text.trim_end());
        }
    }

    /// Ends raised or lowered text. A raised mark that links to a note is no exponent of the number before it.
    pub(super) fn end_script(&mut self, script: Script, node: NodeRef<'_, Node>) {
        let is_raised = script == Script::Raised;
        let Some(script) = self.within.pop() else { return };
        self.top().lacks_some |= script.lacks_some;
        let text = script.written.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return;
        }
        if is_raised && leads_to_note(node) {
            let mark = text.trim_matches(['[', ']', '(', ')']);
            self.top().need(Gap::Space);
            self.top().push(&format!("[{mark}]"));
        } else {
            let moved = if is_raised { raised(&text) } else { lowered(&text) };
            self.top().push(&moved);
        }
        if script.gap > Gap::None {
            self.top().need(Gap::Space);
        }
    }

    fn item(&mut self, element: &Element, marker: Option<&Marker>) {
        // Deeper levels are indented alike, so that the indentation does not outgrow the text.
        let depth = self.lists.len().clamp(1, 8) - 1;
        let kind = if let Some(Marker::Kind(kind)) = marker { Some(*kind) } else { None };
        let number = self.lists.last_mut().map_or_else(|| "-".to_owned(), |list| list.mark(element, kind));
        // A text in place of the number is written behind the mark.
        let has_number = !matches!(marker, Some(Marker::Text(text)) if !text.has_number && !text.is_incomplete);
        let mark = if has_number { number } else { "-".to_owned() };
        // In a cell the item shares a line with others, where a hyphen would be taken for the sign of a number.
        let mark = if mark == "-" && !self.tables.is_empty() { "•".to_owned() } else { mark };
        let top = self.top();
        top.gap = Gap::Line;
        top.push_mark(&format!("{}{mark}", "  ".repeat(depth)));
    }
}

/// Whether it is a link within the page, contains one, or is within one.
fn leads_to_note(node: NodeRef<'_, Node>) -> bool {
    let is_link = |node: NodeRef<'_, Node>| {
        let element = node.value().as_element();
        element.is_some_and(|it| it.name() == "a" && it.attr("href").is_some_and(|href| href.contains('#')))
    };
    is_link(node) || node.children().any(is_link) || node.parent().is_some_and(is_link)
}

/// Whether a heading has an end tag; without one, it would have all of the page in it.
fn is_closed(heading: NodeRef<'_, Node>) -> bool {
    let is_more =
        |node: NodeRef<'_, Node>| node.value().as_element().is_some_and(|it| NOT_IN_HEADINGS.contains(&it.name()));
    let length: usize = heading.descendants().filter_map(|node| node.value().as_text()).map(|text| text.len()).sum();
    length <= LONGEST_HEADING && !heading.descendants().any(is_more)
}

/// The level, 1 to 6, of `h1` to `h6`.
fn heading(name: &str) -> Option<usize> {
    match name.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}
