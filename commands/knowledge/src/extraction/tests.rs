//! The formats of the simple readers; hostile files are covered by the binary's own tests, in a child process.

use proptest::{prop_assert, prop_assert_eq, proptest};

use super::*;

fn read(name: &str, bytes: &[u8]) -> Result<String, Unreadable> {
    let Reading { parts, .. } = extract(bytes, &FileHints { name: Some(name.to_owned()), content_type: None })
        .map_err(|failure| failure.reason)?;
    Ok(parts.into_iter().map(|part| part.text).collect::<Vec<_>>().join("\n\n"))
}

fn served(content_type: &str, bytes: &[u8]) -> Result<String, Unreadable> {
    let Reading { parts, .. } = extract(bytes, &FileHints { name: None, content_type: Some(content_type.to_owned()) })
        .map_err(|failure| failure.reason)?;
    Ok(parts.into_iter().map(|part| part.text).collect::<Vec<_>>().join("\n\n"))
}

#[test]
fn a_page_becomes_its_text_with_headings_lists_and_tables() {
    let page = "<html><head><title>t</title><style>p{}</style></head><body><script>alert(1)</script><nav>menu</nav>\
        <h1>Burns</h1><p>Cool a <b>burn</b> under <a href=/w>water</a>.<p>Then:<ul><li>Twenty <i>minutes</i>\
        <ol><li>no ice<li>no oil</ol></ul><hr><table><tr><th>Age</th><th>Dose</th></tr><tr><td>1<br>year</td>\
        <td>10&nbsp;mg</td></tr></table><pre>a  b\n c</pre>end</body></html>";
    let expected = "# Burns\n\nCool a burn under water.\n\nThen:\n- Twenty minutes\n  1. no ice\n  2. no oil\n\n\
        | Age | Dose |\n| --- | --- |\n| 1 year | 10 mg |\n\na  b\n c\n\nend";
    assert_eq!(read("burns.html", page.as_bytes()).as_deref(), Ok(expected));
}

#[test]
fn a_table_that_only_lays_out_a_page_is_no_table() {
    let page = "<table><tr><td>Zinc</td></tr><tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>";
    assert_eq!(read("x.html", page.as_bytes()).as_deref(), Ok("Zinc\n\n| a | b |\n| --- | --- |"));
}

#[test]
fn depth_is_no_matter_until_it_is_absurd() {
    let endless = "<div>".repeat(100_000);
    assert_eq!(read("x.html", endless.as_bytes()), Err(Unreadable::TooComplex));
    let page = format!("{}deep{}", "<div>".repeat(1_900), "</div>".repeat(1_900));
    assert_eq!(read("x.html", page.as_bytes()).as_deref(), Ok("deep"));
}

#[test]
fn separated_values_become_a_table() {
    let expected = "| Drug | Dose |\n| --- | --- |\n| zinc, oral | 20 mg a day |";
    assert_eq!(read("x.csv", b"Drug,Dose\n\"zinc, oral\",\"20 mg\na day\"\n").as_deref(), Ok(expected));
    assert_eq!(read("x.csv", b"Drug;Dose\nzinc, oral;20 mg a day").as_deref(), Ok(expected));
    assert_eq!(read("x.tsv", b"Drug\tDose\nzinc, oral\t20 mg a day").as_deref(), Ok(expected));
    let saved = b"Drug\tChild\tAdult\nZinc\t\t20 mg\nIron\t\"30 mg, daily\"\t60 mg\n";
    let columns = "| Drug | Child | Adult |\n| --- | --- | --- |\n| Zinc |  | 20 mg |\n| Iron | 30 mg, daily | 60 mg |";
    assert_eq!(read("x.txt", saved).as_deref(), Ok(columns));
    assert_eq!(read("x.txt", b"a\tb\nc\nd\te").as_deref(), Ok("a\tb\nc\nd\te"));
    assert_eq!(read("x.txt", b"\ta\n\tb\n\tc").as_deref(), Ok("\ta\n\tb\n\tc"));
    assert_eq!(read("x.csv", b"one\ntwo\n").as_deref(), Ok("one\ntwo"));
}

