//! Does it try to deceive?

use super::case::{Case, Tally};
use super::history::{domain_of, is_public_provider};
use super::verdict::Signal;
use super::wording;
use crate::ledger::Folded;
use crate::mail::AuthResult;

/// A person writes no hidden text; this many characters are no accident of a mail program.
const HIDDEN_CHARS: usize = 100;

/// Log-odds for deceit, each part noted.
pub(crate) fn weigh(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let mut odds = by_sender(case, tally) + by_authentication(case, tally) + by_links(case, tally);
    odds += by_attachments(case, tally);
    odds += by_words(case, tally);
    if case.is_known() && !fails(case) {
        odds += tally.weigh("suspicious: you write to them", 1.0, -4.0);
    } else if case.is_machine() && !fails(case) && odds > 0.0 && case.links.is_empty() {
        odds += tally.weigh("suspicious: leads nowhere", 1.0, -1.0);
    }
    odds
}

fn by_sender(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let mut odds = 0.0;
    let from = &case.header.from;
    let domain = case.domain();
    if !case.is_known()
        && !case.is_familiar()
        && let Some(known) = case.history.known_domains().find(|known| looks_like(domain, known))
    {
        odds += tally.weigh("suspicious: looks like a domain you know", 1.0, 5.5);
        tally.reason(format!("the sender's domain only looks like {known}"), domain);
    }
    if !case.is_known() && !case.is_colleague() && !case.is_mass() && !case.is_discussion() {
        let homes = case.history.addresses_of(&from.name);
        let foreign = homes.is_some_and(|homes| {
            !homes.contains(from.address.as_str())
                && homes.iter().all(|home| domain_of(home) != domain)
        });
        if foreign {
            odds += tally.weigh("suspicious: a known name, an unknown address", 1.0, 3.5);
            tally.reason(
                format!("the name {} is known, the address is not", from.name),
                from.address.clone(),
            );
        }
    }
    if let Some(label) = claimed(case) {
        odds += tally.weigh("suspicious: claims to be of your organisation", 1.0, 3.0);
        tally.reason(format!("names {label}, and is not of it"), from.address.clone());
    }
    if let Some(brand) = borrowed_brand(case) {
        odds += tally.weigh("suspicious: bears the name of a firm it is not from", 1.0, 3.0);
        tally.reason(format!("bears the name of {brand}, and is not from there"), domain);
    }
    if !is_an_address(&from.address) {
        odds += tally.weigh("suspicious: the sender has no address", 1.0, 3.0);
        tally.reason("the sender gives no address that could be", from.address.clone());
    }
    let disguised = [&from.name, &case.header.subject].into_iter().find(|text| is_disguised(text));
    if let Some(text) = disguised.filter(|_| !case.is_familiar() && !case.is_discussion()) {
        odds += tally.weigh("suspicious: letters in disguise", 1.0, 4.0);
        tally.reason("mixes letters of several alphabets that look the same", text.clone());
    }
    let elsewhere = case.header.people.reply_to.iter().find(|to| to.address != from.address);
    if let Some(to) = elsewhere.filter(|_| !case.is_mass() && !case.is_discussion()) {
        let other_domain = domain_of(&to.address) != domain;
        if !case.is_familiar() || other_domain && is_public_provider(domain_of(&to.address)) {
            let weight = if other_domain { 2.0 } else { 0.8 };
            odds += tally.weigh("suspicious: answers go elsewhere", 1.0, weight);
            tally.reason("answers would go to another address", to.address.clone());
        }
    }
    odds
}

/// The name of the user's own organisation where somebody outside bears it: in their name or domain.
fn claimed<'a>(case: &'a Case<'_>) -> Option<&'a str> {
    const LETTERS_MIN: usize = 5;
    if case.is_colleague() || case.is_known() || case.is_discussion() {
        return None;
    }
    let name = case.header.from.name.to_lowercase();
    let domain = case.domain();
    let labels = case.history.me.domains.iter().filter(|own| !is_public_provider(own));
    labels
        .filter(|own| !related(own, domain))
        .filter_map(|own| own.split('.').find(|label| label.len() >= LETTERS_MIN))
        .filter(|label| !matches!(*label, "example" | "mails" | "email"))
        .find(|label| {
            domain.split('.').any(|part| part != *label && part.contains(*label))
                || name.split(|c: char| !c.is_alphanumeric()).any(|word| word == *label)
        })
}

