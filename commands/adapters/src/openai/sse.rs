//! Parses server-sent events: each byte is examined once, however the bytes are cut, and no event grows without limit.
//!
//! The available crates either scan a long event again with each piece of it, or let it fill the memory.

use std::collections::VecDeque;

/// Bytes of an event, at most. Models send a few words in each; a server that sends a whole answer at once needs some
/// hundred kilobytes.
const MAX_EVENT_BYTES: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A complete event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// The event's type; empty for most.
    pub name: String,
    /// The lines of its data, each followed by a line feed except the last.
    pub data: String,
    /// The field `error`, which some servers send although the standard has none.
    pub error: Option<String>,
}

/// An event exceeds [`MAX_EVENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// Collects bytes as they come, and returns complete events.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    /// The incomplete line.
    line: Vec<u8>,
    has_begun: bool,
    /// Whether the last byte was a carriage return: a line feed after it belongs to the same line end.
    is_after_return: bool,
    /// The part of the next event that has come.
    event: Option<Event>,
    complete: VecDeque<Event>,
    is_too_long: bool,
}

impl EventReader {
    /// Adds the next bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_too_long {
            if std::mem::take(&mut self.is_after_return) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            // The limit is counted so that it is exceeded at the same byte however the bytes are cut.
            let left = MAX_EVENT_BYTES - self.event.as_ref().map_or(0, Event::size);
            self.is_too_long = self.line.len() + line.len() > left;
            if self.is_too_long {
                return;
            }
            self.line.extend_from_slice(line);
            let Some((mark, rest)) = rest.split_first() else { return };
            self.is_after_return = *mark == b'\r';
            self.end_line();
            bytes = rest;
        }
    }

    /// Ends the input. A last event without the blank line that the standard requires counts as complete: its consumer
    /// sees whether anything is missing in it.
    pub(super) fn end(&mut self) {
        if !self.is_too_long {
            self.end_line();
            self.end_line();
        }
    }

    /// The next complete event, or the error of one that is too long, after which there are no more.
    pub(super) fn next(&mut self) -> Option<Result<Event, TooLong>> {
        let complete = self.complete.pop_front().map(Ok);
        complete.or_else(|| self.is_too_long.then_some(Err(TooLong)))
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let line = if is_first { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line) } else { &line };
        if line.is_empty() {
            if let Some(mut event) = self.event.take() {
                // Removes the line feed after the last line.
                event.data.pop();
                self.complete.push_back(event);
            }
            return;
        }
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, [].as_slice()),
        };
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        // Other fields are comments, or only needed for reconnecting.
        if matches!(name, b"data" | b"event" | b"error") {
            self.event.get_or_insert_default().set(name, &value);
        }
    }
}

impl Event {
    fn set(&mut self, name: &[u8], value: &str) {
        match name {
            b"data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            b"event" => value.clone_into(&mut self.name),
            _ => self.error = Some(value.to_owned()),
        }
    }

    fn size(&self) -> usize {
        let error = self.error.as_ref().map_or(0, String::len);
        (self.name.len() + self.data.len() + error).min(MAX_EVENT_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Result<Event, TooLong>> {
        let mut reader = EventReader::default();
        let mut read = Vec::new();
        for piece in pieces {
            reader.push(piece);
            while let Some(event) = reader.next() {
                let is_last = event.is_err();
                read.push(event);
                if is_last {
                    return read;
                }
            }
        }
        read
    }

    fn data_of(text: &str) -> Vec<String> {
        read([text.as_bytes()]).into_iter().map(|event| event.expect("none is too long").data).collect()
    }

    #[test]
    fn a_byte_order_mark_before_the_first_event_is_no_part_of_it() {
        assert_eq!(data_of("\u{feff}data: Take\n\ndata: rest\n\n"), ["Take", "rest"]);
        assert_eq!(data_of("data: \u{feff}Take\n\n"), ["\u{feff}Take"]);
        let bytes = "\u{feff}data: Take\n\n".as_bytes();
        assert_eq!(read(bytes.chunks(1)), read([bytes]));
    }

    #[test]
    fn lines_end_by_line_feed_or_return_or_both() {
        for end in ["\n", "\r", "\r\n"] {
            let text = ["data: a", "data:b", "", ": a comment", "id: 1", "", "event: x", "data:  c", "", ""].join(end);
            let events = [
                Event { data: "a\nb".to_owned(), ..Event::default() },
                Event { name: "x".to_owned(), data: " c".to_owned(), error: None },
            ];
            assert_eq!(read([text.as_bytes()]), events.map(Ok));
        }
    }

    #[test]
    fn an_error_is_seen_as_a_field_and_as_a_kind_of_event() {
        let events = read([b"error: {}\n\nevent: error\n\n".as_slice()]);
        let error = Event { error: Some("{}".to_owned()), ..Event::default() };
        assert_eq!(events, [Ok(error), Ok(Event { name: "error".to_owned(), ..Event::default() })]);
    }

    #[test]
    fn an_event_without_its_end_is_one_only_where_the_stream_ends_and_bad_bytes_are_replaced() {
        assert_eq!(data_of("data: a\n\ndata: b\n"), ["a"]);
        for last in ["data: b", "data: b\n", "data: b\r\n", "data: b\n\n"] {
            let mut reader = EventReader::default();
            reader.push(format!("data: a\n\n{last}").as_bytes());
            reader.end();
            let events = std::iter::from_fn(|| reader.next()).map(|event| event.expect("none is too long").data);
            assert_eq!(events.collect::<Vec<_>>(), ["a", "b"], "{last:?}");
        }
        let replaced = Event { data: "a\u{fffd}b".to_owned(), ..Event::default() };
        assert_eq!(read([b"data: a\xFFb\n\n".as_slice()]), [Ok(replaced)]);
    }

    #[test]
    fn a_long_event_takes_no_longer_for_coming_in_small_pieces() {
        let text = format!("data: {}\n\n", "x".repeat(MAX_EVENT_BYTES - 100));
        let started = Instant::now();
        assert_eq!(read(text.as_bytes().chunks(64)).len(), 1);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }

    #[test]
    fn an_event_without_end_is_too_long_and_those_before_it_are_not_lost() {
        let first = Event { data: "a".to_owned(), ..Event::default() };
        for endless in [" ".repeat(MAX_EVENT_BYTES), format!("data: {}\n", "x".repeat(1_000)).repeat(2_000)] {
            let text = format!("data: a\n\n{endless}{endless}");
            assert_eq!(read([text.as_bytes()]), [Ok(first.clone()), Err(TooLong)]);
            assert_eq!(read(text.as_bytes().chunks(1_000)), [Ok(first.clone()), Err(TooLong)]);
        }
    }

    proptest! {
        #[test]
        fn the_cut_into_pieces_changes_nothing(
            lines in prop::collection::vec("\u{feff}?(data|event|error|id|)(:| :|: )?[a{é:]{0,4}|", 0..12),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r", "\r\n", "\n\n", "\r\r\n"]), 12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let text: String = lines.iter().zip(&ends).flat_map(|(line, end)| [line.as_str(), end]).collect();
            let bytes = text.as_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let whole = read([bytes]);
            prop_assert_eq!(&read(at.windows(2).map(|at| &bytes[at[0]..at[1]])), &whole);
            prop_assert_eq!(&read(bytes.chunks(1)), &whole);
        }
    }
}
