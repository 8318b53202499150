//! Check boxes and radio buttons of a form: the sign of each becomes a word at its place, for a page draws it as a shape.

use std::collections::HashMap;

use super::words::{Area, Page, Word};

/// Points of the height of the strips by which words are indexed.
const STRIP: f32 = 8.0;
/// Words of a strip that are examined.
const MOST_NEAR: usize = 400;

/// A check box or radio button, in points from the upper left of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    pub(super) area: Area,
    pub(super) is_set: bool,
}

/// Adds the signs to the words beside them. Returns the number of those that have no word beside them.
pub(super) fn add(page: &mut Page, ticks: &[Tick]) -> usize {
    if ticks.is_empty() {
        return 0;
    }
    let mut strips: HashMap<i32, Vec<usize>> = HashMap::new();
    for (at, word) in page.words.iter().enumerate() {
        strips.entry(strip(word.area.middle())).or_default().push(at);
    }
    // By the index of a word: the signs before it and those behind it.
    let mut beside: HashMap<usize, [Vec<Word>; 2]> = HashMap::new();
    // Words that are the sign itself, in a font of signs.
    let mut own: Vec<bool> = vec![false; page.words.len()];
    let mut alone = 0;
    for tick in ticks {
        let rows = strip(tick.area.top)..=strip(tick.area.bottom).min(strip(tick.area.top) + 8);
        let near = || rows.clone().flat_map(|at| strips.get(&at).into_iter().flatten().take(MOST_NEAR)).copied();
        near().filter(|at| tick.area.holds_center_of(&page.words[*at].area)).for_each(|at| own[at] = true);
        let gaps = near().filter(|at| !own[*at]).map(|at| {
            let area = &page.words[at].area;
            let (before, behind) = (area.left - tick.area.right, tick.area.left - area.right);
            (before.max(behind), at, behind > before)
        });
        let Some((_, at, is_behind)) = gaps.min_by(|a, b| a.0.total_cmp(&b.0)) else {
            alone += 1;
            continue;
        };
        let word = &page.words[at];
        // With the height of its neighbour it is taken for no raised sign.
        let area = Area { top: word.area.top, bottom: word.area.bottom, ..tick.area };
        let text = if tick.is_set { "☑" } else { "☐" }.to_owned();
        beside.entry(at).or_default()[usize::from(is_behind)].push(Word { area, text, ..word.clone() });
    }
    let words = std::mem::take(&mut page.words);
    for ((at, word), is_own) in words.into_iter().enumerate().zip(own) {
        let [mut before, mut behind] = beside.remove(&at).unwrap_or_default();
        for signs in [&mut before, &mut behind] {
            signs.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
        }
        page.words.extend(before);
        page.words.extend((!is_own).then_some(word));
        page.words.extend(behind);
    }
    alone
}

#[expect(clippy::cast_possible_truncation, reason = "what is out of range is far away")]
fn strip(y: f32) -> i32 {
    (y.clamp(-100_000.0, 100_000.0) / STRIP) as i32
}