/// A firm that deceivers like to be taken for, named in the sender's name by somebody whose domain is not
/// that firm's.
fn borrowed_brand(case: &Case<'_>) -> Option<&'static str> {
    if case.is_familiar() || case.is_discussion() {
        return None;
    }
    let name = Folded::new(&case.header.from.name);
    let domain = case.domain();
    let is_theirs = |brand: &str| {
        let label = brand.replace(' ', "");
        domain.split('.').any(|part| part == label || part.split('-').any(|piece| piece == label))
    };
    wording::BRANDS.iter().copied().find(|brand| name.any(&[*brand]) && !is_theirs(brand))
}

/// Whether mail could come from there: `name@host.domain` of letters, digits, dots and hyphens.
fn is_an_address(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    !local.is_empty()
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        })
}

/// Whether a word mixes Latin letters with Cyrillic or Greek ones, or is written in mathematical
/// letters: what only those do who hide words from filters (UTS 39, mixed-script confusables).
fn is_disguised(text: &str) -> bool {
    let is_mathematical = |c: char| matches!(c, '\u{1d400}'..='\u{1d7ff}');
    text.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let has = |is: fn(char) -> bool| word.chars().any(is);
        let latin = has(|c| c.is_ascii_alphabetic());
        let foreign = has(|c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}'));
        // µ and the like stand alone among letters: `10µm`.
        latin && foreign && word.chars().count() > 3
            || word.chars().filter(|c| is_mathematical(*c)).count() >= 3
    })
}

fn fails(case: &Case<'_>) -> bool {
    case.header.facts.authentication_fails()
}

fn by_authentication(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let facts = &case.header.facts;
    for (check, result) in [("SPF", facts.spf), ("DKIM", facts.dkim), ("DMARC", facts.dmarc)] {
        // Phishing passes as often as honest mail: what passed is shown and weighs nothing.
        let (word, value) = match result {
            AuthResult::Absent => continue,
            AuthResult::Pass => ("passed", 1.0),
            AuthResult::Fail => ("failed", 0.0),
            AuthResult::Neutral => ("says nothing", 0.5),
        };
        let name = format!("authentication: {check} {word}");
        tally.signals.push(Signal { name, value, weight: 0.0 });
    }
    if !fails(case) {
        return if is_unvouched(case) { by_nobody_vouching(case, tally) } else { 0.0 };
    }
    // What the domain itself wants refused (RFC 7489); lists break it for honest mail.
    let weight = if facts.dmarc == AuthResult::Fail && !case.is_discussion() { 3.2 } else { 1.6 };
    let mut odds = tally.weigh("suspicious: authentication failed", 1.0, weight);
    tally.reason("the sender's server is not who it says", "");
    if case.is_colleague() {
        odds += tally.weigh("suspicious: claims your own domain", 1.0, 3.5);
    }
    odds
}

/// Whether a stranger sent it and the receiving server, which looked, found nobody to vouch for the
/// sender's address: no signature held and no policy of the domain allowed it. SPF alone vouches for the
/// envelope (RFC 7208), which anybody may fill in. Since the big providers ask senders for signatures
/// (2024), honest mail from strangers passes.
pub(crate) fn is_unvouched(case: &Case<'_>) -> bool {
    let facts = &case.header.facts;
    let results = [facts.spf, facts.dkim, facts.dmarc];
    results.iter().any(|result| *result != AuthResult::Absent)
        && ![facts.dkim, facts.dmarc].contains(&AuthResult::Pass)
        && !case.is_known()
        && !case.is_discussion()
}

fn by_nobody_vouching(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let mut odds = tally.weigh("suspicious: nobody vouches for the sender", 1.0, 2.6);
    tally.reason("no server vouches for the sender's address", case.header.from.address.clone());
    if case.links.iter().any(|link| host_of(&link.href).is_some()) {
        odds += tally.weigh("suspicious: and it leads somewhere", 1.0, 1.4);
    }
    odds
}

