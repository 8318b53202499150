//! The page that a person reads first.

use audit_bundle::{Selection, TextLine};
use uuid::Uuid;

use crate::support::{World, chat, columns, read};

#[test]
fn the_page_shows_what_was_said_and_nothing_of_it_is_markup() {
    let world = World::new(20);
    world.chat_bundle("bundle");
    let page = String::from_utf8(read(&world.path("bundle"), "index.html")).expect("UTF-8");
    assert!(page.contains("text: How much zinc? &lt;b&gt;1&lt;/b&gt;"), "{page}");
    assert!(page.contains("complaint &lt;17&gt;"));
    assert!(page.contains("hospital.example/log/0190c1a2") && page.contains("<html lang=\"en\">"));
    for wrong in ["<script", "<b>", "http://", "https://", "src=", "url(", "@import"] {
        assert!(!page.contains(wrong), "{wrong}");
    }
}

#[test]
fn hostile_text_stays_text() {
    let world = World::new(20);
    let files = world.files();
    let mut writer = world.begin("bundle", Selection::Chat { id: chat(0) }).expect("it can be begun");
    let said = "</p><script>alert(1)</script>\u{202e}evil\u{0}\u{1b}[31m\" onload='x'";
    let text = [("text".to_owned(), said.to_owned())].into();
    let text = TextLine { position: 1, subject: Uuid::from_u128(8), is_erased: false, text };
    let proof = audit_bundle::Prover::new(&files, 20).prove(0).expect("it is in the log");
    writer.event(columns(1), &proof, Some(&text)).expect("it is proved");
    writer.finish().expect("it can be finished");
    let page = String::from_utf8(read(&world.path("bundle"), "index.html")).expect("UTF-8");
    for wrong in ["<script", "\u{202e}", "\u{0}", "\u{1b}", "onload='", "\" onload"] {
        assert!(!page.contains(wrong), "{wrong:?}");
    }
    world.verify("bundle").expect("it is right");
}
