//! The endings of inflected words in Indian languages.
//!
//! Hindi's are those of A. Ramanathan and D. D. Rao, "A Lightweight Stemmer for Hindi" (2003), which Snowball's stemmer
//! has, too. The others are the cases, numbers and postpositions in grammars of these languages, and the verb forms of
//! orders and questions. A stem need not be a word: it only has to be the same for most forms of one.

use std::sync::LazyLock;

use domain::words::letters;
use unicode_normalization::char::is_combining_mark;

/// Characters of a stem, at least.
const LEAST: usize = 2;
/// Characters of an ending from which its stem needs one more character, as it does behind a second ending. Where
/// endings follow each other, it does so behind an ending of one character, too.
const LONG: usize = 4;

struct Language {
    /// The first character of its Unicode block.
    first: char,
    last: char,
    /// Consecutive endings of a word, at most.
    most: usize,
    /// The endings in folded form, the longest first.
    endings: Vec<String>,
}

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let language = |first, last, most, endings: &str| {
        let mut endings: Vec<String> = endings.split_whitespace().map(|ending| letters(ending).into_owned()).collect();
        endings.retain(|ending| !ending.is_empty());
        endings.sort_by_key(|ending| std::cmp::Reverse(ending.chars().count()));
        endings.dedup();
        Language { first, last, most, endings }
    };
    vec![
        language('\u{0900}', '\u{097f}', 1, HINDI_AND_MARATHI),
        language('\u{0980}', '\u{09ff}', 1, BENGALI),
        language('\u{0a00}', '\u{0a7f}', 1, PUNJABI),
        language('\u{0a80}', '\u{0aff}', 1, GUJARATI),
        language('\u{0c00}', '\u{0c7f}', 2, TELUGU),
        language('\u{0c80}', '\u{0cff}', 2, KANNADA),
        language('\u{0d00}', '\u{0d7f}', 4, MALAYALAM),
    ]
});

/// A folded word in lower case without its endings.
pub(super) fn without_endings(word: &str) -> &str {
    let Some(first) = word.chars().next() else { return word };
    let Some(language) = LANGUAGES.iter().find(|language| (language.first..=language.last).contains(&first)) else {
        return word;
    };
    let mut stem = word;
    for round in 0..language.most {
        let length = stem.chars().count();
        let fits = |ending: &&String| {
            let characters = ending.chars().count();
            // Where endings follow each other, a short word may itself look like one with an ending: പനി, പനിയുടെ; തല,
            // തലയിൽ.
            let has_many = language.most > 1;
            let is_short = if has_many { characters > 1 } else { characters < LONG };
            let least = if round == 0 && is_short { LEAST } else { LEAST + 1 };
            let Some(left) = stem.strip_suffix(ending.as_str()).filter(|_| length >= characters + least) else {
                return false;
            };
            !has_many || left.chars().filter(|c| !is_combining_mark(*c)).count() >= LEAST
        };
        let Some(ending) = language.endings.iter().find(fits) else { break };
        stem = &stem[..stem.len() - ending.len()];
    }
    // The sign of a missing vowel (virama) differs between forms: മരുന്ന്, മരുന്നുകൾ.
    let bare = stem.strip_suffix(['\u{0d4d}', '\u{094d}', '\u{0c4d}', '\u{0ccd}', '\u{09cd}']).unwrap_or(stem);
    if bare.chars().count() >= LEAST { bare } else { stem }
}

const HINDI_AND_MARATHI: &str = "
    ो े ू ु ी ि ा कर ाओ िए ाई ाए ने नी ना ते ीं ती ता ाँ ां ों ें ाकर ाइए ाईं ाया ेगी ेगा ोगी ोगे ाने ाना ाते ाती ाता तीं ाओं ाएं ुओं ुएं
    ुआं ाएगी ाएगा ाओगी ाओगे एंगी ेंगी एंगे ेंगे ूंगी ूंगा ातीं नाओं नाएं ताओं ताएं ियाँ ियों ियां ाएंगी ाएंगे ाऊंगी ाऊंगा इयाँ इयों ाइयाँ ाइयों
    ओं एं एँ ाला ांना ाचा ाची ाचे ाच्या ांचा ांची ांचे ांच्या ामध्ये ांमध्ये ाने ांनी ासाठी ात";

const BENGALI: &str = "টি টা গুলি গুলো গুলির গুলোর টির টার দের কে ের য়ের তে েতে ে য় েরা রা";

const PUNJABI: &str = "ਾਂ ੀਆਂ ਿਆਂ ੇ ੀ ਾ ੋ ਨੂੰ";

const GUJARATI: &str = "ને ની નો નું ના માં થી ઓ ઓને ઓની ઓનો ઓનું ઓના ઓમાં ો ી ું ા ે";

