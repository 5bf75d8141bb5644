//! Who: addresses and message ids out of header values.

use mail_parser::{Addr, HeaderValue, parsers::MessageStream};

use super::words;
use crate::mail::types::Person;

/// People kept of one header; a mail to more is a bomb.
pub(crate) const PEOPLE_MAX: usize = 10_000;
/// Ids kept of one header.
const IDS_MAX: usize = 1_000;
/// RFC 5322's limit for a line, so for an id.
const ID_BYTES_MAX: usize = 998;

/// The people of an address header, groups taken apart. Names without an address stay.
pub(crate) fn people(value: &[u8], charset: Option<&str>) -> Vec<Person> {
    let text = words::utf8(value, charset);
    // The library decodes each encoded word by itself; here adjacent ones are joined first.
    let mut text = words::decode_words(&text, words::encode_word).into_owned();
    text.push('\n');
    let HeaderValue::Address(list) = MessageStream::new(text.as_bytes()).parse_address() else {
        return Vec::new();
    };
    list.iter().take(PEOPLE_MAX).filter_map(person).collect()
}

fn person(read: &Addr<'_>) -> Option<Person> {
    let mut name = words::tidy(read.name().unwrap_or_default());
    let mut address = clean_address(read.address().unwrap_or_default());
    if address.is_empty() {
        // The whole `Name <a@b>` sat in one encoded word, or a bare word was taken for a name.
        if let Some((before, inner)) = name.split_once('<')
            && inner.contains('@')
        {
            address = clean_address(inner.split('>').next().unwrap_or_default());
            name = before.trim().to_owned();
        } else if name.contains('@') && !name.contains(' ') {
            address = clean_address(&name);
            name.clear();
        }
    }
    for quote in ['\'', '"'] {
        if let Some(inner) = name.strip_prefix(quote).and_then(|n| n.strip_suffix(quote)) {
            name = inner.trim().to_owned();
        }
    }
    if name.eq_ignore_ascii_case(&address) {
        name.clear();
    }
    (!name.is_empty() || !address.is_empty()).then_some(Person { name, address })
}

/// Lower case, without what surrounds addresses by mistake.
pub(crate) fn clean_address(address: &str) -> String {
    let tidy = words::tidy(address);
    let mut address = tidy.trim_matches(['<', '>', '\'', '"', ' ', ',', ';']);
    if address.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")) {
        address = &address[7..];
    }
    // RFC 5322 section 4.4: an obsolete route, `@relay,@relay:a@b`.
    if address.starts_with('@')
        && let Some((_, last)) = address.rsplit_once(':')
    {
        address = last;
    }
    address.trim_end_matches('.').to_lowercase()
}

/// Message ids, without angle brackets and white space.
pub(crate) fn ids(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value);
    let mut ids = Vec::new();
    let mut rest = &*text;
    while let Some((_, after)) = rest.split_once('<') {
        let (inner, after) = after.split_once('>').unwrap_or((after, ""));
        // `<<a@b>>`, or a lost closing bracket.
        let inner = inner.rsplit('<').next().unwrap_or(inner);
        push_id(&mut ids, inner);
        rest = after;
    }
    if ids.is_empty() {
        for word in text.split_whitespace().filter(|word| word.contains('@')) {
            push_id(&mut ids, word.trim_matches(['"', '\'', ',', ';', '>']));
        }
    }
    ids
}

/// The id of a `Message-ID` value: the first in brackets, else whatever stands there.
pub(crate) fn id(value: &[u8]) -> Option<String> {
    ids(value).into_iter().next().or_else(|| {
        let mut first = Vec::new();
        push_id(&mut first, String::from_utf8_lossy(value).split_whitespace().next()?);
        first.pop()
    })
}

fn push_id(ids: &mut Vec<String>, id: &str) {
    if ids.len() < IDS_MAX && id.len() <= ID_BYTES_MAX {
        let id: String = id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        if !id.is_empty() {
            ids.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &[(&str, &str)]) {
        for input in [input.to_owned(), format!("{input}\n"), format!("{input}\r\n")] {
            let found = people(input.as_bytes(), None);
            let found: Vec<_> = found.iter().map(|p| (&*p.name, &*p.address)).collect();
            assert_eq!(found, expected, "{input:?}");
        }
    }

    #[test]
    fn names_and_addresses() {
        check("Ada <Ada@Example.ORG>", &[("Ada", "ada@example.org")]);
        check("ada@example.org", &[("", "ada@example.org")]);
        check("ada@example.org (Ada L)", &[("Ada L", "ada@example.org")]);
        check(
            "\"L, Ada\" <ada@example.org>, b@example.org",
            &[("L, Ada", "ada@example.org"), ("", "b@example.org")],
        );
        check(
            "=?utf-8?Q?J=C3=BC?= =?utf-8?Q?rgen?= <j@example.org>",
            &[("Jürgen", "j@example.org")],
        );
        check("\"=?utf-8?Q?L=2C_Ada?=\" <ada@example.org>", &[("L, Ada", "ada@example.org")]);
    }

    #[test]
    fn groups_are_taken_apart() {
        check(
            "team: a@example.org, B <b@example.org>;, c@example.org",
            &[("", "a@example.org"), ("B", "b@example.org"), ("", "c@example.org")],
        );
        check("undisclosed-recipients:;", &[]);
        check("", &[]);
        check("<>", &[]);
    }

    #[test]
    fn what_surrounds_an_address_by_mistake_goes() {
        check("'Ada' <'ada@example.org'>", &[("Ada", "ada@example.org")]);
        check("<mailto:ada@example.org>", &[("", "ada@example.org")]);
        check("\"ada@example.org\" <ada@example.org>", &[("", "ada@example.org")]);
        check("\"ada@example.org\"", &[("", "ada@example.org")]);
        check("=?utf-8?Q?Ada_=3Cada=40example.org=3E?=", &[("Ada", "ada@example.org")]);
    }

    #[test]
    fn a_name_alone_stays() {
        check("MAILER-DAEMON", &[("MAILER-DAEMON", "")]);
    }

    #[test]
    fn dots_in_a_row_are_no_fault() {
        check("ada..lovelace@example.org", &[("", "ada..lovelace@example.org")]);
        check("1.11.-2@example.org", &[("", "1.11.-2@example.org")]);
    }

    #[test]
    fn ids_lose_their_brackets() {
        assert_eq!(ids(b" <a@b>\r\n\t<c@d> "), ["a@b", "c@d"]);
        assert_eq!(ids(b"a@b c@d"), ["a@b", "c@d"]);
        assert_eq!(ids(b"Your message of today <a@b>"), ["a@b"]);
        assert_eq!(ids(b"<a\r\n b@c>"), ["ab@c"]);
        assert_eq!(ids(b"<a@b"), ["a@b"]);
        assert_eq!(ids(b"words only"), [""; 0]);
        assert_eq!(id(b" abc\n").as_deref(), Some("abc"));
        assert_eq!(id(b" \n"), None);
    }
}
