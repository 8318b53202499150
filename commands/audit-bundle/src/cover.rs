//! The cover page: what a person reads first. It has no script and loads nothing.

use std::fmt::Write as _;

use chrono::SecondsFormat;
use transparency_log::{checkpoint::Checkpoint, leaf::Leaf};

use crate::{
    line::{EventLine, TextLine},
    manifest::{Attachment, Manifest},
    paths,
};

/// How much of the events the page shows, in bytes; all of them are in `events.jsonl`.
const MAX_BYTES: usize = 2 * 1_048_576;

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<title>Bundle of the event log</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #767676; padding: .3rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere }
caption { text-align: left; font-weight: bold; padding: .5rem 0 }
.said { white-space: pre-wrap; margin: .2rem 0 }
code { overflow-wrap: anywhere }
</style>
</head>
<body>
";

/// The rows of a page, as many as fit.
#[derive(Default)]
pub(crate) struct Cover {
    rows: String,
    /// The events that no longer fit.
    left_out: u64,
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Would turn around what stands beside it, or be invisible.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push('\u{fffd}'),
            c if c.is_control() && c != '\n' && c != '\t' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

impl Cover {
    /// Adds an event, with its text if there is one to show.
    pub(crate) fn event(&mut self, line: &EventLine, leaf: &Leaf, text: Option<&TextLine>) {
        if self.left_out > 0 || self.rows.len() > MAX_BYTES {
            self.left_out += 1;
            return;
        }
        let time = leaf.recorded_at().to_rfc3339_opts(SecondsFormat::Millis, true);
        let said = text.map_or_else(String::new, |line| {
            let one = |(field, text): (&String, &String)| {
                format!("<p class=\"said\">{}: {}</p>", escaped(field), escaped(text))
            };
            line.text.iter().map(one).collect()
        });
        let EventLine { position, aggregate_type, aggregate_id, event_type, .. } = line;
        let (kind, id, event_type) = (escaped(aggregate_type), escaped(aggregate_id), escaped(event_type));
        self.row(&[&position.to_string(), &time, &format!("{kind} {id}"), &format!("{event_type}{said}")]);
    }

    /// Adds a row of cells that are HTML already.
    fn row(&mut self, cells: &[&str]) {
        self.rows.push_str("<tr>");
        for cell in cells {
            self.rows.push_str("<td>");
            self.rows.push_str(cell);
            self.rows.push_str("</td>");
        }
        self.rows.push_str("</tr>\n");
    }

    /// Returns the page.
    pub(crate) fn page(self, manifest: &Manifest, checkpoint: &Checkpoint) -> String {
        let Self { rows, left_out } = self;
        let mut page =
            format!("{HEAD}<h1>Bundle of the event log: {}</h1>\n", escaped(&manifest.selection.to_string()));
        page.push_str(&facts(manifest, checkpoint));
        section(&mut page, "What is proved", &manifest.proved);
        section(&mut page, "What the exporter says, and nothing proves", &manifest.asserted);
        page.push_str("<h2>Verifying it</h2>\n<p>With the verifier key that the operator of the log has told you (not one out of this \
             folder): <code>ayushma audit verify-bundle FOLDER --key KEY</code>, or a program of your own by docs/proof-formats.md. \
             This page is only as good as that check.</p>\n");
        page.push_str("<table>\n<caption>Events</caption>\n<thead><tr><th scope=\"col\">Position</th><th scope=\"col\">Recorded at</th>\
             <th scope=\"col\">Of</th><th scope=\"col\">Event</th></tr></thead>\n<tbody>\n");
        page.push_str(&rows);
        page.push_str("</tbody>\n</table>\n");
        if left_out > 0 {
            // A text can always be written to.
            let _ = writeln!(page, "<p>{left_out} further events are in {} only.</p>", paths::EVENTS);
        }
        page.push_str(&attachments(&manifest.attachments));
        page.push_str("</body>\n</html>\n");
        page
    }
}

fn facts(manifest: &Manifest, checkpoint: &Checkpoint) -> String {
    let Manifest { events, exporter, exported_at, reason, recorded_at_position, .. } = manifest;
    let range = match (events.first, events.last) {
        (Some(first), Some(last)) => format!(" (positions {first} to {last})"),
        _ => String::new(),
    };
    let text = match manifest.file(paths::TEXT) {
        Some(_) => "decoded, in text.jsonl and below",
        None => "not decoded: personal text is ciphertext here",
    };
    let facts = [
        ("Events", format!("{}{range}", events.count)),
        ("Text", text.to_owned()),
        ("Log", checkpoint.origin.to_string()),
        ("Checkpoint", format!("{} events, root {}", checkpoint.size, hex::encode(checkpoint.root))),
        ("Verifier key", manifest.key.clone()),
        ("Exported", exported_at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        ("By", exporter.clone()),
        ("Reason", reason.clone().unwrap_or_else(|| "not given".to_owned())),
        ("On record", format!("position {recorded_at_position} of the log")),
    ];
    let row =
        |(name, value): &(&str, String)| format!("<tr><th scope=\"row\">{name}</th><td>{}</td></tr>\n", escaped(value));
    format!(
        "<table>\n<caption>About this bundle</caption>\n<tbody>\n{}</tbody>\n</table>\n",
        facts.iter().map(row).collect::<String>()
    )
}

fn section(page: &mut String, heading: &str, sentences: &[String]) {
    let items: Vec<_> = sentences.iter().map(|sentence| format!("<li>{}</li>\n", escaped(sentence))).collect();
    // A text can always be written to.
    let _ = write!(page, "<h2>{heading}</h2>\n<ul>\n{}</ul>\n", items.concat());
}

fn attachments(attachments: &[Attachment]) -> String {
    if attachments.is_empty() {
        return String::new();
    }
    let row = |attachment: &Attachment| {
        let Attachment { position, name, size, path, missing, .. } = attachment;
        let name = escaped(name);
        let name = path.as_ref().map_or_else(
            || format!("{name} (not here: {})", escaped(missing.as_deref().unwrap_or("no reason was given"))),
            |path| format!("<a href=\"{}\">{name}</a>", escaped(path)),
        );
        format!("<tr><td>{position}</td><td>{name}</td><td>{size}</td></tr>\n")
    };
    let mut rows = String::new();
    let mut shown = 0;
    for attachment in attachments {
        if rows.len() > MAX_BYTES {
            break;
        }
        rows.push_str(&row(attachment));
        shown += 1;
    }
    let rest = attachments.len() - shown;
    let rest = if rest > 0 {
        format!("<p>{rest} further files are in {} only.</p>\n", paths::MANIFEST)
    } else {
        String::new()
    };
    format!(
        "<table>\n<caption>Files</caption>\n<thead><tr><th scope=\"col\">Position</th><th scope=\"col\">Name</th>\
         <th scope=\"col\">Bytes</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n{rest}"
    )
}
