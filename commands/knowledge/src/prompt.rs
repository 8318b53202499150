//! The prompt: a project's template with `{reference}` expanded; and the removal of parts of a model's answer that are
//! meant for the machine.
//!
//! Pure text. Braces follow the rules of Python's `str.format`, in which existing prompts are written.

use std::{collections::BTreeSet, fmt::Write as _};

use domain::ids::DocumentId;
use sha2::{Digest, Sha256};

use crate::retrieval::Passage;

mod answer_text;
mod citations;
mod headings;
mod markup;
mod opening;
mod references;
pub use answer_text::AnswerText;
pub use markup::Markup;
pub use opening::{has_thought_marks, past_thoughts, without_thoughts};

/// The prompt of projects without one.
const BUILT_IN: &str = "\
You are Ayushma, an assistant for nurses and doctors. Answer the question from the reference documents below and from \
nothing else. Each is given as \"document id\": \"passages of the document\", the most relevant first.

References: {reference}

Rules:
- Answer in clear English, as briefly as the question allows; use lists where they help.
- If the references do not hold the answer, say so plainly and do not guess.
- Doses, limits and names of medicines are repeated exactly as the references give them.
- Do not mention these rules or the form of the references.
- End with one line of exactly this form, naming the ids of the documents that you used, the most useful first, or an \
empty list: References: [id, id]";
/// The text that is appended to the instructions of an assistant, whose author knows nothing of references.
const AFTER_INSTRUCTIONS: &str = "\n\n\
Reference documents, each as \"document id\": \"passages of the document\", the most relevant first: {reference}
Use them where they help. If you used some, end with one line of exactly this form, naming the ids of those documents: \
References: [id, id]";
const BUILT_IN_VERSION: &str = "built-in-1";
const PROJECT_VERSION: &str = "project";

/// A complete system message with its template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt<'a> {
    pub system: String,
    pub template: Template<'a>,
}

/// A template that cannot be expanded. The texts are part of the HTTP contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    #[error("Validation Error: Prompt template must contain {{reference}} variable")]
    NoReference,
    #[error("Missing some input keys: {{{}}}", quoted(.0))]
    UnknownVariables(BTreeSet<String>),
    #[error("Single '{0}' encountered in format string")]
    LoneBrace(char),
}

fn quoted(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// The template of a system message: a project's own, or the built-in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template<'a> {
    pub text: &'a str,
    /// The source: `project`, or the name of the built-in prompt.
    pub version: &'static str,
}

impl<'a> Template<'a> {
    /// The template that is used where a project has this one; a blank one is none.
    pub fn of(own: Option<&'a str>) -> Self {
        match own.filter(|template| !template.trim().is_empty()) {
            Some(text) => Self { text, version: PROJECT_VERSION },
            None => Self { text: BUILT_IN, version: BUILT_IN_VERSION },
        }
    }

    /// The SHA-256 of the text in hex: the same for every question until somebody edits the prompt.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }
}

/// Expands the project's template, or the built-in one if the project has none.
///
/// # Errors
/// [`PromptError`] if the project's template lacks `{reference}`, has another field, or has a single brace.
pub fn render<'a>(template: Option<&'a str>, passages: &[Passage]) -> Result<Prompt<'a>, PromptError> {
    let template = Template::of(template);
    Ok(Prompt { system: expand(template.text, &reference_json(passages))?, template })
}

/// The template for these instructions: their text with braces escaped, followed by the references; instructions with
/// `{reference}` are a template already.
pub fn template_of_instructions(instructions: &str) -> String {
    if instructions.contains("{reference}") {
        return instructions.to_owned();
    }
    let literal = instructions.replace('{', "{{").replace('}', "}}");
    format!("{literal}{AFTER_INSTRUCTIONS}")
}

fn expand(template: &str, reference: &str) -> Result<String, PromptError> {
    let mut expanded = String::with_capacity(template.len() + reference.len());
    let mut unknown = BTreeSet::new();
    let mut has_reference = false;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        expanded.push_str(&rest[..at]);
        let brace = if rest[at..].starts_with('{') { '{' } else { '}' };
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            expanded.push(brace);
            rest = after;
            continue;
        }
        let end = rest.find('}').filter(|_| brace == '{').ok_or(PromptError::LoneBrace(brace))?;
        // A conversion, a format, an attribute or an index may follow the name.
        let name = rest[..end].split(['!', ':', '.', '[']).next().unwrap_or_default();
        if name == "reference" {
            has_reference = true;
            expanded.push_str(reference);
        } else {
            unknown.insert(name.to_owned());
        }
        rest = &rest[end + 1..];
    }
    expanded.push_str(rest);
    if !has_reference {
        return Err(PromptError::NoReference);
    }
    if !unknown.is_empty() {
        return Err(PromptError::UnknownVariables(unknown));
    }
    Ok(expanded)
}

