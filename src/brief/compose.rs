//! Putting the brief together.

use std::collections::{BTreeMap, HashSet};

use super::{Brief, Error, Line, Remembered, Section, SinceLast, Source};
use crate::ledger::{EntryKind, ItemState, Ledger, shorten};
use crate::mail::{MessageId, Person, ThreadId, UnixSeconds};
use crate::store::Store;
use crate::triage::{self, Item, Kind, ListOptions, Tier};

/// Characters of a line's words.
const WORDS_CHARS_MAX: usize = 110;
/// Lines of one section; the rest is counted in a last line.
const SECTION_LINES_MAX: usize = 25;
/// Single lines of mail to know, before the collected ones.
const FYI_LINES_MAX: usize = 12;
/// Names in a collected line.
const NAMES_MAX: usize = 4;

/// The brief as of `as_of`; mail newer than `since` counts as new where nothing is remembered.
/// `reading_version` names the readings it rests on ([`crate::ledger::version`]).
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn brief(
    store: &Store,
    reading_version: &str,
    as_of: UnixSeconds,
    since: UnixSeconds,
    last: Option<&Remembered>,
) -> Result<Brief, Error> {
    let options = ListOptions {
        as_of,
        reading_version: reading_version.to_owned(),
        tiers: Vec::new(),
        kinds: Vec::new(),
        all: false,
        limit: None,
    };
    let open = triage::list(store, &options)?;
    let ledger = Ledger::load(store, reading_version, as_of)?;
    let mut page = Page { as_of, since, last, lines: Vec::new(), threads: HashSet::new() };
    page.asks(&open);
    page.promised(&ledger);
    page.waiting(&ledger);
    page.changed(&ledger, &open);
    page.fyi(&open);
    let mut lines = page.lines;
    if let Some(last) = last {
        lines.extend(last.settled(&lines));
    }
    lines.sort_by_key(|line| (line.section, line.since_last == SinceLast::Settled));
    Ok(Brief { as_of, since, lines: bounded(lines) })
}

/// The page being filled.
struct Page<'a> {
    as_of: UnixSeconds,
    since: UnixSeconds,
    last: Option<&'a Remembered>,
    lines: Vec<Line>,
    /// Threads that stand on it.
    threads: HashSet<ThreadId>,
}

