//! The numbers of lists in the formats of the standard.

/// The largest number that is written in letters; a larger one is written in digits.
const LAST_LETTER: i64 = 26 * 8;
pub(crate) const LAST_ROMAN: i64 = 3_999;
const ROMANS: [(i64, &str); 13] = [
    (1_000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
];

/// The number in this format, one of `ST_NumberFormat`.
pub(crate) fn written(number: i64, format: &str) -> String {
    match format {
        "lowerLetter" => letters(number, 'a'),
        "upperLetter" => letters(number, 'A'),
        "lowerRoman" => roman(number),
        "upperRoman" => roman(number).to_uppercase(),
        "decimalZero" => format!("{number:02}"),
        "ordinal" => format!("{number}{}", ending(number)),
        // Word processors show consonants for this format, whatever its name says.
        "hindiVowels" => devanagari(number),
        "hindiNumbers" | "hindiCounting" => digits(number, '०'),
        "thaiNumbers" => digits(number, '๐'),
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => circled(number),
        "none" => String::new(),
        _ => number.to_string(),
    }
}

/// A number in letters as word processors count them: a to z, then aa to zz, then aaa.
fn letters(number: i64, first: char) -> String {
    if !(1..=LAST_LETTER).contains(&number) {
        return number.to_string();
    }
    let (round, at) = ((number - 1) / 26, (number - 1) % 26);
    let letter = u8::try_from(at).ok().and_then(|at| u8::try_from(first).ok()?.checked_add(at));
    let letter = char::from(letter.unwrap_or(b'?'));
    std::iter::repeat_n(letter, usize::try_from(round + 1).unwrap_or(1)).collect()
}

/// A number in Devanagari consonants: क, ख, ग, and so on.
fn devanagari(number: i64) -> String {
    const LETTERS: &str = "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह";
    let letter = number.checked_sub(1).and_then(|at| usize::try_from(at).ok()).and_then(|at| LETTERS.chars().nth(at));
    letter.map_or_else(|| number.to_string(), String::from)
}

/// A number in lower-case Roman numerals, or in digits if it has none.
pub(crate) fn roman(number: i64) -> String {
    if !(1..=LAST_ROMAN).contains(&number) {
        return number.to_string();
    }
    let (mut left, mut written) = (number, String::new());
    for (value, digit) in ROMANS {
        while left >= value {
            left -= value;
            written.push_str(digit);
        }
    }
    written
}

fn ending(number: i64) -> &'static str {
    match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// A number in the digits of another script, whose zero is given.
fn digits(number: i64, zero: char) -> String {
    let digit = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(u32::from(zero) + digit)).unwrap_or(c);
    number.to_string().chars().map(digit).collect()
}

fn circled(number: i64) -> String {
    let circled =
        u32::try_from(number).ok().filter(|it| (1..=20).contains(it)).and_then(|it| char::from_u32(0x245f + it));
    circled.map_or_else(|| number.to_string(), String::from)
}

/// The mark of an item: a number with only brackets and full stops around it becomes `1.`, other labels stay.
pub(crate) fn mark(label: &str) -> String {
    let core = label.trim().trim_matches(|c: char| "().[]".contains(c) || c.is_whitespace());
    if !core.is_empty() && core.chars().all(|c| c.is_alphanumeric() || c == '.') {
        format!("{core}.")
    } else {
        label.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_list_says() {
        let all = |format: &str| [1, 4, 26, 27, 53].map(|number| written(number, format)).join(" ");
        assert_eq!(all("decimal"), "1 4 26 27 53");
        assert_eq!(all("lowerLetter"), "a d z aa aaa");
        assert_eq!(all("upperLetter"), "A D Z AA AAA");
        assert_eq!(all("lowerRoman"), "i iv xxvi xxvii liii");
        assert_eq!(all("upperRoman"), "I IV XXVI XXVII LIII");
        assert_eq!(all("hindiNumbers"), "१ ४ २६ २७ ५३");
        assert_eq!(all("ordinal"), "1st 4th 26th 27th 53rd");
        assert_eq!([1, 2, 33, 34, 0].map(|number| written(number, "hindiVowels")), ["क", "ख", "ह", "34", "0"]);
        assert_eq!(written(i64::MAX, "lowerLetter"), i64::MAX.to_string());
        assert_eq!(written(0, "upperRoman"), "0");
        assert_eq!(written(3, "decimalEnclosedCircle"), "③");
    }

    #[test]
    fn a_plain_number_is_marked_by_a_full_stop() {
        assert_eq!(mark("1)"), "1.");
        assert_eq!(mark("(iv)"), "iv.");
        assert_eq!(mark("1.2"), "1.2.");
        assert_eq!(mark("Step 3:"), "Step 3:");
    }
}
