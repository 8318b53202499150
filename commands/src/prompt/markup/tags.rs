//! Tags of HTML, and addresses in angle brackets.

use knowledge::markdown::ELEMENTS;

use super::{ADDRESSES, Sign};

/// The longest name of a tag and the longest beginning of an address.
const MAX_BYTES: usize = 10;
/// The longest address that loses its angle brackets, in bytes.
const LONGEST_ADDRESS: usize = 2_048;
/// What ends an address that a page makes a link of, or is not taken for a part of it.
const ENDS_ADDRESS: [char; 8] = ['.', ',', ':', '!', '?', ')', '*', '~'];

/// What becomes of a `<` before this text.
pub(super) fn sign(after: &str, is_end: bool) -> Sign {
    let begins = |begin: &str| after.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin));
    if ADDRESSES.iter().any(|begin| begins(begin)) {
        return address(after, is_end);
    }
    let (is_closing, rest) = after.strip_prefix('/').map_or((false, after), |rest| (true, rest));
    let name = &rest[..rest.find(|sign: char| !sign.is_ascii_alphanumeric()).unwrap_or(rest.len())];
    let end = &rest[name.len()..];
    let is_open = end.is_empty() && !is_end && after.len() <= MAX_BYTES;
    match rest.chars().next() {
        None if !is_end => return Sign::Undecided,
        // A page takes `</= 90 mmHg` for a comment, as it does `<!` and `<?`.
        first if is_closing && !first.is_some_and(|c| c.is_ascii_alphabetic()) => return Sign::joined('<'),
        Some('!' | '?') => return Sign::joined('<'),
        None => return Sign::AsItIs,
        Some(sign) if !sign.is_ascii_alphabetic() => return Sign::AsItIs,
        _ => {}
    }
    let may_become = |word: &str| word.len() >= name.len() && word[..name.len()].eq_ignore_ascii_case(name);
    if is_open && ELEMENTS.iter().any(|tag| may_become(tag)) {
        return Sign::Undecided;
    }
    let may_become_address =
        |begin: &&str| begin.len() > after.len() && begin[..after.len()].eq_ignore_ascii_case(after);
    if !is_end && after.is_ascii() && ADDRESSES.iter().any(may_become_address) {
        return Sign::Undecided;
    }
    let is_known = ELEMENTS.iter().any(|tag| tag.eq_ignore_ascii_case(name));
    match end {
        _ if !is_known => Sign::joined('<'),
        "" | " " | "/" | " /" if !is_end => Sign::Undecided,
        _ if [">", " >", "/>", " />"].iter().any(|close| end.starts_with(close)) => Sign::AsItIs,
        _ => Sign::joined('<'),
    }
}

/// An address without its angle brackets, which pages make a link of; a tag, if it is no whole one.
fn address(after: &str, is_end: bool) -> Sign {
    let Some(end) = after.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>')) else {
        return if is_end || after.len() > LONGEST_ADDRESS { Sign::joined('<') } else { Sign::Undecided };
    };
    let (address, rest) = after.split_at(end);
    let Some(rest) = rest.strip_prefix('>') else { return Sign::joined('<') };
    let next = rest.chars().next();
    if next.is_none() && !is_end {
        return Sign::Undecided;
    }
    let ends = next.is_none_or(|c| c.is_whitespace() || ENDS_ADDRESS.contains(&c));
    Sign::Instead(format!("{address}{}", if ends { "" } else { " " }), 1 + end + 1)
}
