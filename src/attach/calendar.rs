//! iCalendar (RFC 5545): what each entry is, where, when, and who is asked.

use super::Refusal;
use super::plain;
use super::text::Text;

/// Properties that hold text.
const TEXTS: &[&str] =
    &["SUMMARY", "LOCATION", "DESCRIPTION", "COMMENT", "CATEGORIES", "CONTACT", "RESOURCES"];
/// Properties that name somebody.
const PEOPLE: &[&str] = &["ORGANIZER", "ATTENDEE"];

pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Refusal> {
    let whole = plain::decode(bytes, false);
    let mut lines = whole.lines().peekable();
    // A time zone describes itself with the same words.
    let mut in_zone = false;
    while let Some(first) = lines.next() {
        let mut line = first.to_owned();
        while let Some(more) = lines.next_if(|next| next.starts_with([' ', '\t'])) {
            line.push_str(&more[1..]);
        }
        let Some((name, parameters, value)) = property(&line) else { continue };
        match name.as_str() {
            "BEGIN" | "END" if value.eq_ignore_ascii_case("VTIMEZONE") => in_zone = name == "BEGIN",
            _ if in_zone => {}
            "DTSTART" => add(text, &day(value)),
            name if TEXTS.contains(&name) => add(text, &unescaped(value)),
            name if PEOPLE.contains(&name) => {
                add(text, &format!("{} {}", named(parameters), address(value)));
            }
            _ => {}
        }
        if text.is_full() {
            break;
        }
    }
    Ok(())
}

fn add(text: &mut Text, value: &str) {
    plain::add_lines(value.trim(), text);
}

/// Name, parameters and value of a content line. A colon in a quoted parameter ends nothing.
fn property(line: &str) -> Option<(String, &str, &str)> {
    let mut quoted = false;
    let colon = line.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b':' && !quoted
    })?;
    let (head, value) = (&line[..colon], &line[colon + 1..]);
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    Some((name.to_ascii_uppercase(), parameters, value))
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(c) => out.push(c),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// `CN=…` of the parameters.
fn named(parameters: &str) -> String {
    let mut quoted = false;
    let mut rest = parameters.split(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    let name = rest.find_map(|one| {
        one.get(..3).filter(|key| key.eq_ignore_ascii_case("CN=")).map(|_| &one[3..])
    });
    name.unwrap_or("").trim_matches('"').to_owned()
}

fn address(value: &str) -> &str {
    match value.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &value[7..],
        _ => "",
    }
}

/// `20260302T100000Z` as `2026-03-02`.
fn day(value: &str) -> String {
    match value.get(..8) {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..])
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_put_in_words() {
        let ics = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nCOMMENT:zone\r\nEND:VTIMEZONE\r\n\
                   BEGIN:VEVENT\r\nDTSTART;TZID=\"a:b\":20260302T100000\r\n\
                   SUMMARY:Dock\\, gate\\nand\r\n  crane\r\n\
                   ATTENDEE;CN=\"Quist; Bert\";ROLE=X:mailto:bert@example.org\r\n\
                   END:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Second\r\nEND:VEVENT\r\n";
        let mut text = Text::new(1_000);
        read(ics.as_bytes(), &mut text).expect("read");
        let expected = "2026-03-02\nDock, gate\nand crane\nQuist; Bert bert@example.org\nSecond";
        assert_eq!(text.finish().0, expected);
    }
}