const TELUGU: &str = "లు లను లకు లలో లతో ల కు కి ను ని లో తో నుండి గా పై డు ు ి";

const KANNADA: &str = "ಗಳು ಗಳ ಗಳನ್ನು ಗಳಿಗೆ ಗಳಲ್ಲಿ ಗೆ ಕ್ಕೆ ದಲ್ಲಿ ಯಲ್ಲಿ ಅಲ್ಲಿ ವನ್ನು ಯನ್ನು ಅನ್ನು ನ್ನು ಿಂದ ದಿಂದ ದ ಯ ವು ು ಿ";

const MALAYALAM: &str = "
    ിന്റെ ിന് ിനെ ിനോട് ിനാൽ ിനും ിനുള്ള ിനുള്ളിൽ ിനകം ിൽ ിലെ ിലും ിലുള്ള ിലേക്ക് ിലൂടെ ിലാണ് ിനാണ് ിനാണോ ിനു ിനായി ിനായ
    ത്തിന്റെ ത്തിന് ത്തിനു ത്തിനെ ത്തിനും ത്തിനുള്ള ത്തിനാണ് ത്തിനായി ത്തിനകം ത്തിനുള്ളിൽ ത്തിൽ ത്തിലെ ത്തിലും ത്തിലുള്ള ത്തിലാണ്
    ത്തിലേക്ക് ത്തിലൂടെ ത്തെ ത്തോട് ത്തേക്ക് ത്താൽ
    യുടെ യ്ക്ക് യ്ക്കും യ്ക്കുള്ള യ്ക്കാണ് യ്ക്കൊപ്പം ക്കൊപ്പം യിൽ യിലെ യിലും യിലേക്ക് യിലൂടെ യിലാണ് യെ യോട് യും യാണ് യാണോ യോ യുള്ള യായ യായി യാൽ യല്ല യില്ല യിന്റെ
    വിന്റെ വിന് വിനെ വിൽ വിലെ വും വാണ് വുള്ള വിനുള്ള
    മിന്റെ മിന് മിൽ മിലെ മും മാണ് മാണോ മായ മായി മുള്ള മാർ മാരുടെ മാർക്ക്
    ുടെ ക്ക് ക്കു ക്കും ക്കുള്ള ക്കാണ് ോട് ോടെ ോടൊപ്പം ിനോടൊപ്പം യോടൊപ്പം ൊപ്പം
    കൾ കൾക്ക് കൾക്കും കൾക്കുള്ള കളുടെ കളിൽ കളിലെ കളിലും കളെ കളോട് കളും കളാണ് കളാണോ കളെയും കളായ കളില്ല
    ങ്ങൾ ങ്ങൾക്ക് ങ്ങൾക്കും ങ്ങളുടെ ങ്ങളിൽ ങ്ങളിലെ ങ്ങളെ ങ്ങളും ങ്ങളാണ് ങ്ങളാണോ
    ർ ർക്ക് ർക്കും ർക്കുള്ള രുടെ രെ രിൽ രും രാണ് ന്റെ
    ുള്ള ുള്ളവർ ുള്ളവർക്ക് ുള്ളവരുടെ ാണ് ാണോ ാമോ ണോ ും ില്ലാതെ ില്ലാത്ത ില്ലെങ്കിൽ ില്ല ല്ല ാതെ ാത്ത
    ണ്ട ണ്ടത് േണ്ടത് േണ്ട രുത് ാം ുക ുകയും ുന്നു ുന്ന ുന്നത് ുന്നവർ ുന്നവരുടെ ുന്നവർക്ക് ുമ്പോൾ ാൽ ാൻ ിയ ിയാൽ ിച്ചാൽ ിച്ച് ിച്ച ിച്ചു ിക്കുക ിക്കണം ിക്കാം ിക്കാമോ
    ിക്കേണ്ടത് ിക്കുന്ന ിക്കുന്നത് ിക്കുന്നവരുടെ ിക്കുന്നവർ ിക്കുമ്പോൾ ിക്കാൻ ിക്കരുത് ിക്കും ിക്കാത്ത ക്കുക ക്കണം ക്കാം ക്കാമോ ക്കേണ്ടത് ക്കുന്ന ക്കുന്നത് ക്കുന്നു ക്കുമ്പോൾ
    ക്കാൻ ക്കരുത് ത്താൽ ട്ടാൽ ന്നാൽ േറ്റ േറ്റു േറ്റാൽ ായ ായി ായാൽ ാകുന്നത് ാകും ാകാം ാത് വർ വർക്ക് വരുടെ ാൾ യാൾ യാൾക്ക് യാളെ
    ു ി െ േ ാ ോ ൊ";
