//! Reading, cutting and comparing texts takes time in proportion to their length, also for texts that nobody would write.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::{
    extraction::{FileHints, Part, extract},
    retrieval::{passages::cut, tokens::Tokens, words},
};

/// Four times the input may take so many times longer: sixteen times would be its square.
const MOST_GROWTH: u32 = 9;
/// What takes less is not compared: it is noise.
const NOISE: Duration = Duration::from_millis(60);

/// What this thread computes for, whatever else the machine does.
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

/// `work` with an input of one size, and with one of four times that. What is to be complained of.
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

/// Makes an input of about so many bytes.
type Make = Box<dyn Fn(usize) -> String>;

/// Texts without what a splitter looks for.
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
