//! Turns of a talk to the tokens a model was taught to read, by its own chat template.
//!
//! Templates are Jinja (`tokenizer.chat_template`) and come from strangers, as does much of what is
//! put into them. The template is rendered with marks in the contents' place that occur in none of
//! them; special tokens are looked for in what the template itself wrote, and in nothing else.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{Environment, ErrorKind, Value, context};

use super::tokens::{Place, Tokens};
use crate::engine::Error;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Whoever sets the task.
    System,
    /// Whoever asks.
    User,
    /// The model itself.
    Assistant,
}

/// One turn of a talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said. Names of special tokens in it are characters like any others.
    pub text: String,
}

/// A day, for templates that tell the model which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Such as 2031.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// Steps a template may take.
const FUEL: u64 = 10_000_000;
/// A blank that stands around marks, to see whether a template trims what it is given.
const BLANK: char = '\u{2003}';
/// Marks begin, go on and end with characters for private use.
const MARK: [char; 3] = ['\u{e000}', '\u{e001}', '\u{e002}'];

/// A model's chat template.
pub(super) struct Template {
    source: String,
}

impl Template {
    /// Takes a template as it stands in a file.
    pub(super) fn new(source: &str) -> Self {
        Self { source: without_generation_tags(source) }
    }

    /// The ids of these turns, ready for the model's answer. Where the template has no place for a
    /// system turn, its words open the first turn of the user.
    ///
    /// # Errors
    ///
    /// When the template does not render, or leaves a turn's words out.
    pub(super) fn ids(
        &self,
        tokens: &Tokens,
        turns: &[Turn],
        today: Option<Day>,
    ) -> Result<Vec<u32>, Error> {
        let found = self.ids_of(tokens, turns, today);
        let (Err(Error::Template(_) | Error::TurnLeftOut { turn: 0 }), Some(merged)) =
            (&found, without_system(turns))
        else {
            return found;
        };
        self.ids_of(tokens, &merged, today).or(found)
    }

    fn ids_of(
        &self,
        tokens: &Tokens,
        turns: &[Turn],
        today: Option<Day>,
    ) -> Result<Vec<u32>, Error> {
        let marks = Marks::absent_from(&self.source, turns);
        let rendered = self.render(tokens, turns, &marks, today).map_err(Error::Template)?;
        let mut writing = Writing { tokens, ids: Vec::new(), text: String::new(), fresh: true };
        let mut rest = rendered.as_str();
        let mut used = vec![false; turns.len()];
        while let Some((before, turn, after)) = marks.next(rest) {
            let (before, kept_front) = unpadded_end(before);
            let (after, kept_back) = unpadded_start(after);
            writing.own(before)?;
            let Some(Turn { text, .. }) = turns.get(turn) else { break };
            let text = if kept_front { text } else { text.trim_start() };
            writing.text.push_str(if kept_back { text } else { text.trim_end() });
            used[turn] = true;
            rest = after;
        }
        writing.own(rest)?;
        writing.flush()?;
        // As llama.cpp has it: a model that wants its beginning gets it from templates, too, that
        // do not write it.
        if let Some(begin) = tokens.begin().filter(|begin| writing.ids.first() != Some(begin)) {
            writing.ids.insert(0, begin);
        }
        if let Some(turn) = used.iter().position(|used| !used) {
            return Err(Error::TurnLeftOut { turn });
        }
        Ok(writing.ids)
    }

    fn render(
        &self,
        tokens: &Tokens,
        turns: &[Turn],
        marks: &Marks,
        today: Option<Day>,
    ) -> Result<String, minijinja::Error> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
        environment.set_syntax(syntax);
        environment.set_fuel(Some(FUEL));
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |text: String| -> Result<Value, _> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, text))
        });
        // For web pages minijinja writes four characters as escapes; models saw them as they are.
        environment.add_filter(
            "tojson",
            |value: &Value, indent: Option<Value>, options: Kwargs| {
                let json = minijinja::filters::tojson(value, indent, options)?.to_string();
                let escapes =
                    [("\\u003c", "<"), ("\\u003e", ">"), ("\\u0026", "&"), ("\\u0027", "'")];
                let plain =
                    |json: String, (escape, plain): (&str, &str)| json.replace(escape, plain);
                Ok::<_, minijinja::Error>(escapes.into_iter().fold(json, plain))
            },
        );
        if let Some(today) = today {
            environment.add_function("strftime_now", move |format: String| written(today, &format));
        }
        let messages: Vec<Value> = (0..)
            .zip(turns)
            .map(|(place, turn)| {
                let role = match turn.role {
                    Role::System => "system",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                };
                context! { role => role, content => marks.of(place) }
            })
            .collect();
        let name = |id: Option<u32>| {
            let token = id.and_then(|id| tokens.token(id));
            token.map(|token| String::from_utf8_lossy(&token.bytes).into_owned())
        };
        environment.template_from_str(&self.source)?.render(context! {
            messages => messages,
            add_generation_prompt => true,
            enable_thinking => false,
            bos_token => name(tokens.first_sign()).unwrap_or_default(),
            eos_token => name(tokens.ends().first().copied()).unwrap_or_default(),
        })
    }
}

