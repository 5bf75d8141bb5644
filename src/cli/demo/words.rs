//! From the text in `mailbox.txt` to the text of a message: days, lines, quotes, signatures.

use super::clock::{self, Days, Language, Today};
use super::source::{Entry, Mailbox, minute};

/// A line of this many columns or more goes on in the next one.
const FLOWS_FROM: usize = 72;
/// Where old clients break lines.
const WRAP_AT: usize = 72;

/// How much of the parent a quote shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Keep,
    Drop,
}

/// The text of a message, with its quote and signature.
pub(super) fn text(entry: &Entry, mailbox: &Mailbox, today: &Today) -> Result<String, String> {
    written(entry, mailbox, today, Quotes::Keep)
}

fn written(
    entry: &Entry,
    mailbox: &Mailbox,
    today: &Today,
    quotes: Quotes,
) -> Result<String, String> {
    let mut out = String::new();
    for line in flowed(&entry.text) {
        let line = fill(&line, entry, today)?;
        match line.as_str() {
            "{sig}" => sign(&mut out, entry, mailbox, "-- \n")?,
            "{sig:plain}" => sign(&mut out, entry, mailbox, "")?,
            _ if line.starts_with("{quote") && quotes == Quotes::Drop => {}
            "{quote}" => quote(&mut out, entry, mailbox, today, Quotes::Drop)?,
            "{quote:all}" => quote(&mut out, entry, mailbox, today, Quotes::Keep)?,
            "{quote:outlook}" => quote_below_a_rule(&mut out, entry, mailbox, today)?,
            _ if entry.wrap => wrap(&mut out, "", &line),
            _ => {
                out.push_str(&line);
                out.push('\n');
            }
        }
    }
    out.truncate(out.trim_end_matches('\n').len());
    out.push('\n');
    Ok(out)
}

