//! What words do we give a model, and how is a stranger's text fenced off?
//!
//! One file a prompt, rendered by one typed function into [`Turn`]s. Whatever a stranger wrote (the
//! mail, its subject, its sender's name, mail of the thread) stands between two lines that hold a mark
//! nobody could know beforehand, and the instructions stand outside. Nothing here speaks to a model
//! or decides what its answer is worth: the rooms that ask check what comes back. Start with
//! [`reply()`].

mod fence;
mod fill;
#[cfg(test)]
mod tests;

pub use fence::Fence;
pub use fill::start_of;
use fill::{fill, list};

use crate::engine::{Role, Turn};

/// A prompt's name and the digest of its words, to be stored with what it produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`reply()`].
    Reply,
    /// [`compose()`].
    Compose,
    /// [`tier()`].
    Tier,
    /// [`sentence()`].
    Sentence,
    /// [`ask()`].
    Ask,
}

impl Kind {
    /// Name and FNV-1a digest (64 bits, hexadecimal) of the words: another digest, another prompt.
    pub fn stamp(self) -> String {
        let (name, words) = match self {
            Self::Reply => ("reply", [REPLY, REPLY_ASKED].concat()),
            Self::Compose => ("compose", [COMPOSE, COMPOSE_ASKED].concat()),
            Self::Tier => ("tier", [TIER, TIER_ASKED].concat()),
            Self::Sentence => ("sentence", [SENTENCE, SENTENCE_ASKED].concat()),
            Self::Ask => ("ask", [ASK, ASK_ASKED].concat()),
        };
        let digest = words.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{name} {digest:016x}")
    }
}

const REPLY: &str = include_str!("reply.md");
const REPLY_ASKED: &str = include_str!("reply_asked.md");
const COMPOSE: &str = include_str!("compose.md");
const COMPOSE_ASKED: &str = include_str!("compose_asked.md");
const TIER: &str = include_str!("tier.md");
const TIER_ASKED: &str = include_str!("tier_asked.md");
const SENTENCE: &str = include_str!("sentence.md");
const SENTENCE_ASKED: &str = include_str!("sentence_asked.md");
const ASK: &str = include_str!("ask.md");
const ASK_ASKED: &str = include_str!("ask_asked.md");

/// How the user writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style<'a> {
    /// The user's name.
    pub me: &'a str,
    /// The language to write in, as an English word; empty when unsure.
    pub language: &'a str,
    /// Words of a usual letter.
    pub words: usize,
    /// Phrases they like.
    pub phrases: &'a [String],
}

/// A mail and what the user answered to it, or a letter of theirs by itself.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// What a stranger wrote; empty for a letter that answers nothing.
    pub asked: &'a str,
    /// What the user answered.
    pub answered: &'a str,
}

/// A mail of somebody, or an earlier one of its thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// Who wrote it.
    pub from: &'a str,
    /// The writer's own words.
    pub text: &'a str,
}

/// What an answer is written from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reply<'a> {
    /// How the user writes.
    pub style: Style<'a>,
    /// Past mail and the user's answers, the closest first.
    pub examples: &'a [Pair<'a>],
    /// Earlier mail of the thread, oldest first.
    pub thread: &'a [Said<'a>],
    /// The mail's subject.
    pub subject: &'a str,
    /// The mail.
    pub mail: Said<'a>,
    /// What it asks, in its own words.
    pub asks: &'a [&'a str],
    /// What the user wants to say; may be empty.
    pub say: &'a str,
}

/// Asks for the text of an answer, between greeting and sign-off.
pub fn reply(fence: &Fence, reply: &Reply<'_>) -> Vec<Turn> {
    let examples: String =
        reply.examples.iter().map(|pair| example(fence, reply.style.me, *pair)).collect();
    let thread: String =
        reply.thread.iter().map(|said| fence.around(&earlier(*said)) + "\n").collect();
    let asks = list(reply.asks.iter().copied());
    let asked = fill(
        REPLY_ASKED,
        &[
            ("me", reply.style.me),
            ("examples", or(&examples, "(none)\n")),
            ("thread", or(&thread, "(nothing before)\n")),
            ("mail", &fence.around(&mail(reply.subject, reply.mail))),
            ("asks", &fence.around(or(&asks, "nothing in particular"))),
            ("say", or(reply.say.trim(), "nothing was said: leave […] where only they know")),
        ],
    );
    vec![system(REPLY, &reply.style), Turn { role: Role::User, text: asked }]
}

