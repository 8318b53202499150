//! Reading, cutting and comparing texts takes time in proportion to their length, also for unusual texts.

use std::{
    io::{Cursor, Write as _},
    time::Duration,
};

use domain::ids::{ChunkId, DocumentId};
use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    extraction::{FileHints, Part, extract},
    markdown::spoken,
    quoting::quote,
    retrieval::{Passage, Span, passages::cut, tokens::Tokens, words},
};

/// The factor by which four times the input may take longer; quadratic time would give sixteen.
const MOST_GROWTH: u32 = 9;
/// Times below this are not compared: they are noise.
const NOISE: Duration = Duration::from_millis(60);

/// The CPU time of this thread, which does not depend on the load of the machine.
fn computed(work: &dyn Fn()) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
    };
    let before = now();
    work();
    now().saturating_sub(before)
}

/// Bytes of the smaller input.
const SIZE: usize = 20_000;

/// Runs `work` with an input of one size and with one of four times that size; returns the complaint, if any.
fn grows_with_its_input(name: &str, make: &dyn Fn(usize) -> String, work: &dyn Fn(&str)) -> Option<String> {
    let (small, large) = (make(SIZE), make(4 * SIZE));
    let small = (0..2).map(|_| computed(&|| work(&small))).min().expect("there are two");
    let large = computed(&|| work(&large));
    let is_linear = large < small * MOST_GROWTH + NOISE;
    (!is_linear).then(|| format!("{name}: {small:?}, and {large:?} for four times as much"))
}

fn repeated(text: &'static str) -> impl Fn(usize) -> String {
    move |size| text.repeat(size / text.len() + 1)
}

/// Makes an input of about this number of bytes.
type Make = Box<dyn Fn(usize) -> String>;

/// Texts without the marks that a splitter looks for.
fn strange_texts() -> Vec<(&'static str, Make)> {
    let rows =
        |head: usize| move |size: usize| format!("| {} |\n| --- |\n{}", "h ".repeat(head), "| a |\n".repeat(size / 6));
    vec![
        ("no full stop", Box::new(repeated("the child drinks clean water and rests "))),
        ("no blank", Box::new(repeated("abcdefghij"))),
        ("no blank, lines of data", Box::new(|size| format!("{}\n", "x1".repeat(900)).repeat(size / 1_801 + 1))),
        ("only digits", Box::new(repeated("1234567890"))),
        ("digits and blanks", Box::new(repeated("120 80 37 "))),
        ("blanks in between", Box::new(|size| format!("a{}b", " ".repeat(size)))),
        ("blanks and words", Box::new(|size| format!("word{}", " ".repeat(500)).repeat(size / 504 + 1))),
        ("a line for each letter", Box::new(repeated("a\n"))),
        ("a paragraph for each letter", Box::new(repeated("a\n\n"))),
        ("one character", Box::new(repeated("-"))),
        ("dashes and blanks", Box::new(repeated("--- - "))),
        ("full stops only", Box::new(repeated("."))),
        ("short sentences", Box::new(repeated("A. "))),
        ("abbreviations", Box::new(repeated("e.g. 5 mg i.v. b.d. "))),
        ("Malayalam without blanks", Box::new(repeated("രക്തസമ്മർദ്ദം"))),
        ("Malayalam without full stops", Box::new(repeated("രക്തസമ്മർദ്ദം കുറയ്ക്കാൻ "))),
        ("Thai, which has no blanks", Box::new(repeated("ความดันโลหิตสูง"))),
        ("Chinese", Box::new(repeated("高血压患者"))),
        ("accents without letters", Box::new(repeated("\u{301}\u{323}"))),
        ("emoji that belong together", Box::new(repeated("👩\u{200d}⚕\u{fe0f}\u{200d}"))),
        ("one huge cell", Box::new(|size| format!("| {} |", "dose ".repeat(size / 5)))),
        ("many cells", Box::new(|size| format!("|{}", " 5 |".repeat(size / 4)))),
        ("a table under a huge first row", Box::new(move |size| rows(size / 4)(size))),
        ("a table under a long first row", Box::new(rows(200))),
        ("headings only", Box::new(repeated("# a\n"))),
        ("deeper headings", Box::new(repeated("# a\n## b\n### c\n#### d\n"))),
        (
            "below a huge heading",
            Box::new(|size| format!("# {}\n{}", "h ".repeat(size / 4), "## a\nb\n".repeat(size / 7))),
        ),
    ]
}

