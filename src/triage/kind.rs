//! What sort of mail is it?
//!
//! Headers decide where they tell; the reader's probabilities, plain words and what is known of the
//! sender are added to them as log-odds.

use super::case::{Case, Tally};
use super::suspicion;
use super::verdict::Kind;
use super::wording;
use crate::mail::CalendarMethod;

/// Probabilities of all kinds and the likeliest one.
pub(crate) struct KindOpinion {
    pub(crate) kind: Kind,
    pub(crate) probability: f32,
    pub(crate) junk: f32,
    pub(crate) suspicious: f32,
    pub(crate) probabilities: [f32; 9],
}

/// A reader that is sure still leaves headers room to say otherwise.
const READER_FLOOR: f32 = 0.004;
/// Mails the user answered or wrote after which a sender is never called junk.
const TRUSTED_MAILS: u32 = 2;

/// The least the reader's opinion adds to deceit: the logarithm of one in twenty.
const DECEIT_FLOOR: f32 = -3.0;
/// From here on the reader is so sure of junk that list headers do not settle the matter.
const SURE_JUNK: f32 = 0.9;
/// Log-odds of suspicion that no honest seller earns.
const DECEIT_MIN: f32 = 4.5;

/// Mails from which a sender is a regular one.
const REGULAR_MAILS_MIN: f32 = 4.0;

const PERSON: usize = 0;
const LIST: usize = 1;
const NEWSLETTER: usize = 2;
const PROMOTION: usize = 3;
const NOTIFICATION: usize = 4;
const TRANSACTION: usize = 5;
const CALENDAR: usize = 6;
const JUNK: usize = 7;
const SUSPICIOUS: usize = 8;

/// Log-odds under way, each addition noted as a signal.
struct Odds<'t> {
    of: [f32; 9],
    tally: &'t mut Tally,
}

impl Odds<'_> {
    fn add(&mut self, name: &str, additions: &[(usize, f32)]) {
        for (kind, weight) in additions {
            self.of[*kind] += weight;
        }
        if let Some((kind, weight)) = additions.first() {
            let name = format!("{}: {name}", Kind::ALL[*kind]);
            self.tally.weigh(&name, 1.0, *weight);
        }
    }
}

pub(crate) fn kind(case: &Case<'_>, tally: &mut Tally) -> KindOpinion {
    let mut odds = Odds { of: case.reading.kind.map(|p| p.max(READER_FLOOR).ln()), tally };
    by_headers(case, &mut odds);
    by_sender(case, &mut odds);
    by_words(case, &mut odds);
    let suspicion = suspicion::weigh(case, odds.tally);
    // The reader sees words; deceit lies in headers and links, so its doubt counts little.
    odds.of[SUSPICIOUS] = odds.of[SUSPICIOUS].max(DECEIT_FLOOR) + suspicion - 2.0;
    if suspicion >= DECEIT_MIN {
        // Deceit dresses as something else.
        for (kind, weight) in
            [(JUNK, 4.0), (TRANSACTION, 3.0), (NOTIFICATION, 3.0), (PROMOTION, 2.0), (PERSON, 1.5)]
        {
            odds.of[kind] -= weight;
        }
    }
    let trusted = case.sender.written_to.max(case.sender.replied) >= TRUSTED_MAILS;
    if trusted || case.is_colleague() {
        odds.of[JUNK] -= 20.0;
    }
    let probabilities = softmax(&odds.of);
    let best =
        (0..9).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])).unwrap_or(PERSON);
    KindOpinion {
        kind: Kind::ALL[best],
        probability: probabilities[best],
        junk: probabilities[JUNK],
        suspicious: probabilities[SUSPICIOUS],
        probabilities,
    }
}

fn by_headers(case: &Case<'_>, odds: &mut Odds<'_>) {
    let facts = &case.header.facts;
    match facts.calendar {
        Some(CalendarMethod::Publish) => odds.add("calendar part", &[(CALENDAR, 2.0)]),
        Some(_) => odds.add("calendar part", &[(CALENDAR, 8.0)]),
        None => odds.of[CALENDAR] -= 5.0,
    }
    if facts.report {
        odds.add("delivery report", &[(NOTIFICATION, 7.0)]);
    }
    if case.is_of_a_forge() {
        odds.of[LIST] -= 4.0;
        odds.add("sent by a forge", &[(NOTIFICATION, 7.0), (PERSON, -2.0), (JUNK, -2.0)]);
    } else if case.is_discussion() && case.reading.kind[JUNK] >= SURE_JUNK && !case.is_familiar() {
        // Lists carry spam too.
        odds.add("list headers", &[(LIST, 3.0), (PERSON, -2.0)]);
    } else if case.is_discussion() {
        odds.add("list headers", &[(LIST, 6.0), (PERSON, -2.0), (JUNK, -2.0)]);
    } else {
        odds.of[LIST] -= 4.0;
    }
    if case.is_mass() {
        let named = facts.list_id.is_some();
        let letter = if named { 1.4 } else { 0.0 };
        odds.add(
            "sent to subscribers",
            &[
                (NEWSLETTER, 3.0 + letter),
                (PROMOTION, 3.0),
                (NOTIFICATION, 0.8),
                (TRANSACTION, 0.3),
                (PERSON, -4.0),
            ],
        );
        if facts.campaign {
            odds.add("campaign software", &[(PROMOTION, 0.6)]);
        }
    } else {
        odds.of[NEWSLETTER] -= 3.0;
        odds.of[PROMOTION] -= 2.6;
    }
    if facts.automatic {
        odds.add(
            "sent by a machine",
            &[(NOTIFICATION, 3.2), (TRANSACTION, 3.0), (PERSON, -4.0), (JUNK, -1.0)],
        );
        if case.subject.any(wording::AWAY) || case.thread.messages > 0 && case.thread.last_own {
            odds.add("answers by itself", &[(NOTIFICATION, 3.0)]);
        }
    }
    if suspicion::is_unvouched(case) && !case.is_familiar() {
        // Who sends to many signs it, or most servers turn it away.
        let weight = if case.is_mass() { 3.5 } else { 1.5 };
        odds.add("nobody vouches for the sender", &[(JUNK, weight)]);
    }
    if facts.marked_spam {
        odds.add("marked by the mail server", &[(JUNK, 3.0)]);
    }
}

