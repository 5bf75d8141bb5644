//! One response, read.
//!
//! Status lines are read here: imap-proto knows few of the codes in brackets (none of those that
//! say why a login failed), and slices the text behind a known one at a byte that need not begin a
//! character. The data is imap-proto's.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::mail::source::Role;
use imap_proto::{AttributeValue, MailboxDatum, NameAttribute, Response, StatusAttribute};

/// How a command or the server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

/// What stands in brackets before a status line's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Code {
    None,
    Capability(Vec<String>),
    UidValidity(u32),
    UidNext(u32),
    HighestModSeq(u64),
    CopyUid(CopyUid),
    Other,
}

/// Where messages were copied to (RFC 4315, 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CopyUid {
    /// Of the folder they were copied to.
    pub(super) uidvalidity: u32,
    /// The UID each had, and the one it got.
    pub(super) pairs: Vec<(u32, u32)>,
}

impl CopyUid {
    pub(super) fn new_uid(&self, old: u32) -> Option<u32> {
        self.pairs.iter().find(|(from, _)| *from == old).map(|(_, to)| *to)
    }

    fn read(value: &str) -> Option<Self> {
        let mut words = value.split(' ');
        let uidvalidity = words.next()?.parse().ok()?;
        let (from, to) = (uid_set(words.next()?)?, uid_set(words.next()?)?);
        (from.len() == to.len())
            .then(|| Self { uidvalidity, pairs: from.into_iter().zip(to).collect() })
    }
}

/// `3,7:9` in the order it is written; nothing when it is none, or names more than one command did.
fn uid_set(text: &str) -> Option<Vec<u32>> {
    let mut uids = Vec::new();
    for run in text.split(',') {
        let (first, last) = run.split_once(':').unwrap_or((run, run));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        let count = last.abs_diff(first) as usize + 1;
        if uids.len() + count > COPIED_MAX {
            return None;
        }
        uids.extend(first.min(last)..=last.max(first));
    }
    Some(uids)
}

/// A status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) status: Status,
    pub(super) code: Code,
    /// A stranger's words, cut.
    pub(super) text: String,
}

/// A folder as LIST names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) delimiter: Option<char>,
    /// Whether it can be opened.
    pub(super) opens: bool,
    /// What was moved there to be deleted, or is spam: it goes away by the hundred.
    pub(super) is_refuse: bool,
    /// What it is for, where the server says (RFC 6154).
    pub(super) role: Option<Role>,
}

/// What FETCH said of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) uid: Option<u32>,
    pub(super) flags: Option<Vec<String>>,
    /// Gmail's, in modified UTF-7.
    pub(super) labels: Option<Vec<String>>,
    pub(super) date: Option<String>,
    pub(super) bytes: Option<u32>,
    /// The server's name of the message in whatever folder.
    pub(super) object: Option<String>,
    /// The body or a part of it; nothing where the server says NIL.
    pub(super) body: Option<Vec<u8>>,
}

/// What STATUS said of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) messages: Option<u32>,
    pub(super) uidnext: Option<u32>,
    pub(super) uidvalidity: Option<u32>,
    pub(super) modseq: Option<u64>,
}

/// One response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// `+`: go on.
    GoOn,
    /// The end of the command of this tag.
    Done {
        tag: String,
        line: Line,
    },
    /// A status nobody asked for, or that stands before the end.
    Line(Line),
    Capability(Vec<String>),
    Exists(u32),
    Expunge,
    /// Gone; `earlier` when they went before the folder was opened, and EXISTS counts them no more.
    Vanished {
        earlier: bool,
        uids: Vec<RangeInclusive<u32>>,
    },
    Fetch(Box<Fetched>),
    List(Listed),
    Search(Vec<u32>),
    Counts(Counts),
    /// Something else that is well said.
    Other,
}

/// Messages one COPYUID speaks of: more than one command names.
const COPIED_MAX: usize = 10_000;
/// Longest text of a server kept, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// Data a sync rests on: one of these that cannot be read is not passed over.
const NEEDED: [&str; 7] = ["FETCH", "EXISTS", "EXPUNGE", "SEARCH", "LIST", "STATUS", "VANISHED"];

