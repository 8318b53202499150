//! Markdown for ears.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Elements of HTML that say nothing themselves; anything else in angle brackets is text: "weight <two kg".
const ELEMENTS: [&str; 24] = [
    "b", "i", "u", "s", "p", "a", "br", "hr", "em", "strong", "sub", "sup", "span", "div", "ul", "ol", "li", "table",
    "tr", "td", "th", "code", "small", "mark",
];

/// What is said of an answer: its words, numbers and signs, without those of Markdown, and without addresses of links.
pub(crate) fn spoken(markdown: &str) -> String {
    // No strikethrough: "5~10 mg … 20~30 mg" is two ranges.
    let markdown = with_factors(markdown).replace("~~", "");
    let mut text = String::with_capacity(markdown.len());
    let mut items: Vec<Option<u64>> = Vec::new();
    let mut is_first_cell = true;
    for event in Parser::new_ext(&markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            Event::Html(html) | Event::InlineHtml(html) => match element(&html) {
                Some("br" | "td" | "th" | "li" | "p" | "div") => text.push(' '),
                Some(_) => {}
                None => text.push_str(&html),
            },
            Event::SoftBreak => text.push(' '),
            Event::HardBreak
            | Event::Rule
            | Event::End(
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::TableHead
                | TagEnd::TableRow
                | TagEnd::HtmlBlock,
            ) => end_line(&mut text),
            Event::Start(Tag::List(first)) => {
                end_line(&mut text);
                items.push(first);
            }
            Event::End(TagEnd::List(_)) => drop(items.pop()),
            Event::Start(Tag::Item) => {
                if let Some(Some(number)) = items.last_mut() {
                    text.extend([&number.to_string(), ". "]);
                    *number += 1;
                }
            }
            Event::Start(Tag::TableRow | Tag::TableHead) => is_first_cell = true,
            Event::Start(Tag::TableCell) => {
                text.push_str(if is_first_cell { "" } else { ", " });
                is_first_cell = false;
            }
            _ => {}
        }
    }
    text.trim().to_owned()
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// The name of an element of HTML, if it is one.
fn element(html: &str) -> Option<&'static str> {
    if html.starts_with("<!--") {
        return Some("");
    }
    let name = html.trim().strip_prefix('<')?.trim_start_matches('/');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    ELEMENTS.into_iter().find(|known| name[..end].eq_ignore_ascii_case(known))
}

/// A `*` between two signs of a dose, such as "1*3*5 days", is a sign of times and no emphasis.
fn with_factors(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let (mut before, mut signs) = (None, markdown.chars().peekable());
    while let Some(sign) = signs.next() {
        let is_factor = |c: char| c.is_alphanumeric();
        let after = signs.peek().copied();
        let is_between = before.is_some_and(is_factor) && after.is_some_and(is_factor);
        let has_number = before.is_some_and(char::is_numeric) || after.is_some_and(char::is_numeric);
        if sign == '*' && is_between && has_number {
            text.push_str(" × ");
        } else {
            text.push(sign);
        }
        before = Some(sign);
    }
    text
}