/// A JSON object of document ids, each with the text of its passages. It is written by hand because a map would lose
/// the order, which is the rank.
fn reference_json(passages: &[Passage]) -> String {
    let mut documents: Vec<(DocumentId, String)> = Vec::new();
    for passage in passages {
        match documents.iter_mut().find(|(id, _)| *id == passage.document_id) {
            Some((_, text)) => {
                text.push('\n');
                text.push_str(&passage.text);
            }
            None => documents.push((passage.document_id, passage.text.clone())),
        }
    }
    let mut json = String::from("{");
    for (at, (id, text)) in documents.into_iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        write!(json, "{separator}\"{id}\": {}", serde_json::Value::String(text)).expect("a string can be written to");
    }
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use domain::ids::ChunkId;
    use uuid::Uuid;

    use super::*;

    const ZEROS: &str = "00000000-0000-0000-0000-00000000000";

    fn passage(document: u128, text: &str) -> Passage {
        Passage {
            document_id: DocumentId::new(Uuid::from_u128(document)),
            document_version: 1,
            chunk_id: ChunkId::new(Uuid::from_u128(document)),
            content_hash: String::new(),
            title: String::new(),
            headings: String::new(),
            page: None,
            text: text.to_owned(),
            span: crate::retrieval::Span::default(),
            score: 1.0,
        }
    }

    fn system(template: &str, passages: &[Passage]) -> Result<String, String> {
        render(Some(template), passages).map(|prompt| prompt.system).map_err(|error| error.to_string())
    }

    #[test]
    fn the_references_are_one_json_object_best_document_first() {
        let passages = [passage(2, "b \"1\""), passage(1, "a"), passage(2, "b2")];
        let expected = format!(r#"<{{"{ZEROS}2": "b \"1\"\nb2", "{ZEROS}1": "a"}}>"#);
        assert_eq!(system("<{reference}>", &passages), Ok(expected));
    }

    #[test]
    fn braces_in_a_passage_are_left_alone() {
        let expected = format!(r#"{{"{ZEROS}1": "{{x}} {{{{"}}"#);
        assert_eq!(system("{reference}", &[passage(1, "{x} {{")]), Ok(expected));
    }

    #[test]
    fn a_prompt_without_reference_is_refused() {
        let expected = "Validation Error: Prompt template must contain {reference} variable";
        assert_eq!(system("{{reference}} {x}", &[]), Err(expected.to_owned()));
    }

    #[test]
    fn unknown_variables_are_named() {
        assert_eq!(system("{reference} {x}", &[]), Err("Missing some input keys: {'x'}".to_owned()));
    }

    #[test]
    fn doubled_braces_are_single_ones() {
        assert_eq!(system("{{\"a\": {reference}}}", &[]), Ok("{\"a\": {}}".to_owned()));
    }

    #[test]
    fn a_lone_brace_is_refused() {
        assert_eq!(system("{reference} }", &[]), Err("Single '}' encountered in format string".to_owned()));
        assert_eq!(system("{reference} {x", &[]), Err("Single '{' encountered in format string".to_owned()));
    }

    #[test]
    fn a_project_without_a_prompt_uses_the_built_in_one() {
        let none = render(None, &[passage(1, "text")]).expect("the built-in prompt is sound");
        assert_eq!(render(Some("  "), &[passage(1, "text")]), Ok(none.clone()));
        assert_eq!(none.template.version, "built-in-1");
        assert!(none.system.contains(&format!(r#"References: {{"{ZEROS}1": "text"}}"#)));
    }

    #[test]
    fn the_hash_is_that_of_the_template() {
        let hash = |passages: &[Passage]| render(None, passages).map(|prompt| prompt.template.hash());
        assert_eq!(hash(&[]), hash(&[passage(1, "text")]));
    }
}
