//! The text form of scenarios, as `scenarios/README.md` describes it.

use super::json::Json;

/// What one file says.
pub(super) struct Area {
    /// Paths (`*` is one part) and the `Allow` of their answers; the first that fits holds.
    pub(super) allow: Vec<(String, String)>,
    pub(super) shapes: Vec<(String, Json)>,
    pub(super) scenarios: Vec<Scenario>,
}

pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) step: Step,
}

pub(super) enum Step {
    /// Something that happens without a request.
    Event(String),
    Exchange(Exchange),
}

#[derive(Default)]
pub(super) struct Exchange {
    pub(super) who: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    /// Asked again until it is as expected.
    pub(super) eventually: bool,
    /// Three digits, or `4xx`.
    pub(super) status: String,
    pub(super) expected_headers: Vec<(String, String)>,
    pub(super) expected_body: String,
}

#[derive(Default, Clone)]
pub(super) enum Body {
    #[default]
    Nothing,
    Text(String),
    Form(Vec<Part>),
}

#[derive(Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) file: Option<File>,
    pub(super) content: String,
}

#[derive(Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) media_type: String,
}

impl Area {
    /// # Panics
    /// With the line's number if the text has not the form of scenarios.
    pub(super) fn parse(text: &str) -> Self {
        let mut area = Self { allow: vec![], shapes: vec![], scenarios: vec![] };
        let lines: Vec<&str> = text.lines().collect();
        let starts: Vec<usize> = (0..lines.len()).filter(|index| lines[*index].starts_with("== ")).collect();
        for line in &lines[..starts.first().copied().unwrap_or(lines.len())] {
            if let Some(shape) = line.strip_prefix("shape ") {
                let (name, json) = halves(shape, ": ");
                area.shapes.push((name, Json::parse(&json).expect("a shape is JSON")));
            } else if let Some(allow) = line.strip_prefix("allow ") {
                area.allow.push(halves(allow, ": "));
            } else {
                assert!(line.is_empty() || line.starts_with('#'), "{line}");
            }
        }
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(lines.len());
            let name = lines[*start].trim_start_matches("== ").to_owned();
            let known = area.scenarios.iter().any(|scenario| scenario.name == name);
            assert!(!known, "two scenarios have the name {name}");
            let step = step(&lines[start + 1..end], start + 1);
            area.scenarios.push(Scenario { name, line: start + 1, step });
        }
        area
    }

    pub(super) fn allow(&self, path: &str) -> Option<&str> {
        let path = path.split('?').next().unwrap_or(path);
        let fits = |pattern: &str| {
            let (parts, wanted): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
            parts.len() == wanted.len()
                && parts
                    .iter()
                    .zip(&wanted)
                    .all(|(part, wanted)| part == wanted || (*wanted == "*" && !part.is_empty()))
        };
        self.allow.iter().find(|(pattern, _)| fits(pattern)).map(|(_, allow)| allow.as_str())
    }
}

fn halves(text: &str, between: &str) -> (String, String) {
    let (first, second) = text.split_once(between).unwrap_or_else(|| panic!("`{between}` is missing in: {text}"));
    (first.to_owned(), second.to_owned())
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| (name.to_owned(), value.trim().to_owned()))
}

fn step(lines: &[&str], number: usize) -> Step {
    let lines: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !line.is_empty() && !["#", "differs: ", "note: "].iter().any(|start| line.starts_with(start)))
        .collect();
    if let [event] = lines[..]
        && let Some(event) = event.strip_prefix("! ")
    {
        return Step::Event(event.to_owned());
    }
    let arrow = lines.iter().position(|line| line.starts_with("-> "));
    let arrow = arrow.unwrap_or_else(|| panic!("line {number}: a scenario needs `-> status`"));
    let mut exchange = Exchange { status: lines[arrow][3..].to_owned(), ..Exchange::default() };
    let (mut parts, mut texts) = (vec![], vec![]);
    for (index, line) in lines[..arrow].iter().enumerate() {
        if index == 0 {
            let request = line.strip_prefix("eventually ");
            exchange.eventually = request.is_some();
            let words: Vec<&str> = request.unwrap_or(line).split(' ').collect();
            let [who, method, path] = words[..] else { panic!("line {number}: expected `who METHOD path`: {line}") };
            (exchange.who, exchange.method, exchange.path) = (who.to_owned(), method.to_owned(), path.to_owned());
        } else if let Some(part) = line.strip_prefix("+ ") {
            parts.push(self::part(part));
        } else if let Some(text) = line.strip_prefix("body: ") {
            texts.push(text);
        } else if let Some(header) = header(line) {
            exchange.headers.push(header);
        } else {
            texts.push(*line);
        }
    }
    exchange.body = match (parts.is_empty(), texts.is_empty()) {
        (false, _) => Body::Form(parts),
        (true, false) => Body::Text(texts.join("\n")),
        (true, true) => Body::Nothing,
    };
    let rest = &lines[arrow + 1..];
    let is_header = |line: &&&str| !line.starts_with("data: ") && !line.starts_with("text: ") && header(line).is_some();
    let headers = rest.iter().take_while(is_header).count();
    exchange.expected_headers = rest[..headers].iter().filter_map(|line| header(line)).collect();
    exchange.expected_body = rest[headers..].join("\n");
    Step::Exchange(exchange)
}

/// `name=text`, or `name@file.ext type/subtype=content`.
fn part(text: &str) -> Part {
    let (name, content) = halves(text, "=");
    match name.split_once('@') {
        None => Part { name, file: None, content },
        Some((field, file)) => {
            let (file, media_type) = file.rsplit_once(' ').unwrap_or((file, "application/octet-stream"));
            let file = File { name: file.to_owned(), media_type: media_type.to_owned() };
            Part { name: field.to_owned(), file: Some(file), content }
        }
    }
}