/// A link that shows one address and leads to another.
fn by_links(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let misleading = case.links.iter().find(|link| {
        let (Some(shown), Some(target)) = (host_of(&link.text), host_of(&link.href)) else {
            return false;
        };
        !related(&shown, &target)
    });
    let Some(link) = misleading else { return 0.0 };
    // Campaign software counts clicks through a host of its own.
    let weight = if case.is_mass() { 0.6 } else { 3.2 };
    if !case.is_mass() {
        tally.reason("a link leads elsewhere than it shows", link.text.trim());
    }
    tally.weigh("suspicious: a link leads elsewhere than it shows", 1.0, weight)
}

fn by_attachments(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let runs = case.header.attachments.iter().find(|file| {
        let name = file.name.to_lowercase();
        wording::PROGRAM_ENDINGS.iter().any(|ending| name.ends_with(ending))
    });
    let Some(file) = runs else { return 0.0 };
    tally.reason("a program is attached", file.name.clone());
    tally.weigh("suspicious: a program is attached", 1.0, if case.is_known() { 1.0 } else { 3.5 })
}

fn by_words(case: &Case<'_>, tally: &mut Tally) -> f32 {
    let mut odds = 0.0;
    if case.is_known() && !fails(case) {
        return odds;
    }
    if case.message.hidden_chars >= HIDDEN_CHARS && !case.is_mass() && !case.is_familiar() {
        odds += tally.weigh("suspicious: hidden text", case.message.hidden_chars as f32, 5.0);
        tally.reason("holds text that a person would not see", "");
    }
    let groups: [(&str, &str, &[&str], f32); 7] = [
        ("secrets wanted", "asks for passwords, codes or account details", wording::SECRETS, 2.2),
        ("money wanted", "is about a payment", wording::MONEY, 0.8),
        ("a fortune", "promises money for an advance", wording::FORTUNES, 2.2),
        ("gift cards", "asks for gift cards", wording::GIFT_CARDS, 3.0),
        ("secrecy", "asks you to keep it from others", wording::SECRECY, 1.6),
        ("threats and haste", "threatens or presses", wording::HASTE, 1.2),
        ("orders to software", "gives orders to software", wording::INJECTIONS, 4.0),
    ];
    for (name, text, phrases, weight) in groups {
        if case.words.any(phrases) || case.subject.any(phrases) {
            let familiar = case.is_colleague() && !fails(case);
            let weight = if familiar { weight * 0.3 } else { weight };
            odds += tally.weigh(&format!("suspicious: {name}"), 1.0, weight);
            if !familiar && !case.is_machine() && !case.is_mass() {
                tally.reason(text, case.quote_of(phrases));
            }
        }
    }
    if (is_unvouched(case) || fails(case))
        && (case.words.any(wording::BAIT) || case.subject.any(wording::BAIT))
    {
        odds += tally.weigh("suspicious: bait", 1.0, 2.0);
        tally.reason("baits with a prize, a parcel or an account", case.quote_of(wording::BAIT));
    }
    // One such word stands in many honest mails.
    if odds > 0.0 && odds < 2.0 { odds * 0.5 } else { odds }
}

/// Whether a domain was made to be mistaken for `known`: one label differs, and it reads the same or
/// is one letter off.
pub(crate) fn looks_like(domain: &str, known: &str) -> bool {
    if domain == known || is_public_provider(domain) || is_public_provider(known) {
        return false;
    }
    let (ours, theirs): (Vec<&str>, Vec<&str>) =
        (domain.split('.').collect(), known.split('.').collect());
    if ours.len() != theirs.len() {
        return false;
    }
    let mut differing = ours.iter().zip(&theirs).filter(|(a, b)| a != b);
    let (Some((a, b)), None) = (differing.next(), differing.next()) else { return false };
    if a.chars().count().min(b.chars().count()) < 5 {
        return false;
    }
    skeleton(a) == skeleton(b) || one_edit(a, b) && !differ_in_digits(a, b)
}

