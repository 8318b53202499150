//! Exact search for the nearest vectors in memory.
//!
//! A scan is limited by memory bandwidth, so it reads 8-bit codes first, a quarter of the vectors' bytes. The error
//! bound of each code shows which vectors can be among the nearest; only those are compared exactly.

use std::sync::Arc;

use domain::ids::{ChunkId, DocumentId};

use super::Hit;

/// Independent sums, so that the processor need not wait for one addition to begin the next.
const LANES: usize = 16;

/// The vectors of one document with their codes. All have the same dimensions.
#[derive(Debug)]
pub struct Vectors {
    document: DocumentId,
    chunks: Vec<ChunkId>,
    dimensions: usize,
    full: Vec<f32>,
    codes: Vec<i8>,
    shapes: Vec<Shape>,
}

/// The relation of a code to its vector.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// The factor by which the code approximates the vector.
    scale: f32,
    /// The length of the difference.
    error: f32,
    /// The length of the vector.
    length: f32,
}

impl Vectors {
    /// Encodes the vectors. One with another number of dimensions than the first is left out: it cannot be of the same
    /// model.
    pub fn new(document: DocumentId, vectors: impl IntoIterator<Item = (ChunkId, Vec<f32>)>) -> Self {
        let mut all = Self {
            document,
            chunks: Vec::new(),
            dimensions: 0,
            full: Vec::new(),
            codes: Vec::new(),
            shapes: Vec::new(),
        };
        for (chunk, vector) in vectors {
            if all.chunks.is_empty() {
                all.dimensions = vector.len();
            }
            if vector.len() == all.dimensions {
                let (codes, shape) = encode(&vector);
                all.chunks.push(chunk);
                all.codes.extend(codes);
                all.shapes.push(shape);
                all.full.extend(vector);
            }
        }
        all
    }

    fn full(&self, at: usize) -> &[f32] {
        &self.full[at * self.dimensions..(at + 1) * self.dimensions]
    }
}

/// The nearest vectors by their inner product, at most `limit`, best first; equal ones by id, so that the same search
/// has the same result everywhere.
pub fn nearest(documents: &[Arc<Vectors>], question: &[f32], limit: usize) -> Vec<Hit> {
    let (codes, shape) = encode(question);
    let codes: Vec<i16> = codes.iter().map(|code| i16::from(*code)).collect();
    let mut at_most: Vec<(f32, usize, usize)> = Vec::new();
    let mut at_least: Vec<f32> = Vec::new();
    let is_comparable = |vectors: &&(usize, &Arc<Vectors>)| vectors.1.dimensions == question.len();
    for (place, vectors) in documents.iter().enumerate().filter(|it| is_comparable(&it)) {
        for ((at, code), other) in vectors.codes.chunks_exact(question.len().max(1)).enumerate().zip(&vectors.shapes) {
            let about = product_of_codes(code, &codes) * other.scale * shape.scale;
            // |v·q - v'·q'| with v = v' + e and q = q' + f, plus some room for rounding.
            let off = (other.error * shape.length + (other.length + other.error) * shape.error) * 1.001 + 1e-6;
            at_most.push((about + off, place, at));
            at_least.push(about - off);
        }
    }
    // At least `limit` vectors are this near: one that cannot be is not among the nearest.
    if limit == 0 || at_least.is_empty() {
        return Vec::new();
    }
    let bar = if limit < at_least.len() {
        *at_least.select_nth_unstable_by(limit - 1, |a, b| b.total_cmp(a)).1
    } else {
        f32::NEG_INFINITY
    };
    let hit = |(_, place, at): &(f32, usize, usize)| {
        let vectors = &documents[*place];
        let score = product(vectors.full(*at), question);
        Hit { document: vectors.document, chunk: vectors.chunks[*at], score }
    };
    let mut hits: Vec<Hit> = at_most.iter().filter(|(most, ..)| *most >= bar).map(hit).collect();
    hits.sort_unstable_by(|a, b| {
        b.score.total_cmp(&a.score).then_with(|| (a.document, a.chunk).cmp(&(b.document, b.chunk)))
    });
    hits.truncate(limit);
    hits
}

fn encode(vector: &[f32]) -> (Vec<i8>, Shape) {
    let largest = vector.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let scale = if largest > 0.0 { largest / f32::from(i8::MAX) } else { 1.0 };
    #[expect(clippy::cast_possible_truncation, reason = "the quotient is between -127 and 127")]
    let codes: Vec<i8> = vector.iter().map(|x| (x / scale).round() as i8).collect();
    let missing = vector.iter().zip(&codes).map(|(x, code)| (x - scale * f32::from(*code)).powi(2));
    let error = missing.sum::<f32>().sqrt();
    (codes, Shape { scale, error, length: product(vector, vector).sqrt() })
}

#[expect(clippy::cast_precision_loss, reason = "what is lost is far less than the codes' own error")]
fn product_of_codes(a: &[i8], b: &[i16]) -> f32 {
    // In this form the compiler emits the instruction that multiplies and adds pairs of 16-bit numbers.
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>() as f32
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn library(vectors: &[Vec<f32>]) -> Vec<Arc<Vectors>> {
        let id = |at: usize| ChunkId::new(Uuid::from_u128(at as u128));
        let documents = vectors.chunks(3).enumerate().map(|(number, few)| {
            let of_document = few.iter().enumerate().map(|(at, vector)| (id(number * 3 + at), vector.clone()));
            Arc::new(Vectors::new(DocumentId::new(Uuid::from_u128(number as u128)), of_document))
        });
        documents.collect()
    }

    /// The reference result, by comparing all vectors.
    fn plainly(vectors: &[Vec<f32>], question: &[f32], limit: usize) -> Vec<u128> {
        let mut all: Vec<(f32, u128)> =
            (0..).zip(vectors).map(|(id, vector)| (product(vector, question), id)).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.iter().take(limit).map(|(_, id)| *id).collect()
    }

    fn ids(hits: &[Hit]) -> Vec<u128> {
        hits.iter().map(|hit| hit.chunk.value().as_u128()).collect()
    }

    proptest! {
        #[test]
        fn the_codes_lose_none_of_the_nearest(
            vectors in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 19), 0..60),
            question in prop::collection::vec(-2.0_f32..2.0, 19),
            limit in 0_usize..12,
        ) {
            prop_assert_eq!(ids(&nearest(&library(&vectors), &question, limit)), plainly(&vectors, &question, limit));
        }

        #[test]
        fn vectors_that_hardly_differ_are_told_apart(
            noise in prop::collection::vec(prop::collection::vec(-1e-4_f32..1e-4, 40), 2..40),
            limit in 1_usize..5,
        ) {
            let vectors: Vec<Vec<f32>> = noise.iter().map(|few| few.iter().map(|x| 0.15 + x).collect()).collect();
            let question = vec![0.158; 40];
            prop_assert_eq!(ids(&nearest(&library(&vectors), &question, limit)), plainly(&vectors, &question, limit));
        }
    }

    #[test]
    fn other_dimensions_and_nothing_at_all_are_no_hits() {
        let library = library(&[vec![1.0, 0.0], vec![0.0, 1.0], vec![0.5]]);
        assert_eq!(ids(&nearest(&library, &[0.0, 1.0], 9)), [1, 0]);
        assert!(nearest(&library, &[1.0, 0.0, 0.0], 9).is_empty());
        assert!(nearest(&library, &[], 9).is_empty());
        assert!(nearest(&[], &[1.0], 9).is_empty());
    }
}
