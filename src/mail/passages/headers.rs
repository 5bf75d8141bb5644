//! Header blocks inside a text: what mail programs put above a message they answer or pass on.

use super::lines::{Line, has_clock, has_date, next_filled, starts_folded, word_count};

/// Which header a line of a block is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    From,
    Date,
    To,
    Subject,
    Other,
}

const FROM: &[&str] = &[
    "from",
    "von",
    "de",
    "da",
    "van",
    "från",
    "fra",
    "od",
    "от",
    "kimden",
    "lähettäjä",
    "feladó",
    "发件人",
    "寄件者",
    "差出人",
    "보낸 사람",
    "expéditeur",
    "remitente",
    "mittente",
    "remetente",
    "afzender",
    "avsändare",
    "від",
    "απο",
    "από",
    "absender",
    "expediteur",
];
const DATE: &[&str] = &[
    "sent",
    "date",
    "gesendet",
    "datum",
    "envoyé",
    "envoye",
    "envoyé le",
    "enviado",
    "enviado el",
    "enviada em",
    "enviado em",
    "enviada",
    "inviato",
    "data",
    "verzonden",
    "skickat",
    "sendt",
    "wysłano",
    "отправлено",
    "дата",
    "gönderilen",
    "gönderme tarihi",
    "lähetetty",
    "elküldve",
    "odesláno",
    "发送时间",
    "日期",
    "送信日時",
    "日時",
    "보낸 날짜",
    "fecha",
    "dato",
    "надіслано",
    "envoyée",
];
const TO: &[&str] = &[
    "to",
    "an",
    "à",
    "para",
    "a",
    "aan",
    "till",
    "til",
    "do",
    "кому",
    "kime",
    "vastaanottaja",
    "címzett",
    "komu",
    "收件人",
    "宛先",
    "받는 사람",
    "destinataire",
    "destinatario",
    "pour",
    "empfänger",
    "mottagare",
];
const SUBJECT: &[&str] = &[
    "subject",
    "betreff",
    "objet",
    "asunto",
    "oggetto",
    "assunto",
    "onderwerp",
    "ämne",
    "emne",
    "temat",
    "тема",
    "konu",
    "aihe",
    "tárgy",
    "předmět",
    "主题",
    "主旨",
    "件名",
    "제목",
    "sujet",
    "re",
];
const OTHER: &[&str] = &[
    "cc",
    "bcc",
    "kopie",
    "blindkopie",
    "copie",
    "copie à",
    "cci",
    "kopia",
    "kopi",
    "копия",
    "抄送",
    "reply-to",
    "antwort an",
    "répondre à",
    "responder a",
    "importance",
    "wichtigkeit",
    "priority",
    "attachments",
    "anlagen",
    "sent by",
    "organization",
    "newsgroups",
    "message-id",
    "when",
    "where",
    "c.c.",
    "cópia",
    "ccn",
    "in-reply-to",
    "references",
    "reply to",
    "date sent",
    "mailed-by",
    "x-mailer",
    "resent-from",
    "sender",
    "send reply to",
    "(bcc",
];

/// The header a line opens (`*From:* Anna`, `Gesendet: Dienstag`), and what stands after the colon.
fn key(line: &str) -> Option<(Key, &str)> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '*' || c == '|');
    let colon = line.find([':', '：']).filter(|&at| at > 0 && at <= 40)?;
    let name = line[..colon].trim_end_matches(['*', ' ', '\u{a0}', '\t']).to_lowercase();
    let rest = line[colon..].trim_start_matches([':', '：', '*', ' ', '\t', '\u{a0}']);
    let kind = [
        (FROM, Key::From),
        (DATE, Key::Date),
        (TO, Key::To),
        (SUBJECT, Key::Subject),
        (OTHER, Key::Other),
    ]
    .into_iter()
    .find(|(names, _)| names.contains(&name.as_str()))?
    .1;
    Some((kind, rest))
}

/// Whether the line opens a header.
pub(super) fn names_header(line: &Line<'_>) -> bool {
    key(line.trimmed()).is_some()
}

