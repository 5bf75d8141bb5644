//! A letter as text for an editor, and back.

use super::{Error, clean};
use crate::mail::Person;
use crate::store::Letter;

/// The letter as headers, a blank line and its text.
pub fn to_text(letter: &Letter) -> String {
    let mut text = String::new();
    for (name, people) in [("To", &letter.to), ("Cc", &letter.cc), ("Bcc", &letter.bcc)] {
        let written: Vec<String> = people.iter().map(written).collect();
        text.push_str(&format!("{name}: {}\n", written.join(", ")));
    }
    text.push_str(&format!("Subject: {}\n\n", clean::subject(&letter.subject)));
    text.push_str(letter.body.trim_end());
    text.push('\n');
    text
}

/// Reads back what [`to_text`] wrote and a person changed. What the text does not show (sender,
/// threading) stays as in `before`. Text without any of these headers is taken as the body alone.
///
/// # Errors
/// [`Error::Text`] names the line that cannot be read.
pub fn from_text(text: &str, before: &Letter) -> Result<Letter, Error> {
    let text = text.replace("\r\n", "\n");
    let mut letter = Letter { written_by: "you".to_owned(), ..before.clone() };
    let headed = text.lines().next().is_some_and(|line| field(line).is_some());
    let mut body_start = 0;
    if headed {
        for (at, line) in text.lines().enumerate() {
            body_start += line.len() + 1;
            if line.trim().is_empty() {
                break;
            }
            let Some((name, value)) = field(line) else {
                let why = "neither To, Cc, Bcc, Subject nor a blank line".to_owned();
                return Err(Error::Text { line: at + 1, why });
            };
            match name {
                "to" => letter.to = people(value, at + 1)?,
                "cc" => letter.cc = people(value, at + 1)?,
                "bcc" => letter.bcc = people(value, at + 1)?,
                _ => letter.subject = clean::subject(value),
            }
        }
    }
    letter.body = text.get(body_start..).unwrap_or_default().trim().to_owned();
    Ok(letter)
}

fn field(line: &str) -> Option<(&'static str, &str)> {
    let (name, value) = line.split_once(':')?;
    let known = ["to", "cc", "bcc", "subject"];
    let name = known.into_iter().find(|known| name.trim().eq_ignore_ascii_case(known))?;
    Some((name, value.trim()))
}

fn people(value: &str, line: usize) -> Result<Vec<Person>, Error> {
    split_list(value)
        .into_iter()
        .map(|text| {
            person(text).ok_or_else(|| Error::Text {
                line,
                why: format!("{:?} is no address", clean::line(text, 200)),
            })
        })
        .collect()
}

/// Cuts at commas outside quotation marks and brackets.
fn split_list(value: &str) -> Vec<&str> {
    let (mut quoted, mut start) = (false, 0);
    let mut parts = Vec::new();
    for (at, c) in value.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' | ';' if !quoted => {
                parts.push(value[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(value[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn person(text: &str) -> Option<Person> {
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
        None => ("", text.trim()),
    };
    let (user, domain) = address.rsplit_once('@')?;
    let fits = !user.is_empty() && !domain.is_empty() && !address.contains(char::is_whitespace);
    fits.then(|| Person { name: clean::name(name), address: address.to_lowercase() })
}

fn written(person: &Person) -> String {
    let name = clean::name(&person.name);
    let address = clean::line(&person.address, 320);
    if name.is_empty() {
        address
    } else if name.contains([',', ';', '<', '>', '@']) {
        format!("\"{}\" <{address}>", name.replace('"', ""))
    } else {
        format!("{name} <{address}>")
    }
}
