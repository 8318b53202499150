//! British and American spelling.
//!
//! Medical words differ by rules ("haem" and "hem", "-ise" and "-ize"), others are in a short list; medical
//! dictionaries (Merriam-Webster's, Dorland's) give both forms of each. Both forms are folded to the same one, which is
//! never shown.

use super::{substances, units::unit};

/// Words whose forms no rule connects, each with the form that stands for it.
const WORDS: &[(&str, &str)] = &[
    ("aluminium", "aluminum"),
    ("analogue", "analog"),
    ("artefact", "artifact"),
    ("caesarian", "cesarean"),
    ("calibre", "caliber"),
    ("catalogue", "catalog"),
    ("centre", "center"),
    ("centred", "centered"),
    ("centres", "centers"),
    ("cesarian", "cesarean"),
    ("checkup", "check up"),
    ("checkups", "check ups"),
    ("defence", "defense"),
    ("disc", "disk"),
    ("discs", "disks"),
    ("distil", "distill"),
    ("fibre", "fiber"),
    ("fibres", "fibers"),
    ("followup", "follow up"),
    ("fulfil", "fulfill"),
    ("goitre", "goiter"),
    ("goitres", "goiters"),
    ("grey", "gray"),
    ("haem", "heme"),
    ("healthcare", "health care"),
    ("licence", "license"),
    ("manoeuvre", "maneuver"),
    ("manoeuvres", "maneuvers"),
    ("metre", "meter"),
    ("metres", "meters"),
    ("mould", "mold"),
    ("moulds", "molds"),
    ("odour", "odor"),
    ("odours", "odors"),
    ("practise", "practice"),
    ("practised", "practiced"),
    ("practises", "practices"),
    ("practising", "practicing"),
    ("programme", "program"),
    ("programmes", "programs"),
    ("sceptic", "skeptic"),
    ("skilful", "skillful"),
    ("speciality", "specialty"),
    ("titre", "titer"),
    ("titres", "titers"),
    ("ultrasonogram", "ultrasound"),
    ("xray", "x ray"),
    ("xrays", "x rays"),
];

/// Terms of two words.
const PAIRS: &[(&str, &str, &str)] =
    &[("international", "unit", "iu"), ("mm", "hg", "mmhg"), ("per", "cent", "percent")];

/// Prefixes that are written with or without a hyphen.
const PREFIXES: &[&str] = &[
    "ante", "anti", "co", "hyper", "hypo", "infra", "inter", "intra", "micro", "multi", "neo", "non", "peri", "post",
    "pre", "re", "semi", "sub", "supra", "trans", "ultra",
];

/// The text with its English words and units in one spelling.
pub(super) fn spelled(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()));
        if word.is_empty() {
            let (gap, after) = rest.split_at(rest.find(is_of_word).unwrap_or(rest.len()));
            spelled.push_str(gap);
            rest = after;
            continue;
        }
        let lower = word.to_ascii_lowercase();
        if let Some(hyphen) =
            after.strip_prefix('-').filter(|after| after.starts_with(|c: char| c.is_ascii_alphabetic()))
            && PREFIXES.contains(&lower.as_str())
        {
            let (word, after) = hyphen.split_at(hyphen.find(|c| !is_of_word(c)).unwrap_or(hyphen.len()));
            push(&format!("{lower}{word}"), &mut spelled);
            rest = after;
            continue;
        }
        if let Some((pair, after)) = pair(&lower, after) {
            spelled.push_str(pair);
            rest = after;
            continue;
        }
        if let Some((unit, length)) = unit_of_two(word, after) {
            spelled.push_str(unit);
            rest = &after[length..];
            continue;
        }
        push(word, &mut spelled);
        rest = after;
    }
    spelled
}

fn is_of_word(c: char) -> bool {
    c.is_alphabetic() || ('\u{0900}'..='\u{0d7f}').contains(&c) && !matches!(c, '\u{0964}' | '\u{0965}')
}