/// Reads header lines from `at` on: what kinds came, and the line after the last.
fn read_keys(lines: &[Line<'_>], at: usize) -> (Seen, usize) {
    const LINES_MAX: usize = 120;
    let mut seen = Seen::default();
    let mut end = at;
    let mut index = at;
    let mut list = false;
    while index < lines.len().min(at + LINES_MAX) && !lines[index].is_quoted() {
        let line = lines[index].trimmed();
        if line.is_empty() {
            // Lotus Notes leaves a blank line before the subject, some programs one after each.
            let Some(next) = next_filled(lines, index) else { break };
            let more = next - index <= 2
                && !lines[next].is_quoted()
                && key(lines[next].trimmed())
                    .is_some_and(|(kind, _)| seen.wants(kind) && !seen.complete());
            if !more {
                break;
            }
            index = next;
            continue;
        }
        match key(line) {
            Some((kind, rest)) => {
                seen.note(kind, rest);
                list = matches!(kind, Key::To | Key::Other | Key::From);
            }
            // An address list wraps; a wrapped subject is cut by its own blank line.
            None if list && (line.contains(['@', ';', ',', '/']) || line.len() < 60) => {}
            None if end == index && index > at && lines[index].text.len() > line.len() => {}
            None if seen.subject_open && line.len() < 60 && follows_long(lines, index) => {
                seen.subject_open = false;
            }
            None => break,
        }
        index += 1;
        end = index;
    }
    (seen, end)
}

fn follows_long(lines: &[Line<'_>], index: usize) -> bool {
    index > 0 && lines[index - 1].text.len() >= 65
}

#[derive(Default)]
struct Seen {
    from: bool,
    date: bool,
    to: bool,
    subject: bool,
    address: bool,
    subject_open: bool,
}

impl Seen {
    fn note(&mut self, kind: Key, rest: &str) {
        self.subject_open = kind == Key::Subject;
        match kind {
            Key::From => self.from = true,
            Key::Date => self.date |= has_date(rest) || has_clock(rest) || word_count(rest) >= 2,
            Key::To => self.to = true,
            Key::Subject => self.subject = true,
            Key::Other => {}
        }
        self.address |= rest.contains('@');
    }

    fn wants(&self, kind: Key) -> bool {
        match kind {
            Key::From => !self.from,
            Key::Date => !self.date,
            Key::To => !self.to,
            Key::Subject => !self.subject,
            Key::Other => true,
        }
    }

    fn complete(&self) -> bool {
        self.from && self.date && self.to && self.subject
    }

    fn is_block(&self) -> bool {
        self.from
            && ((self.subject && (self.date || self.to)) || (self.date && self.to && self.address))
    }
}

/// A header block (`From: … Sent: … To: … Subject: …`) that begins at line `at`: the line after it.
pub(super) fn header_block(lines: &[Line<'_>], at: usize) -> Option<usize> {
    key(lines[at].trimmed())?;
    let (seen, end) = read_keys(lines, at);
    seen.is_block().then_some(end)
}

/// Headers right after a forwarding mark, where fewer of them are proof enough.
pub(super) fn headers_after_mark(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let at = next_filled(lines, at)?;
    key(lines[at].trimmed())?;
    let (seen, end) = read_keys(lines, at);
    (seen.from || seen.to || seen.subject).then_some(end)
}

/// Lotus Notes names the sender above the block, not in it:
///
/// ```text
/// Anna Muster@EXAMPLE                "Anna Muster" <anna@example.org> on 04/12/2001 10:00:00
/// 04/12/2001 10:00 AM                AM
/// To: …                              To: …
/// cc: …                              cc: …
/// Subject: …                         Subject: …
/// ```
///
/// Given the line of `To:`, returns where the sender's line stands and the line after the block.
pub(super) fn notes_block(lines: &[Line<'_>], at: usize, floor: usize) -> Option<(usize, usize)> {
    const BACK_MAX: usize = 6;
    if !matches!(key(lines[at].trimmed()), Some((Key::To, _))) {
        return None;
    }
    let (seen, end) = read_keys(lines, at);
    if !(seen.to && seen.subject) {
        return None;
    }
    let lowest = at.saturating_sub(BACK_MAX).max(floor);
    let dated = (lowest..at).rev().find(|&index| stamped(lines[index].trimmed()))?;
    let between_short = lines[dated + 1..at].iter().all(|line| {
        line.is_blank()
            || line.text.len() <= 14
            || key(line.trimmed()).is_some()
            || starts_folded(line.trimmed(), "please respond to")
    });
    if !between_short {
        return None;
    }
    let mut start = dated;
    // The name stands on the line of the date or right above it, an organisation above that.
    while start > lowest && start + 3 > dated && names_sender(&lines[start - 1]) {
        start -= 1;
    }
    Some((start, end))
}

/// Lotus Notes on the way to another program sets the block in two columns and wraps the address:
///
/// ```text
///             Anna.Muster@example.o
///             rg                           To:     Ben Sample/Example@Example
///                                          cc:
///             04/12/2001 10:00 AM          Subject:     RE: Numbers
/// ```
///
/// Returns the line after it.
pub(super) fn column_block(lines: &[Line<'_>], at: usize) -> Option<usize> {
    const LINES_MAX: usize = 80;
    const INDENT_MIN: usize = 4;
    let first = &lines[at];
    if first.text.len() - first.trimmed().len() < INDENT_MIN {
        return None;
    }
    let (mut to, mut subject, mut dated, mut aside) = (false, false, false, false);
    let mut end = at;
    while end < lines.len().min(at + LINES_MAX) && !lines[end].is_blank() && !lines[end].is_quoted()
    {
        for (index, cell) in cells(lines[end].text).enumerate() {
            match key(cell) {
                Some((Key::To, _)) => (to, aside) = (true, aside || index > 0),
                Some((Key::Subject, _)) => (subject, aside) = (true, aside || index > 0),
                _ => dated |= stamped(cell),
            }
        }
        end += 1;
    }
    (to && subject && dated && aside).then_some(end)
}

/// What a line holds between wide gaps.
fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split("   ").map(str::trim).filter(|cell| !cell.is_empty())
}

/// A block of `To:`, `cc:` and `Subject:` whose sender's line was lost: below own words, after a blank
/// line, with addresses. Returns the line after it.
pub(super) fn headless_block(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let opens = matches!(key(lines[at].trimmed()), Some((Key::To, _)));
    if !opens || at == 0 || !lines[at - 1].is_blank() {
        return None;
    }
    let (seen, end) = read_keys(lines, at);
    let copied = lines[at..end].iter().any(|line| starts_folded(line.trimmed(), "cc:"));
    let addressed = lines[at..end].iter().any(|line| line.text.contains('@'));
    (seen.subject && copied && addressed).then_some(end)
}

fn stamped(line: &str) -> bool {
    line.len() < 160 && has_date_in_figures(line) && (has_clock(line) || line.contains(" on "))
}

fn has_date_in_figures(line: &str) -> bool {
    has_date(line) && line.contains(['/', '.', '-'])
}

fn names_sender(line: &Line<'_>) -> bool {
    let text = line.trimmed();
    !text.is_empty()
        && text.len() <= 70
        && word_count(text) <= 6
        && !text.ends_with(['.', '?', '!', ',', ':', ';', '-'])
        && (text.contains('@') || text.split_whitespace().all(begins_upper))
}

fn begins_upper(word: &str) -> bool {
    word.chars().find(|c| c.is_alphanumeric()).is_none_or(|c| c.is_uppercase() || c.is_numeric())
}

/// What a line between dashes announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// `-----Original Message-----`
    Original,
    /// `---------- Forwarded message ---------`, `Begin forwarded message:`
    Forwarded,
    /// `----- End of forwarded message -----`
    End,
}

const ORIGINAL: &[&str] = &[
    "original message",
    "original appointment",
    "original-nachricht",
    "originalnachricht",
    "ursprüngliche nachricht",
    "urspr. nachricht",
    "ursprungliche nachricht",
    "message d'origine",
    "message d’origine",
    "message original",
    "mensaje original",
    "mensagem original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "oorspronkelijk e-mailbericht",
    "ursprungligt meddelande",
    "oprindelig meddelelse",
    "opprinnelig melding",
    "alkuperäinen viesti",
    "wiadomość oryginalna",
    "oryginalna wiadomość",
    "původní zpráva",
    "исходное сообщение",
    "оригинальное сообщение",
    "eredeti üzenet",
    "orijinal mesaj",
    "原始邮件",
    "原始郵件",
    "元のメッセージ",
    "원본 메시지",
    "reply message",
    "reply to message",
    "quoted text",
    "missatge original",
    "pôvodná správa",
    "mesajul original",
    "αρχικό μήνυμα",
    "вихідне повідомлення",
];
const FORWARDED: &[&str] = &[
    "forwarded message",
    "forwarded by",
    "forwarded from",
    "begin forwarded message",
    "weitergeleitete nachricht",
    "weitergeleitet von",
    "anfang der weitergeleiteten",
    "message transféré",
    "message transfere",
    "début du message réexpédié",
    "début du message transféré",
    "transféré par",
    "mensaje reenviado",
    "inicio del mensaje reenviado",
    "messaggio inoltrato",
    "inizio messaggio inoltrato",
    "mensagem encaminhada",
    "mensagem reencaminhada",
    "início da mensagem",
    "doorgestuurd bericht",
    "begin doorgestuurd bericht",
    "vidarebefordrat meddelande",
    "vidarebefordrat mejl",
    "videresendt meddelelse",
    "videresendt melding",
    "edelleenlähetetty viesti",
    "wiadomość przekazana",
    "przekazana wiadomość",
    "přeposlaná zpráva",
    "пересылаемое сообщение",
    "пересланное сообщение",
    "iletilen mesaj",
    "továbbított üzenet",
    "转发的邮件",
    "转发邮件",
    "轉寄郵件",
    "転送メッセージ",
    "전달된 메시지",
    "forwarded mail",
    "start of forwarded message",
    "переслане повідомлення",
    "mesaj redirecționat",
    "forwarded msg",
];
const ENDINGS: &[&str] = &[
    "end of forwarded message",
    "end forwarded message",
    "end of forwarded mail",
    "ende der weitergeleiteten",
    "fin du message réexpédié",
    "fin du message transféré",
    "fin del mensaje reenviado",
    "fine messaggio inoltrato",
    "einde doorgestuurd bericht",
    "конец пересылаемого сообщения",
    "end of original message",
];

/// The mark at line `at`, with the line after it (a long one wraps: `… on 08/07/2000 ⏎ 07:05 AM ---`).
pub(super) fn mark(lines: &[Line<'_>], at: usize) -> Option<(Mark, usize)> {
    let text = lines[at].trimmed();
    let dashes = |c: char| {
        matches!(c, '-' | '_' | '=' | '*' | '—' | '–' | '~' | '<' | '>' | '#' | '[' | ']')
    };
    let inner = text.trim_start_matches(|c: char| dashes(c) || c == ' ');
    let lead = text.len() - inner.len();
    if inner.is_empty() || inner.len() > 160 || (lead < 2 && !inner.ends_with(':')) {
        return None;
    }
    let kind = [(ENDINGS, Mark::End), (FORWARDED, Mark::Forwarded), (ORIGINAL, Mark::Original)]
        .into_iter()
        .find(|(names, _)| names.iter().any(|name| starts_folded(inner, name)))?
        .1;
    let closed = inner.ends_with(|c: char| dashes(c) || c == ':');
    let alone = word_count(inner) <= 6;
    if lead >= 2 && (closed || alone) {
        return Some((kind, at + 1));
    }
    // `Begin forwarded message:` has no dashes, but headers below.
    let quoted_below = || next_filled(lines, at + 1).is_some_and(|next| lines[next].is_quoted());
    if (closed && alone || lead >= 2)
        && (headers_after_mark(lines, at + 1).is_some() || (lead < 2 && quoted_below()))
    {
        return Some((kind, at + 1));
    }
    let next = lines.get(at + 1)?.trimmed();
    (lead >= 2 && next.len() < 120 && next.ends_with("---")).then_some((kind, at + 2))
}

/// Whether a sentence is only the mark above a copied message (`Original Message`).
pub(in crate::mail) fn is_copied_mark(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    word_count(bare) <= 6
        && [ENDINGS, FORWARDED, ORIGINAL]
            .iter()
            .any(|names| names.iter().any(|name| starts_folded(bare, name)))
}

/// A line of nothing but `_`, `-`, `=`, `*`, `~` or `#`, eight or more.
pub(super) fn is_rule(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 8
        && text.chars().all(|c| matches!(c, '_' | '-' | '=' | '*' | '~' | '#' | '—' | '–' | ' '))
}
