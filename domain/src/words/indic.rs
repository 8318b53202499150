//! The scripts of India, each in one spelling. Their Unicode blocks share a layout: 128 code points each, with
//! corresponding letters at the same offset.
//! At least the spellings that ICU's collations equate at the primary level are equated; tests compare both.

const FIRST: u32 = 0x0900;
const LAST: u32 = 0x0d7f;

const BENGALI: u32 = 0x0980;
const GURMUKHI: u32 = 0x0a00;
const GUJARATI: u32 = 0x0a80;
const TAMIL: u32 = 0x0b80;
const TELUGU: u32 = 0x0c00;
const KANNADA: u32 = 0x0c80;
pub(super) const MALAYALAM: u32 = 0x0d00;

// Offsets within a block.
const NGA: u32 = 0x19;
const NYA: u32 = 0x1e;
const NNA: u32 = 0x23;
const NA: u32 = 0x28;
const MA: u32 = 0x2e;
const RA: u32 = 0x30;
pub(super) const VIRAMA: u32 = 0x4d;

const MALAYALAM_VIRAMA: char = '\u{0d4d}';

/// The first code point of a letter's block, and the letter's offset in it.
pub(super) fn place(c: char) -> Option<(u32, u32)> {
    let c = u32::from(c);
    (FIRST..=LAST).contains(&c).then_some((c & !0x7f, c & 0x7f))
}

/// Whether a sign does not distinguish words: candrabindu, anusvara and visarga, nukta, Vedic accents, addak.
/// (Exceptions: Tamil's aytham at the offset of visarga, and two letters at the offset of candrabindu.)
pub(super) fn is_ignored(c: char) -> bool {
    let Some((block, place)) = place(c) else { return false };
    match (block, place) {
        (BENGALI | KANNADA, 0x00) | (TAMIL, 0x03) | (MALAYALAM, 0x3c) => false,
        (_, 0x00..=0x03 | 0x3c)
        | (FIRST, 0x51..=0x54)
        | (BENGALI, 0x7e)
        | (GURMUKHI, 0x70 | 0x71)
        | (GUJARATI, 0x7a..=0x7f)
        | (TELUGU, 0x04)
        | (KANNADA, 0x73)
        | (MALAYALAM, 0x3d) => true,
        _ => false,
    }
}

/// The letter that stands for all equivalent ones; digits become ASCII.
pub(super) fn letter(c: char) -> char {
    let Some((block, place)) = place(c) else { return c };
    match (block, place) {
        (_, 0x66..=0x6f) => char::from_digit(place - 0x66, 10).unwrap_or(c),
        (TELUGU, 0x78..=0x7b) => char::from_digit(place - 0x78, 10).unwrap_or(c),
        (TELUGU, 0x7c..=0x7e) => char::from_digit(place - 0x7b, 10).unwrap_or(c),
        (MALAYALAM, 0x3b | 0x3c) => MALAYALAM_VIRAMA,
        // The open o of English words: ऑक्सीजन, आक्सीजन; डॉक्टर, डाक्टर.
        (FIRST, 0x11) => 'आ',
        (FIRST, 0x49) => '\u{093e}',
        _ => c,
    }
}

/// The consonant of a letter that stands for one without a vowel: chillus, the dot above for r, Bengali's t, and the n
/// of old Telugu and Kannada.
pub(super) fn consonant_of(c: char) -> Option<char> {
    Some(match c {
        '\u{09ce}' => 'ত',
        '\u{0c5d}' => 'న',
        '\u{0cdd}' => 'ನ',
        '\u{0d4e}' | '\u{0d7c}' => 'ര',
        '\u{0d54}' => 'മ',
        '\u{0d55}' => 'യ',
        '\u{0d56}' => 'ഴ',
        '\u{0d7a}' => 'ണ',
        '\u{0d7b}' => 'ന',
        '\u{0d7d}' => 'ല',
        '\u{0d7e}' => 'ള',
        '\u{0d7f}' => 'ക',
        _ => return None,
    })
}

/// The one spelling of letters, which are given decomposed and without ignored signs.
pub(super) fn spelled(text: impl Iterator<Item = char>) -> Vec<char> {
    let mut whole: Vec<char> = Vec::new();
    for mut c in text {
        while let Some(vowel) = whole.last().and_then(|before| of_two(*before, c)) {
            whole.pop();
            c = vowel;
        }
        if let Some(consonant) = consonant_of(c) {
            whole.push(consonant);
            whole.extend(place(c).and_then(|(block, _)| char::from_u32(block + VIRAMA)));
        } else if is_virama(c) && whole.last().copied().is_some_and(is_virama) {
            // ൻ്റ is ന്റ.
        } else if let Some(vowel) = without_glide(&whole, c) {
            whole.pop();
            whole.push(vowel);
        } else {
            whole.push(c);
        }
    }
    doubled_once(&without_nasals(&whole))
}

