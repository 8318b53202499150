//! Plain BM25, to compare with: passages of 200 words with their title, lower case, no stems, no stop words.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use super::{Document, Question, Tally, precise};

const WORDS: usize = 200;
const SATURATION: f64 = 1.2;
const DISCOUNT: f64 = 0.75;

pub(super) fn measure(documents: &[Document], questions: &[Question]) {
    let mut passages: Vec<(&str, usize)> = Vec::new();
    let mut postings: HashMap<String, Vec<(usize, f64)>> = HashMap::new();
    for document in documents {
        let words: Vec<&str> = document.text.split_whitespace().collect();
        for piece in words.chunks(WORDS) {
            let words = terms(&format!("{} {}", document.title, piece.join(" ")));
            let mut counts: HashMap<&String, f64> = HashMap::new();
            for word in &words {
                *counts.entry(word).or_default() += 1.0;
            }
            for (word, count) in counts {
                postings.entry(word.clone()).or_default().push((passages.len(), count));
            }
            passages.push((&document.name, words.len()));
        }
    }
    let all = precise(passages.len());
    let average = precise(passages.iter().map(|(_, length)| length).sum()) / all;
    let (started, mut tally) = (Instant::now(), Tally::default());
    for question in questions {
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for word in terms(&question.question).into_iter().collect::<HashSet<_>>() {
            let Some(found) = postings.get(&word) else { continue };
            let n = precise(found.len());
            let rarity = (1.0 + (all - n + 0.5) / (n + 0.5)).ln();
            for (passage, count) in found {
                let length = precise(passages[*passage].1) / average;
                let saturated =
                    count * (SATURATION + 1.0) / (count + SATURATION * (1.0 - DISCOUNT + DISCOUNT * length));
                *scores.entry(*passage).or_default() += rarity * saturated;
            }
        }
        let mut sorted: Vec<(usize, f64)> = scores.into_iter().collect();
        sorted.sort_by(|(a, one), (b, other)| other.total_cmp(one).then(a.cmp(b)));
        tally.count(sorted.iter().map(|(passage, _)| passages[*passage].0), |name| name == question.document);
    }
    tally.report("plain BM25", started);
}

fn terms(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
