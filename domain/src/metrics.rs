//! Scores of the similarity of an answer to the one that a person wrote.

use std::collections::HashMap;

/// The length of the longest n-grams that are compared.
const MAX_ORDER: usize = 4;
/// The constant of nltk's smoothing method 4.
const K: f64 = 5.0;

/// BLEU of a candidate against one reference: the geometric mean of the shares of the candidate's n-grams of one to
/// four words that are in the reference, lowered for a candidate that is too short; 0.0 to 1.0, rounded to four places.
///
/// Equals nltk's `sentence_bleu` with smoothing method 4 over words separated by white space, so that runs can be
/// compared with older ones.
pub fn sentence_bleu(candidate: &str, reference: &str) -> f64 {
    let (candidate, reference) = (words(candidate), words(reference));
    let matches: Vec<usize> = (1..=MAX_ORDER).map(|order| common_runs(&candidate, &reference, order)).collect();
    if matches[0] == 0 {
        return 0.0;
    }
    let length = number(candidate.len());
    let mut unmatched_orders = 0;
    let logarithms = matches.iter().enumerate().map(|(at, matches)| {
        let runs = number(candidate.len().saturating_sub(at).max(1));
        if *matches > 0 {
            (number(*matches) / runs).ln()
        } else if candidate.len() > 1 {
            unmatched_orders += 1;
            let smoothed = length.ln() / (2_f64.powi(unmatched_orders) * K);
            (smoothed / runs).ln()
        } else {
            // A single word has no longer n-grams.
            0.0
        }
    });
    let mean = logarithms.sum::<f64>() / number(MAX_ORDER);
    let brevity = if candidate.len() < reference.len() { 1.0 - number(reference.len()) / length } else { 0.0 };
    let score = (brevity + mean).exp();
    (score * 10_000.0).round_ties_even() / 10_000.0
}

/// The cosine of the angle between two vectors, -1.0 to 1.0; `None` if one of them is zero, or their dimensions differ.
pub fn cosine_similarity(one: &[f32], other: &[f32]) -> Option<f64> {
    if one.len() != other.len() {
        return None;
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = dot(one, one).sqrt() * dot(other, other).sqrt();
    let cosine = dot(one, other) / lengths;
    (lengths > 0.0 && cosine.is_finite()).then(|| cosine.clamp(-1.0, 1.0))
}

/// The words as Python's `str.split` finds them: its white space includes the four separators of ASCII.
fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
        .filter(|word| !word.is_empty())
        .collect()
}

/// The number of the candidate's n-grams of this order in the reference, each counted at most as often as there.
fn common_runs(candidate: &[&str], reference: &[&str], order: usize) -> usize {
    let mut available: HashMap<&[&str], usize> = HashMap::new();
    for run in reference.windows(order) {
        *available.entry(run).or_default() += 1;
    }
    candidate
        .windows(order)
        .filter(|run| match available.get_mut(*run) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        })
        .count()
}

/// Texts have far fewer words than a float has exact whole numbers.
#[expect(clippy::cast_precision_loss, reason = "no text has that many words")]
const fn number(count: usize) -> f64 {
    count as f64
}