/// Asks for the text of a new letter, between greeting and sign-off; `examples` show how they write.
pub fn compose(
    fence: &Fence,
    style: &Style<'_>,
    examples: &[Pair<'_>],
    subject: &str,
    say: &str,
) -> Vec<Turn> {
    let examples: String = examples.iter().map(|pair| example(fence, style.me, *pair)).collect();
    let asked = fill(
        COMPOSE_ASKED,
        &[
            ("me", style.me),
            ("examples", or(&examples, "(none)\n")),
            ("subject", or(subject.trim(), "(none)")),
            ("say", say.trim()),
        ],
    );
    vec![system(COMPOSE, style), Turn { role: Role::User, text: asked }]
}

/// The letters that stand for the tiers in the answer to [`tier()`], most pressing first.
pub const TIER_LABELS: [&str; 5] = ["A", "B", "C", "D", "E"];

/// Asks for one of [`TIER_LABELS`].
pub fn tier(fence: &Fence, me: &str, subject: &str, said: Said<'_>, facts: &str) -> Vec<Turn> {
    let asked =
        fill(TIER_ASKED, &[("mail", &fence.around(&mail(subject, said))), ("facts", facts.trim())]);
    let text = fill(TIER, &[("me", me)]);
    vec![Turn { role: Role::System, text }, Turn { role: Role::User, text: asked }]
}

/// Asks for one sentence on what a thread has come to.
pub fn sentence(fence: &Fence, language: &str, subject: &str, thread: &[Said<'_>]) -> Vec<Turn> {
    let said: String = thread.iter().map(|said| earlier(*said) + "\n").collect();
    let said = format!("Subject: {subject}\n\n{}", said.trim_end());
    let asked = fill(
        SENTENCE_ASKED,
        &[("thread", &fence.around(&said)), ("language", or(language, "the language of the mail"))],
    );
    // Nothing of the mail stands in what comes first: all such prompts share it.
    let text = SENTENCE.trim_end().to_owned();
    vec![Turn { role: Role::System, text }, Turn { role: Role::User, text: asked }]
}

/// Asks for the answer to the user's question from passages of their mail, which are numbered from 1.
pub fn ask(fence: &Fence, question: &str, passages: &[&str], language: &str) -> Vec<Turn> {
    let passages = list(passages.iter().copied());
    let asked = fill(
        ASK_ASKED,
        &[
            ("passages", &fence.around(&passages)),
            ("question", or(question.trim(), "(none)")),
            ("language", or(language, "the language of the question")),
        ],
    );
    let text = ASK.trim_end().to_owned();
    vec![Turn { role: Role::System, text }, Turn { role: Role::User, text: asked }]
}

/// The language's English name, which models know better than its ISO 639-1 code; empty when unsure.
pub fn language_name(code: &str) -> &'static str {
    const NAMES: &[(&str, &str)] = &[
        ("en", "English"),
        ("de", "German"),
        ("fr", "French"),
        ("es", "Spanish"),
        ("it", "Italian"),
        ("nl", "Dutch"),
        ("pt", "Portuguese"),
        ("sv", "Swedish"),
        ("da", "Danish"),
        ("nb", "Norwegian"),
        ("fi", "Finnish"),
        ("pl", "Polish"),
        ("cs", "Czech"),
        ("ru", "Russian"),
        ("uk", "Ukrainian"),
        ("tr", "Turkish"),
        ("ja", "Japanese"),
        ("zh", "Chinese"),
        ("ko", "Korean"),
    ];
    NAMES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}

fn system(words: &str, style: &Style<'_>) -> Turn {
    let phrases = style.phrases.iter().take(8).map(|phrase| format!("“{phrase}”"));
    let phrases = phrases.collect::<Vec<_>>().join(", ");
    let words_count = style.words.clamp(10, 250).to_string();
    let text = fill(
        words,
        &[
            ("me", style.me),
            ("language", or(style.language, "the language of the mail")),
            ("words", &words_count),
            ("phrases", or(&phrases, "(none known)")),
        ],
    );
    Turn { role: Role::System, text }
}

fn mail(subject: &str, said: Said<'_>) -> String {
    format!("From: {}\nSubject: {subject}\n\n{}", said.from, said.text.trim())
}

fn earlier(said: Said<'_>) -> String {
    format!("{} wrote:\n{}", said.from, said.text.trim())
}

fn example(fence: &Fence, me: &str, pair: Pair<'_>) -> String {
    // Anybody can put the user's name on a mail.
    let (asked, answered) = (fence.around(pair.asked), fence.around(pair.answered));
    if pair.asked.trim().is_empty() {
        return format!("{me} wrote:\n{answered}\n\n");
    }
    format!("They wrote:\n{asked}\n{me} answered:\n{answered}\n\n")
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}
