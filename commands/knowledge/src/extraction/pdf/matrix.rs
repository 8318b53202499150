//! Affine matrices.

/// An affine matrix as PDF writes it: `[a b c d e f]`.
pub(super) type Matrix = [f32; 6];

/// The identity.
pub(super) const SAME: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// The matrix that applies `first`, then `then`.
pub(super) fn combined(first: Matrix, then: Matrix) -> Matrix {
    let across = |at: usize| first[at] * then[0] + first[at + 1] * then[2];
    let down = |at: usize| first[at] * then[1] + first[at + 1] * then[3];
    [across(0), down(0), across(2), down(2), across(4) + then[4], down(4) + then[5]]
}

/// The point to which a matrix moves a point.
pub(super) fn moved((x, y): (f32, f32), by: Matrix) -> (f32, f32) {
    (by[0] * x + by[2] * y + by[4], by[1] * x + by[3] * y + by[5])
}

/// The factor by which a matrix enlarges lengths.
pub(super) fn scale(matrix: Matrix) -> f32 {
    (matrix[0] * matrix[3] - matrix[1] * matrix[2]).abs().sqrt()
}
