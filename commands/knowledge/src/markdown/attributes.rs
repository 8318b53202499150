//! The attributes of an HTML tag as people and models write them.

/// Bytes beyond which a tag is no tag.
const LONGEST_TAG: usize = 1_024;

/// The text between the name of a tag and its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Attributes<'a> {
    /// Incomplete: the text ends before the tag does.
    Open,
    /// No attributes: `and never >5` has no `=`.
    None,
    /// The names in lower case with their values, and the length in bytes up to and including the `>`.
    All(Vec<(String, &'a str)>, usize),
}

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
/// Attributes of known elements that have no value.
const ALONE: [&str; 7] = ["border", "compact", "hidden", "noshade", "nowrap", "open", "reversed"];

/// Reads attributes up to the end of the tag. Those of a known element may have no value, and blanks around `=`.
pub fn attributes(text: &str, is_known: bool) -> Attributes<'_> {
    // The result may not depend on how much of a stream has come.
    match all(text, is_known) {
        Attributes::All(_, length) if length > LONGEST_TAG => Attributes::None,
        Attributes::Open if text.len() > LONGEST_TAG => Attributes::None,
        other => other,
    }
}

fn all(text: &str, is_known: bool) -> Attributes<'_> {
    let mut all = Vec::new();
    let mut rest = text;
    loop {
        if text.len() - rest.len() > LONGEST_TAG {
            return Attributes::None;
        }
        let blank = rest.trim_start_matches(BLANKS);
        if let Some(after) = blank.strip_prefix("/>").or_else(|| blank.strip_prefix('>')) {
            return Attributes::All(all, text.len() - after.len());
        }
        if blank.is_empty() || blank == "/" {
            return Attributes::Open;
        }
        let end =
            blank.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))).unwrap_or(blank.len());
        let (name, after) = blank.split_at(end);
        let is_apart = blank.len() < rest.len();
        if name.is_empty() || !is_apart {
            return Attributes::None;
        }
        let name = name.to_ascii_lowercase();
        if after.is_empty() {
            return Attributes::Open;
        }
        let blanks: &[char] = if is_known { &BLANKS } else { &[] };
        let Some(value) = after.trim_start_matches(blanks).strip_prefix('=') else {
            if !is_known || !ALONE.contains(&name.as_str()) {
                let is_open = is_known && after.trim_start_matches(blanks).is_empty();
                return if is_open { Attributes::Open } else { Attributes::None };
            }
            all.push((name, ""));
            rest = after;
            continue;
        };
        let value = value.trim_start_matches(blanks);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => match value[1..].split_once(quote) {
                Some(parts) => parts,
                None => return Attributes::Open,
            },
            None => {
                let end =
                    value.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '"' | '\'' | '<' | '=' | '`'));
                let Some(end) = end else {
                    return Attributes::Open;
                };
                let (value, after) = value.split_at(end);
                if value.is_empty() || !after.starts_with(|c: char| c.is_ascii_whitespace() || c == '>') {
                    return Attributes::None;
                }
                (value, after)
            }
        };
        all.push((name, value));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_told_from_words() {
        let all = |text| match attributes(text, true) {
            Attributes::All(all, length) => Some((
                all.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "),
                length,
            )),
            Attributes::Open | Attributes::None => None,
        };
        assert_eq!(all(">x"), Some((String::new(), 1)));
        assert_eq!(all(" />x"), Some((String::new(), 3)));
        assert_eq!(
            all(" COLSPAN=\"2\" style='a > b' start=3>"),
            Some(("colspan=2 style=a > b start=3".to_owned(), 35))
        );
        assert_eq!(all(" open>"), Some(("open=".to_owned(), 6)));
        for words in [" and never >5", " (max = 60 mg) and >5", " =40>", "x=1>", " x==1>", " x=<5>", " 5 mg >"] {
            assert_eq!(attributes(words, true), Attributes::None, "{words}");
        }
        assert_eq!(all(" nowrap align = \"center\">"), Some(("nowrap= align=center".to_owned(), 25)));
        for unknown in [" nowrap>", " max = 60 >"] {
            assert_eq!(attributes(unknown, false), Attributes::None, "{unknown}");
        }
        for open in ["", " ", " /", " col", " colspan=", " colspan=\"2", " colspan=2", " open "] {
            assert_eq!(attributes(open, true), Attributes::Open, "{open}");
        }
        let endless = format!(" x=\"{}", "y".repeat(2_000));
        assert_eq!(attributes(&endless, true), Attributes::None);
    }
}
