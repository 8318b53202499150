//! Markdown to the same text with all headings written alike, and nothing that only looks like one.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Headings as `# …`, also those that are underlined. Lines of code and of what is in front of the text that begin with `#` are
/// indented.
pub(super) fn text(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut text = String::with_capacity(markdown.len());
    let mut written = 0;
    let mut heading: Option<(Range<usize>, usize, String)> = None;
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((range, level as usize, String::new())),
            Event::Text(words) | Event::Code(words) => {
                if let Some((.., says)) = &mut heading {
                    says.push_str(&words);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some((.., says)) = &mut heading {
                    says.push(' ');
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let Some((range, level, says)) = heading.take() else { continue };
                write_plain(&markdown[written..range.start.max(written)], &mut text);
                super::write_heading(level, says.trim(), &mut text);
                written = range.end;
            }
            _ => {}
        }
    }
    write_plain(&markdown[written.min(markdown.len())..], &mut text);
    text
}

/// What is between headings has none.
fn write_plain(between: &str, text: &mut String) {
    for line in between.split_inclusive('\n') {
        if line.starts_with('#') {
            text.push_str("    ");
        }
        text.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn headings_are_written_alike() {
        assert_eq!(text("Doses\n-----\nZinc.\n# *A* `b` #\nc").trim(), "## Doses\n\nZinc.\n\n\n# A b\n\nc");
    }

    #[test]
    fn what_only_looks_like_a_heading_is_none() {
        let text = text("---\n# comment\n---\n```\n# code\n```\n\n#hashtag\n");
        assert!(text.lines().all(|line| !line.starts_with('#')), "{text}");
        assert!(["# comment", "# code", "#hashtag"].iter().all(|line| text.contains(line)), "{text}");
    }
}