/// Reads one response; what is wrong with it, if it is none.
pub(super) fn read(response: &[u8]) -> Result<Reply, &'static str> {
    let line = response.strip_suffix(b"\r\n").ok_or("a line without an end")?;
    let first = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let rest = line.get(first.len() + 1..).unwrap_or_default();
    match first {
        b"+" => return Ok(Reply::GoOn),
        b"*" => {}
        tag if is_tag(tag) => {
            let line = status_line(rest).ok_or("a tag without a status")?;
            return Ok(Reply::Done { tag: String::from_utf8_lossy(tag).into_owned(), line });
        }
        _ => return Err("neither data nor a status"),
    }
    if let Some(line) = status_line(rest) {
        return Ok(Reply::Line(line));
    }
    let mut words = rest.split(|byte| *byte == b' ').map(word);
    let (keyword, behind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if keyword == "CAPABILITY" {
        return Ok(Reply::Capability(capabilities(&rest["CAPABILITY".len()..])));
    }
    let is_number = !keyword.is_empty() && keyword.bytes().all(|byte| byte.is_ascii_digit());
    let what = if is_number { behind } else { keyword };
    if !what.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()) {
        return Err("data without a name");
    }
    let needed = NEEDED.contains(&what.as_str());
    match Response::parse(response) {
        Ok((left, parsed)) if left.is_empty() || left == b"\r\n" => Ok(data(parsed)),
        _ if needed => Err("data that is not well formed"),
        _ => Ok(Reply::Other),
    }
}

fn is_tag(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric)
}

fn word(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(32)]).to_ascii_uppercase()
}

fn status_line(rest: &[u8]) -> Option<Line> {
    let first = rest.split(|byte| *byte == b' ').next()?;
    let status = match word(first).as_str() {
        "OK" => Status::Ok,
        "NO" => Status::No,
        "BAD" => Status::Bad,
        "BYE" => Status::Bye,
        "PREAUTH" => Status::PreAuth,
        _ => return None,
    };
    let text = rest.get(first.len() + 1..).unwrap_or_default();
    let code = match text.strip_prefix(b"[") {
        Some(inside) => code(inside),
        None => Code::None,
    };
    let text: String = String::from_utf8_lossy(text).chars().take(TEXT_CHARS_MAX).collect();
    Some(Line { status, code, text })
}

fn code(inside: &[u8]) -> Code {
    let Some(end) = inside.iter().position(|byte| *byte == b']') else { return Code::Other };
    let inside = String::from_utf8_lossy(&inside[..end]);
    let (name, value) = inside.split_once(' ').unwrap_or((&inside, ""));
    let read = match name.to_ascii_uppercase().as_str() {
        "CAPABILITY" => Some(Code::Capability(capabilities(value.as_bytes()))),
        "UIDVALIDITY" => value.parse().ok().map(Code::UidValidity),
        "UIDNEXT" => value.parse().ok().map(Code::UidNext),
        "COPYUID" => CopyUid::read(value).map(Code::CopyUid),
        "HIGHESTMODSEQ" => value.parse().ok().map(Code::HighestModSeq),
        _ => None,
    };
    read.unwrap_or(Code::Other)
}

fn capabilities(list: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(list).split_ascii_whitespace().map(str::to_ascii_uppercase).collect()
}

fn data(response: Response<'_>) -> Reply {
    match response {
        Response::Expunge(_) => Reply::Expunge,
        Response::Vanished { earlier, uids } => Reply::Vanished { earlier, uids },
        Response::Fetch(_, attributes) => Reply::Fetch(Box::new(fetched(attributes))),
        Response::MailboxData(MailboxDatum::Exists(count)) => Reply::Exists(count),
        Response::MailboxData(MailboxDatum::Search(uids)) => Reply::Search(uids),
        Response::MailboxData(MailboxDatum::List(list)) => Reply::List(listed(list)),
        Response::MailboxData(MailboxDatum::Status { status, .. }) => Reply::Counts(counts(status)),
        _ => Reply::Other,
    }
}

fn fetched(attributes: Vec<AttributeValue<'_>>) -> Fetched {
    let mut fetched = Fetched::default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => fetched.uid = Some(uid),
            AttributeValue::Flags(flags) => {
                fetched.flags = Some(flags.into_iter().map(Cow::into_owned).collect());
            }
            AttributeValue::GmailLabels(labels) => {
                fetched.labels = Some(labels.into_iter().map(Cow::into_owned).collect());
            }
            AttributeValue::InternalDate(date) => fetched.date = Some(date.into_owned()),
            AttributeValue::Rfc822Size(bytes) => fetched.bytes = Some(bytes),
            AttributeValue::GmailMsgId(number) => fetched.object = Some(number.to_string()),
            AttributeValue::EmailId(id) => fetched.object = Some(id.into_owned()),
            AttributeValue::BodySection { data, .. } => {
                fetched.body = data.map(Cow::into_owned);
            }
            _ => {}
        }
    }
    fetched
}

fn listed(list: imap_proto::MailboxListData<'_>) -> Listed {
    let refuse = |attribute: &NameAttribute<'_>| {
        matches!(attribute, NameAttribute::Trash | NameAttribute::Junk)
    };
    let shut = |attribute: &NameAttribute<'_>| match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(name) => name.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    };
    Listed {
        opens: !list.name_attributes.iter().any(shut),
        is_refuse: list.name_attributes.iter().any(refuse),
        role: list.name_attributes.iter().find_map(role),
        delimiter: list.delimiter.and_then(|text| text.chars().next()),
        name: list.name.into_owned(),
    }
}

