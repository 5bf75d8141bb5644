//! What a message is made of.

use serde::{Deserialize, Serialize};

/// A message in the store: a small number, never used again.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MessageId(pub i64);

/// A thread in the store: the id of the first message that opened it here.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ThreadId(pub i64);

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixSeconds(pub i64);

/// An instant together with the offset its writer's clock showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment {
    /// The instant.
    pub at: UnixSeconds,
    /// Minutes east of UTC, -1439..=1439.
    pub offset_minutes: i16,
}

/// Somebody with an address. The name may be empty; the address is lower-cased and trimmed,
/// and empty only where the header held a name alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Person {
    /// Display name, decoded, white space folded.
    pub name: String,
    /// `local@domain`, lower case.
    pub address: String,
}

impl Person {
    /// What they are called on a screen or in a letter: the name, else the address.
    pub fn called(&self) -> &str {
        if self.name.is_empty() { &self.address } else { &self.name }
    }
}

/// A part of a message that is not its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Position among the message's attachments, from 1.
    pub part: u32,
    /// File name as written by the sender, decoded; empty when none was given.
    pub name: String,
    /// `type/subtype`, lower case.
    #[serde(rename = "type")]
    pub mime_type: String,
    /// Size after transfer decoding.
    pub bytes: u64,
}

/// What a `text/calendar` part asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CalendarMethod {
    /// An invitation or its update.
    Request,
    /// Somebody's answer to an invitation.
    Reply,
    /// A meeting called off.
    Cancel,
    /// Published without wanting an answer, or no method given.
    Publish,
}

/// Result of one sender-authentication check, as the receiving server wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthResult {
    /// Not mentioned.
    #[default]
    Absent,
    /// `pass`.
    Pass,
    /// `fail`, `softfail`.
    Fail,
    /// `none`, `neutral`, `temperror`, `permerror` (a record that cannot be read, RFC 8601 section 2.7),
    /// `bestguesspass` (the domain says nothing, the server guesses), anything else.
    Neutral,
}

/// What the header alone says of a message: no text, only facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeaderFacts {
    /// `List-Id` (the identifier between the angle brackets, else the whole value).
    pub list_id: Option<String>,
    /// `List-Post` or an old-style list header (`X-Mailing-List`, `X-BeenThere`, `Mailing-List`).
    pub list_post: bool,
    /// `List-Unsubscribe` is there.
    pub list_unsubscribe: bool,
    /// RFC 8058 one-click unsubscription: the mark of bulk senders.
    pub one_click_unsubscribe: bool,
    /// `Precedence: bulk | junk | list`, lower case.
    pub precedence: Option<String>,
    /// `Auto-Submitted` other than `no`, `X-Auto-Response-Suppress`, `X-Autoreply` and their like.
    pub automatic: bool,
    /// `multipart/report`: a bounce or a receipt.
    pub report: bool,
    /// Campaign software left its mark (`Feedback-ID`, `X-Campaign`, `X-Mailgun…`, `X-SG-EID`, …).
    pub campaign: bool,
    /// Why a forge sent it (`X-GitHub-Reason`, `X-GitLab-NotificationReason` and their like), lower case.
    pub forge_reason: Option<String>,
    /// The sender marked it urgent (`Importance: high`, `X-Priority: 1 | 2`, `Priority: urgent`).
    pub marked_urgent: bool,
    /// `X-Spam-Flag: YES` or `X-Spam-Status: Yes`, of the top-most filter.
    pub marked_spam: bool,
    /// The method of a `text/calendar` part.
    pub calendar: Option<CalendarMethod>,
    /// SPF as in the top-most `Authentication-Results`.
    pub spf: AuthResult,
    /// DKIM, likewise.
    pub dkim: AuthResult,
    /// DMARC, likewise.
    pub dmarc: AuthResult,
    /// `Return-Path`, lower case, without brackets.
    pub return_path: Option<String>,
    /// `X-Mailer` or `User-Agent`.
    pub mailer: Option<String>,
    /// Gmail's labels (`X-Gmail-Labels`, in Takeout files), decoded.
    pub gmail_labels: Vec<String>,
    /// `Status`/`X-Status` or `X-Mozilla-Status` of an mbox says it was read.
    pub read: bool,
}

impl HeaderFacts {
    /// Whether it has a mark of mail to a crowd. Discussion lists and forges have them too.
    pub fn is_bulk(&self) -> bool {
        let bulk = self.precedence.as_deref().is_some_and(|p| p == "bulk" || p == "junk");
        self.list_unsubscribe || self.one_click_unsubscribe || self.campaign || bulk
    }

    /// The same, and certainly of no discussion list and no forge.
    pub fn is_mailing(&self) -> bool {
        let may_discuss = self.list_post || self.list_id.is_some() && !self.campaign;
        self.is_bulk() && !may_discuss && self.forge_reason.is_none()
    }

    /// Whether the receiving server found that the author's address was not the sender's to use: DMARC
    /// failed, or without its word SPF did and no signature held.
    pub fn authentication_fails(&self) -> bool {
        self.dmarc == AuthResult::Fail
            || (self.dmarc != AuthResult::Pass
                && self.spf == AuthResult::Fail
                && self.dkim != AuthResult::Pass)
    }
}

/// One message as read from its bytes. Bad mail is no error: what could be read is here, and
/// `problems` lists the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// `Message-ID` without angle brackets.
    pub rfc_id: Option<String>,
    /// `In-Reply-To` ids, without angle brackets.
    pub in_reply_to: Vec<String>,
    /// `References` ids, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// `Date`, else the newest `Received`, else the time in an mbox separator; nothing when none can
    /// be read.
    pub date: Option<Moment>,
    /// `From`: usually one.
    pub from: Vec<Person>,
    /// `Sender`, when it differs from `From`.
    pub sender: Option<Person>,
    /// `Reply-To`.
    pub reply_to: Vec<Person>,
    /// `To`.
    pub to: Vec<Person>,
    /// `Cc`.
    pub cc: Vec<Person>,
    /// `Bcc`, in the user's own sent mail.
    pub bcc: Vec<Person>,
    /// `Subject`, decoded, white space folded to single blanks.
    pub subject: String,
    /// The text a person would see, `\n` line ends: the plain part, else the visible text of the
    /// HTML part. Quotes and signature are still in it.
    pub text: String,
    /// Characters that a person would not have seen and that were left out: hidden by HTML, or
    /// without a shape of their own (zero width, direction, tags). White space is not counted.
    pub hidden_chars: usize,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// What the header says.
    pub headers: HeaderFacts,
    /// What could not be read, in words for a person.
    pub problems: Vec<String>,
}
