//! The text of Markdown for speech: the visible text without markup.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{
    RANGE, TIMES,
    html::{decoded, element, is_on_lines},
};

/// Bytes of the longest HTML tag.
const LONGEST_TAG: usize = 1_024;

/// Stands for an empty cell of a table.
const NOTHING: char = '∅';

/// The text of Markdown, line by line. Raised and lowered digits become Unicode's, check boxes become signs.
pub(super) fn text_of(markdown: &str) -> String {
    let markdown = with_factors(markdown);
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let mut page = Page { markdown: &markdown, text: String::with_capacity(markdown.len()), ..Page::default() };
    for (event, range) in Parser::new_ext(&markdown, options).into_offset_iter() {
        page.add(event, range);
    }
    page.text.trim().to_owned()
}

#[derive(Default)]
struct Page<'a> {
    markdown: &'a str,
    text: String,
    /// The open lists, with the number of the next item of each ordered one.
    lists: Vec<Option<u64>>,
    /// The start of the current table row, and of its last cell.
    row: usize,
    cell: usize,
    /// Whether a cell of a Markdown table is open.
    is_in_cell: bool,
    /// Whether the next block is the first of a list item.
    begins_item: bool,
    /// Whether the next text begins a false quote.
    begins_quote: bool,
    /// The number of open marks, and of open HTML elements in this block, that strike the text.
    struck: u32,
    struck_by_html: u32,
    /// The HTML block that is being read.
    html: String,
    /// The start of the text of each open link, and whether it leads to another page.
    links: Vec<(usize, bool)>,
    level: Level,
}

/// The vertical position of text in its line.
#[derive(Clone, Copy, Default, PartialEq)]
enum Level {
    #[default]
    Line,
    Raised,
    Lowered,
}

