//! The headings of a PDF, which are nothing but lines in a larger type.

use std::collections::{BTreeMap, HashMap};

/// How much larger than the body's the type of a heading is at least.
const LARGER: f32 = 1.12;
/// Characters of the longest heading, of one line.
const LONGEST: usize = 120;
/// Levels beyond this are all the same.
const LEVELS: usize = 4;

/// Of a page, the lines that are headings, each with its level from 1.
pub(super) type Headings = HashMap<String, usize>;

/// The headings of each page, from `pdftotext -bbox-layout`: lines in boxes as high as their type.
pub(super) fn headings(layout: &str) -> Vec<Headings> {
    let pages: Vec<Vec<(String, u32)>> = layout.split("<page ").skip(1).map(|page| lines(page).collect()).collect();
    let mut characters: BTreeMap<u32, usize> = BTreeMap::new();
    for (text, height) in pages.iter().flatten() {
        *characters.entry(*height).or_default() += text.chars().count();
    }
    let Some((body, _)) = characters.iter().max_by_key(|(_, count)| **count) else { return Vec::new() };
    let least = f64::from(*body) * f64::from(LARGER);
    let larger: Vec<u32> = characters.keys().rev().copied().filter(|height| f64::from(*height) >= least).collect();
    let level = |height: &u32| larger.iter().position(|it| it == height).map(|at| (at + 1).min(LEVELS));
    let is_title = |text: &str| text.chars().count() <= LONGEST && text.chars().any(char::is_alphabetic);
    let of_page = |page: &Vec<(String, u32)>| {
        let found = page.iter().filter(|(text, _)| is_title(text));
        found.filter_map(|(text, height)| Some((text.clone(), level(height)?))).collect()
    };
    pages.iter().map(of_page).collect()
}

/// Each line of a page with its height, in half points.
fn lines(page: &str) -> impl Iterator<Item = (String, u32)> {
    page.split("<line ").skip(1).map(|line| {
        let line = line.split("</line>").next().unwrap_or_default();
        let extent = |from, to| Some(attribute(line, to)? - attribute(line, from)?);
        let (width, height) = (extent("xMin=\"", "xMax=\""), extent("yMin=\"", "yMax=\""));
        // A line is longer than it is high, also on a page that is turned.
        let height = width.unwrap_or(0.0).min(height.unwrap_or(0.0));
        let words = line.split("<word ").skip(1).map(|word| {
            let text = word.split_once('>').and_then(|(_, text)| text.split_once("</word>"));
            unescaped(text.map_or("", |(text, _)| text))
        });
        (words.collect::<Vec<_>>().join(" "), half_points(height))
    })
}

fn attribute(element: &str, name: &str) -> Option<f32> {
    let value = &element[element.find(name)? + name.len()..];
    value.split('"').next()?.parse().ok()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 2,000")]
fn half_points(height: f32) -> u32 {
    (height * 2.0).round().clamp(0.0, 2_000.0) as u32
}

fn unescaped(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The page with its headings marked. Lines of one heading come together.
pub(super) fn marked(page: &str, headings: &Headings) -> String {
    let mut text = String::with_capacity(page.len());
    let mut open: Option<usize> = None;
    for line in page.lines() {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let level = headings.get(&words).copied();
        match (open, level) {
            (Some(before), Some(level)) if before == level => text.push(' '),
            (_, Some(level)) => {
                text.push_str("\n\n");
                text.push_str(&"#".repeat(level));
                text.push(' ');
            }
            (Some(_), None) => text.push_str("\n\n"),
            (None, None) => {}
        }
        match level {
            Some(_) => text.push_str(&words),
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
        open = level;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(height: u32, words: &str) -> String {
        let words: Vec<_> = words.split(' ').map(|word| format!("<word xMin=\"0\">{word}</word>")).collect();
        let words = words.concat();
        let bottom = 10 + height;
        format!("<block><line xMin=\"0.5\" yMin=\"10.0\" xMax=\"99.0\" yMax=\"{bottom}.0\">{words}</line></block>")
    }

    #[test]
    fn lines_in_a_larger_type_are_headings_the_largest_of_the_first_level() {
        let body = line(11, "Zinc is given for fourteen days to all children with diarrhoea.");
        let layout = format!(
            "<page width=\"1\">{}{}{body}</page><page width=\"1\">{body}{}</page>",
            line(22, "A &amp; B"),
            line(15, "Zinc"),
            line(15, "2.1")
        );
        let found = headings(&layout);
        assert_eq!(found[0], Headings::from([("A & B".to_owned(), 1), ("Zinc".to_owned(), 2)]));
        assert_eq!(found[1], Headings::default(), "a number alone is none");
    }

    #[test]
    fn a_heading_of_two_lines_is_one() {
        let headings = Headings::from([("Burns and".to_owned(), 1), ("scalds".to_owned(), 1)]);
        assert_eq!(marked("Burns and\nscalds\nCool them.\n", &headings), "\n\n# Burns and scalds\n\nCool them.\n");
    }
}
