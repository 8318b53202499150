//! Forms that were filled in.

use super::*;

fn button(left: u32, top: u32, state: &str) -> String {
    let (right, low, high) = (left + 12, 800 - top, 812 - top);
    format!("<</Type/Annot/Subtype/Widget/FT/Btn/F 4{state}/Rect[{left} {low} {right} {high}]>>")
}

fn form(annotations: &[String]) -> Sheet {
    let rows: [&[&str]; 3] =
        [&["Penicillin allergy", "Yes", "No"], &["Fasting", "Yes", "No"], &["Asthma", "Yes", "No"]];
    Sheet { annotations: annotations.concat(), ..Sheet::default() }.rows(&[50, 196, 256], 100, 24, &rows)
}

#[test]
fn what_is_ticked_in_a_form_is_read_beside_its_name() {
    let form = form(&[
        button(180, 102, "/AS/Yes"),
        button(240, 102, "/AS/Off"),
        button(180, 126, "/AS/Off"),
        button(240, 126, "/AS/1"),
        button(180, 150, "/AS/Off"),
        button(240, 150, "/AS/Off"),
    ]);
    let text = form.says().replace('|', " ");
    let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for row in ["Penicillin allergy ☑ Yes ☐ No", "Fasting ☐ Yes ☑ No", "Asthma ☐ Yes ☐ No"] {
        assert!(lines.iter().any(|line| line == row), "no {row} in\n{text}");
    }
    assert_eq!(form.read().notes, []);
}

#[test]
fn a_choice_without_a_state_or_a_text_beside_it_is_told_and_a_button_to_push_is_none() {
    let form = form(&[button(180, 102, ""), button(180, 400, "/AS/Yes"), button(240, 102, "/Ff 65536")]);
    assert!(!form.says().contains(['☑', '☐']), "{}", form.says());
    let notes: Vec<_> = form.read().notes.into_iter().map(|note| (note.kind, note.count)).collect();
    assert_eq!(notes, [(NoteKind::ObjectsLeftOut, 2)]);
}
