//! Error messages for malformed JSON: what was expected, with line, column and character, as the contract words them.
//!
//! serde_json parses the values. This module only walks a text that serde_json has refused, up to the first syntax
//! error, to describe it. Halves of surrogate pairs are no error here: they were replaced before.

/// The characters of a number that a message quotes at most: a client must not get megabytes of its own text back.
const QUOTED: usize = 100;

/// The maximum depth of nesting, as in serde_json.
const MAX_DEPTH: usize = 127;

/// Returns the message for a text that serde_json has refused.
pub(super) fn describe(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let position = error.valid_up_to();
            let byte = bytes.get(position).copied().unwrap_or_default();
            return format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {position}: invalid byte");
        }
    };
    let mut walk = Walk { text: text.chars().collect(), at: 0 };
    match walk.document() {
        Err(Fault::At(message, position)) => walk.located(message, position),
        Err(Fault::OutOfRange(number)) => {
            format!("Out of range float values are not JSON compliant: '{number}'")
        }
        Err(Fault::TooDeep) => "The value is nested too deeply".to_owned(),
        Ok(()) => "Invalid JSON".to_owned(),
    }
}

enum Fault {
    At(&'static str, usize),
    OutOfRange(String),
    TooDeep,
}

struct Walk {
    text: Vec<char>,
    at: usize,
}

impl Walk {
    fn located(&self, message: &str, position: usize) -> String {
        let before = &self.text[..position.min(self.text.len())];
        let line = 1 + before.iter().filter(|c| **c == '\n').count();
        let column = 1 + before.iter().rev().take_while(|c| **c != '\n').count();
        format!("{message}: line {line} column {column} (char {position})")
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = word.chars().enumerate().all(|(i, c)| self.text.get(self.at + i) == Some(&c));
        if found {
            self.at += word.len();
        }
        found
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn document(&mut self) -> Result<(), Fault> {
        if self.peek() == Some('\u{feff}') {
            return Err(Fault::At("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0));
        }
        self.skip_space();
        self.value(0)?;
        self.skip_space();
        if self.at < self.text.len() {
            return Err(Fault::At("Extra data", self.at));
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        for constant in ["NaN", "Infinity", "-Infinity"] {
            if self.eat_word(constant) {
                return Err(Fault::OutOfRange(constant.to_owned()));
            }
        }
        match self.peek() {
            Some('"') => self.string(),
            Some('{' | '[') if depth >= MAX_DEPTH => Err(Fault::TooDeep),
            Some('{') => self.object(depth + 1),
            Some('[') => self.array(depth + 1),
            _ if ["null", "true", "false"].iter().any(|w| self.eat_word(w)) => Ok(()),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.skip_space();
        if self.eat('}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some('"') {
                return Err(Fault::At("Expecting property name enclosed in double quotes", self.at));
            }
            self.string()?;
            self.skip_space();
            if !self.eat(':') {
                return Err(Fault::At("Expecting ':' delimiter", self.at));
            }
            self.skip_space();
            self.value(depth)?;
            if self.end_of_item('}')? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.skip_space();
        if self.eat(']') {
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if self.end_of_item(']')? {
                return Ok(());
            }
        }
    }

    /// Returns whether the collection is closed here; `false` if another item follows.
    fn end_of_item(&mut self, close: char) -> Result<bool, Fault> {
        self.skip_space();
        if self.eat(close) {
            return Ok(true);
        }
        if !self.eat(',') {
            return Err(Fault::At("Expecting ',' delimiter", self.at));
        }
        self.skip_space();
        Ok(false)
    }

    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        loop {
            let Some(c) = self.peek() else {
                return Err(Fault::At("Unterminated string starting at", start));
            };
            self.at += 1;
            match c {
                '"' => return Ok(()),
                '\\' => self.escape(start)?,
                '\0'..='\u{1f}' => {
                    return Err(Fault::At("Invalid control character at", self.at - 1));
                }
                _ => {}
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<(), Fault> {
        match self.peek() {
            None => Err(Fault::At("Unterminated string starting at", start)),
            Some('u') => self.code_unit(),
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Fault::At("Invalid \\escape", self.at - 1)),
        }
    }

    fn code_unit(&mut self) -> Result<(), Fault> {
        let position = self.at;
        let digits = self.text.get(position + 1..position + 5);
        self.at += 5;
        let is_unit = digits.is_some_and(|digits| digits.iter().all(char::is_ascii_hexdigit));
        if is_unit { Ok(()) } else { Err(Fault::At("Invalid \\uXXXX escape", position)) }
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.eat('-');
        if !self.eat('0') && !self.digits() {
            self.at = start;
            return Err(Fault::At("Expecting value", start));
        }
        let whole = self.at;
        if self.eat('.') && !self.digits() {
            self.at = whole;
        }
        let mantissa = self.at;
        if self.eat('e') || self.eat('E') {
            let _sign = self.eat('+') || self.eat('-');
            if !self.digits() {
                self.at = mantissa;
            }
        }
        let number: String = self.text[start..self.at].iter().collect();
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(()),
            _ if number.len() > QUOTED => Err(Fault::OutOfRange(number.chars().take(QUOTED).chain(['…']).collect())),
            _ => Err(Fault::OutOfRange(number)),
        }
    }
}

#[cfg(test)]
#[path = "json_fault_tests.rs"]
mod tests;
