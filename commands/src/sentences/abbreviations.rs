//! Words that a stop follows within a sentence.

/// In lower case. Those of one letter, and those with a stop inside (`i.v.`), need not be known.
const LATIN: &[&str] = &[
    // Forms and ways of giving.
    "inj", "tab", "tabs", "cap", "caps", "syr", "susp", "sol", "soln", "oint", "vit", "vits", "amp", "amps", "neb",
    "inh", "supp", "supps", "pess", "gtt", "tsp", "tbsp", "po", "iv", "im", "sc", "sl", "iu", // How often.
    "od", "bd", "bid", "tds", "tid", "qid", "qds", "hs", "sos", "stat", "prn", "ac", "pc",
    // How much and how long.
    "no", "nos", "max", "min", "mins", "approx", "ca", "temp", "wt", "ht", "vol", "conc", "dil", "sec", "secs", "hr",
    "hrs", "wk", "wks", "mth", "mths", "yr", "yrs", "gm", "gms", "lit", "qty", "freq", "avg",
    // People and places.
    "st", "dr", "drs", "mr", "mrs", "ms", "prof", "sr", "jr", "smt", "shri", "dept", "govt", "hosp", "ltd", "co", "inc",
    "pvt", "rs", "pt", "pts", // Of texts.
    "fig", "figs", "vs", "etc", "eg", "ie", "viz", "cf", "resp", "incl", "excl", "esp", "ref", "refs", "ch", "para",
    "pp", "ed", "eds", "al", "op", "cit", "sect", "tel", "ext", "spp", "sp", "var", "subsp", "abbr", "cont", "contd",
    "rx", "dx", "hx", "tx", "sx", "fr", "gr", "reg", "regd", "def", "diff", "diag", // Months.
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec",
];

/// Hindi, Malayalam and their neighbours write units, forms and titles with stops.
const INDIC: &[&str] = &[
    "मि",
    "मी",
    "मिली",
    "मिग्रा",
    "ग्रा",
    "ग्राम",
    "ली",
    "लि",
    "कि",
    "किग्रा",
    "किलो",
    "सेमी",
    "से",
    "सी",
    "सि",
    "माइक्रो",
    "यू",
    "यु",
    "आई",
    "एम",
    "एल",
    "इंज",
    "इन्ज",
    "इंजे",
    "टैब",
    "टे",
    "कैप",
    "सिर",
    "डॉ",
    "डा",
    "श्री",
    "सुश्री",
    "नं",
    "क्र",
    "पृ",
    "रु",
    "उदा",
    "अधि",
    "न्यू",
    "वि",
    "मो",
    "മി",
    "മില്ലി",
    "ഗ്രാം",
    "ഗ്രാ",
    "ഗ്രാമ",
    "ലി",
    "കി",
    "കിലോ",
    "സെ",
    "ഇഞ്ച",
    "ഇൻജ",
    "ഇഞ്ജ",
    "ഇൻജെ",
    "ഗു",
    "ഡോ",
    "ശ്രീ",
    "നം",
    "രൂ",
    "ഉദാ",
    "ഐ",
    "യു",
    "എം",
    "എൽ",
    "ടാബ്",
    "ക്യാപ്",
];

/// Whether a stop after this word says nothing about the sentence.
pub(super) fn contains(word: &str) -> bool {
    let word = word.trim_matches(|c: char| matches!(c, '*' | '_' | '"' | '\'' | '“' | '‘' | '>'));
    INDIC.contains(&word) || LATIN.iter().any(|known| known.eq_ignore_ascii_case(word))
}
