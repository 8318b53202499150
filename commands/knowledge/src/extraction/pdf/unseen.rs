//! Compares the words of a page with what is known of its invisible text.

use std::collections::HashMap;

use super::{
    look::Look,
    seen::{MOST_PIECES, Piece, Seen},
    words::{Area, Page, Word},
};

/// Points of the height of the strips by which pieces of text are indexed.
const STRIP: f32 = 8.0;
/// The position of the baseline in most fonts, in heights of a word from its top.
const BASELINE: f32 = 0.78;
/// Points by which a piece of text may begin behind the left edge of its word, at most.
const BEGINS: f32 = 1.5;
/// Points from the origin of a piece of text to a place in its first letter.
const INTO: (f32, f32) = (2.0, -2.0);

impl Seen {
    /// Removes the words outside of the visible part of a page.
    pub(super) fn crop(&self, page: &mut Page) -> Unseen {
        let mut unseen = Unseen::default();
        page.words.retain(|word| {
            let is_shown = self.shown.is_none_or(|shown| shown.holds_center_of(&word.area));
            if !is_shown && unseen.lines.last() != Some(&word.line) {
                unseen.lines.push(word.line);
            }
            is_shown
        });
        unseen
    }

    /// Removes invisible words from a page whose invisible glyphs are not known: compares them with the origins of its
    /// pieces of text.
    pub(super) fn leave_out(&self, page: &mut Page, unseen: &mut Unseen) {
        if self.is_full() || self.covers.is_empty() && self.pieces.iter().all(|piece| piece.has_ink && !piece.is_white)
        {
            return;
        }
        // Poppler may have mixed the letters of covered words with those on the cover.
        unseen.are_mixed = self.pieces.iter().any(|piece| {
            let at = (piece.x + INTO.0, piece.y + INTO.1);
            self.covers.iter().any(|cover| cover.order > piece.order && cover.holds(at))
        });
        let strips = self.strips();
        let looks: Vec<Look> = page.words.iter().map(|word| self.look(word, &strips)).collect();
        let count = |look: Look| looks.iter().filter(|it| **it == look).count();
        // If most words of a page seem to be hidden, its way of drawing is not understood here.
        let are_few = count(Look::Hidden) * 2 < looks.len();
        let are_inkless = count(Look::Inkless) * 2 > looks.len();
        unseen.is_recognized = count(Look::Recognized) > 0 || are_inkless;
        let is_hidden = |look: &Look| *look == Look::Hidden && are_few || *look == Look::Inkless && !are_inkless;
        let mut looks = looks.iter();
        page.words.retain(|word| {
            let hidden = looks.next().is_some_and(is_hidden);
            if hidden && unseen.lines.last() != Some(&word.line) {
                unseen.lines.push(word.line);
            }
            !hidden
        });
    }

    /// Sets the baseline of each word.
    pub(super) fn tell_baselines(&self, page: &mut Page) {
        if self.has_rise || self.pieces.len() >= MOST_PIECES {
            return;
        }
        let strips = self.strips();
        for word in &mut page.words {
            let near = near(word, &strips);
            let expected = word.area.top + word.area.height() * BASELINE;
            let baselines = near.iter().map(|piece| piece.y);
            word.baseline = baselines.min_by(|a, b| (a - expected).abs().total_cmp(&(b - expected).abs()));
        }
    }

    fn strips(&self) -> HashMap<i32, Vec<&Piece>> {
        let mut strips: HashMap<i32, Vec<&Piece>> = HashMap::new();
        for piece in &self.pieces {
            strips.entry(strip(piece.y)).or_default().push(piece);
        }
        strips
    }

    fn look(&self, word: &Word, strips: &HashMap<i32, Vec<&Piece>>) -> Look {
        let beside = near(word, strips);
        let baseline = word.area.top + word.area.height() * BASELINE;
        let closest = beside.iter().map(|it| (it.y - baseline).abs()).fold(f32::MAX, f32::min);
        let own = || beside.iter().filter(|it| (it.y - baseline).abs() < closest + 0.3);
        let holds = |area: &Area| area.holds_center_of(&word.area);
        let is_below_image = |piece: &Piece| self.images.iter().any(|(at, it)| *at > piece.order && holds(it));
        let center = (word.area.center(), word.area.middle());
        let is_below_box = |piece: &Piece| self.covers.iter().any(|it| it.order > piece.order && it.holds(center));
        let is_on_ground = |piece: &Piece| {
            let mut all = self.grounds.iter().chain(&self.strokes).chain(&self.images);
            all.any(|(at, it)| *at < piece.order && holds(it))
        };
        let is_covered = |piece: &Piece| is_below_box(piece) || piece.is_white && !is_on_ground(piece);
        if beside.is_empty() {
            Look::Seen
        } else if own().all(|it| !it.has_ink || is_below_image(it)) {
            if self.images.iter().any(|(_, it)| holds(it)) { Look::Recognized } else { Look::Inkless }
        } else if own().filter(|it| it.has_ink).all(|it| is_covered(it)) {
            Look::Hidden
        } else {
            Look::Seen
        }
    }
}

/// The pieces of text in which a word may begin.
fn near<'a>(word: &Word, strips: &HashMap<i32, Vec<&'a Piece>>) -> Vec<&'a Piece> {
    let near = (strip(word.area.top)..=strip(word.area.bottom)).flat_map(|at| strips.get(&at).into_iter().flatten());
    let before: Vec<&Piece> = near
        .filter(|it| word.area.top <= it.y && it.y <= word.area.bottom && it.x <= word.area.left + BEGINS)
        .copied()
        .collect();
    let nearest = before.iter().map(|it| it.x).fold(f32::MIN, f32::max);
    before.into_iter().filter(|it| it.x > nearest - 0.5).collect()
}

/// The invisible text of a page.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    /// The lines from which words were removed.
    lines: Vec<usize>,
    /// The number of lines of invisible text that Poppler did not read.
    pub(super) others: usize,
    /// Whether text was recognized in a picture by a program.
    pub(super) is_recognized: bool,
    /// Whether letters that stand on one spot may have been mixed.
    pub(super) are_mixed: bool,
}

impl Unseen {
    /// The number of lines from which text was left out.
    pub(super) fn count(&self) -> usize {
        self.lines.len() + self.others
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what is out of range is far away")]
fn strip(y: f32) -> i32 {
    (y.clamp(-100_000.0, 100_000.0) / STRIP) as i32
}