fn by_sender(case: &Case<'_>, odds: &mut Odds<'_>) {
    let local = case.header.from.address.split('@').next().unwrap_or_default();
    let role = wording::MACHINE_NAMES.iter().any(|name| local.contains(name));
    if role && case.is_discussion() {
        odds.add("a machine on a list", &[(NOTIFICATION, 5.0), (LIST, -3.0), (PERSON, -3.0)]);
    } else if role {
        odds.add("a machine's address", &[(NOTIFICATION, 1.8), (TRANSACTION, 1.5), (PERSON, -3.0)]);
    } else if case.is_of_an_office() {
        odds.add("an office writes", &[(NOTIFICATION, 1.8), (TRANSACTION, 1.0), (PERSON, -1.8)]);
    } else if wording::ROLE_NAMES.contains(&local) {
        odds.add("a desk's address", &[(TRANSACTION, 1.0), (NOTIFICATION, 0.6), (PERSON, -1.2)]);
    }
    // Nobody reads what is sent to a machine's address, though the user once answered it.
    let plain = !role && !case.is_mass() && !case.is_machine() && !case.is_discussion();
    if plain && !case.is_of_an_office() {
        odds.add("an ordinary mail", &[(PERSON, 1.6), (NOTIFICATION, -0.4)]);
    }
    if case.is_known() && plain {
        odds.add("you write to them", &[(PERSON, 3.0), (PROMOTION, -2.0), (JUNK, -4.0)]);
    } else if case.is_familiar() && plain {
        odds.add("of an organisation you know", &[(PERSON, 1.5), (JUNK, -2.0)]);
    } else if !case.is_familiar() {
        odds.of[JUNK] += if case.is_mass() { -1.0 } else { 0.2 };
    }
    // Spam changes its name; what comes again and again from one address was let in.
    let mails = case.sender.mails as f32;
    if mails >= REGULAR_MAILS_MIN && !case.header.facts.marked_spam {
        let weight = -1.5 * (mails / 2.0).ln();
        odds.add("no regular sender", &[(JUNK, weight)]);
    }
    if case.thread.own > 0 && plain {
        odds.add("in a thread of yours", &[(PERSON, 2.5), (JUNK, -3.0)]);
    }
}

fn by_words(case: &Case<'_>, odds: &mut Odds<'_>) {
    let both = |phrases: &[&str]| {
        case.words.count(phrases) as f32 + 1.3 * case.subject.count(phrases) as f32
    };
    let offers = both(wording::OFFERS).min(4.0);
    if case.is_mass() && offers > 0.0 {
        odds.add("words of advertising", &[(PROMOTION, 0.9 * offers)]);
    }
    let letters = both(wording::LETTERS).min(4.0);
    if case.is_mass() {
        // Long texts that sell little are letters.
        let long = if case.words.words_count() > 90 && offers < 2.0 { 1.0 } else { 0.0 };
        odds.add("words of a newsletter", &[(NEWSLETTER, 0.9 * letters + long)]);
    }
    if !case.is_mass() && case.is_of_an_office() && case.subject.any(wording::LETTER_NAMES) {
        odds.add("calls itself a newsletter", &[(NEWSLETTER, 6.0)]);
    }
    let known = case.is_known() || case.is_colleague();
    let mut deals = both(wording::DEALS).min(4.0);
    let mut events = both(wording::EVENTS).min(4.0);
    if known && !case.is_machine() {
        (deals, events) = (deals * 0.2, events * 0.2);
    }
    if deals > 0.0 {
        odds.add("words of an order", &[(TRANSACTION, 1.1 * deals)]);
    }
    if events > 0.0 {
        odds.add("words of a notice", &[(NOTIFICATION, 1.0 * events)]);
    }
    if !case.is_familiar() && !case.is_machine() {
        let sells = both(wording::SELLS).min(4.0);
        if sells > 0.0 {
            odds.add("words of unasked selling", &[(JUNK, 1.5 * (sells - 0.5))]);
            let quote = case.quote_of(wording::SELLS);
            odds.tally.reason("sells without being asked", quote);
        }
        if case.header.subject.to_lowercase().starts_with("re:")
            && case.thread.messages == 0
            && case.message.references.is_empty()
        {
            odds.add("answers nothing", &[(JUNK, 1.0)]);
        }
    }
}

fn softmax(odds: &[f32; 9]) -> [f32; 9] {
    let top = odds.iter().copied().fold(f32::MIN, f32::max);
    let parts = odds.map(|value| (value - top).exp());
    let sum: f32 = parts.iter().sum();
    parts.map(|part| part / sum)
}
