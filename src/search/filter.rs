//! Which messages a question lets through: its words, operators and brackets as sets of documents.

use std::collections::HashSet;

use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocSet, SegmentReader, TERMINATED};

use super::bits::Bits;
use super::concept::{self, EVERYWHERE};
use super::error::Error;
use super::index::{Index, flag};
use super::postings::{phrase, prefix_terms};
use super::query::{Fact, Facts, Filter, Place, Query};
use super::words::Words;
use crate::mail::when::{Zone, parse_query_date};
use crate::mail::{MessageId, UnixSeconds};

/// What a question's meaning depends on beside the mail.
#[derive(Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) now: UnixSeconds,
    pub(super) zone: &'a Zone,
    /// Mail after this does not exist.
    pub(super) as_of: Option<UnixSeconds>,
    /// The user's addresses, lower case.
    pub(super) me: &'a [String],
    pub(super) facts: Option<&'a dyn Facts>,
    pub(super) languages: &'a [String],
}

/// Turns questions into sets of documents, one a segment.
pub(super) struct Sieve<'a> {
    pub(super) index: &'a Index,
    pub(super) words: &'a Words<'a>,
    pub(super) around: Circumstances<'a>,
}

/// One set a segment.
type Sets = Vec<Bits>;

impl Sieve<'_> {
    fn segments(&self) -> &[SegmentReader] {
        self.words.segments
    }

    fn none(&self) -> Sets {
        self.segments().iter().map(|segment| Bits::none(segment.max_doc())).collect()
    }

    /// All messages there are, as of the time asked about.
    pub(super) fn everything(&self) -> Result<Sets, Error> {
        let mut sets = Vec::new();
        for segment in self.segments() {
            let mut bits = Bits::all(segment.max_doc());
            if let Some(alive) = segment.alive_bitset() {
                let mut living = Bits::none(segment.max_doc());
                alive.iter_alive().for_each(|doc| living.set(doc));
                bits.and(&living);
            }
            sets.push(bits);
        }
        if let Some(UnixSeconds(as_of)) = self.around.as_of {
            let in_time = self.dates(|date| date <= as_of)?;
            and(&mut sets, &in_time);
        }
        Ok(sets)
    }

    /// Messages that pass everything the question requires. Bare words at its top are left aside:
    /// the legs of the search look for those.
    pub(super) fn required(&self, query: &Query) -> Result<Sets, Error> {
        let mut sets = self.everything()?;
        match query {
            Query::Words(_) => {}
            Query::And(items) => {
                let bare = usize::from(matches!(items.first(), Some(Query::Words(_))));
                for item in &items[bare..] {
                    and(&mut sets, &self.set(item)?);
                }
            }
            other => and(&mut sets, &self.set(other)?),
        }
        Ok(sets)
    }

    /// Messages the whole question is true of.
    pub(super) fn all_of(&self, query: &Query) -> Result<Sets, Error> {
        let mut sets = self.everything()?;
        and(&mut sets, &self.set(query)?);
        Ok(sets)
    }

    fn set(&self, query: &Query) -> Result<Sets, Error> {
        match query {
            Query::All => {
                Ok(self.segments().iter().map(|segment| Bits::all(segment.max_doc())).collect())
            }
            Query::Words(_) => self.any_word(query),
            Query::Must(word) => {
                let mut sets = self.set(&Query::All)?;
                for concept in concept::word_concepts(word, self.around.languages, false) {
                    and(&mut sets, &self.documents(&concept)?);
                }
                Ok(sets)
            }
            Query::Phrase(text) => match concept::phrase_concept(text, EVERYWHERE) {
                Some(concept) => self.documents(&concept),
                None => Ok(self.none()),
            },
            Query::Filter(filter) => self.filter(filter),
            Query::And(items) => {
                let mut sets = self.set(&Query::All)?;
                let bare = usize::from(query.bare_words_are_optional());
                for item in &items[bare..] {
                    and(&mut sets, &self.set(item)?);
                }
                Ok(sets)
            }
            Query::Or(items) => {
                let mut sets = self.none();
                for item in items {
                    or(&mut sets, &self.set(item)?);
                }
                Ok(sets)
            }
            Query::Not(inner) => {
                let mut sets = self.set(inner)?;
                sets.iter_mut().for_each(Bits::not);
                Ok(sets)
            }
        }
    }

    fn documents(&self, concept: &concept::Concept) -> Result<Sets, Error> {
        self.words.documents(concept).map_err(|cause| self.index.broken(&cause))
    }

    /// Messages with at least one of the words; words that everybody uses do not count beside
    /// others.
    pub(super) fn any_word(&self, words: &Query) -> Result<Sets, Error> {
        let mut sets = self.none();
        for concept in concept::concepts(words, self.around.languages) {
            if !concept.is_common {
                or(&mut sets, &self.documents(&concept)?);
            }
        }
        Ok(sets)
    }

    fn filter(&self, filter: &Filter) -> Result<Sets, Error> {
        let UnixSeconds(now) = self.around.now;
        let moment = |text: &str| {
            parse_query_date(text, self.around.now, self.around.zone)
                .unwrap_or((UnixSeconds(i64::MAX), UnixSeconds(i64::MAX)))
        };
        let fields = &self.index.fields;
        match filter {
            Filter::Holds { place, text, exact } => self.holds(*place, text, *exact),
            Filter::FromMe => self.mine(&[fields.from]),
            Filter::ToMe => self.mine(&[fields.to, fields.cc]),
            Filter::HasAttachment => self.flags(|flags| flags & flag::ATTACHMENT != 0),
            Filter::Has(group) => self.term(&Term::from_field_text(fields.holds, group)),
            Filter::Larger(bytes) => self.bytes(|size| size > *bytes),
            Filter::Smaller(bytes) => self.bytes(|size| size < *bytes),
            Filter::Before(text) => {
                let (UnixSeconds(from), _) = moment(text);
                self.dates(|date| date < from)
            }
            Filter::After(text) => {
                let (UnixSeconds(from), _) = moment(text);
                self.dates(|date| date >= from)
            }
            Filter::OlderThan(age) => {
                let UnixSeconds(limit) = age.before(self.around.now, self.around.zone);
                self.dates(|date| date < limit)
            }
            Filter::NewerThan(age) => {
                let UnixSeconds(limit) = age.before(self.around.now, self.around.zone);
                self.dates(|date| date >= limit && date <= now)
            }
            Filter::Date(span) => {
                let (UnixSeconds(from), UnixSeconds(until)) =
                    span.bounds(self.around.now, self.around.zone);
                self.dates(|date| date >= from && date < until)
            }
            Filter::IsRead(read) => self.flags(|flags| (flags & flag::READ != 0) == *read),
            Filter::IsFlagged => self.flags(|flags| flags & flag::FLAGGED != 0),
            Filter::Thread(id) => self.term(&Term::from_field_i64(fields.thread, *id)),
            Filter::Id(id) => self.term(&Term::from_field_i64(fields.id, *id)),
            Filter::MessageId(id) => self.term(&Term::from_field_text(fields.mid, id)),
            Filter::Language(code) => self.term(&Term::from_field_text(fields.language, code)),
            Filter::Fact(fact) => self.fact(fact),
        }
    }

    fn term(&self, term: &Term) -> Result<Sets, Error> {
        let mut sets = self.none();
        for (segment, bits) in self.segments().iter().zip(&mut sets) {
            add_term(segment, term, bits).map_err(|cause| self.index.broken(&cause))?;
        }
        Ok(sets)
    }

    /// The text in one place. A plain word matches from its beginning, or, when nothing begins so,
    /// anywhere inside; several words, or parts of an address, side by side, the last from its
    /// beginning. Quoted: exactly these words.
    fn holds(&self, place: Place, text: &str, exact: bool) -> Result<Sets, Error> {
        let parts = concept::words_of(text.trim_end_matches('*'));
        let Some(last) = parts.last() else { return Ok(self.none()) };
        let fields = self.index.fields;
        let places: &[Field] = match place {
            Place::From => &[fields.from],
            Place::To => &[fields.to],
            Place::Cc => &[fields.cc],
            Place::Subject => &[fields.subject],
            Place::Body => &[fields.own, fields.quoted],
            Place::Filename => &[fields.filename],
            Place::In => &[fields.folder],
            Place::Label => &[fields.label],
        };
        let mut sets = self.none();
        for field in places {
            for (segment, bits) in self.segments().iter().zip(&mut sets) {
                let ends = if exact {
                    Ok(vec![last.clone()])
                } else {
                    prefix_terms(segment, *field, last)
                };
                ends.and_then(|ends| add_row(segment, *field, &parts, ends, bits))
                    .map_err(|cause| self.index.broken(&cause))?;
            }
        }
        let is_word = parts.len() == 1 && matches!(place, Place::Subject | Place::Body);
        if is_word && !exact {
            let word = super::query::Word { text: text.to_owned(), prefix: false };
            for concept in concept::word_concepts(&word, self.around.languages, false) {
                or(&mut sets, &self.stem_documents(&concept, places)?);
            }
        }
        if !exact && parts.len() == 1 && sets.iter().all(Bits::is_empty) {
            for field in places {
                for (segment, bits) in self.segments().iter().zip(&mut sets) {
                    infix_terms(segment, *field, last)
                        .and_then(|words| add_row(segment, *field, &parts, words, bits))
                        .map_err(|cause| self.index.broken(&cause))?;
                }
            }
        }
        Ok(sets)
    }

    /// Messages that hold another form of the word in one of the fields.
    fn stem_documents(&self, concept: &concept::Concept, places: &[Field]) -> Result<Sets, Error> {
        let mut sets = self.none();
        for field in places {
            for (term, _) in &concept.terms {
                or(&mut sets, &self.term(&Term::from_field_text(*field, term))?);
            }
        }
        Ok(sets)
    }

    /// One of my addresses in one of the fields. Asked of the words, so that an address told later
    /// counts for all mail.
    fn mine(&self, fields: &[Field]) -> Result<Sets, Error> {
        let mut sets = self.none();
        for address in self.around.me {
            let word = super::query::Word { text: address.clone(), prefix: false };
            let Some(concept) = concept::word_concepts(&word, &[], false).pop() else { continue };
            for field in fields {
                // Joined into one term; in parts, ada@example.org would be found in others' too.
                for (whole, _) in &concept.terms {
                    or(&mut sets, &self.term(&Term::from_field_text(*field, whole))?);
                }
            }
        }
        Ok(sets)
    }

    fn dates(&self, is_in: impl Fn(i64) -> bool) -> Result<Sets, Error> {
        let mut sets = self.none();
        for (segment, bits) in self.segments().iter().zip(&mut sets) {
            let dates =
                segment.fast_fields().i64("date").map_err(|cause| self.index.broken(&cause))?;
            for doc in 0..segment.max_doc() {
                if dates.first(doc).is_some_and(&is_in) {
                    bits.set(doc);
                }
            }
        }
        Ok(sets)
    }

    fn numbers(&self, column: &str, is_in: impl Fn(u64) -> bool) -> Result<Sets, Error> {
        let mut sets = self.none();
        for (segment, bits) in self.segments().iter().zip(&mut sets) {
            let values =
                segment.fast_fields().u64(column).map_err(|cause| self.index.broken(&cause))?;
            for doc in 0..segment.max_doc() {
                if values.first(doc).is_some_and(&is_in) {
                    bits.set(doc);
                }
            }
        }
        Ok(sets)
    }

    fn flags(&self, is_in: impl Fn(u64) -> bool) -> Result<Sets, Error> {
        self.numbers("flags", is_in)
    }

    fn bytes(&self, is_in: impl Fn(u64) -> bool) -> Result<Sets, Error> {
        self.numbers("bytes", is_in)
    }

    fn fact(&self, fact: &Fact) -> Result<Sets, Error> {
        let failed = |source| Error::Facts { fact: fact.to_string(), source };
        let Some(facts) = self.around.facts else {
            return Err(failed("nobody is there to answer".into()));
        };
        let ids: HashSet<i64> =
            facts.ids(fact).map_err(failed)?.into_iter().map(|MessageId(id)| id).collect();
        let mut sets = self.none();
        for (segment, bits) in self.segments().iter().zip(&mut sets) {
            let column =
                segment.fast_fields().i64("id").map_err(|cause| self.index.broken(&cause))?;
            for doc in 0..segment.max_doc() {
                if column.first(doc).is_some_and(|id| ids.contains(&id)) {
                    bits.set(doc);
                }
            }
        }
        Ok(sets)
    }
}

