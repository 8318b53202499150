//! A copy of a file in which streams are replaced, as an update at its end.

use std::{collections::BTreeMap, io::Write as _};

use hayro_syntax::Pdf;

/// Bytes at the beginning of a file in which its header is.
const HEADER: usize = 1_024;

/// The file with these streams in place of its own, by their numbers and generations; `None` if it is encrypted or
/// damaged.
pub(super) fn with_streams(file: &Pdf, bytes: &[u8], streams: &BTreeMap<(u32, i32), Vec<u8>>) -> Option<Vec<u8>> {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|it| it == word);
    let start = bytes.windows(4).take(HEADER).position(|it| it == b"%PDF")?;
    let last = last_table(bytes)?;
    if has(b"/Encrypt") {
        return None;
    }
    let root = file.xref().root_id();
    let mut revised = bytes.to_vec();
    let mut table = b"xref\n".to_vec();
    revised.push(b'\n');
    for ((number, generation), stream) in streams {
        let at = revised.len() - start;
        write!(table, "{number} 1\n{at:010} {generation:05} n \n").ok()?;
        write!(revised, "{number} {generation} obj\n<</Length {}>>stream\n", stream.len()).ok()?;
        revised.extend(stream);
        revised.extend(b"\nendstream\nendobj\n");
    }
    let at = revised.len() - start;
    let count = streams.keys().map(|(number, _)| number + 1).max()?.max(root.obj_number + 1);
    let root = format!("{} {} R", root.obj_number, root.gen_number);
    revised.extend(table);
    write!(revised, "trailer<</Size {count}/Root {root}/Prev {last}>>\nstartxref\n{at}\n%%EOF\n").ok()?;
    Some(revised)
}

/// The position of the last table of objects.
fn last_table(bytes: &[u8]) -> Option<usize> {
    let word = b"startxref";
    let at = bytes.windows(word.len()).rposition(|it| it == word)?;
    let rest = bytes.get(at + word.len()..)?;
    let rest = std::str::from_utf8(rest.get(..rest.len().min(32))?).ok()?;
    rest.split_whitespace().next()?.parse().ok()
}