/// Letters that read alike folded into one. After Unicode's confusables (UTS 39), the few used in
/// domains.
fn skeleton(label: &str) -> String {
    let folded: String = label
        .chars()
        .filter(|c| *c != '-')
        .map(|c| match c {
            '0' | 'о' | 'ο' | 'ö' => 'o',
            '1' | 'i' | 'і' | 'ı' | '|' => 'l',
            '5' => 's',
            '3' => 'e',
            'а' | 'à' | 'á' | 'ä' => 'a',
            'е' | 'é' | 'è' => 'e',
            'р' => 'p',
            'с' => 'c',
            'х' => 'x',
            'у' => 'y',
            other => other,
        })
        .collect();
    folded.replace("rn", "m").replace("vv", "w").replace("cl", "d")
}

fn differ_in_digits(a: &str, b: &str) -> bool {
    let strip = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    strip(a) == strip(b)
}

/// One letter put in, left out, changed, or two neighbours swapped.
fn one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    match (a.len(), b.len()) {
        (1, 0 | 1) | (0, 1) => true,
        (2, 2) => a[0] == b[1] && a[1] == b[0],
        _ => false,
    }
}

/// The host a text names, if it is an address of the web.
fn host_of(text: &str) -> Option<String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let rest = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))
        .or_else(|| lower.starts_with("www.").then_some(lower.as_str()))?;
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default().trim_start_matches("www.");
    (host.contains('.') && !host.contains(char::is_whitespace)).then(|| host.to_owned())
}

/// The same host, or one within the other.
fn related(a: &str, b: &str) -> bool {
    a == b || a.ends_with(&format!(".{b}")) || b.ends_with(&format!(".{a}"))
}

#[cfg(test)]
mod tests {
    use super::{host_of, is_an_address, is_disguised, looks_like, related};

    #[test]
    fn look_alike_domains_are_told() {
        for (domain, known) in [
            ("rnerchant-tide.example.com", "merchant-tide.example.com"),
            ("merchanttide.example.com", "merchant-tide.example.com"),
            ("exannple.org", "exarnnple.org"),
            ("examp1e.org", "example.org"),
            ("exmaple.org", "example.org"),
            ("examplle.org", "example.org"),
        ] {
            assert!(looks_like(domain, known), "{domain} {known}");
        }
        for (domain, known) in [
            ("example.org", "example.org"),
            ("mail1.example.org", "mail2.example.org"),
            ("server12.example.org", "server1.example.org"),
            ("other.org", "example.org"),
            ("abc.org", "abd.org"),
            ("example.com", "example.org"),
        ] {
            assert!(!looks_like(domain, known), "{domain} {known}");
        }
    }

    #[test]
    fn letters_in_disguise_are_told_from_other_alphabets() {
        for text in ["Соurt case", "Wаllеt locked", "You won a 𝗠𝗮𝗸𝗶𝘁𝗮 kit"] {
            assert!(is_disguised(text), "{text}");
        }
        for text in
            ["Court case", "Привет, Анна", "Ελληνικά", "10 µm, α-helix, Δt", "IBM Москва", "ÅÄÖ"]
        {
            assert!(!is_disguised(text), "{text}");
        }
    }

    #[test]
    fn addresses_that_could_not_be_are_told() {
        for address in ["", "team", "a@gov", "a@%x.example.com", "a@ex ample.com", "a@.example.com"]
        {
            assert!(!is_an_address(address), "{address}");
        }
        for address in ["a@example.org", "a@mail_1.example.org", "a@müller.example"] {
            assert!(is_an_address(address), "{address}");
        }
    }

    #[test]
    fn hosts_are_compared() {
        assert_eq!(host_of("https://www.example.org/a").as_deref(), Some("example.org"));
        assert_eq!(host_of("http://user@example.net:80/").as_deref(), Some("example.net"));
        assert_eq!(host_of("click here"), None);
        assert!(related("example.org", "mail.example.org"));
        assert!(!related("example.org", "badexample.org"));
    }
}