impl Page<'_> {
    fn asks(&mut self, open: &[Item]) {
        for section in [Section::Decide, Section::Reply] {
            for item in open.iter().filter(|item| section_of(item) == section) {
                let quote = item.reasons.iter().find(|reason| !reason.quote.is_empty());
                let source = Source {
                    id: item.id,
                    quote: quote
                        .map_or_else(|| item.subject.clone(), |reason| reason.quote.clone()),
                };
                let text = said(&item.from, item.line());
                let tier = Some(item.tier);
                if self.put(section, item.thread, text, item.due, source, item.date, tier) {
                    self.may_be_told(item);
                }
            }
        }
    }

    fn promised(&mut self, ledger: &Ledger) {
        for item in ledger.owed().into_iter().filter(|item| item.kind == EntryKind::Promise) {
            let to = item.whom.first().cloned().unwrap_or_default();
            let text = format!("to {}: {}", name(&to), shorten(&item.text, WORDS_CHARS_MAX));
            let source = Source { id: item.id, quote: item.quote };
            self.put(Section::Promised, item.thread, text, item.due, source, item.made, None);
        }
    }

    fn waiting(&mut self, ledger: &Ledger) {
        for item in ledger.waiting() {
            let whom = match item.kind {
                EntryKind::Ask => item.whom.first().cloned().unwrap_or_default(),
                _ => item.who,
            };
            let text = said(&whom, &item.text);
            let source = Source { id: item.id, quote: item.quote };
            self.put(Section::Waiting, item.thread, text, item.due, source, item.made, None);
        }
    }

    /// Decisions since the last brief, and meetings called off.
    fn changed(&mut self, ledger: &Ledger, open: &[Item]) {
        let since = self.since;
        let decisions = ledger.decisions();
        for item in
            decisions.iter().filter(|item| item.made > since && item.state != ItemState::Superseded)
        {
            let mut sources = vec![Source { id: item.id, quote: item.quote.clone() }];
            let earlier = decisions.iter().find(|old| old.superseded_by == Some(item.id));
            if let Some(old) = earlier {
                sources.push(Source { id: old.id, quote: old.quote.clone() });
            }
            let text = said(&item.who, &item.text);
            let source = sources.remove(0);
            if self.put(Section::Changed, item.thread, text, None, source, item.made, None)
                && let Some(line) = self.lines.last_mut()
            {
                line.sources.extend(sources);
            }
        }
        for item in open.iter().filter(|item| item.kind == Kind::Calendar && item.date > since) {
            let source = Source { id: item.id, quote: item.subject.clone() };
            let text = said(&item.from, &item.subject);
            self.put(Section::Changed, item.thread, text, None, source, item.date, None);
        }
    }

    /// Mail by people line by line, what crowds and machines sent collected.
    fn fyi(&mut self, open: &[Item]) {
        let mut crowds: BTreeMap<Kind, Vec<&Item>> = BTreeMap::new();
        let (since, mut single) = (self.since, 0);
        for item in open.iter().filter(|item| item.date > since) {
            if self.threads.contains(&item.thread) {
                continue;
            }
            if item.kind == Kind::Person && single < FYI_LINES_MAX {
                let source = Source { id: item.id, quote: item.subject.clone() };
                let text = said(&item.from, item.line());
                if self.put(Section::Fyi, item.thread, text, None, source, item.date, None) {
                    self.may_be_told(item);
                    single += 1;
                }
            } else {
                crowds.entry(item.kind).or_default().push(item);
            }
        }
        let together = [
            (Kind::Suspicious, "that try to deceive"),
            (Kind::Notification, "by machines"),
            (Kind::Transaction, "about orders and bookings"),
            (Kind::List, "on lists"),
            (Kind::Person, "more by people"),
            (Kind::Calendar, "about meetings"),
        ];
        for (kind, what) in together {
            self.crowd(what, crowds.remove(&kind).unwrap_or_default());
        }
        let mut letters = crowds.remove(&Kind::Newsletter).unwrap_or_default();
        letters.extend(crowds.remove(&Kind::Promotion).unwrap_or_default());
        self.crowd("of newsletters and advertising", letters);
        self.crowd("of junk", crowds.remove(&Kind::Junk).unwrap_or_default());
    }

    fn crowd(&mut self, what: &str, mut items: Vec<&Item>) {
        items.sort_by_key(|item| std::cmp::Reverse((item.date, item.id)));
        if items.is_empty() {
            return;
        }
        let count = items.len();
        let mut names: Vec<String> = Vec::new();
        for item in &items {
            let name = name(&item.from);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = if names.len() > NAMES_MAX { ", …" } else { "" };
        names.truncate(NAMES_MAX);
        let mails = if count == 1 { "mail" } else { "mails" };
        let text = format!("{count} {mails} {what}: {}{more}", names.join(", "));
        let sources =
            items.iter().map(|item| Source { id: item.id, quote: item.subject.clone() }).collect();
        self.lines.push(Line {
            section: Section::Fyi,
            text,
            due: None,
            late: false,
            sources,
            since_last: SinceLast::New,
            thread: None,
            tier: None,
            written_by: None,
            who: String::new(),
        });
    }

    /// The last line may be told in a sentence, unless its mail tries to deceive.
    fn may_be_told(&mut self, item: &Item) {
        if matches!(item.kind, Kind::Suspicious | Kind::Junk) {
            return;
        }
        if let Some(line) = self.lines.last_mut() {
            line.who = name(&item.from);
        }
    }

    /// Puts a line on the page unless its thread is there already.
    #[expect(clippy::too_many_arguments, reason = "the parts of one line")]
    fn put(
        &mut self,
        section: Section,
        thread: ThreadId,
        text: String,
        due: Option<UnixSeconds>,
        source: Source,
        date: UnixSeconds,
        tier: Option<Tier>,
    ) -> bool {
        if !self.threads.insert(thread) {
            return false;
        }
        let mut line = Line {
            section,
            text,
            due,
            late: due.is_some_and(|due| due < self.as_of),
            sources: vec![source],
            since_last: SinceLast::New,
            thread: Some(thread),
            tier,
            written_by: None,
            who: String::new(),
        };
        let known = match self.last {
            Some(last) => last.holds(thread, &line),
            None => date <= self.since,
        };
        if known {
            line.since_last = SinceLast::Still;
        }
        self.lines.push(line);
        true
    }
}

/// Mail that wants thought, or leaves a choice to the user, is to be decided.
fn section_of(item: &Item) -> Section {
    if item.tier == Tier::Consider {
        Section::Decide
    } else if item.needs_reply {
        Section::Reply
    } else {
        Section::Fyi
    }
}

fn said(who: &Person, words: &str) -> String {
    format!("{}: {}", name(who), shorten(words, WORDS_CHARS_MAX))
}

fn name(person: &Person) -> String {
    shorten(person.called(), 40)
}

/// At most [`SECTION_LINES_MAX`] lines a section; what is left out is counted.
fn bounded(lines: Vec<Line>) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
    for section in Section::ALL {
        let (mut shown, mut rest) = (0, Vec::<MessageId>::new());
        for line in lines.iter().filter(|line| line.section == section) {
            if shown < SECTION_LINES_MAX {
                shown += 1;
                kept.push(line.clone());
            } else {
                rest.extend(line.sources.first().map(|source| source.id));
            }
        }
        if !rest.is_empty() {
            kept.push(Line {
                section,
                text: format!("and {} more", rest.len()),
                due: None,
                late: false,
                sources: rest.into_iter().map(|id| Source { id, quote: String::new() }).collect(),
                since_last: SinceLast::Still,
                thread: None,
                tier: None,
                written_by: None,
                who: String::new(),
            });
        }
    }
    kept
}