/// A template without the tags that tell trainers which words are the model's own: they render
/// nothing, and minijinja does not know them. White space around them is kept or not as they say.
fn without_generation_tags(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(length) = rest[start..].find("%}") else { break };
        let end = start + length;
        let inner = &rest[start + 2..end];
        let name = inner.trim_matches(|c: char| c == '-' || c == '+' || c.is_whitespace());
        kept.push_str(&rest[..start]);
        if matches!(name, "generation" | "endgeneration") {
            let front = if inner.starts_with('-') { "{#-" } else { "{#" };
            let back = if inner.ends_with('-') { "-#}" } else { "#}" };
            kept.push_str(front);
            kept.push_str(back);
        } else {
            kept.push_str(&rest[start..end + 2]);
        }
        rest = &rest[end + 2..];
    }
    kept.push_str(rest);
    kept
}

/// The turns with the system's words at the head of the user's, where both begin the talk.
fn without_system(turns: &[Turn]) -> Option<Vec<Turn>> {
    let [system, user, rest @ ..] = turns else { return None };
    if system.role != Role::System || user.role != Role::User {
        return None;
    }
    let text = format!("{}\n\n{}", system.text.trim_end(), user.text);
    let mut merged = vec![Turn { role: Role::User, text }];
    merged.extend_from_slice(rest);
    Some(merged)
}

/// A day in the letters of `strftime` that templates use.
fn written(today: Day, format: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = MONTHS.get(usize::from(today.month).wrapping_sub(1)).copied().unwrap_or("");
    format
        .replace("%d", &format!("{:02}", today.day))
        .replace("%m", &format!("{:02}", today.month))
        .replace("%Y", &today.year.to_string())
        .replace("%B", month)
        .replace("%b", month.get(..3).unwrap_or(""))
}

/// What stands for the contents while a template is rendered.
struct Marks {
    start: String,
}

impl Marks {
    /// Marks that occur neither in the template nor in what any turn says.
    fn absent_from(source: &str, turns: &[Turn]) -> Self {
        let mut number = 0_u64;
        loop {
            let start = format!("{}{number}{}", MARK[0], MARK[1]);
            let there = |text: &str| text.contains(&start);
            if !there(source) && !turns.iter().any(|turn| there(&turn.text)) {
                return Self { start };
            }
            number += 1;
        }
    }

    fn of(&self, turn: usize) -> String {
        format!("{BLANK}{}{turn}{}{BLANK}", self.start, MARK[2])
    }

    /// What stands before the next mark, the turn it stands for, and what comes after.
    fn next<'a>(&self, text: &'a str) -> Option<(&'a str, usize, &'a str)> {
        let (before, rest) = text.split_once(&self.start)?;
        let (turn, after) = rest.split_once(MARK[2])?;
        Some((before, turn.parse().ok()?, after))
    }
}

fn unpadded_end(text: &str) -> (&str, bool) {
    text.strip_suffix(BLANK).map_or((text, false), |text| (text, true))
}

fn unpadded_start(text: &str) -> (&str, bool) {
    text.strip_prefix(BLANK).map_or((text, false), |text| (text, true))
}

/// Ids as they are put together: text is kept until a sign or the end, so that the template's words
/// and a content's are cut as the one text they are.
struct Writing<'a> {
    tokens: &'a Tokens,
    ids: Vec<u32>,
    text: String,
    /// Whether nothing, or a sign, came last.
    fresh: bool,
}

impl Writing<'_> {
    /// Words of the template's own: signs in them are signs.
    fn own(&mut self, words: &str) -> Result<(), Error> {
        let mut rest = words;
        loop {
            let (text, sign) = self.tokens.until_sign(rest);
            self.text.push_str(text);
            let Some((length, id)) = sign else { return Ok(()) };
            self.flush()?;
            self.ids.push(id);
            self.fresh = true;
            rest = &rest[text.len() + length..];
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.text.is_empty() {
            return Ok(());
        }
        let place = if self.fresh { Place::Start } else { Place::Middle };
        self.ids.extend(self.tokens.encode_part(&std::mem::take(&mut self.text), place)?);
        self.fresh = false;
        Ok(())
    }
}