impl Page<'_> {
    fn add(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Text(words) | Event::Code(words) => self.push(&words),
            // A tag may continue in the next line of a block.
            Event::Html(html) => self.html.push_str(&html),
            Event::InlineHtml(tag) => self.push_tag(&tag),
            // Two blanks, so that a number at the end of a line and a fraction below it are not one.
            Event::SoftBreak => self.push("  "),
            Event::TaskListMarker(is_ticked) => self.push(if is_ticked { "☑ " } else { "☐ " }),
            Event::Start(tag) => self.start(&tag, range),
            Event::End(end) => self.end(end, range),
            Event::HardBreak | Event::Rule => self.end_line(),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::List(first) => {
                self.end_line();
                self.lists.push(*first);
            }
            Tag::Item => {
                if let Some(Some(number)) = self.lists.last_mut() {
                    self.text.extend([&number.to_string(), ". "]);
                    *number += 1;
                }
                self.begins_item = true;
                return;
            }
            // "- > 94 %" and ">94 %" are no quotes.
            Tag::BlockQuote(_) => {
                let is_glued = self.markdown[range.start..].trim_start_matches('>').starts_with(char::is_numeric);
                self.begins_quote = self.begins_item || is_glued;
            }
            Tag::TableRow | Tag::TableHead => self.row = self.text.len(),
            Tag::TableCell => {
                self.text.push_str(if self.text.len() == self.row { "" } else { ", " });
                self.cell = self.text.len();
                self.is_in_cell = true;
            }
            Tag::Strikethrough if self.is_struck(&range) => self.struck += 1,
            // "5~10 mg … 20~30 mg" is two ranges.
            Tag::Strikethrough => self.push("~"),
            Tag::Link { dest_url, .. } => {
                let is_address = dest_url.contains("://") || dest_url.starts_with(['#', '/']);
                self.links.push((self.text.len(), is_address));
            }
            Tag::Paragraph => return,
            _ => {}
        }
        self.begins_item = false;
    }

    fn end(&mut self, end: TagEnd, range: Range<usize>) {
        match end {
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.html);
                self.push_html(&html);
                self.end_line();
            }
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::CodeBlock => {
                self.end_line();
            }
            TagEnd::TableHead | TagEnd::TableRow => self.end_row(),
            // An empty cell is marked; otherwise the next cell would be heard in its place.
            TagEnd::TableCell => {
                self.is_in_cell = false;
                if self.text[self.cell..].trim().is_empty() {
                    self.text.push(NOTHING);
                }
            }
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::Strikethrough if self.is_struck(&range) => self.struck = self.struck.saturating_sub(1),
            TagEnd::Strikethrough => self.push("~"),
            TagEnd::Link => self.end_link(),
            _ => {}
        }
    }

    /// Ends a link; one whose text is only a number is a reference and is not spoken.
    fn end_link(&mut self) {
        let Some((start, true)) = self.links.pop() else { return };
        let is_of_reference = |c: char| c.is_numeric() || c.is_whitespace() || matches!(c, '[' | ']' | '^' | ',');
        if self.text.get(start..).is_some_and(|text| text.chars().all(is_of_reference)) {
            self.text.truncate(start);
        }
    }

    /// Whether two tildes strike out this range. Between letters or digits they do not: "5~~10".
    fn is_struck(&self, range: &Range<usize>) -> bool {
        let (before, inner) = (&self.markdown[..range.start], &self.markdown[range.clone()]);
        let after = &self.markdown[range.end..];
        inner.starts_with("~~") && !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
    }

    fn push(&mut self, words: &str) {
        if self.struck > 0 || self.struck_by_html > 0 {
            return;
        }
        let begins_quote = std::mem::take(&mut self.begins_quote);
        self.begins_item = false;
        if begins_quote && words.starts_with(char::is_numeric) {
            self.text.push_str("> ");
        }
        match self.level {
            Level::Line => self.text.push_str(words),
            level => self.push_shifted(words, level),
        }
    }

    /// Writes raised or lowered digits: 10<sup>9</sup> is not 109.
    fn push_shifted(&mut self, words: &str, level: Level) {
        let shifted = |sign: char| -> Option<char> {
            let (raised, lowered) = match sign {
                '1' => ('¹', '₁'),
                '2' => ('²', '₂'),
                '3' => ('³', '₃'),
                '0' | '4'..='9' => {
                    let digit = sign.to_digit(10)?;
                    (char::from_u32(0x2070 + digit)?, char::from_u32(0x2080 + digit)?)
                }
                '+' => ('⁺', '₊'),
                '-' | '−' | '–' => ('⁻', '₋'),
                _ => return None,
            };
            Some(if level == Level::Raised { raised } else { lowered })
        };
        let all: Option<String> = words.trim().chars().map(shifted).collect();
        match all {
            Some(all) => self.text.push_str(&all),
            None if matches!(words.trim(), "st" | "nd" | "rd" | "th") => self.text.push_str(words),
            // The mark of a footnote is kept apart from the unit before it.
            None if level == Level::Raised => self.text.extend([" ", words]),
            None => self.text.push_str(words),
        }
    }

    /// Writes the text of an HTML block.
    fn push_html(&mut self, html: &str) {
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            self.push_words(&rest[..at]);
            let end = rest[at..].bytes().take(LONGEST_TAG).position(|byte| byte == b'>');
            let tag = end.map(|end| &rest[at..=at + end]).filter(|tag| element(tag).is_some()).unwrap_or("<");
            self.push_tag(tag);
            rest = &rest[at + tag.len()..];
        }
        self.push_words(rest);
    }

    /// Writes text of HTML, in which white space is a blank.
    fn push_words(&mut self, text: &str) {
        let text = decoded(text);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            return;
        }
        let is_apart = text.starts_with(char::is_whitespace) && !self.text.ends_with(char::is_whitespace);
        let before = if is_apart { " " } else { "" };
        let after = if text.ends_with(char::is_whitespace) { " " } else { "" };
        self.push(&format!("{before}{words}{after}"));
    }

    fn push_tag(&mut self, tag: &str) {
        let is_end = tag.trim_start().starts_with("</");
        match element(tag) {
            Some("del" | "s" | "strike") if is_end => self.struck_by_html = self.struck_by_html.saturating_sub(1),
            Some("del" | "s" | "strike") => self.struck_by_html += 1,
            Some("sup" | "sub") if is_end => self.level = Level::Line,
            Some("sup") => self.level = Level::Raised,
            Some("sub") => self.level = Level::Lowered,
            Some("td" | "th") if !is_end => {
                let is_first = self.text.is_empty() || self.text.ends_with('\n');
                self.push(if is_first { "" } else { ", " });
                self.cell = self.text.len();
            }
            Some("td" | "th") if self.text.get(self.cell..).is_some_and(|cell| cell.trim().is_empty()) => {
                self.text.push(NOTHING);
            }
            Some(name) if is_on_lines(name) && (name == "br" || !self.is_in_cell) => self.break_line(),
            Some(name) if is_on_lines(name) => self.push(" "),
            Some(_) => {}
            None => self.push_words(tag),
        }
    }

    /// Ends a table row; a row without words, such as the head of a table with unnamed columns, is not spoken.
    fn end_row(&mut self) {
        if self.text[self.row..].chars().all(|c| matches!(c, NOTHING | ',' | ' ')) {
            self.text.truncate(self.row);
        }
        self.end_line();
    }

    fn end_line(&mut self) {
        // Unclosed elements end with their block, so that the rest of the answer is not lost.
        self.level = Level::Line;
        self.struck_by_html = 0;
        self.begins_quote = false;
        self.break_line();
    }

    fn break_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

/// The Markdown with each `*` between two signs of a dose, as in "1*3*5 days", replaced by the multiplication sign. The
/// operators that answers have in place of `~` and `*` are treated alike.
fn with_factors(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let (mut before, mut signs) = (None, markdown.chars().peekable());
    while let Some(sign) = signs.next() {
        let is_factor = |c: char| c.is_alphanumeric();
        let after = signs.peek().copied();
        let is_between = before.is_some_and(is_factor) && after.is_some_and(is_factor);
        let has_number = before.is_some_and(char::is_numeric) || after.is_some_and(char::is_numeric);
        match sign {
            TIMES => text.push_str(" × "),
            '*' if is_between && has_number => text.push_str(" × "),
            RANGE => text.push('~'),
            _ => text.push(sign),
        }
        before = Some(sign);
    }
    text
}