/// `text` with its placeholders replaced.
///
/// `{day:+2}` weekday of a calendar day, `{workday:+1}` weekday of a working day, `{date:-5}` and
/// `{workdate:+1}` the same as dates, `{time:+90}` the clock minutes from now,
/// `{utc:+2w 14:00}` and `{stamp}` for calendars. Other braces stay.
pub(super) fn fill(text: &str, entry: &Entry, today: &Today) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from_brace) = rest.split_at(start);
        out.push_str(before);
        let end = from_brace.find('}').map(|end| &from_brace[1..end]);
        if let Some((inside, Some(value))) =
            end.map(|inside| (inside, placeholder(inside, entry, today)))
        {
            out.push_str(&value?);
            rest = &from_brace[inside.len() + 2..];
        } else {
            out.push('{');
            rest = &from_brace[1..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn placeholder(inside: &str, entry: &Entry, today: &Today) -> Option<Result<String, String>> {
    let language = entry.language;
    if inside == "stamp" {
        return Some(Ok(clock::utc_stamp(today.instant(entry.when, entry.id))));
    }
    let (name, value) = inside.split_once(':')?;
    let number = || value.parse::<i64>().map_err(|error| format!("{inside}: {error}"));
    let name_of = |days| clock::weekday_name(today.day(days), language).to_owned();
    let date_of = |days| clock::date_name(today.day(days), language);
    Some(match name {
        "day" => number().map(|n| name_of(Days::Calendar(n))),
        "workday" => number().map(|n| name_of(Days::Working(n))),
        "date" => number().map(|n| date_of(Days::Calendar(n))),
        "workdate" => number().map(|n| date_of(Days::Working(n))),
        "time" => number().map(|n| today.time(n)),
        "utc" => utc(value, today),
        _ => return None,
    })
}

fn utc(value: &str, today: &Today) -> Result<String, String> {
    let (day, time) = value.split_once("w ").ok_or_else(|| format!("{value}: no time"))?;
    let day = day.parse().map_err(|error| format!("{value}: {error}"))?;
    Ok(today.utc(Days::Working(day), minute(time)?))
}

/// The lines of `text`, long ones joined with what follows them.
fn flowed(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let starts_anew = line.is_empty()
            || line.starts_with('>')
            || ["{sig", "{quote"].iter().any(|mark| line.starts_with(mark))
            || is_item(line);
        match lines.last_mut() {
            Some(last) if goes_on && !starts_anew => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
        goes_on = line.chars().count() >= FLOWS_FROM && !line.starts_with('>');
    }
    lines
}

/// Whether a line opens an item of a list: `- `, `* `, `1. `, `a) `.
fn is_item(line: &str) -> bool {
    let mark = line.split(' ').next().unwrap_or_default();
    matches!(mark, "-" | "*")
        || mark.strip_suffix(['.', ')']).is_some_and(|mark| {
            (1..=2).contains(&mark.len()) && mark.bytes().all(|byte| byte.is_ascii_digit())
        })
        || (mark.len() == 2 && mark.ends_with(')'))
}

/// Breaks `line` at 72 columns, each piece after `prefix`.
fn wrap(out: &mut String, prefix: &str, line: &str) {
    let indent = if is_item(line) { "  " } else { "" };
    let mut current = prefix.to_owned();
    let mut words = 0;
    for word in line.split(' ') {
        if words > 0 && current.chars().count() + 1 + word.chars().count() > WRAP_AT {
            out.push_str(&current);
            out.push('\n');
            current = format!("{prefix}{indent}");
            words = 0;
        }
        if words > 0 {
            current.push(' ');
        }
        current.push_str(word);
        words += 1;
    }
    out.push_str(&current);
    out.push('\n');
}

fn sign(out: &mut String, entry: &Entry, mailbox: &Mailbox, rule: &str) -> Result<(), String> {
    let person = mailbox.person(entry.from)?;
    if person.signature.is_empty() {
        return Err(format!("{} has no signature", person.key));
    }
    out.push_str(rule);
    for line in &person.signature {
        out.push_str(line);
        out.push('\n');
    }
    Ok(())
}

fn quote(
    out: &mut String,
    entry: &Entry,
    mailbox: &Mailbox,
    today: &Today,
    quotes: Quotes,
) -> Result<(), String> {
    let parent = mailbox.entry(entry.reply.ok_or("a quote needs a reply")?)?;
    let person = mailbox.person(parent.from)?;
    let sent = today.instant(parent.when, parent.id);
    let when = clock::long_date(sent, entry.language);
    let (name, address) = (person.name, person.address);
    let attribution = match entry.language {
        Language::English => format!("On {when}, {name} <{address}> wrote:"),
        Language::German => format!("Am {when} schrieb {name} <{address}>:"),
        Language::French => format!("Le {when}, {name} <{address}> a écrit :"),
    };
    out.push_str(&attribution);
    out.push('\n');
    for line in written(parent, mailbox, today, quotes)?.lines() {
        if line.is_empty() {
            out.push_str(">\n");
        } else if line.starts_with('>') {
            out.push('>');
            out.push_str(line);
            out.push('\n');
        } else {
            wrap(out, "> ", line);
        }
    }
    Ok(())
}

/// The quote of clients that put the whole parent below a rule, unmarked.
fn quote_below_a_rule(
    out: &mut String,
    entry: &Entry,
    mailbox: &Mailbox,
    today: &Today,
) -> Result<(), String> {
    let parent = mailbox.entry(entry.reply.ok_or("a quote needs a reply")?)?;
    let person = mailbox.person(parent.from)?;
    let sent = clock::long_date(today.instant(parent.when, parent.id), entry.language);
    let names: Result<Vec<&str>, String> =
        parent.to.iter().map(|key| mailbox.person(key).map(|person| person.name)).collect();
    let subject = subject(parent, mailbox)?;
    let (rule, from, date, to, about) = match entry.language {
        Language::German => ("Ursprüngliche Nachricht", "Von", "Gesendet", "An", "Betreff"),
        Language::French => ("Message d'origine", "De", "Envoyé", "À", "Objet"),
        Language::English => ("Original Message", "From", "Sent", "To", "Subject"),
    };
    let head = format!(
        "-----{rule}-----\n{from}: {} <{}>\n{date}: {sent}\n{to}: {}\n{about}: {subject}\n\n",
        person.name,
        person.address,
        names?.join("; "),
    );
    out.push_str(&head);
    out.push_str(&written(parent, mailbox, today, Quotes::Drop)?);
    Ok(())
}

/// The subject: as given, else the parent's with `Re:` or what the language says for it.
pub(super) fn subject(entry: &Entry, mailbox: &Mailbox) -> Result<String, String> {
    if !entry.subject.is_empty() {
        return Ok(entry.subject.to_owned());
    }
    let parent = subject(mailbox.entry(entry.reply.ok_or("no subject")?)?, mailbox)?;
    if ["Re: ", "AW: ", "RE: "].iter().any(|prefix| parent.starts_with(prefix)) {
        return Ok(parent);
    }
    let prefix = if entry.language == Language::German { "AW" } else { "Re" };
    Ok(format!("{prefix}: {parent}"))
}

/// The HTML a mail client would make of a text: paragraphs, line breaks, quotes set in.
pub(super) fn as_html(text: &str) -> String {
    let mut out = String::from("<html><body>\n");
    let mut depth = 0;
    let mut in_paragraph = false;
    for line in text.lines() {
        let marks = line.chars().take_while(|c| *c == '>' || *c == ' ').collect::<String>();
        let now = marks.chars().filter(|c| *c == '>').count();
        let words = if now > 0 { &line[marks.len()..] } else { line };
        if in_paragraph && (words.is_empty() || now != depth) {
            out.push_str("</p>\n");
            in_paragraph = false;
        }
        while depth < now {
            out.push_str("<blockquote type=\"cite\">\n");
            depth += 1;
        }
        while depth > now {
            out.push_str("</blockquote>\n");
            depth -= 1;
        }
        if words.is_empty() {
            continue;
        }
        out.push_str(if in_paragraph { "<br>\n" } else { "<p>" });
        in_paragraph = true;
        out.push_str(&words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
    }
    if in_paragraph {
        out.push_str("</p>\n");
    }
    for _ in 0..depth {
        out.push_str("</blockquote>\n");
    }
    out.push_str("</body></html>\n");
    out
}