/// The vowel that two signs write together.
const fn of_two(first: char, second: char) -> Option<char> {
    Some(match (first, second) {
        // Variants of au: കൌ, കൗ; and ഈ, ഊ, ഔ as on typewriters.
        ('\u{0d46}', '\u{0d57}') => '\u{0d57}',
        ('ഇ', '\u{0d57}') => 'ഈ',
        ('ഉ', '\u{0d57}') => 'ഊ',
        ('ഒ', '\u{0d57}') => 'ഔ',
        _ => return None,
    })
}

/// The vowel without the y that Hindi may write before it: चाहिये, चाहिए; गयी, गई.
fn without_glide(before: &[char], vowel: char) -> Option<char> {
    let vowel = match vowel {
        '\u{0947}' => 'ए',
        '\u{0940}' => 'ई',
        _ => return None,
    };
    let [.., letter, 'य'] = before else { return None };
    (place(*letter).is_some_and(|(block, _)| block == FIRST) && !is_virama(*letter)).then_some(vowel)
}

fn is_virama(c: char) -> bool {
    place(c).is_some_and(|(_, place)| place == VIRAMA)
}

/// The text without nasals that an anusvara, which is ignored, may stand for before the next letter: संबंध, सम्बन्ध;
/// इंसुलिन, इन्सुलिन.
fn without_nasals(text: &[char]) -> Vec<char> {
    // From the end, because it depends on the letter that is kept behind a nasal.
    let mut kept = Vec::with_capacity(text.len());
    for c in text.iter().rev() {
        let next = kept.len().checked_sub(2).map(|at| kept[at]);
        if kept.last().copied().is_some_and(is_virama) && stands_for_anusvara(*c, next) {
            kept.pop();
        } else {
            kept.push(*c);
        }
    }
    kept.reverse();
    kept
}

/// Whether this letter, if it has no vowel, may be written as an anusvara.
fn stands_for_anusvara(c: char, next: Option<char>) -> bool {
    let Some((block, nasal)) = place(c) else { return false };
    // Malayalam's collation treats every m without a vowel as an anusvara; Tamil has none, and Bengali has it for the
    // first nasal only.
    if (block, nasal) == (MALAYALAM, MA) {
        return true;
    }
    next.and_then(place).is_some_and(|(other, next)| other == block && nasals_before(block, next).contains(&nasal))
}

/// The offsets of nasals that an anusvara stands for before this letter.
pub(super) const fn nasals_before(block: u32, next: u32) -> &'static [u32] {
    match (block, next) {
        (BENGALI, 0x15..=0x18 | 0x1a..=0x1d | 0x1f..=0x22 | 0x24..=0x27 | 0x2a..=0x2d) => &[NGA],
        (TAMIL | BENGALI, _) => &[],
        (_, 0x2a..=0x2d) => &[NGA, NYA, NNA, NA, MA],
        (_, 0x15..=0x18 | 0x1a..=0x1d | 0x1f..=0x22 | 0x24..=0x27 | 0x36..=0x38) => &[NGA, NYA, NNA, NA],
        _ => &[],
    }
}

/// The text with single consonants behind an r, which some writers double: കർത്തവ്യം, സമ്മർദ്ദം, അർഥം and അർത്ഥം,
/// कर्त्तव्य.
fn doubled_once(text: &[char]) -> Vec<char> {
    let mut kept: Vec<char> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, others @ ..] = rest {
        if behind_r(&kept) && is_doubled(*first, others) {
            kept.push(others[1]);
            rest = &others[2..];
        } else {
            kept.push(*first);
            rest = others;
        }
    }
    kept
}

pub(super) fn behind_r(kept: &[char]) -> bool {
    let [.., r, virama] = kept else { return false };
    is_virama(*virama) && place(*r).is_some_and(|(_, place)| place == RA)
}

fn is_doubled(c: char, following: &[char]) -> bool {
    let (Some((block, one)), [virama, next, ..]) = (place(c), following) else { return false };
    let Some((_, other)) = place(*next).filter(|(other, _)| *other == block) else { return false };
    let has_breath = matches!(one, 0x15 | 0x17 | 0x1a | 0x1c | 0x1f | 0x21 | 0x24 | 0x26 | 0x2a | 0x2c);
    is_virama(*virama) && is_consonant(one) && (one == other || has_breath && other == one + 1)
}

pub(super) const fn is_consonant(place: u32) -> bool {
    matches!(place, 0x15..=0x39)
}

pub(super) fn of_block(block: u32) -> impl Iterator<Item = char> {
    (block..block + 0x80).filter_map(char::from_u32)
}

/// The digit in all scripts.
pub(super) fn digits(digit: char) -> impl Iterator<Item = char> {
    let others = (FIRST..=LAST).filter_map(char::from_u32).filter(move |c| letter(*c) == digit);
    others.chain([digit])
}
