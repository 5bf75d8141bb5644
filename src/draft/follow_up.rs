//! A letter after the user's own mail: what it asked is asked again, of those it went to.

use super::asks::quoted_ask;
use super::phrases::phrases;
use super::{Ask, Error, Form, Request};
use crate::mail::Person;
use crate::store::{Header, Store};

/// A letter that asks again what the user's own mail of `day` asked.
pub(super) fn follow_up(asks: &[Ask], say: &str, day: &str, language: &str) -> String {
    let phrases = phrases(language);
    let mut paragraphs: Vec<String> = Vec::new();
    let asked = phrases.asked.replace("{date}", day);
    match asks {
        [] => {}
        [ask] => paragraphs.push(format!("{asked} {}", quoted_ask(&ask.quote, language))),
        asks => {
            let lines: Vec<String> = (1..)
                .zip(asks)
                .map(|(number, ask)| format!("{number}. {}", quoted_ask(&ask.quote, language)))
                .collect();
            paragraphs.push(format!("{asked}\n{}", lines.join("\n")));
        }
    }
    if say.trim().is_empty() {
        paragraphs.push(format!("{} {}", phrases.again, phrases.default_line));
    } else {
        paragraphs.push(say.trim().to_owned());
    }
    paragraphs.join("\n\n")
}

/// Why nothing is to be asked again after the user's own mail.
pub(super) fn needs_no_follow_up(
    store: &Store,
    request: &Request<'_>,
    header: &Header,
    to: &[Person],
    asks: &[Ask],
) -> Result<Option<String>, Error> {
    let is_own = |address: &String| request.own.contains(address);
    if to.iter().all(|person| is_own(&person.address)) {
        return Ok(Some("it is a note to yourself".to_owned()));
    }
    if !request.say.trim().is_empty() || request.form == Form::Call {
        return Ok(None);
    }
    let thread = store.thread(header.thread)?;
    let answer = thread.iter().find(|other| {
        (other.date, other.id) > (header.date, header.id)
            && other.date <= request.now
            && !other.own
            && !is_own(&other.from.address)
    });
    Ok(match answer {
        Some(answer) => Some(format!(
            "you wrote it, and {0} came after it: `postroom draft {0}` answers that, --say TEXT writes again all the same",
            answer.id.0
        )),
        None if asks.is_empty() => Some(
            "you wrote it, and it asks for nothing to be asked again; --say TEXT writes on"
                .to_owned(),
        ),
        None => None,
    })
}
