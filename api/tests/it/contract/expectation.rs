//! Compares what came with what a scenario expects, and names all differences.

use std::collections::HashMap;

use super::json::{Json, beginning};

/// Named values: ids, tokens and codes as they came.
#[derive(Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    pub(super) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// A name as it is, or spelt in another way that means the same id.
    fn get(&self, name: &str) -> Option<String> {
        let spelt = |suffix: &str, spell: fn(&str) -> String| {
            name.strip_suffix(suffix).and_then(|name| self.0.get(name)).map(|value| spell(value))
        };
        let known = self.0.get(name).cloned();
        known.or_else(|| spelt("_dashless", |id| id.replace('-', ""))).or_else(|| spelt("_upper", str::to_uppercase))
    }

    /// The text with `$name` and `${text*count}` replaced.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            if let Some(repeated) = after.strip_prefix('{') {
                let (repeated, behind) =
                    repeated.split_once('}').ok_or_else(|| format!("no `}}` after `${{`: {text}"))?;
                let (part, count) = repeated.rsplit_once('*').ok_or_else(|| format!("no count: {repeated}"))?;
                filled.push_str(&part.repeat(count.parse().map_err(|_| format!("no count: {repeated}"))?));
                rest = behind;
                continue;
            }
            let length = after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let name = &after[..length];
            filled
                .push_str(&self.get(name).ok_or_else(|| format!("${name} is not known: an earlier scenario failed"))?);
            rest = &after[length..];
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

pub(super) struct Comparison<'a> {
    pub(super) shapes: &'a [(String, Json)],
    pub(super) names: &'a mut Names,
    pub(super) differences: Vec<String>,
}

impl Comparison<'_> {
    pub(super) fn report(&mut self, place: &str, expected: impl std::fmt::Display, actual: impl std::fmt::Display) {
        let (expected, actual) = (beginning(&expected.to_string()), beginning(&actual.to_string()));
        self.differences.push(format!("{place}: expected {expected}, got {actual}"));
    }

    /// A text from outside JSON, such as a header's.
    pub(super) fn text(&mut self, place: &str, expected: &str, actual: &str) {
        self.json(place, &Json::Text(expected.to_owned()), &Json::Text(actual.to_owned()));
    }

    pub(super) fn json(&mut self, place: &str, expected: &Json, actual: &Json) {
        match (expected, actual) {
            (Json::Text(text), _) => self.value(place, text, actual),
            (Json::Object(members), _) if members.first().is_some_and(|(key, _)| key == "is") => {
                let whole = self.whole(expected);
                self.json(place, &whole, actual);
            }
            (Json::Object(members), Json::Object(_)) => {
                let (mut wanted, mut there) = (expected.keys(), actual.keys());
                // The contract leaves the order of this one open.
                if place.strip_suffix(".meta").is_some() {
                    wanted.sort_unstable();
                    there.sort_unstable();
                }
                if wanted != there {
                    self.report(&format!("{place}: keys"), wanted.join(" "), there.join(" "));
                }
                for (key, value) in members {
                    if let Some(actual) = actual.get(key) {
                        self.json(&format!("{place}.{key}"), value, actual);
                    }
                }
            }
            (Json::List(expected), Json::List(actual)) => {
                if expected.len() != actual.len() {
                    self.report(&format!("{place}: length"), expected.len(), actual.len());
                }
                for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                    self.json(&format!("{place}[{index}]"), expected, actual);
                }
            }
            _ if expected == actual => {}
            _ => self.report(place, expected, actual),
        }
    }

    /// An object of a named shape, with what the scenario says of it.
    fn whole(&self, object: &Json) -> Json {
        let Some(Json::Text(name)) = object.get("is") else { panic!("`is` names a shape: {object}") };
        let shape = self.shapes.iter().find(|(known, _)| known == name).map(|(_, shape)| shape);
        let shape = shape.unwrap_or_else(|| panic!("there is no shape {name}"));
        let shape = if shape.keys().first() == Some(&"is") { self.whole(shape) } else { shape.clone() };
        let Json::Object(mut members) = shape else { panic!("the shape {name} is no object") };
        let Json::Object(said) = object else { panic!("not an object: {object}") };
        for (key, value) in said.iter().skip(1) {
            let place = members.iter_mut().find(|(known, _)| known == key);
            place.unwrap_or_else(|| panic!("the shape {name} has no {key}")).1 = value.clone();
        }
        Json::Object(members)
    }

    fn value(&mut self, place: &str, expected: &str, actual: &Json) {
        let kind = expected.strip_prefix('<').and_then(|kind| kind.strip_suffix('>')).filter(|kind| *kind != "*");
        let Some(kind) = kind else { return self.exact(place, expected, actual) };
        let (kind, rest) = kind.split_once(' ').unwrap_or((kind, ""));
        let text = if let Json::Text(text) = actual { text.as_str() } else { "" };
        let fits = match kind {
            "any" => true,
            "uuid" => is_uuid(text),
            "time" => is_time(text),
            "token" => text.len() == 40 && text.bytes().all(is_hex),
            "text" => !text.is_empty(),
            "number" => matches!(actual, Json::Number(number) if number.is_f64()),
            "integer" => matches!(actual, Json::Number(number) if !number.is_f64()),
            "seconds" => {
                (rest == "or null" && *actual == Json::Null)
                    || matches!(actual, Json::Number(number) if number.as_f64().is_some_and(|seconds| seconds > 1e9))
            }
            count => is_choice(count, rest, actual),
        };
        if !fits {
            self.report(place, expected, actual);
        } else if matches!(kind, "uuid" | "token" | "text") && !rest.is_empty() {
            self.names.set(rest, text);
        }
    }

    /// To the letter, but for `<*>`, which is anything.
    fn exact(&mut self, place: &str, expected: &str, actual: &Json) {
        let expected = match self.names.fill(expected) {
            Ok(expected) => expected,
            Err(error) => return self.differences.push(format!("{place}: {error}")),
        };
        let fits = match (actual, expected.split_once("<*>")) {
            (Json::Text(text), Some((start, end))) => {
                text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
            }
            (Json::Text(text), None) => *text == expected,
            _ => false,
        };
        if !fits {
            self.report(place, Json::Text(expected), actual);
        }
    }
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => is_hex(byte),
        })
}

/// With six digits of a second, or none.
fn is_time(text: &str) -> bool {
    ["0000-00-00T00:00:00.000000Z", "0000-00-00T00:00:00Z"].iter().any(|pattern| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                wanted => byte == wanted,
            })
    })
}

/// `<4 of a b c d e>`: four different ones of the list.
fn is_choice(count: &str, of: &str, actual: &Json) -> bool {
    let count: usize = count.parse().unwrap_or_else(|_| panic!("there is no kind <{count} {of}>"));
    let all: Vec<&str> = of.trim_start_matches("of ").split(' ').collect();
    let Json::List(items) = actual else { return false };
    let known = |item: &Json| matches!(item, Json::Text(text) if all.contains(&text.as_str()));
    let different = items.iter().enumerate().all(|(index, item)| !items[..index].contains(item));
    items.len() == count && different && items.iter().all(known)
}