fn role(attribute: &NameAttribute<'_>) -> Option<Role> {
    match attribute {
        // Gmail has no other archive.
        NameAttribute::Archive | NameAttribute::All => Some(Role::Archive),
        NameAttribute::Sent => Some(Role::Sent),
        NameAttribute::Drafts => Some(Role::Drafts),
        NameAttribute::Trash => Some(Role::Trash),
        NameAttribute::Junk => Some(Role::Junk),
        _ => None,
    }
}

fn counts(status: Vec<StatusAttribute>) -> Counts {
    let mut counts = Counts::default();
    for attribute in status {
        match attribute {
            StatusAttribute::Messages(count) => counts.messages = Some(count),
            StatusAttribute::UidNext(uid) => counts.uidnext = Some(uid),
            StatusAttribute::UidValidity(number) => counts.uidvalidity = Some(number),
            StatusAttribute::HighestModSeq(number) => counts.modseq = Some(number),
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(text: &str, status: Status, code: Code) {
        match read(format!("* {text}\r\n").as_bytes()) {
            Ok(Reply::Line(line)) => assert_eq!((line.status, line.code), (status, code), "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn status_lines_are_read_whatever_their_code() {
        check_line("OK [UIDVALIDITY 7] fine", Status::Ok, Code::UidValidity(7));
        check_line(
            "ok [HIGHESTMODSEQ 18446744073709551615]",
            Status::Ok,
            Code::HighestModSeq(u64::MAX),
        );
        check_line("NO [AUTHENTICATIONFAILED] no", Status::No, Code::Other);
        // Behind a code imap-proto takes one byte off, in the middle of the umlaut.
        check_line("OK [ALERT]ü", Status::Ok, Code::Other);
        check_line("BYE", Status::Bye, Code::None);
        check_line("OK [UIDVALIDITY", Status::Ok, Code::Other);
        check_line("OK [UIDNEXT 99999999999] x", Status::Ok, Code::Other);
        let copied = CopyUid { uidvalidity: 9, pairs: vec![(4, 20), (7, 21), (8, 22)] };
        check_line("OK [COPYUID 9 4,7:8 20:22] x", Status::Ok, Code::CopyUid(copied));
        check_line("OK [COPYUID 9 4,7:8 20] x", Status::Ok, Code::Other);
        check_line("OK [COPYUID 9 1:4000000000 1:4000000000] x", Status::Ok, Code::Other);
    }

    #[test]
    fn what_a_sync_rests_on_is_not_passed_over() {
        let check = |text: &str, expected: Result<(), &'static str>| {
            assert_eq!(read(format!("{text}\r\n").as_bytes()).map(|_| ()), expected, "{text}");
        };
        check("* 1 FETCH (UID 3 FLAGS (\\Seen))", Ok(()));
        check("* 1 FETCH (UID 3 FLAGS (\\Seen])", Err("data that is not well formed"));
        check("* SEARCH 1 2 x", Err("data that is not well formed"));
        check("* LIST (\\HasNoChildren) \"/\" INBOX", Ok(()));
        check("* LIST () \"/\"", Err("data that is not well formed"));
        check("* XSOMETHING (a b", Ok(()));
        check("* NAMESPACE ((\"\" \"/\")) NIL NIL", Ok(()));
        check("* 12", Err("data without a name"));
        check("*", Err("data without a name"));
        check("", Err("neither data nor a status"));
        check("HTTP/1.1 400 Bad Request", Err("neither data nor a status"));
        check("A1 MAYBE", Err("a tag without a status"));
    }

    #[test]
    fn fetch_gives_what_was_asked() {
        let text = "* 4 FETCH (UID 9 RFC822.SIZE 5 INTERNALDATE \"02-Mar-2026 09:00:00 +0100\" FLAGS (\\Seen $Forwarded) MODSEQ (12) BODY[] {5}\r\na)\r\nb)\r\n";
        let Ok(Reply::Fetch(fetched)) = read(text.as_bytes()) else { panic!("{text}") };
        assert_eq!((fetched.uid, fetched.bytes), (Some(9), Some(5)));
        assert_eq!(fetched.body, Some(b"a)\r\nb".to_vec()));
        assert_eq!(
            fetched.flags.as_deref(),
            Some(&["\\Seen".to_owned(), "$Forwarded".to_owned()][..])
        );
        assert_eq!(fetched.date.as_deref(), Some("02-Mar-2026 09:00:00 +0100"));
    }
}
