//! `saved`, and `saved:NAME` in queries.

use serde_json::json;

use super::args::SavedVerb;
use super::failure::Failure;
use super::find;
use super::screen::Style;
use super::session::Session;
use crate::search::{self, Query};
use crate::store::Store;

/// What stands before a name in a query.
const OPERATOR: &str = "saved:";
const NAME_BYTES_MAX: usize = 64;

pub(super) fn run(session: &mut Session<'_>, verb: Option<&SavedVerb>) -> Result<u8, Failure> {
    match verb {
        None | Some(SavedVerb::List) => list(session),
        Some(SavedVerb::Add { name, query }) => {
            if !is_name(name) {
                return Err(Failure::asked_wrongly(format!("{name}: not a name for a query"))
                    .hint("letters, digits, - and _"));
            }
            let text = query.join(" ");
            let mut store = session.store()?;
            // One of another name may stand in it; none that is not there.
            parse(&store, &text)?;
            store.save_query(name, &text)?;
            let line = format!("kept: `postroom search {OPERATOR}{name}`");
            say(session, name, &text, &line)
        }
        Some(SavedVerb::Remove { name }) => {
            let mut store = session.store()?;
            let query = store.saved_query(name)?.unwrap_or_default();
            if !store.remove_query(name)? {
                return Err(unknown(name));
            }
            say(session, name, &query, &format!("forgotten: {name}"))
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_letter)
}

fn unknown(name: &str) -> Failure {
    Failure::asked_wrongly(format!("looking up the query {name}: none is kept under that name"))
        .hint("`postroom saved` lists them")
}

/// Each with how many messages answer it now.
fn list(session: &mut Session<'_>) -> Result<u8, Failure> {
    let store = session.store()?;
    let mut rows = Vec::new();
    for (name, text) in store.saved_queries()? {
        let count = match parse(&store, &text) {
            Ok(query) => Some(find::how_many(session, &store, &query)?),
            // It was understood when it was kept; what it names may be gone.
            Err(_) => None,
        };
        rows.push((name, text, count));
    }
    if session.global.json {
        let items = rows
            .iter()
            .map(|(name, query, count)| json!({"name": name, "query": query, "count": count}))
            .collect();
        let envelope = session.envelope("saved", Some(&store)).items(items);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if rows.is_empty() {
        session.note("no query is kept yet: `postroom saved add NAME QUERY`")?;
    }
    for (name, query, count) in &rows {
        session.out.put(Style::Bold, &format!("{name:<16} "))?;
        let count = count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        session.out.put(Style::Cyan, &format!("{count:>7}  "))?;
        session.out.line(Style::Plain, query)?;
    }
    Ok(0)
}

fn say(session: &mut Session<'_>, name: &str, query: &str, line: &str) -> Result<u8, Failure> {
    if session.global.json {
        let items = vec![json!({"name": name, "query": query, "count": null})];
        let envelope = session.envelope("saved", None).items(items);
        session.out.json(&envelope.value())?;
    } else {
        session.out.line(Style::Plain, line)?;
    }
    Ok(0)
}

/// A query as typed, with what is kept in place of each `saved:NAME` that stands by itself outside
/// quotes. What was kept is not looked through again, so nothing can go in circles.
pub(super) fn parse(store: &Store, text: &str) -> Result<Query, Failure> {
    if !text.contains(OPERATOR) {
        return Ok(search::parse(text)?);
    }
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    for word in text.split_inclusive(|c: char| c.is_whitespace() || c == ')') {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || c == ')');
        let sign = bare.len() - bare.trim_start_matches(['-', '(', '+']).len();
        match bare[sign..].strip_prefix(OPERATOR).filter(|_| !quoted) {
            Some(name) => {
                let kept = store.saved_query(name)?.ok_or_else(|| unknown(name))?;
                out.push_str(&bare[..sign]);
                out.push_str(&format!("({kept})"));
                out.push_str(&word[bare.len()..]);
            }
            None => out.push_str(word),
        }
        quoted ^= word.matches('"').count() % 2 == 1;
    }
    Ok(search::parse(&out)?)
}
