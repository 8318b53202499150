//! Text that style writes before or after an element: `content: "≥ "`, `content: attr(data-unit)`.

use cssparser::{ParseError, Parser, Token};
use scraper::node::Element;

/// Letters of a word beyond which it is a token, such as the name of an icon, and no text for people.
const LONGEST_WORD: usize = 20;

/// The value of `content`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Content {
    parts: Vec<Part>,
    /// Whether a part of it cannot be read: a counter, a picture, a variable, a token.
    pub(super) is_incomplete: bool,
    /// Whether it has the number of an item of a list.
    pub(super) has_number: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The value of the element's attribute of this name.
    Attribute(String),
}

impl Content {
    pub(super) fn of(value: &str) -> Self {
        let mut content = Self::default();
        let mut input = Parser::new(value);
        while let Ok(token) = input.next().cloned() {
            match token {
                Token::QuotedString(text) if is_token(&text) => content.is_incomplete = true,
                Token::QuotedString(text) => content.parts.push(Part::Text(text.to_string())),
                Token::Function(name) if name.eq_ignore_ascii_case("attr") => {
                    let attribute: Result<String, ParseError<()>> = input.parse_nested_block(|input| {
                        let name = input.expect_ident()?.to_ascii_lowercase();
                        while input.next().is_ok() {}
                        Ok(name)
                    });
                    content.is_incomplete |= attribute.is_err();
                    content.parts.extend(attribute.ok().map(Part::Attribute));
                }
                Token::Function(name) if name.starts_with("counter") => {
                    let counter: Result<String, ParseError<()>> = input.parse_nested_block(|input| {
                        let name = input.expect_ident()?.to_ascii_lowercase();
                        while input.next().is_ok() {}
                        Ok(name)
                    });
                    let is_item = counter.is_ok_and(|counter| counter == "list-item");
                    content.has_number |= is_item;
                    content.is_incomplete |= !is_item;
                }
                // An alternative text for screen readers follows.
                Token::Delim('/') => break,
                Token::Function(_) | Token::UnquotedUrl(_) => content.is_incomplete = true,
                _ => {}
            }
        }
        content
    }

    /// The text of it at this element.
    pub(super) fn text(&self, element: &Element) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Attribute(name) => element.attr(name).unwrap_or_default().to_owned(),
        };
        self.parts.iter().map(text).collect()
    }

    /// Bytes of the text at this element, without writing it.
    pub(super) fn length(&self, element: &Element) -> usize {
        let length = |part: &Part| match part {
            Part::Text(text) => text.len(),
            Part::Attribute(name) => element.attr(name).map_or(0, str::len),
        };
        self.parts.iter().map(length).sum()
    }
}

fn is_token(text: &str) -> bool {
    text.is_ascii() && text.split_ascii_whitespace().any(|word| word.len() > LONGEST_WORD)
}
