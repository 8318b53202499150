//! Whether a text can be seen by readers of the page: one rule for the colours and sizes of all Office formats.

/// The largest difference of red, green or blue (of 255) at which nobody reads a text on its ground.
const SAME: u8 = 8;
/// That up to which it is doubtful.
const ALIKE: u8 = 24;
/// Sizes in hundredths of a point: nobody reads a text below the first, and below the second it is doubtful.
const UNREADABLE: i64 = 200;
const TINY: i64 = 400;

/// Red, green and blue.
pub(crate) type Rgb = [u8; 3];

pub(crate) const BLACK: Rgb = [0; 3];
pub(crate) const WHITE: Rgb = [255; 3];

/// Whether a text can be seen, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Yes,
    Perhaps,
    No,
}

impl Seen {
    /// What is not certainly unseen.
    pub(crate) fn at_least_perhaps(self) -> Self {
        self.min(Self::Perhaps)
    }
}

/// Reads six hexadecimal digits.
pub(crate) fn rgb(digits: &str) -> Option<Rgb> {
    let digits = digits.trim().trim_start_matches('#');
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

/// Whether text of this colour is seen on this ground.
pub(crate) fn seen_on(text: Rgb, ground: Rgb) -> Seen {
    let differences = text.iter().zip(ground).map(|(one, other)| one.abs_diff(other));
    let largest = differences.max().unwrap_or_default();
    if largest <= SAME {
        Seen::No
    } else if largest <= ALIKE {
        Seen::Perhaps
    } else {
        Seen::Yes
    }
}

/// Whether text of this size, in hundredths of a point, can be read.
pub(crate) const fn seen_in_size(size: i64) -> Seen {
    if size < UNREADABLE {
        Seen::No
    } else if size < TINY {
        Seen::Perhaps
    } else {
        Seen::Yes
    }
}
