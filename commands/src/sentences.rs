//! Text cut where its sentences end: services limit what they take at once, and a stream is translated as it comes.

/// Marks at the end of a sentence, of the scripts in use: Latin, Devanagari and its kin, Arabic and Urdu, Chinese.
const ENDS: [char; 9] = ['.', '!', '?', '।', '॥', '؟', '۔', '。', '…'];

/// Where the first whole sentences of a text end, if some do: after the last mark that a blank follows, or the last line break.
pub(crate) fn end_of_whole_sentences(text: &str) -> Option<usize> {
    let mut end = None;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let is_end = c == '\n' || (c.is_whitespace() && before.is_some_and(|mark| ENDS.contains(&mark)));
        if is_end {
            end = Some(at + c.len_utf8());
        }
        before = Some(c);
    }
    end
}

/// The text in pieces of at most so many bytes, cut after sentences where possible, else at blanks, else anywhere.
pub(crate) fn pieces(text: &str, max_bytes: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > max_bytes {
        let mut fitting = max_bytes;
        while !rest.is_char_boundary(fitting) {
            fitting -= 1;
        }
        let start = &rest[..fitting];
        let blank = start.rfind(char::is_whitespace).filter(|at| *at > 0);
        let first_character = rest.chars().next().map_or(1, char::len_utf8);
        let cut = end_of_whole_sentences(start).or(blank).unwrap_or(fitting).max(first_character);
        let (piece, after) = rest.split_at(cut);
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// The text between its leading and trailing blanks, and these: services drop them.
pub(crate) fn without_outer_blanks(text: &str) -> (&str, &str, &str) {
    let core = text.trim();
    let start = text.len() - text.trim_start().len();
    if core.is_empty() {
        return (text, "", "");
    }
    (&text[..start], core, &text[start + core.len()..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sentence_is_whole_when_a_blank_follows_its_mark() {
        assert_eq!(end_of_whole_sentences("Give 2.5 ml"), None);
        assert_eq!(end_of_whole_sentences("Give 2.5 ml. Then"), Some("Give 2.5 ml. ".len()));
        assert_eq!(end_of_whole_sentences("पानी दें। फिर"), Some("पानी दें। ".len()));
        assert_eq!(end_of_whole_sentences("- zinc\n- salt"), Some("- zinc\n".len()));
    }

    #[test]
    fn pieces_end_with_sentences_where_they_can() {
        assert_eq!(pieces("One. Two. Three.", 11), ["One. Two. ", "Three."]);
        assert_eq!(pieces("word word", 6), ["word", " word"]);
        assert_eq!(pieces("മരുന്ന്", 4), ["മ", "ര", "ു", "ന", "്", "ന", "്"]);
    }

    #[test]
    fn outer_blanks_are_kept_apart() {
        assert_eq!(without_outer_blanks("\n a b \n"), ("\n ", "a b", " \n"));
        assert_eq!(without_outer_blanks("  "), ("  ", "", ""));
    }

    proptest! {
        #[test]
        fn pieces_are_the_text_again_and_fit(text in any::<String>(), max in 4_usize..40) {
            let pieces = pieces(&text, max);
            prop_assert_eq!(&pieces.concat(), &text);
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= max));
        }
    }
}
