//! The built-in answer: verbatim stretches of the documents, line by line.
//!
//! A sentence without its paragraph, an item without its list or a row without its table may say the opposite. So
//! nothing is taken out of a paragraph, a list or a row, lines are not joined, and the headings above a stretch are
//! those of the document.

use std::{collections::HashSet, ops::RangeInclusive};

use domain::ids::DocumentId;

use crate::retrieval::Passage;

mod blocks;
mod designators;
mod general;
mod scoring;
mod stretches;
mod tables;
mod writing;

use designators::{Designators, Standing};
use scoring::{Question, Words};
use stretches::{Stretch, stretches};

pub const NOTICE: &str = "This answer was put together by the built-in extractive answerer: it quotes the reference \
documents word for word. No language model wrote it.";
pub const NOTHING: &str = "The reference documents hold nothing about this. (This is the built-in extractive answerer, \
which only quotes the reference documents; no language model wrote this.)";
/// The answer to a question without a subject, such as "and for children?".
pub const NO_SUBJECT: &str = "Please name the drug, the disease or what else the question is about: each question is looked up by itself, \
without those before it. (This is the built-in extractive answerer, which only quotes the reference documents; no language model \
wrote this.)";
/// The answers "no documents" and "no subject" in Hindi and Malayalam, by a range of letters of the script.
const IN_OTHER_LANGUAGES: [(RangeInclusive<char>, &str, &str); 2] = [
    ('\u{904}'..='\u{939}', "संदर्भ दस्तावेज़ों में इस बारे में कुछ नहीं है।", "कृपया दवा, रोग या प्रश्न के विषय का नाम लिखें।"),
    ('\u{d05}'..='\u{d39}', "റഫറൻസ് രേഖകളിൽ ഇതിനെക്കുറിച്ച് ഒന്നും ഇല്ല.", "ദയവായി മരുന്നിന്റെയോ രോഗത്തിന്റെയോ പേര് എഴുതുക."),
];

/// An answer, and the documents that it quotes in the order of their quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// The answer as Markdown.
    pub text: String,
    pub documents: Vec<DocumentId>,
}

impl Quoted {
    /// The answer without a quote, in English and in the asker's language: the asker may not read English.
    fn nothing(in_english: &str, own: Option<&str>) -> Self {
        let text = own.map_or_else(|| in_english.to_owned(), |own| format!("{own}\n\n{in_english}"));
        Self { text, documents: Vec::new() }
    }
}

/// Quotes the passages, given best first, that answer the question.
pub fn quote(question: &str, passages: &[Passage]) -> Quoted {
    let stretches = stretches(passages);
    let texts: Vec<Words> = stretches.iter().map(|stretch| Words::of(&stretch.text)).collect();
    let asked = Designators::asked(question);
    let own = IN_OTHER_LANGUAGES.iter().find(|(letters, ..)| question.chars().any(|c| letters.contains(&c)));
    let question = Question::new(question, &texts);
    if question.names_nothing() {
        return Quoted::nothing(NO_SUBJECT, own.map(|(_, _, no_subject)| *no_subject));
    }
    let best = best(&question, &asked, &stretches, texts);
    if best.is_empty() {
        return Quoted::nothing(NOTHING, own.map(|(_, nothing, _)| *nothing));
    }
    let mut seen = HashSet::new();
    let documents: Vec<DocumentId> =
        best.iter().map(|stretch| stretch.document).filter(|document| seen.insert(*document)).collect();
    let mut text = NOTICE.to_owned();
    for document in &documents {
        let mut of_document: Vec<&Stretch<'_>> =
            best.iter().filter(|stretch| stretch.document == *document).copied().collect();
        of_document.sort_by_key(|stretch| stretch.place);
        writing::write_title(of_document[0].title, &mut text);
        for stretch in of_document {
            writing::write(stretch, &question, &mut text);
        }
    }
    Quoted { text, documents }
}

/// The quoted stretches, best first; none if the best one shares too little with the question.
fn best<'a>(
    question: &Question,
    asked: &Designators,
    stretches: &'a [Stretch<'a>],
    texts: Vec<Words>,
) -> Vec<&'a Stretch<'a>> {
    let mut scored: Vec<(f32, f32, Standing, &Stretch<'_>)> = Vec::new();
    for (stretch, text) in stretches.iter().zip(texts) {
        let (headings, title) = (Words::of(&stretch.headings.join(" ")), Words::of(stretch.title));
        let score = question.score(&text, &headings, &title, stretch.rank);
        if score > 0.0 {
            let whole = format!("{}\n{}\n{}", stretch.title, stretch.headings.join("\n"), stretch.text);
            scored.push((score, question.coverage(&[&text, &headings, &title]), asked.standing(&whole), stretch));
        }
    }
    scored.sort_by(|(a, .., one), (b, .., other)| {
        b.total_cmp(a).then((one.rank, one.place).cmp(&(other.rank, other.place)))
    });
    // If the best stretch is about a neighbour of the subject, stretches that do not name the subject are about
    // something else.
    let is_of_other = scored.first().is_some_and(|(.., standing, _)| *standing == Standing::OfOther);
    scored.retain(|(.., standing, _)| match standing {
        Standing::OfOther => false,
        Standing::Named => true,
        Standing::Unnamed => !is_of_other,
    });
    let Some((best, ..)) = scored.first().filter(|(_, coverage, ..)| *coverage >= scoring::MIN_COVERAGE) else {
        return Vec::new();
    };
    let least = best * scoring::MIN_OF_BEST;
    let mut seen = HashSet::new();
    scored.retain(|(score, .., stretch)| *score >= least && seen.insert((&stretch.headings, &stretch.text)));
    scored.truncate(scoring::MAX_QUOTES);
    let mut length = 0;
    scored.retain(|(.., stretch)| {
        let is_first = length == 0;
        // Only a row of a long table may be shown, so the length is that of the written form.
        let mut shown = String::new();
        writing::write(stretch, question, &mut shown);
        length += shown.chars().count();
        is_first || length <= scoring::MOST_CHARACTERS
    });
    scored.into_iter().map(|(.., stretch)| stretch).collect()
}

#[cfg(test)]
mod tests;
