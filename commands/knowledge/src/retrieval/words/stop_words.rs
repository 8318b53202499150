//! Stop words, which do not tell a text's subject.

use std::{collections::HashSet, sync::LazyLock};

use domain::words::letters;

/// Whether the word (folded, in lower case) is a stop word.
pub(super) fn is_stop_word(word: &str) -> bool {
    if word.is_ascii() { ENGLISH.binary_search(&word).is_ok() } else { FOLDED.contains(word) }
}

/// The stop words of other languages in folded spelling.
static FOLDED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let words = [MALAYALAM, HINDI].iter().flat_map(|words| words.split_whitespace());
    words.map(|word| letters(word).into_owned()).collect()
});

/// English stop words, sorted for the binary search.
const ENGLISH: &[&str] = &[
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "it's",
    "its",
    "itself",
    "just",
    "may",
    "me",
    "might",
    "more",
    "most",
    "must",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "of",
    "off",
    "on",
    "once",
    "only",
    "or",
    "other",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "own",
    "same",
    "shall",
    "she",
    "should",
    "so",
    "some",
    "such",
    "than",
    "that",
    "that's",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "very",
    "was",
    "we",
    "were",
    "what",
    "what's",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
];

/// Question words, pronouns, postpositions, "to be", and the verbs of orders.
const MALAYALAM: &str = "
    ഒരു ആണ് ആണോ ആകുന്നു ആയ ആയി ആയാൽ ആയാലാണ് ആകാം എന്ത് എന്തു എന്താണ് എന്തൊക്കെ എന്തൊക്കെയാണ് എന്തെല്ലാം എന്തെല്ലാമാണ് എന്തിന് എന്തിനാണ് എന്തുകൊണ്ട്
    ഏത് ഏതു ഏതാണ് ഏതൊക്കെ ഏതൊക്കെയാണ് എങ്ങനെ എങ്ങനെയാണ് എപ്പോൾ എപ്പോഴാണ് എവിടെ എവിടെയാണ് എത്ര എത്രയാണ് എത്രയിൽ എത്രാം എത്രത്തോളം ആര് ആരാണ് ആർക്ക് വേണം വേണ്ട വേണ്ടത് വേണോ
    വേണ്ടി ചെയ്യുക ചെയ്യണം ചെയ്യാം ചെയ്യേണ്ടത് ചെയ്യരുത് ചെയ്യാമോ ചെയ്യുന്നത് നൽകുക നൽകണം നൽകാം നൽകേണ്ടത് നൽകരുത് നൽകുന്നു നൽകുന്നത് നൽകാമോ നൽകി കൊടുക്കുക
    കൊടുക്കണം കൊടുക്കാം കൊടുക്കേണ്ടത് കൊടുക്കരുത് കൊടുക്കുന്നത് കൊടുക്കുന്നു കൊടുക്കാമോ കൊടുത്തിട്ട് കൊടുത്ത് ഉണ്ട് ഉണ്ടോ ഉണ്ടെങ്കിൽ ഉണ്ടാകും ഉള്ള ഇല്ല ഇല്ലെങ്കിൽ അല്ല
    അല്ലെങ്കിൽ അല്ലാതെ എന്ന് എന്നു എന്ന എന്നാൽ എന്നാണ് എന്നീ എന്നിവ എന്നിവയാണ് ഈ ആ അത് അതു ഇത് ഇതു അതിൽ ഇതിൽ അതിന്റെ ഇതിന്റെ അവ ഇവ അവർ കൂടെ പറയുന്നത് പറയാം ശേഷം ശേഷമാണ് ശേഷവും
    മുമ്പ് മുൻപ് മുൻപും വരെ മുതൽ കൊണ്ട് വച്ച് വഴി വീതം മാത്രം പോലും തന്നെ കാര്യത്തിൽ";

const HINDI: &str = "
    क्या है हैं था थी थे हो होता होती होते होना होनी होने हुआ हुई हुए कैसे कैसा कैसी कब कहाँ कितना कितनी कितने कितनों कौन किस किन किसे किसको क्यों का की के को में से पर और या तो
    ही भी यह ये वह वे इस उस इन उन इसे उसे इसके उसके इससे एक कि जो जब तब तक लिए साथ बाद पहले अगर यदि चाहिए चाहिएँ करना करनी करने करें करे करते कर किया करता करती करानी कराना
    कराएँ जाता जाती जाते जाए जाएँ जाना जानी गया गई गए दें देना देनी देने देते देता दी दिया दे सकता सकती सकते सके सकें रहा रही रहे रहता रहती रहते लें लेना लेनी लेने लेते ले नहीं
    न मत ना वाला वाली वाले बताइए बताएँ बताएं अपने अपना अपनी कुछ किसी अंदर भीतर पड़ेगी पड़ती पड़ता पड़े होगी होगा";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_words_are_sorted() {
        assert!(ENGLISH.is_sorted());
    }

    #[test]
    fn a_stop_word_is_one_in_every_spelling() {
        for word in ["ആണ്", "എന്താണ്", "चाहिये", "चाहिए", "में", "the"]
        {
            assert!(is_stop_word(&letters(word)), "{word}");
        }
        assert!(!is_stop_word(&letters("എതാംബ്യൂട്ടോൾ")));
    }
}