#[test]
fn text_is_read_in_its_character_set() {
    assert_eq!(served("text/plain", "\u{feff}é".as_bytes()).as_deref(), Ok("é"));
    assert_eq!(served("TEXT/PLAIN; Charset=\"ISO-8859-1\"", b"\xe9\x93").as_deref(), Ok("é“"));
    assert_eq!(read("x.md", b"caf\xe9 for the night").as_deref(), Ok("café for the night"));
    assert_eq!(read("x.txt", b"\xff\xfea\0b\0").as_deref(), Ok("ab"));
    let page = b"<html><head><meta charset=shift_jis></head><body>\x88\xe3\x8e\x74</body></html>";
    assert_eq!(served("text/html", page).as_deref(), Ok("医師"));
}

#[test]
fn a_file_is_what_its_bytes_say() {
    assert_eq!(read("x.txt", b"<!DOCTYPE html><p>Zinc").as_deref(), Ok("Zinc"));
    assert_eq!(read("x", b"<!DOCTYPE html><p>Zinc").as_deref(), Ok("Zinc"));
    assert_eq!(read("x", b"<?xml version='1.0'?><html><p>Zinc</p></html>").as_deref(), Ok("Zinc"));
    let page = b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table><tr><th>Drug<th>Dose<tr><td>Zinc<td>20 mg</table>";
    assert_eq!(read("x.xls", page).as_deref(), Ok("| Drug | Dose |\n| --- | --- |\n| Zinc | 20 mg |"));
    let mail = b"From: ward\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n5 =C2=B5g";
    let sheet = b"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook/>";
    assert_eq!(
        [read("x.mht", mail), read("x.xml", sheet)],
        [Err(Unreadable::UnsupportedFormat), Err(Unreadable::UnsupportedFormat)]
    );
    assert_eq!(read("x.txt", b"Note: MIME-Version is no word").as_deref(), Ok("Note: MIME-Version is no word"));
    assert_eq!(read("x.pdf", b"\x89PNG\r\n\x1a\n"), Err(Unreadable::UnsupportedFormat));
    assert_eq!(read("x.docx", b"no archive at all"), Err(Unreadable::Damaged));
    assert_eq!(read("x.docx", b"PK\x03\x04rubbish"), Err(Unreadable::Damaged));
}

#[test]
fn without_text_there_is_nothing_to_read() {
    for (name, bytes) in
        [("a.txt", b"".as_slice()), ("b.txt", b" \n\t"), ("c.html", b"<p><img src=x>"), ("d.csv", b",,\n")]
    {
        assert_eq!(read(name, bytes), Err(Unreadable::NoText), "{name}");
    }
}

#[test]
fn what_is_no_text_is_not_read_as_one() {
    let noise: Vec<u8> = (0..4_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    assert_eq!(read("x.txt", &noise), Err(Unreadable::UnsupportedFormat));
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_of_ours_panic(bytes: Vec<u8>, name in "x\\.(txt|html|csv|tsv|md)") {
        let _ = read(&name, &bytes);
    }

    #[test]
    fn no_page_makes_our_walk_panic(page in "(<(/?)(td|tr|table|li|ol|ul|pre|h1|p|br|script)>|[a-z ])*") {
        let _ = read("x.html", page.as_bytes());
    }

    #[test]
    fn every_declared_character_set_is_read_or_refused(bytes: Vec<u8>, set in "[a-z]{3,9}-?[0-9]{0,4}") {
        for declared in [&set, "utf-8", "utf-16le", "shift_jis", "gb18030", "iso-2022-jp", "windows-1252"] {
            let _ = served(&format!("text/plain; charset={declared}"), &bytes);
            let _ = served(&format!("text/html; charset={declared}"), &bytes);
        }
    }

    #[test]
    fn no_markdown_loses_a_word(text in "([#>*_`=~|+-]|\n|[a-z0-9. ]| {4}|---\n|```\n|\\[x\\]\\(y\\)|<b>|é|ज){0,200}") {
        let words = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        let without_heading = !text.contains(['#', '=', '-']) && !text.contains("~~");
        let read = markdown::text(&text, &mut Notes::default());
        // A heading is written without the marks in it, all other text stays as it is.
        prop_assert!(words(&read).len() <= words(&text).len());
        if without_heading {
            prop_assert_eq!(words(&read), words(&text));
        }
    }
}