#[test]
fn a_text_is_cut_in_time_that_grows_with_its_length() {
    let mut complaints = Vec::new();
    for (name, make) in strange_texts() {
        let work = |text: &str| {
            let passages = cut("Title", &[Part { page: None, text: text.to_owned() }]);
            assert!(passages.iter().all(|passage| Tokens::count(&passage.text) <= 2_048), "{name}");
        };
        complaints.extend(grows_with_its_input(name, &make, &work));
    }
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn words_and_tokens_are_counted_in_time_that_grows_with_the_length() {
    let mut complaints = Vec::new();
    for (name, make) in strange_texts() {
        complaints.extend(grows_with_its_input(name, &make, &|text| drop(words::stems(text))));
        complaints.extend(grows_with_its_input(name, &make, &|text| assert!(Tokens::count(text) > 0)));
    }
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn a_text_is_made_speakable_in_time_that_grows_with_its_length() {
    let mut texts = strange_texts();
    for part in [
        "1-",
        "5x",
        "5 × ",
        "1/",
        "1:",
        "1 : 1 ",
        "/kg",
        "5 mg/kg/day ",
        "5 mg-5 g-",
        "<",
        "< 5 ",
        "-",
        "- 5",
        "[1",
        "[^1",
        "[^a]: x",
        "^9",
        "10⁹",
        "⁹",
        "₂",
        "½",
        "1 ½",
        "q4-",
        "q ",
        "https://a",
        "www.",
        "(https://a) ",
        "1,000,",
        "1.",
        "B-1",
        "5 mg BD ",
        "a¹",
        "~~a~~ ",
        "<sup>9",
        "<del>",
        "> ",
        "- > 5\n",
        "[1](/a) ",
        "- [x] a\n",
        "~5",
        "mg kg⁻¹ ",
        "₹5",
        "5 mg/5 ",
    ] {
        texts.push((part, Box::new(repeated(part))));
    }
    let mut complaints = Vec::new();
    for (name, make) in texts {
        for language in ["en", "ml"] {
            complaints.extend(grows_with_its_input(name, &make, &|text| drop(spoken(text, language))));
        }
    }
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn a_text_is_quoted_in_time_that_grows_with_its_length() {
    let passage = |text: &str, first: u32| Passage {
        document_id: DocumentId::new(Uuid::nil()),
        document_version: 1,
        chunk_id: ChunkId::new(Uuid::nil()),
        content_hash: String::new(),
        title: "Title".to_owned(),
        headings: String::new(),
        page: None,
        text: text.to_owned(),
        // Each span begins in the middle of the one before.
        span: Span { first, end: first + 2, overlap: 0, goes_on: true },
        score: 1.0,
    };
    let mut complaints = Vec::new();
    for (name, make) in strange_texts() {
        let work = |text: &str| drop(quote("dose word a 5", &[passage(text, 0), passage(text, 1)]));
        complaints.extend(grows_with_its_input(name, &make, &work));
    }
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn a_file_is_read_in_time_that_grows_with_its_length() {
    let mut files: Vec<(&str, &str, Make)> = vec![
        (
            "tables in tables",
            "x.html",
            Box::new(|size| format!("{}x", "<table><tr><td>a<td>".repeat(500)) + &"word ".repeat(size / 5)),
        ),
        ("cells", "x.html", Box::new(|size| format!("<table>{}", "<tr><td>a<td>b".repeat(size / 14)))),
        ("lists", "x.html", Box::new(|size| "<ul><li>a".repeat(1_000) + &"<li>b".repeat(size / 5))),
        ("open tags", "x.html", Box::new(repeated("<p><i>a"))),
        ("entities", "x.html", Box::new(repeated("&amp;&lt"))),
        ("no end of a comment", "x.html", Box::new(repeated("<!--"))),
        ("less than", "x.html", Box::new(repeated("<"))),
        ("headings", "x.html", Box::new(repeated("<h1>a</h1>b"))),
        ("quoted cells", "x.csv", Box::new(repeated("\"a\"\"b\",c\n"))),
        ("an open quote", "x.csv", Box::new(|size| format!("a,b\n\"{}", "c,d\n".repeat(size / 4)))),
        ("one line", "x.csv", Box::new(repeated("a,"))),
    ];
    for part in [
        "> ",
        "* ",
        "[",
        "[a](",
        "![",
        "`",
        "``a` ",
        "*a _b ",
        "**a* ",
        "<",
        "<a ",
        "|a",
        "|a|b|\n|-|-|\n",
        "~~~\n",
        "- a\n  ",
        "a\n===\n",
        "&#1",
        "\\",
        "[a]: b\n",
        "---\n",
        "<!--",
        "<?",
        "<![CDATA[",
    ] {
        files.push((part, "x.md", Box::new(repeated(part))));
    }
    let mut complaints = Vec::new();
    for (name, file, make) in &files {
        let hints = FileHints { name: Some((*file).to_owned()), content_type: None };
        complaints.extend(grows_with_its_input(name, make, &|text| drop(extract(text.as_bytes(), &hints))));
    }
    let hints = FileHints::default();
    for (name, make) in strange_texts() {
        complaints.extend(grows_with_its_input(name, &make, &|text| drop(extract(text.as_bytes(), &hints))));
    }
    assert_eq!(complaints, Vec::<String>::new());
}

/// A word processor file with this body, these styles and lists.
fn word_file(body: &str, styles: &str, lists: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let name = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' \
        xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math'";
    for (part, text) in [
        ("word/document.xml", format!("<w:document {name}><w:body>{body}</w:body></w:document>")),
        ("word/styles.xml", format!("<w:styles {name}>{styles}</w:styles>")),
        ("word/numbering.xml", format!("<w:numbering {name}>{lists}</w:numbering>")),
    ] {
        zip.start_file(part, SimpleFileOptions::default()).expect("it is a name");
        zip.write_all(text.as_bytes()).expect("there is room");
    }
    zip.finish().expect("there is room").into_inner()
}

#[test]
fn a_word_processor_file_is_read_in_time_that_grows_with_its_length() {
    let fraction = "<m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>";
    let bodies: Vec<(&str, String)> = vec![
        ("paragraphs", "<w:p><w:r><w:t>a</w:t></w:r></w:p>".to_owned()),
        ("deleted ends", "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>a</w:t></w:r></w:p>".to_owned()),
        (
            "items",
            "<w:p><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr><w:r><w:t>a</w:t></w:r></w:p>".to_owned(),
        ),
        ("styles", "<w:p><w:pPr><w:pStyle w:val='s9'/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>".to_owned()),
        ("tables", "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl>".to_owned()),
        ("fields", "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r></w:p>".to_owned()),
    ];
    let runs = [
        ("raised", "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>9</w:t></w:r>".to_owned()),
        ("struck", "<w:r><w:rPr><w:strike/></w:rPr><w:t>9</w:t></w:r><w:r><w:t>5</w:t></w:r>".to_owned()),
        ("open fields", "<w:r><w:fldChar w:fldCharType='begin'/></w:r>".to_owned()),
        ("formulas", format!("<m:oMath>{fraction}{fraction}</m:oMath>")),
        ("prefixes", "<w:r xmlns:a='a' xmlns:b='b'><w:t>9</w:t></w:r>".to_owned()),
    ];
    let cells = "<w:tc><w:tcPr><w:hMerge/></w:tcPr><w:p/></w:tc>";
    let rows =
        "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p/></w:tc></w:tr>";
    let around = |before: &'static str, part: String, after: &'static str| {
        move |size: usize| format!("{before}{}{after}", part.repeat(size / part.len() + 1))
    };
    let mut makes: Vec<(&str, Make)> = Vec::new();
    makes.extend(bodies.into_iter().map(|(name, part)| (name, Box::new(around("", part, "")) as Make)));
    makes.extend(runs.into_iter().map(|(name, part)| (name, Box::new(around("<w:p>", part, "</w:p>")) as Make)));
    makes.push(("a formula", Box::new(around("<w:p><m:oMath>", fraction.to_owned(), "</m:oMath></w:p>"))));
    makes.push(("cells", Box::new(around("<w:tbl><w:tr>", cells.to_owned(), "</w:tr></w:tbl>"))));
    makes.push(("rows", Box::new(around("<w:tbl>", rows.to_owned(), "</w:tbl>"))));
    let style = |at: usize| format!("<w:style w:styleId='s{at}'><w:basedOn w:val='s{}'/></w:style>", at + 1);
    let styles = (1..2_000).map(style).collect::<Vec<_>>().concat();
    let lists = "<w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='%1'/></w:lvl>\
        </w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='1'/></w:num>";
    let mut complaints = Vec::new();
    for (name, make) in &makes {
        let work = |body: &str| drop(extract(&word_file(body, &styles, lists), &FileHints::default()));
        complaints.extend(grows_with_its_input(name, make, &work));
    }
    assert_eq!(complaints, Vec::<String>::new());
}
