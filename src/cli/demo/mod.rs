//! The mailbox behind `postroom demo`: two weeks at a small software company, all made up.
//!
//! [`messages`] gives the mail of Ada Merz, head of operations at Fernlot, as the bytes of real
//! messages, dated so that the newest is minutes old. The mail itself is text for
//! people, in `mailbox.txt`; `source` reads it, `clock` moves its days, `words` writes the text and
//! `render` the message around it. Every address lies in example.org, example.com or example.net.

mod clock;
#[cfg(test)]
mod labelled_tests;
mod mime;
mod render;
mod source;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod triage_tests;
mod words;

use crate::mail::UnixSeconds;

/// The address of the demo's user.
pub const ME: &str = "ada@fernlot.example.org";

/// The display name of the demo's user.
pub const NAME: &str = "Ada Merz";

/// Minutes east of UTC on the demo's clocks, all year round: its days begin at 23:00 UTC.
pub const OFFSET_MINUTES: i16 = 60;

const MAILBOX: &str = include_str!("mailbox.txt");

/// What a mail client would know of a message besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DemoFlag {
    /// It was opened.
    Seen,
    /// It was replied to.
    Answered,
    /// It was marked to come back to.
    Flagged,
}

/// One message of the demo mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoMail {
    /// The folder it lies in: `Inbox`, `Sent`, `Lists`, `Receipts` or `Archive`.
    pub folder: &'static str,
    /// Its flags, each at most once, in order.
    pub flags: Vec<DemoFlag>,
    /// The message as RFC 5322 has it, with CRLF line ends.
    pub bytes: Vec<u8>,
}

/// The demo's mail as it would lie there at `now`, oldest first.
///
/// The same `now` gives the same bytes. Nothing is dated after `now`; what is of "today" came in
/// the two and a half hours before it (or, before nine, since midnight).
pub fn messages(now: UnixSeconds) -> Vec<DemoMail> {
    let today = clock::Today::at(now);
    let mailbox = source::read(MAILBOX).expect("the bundled mailbox is read by its own tests");
    let mut mails: Vec<(UnixSeconds, DemoMail)> = mailbox
        .entries
        .iter()
        .map(|entry| {
            let bytes = render::message(entry, &mailbox, &today)
                .expect("every bundled message is rendered by its own tests");
            let flags = entry.flags.clone();
            (today.instant(entry.when, entry.id), DemoMail { folder: entry.folder, flags, bytes })
        })
        .collect();
    mails.sort_by_key(|(at, _)| *at);
    mails.into_iter().map(|(_, mail)| mail).collect()
}
