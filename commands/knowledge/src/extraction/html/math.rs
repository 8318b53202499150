//! Formulas in MathML as one line of text: `BMI = w/h²`.

use ego_tree::{NodeRef, iter::Edge};
use scraper::Node;

use crate::extraction::scripts::{lowered, raised};

/// Bytes of a formula beyond which it is not written as text.
const LONGEST: usize = 4_096;
/// Operators with a blank on both sides.
const BETWEEN: [&str; 18] = ["=", "+", "-", "−", "×", "·", "÷", "<", ">", "≤", "≥", "≠", "≈", "±", "→", "∈", "*", "∝"];
/// Accents over a letter, and the combining mark of each.
const ACCENTS: [(&str, char); 9] = [
    ("¯", '\u{304}'),
    ("‾", '\u{304}'),
    ("―", '\u{304}'),
    ("_", '\u{304}'),
    ("^", '\u{302}'),
    ("ˆ", '\u{302}'),
    ("~", '\u{303}'),
    ("˙", '\u{307}'),
    ("→", '\u{20d7}'),
];

/// An element that has not ended.
struct Open {
    name: String,
    children: Vec<String>,
    /// The fences that its attributes put around its children.
    fence: (String, String),
}

/// The formula as text; `None` if it cannot be written on a line.
pub(super) fn text(math: NodeRef<'_, Node>) -> Option<String> {
    let mut open: Vec<Open> = Vec::new();
    let mut annotation = None;
    let mut skipped = None;
    for edge in math.traverse() {
        match (edge, skipped) {
            (Edge::Close(node), Some(id)) if node.id() == id => skipped = None,
            (Edge::Open(node), None) => match node.value() {
                Node::Text(text) => {
                    if let Some(open) = open.last_mut() {
                        open.children.push(text.to_string());
                    }
                }
                Node::Element(element) => match element.name() {
                    "annotation" | "annotation-xml" | "mphantom" => {
                        if element
                            .attr("encoding")
                            .is_some_and(|encoding| encoding.to_ascii_lowercase().contains("tex"))
                        {
                            annotation = Some(inner_text(node));
                        }
                        skipped = Some(node.id());
                    }
                    name => {
                        let fence = |attribute: &str, usual: &str| {
                            if name == "mfenced" {
                                element.attr(attribute).unwrap_or(usual).to_owned()
                            } else {
                                String::new()
                            }
                        };
                        let fence = (fence("open", "("), fence("close", ")"));
                        open.push(Open { name: name.to_owned(), children: Vec::new(), fence });
                    }
                },
                _ => {}
            },
            (Edge::Close(node), None) if node.value().is_element() => {
                let line = line_of(open.pop()?);
                if line.len() > LONGEST {
                    return None;
                }
                match open.last_mut() {
                    Some(parent) => parent.children.push(line),
                    None => return said(line, annotation, math),
                }
            }
            _ => {}
        }
    }
    None
}

fn said(line: String, annotation: Option<String>, math: NodeRef<'_, Node>) -> Option<String> {
    let alternative = || math.value().as_element().and_then(|element| element.attr("alttext")).map(str::to_owned);
    [Some(line), alternative(), annotation]
        .into_iter()
        .flatten()
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .find(|text| !text.is_empty() && text.len() <= LONGEST)
}

fn inner_text(node: NodeRef<'_, Node>) -> String {
    let texts = node.descendants().filter_map(|node| node.value().as_text().map(|text| text.to_string()));
    texts.collect::<Vec<_>>().concat()
}

fn line_of(open: Open) -> String {
    let Open { name, mut children, fence } = open;
    let is_token = matches!(name.as_str(), "mi" | "mn" | "mo" | "mtext" | "ms");
    if is_token {
        let token = children.concat();
        let token = token.replace(['\u{2061}', '\u{2062}', '\u{2063}', '\u{2064}'], "");
        let token = token.trim();
        return match name.as_str() {
            "mo" if BETWEEN.contains(&token) => format!(" {token} "),
            "mo" if matches!(token, "," | ";") => format!("{token} "),
            _ => token.to_owned(),
        };
    }
    // White space between tags has no meaning.
    children.retain(|child| !child.trim().is_empty() || child == " ");
    let child = |at: usize| children.get(at).map_or("", |child| child.trim());
    match name.as_str() {
        "mspace" => " ".to_owned(),
        "mfrac" => format!("{}/{}", enclosed(child(0)), enclosed(child(1))),
        "msqrt" => format!("√{}", rooted(&joined(&children))),
        "mroot" => format!("{}√{}", raised(child(1)), rooted(child(0))),
        "msup" => format!("{}{}", based(child(0)), raised(&compact(child(1)))),
        "msub" => format!("{}{}", based(child(0)), lowered(&compact(child(1)))),
        "msubsup" | "mmultiscripts" => {
            format!("{}{}{}", based(child(0)), lowered(&compact(child(1))), raised(&compact(child(2))))
        }
        "mover" | "mover accent" => match ACCENTS.iter().find(|(accent, _)| *accent == child(1)) {
            Some((_, mark)) if child(0).chars().count() == 1 => format!("{}{mark}", child(0)),
            Some(_) => child(0).to_owned(),
            None => format!("{}^({})", child(0), child(1)),
        },
        "munder" => format!("{}_({}) ", child(0), child(1)),
        "munderover" => format!("{}_({})^({}) ", child(0), child(1), child(2)),
        "mfenced" => {
            format!("{}{}{}", fence.0, children.iter().map(|it| it.trim()).collect::<Vec<_>>().join(", "), fence.1)
        }
        "mtr" | "mlabeledtr" => children.iter().map(|it| it.trim()).collect::<Vec<_>>().join(", "),
        "mtable" => children.iter().map(|it| it.trim()).collect::<Vec<_>>().join("; "),
        "semantics" => child(0).to_owned(),
        _ => joined(&children),
    }
}

/// Adjacent parts, kept apart so that two words or two numbers do not become one.
fn joined(children: &[String]) -> String {
    let mut line = String::new();
    for child in children {
        let is_word = |text: &str| text.trim().chars().filter(|c| c.is_alphabetic()).count() > 1;
        let (Some(last), Some(first)) = (line.chars().last(), child.chars().next()) else {
            line.push_str(child);
            continue;
        };
        let are_numbers = last.is_numeric() && first.is_numeric();
        let are_words = last.is_alphabetic() && first.is_alphabetic() && is_word(child);
        if are_numbers {
            line.push_str(" × ");
        } else if are_words {
            line.push(' ');
        }
        line.push_str(child);
    }
    // A sign at the beginning belongs to its number and is no operator between two.
    match line.strip_prefix(' ') {
        Some(rest) if rest.starts_with(['-', '−', '+', '±', '<', '>', '≤', '≥', '≈']) => {
            let (sign, number) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
            format!("{sign}{}", number.trim_start())
        }
        _ => line,
    }
}

fn is_simple(text: &str) -> bool {
    !text.contains([' ', '/', ',', ';']) && !text.is_empty()
        || text.starts_with('(') && text.find(')') == Some(text.len() - 1)
}

/// A numerator or denominator, in brackets where needed.
fn enclosed(text: &str) -> String {
    if is_simple(text) { text.to_owned() } else { format!("({text})") }
}

fn rooted(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() == 1 || text.chars().all(char::is_numeric) || text.starts_with('(') && is_simple(text) {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

fn based(text: &str) -> String {
    if is_simple(text) { text.to_owned() } else { format!("({text})") }
}

fn compact(text: &str) -> String {
    text.split_whitespace().collect()
}
