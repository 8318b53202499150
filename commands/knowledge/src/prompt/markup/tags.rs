//! HTML tags, and addresses in angle brackets.

use std::fmt::Write as _;

use crate::markdown::{
    ELEMENTS, JOINER,
    attributes::{Attributes, attributes},
};

use super::{ADDRESSES, Sign};

/// Bytes beyond which an address keeps its angle brackets.
const LONGEST_ADDRESS: usize = 2_048;
/// Characters that end an address when a page turns it into a link, or are not taken for a part of it.
const ENDS_ADDRESS: [char; 9] = ['.', ',', ':', '!', '?', ')', '*', '~', '_'];
/// Numeric attributes of the layout.
const NUMBERS: [&str; 3] = ["colspan", "rowspan", "start"];
const OPEN: &str = "open";
/// The beginnings of addresses that links may lead to.
const TARGETS: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

/// Treats a `<` before this text. `is_target`: it follows `](`. `link` is the address of the open link.
pub(super) fn sign(after: &str, is_end: bool, is_target: bool, link: &mut Option<String>) -> Sign {
    let begins = |begin: &str| after.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin));
    if ADDRESSES.iter().any(|begin| begins(begin)) {
        return address(after, is_end, is_target);
    }
    let (is_closing, rest) = after.strip_prefix('/').map_or((false, after), |rest| (true, rest));
    let name = &rest[..rest.find(|sign: char| !sign.is_ascii_alphanumeric()).unwrap_or(rest.len())];
    let end = &rest[name.len()..];
    match rest.chars().next() {
        None if !is_end => return Sign::Undecided,
        // A page takes `</= 90 mmHg` for a comment, as it does `<!` and `<?`.
        first if is_closing && !first.is_some_and(|c| c.is_ascii_alphabetic()) => return Sign::joined('<'),
        Some('!' | '?') => return Sign::joined('<'),
        None => return Sign::AsItIs,
        Some(sign) if !sign.is_ascii_alphabetic() => return Sign::AsItIs,
        _ => {}
    }
    if !is_end && (may_become_address(after) || end.is_empty() && may_become_known(name)) {
        return Sign::Undecided;
    }
    let known = ELEMENTS.iter().find(|tag| tag.eq_ignore_ascii_case(name));
    let is_link = name.eq_ignore_ascii_case("a");
    if known.is_none() && !is_link {
        return Sign::joined('<');
    }
    let (all, length) = match attributes(end, true) {
        Attributes::Open if !is_end => return Sign::Undecided,
        Attributes::Open | Attributes::None => return Sign::joined('<'),
        Attributes::All(all, length) => (all, 1 + after.len() - end.len() + length),
    };
    match known {
        Some(_) if is_closing && !all.is_empty() => Sign::joined('<'),
        Some(_) if all.is_empty() => Sign::AsItIs,
        Some(name) => Sign::Instead(without_style(name, &all), length),
        // The address is written behind the words of the link, so that nothing is hidden.
        None if is_closing => match link.take() {
            Some(address) => Sign::Instead(format!(" ({address})"), length),
            None => Sign::joined('<'),
        },
        None => match all.iter().find(|(name, _)| name == "href").and_then(|(_, value)| target(value)) {
            Some(address) => {
                *link = Some(address);
                // The joiner separates the text before the tag from the text behind it.
                Sign::Instead(JOINER.to_string(), length)
            }
            None => Sign::joined('<'),
        },
    }
}

/// Whether more text may complete this to a known tag name.
fn may_become_known(name: &str) -> bool {
    let may_become = |word: &str| word.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    may_become("a") || ELEMENTS.iter().any(|tag| may_become(tag))
}

fn may_become_address(after: &str) -> bool {
    ADDRESSES.iter().any(|begin| begin.get(..after.len()).is_some_and(|head| head.eq_ignore_ascii_case(after)))
}

/// The tag with its layout attributes only: a style may load something.
fn without_style(name: &str, attributes: &[(String, &str)]) -> String {
    let mut tag = format!("<{name}");
    for (name, value) in attributes {
        if name == OPEN {
            tag.extend([" ", name]);
        } else if NUMBERS.contains(&name.as_str())
            && (1..4).contains(&value.len())
            && value.bytes().all(|c| c.is_ascii_digit())
        {
            tag.extend([" ", name, "=\"", value, "\""]);
        }
    }
    tag + ">"
}

/// The address of a link, if links may lead there.
fn target(text: &str) -> Option<String> {
    let begins = |begin: &&str| text.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin));
    TARGETS.iter().any(begins).then(|| without_marks(text)).flatten()
}

/// The address without characters that have a meaning in Markdown or HTML: the replacement of a tag is not examined
/// again.
fn without_marks(address: &str) -> Option<String> {
    let mut encoded = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '!' | '[' | ']' | '*' | '~' | '`' | '\'' => write!(encoded, "%{:02X}", u32::from(c)).ok()?,
            '<' | '>' | '"' | '\\' | '^' | '{' | '}' | '|' => return None,
            c if c.is_whitespace() || c.is_control() => return None,
            c => encoded.push(c),
        }
    }
    Some(encoded)
}

/// Treats an address in angle brackets: it is written without them, and pages make it a link; an incomplete one is a
/// tag.
fn address(after: &str, is_end: bool, is_target: bool) -> Sign {
    let ends = |c: char| c.is_control() || matches!(c, '<' | '>') || c.is_whitespace() && !(is_target && c == ' ');
    let Some(end) = after.find(ends) else {
        return if is_end || after.len() > LONGEST_ADDRESS { Sign::joined('<') } else { Sign::Undecided };
    };
    let (address, rest) = after.split_at(end);
    let Some(rest) = rest.strip_prefix('>').filter(|_| end <= LONGEST_ADDRESS) else { return Sign::joined('<') };
    // The target of a link may have blanks; in a block of HTML it is a tag, and an attribute of it may load something.
    if is_target && !address.contains('=') {
        return Sign::AsItIs;
    }
    let Some(address) = without_marks(address) else { return Sign::joined('<') };
    let next = rest.chars().next();
    if next.is_none() && !is_end {
        return Sign::Undecided;
    }
    let ends = next.is_none_or(|c| c.is_whitespace() || ENDS_ADDRESS.contains(&c));
    // The joiner keeps a `<` before the address from beginning a tag with it.
    let begin = if is_target { String::new() } else { JOINER.to_string() };
    Sign::Instead(format!("{begin}{address}{}", if ends { "" } else { " " }), 1 + end + 1)
}
