//! Numbers and initials in one form, separated from adjacent letters.

use super::{indic, units::unit};

/// Letters of the longest name of a letter: एच, എസ്.
const LONGEST_INITIAL: usize = 4;

/// Writes "500mg" as "500 mg" and "B12" as "B 12", ".5" and "0.50" as "0.5", "1,000" and "1,00,000" without commas,
/// "T.B." as "TB", and the per cent sign as a word. All other text stays.
pub(super) fn apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len() + text.len() / 8);
    let mut before = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_fraction = c == '.' && !before.is_alphanumeric() && before != '.';
        let length = if c.is_ascii_digit() || is_fraction && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            if before.is_alphabetic() {
                apart.push(' ');
            }
            number(rest, &mut apart)
        } else if c == '%' {
            apart.push_str(" percent ");
            1
        } else {
            if before.is_ascii_digit() && c.is_alphabetic() {
                apart.push(' ');
            }
            initials(rest, before, &mut apart).unwrap_or_else(|| {
                apart.push(c);
                c.len_utf8()
            })
        };
        before = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
    apart
}

/// Appends the number at the beginning of the text; returns its length in bytes.
fn number(text: &str, to: &mut String) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    let mut whole = text[..length].to_owned();
    // 1,000 and 10,00,000, but neither "1,2" nor "2,50".
    let groups = groups(&text[length..]);
    if (1..=3).contains(&length) && groups.last() == Some(&3) {
        for group in &groups {
            whole.push_str(&text[length + 1..=length + group]);
            length += group + 1;
        }
    }
    let fraction = if text[length..].starts_with('.') { digits(&text[length + 1..]) } else { 0 };
    let is_date = text[length + fraction..].get(1..).is_some_and(|rest| {
        fraction > 0 && rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit())
    });
    if whole.is_empty() {
        whole.push('0');
    }
    to.push_str(&whole);
    if fraction == 0 {
        return length;
    }
    let after = &text[length + 1..=length + fraction];
    let after = if is_date { after } else { after.trim_end_matches('0') };
    if !after.is_empty() {
        to.push('.');
        to.push_str(after);
    }
    length + fraction + 1
}

/// The numbers of digits behind each comma, as long as there are two or three of them.
fn groups(text: &str) -> Vec<usize> {
    let mut groups = Vec::new();
    let mut rest = text.as_bytes();
    while let [b',', digits @ ..] = rest {
        let count = digits.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
        if !(2..=3).contains(&count) {
            // "1,000,5" is a list.
            return if count == 0 { groups } else { Vec::new() };
        }
        groups.push(count);
        rest = &digits[count..];
        // A group of three digits ends a number.
        if count == 3 && !matches!(rest, [b',', d, ..] if d.is_ascii_digit()) {
            break;
        }
    }
    groups
}

/// Appends the letters of "T.B." without their stops; returns the length in bytes.
fn initials(text: &str, before: char, to: &mut String) -> Option<usize> {
    if before.is_alphanumeric() || before == '.' || indic::place(before).is_some() {
        return None;
    }
    if text.starts_with(|c| indic::place(c).is_some()) {
        return indic_initials(text, to);
    }
    let bytes = text.as_bytes();
    let mut letters = 0;
    while matches!(bytes.get(2 * letters..), Some([letter, b'.', ..]) if letter.is_ascii_alphabetic()) {
        letters += 1;
    }
    // "T.B" may continue without a stop, but "e.g.this" does not.
    let follows = bytes.get(2 * letters..).unwrap_or_default();
    let has_last = matches!(follows, [letter, rest @ ..] if letter.is_ascii_alphabetic()
        && !rest.first().is_some_and(u8::is_ascii_alphanumeric));
    let all = letters + usize::from(has_last);
    let goes_on = !has_last && follows.first().is_some_and(u8::is_ascii_alphanumeric);
    if letters == 0 || all < 2 || goes_on {
        return None;
    }
    to.extend(bytes.iter().step_by(2).take(all).map(|letter| char::from(*letter)));
    Some(2 * letters + usize::from(has_last))
}

/// Appends initials in Indian scripts, where the names of letters are syllables: "ओ.आर.एस.", "ഒ.ആർ.എസ്."
fn indic_initials(text: &str, to: &mut String) -> Option<usize> {
    let syllable = |text: &str| {
        let length = text.find(|c| indic::place(c).is_none()).unwrap_or(text.len());
        (1..=LONGEST_INITIAL).contains(&text[..length].chars().count()).then_some(length)
    };
    let (mut letters, mut end) = (String::new(), 0);
    while let Some(length) = syllable(&text[end..]) {
        letters.push_str(&text[end..end + length]);
        end += length;
        // "मि.ली." is a unit, whatever follows it.
        if unit(&letters).is_some() {
            return None;
        }
        if !text[end..].starts_with('.') || syllable(&text[end + 1..]).is_none() {
            break;
        }
        end += 1;
    }
    (letters.len() < end).then(|| {
        to.push_str(&letters);
        end
    })
}
