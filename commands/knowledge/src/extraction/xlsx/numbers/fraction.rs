//! Fractions with a small denominator.

/// The fraction next to a number from 0 to 1 whose denominator is at most this.
pub(super) fn nearest(value: f64, most: u64) -> (u64, u64) {
    let (mut before, mut last) = ((0_u64, 1_u64), (1_u64, 0_u64));
    let mut rest = value;
    // Each step at least doubles the denominator of two steps before.
    for _ in 0..64 {
        let whole = super::numeric::to_u64(rest.floor());
        let next = (
            whole.saturating_mul(last.0).saturating_add(before.0),
            whole.saturating_mul(last.1).saturating_add(before.1),
        );
        if next.1 > most {
            // Between the last two there may be a nearer one.
            let steps = (most - before.1) / last.1.max(1);
            let between = (steps * last.0 + before.0, steps * last.1 + before.1);
            return if distance(between, value) < distance(last, value) { between } else { last };
        }
        (before, last) = (last, next);
        let fraction = rest - rest.floor();
        if fraction < 1e-11 {
            break;
        }
        rest = 1.0 / fraction;
    }
    last
}

fn distance((numerator, denominator): (u64, u64), value: f64) -> f64 {
    if denominator == 0 {
        return f64::INFINITY;
    }
    // Both are small.
    let float = |number: u64| u32::try_from(number).map_or(f64::MAX, f64::from);
    (float(numerator) / float(denominator) - value).abs()
}