fn pair<'a>(first: &str, after: &'a str) -> Option<(&'static str, &'a str)> {
    let (_, second, whole) = PAIRS.iter().find(|(one, ..)| *one == first)?;
    let after = after.strip_prefix(' ')?;
    let (word, rest) = after.split_at(after.find(|c| !is_of_word(c)).unwrap_or(after.len()));
    let lower = word.to_ascii_lowercase();
    (lower.strip_suffix('s').unwrap_or(&lower) == *second).then_some((whole, rest))
}

/// A unit of two words: "मि.ग्रा." is written with stops, and "मिली ग्राम" as two words. The first word alone would be
/// another unit.
fn unit_of_two(word: &str, after: &str) -> Option<(&'static str, usize)> {
    if word.is_ascii() {
        return None;
    }
    let second = after.strip_prefix(['.', ' '])?.trim_start_matches(' ');
    let second = &second[..second.find(|c| !is_of_word(c)).unwrap_or(second.len())];
    let unit = unit(&format!("{word}{second}")).filter(|_| !second.is_empty())?;
    let start = after.find(second)?;
    Some((unit, start + second.len()))
}

fn push(word: &str, to: &mut String) {
    let lower = word.to_lowercase();
    let singular = if lower.is_ascii() { lower.strip_suffix('s').unwrap_or(&lower) } else { &lower };
    if let Some(symbol) = unit(&lower).or_else(|| unit(singular)) {
        to.push_str(symbol);
    } else if !word.is_ascii() || word.len() < 4 {
        to.push_str(word);
    } else if let Ok(at) = WORDS.binary_search_by_key(&lower.as_str(), |(word, _)| word) {
        to.push_str(WORDS[at].1);
    } else {
        let ruled = by_rules(&lower);
        let spelled = if ruled == lower { word } else { &ruled };
        to.push_str(substances::international(&ruled).unwrap_or(spelled));
    }
}

fn by_rules(word: &str) -> String {
    let mut ruled = without_digraphs(word).replace("sulph", "sulf").replace("leuco", "leuko");
    for (ending, other) in [
        ("isation", "ization"),
        ("isations", "izations"),
        ("ise", "ize"),
        ("ised", "ized"),
        ("iser", "izer"),
        ("isers", "izers"),
        ("ises", "izes"),
        ("ising", "izing"),
        ("yse", "yze"),
        ("ysed", "yzed"),
        ("yser", "yzer"),
        ("ysing", "yzing"),
        ("our", "or"),
        ("oural", "oral"),
        ("oured", "ored"),
        ("ouring", "oring"),
        ("ourless", "orless"),
        ("ours", "ors"),
        ("litre", "liter"),
        ("litres", "liters"),
        ("metre", "meter"),
        ("metres", "meters"),
        ("selled", "seled"),
        ("selling", "seling"),
        ("sellor", "selor"),
        ("sellors", "selors"),
        ("belled", "beled"),
        ("belling", "beling"),
        ("celled", "celed"),
        ("celling", "celing"),
        ("velled", "veled"),
        ("velling", "veling"),
        ("veller", "veler"),
        ("vellers", "velers"),
    ] {
        if ruled.strip_suffix(ending).is_some_and(|start| start.len() >= 3) {
            ruled.truncate(ruled.len() - ending.len());
            ruled.push_str(other);
            break;
        }
    }
    ruled
}

/// The word with "e" in place of "ae" and "oe": haemorrhage, oedema, diarrhoea. At a word's end they are no digraphs:
/// toes, reggae.
fn without_digraphs(word: &str) -> String {
    let bytes = word.as_bytes();
    let mut kept = String::with_capacity(word.len());
    for (at, letter) in bytes.iter().enumerate() {
        let is_digraph = matches!(letter, b'a' | b'o') && bytes.get(at + 1) == Some(&b'e');
        let is_at_end = matches!(&bytes[at..], [_, _] | [_, _, b's' | b'd' | b'r' | b't']);
        if !is_digraph || is_at_end {
            kept.push(char::from(*letter));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(WORDS.is_sorted());
    }
}