fn and(sets: &mut [Bits], others: &[Bits]) {
    sets.iter_mut().zip(others).for_each(|(set, other)| set.and(other));
}

fn or(sets: &mut [Bits], others: &[Bits]) {
    sets.iter_mut().zip(others).for_each(|(set, other)| set.or(other));
}

fn add_term(segment: &SegmentReader, term: &Term, bits: &mut Bits) -> tantivy::Result<()> {
    let inverted = segment.inverted_index(term.field())?;
    if let Some(mut postings) = inverted.read_postings(term, IndexRecordOption::Basic)? {
        let mut doc = postings.doc();
        while doc != TERMINATED {
            bits.set(doc);
            doc = postings.advance();
        }
    }
    Ok(())
}

/// Documents in which the parts stand side by side, one of `ends` in place of the last.
fn add_row(
    segment: &SegmentReader,
    field: Field,
    parts: &[String],
    ends: Vec<String>,
    bits: &mut Bits,
) -> tantivy::Result<()> {
    if parts.len() == 1 {
        for end in ends {
            add_term(segment, &Term::from_field_text(field, &end), bits)?;
        }
        return Ok(());
    }
    let mut row: Vec<Vec<String>> = parts.iter().map(|part| vec![part.clone()]).collect();
    if let Some(last) = row.last_mut() {
        *last = ends;
    }
    for (doc, _) in phrase(segment, field, &row)? {
        bits.set(doc);
    }
    Ok(())
}

/// Terms of a field that hold the text anywhere. The fields of people, folders and file names have
/// few terms; in bodies this is the slow way, taken when nothing begins so.
fn infix_terms(segment: &SegmentReader, field: Field, text: &str) -> tantivy::Result<Vec<String>> {
    let inverted = segment.inverted_index(field)?;
    let mut stream = inverted.terms().stream()?;
    let mut terms = Vec::new();
    while stream.advance() {
        if let Ok(word) = std::str::from_utf8(stream.key())
            && word.contains(text)
            && !word.starts_with(super::tokens::STEM)
        {
            terms.push(word.to_owned());
        }
    }
    Ok(terms)
}
