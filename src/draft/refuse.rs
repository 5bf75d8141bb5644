//! Mail that is not to be answered.

use crate::store::Header;

/// Why a mail is not answered, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: String,
}

/// Whether and why this mail should not be answered: nobody would read it, a list of thousands
/// would, or it means harm. `kind` is triage's word for it, where there is one.
pub fn refusal(header: &Header, kind: Option<&str>) -> Option<Refusal> {
    let facts = &header.facts;
    let to = header.people.reply_to.first().unwrap_or(&header.from);
    let user = to.address.split('@').next().unwrap_or_default();
    let reason = if header.own {
        return None;
    } else if to.address.is_empty() {
        "it names no address to answer to".to_owned()
    } else if kind == Some("suspicious") {
        "it looks like an attempt to deceive; an answer would tell its sender that somebody reads here"
            .to_owned()
    } else if kind == Some("junk") || facts.marked_spam {
        "it is junk; an answer would tell its sender that somebody reads here".to_owned()
    } else if is_unread(user) {
        format!("{} is not read by anybody", to.address)
    } else if facts.report {
        "it is a delivery report".to_owned()
    } else if facts.automatic {
        "a machine sent it".to_owned()
    } else if matches!(kind, Some("newsletter" | "promotion" | "notification")) {
        format!("it is a {}, sent to many", kind.unwrap_or_default())
    } else if is_bulk(header) {
        "it was sent to many at once".to_owned()
    } else {
        return None;
    };
    Some(Refusal { reason })
}

/// A list one can write to is not bulk mail, though it has the same headers.
fn is_bulk(header: &Header) -> bool {
    let facts = &header.facts;
    let bulk = facts.precedence.as_deref() == Some("bulk");
    !facts.list_post
        && (facts.one_click_unsubscribe || facts.campaign || bulk && facts.list_unsubscribe)
}

/// `no-reply`, `donotreply`, `mailer-daemon`.
fn is_unread(user: &str) -> bool {
    let plain: String = user.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    ["noreply", "donotreply", "nichtantworten", "nepasrepondre", "noresponder"]
        .iter()
        .any(|mark| plain.contains(mark))
        || ["mailerdaemon", "postmaster", "bounce", "bounces"].contains(&plain.as_str())
}
