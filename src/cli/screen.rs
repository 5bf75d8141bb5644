//! Where answers go. Every stranger's word passes [`SafeText`] here and nowhere else.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::guard::{SafeText, escape_json};

/// How a piece of a line looks where colour is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
    Cyan,
    Magenta,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "1;31",
            Self::Yellow => "33",
            Self::Green => "32",
            Self::Cyan => "36",
            Self::Magenta => "35",
        }
    }
}

/// Standard output or standard error.
pub(super) struct Screen<'a> {
    out: &'a mut dyn Write,
    color: bool,
    /// Columns; lines are shortened to it by those who make them.
    pub(super) width: usize,
    /// Whether a person is looking.
    pub(super) terminal: bool,
}

impl<'a> Screen<'a> {
    pub(super) fn new(out: &'a mut dyn Write, color: bool, width: usize, terminal: bool) -> Self {
        Self { out, color, width, terminal }
    }

    /// A piece of a line.
    pub(super) fn put(&mut self, style: Style, text: &str) -> io::Result<()> {
        let safe = SafeText::line(text);
        if self.color && style != Style::Plain {
            write!(self.out, "\x1b[{}m{safe}\x1b[0m", style.code())
        } else {
            write!(self.out, "{safe}")
        }
    }

    /// Ends the line.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// A whole line.
    pub(super) fn line(&mut self, style: Style, text: &str) -> io::Result<()> {
        self.put(style, text)?;
        self.end()
    }

    /// Several lines, each behind `indent`.
    pub(super) fn block(&mut self, style: Style, indent: &str, text: &str) -> io::Result<()> {
        let safe = SafeText::block(text);
        for line in safe.as_str().lines() {
            if line.is_empty() {
                self.end()?;
            } else {
                self.put(Style::Plain, indent)?;
                // Tabs stay in a block.
                if self.color && style != Style::Plain {
                    writeln!(self.out, "\x1b[{}m{line}\x1b[0m", style.code())?;
                } else {
                    writeln!(self.out, "{line}")?;
                }
            }
        }
        Ok(())
    }

    /// Bytes as they are: for `show --raw` and ids with NUL alone.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// One JSON value on one line.
    pub(super) fn json_line(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{}", escape_json(&value.to_string()))
    }

    /// One JSON value over several lines.
    pub(super) fn json(&mut self, value: &Value) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        writeln!(self.out, "{}", escape_json(&text))
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The one envelope all items come in.
pub(super) struct Envelope(Map<String, Value>);

impl Envelope {
    pub(super) fn new(kind: &str, as_of: &str) -> Self {
        let mut map = Map::new();
        map.insert("schema".into(), json!("postroom.v1"));
        map.insert("kind".into(), json!(kind));
        map.insert("as_of".into(), json!(as_of));
        map.insert("coverage".into(), Value::Null);
        map.insert("fresh_as_of".into(), Value::Null);
        map.insert("reader".into(), json!(super::READER_NAME));
        map.insert("writer".into(), Value::Null);
        map.insert("warnings".into(), json!([]));
        map.insert("items".into(), json!([]));
        Self(map)
    }

    pub(super) fn with(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.into(), value);
        self
    }

    pub(super) fn coverage(self, done: u64, total: u64) -> Self {
        self.with("coverage", json!({"done": done, "total": total}))
    }

    pub(super) fn items(self, items: Vec<Value>) -> Self {
        self.with("items", Value::Array(items))
    }

    pub(super) fn value(self) -> Value {
        Value::Object(self.0)
    }
}

/// `1 message`, `2 messages`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Shortens to `columns`, with an ellipsis. Counts characters, wide ones twice.
pub(super) fn shorten(text: &str, columns: usize) -> String {
    let safe = SafeText::line(text);
    let text = safe.as_str().trim();
    if columns_of(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += char_columns(c);
        if used > columns {
            break;
        }
        short.push(c);
    }
    let kept = short.trim_end().len();
    short.truncate(kept);
    short.push('…');
    short
}

/// Pads or shortens to exactly `columns`.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let mut short = shorten(text, columns);
    for _ in columns_of(&short)..columns {
        short.push(' ');
    }
    short
}

/// How many columns it takes; wide characters take two.
pub(super) fn columns_of(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

fn char_columns(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f | 0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_by_columns_not_bytes() {
        assert_eq!(shorten("Grüße aus Köln", 8), "Grüße a…");
        assert_eq!(fit("日本語", 8), "日本語  ");
        assert_eq!(fit("日本語日本語", 6), "日本… ");
    }

    #[test]
    fn colour_never_lets_an_escape_through() {
        let mut out = Vec::new();
        Screen::new(&mut out, true, 80, false).line(Style::Red, "a\x1b[2Jb").expect("written");
        assert_eq!(String::from_utf8(out).expect("text"), "\x1b[1;31ma\\u{1b}[2Jb\x1b[0m\n");
    }
}
