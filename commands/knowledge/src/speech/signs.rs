//! Splits a text into numbers, words and signs, each sign in one spelling.

use unicode_normalization::UnicodeNormalization;

/// A token. Joined, the tokens are the whole text without web addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// ASCII digits with the points and commas between them.
    Number(&'a str),
    /// A letter with the letters and digits that follow.
    Word(&'a str),
    /// Raised digits and signs: ⁻¹.
    Raised(&'a str),
    Lowered(&'a str),
    Blank(&'a str),
    Line,
    Sign(char),
}

/// Normalizes a text: ASCII digits, "≥" for ">=", "µ" for the Greek letter, and so on.
pub(super) fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_spelled = matches!(first, '<' | '>' | '=' | '+' | '-' | '!' | '~');
        let spelled = SPELLINGS.iter().find(|(spelling, _)| is_spelled && rest.starts_with(spelling));
        if let Some((spelling, sign)) = spelled {
            out.push(*sign);
            rest = &rest[spelling.len()..];
            continue;
        }
        rest = &rest[first.len_utf8()..];
        if let Some((sign, length)) = degrees(first, &out, rest) {
            out.push(sign);
            rest = &rest[length..];
            continue;
        }
        if let Some((fraction, length)) = fraction(first, rest) {
            // ¹/₂ behind a number belongs to it: 1 1/2.
            out.extend(out.ends_with(|c: char| c.is_ascii_digit()).then_some(' '));
            out.push_str(&fraction);
            rest = &rest[length..];
            continue;
        }
        if is_raised_letter(first) {
            let letters = &rest[..rest.find(|c| !is_raised_letter(c)).unwrap_or(rest.len())];
            raised_letters(first, letters, &mut out);
            rest = &rest[letters.len()..];
            continue;
        }
        match first {
            // Invisible characters that only control the layout.
            '\u{ad}' | '\u{2060}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}' | '\u{200b}' => {}
            '\u{2009}' | '\u{202f}' | '\u{a0}' if is_between_thousands(&out, rest) => {}
            // No other amount begins with three zeros.
            ' ' if rest.starts_with("000") && is_between_thousands(&out, rest) => {}
            '·' | '∙' | '⋅' => out.push(middle_dot(first, &out, rest)),
            _ if is_compatible(first) => out.extend(std::iter::once(first).nfkc()),
            _ => out.push(same(first)),
        }
    }
    out
}

const SPELLINGS: [(&str, char); 16] = [
    ("<-->", '↔'),
    ("<->", '↔'),
    ("-->", '→'),
    ("->", '→'),
    // "x<-2" is a comparison with a negative number, so `<-` is no arrow.
    ("<=", '≤'),
    ("=<", '≤'),
    (">=", '≥'),
    ("< =", '≤'),
    ("> =", '≥'),
    ("</=", '≤'),
    (">/=", '≥'),
    ("+/-", '±'),
    ("+/−", '±'),
    ("+/–", '±'),
    ("!=", '≠'),
    ("~=", '≈'),
];

/// Recognizes the notations of temperatures in degrees; returns the sign, and the bytes of `rest` that belong to it:
/// 38⁰C is not 380.
fn degrees(first: char, before: &str, rest: &str) -> Option<(char, usize)> {
    if !matches!(first, '°' | 'º' | '˚' | '⁰' | 'ᵒ') {
        return None;
    }
    let scale = rest.trim_start_matches(' ');
    let sign = match scale.chars().next() {
        Some('C' | 'c') => Some('℃'),
        Some('F' | 'f') => Some('℉'),
        _ => None,
    };
    let is_end = |scale: &str| !scale[1..].starts_with(is_of_word);
    let is_after_number = before.trim_end_matches(' ').ends_with(|c: char| c.is_ascii_digit());
    match sign.filter(|_| is_end(scale)) {
        Some(sign) => Some((sign, rest.len() - scale.len() + 1)),
        None => (first != '⁰' && first != 'ᵒ' && is_after_number).then_some(('°', 0)),
    }
}

/// Digits of each number of a fraction, at most.
const LONGEST_OF_FRACTION: usize = 3;

/// A fraction of a raised and a lowered number on one line, and the bytes of `rest` that belong to it.
fn fraction(first: char, rest: &str) -> Option<(String, usize)> {
    let is_digit: fn(char) -> bool = |c| is_raised(c) && !matches!(c, '⁺' | '⁻');
    let number = |text: &str, is_digit: fn(char) -> bool| -> String {
        text.chars().take(LONGEST_OF_FRACTION).take_while(|c| is_digit(*c)).collect()
    };
    let above = number(rest, is_digit);
    let lowered = rest[above.len()..].strip_prefix(['/', '\u{2044}', '\u{2215}']).filter(|_| is_digit(first))?;
    let below = number(lowered, |c| matches!(c, '₀'..='₉'));
    let length = rest.len() - lowered.len() + below.len();
    (!below.is_empty()).then(|| {
        (
            format!("{}{}/{}", on_the_line(first.encode_utf8(&mut [0; 4])), on_the_line(&above), on_the_line(&below)),
            length,
        )
    })
}

/// A dot at half height: between digits the decimal point of British books, before a power a multiplication sign.
fn middle_dot(dot: char, before: &str, rest: &str) -> char {
    let after = rest.trim_start_matches(' ');
    let is_power = after.strip_prefix("10").is_some_and(|rest| rest.starts_with(|c| c == '^' || is_raised(c)));
    let is_digit = |c: char| c.is_ascii_digit();
    if is_power && before.trim_end_matches(' ').ends_with(is_digit) {
        '×'
    } else if before.ends_with(is_digit) && rest.starts_with(is_digit) {
        '.'
    } else {
        dot
    }
}

fn is_raised_letter(sign: char) -> bool {
    matches!(sign, 'ª' | 'º' | 'ⁿ' | '\u{2b0}'..='\u{2b8}' | '\u{2e1}'..='\u{2e3}' | '\u{1d43}'..='\u{1d5d}' | '\u{1d9c}'..='\u{1dbf}')
}

/// Writes raised letters: "1ˢᵗ" is an ordinal. A single letter is a footnote mark, which is not spoken.
fn raised_letters(first: char, others: &str, to: &mut String) {
    let letters: String = std::iter::once(first).chain(others.chars()).nfkc().collect();
    let is_ordinal = matches!(letters.as_str(), "st" | "nd" | "rd" | "th");
    if is_ordinal {
        to.push_str(&letters);
    } else if first == 'ⁿ' || !others.is_empty() {
        to.extend([" ", &letters]);
    }
}

/// Whether a letter, digit or unit has a compatibility form, which voices spell as its code point: ㎎, Ⅳ, ﬁ, ⑩.
fn is_compatible(sign: char) -> bool {
    matches!(sign, 'ℓ' | '\u{2160}'..='\u{217f}' | '\u{2460}'..='\u{2473}' | '\u{3371}'..='\u{33df}' | '\u{fb00}'..='\u{fb06}'
        | '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}')
}

fn same(sign: char) -> char {
    if let Some(digit) = ascii_digit(sign) {
        return digit;
    }
    match sign {
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\t' => ' ',
        '\u{2010}' | '\u{2011}' | '\u{fe63}' | '\u{ff0d}' => '-',
        '\u{2012}' => '–',
        '\u{2044}' | '\u{2215}' | '\u{ff0f}' => '/',
        'μ' => 'µ',
        '∼' | '～' => '~',
        '⩽' | '≦' | '≯' => '≤',
        '⩾' | '≧' | '≮' => '≥',
        '＜' | '﹤' => '<',
        '＞' | '﹥' => '>',
        '＝' => '=',
        '＋' => '+',
        '％' | '٪' => '%',
        '∓' => '±',
        '≅' | '≃' | '≒' => '≈',
        '✕' | '✖' | '⨯' => '×',
        '⇒' | '➔' | '➜' | '➡' | '⟶' | '➞' => '→',
        '⇔' | '⟷' => '↔',
        '⬆' | '▲' | '⇑' | '↗' => '↑',
        '⬇' | '▼' | '⇓' | '↘' => '↓',
        '☐' | '□' | '⬜' | '◻' => '☐',
        '☑' | '✓' | '✔' | '✅' | '🗹' => '✓',
        '☒' | '✗' | '✘' | '❌' | '🗷' | '🚫' | '⛔' => '✗',
        '∶' | '：' => ':',
        other => other,
    }
}

/// The ASCII digit for a digit of the scripts of India, of Arabic or of full width.
fn ascii_digit(sign: char) -> Option<char> {
    const ZEROS: [u32; 12] = [0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0x660, 0x6f0, 0xff10];
    let code = u32::from(sign);
    let zero = ZEROS.into_iter().find(|zero| (*zero..*zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Whether a narrow blank belongs to a number, as in "100 000".
fn is_between_thousands(before: &str, after: &str) -> bool {
    let is_digit = |c: &char| ascii_digit(*c).is_some() || c.is_ascii_digit();
    let lead = before.chars().rev().take(4).take_while(is_digit).count();
    let follow = after.chars().take(4).take_while(is_digit).count();
    (1..=3).contains(&lead) && follow == 3
}

pub(super) fn is_raised(sign: char) -> bool {
    matches!(sign, '⁰' | '¹' | '²' | '³' | '⁴'..='⁹' | '⁺' | '⁻')
}

pub(super) fn is_lowered(sign: char) -> bool {
    matches!(sign, '₀'..='₉' | '₊' | '₋')
}

/// Raised or lowered digits and signs as those on the line.
pub(super) fn on_the_line(text: &str) -> String {
    let plain = |sign| match sign {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴'..='⁹' => char::from_digit(u32::from(sign) - 0x2070, 10).unwrap_or(sign),
        '₀'..='₉' => char::from_digit(u32::from(sign) - 0x2080, 10).unwrap_or(sign),
        '⁺' | '₊' => '+',
        '⁻' | '₋' => '-',
        other => other,
    };
    text.chars().map(plain).collect()
}

pub(super) fn is_of_word(sign: char) -> bool {
    sign.is_alphabetic()
        || sign.is_ascii_digit()
        || matches!(sign, '\u{200c}' | '\u{200d}' | '\u{300}'..='\u{36f}')
        || unicode_normalization::char::is_combining_mark(sign)
}

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::with_capacity(text.len() / 3);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = |of: &dyn Fn(char) -> bool| rest.find(|c: char| !of(c)).unwrap_or(rest.len());
        let after_number = matches!(tokens.last(), Some(Token::Number(_)));
        let (token, length) = if first == '\n' {
            (Token::Line, 1)
        } else if first.is_whitespace() {
            let length = run(&|c| c.is_whitespace() && c != '\n');
            (Token::Blank(&rest[..length]), length)
        } else if let Some(length) = address(rest).filter(|_| !matches!(tokens.last(), Some(Token::Word(_)))) {
            rest = &rest[length..];
            continue;
        } else if first.is_ascii_digit() || (first == '.' && begins_a_decimal(rest, tokens.last())) {
            let length = number(rest);
            (Token::Number(&rest[..length]), length)
        } else if after_number && matches!(first, 'x' | 'X') && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            // "5x3" is a product.
            (Token::Sign('×'), 1)
        } else if is_of_word(first) {
            let length = run(&is_of_word);
            (Token::Word(&rest[..length]), length)
        } else if is_raised(first) {
            let length = run(&is_raised);
            (Token::Raised(&rest[..length]), length)
        } else if is_lowered(first) {
            let length = run(&is_lowered);
            (Token::Lowered(&rest[..length]), length)
        } else {
            (Token::Sign(first), first.len_utf8())
        };
        tokens.push(token);
        rest = &rest[length..];
    }
    tokens
}

/// Whether a point begins a decimal: ".5" is no end of a sentence if nothing precedes it.
fn begins_a_decimal(rest: &str, before: Option<&Token<'_>>) -> bool {
    let begins = match before {
        None | Some(Token::Blank(_) | Token::Line) => true,
        Some(Token::Sign(sign)) => !matches!(sign, '.' | ',' | ')' | ']'),
        Some(_) => false,
    };
    begins && rest[1..].starts_with(|c: char| c.is_ascii_digit())
}

/// The length of a number: a point or comma belongs to it if a digit follows.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    while is_digit(at) || (matches!(bytes.get(at), Some(b'.' | b',')) && is_digit(at + 1)) {
        at += 1;
    }
    at
}

/// The length of the web address that begins here, without the punctuation of the sentence.
fn address(text: &str) -> Option<usize> {
    let begins = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    if !["http://", "https://", "www.", "ftp://", "mailto:"].into_iter().any(begins) {
        return None;
    }
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '|')).unwrap_or(text.len());
    Some(text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '।']).len())
}
