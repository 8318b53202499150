//! The metrics, held against what the original's libraries compute.

use domain::metrics::{cosine_similarity, sentence_bleu};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    bleu: Vec<Bleu>,
    cosine: Vec<Cosine>,
}

#[derive(Deserialize)]
struct Bleu {
    name: String,
    candidate: String,
    reference: String,
    rounded: f64,
}

#[derive(Deserialize)]
struct Cosine {
    one: Vec<f32>,
    other: Vec<f32>,
    value: Option<f64>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../data/metrics.json")).expect("the vectors are JSON")
}

#[test]
fn bleu_is_that_of_nltk() {
    for case in vectors().bleu {
        let score = sentence_bleu(&case.candidate, &case.reference);
        assert!((score - case.rounded).abs() < 1e-12, "{}: {score} instead of {}", case.name, case.rounded);
    }
}

#[test]
fn the_cosine_is_that_of_numpy_and_nothing_where_there_is_no_direction() {
    for Cosine { one, other, value } in vectors().cosine {
        let cosine = cosine_similarity(&one, &other);
        let fits = match (cosine, value) {
            (Some(cosine), Some(value)) => (cosine - value).abs() < 1e-7,
            (cosine, value) => cosine == value,
        };
        assert!(fits, "{one:?} {other:?}: {cosine:?} instead of {value:?}");
    }
}

#[test]
fn vectors_of_different_lengths_are_not_compared() {
    assert_eq!(cosine_similarity(&[1.0], &[1.0, 0.0]), None);
}
