//! The built-in embedder: hashed stems of words and of pairs of words. No model, no network, the same vector on every
//! machine.
//!
//! It knows words, not meanings: a question finds the passages that share its words or parts of them.

use std::collections::BTreeMap;

use async_trait::async_trait;

use knowledge::retrieval::words;
use ports::{Embedder, ProviderError, TextKind};

/// The model's name, which is stored with every vector. A change of the vectors for the same text needs a new name.
pub const MODEL: &str = "built-in-lexical-3";

const DIMENSION: usize = 512;
/// The weight of a pair of adjacent words, in addition to the words themselves, which have 1.
const PAIR: f32 = 0.5;
/// The part of a project's weight for vectors that these vectors get. They know only words, as the ranking by words
/// does: a higher weight would put a passage that repeats a word before one that answers. In `make bench-retrieval`,
/// hit@1 is 0.963 with a third and 0.954 with 1.0.
const WEIGHT: f32 = 1.0 / 3.0;
/// Characters of the parts by which words of scripts without a stemmer are compared, too.
const PART: usize = 3;

/// The built-in [`Embedder`].
#[derive(Debug, Default, Clone, Copy)]
pub struct LexicalEmbedder;

#[async_trait]
impl Embedder for LexicalEmbedder {
    fn model(&self) -> &str {
        MODEL
    }

    async fn embed(&self, texts: &[String], _kind: TextKind) -> Result<Vec<Vec<f32>>, ProviderError> {
        let texts = texts.to_vec();
        tokio::task::spawn_blocking(move || texts.iter().map(|text| vector(text)).collect())
            .await
            .map_err(|error| ProviderError::unavailable(error.to_string()))
    }

    fn weight(&self) -> f32 {
        WEIGHT
    }
}

fn vector(text: &str) -> Vec<f32> {
    // Ordered, because the sum of floats depends on their order.
    let mut counts: BTreeMap<u64, f32> = BTreeMap::new();
    let stems = words::stems(text);
    for stem in &stems {
        *counts.entry(words::hash(stem)).or_default() += 1.0;
        for part in parts(stem) {
            *counts.entry(words::hash(&part)).or_default() += 1.0;
        }
    }
    for pair in stems.windows(2) {
        *counts.entry(words::hash(&pair.join(" "))).or_default() += PAIR;
    }
    let mut vector = vec![0.0_f32; DIMENSION];
    for (hash, count) in counts {
        // Another bit of the hash gives the sign, so that words that share a dimension cancel out instead of adding up.
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        vector[place(hash)] += sign * (1.0 + count).ln();
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        for x in &mut vector {
            *x /= length;
        }
    }
    vector
}

fn place(hash: u64) -> usize {
    // The high bits of FNV are better mixed than the low ones.
    usize::try_from((hash ^ (hash >> 32)) % DIMENSION as u64).expect("below the dimension")
}

/// The overlapping triples of characters of a long word without a stemmer.
fn parts(word: &str) -> Vec<String> {
    if word.is_ascii() {
        return Vec::new();
    }
    let characters: Vec<char> = word.chars().collect();
    if characters.len() <= PART {
        return Vec::new();
    }
    characters.windows(PART).map(String::from_iter).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn similarity(a: &str, b: &str) -> f32 {
        vector(a).iter().zip(vector(b)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn a_text_is_nearer_to_its_own_subject() {
        let passage = "Insulin lowers the glucose in the blood.";
        assert!(similarity("Which hormone lowers blood glucose?", passage) > similarity("broken bones", passage) + 0.3);
    }

    #[test]
    fn inflected_words_of_other_scripts_are_near() {
        assert!(similarity("പ്രമേഹം", "പ്രമേഹത്തിന്റെ") > 0.3);
    }

    #[test]
    fn spellings_of_one_text_have_one_vector() {
        for (one, other) in [
            ("അവൻ്റെ രക്തസമ്മർദം ൧൪൦", "അവന്\u{200d}റെ രക്തസമ്മര്\u{200d}ദ്ദം 140"),
            ("बुख़ार में ५०० मिलीग्राम", "बुखार में 500 mg"),
            ("anaemia: 500mg", "anemia: 500 mg"),
        ] {
            assert_eq!(vector(one), vector(other));
        }
    }

    #[test]
    fn a_text_without_words_is_all_zero() {
        assert!(vector(" ?! ").iter().all(|x| *x == 0.0));
    }

    #[test]
    fn vectors_never_change_under_the_same_model_name() {
        let vector = vector("Diabetes insulin insulin");
        let set: Vec<(usize, f32)> = vector.into_iter().enumerate().filter(|(_, x)| *x != 0.0).collect();
        assert_eq!(set, [(24, -0.773_707_87), (164, -0.285_552_53), (478, 0.488_155_3), (506, -0.285_552_53)]);
    }

    #[tokio::test]
    async fn texts_keep_their_order() {
        let texts = ["gout".to_owned(), "lupus".to_owned()];
        let vectors = LexicalEmbedder.embed(&texts, TextKind::Question).await.expect("it cannot fail");
        assert_eq!(vectors, [vector("gout"), vector("lupus")]);
    }

    proptest! {
        #[test]
        fn every_vector_has_length_one_or_zero(text in any::<String>()) {
            let length: f32 = vector(&text).iter().map(|x| x * x).sum();
            prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-3);
        }
    }
}
