//! The pieces of a written time: a day, a clock time, a stretch from now.

use jiff::civil::{Date, DateTime};

use super::tokens::{Kind, Token, tokens};
use super::words::{self, Unit};
use super::{Calendar, Zone, plus_days};
use crate::mail::types::UnixSeconds;

/// A day or a run of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// That day.
    On(Date),
    /// The next such weekday, today included.
    Weekday(Date),
    /// A week, month, quarter or year: first and last day.
    Period(Date, Date),
    /// The last day of such a run: `end of the week`.
    EndOf(Date),
    /// Over: `yesterday`, `last week`.
    Past(Date, Date),
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// Minute of the day; 1440 is the midnight that ends it.
    Minute(u16),
    /// When work begins.
    DayStart,
    /// When work ends.
    DayEnd,
}

/// A written time, not yet an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) day: Option<Day>,
    pub(super) clock: Option<Clock>,
    pub(super) zone: Option<Zone>,
    /// An instant reckoned from now: `within 48 hours`.
    pub(super) instant: Option<UnixSeconds>,
    /// Words such as `EOD` or `within` that set a limit by themselves.
    pub(super) limits: bool,
    /// Needs a cue before it to be a time at all: `3/14`, `14.`, `the 14th`.
    pub(super) needs_cue: bool,
    /// Token after the last.
    pub(super) end: usize,
}

/// A sentence being read.
pub(super) struct Reader<'a> {
    pub(super) tokens: Vec<Token>,
    pub(super) sent: UnixSeconds,
    /// What the writer's clock showed.
    pub(super) now: DateTime,
    pub(super) calendar: &'a Calendar,
    day_first: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sentence: &str, sent: UnixSeconds, calendar: &'a Calendar) -> Self {
        const DAY_FIRST: &[&str] = &[
            "der",
            "die",
            "das",
            "bis",
            "und",
            "bitte",
            "zum",
            "spätestens",
            "le",
            "la",
            "les",
            "avant",
            "d'ici",
            "jusqu'au",
            "merci",
            "el",
            "los",
            "para",
            "antes",
            "hasta",
            "del",
            "por",
            "vor",
            "nous",
            "vous",
            "pour",
        ];
        let tokens = tokens(sentence);
        let day_first = tokens.iter().any(|token| DAY_FIRST.contains(&token.text.as_str()));
        Self { tokens, sent, now: calendar.zone.civil(sent), calendar, day_first }
    }

    /// The written time that begins at token `at`.
    pub(super) fn found(&self, at: usize) -> Option<Found> {
        const BEFORE_CLOCK: &[&str] = &[
            "at", "@", ",", "(", "um", "gegen", "à", "a", "las", "by", "-", "–", "the", "of",
            "vers", "sobre", "before", ")", ".",
        ];
        const BEFORE_DAY: &[&str] = &[
            "on", "of", ",", "the", "am", "le", "el", "del", "(", ")", "den", "this", "at", "for",
        ];
        const BARE: &[&str] = &["at", "@", "um", "à", "las", "by", "before", "bis", "than"];
        if let Some(found) = self.relative(at) {
            return Some(found);
        }
        if let Some(mut found) = self.whole_day(at) {
            if found.clock.is_none() {
                let next = self.skip(found.end, BEFORE_CLOCK);
                if let Some((clock, zone, end)) = self.clock(next, true, next > found.end) {
                    (found.clock, found.zone, found.end) = (Some(clock), zone, end);
                    found.limits |= clock == Clock::DayEnd && self.daytime(next).is_none();
                    found.needs_cue = false;
                }
            }
            return Some(found);
        }
        let bare = at > 0 && BARE.contains(&self.text(at - 1));
        let (clock, zone, end) = self.clock(at, false, bare)?;
        let limits = clock == Clock::DayEnd;
        let mut found = Found { clock: Some(clock), zone, limits, end, ..Found::default() };
        let next = self.skip(end, BEFORE_DAY);
        // `this` belongs to the day when a day follows it.
        for from in (end..=next).rev() {
            let day = self.whole_day(from).filter(|day| !matches!(day.day, Some(Day::Period(..))));
            if let Some(day) = day {
                (found.day, found.end) = (day.day, day.end);
                break;
            }
        }
        Some(found)
    }

    /// A day; of `Friday, March 6` the date, which is the surer of the two.
    fn whole_day(&self, at: usize) -> Option<Found> {
        let mut found = self.day(at)?;
        if matches!(found.day, Some(Day::Weekday(_) | Day::Period(..))) {
            let next = self.skip(found.end, &[",", "(", "the", "den", "le", "el", "dem", "."]);
            let date = self.dated(next).filter(|_| matches!(found.day, Some(Day::Weekday(_))));
            if let Some((date, end, _)) = date {
                found.day = Some(Day::On(date));
                found.end =
                    end + usize::from(self.text(end) == ")" && !self.text(end + 1).is_empty());
            }
        }
        Some(found)
    }

    pub(super) fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// Goes over at most three of these words.
    fn skip(&self, mut at: usize, words: &[&str]) -> usize {
        for _ in 0..3 {
            if at < self.tokens.len() && words.contains(&self.text(at)) {
                at += 1;
            }
        }
        at
    }

    fn is_one(&self, at: usize, words: &[&str]) -> bool {
        at < self.tokens.len() && words.contains(&self.text(at))
    }

    /// Whether these words stand at `at`, in order.
    pub(super) fn reads(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.text(at + offset) == *word)
    }

    fn figure(&self, at: usize) -> Option<&str> {
        self.tokens
            .get(at)
            .filter(|token| token.kind == Kind::Figure)
            .map(|token| token.text.as_str())
    }

    fn count(&self, at: usize) -> Option<i64> {
        if let Some(figure) = self.figure(at) {
            return figure.parse().ok().filter(|count| (0..=10_000).contains(count));
        }
        words::number(self.text(at))
    }

    pub(super) fn today(&self) -> Date {
        self.now.date()
    }

    // --- stretches from now -------------------------------------------------------------------

    /// `in two days`, `within 48 hours`, `in the next hour`, `two weeks from now`.
    fn relative(&self, at: usize) -> Option<Found> {
        let (limits, mut next) = match self.text(at) {
            "within" | "innerhalb" | "binnen" | "sous" => (true, at + 1),
            "in" | "en" | "dans" => (false, at + 1),
            "d'ici" => (true, at + 1),
            "dentro" if self.text(at + 1) == "de" => (true, at + 2),
            "over" if self.reads(at + 1, &["the", "next"]) => (false, at + 1),
            _ => return self.ahead(at),
        };
        next = self.skip(
            next,
            &["von", "the", "den", "der", "les", "des", "los", "las", "about", "ca", "etwa"],
        );
        next = self.skip(
            next,
            &[
                "next",
                "nächsten",
                "kommenden",
                "prochains",
                "prochaines",
                "próximos",
                "próximas",
                "prochain",
                "prochaine",
            ],
        );
        let counted = self.count(next);
        // `within the hour`, `in the next hour`
        let count = counted
            .or_else(|| (next > at + 1 && words::unit(self.text(next)).is_some()).then_some(1))?;
        next = if counted.is_some() { next + 1 } else { next };
        next = self.skip(next, &["of", "de"]);
        self.stretch(count, next, limits)
    }

    fn ahead(&self, at: usize) -> Option<Found> {
        let count = self.count(at)?;
        let mut found = self.stretch(count, at + 1, false)?;
        if self.reads(found.end, &["from", "now"]) || self.reads(found.end, &["from", "today"]) {
            found.end += 2;
            return Some(found);
        }
        None
    }

    fn stretch(&self, count: i64, at: usize, limits: bool) -> Option<Found> {
        let mut at = at;
        let before = self.is_one(at, words::WORKING);
        at += usize::from(before);
        let joined = words::WORKING_DAYS.contains(&self.text(at));
        let unit = if joined { Unit::Day } else { words::unit(self.text(at))? };
        at += 1;
        let after = self.is_one(at, words::WORKING);
        at += usize::from(after);
        let mut found = Found { limits, end: at, ..Found::default() };
        if (before || joined || after) && unit == Unit::Day {
            let mut date = self.today();
            let mut left = count.min(2_000);
            while left > 0 {
                date = plus_days(date, 1);
                left -= i64::from(self.calendar.works_on(date));
            }
            found.day = Some(Day::On(date));
            return Some(found);
        }
        let days = match unit {
            Unit::Minute | Unit::Hour => {
                let seconds = count * if unit == Unit::Hour { 3600 } else { 60 };
                found.instant = Some(UnixSeconds(self.sent.0.saturating_add(seconds)));
                return Some(found);
            }
            Unit::Day => count,
            Unit::Week => count * 7,
            Unit::Month => {
                found.day = Some(Day::On(
                    self.today().saturating_add(jiff::Span::new().months(count.min(1_200))),
                ));
                return Some(found);
            }
            Unit::Year => count * 365,
        };
        found.day = Some(Day::On(plus_days(self.today(), days as i32)));
        Some(found)
    }

    // --- days ----------------------------------------------------------------------------------

    fn day(&self, at: usize) -> Option<Found> {
        let on = |day: Day, end: usize| Some(Found { day: Some(day), end, ..Found::default() });
        if at >= self.tokens.len() {
            return None;
        }
        if let Some((date, end, needs_cue)) = self.dated(at) {
            return Some(Found { day: Some(Day::On(date)), end, needs_cue, ..Found::default() });
        }
        if let Some((day, clock, end)) = self.named(at) {
            return Some(Found { day: Some(day), clock, end, ..Found::default() });
        }
        if let Some((day, end)) = self.end_of(at) {
            return Some(Found { day: Some(day), end, limits: true, ..Found::default() });
        }
        if let Some((day, end, needs_cue)) = self.weekend(at) {
            return Some(Found { day: Some(day), end, needs_cue, ..Found::default() });
        }
        if let Some((day, end)) = self.week_or_month(at) {
            return on(day, end);
        }
        self.weekday(at).and_then(|(day, end)| on(day, end))
    }

    /// Dates in figures or with a month: `2026-03-14`, `10/15`, `14.03.`, `March 3rd, 2026`, `3 mars`.
    fn dated(&self, at: usize) -> Option<(Date, usize, bool)> {
        let token = self.tokens.get(at)?;
        if token.kind == Kind::Figure {
            return self.figures(at).or_else(|| self.day_then_month(at));
        }
        // `the 14th [of March]`, `den 14.`, `le 14`, `el 14`
        if ["the", "den", "zum", "dem", "le", "el", "der"].contains(&token.text.as_str()) {
            let found = self.day_then_month(at + 1);
            return found.or_else(|| self.day_of_month(at));
        }
        let month = words::month(&token.text)?;
        if words::AMBIGUOUS.contains(&token.text.as_str()) && !token.capital {
            return None;
        }
        let dot = usize::from(self.text(at + 1) == ".");
        let day: i8 = self.figure(at + 1 + dot)?.parse().ok()?;
        let mut end = at + 2 + dot;
        end += usize::from(self.is_ordinal(end));
        // `March 3pm`, `May 5%`
        if self
            .tokens
            .get(end)
            .is_some_and(|next| next.glued && (next.kind == Kind::Word || next.text == "%"))
        {
            return None;
        }
        self.with_year(month, day, end).map(|(date, end)| (date, end, false))
    }

    fn is_ordinal(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| {
            token.glued
                && ["st", "nd", "rd", "th", "er", "ème", "º", "ª"].contains(&token.text.as_str())
        })
    }

    /// `3 March`, `3rd of March`, `3. März`, `1er mars`, `3 de marzo`.
    fn day_then_month(&self, at: usize) -> Option<(Date, usize, bool)> {
        let figure = self.figure(at).filter(|figure| figure.len() <= 2)?;
        let day: i8 = figure.parse().ok()?;
        let mut next = at + 1;
        next += usize::from(self.is_ordinal(next));
        next += usize::from(self.text(next) == "." && self.tokens[next].glued);
        next += usize::from(self.is_one(next, &["of", "de"]));
        let token = self.tokens.get(next)?;
        let month = words::month(&token.text)?;
        if words::AMBIGUOUS.contains(&token.text.as_str()) && !token.capital && !self.day_first {
            return None;
        }
        let (date, end) = self.with_year(month, day, next + 1)?;
        Some((date, end, false))
    }

    /// Adds the year that is written, else the one that makes the date nearest.
    fn with_year(&self, month: i8, day: i8, end: usize) -> Option<(Date, usize)> {
        let mut next = end + usize::from(self.is_one(end, &[","]));
        next += usize::from(self.is_one(next, &["de", "of"]));
        let year = self.figure(next).filter(|figure| figure.len() == 4 && figure.starts_with("20"));
        if let Some(year) = year.and_then(|figure| figure.parse().ok()) {
            return Date::new(year, month, day).ok().map(|date| (date, next + 1));
        }
        self.nearest(month, day).map(|date| (date, end))
    }

    /// The date of that day in the year that fits: up to three months back, else ahead.
    fn nearest(&self, month: i8, day: i8) -> Option<Date> {
        const DAYS_BACK_MAX: i32 = 90;
        let today = self.today();
        (-1..=1)
            .filter_map(|step| Date::new(today.year().checked_add(step)?, month, day).ok())
            .find(|date| days_between(today, *date) >= -DAYS_BACK_MAX)
    }

    /// One token of figures: `2026-03-14`, `3/14`, `3/14/26`, `14.03.2026`, `14.3.`.
    fn figures(&self, at: usize) -> Option<(Date, usize, bool)> {
        let figure = self.figure(at)?;
        let separator = figure.chars().find(|c| !c.is_ascii_digit())?;
        if !matches!(separator, '-' | '/' | '.') {
            return None;
        }
        let parts: Vec<i16> =
            figure.split(separator).map(str::parse).collect::<Result<_, _>>().ok()?;
        if self
            .tokens
            .get(at + 1)
            .is_some_and(|next| next.glued && (next.kind == Kind::Word || next.text == "%"))
        {
            return None;
        }
        let year = |year: i16| match year {
            0..=69 => Some(2000 + year),
            70..=99 => Some(1900 + year),
            1970..=2200 => Some(year),
            _ => None,
        };
        match (parts.as_slice(), separator) {
            (&[y, m, d], _) if y >= 1970 => {
                Date::new(y, m as i8, d as i8).ok().map(|date| (date, at + 1, false))
            }
            (&[first, second, y], _) => {
                let (month, day) = self.month_and_day(first, second, separator)?;
                Date::new(year(y)?, month, day).ok().map(|date| (date, at + 1, false))
            }
            ([24, 7] | [9, 11], '/') => None,
            (&[first, second], '/') => {
                let (month, day) = self.month_and_day(first, second, separator)?;
                self.nearest(month, day).map(|date| (date, at + 1, true))
            }
            // `14.3.`: the second dot tells it from a decimal.
            (&[first, second], '.') => {
                let dot =
                    self.tokens.get(at + 1).is_some_and(|next| next.text == "." && next.glued);
                let (month, day) = self.month_and_day(first, second, separator).filter(|_| dot)?;
                self.nearest(month, day).map(|date| (date, at + 2, true))
            }
            _ => None,
        }
    }

    fn month_and_day(&self, first: i16, second: i16, separator: char) -> Option<(i8, i8)> {
        let day_first = separator == '.' || self.day_first || first > 12;
        let (month, day) =
            if day_first && second <= 12 { (second, first) } else { (first, second) };
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((month as i8, day as i8))
    }

    /// `the 14th`, `den 14.`, `le 14`: the next such day of a month, today included.
    fn day_of_month(&self, at: usize) -> Option<(Date, usize, bool)> {
        let day: i8 = self.figure(at + 1).filter(|figure| figure.len() <= 2)?.parse().ok()?;
        let english = self.text(at) == "the";
        let mut end = at + 2;
        let dot = self.tokens.get(end).is_some_and(|next| next.text == "." && next.glued);
        let marked = match self.text(at) {
            "the" => self.is_ordinal(end),
            "le" | "el" => {
                !self.tokens.get(end).is_some_and(|next| next.glued && next.kind == Kind::Word)
            }
            _ => dot,
        };
        // `the 2nd draft` is no date.
        end += usize::from(english || dot);
        if !marked || !self.is_free(end) || !(1..=31).contains(&day) {
            return None;
        }
        let today = self.today();
        let first = Date::new(today.year(), today.month(), 1).ok()?;
        (0..3)
            .filter_map(|months| {
                let month = first.saturating_add(jiff::Span::new().months(months));
                Date::new(month.year(), month.month(), day).ok()
            })
            .find(|date| *date >= today)
            .map(|date| (date, end, true))
    }

    /// Whether what stands at `at` lets the words before it be a time by themselves: `the 14th, …`, but
    /// not `the 14th draft`, `end of day prices`.
    pub(super) fn is_free(&self, at: usize) -> bool {
        const AFTER: &[&str] = &[
            "at",
            "of",
            "so",
            "if",
            "for",
            "to",
            "and",
            "or",
            "please",
            "noon",
            "eod",
            "cob",
            "eob",
            "latest",
            "morning",
            "in",
            "we",
            "i",
            "you",
            "as",
            "because",
            "when",
            "with",
            "which",
            "but",
            "that",
            "afternoon",
            "evening",
            "um",
            "à",
            "a",
            "und",
            "oder",
            "et",
            "ou",
            "o",
            "y",
            "wenn",
            "si",
            "by",
            "before",
            "today",
            "tomorrow",
            "works",
            "is",
            "would",
            "will",
            "this",
            "next",
            "on",
            "should",
            "can",
            "could",
            "then",
            "pls",
            "thanks",
            "from",
            "the",
            "our",
            "your",
            "my",
            "it",
            "heute",
            "morgen",
            "s'il",
            "por",
            "bitte",
            "wir",
            "ich",
            "nous",
            "je",
            "central",
            "eastern",
            "pacific",
            "est",
            "cet",
            "they",
            "he",
            "she",
            "here",
        ];
        self.tokens.get(at).is_none_or(|next| {
            next.kind == Kind::Mark && next.text != "%"
                || AFTER.contains(&next.text.as_str())
                || words::weekday(&next.text).is_some()
                || words::month(&next.text).is_some()
                || next.kind == Kind::Figure && next.text.contains([':', '/'])
        })
    }

    /// `today`, `tomorrow`, `tonight`, `this afternoon`, `yesterday` and theirs.
    fn named(&self, at: usize) -> Option<(Day, Option<Clock>, usize)> {
        let ahead = |days: i32| Day::On(plus_days(self.today(), days));
        let back = |days: i32| {
            let date = plus_days(self.today(), -days);
            Day::Past(date, date)
        };
        let previous = if at == 0 { "" } else { self.text(at - 1) };
        Some(match self.text(at) {
            "today" | "heute" | "aujourd'hui" | "hoy" => (ahead(0), None, at + 1),
            "tonight" => (ahead(0), Some(Clock::Minute(EVENING)), at + 1),
            "tomorrow" | "tmrw" | "tmr" | "tomorow" | "tommorow" | "tommorrow" | "demain" => {
                (ahead(1), None, at + 1)
            }
            // `Guten Morgen`, `am Morgen`, `jeden Morgen` are mornings.
            "morgen" if !["guten", "am", "jeden", "diesen", "heute", "den"].contains(&previous) => {
                (ahead(1), None, at + 1)
            }
            "übermorgen" | "après"
                if self.text(at) == "übermorgen" || self.reads(at + 1, &["-", "demain"]) =>
            {
                (ahead(2), None, if self.text(at) == "übermorgen" { at + 1 } else { at + 3 })
            }
            "pasado" if self.text(at + 1) == "mañana" => (ahead(2), None, at + 2),
            "mañana" if !["la", "esta", "de", "una", "cada"].contains(&previous) => {
                (ahead(1), None, at + 1)
            }
            "day" if self.reads(at + 1, &["after", "tomorrow"]) => (ahead(2), None, at + 3),
            "yesterday" | "gestern" | "hier" | "ayer" => (back(1), None, at + 1),
            "vorgestern" | "anteayer" => (back(2), None, at + 1),
            "this" | "ce" | "cet" | "esta" | "diesen" | "later"
                if self.daytime(at + 1).is_some() =>
            {
                let (clock, end) = self.daytime(at + 1)?;
                (ahead(0), Some(clock), end)
            }
            _ => return None,
        })
    }

    /// `end of the week`, `EOW`, `Ende nächster Woche`, `fin du mois`, `end of March`, `month end`.
    fn end_of(&self, at: usize) -> Option<(Day, usize)> {
        let unit = match self.text(at) {
            "eow" => Some(Unit::Week),
            "eom" | "monatsende" => Some(Unit::Month),
            "eoy" | "jahresende" => Some(Unit::Year),
            _ => None,
        };
        if let Some(unit) = unit {
            let last = self.period(unit, 0)?.1;
            return Some((Day::EndOf(last), at + 1));
        }
        if ["month", "year", "week", "quarter"].contains(&self.text(at)) {
            let end = at + 1 + usize::from(self.text(at + 1) == "-");
            if self.text(end) == "end" {
                let last = self.unit_or_quarter(at, 0)?.1;
                return Some((Day::EndOf(last), end + 1));
            }
        }
        if !["end", "ende", "fin", "final", "finales"].contains(&self.text(at)) {
            return None;
        }
        let next = self.skip(
            at + 1,
            &["of", "the", "der", "des", "de", "du", "la", "del", "le", "your", "our"],
        );
        let next = self.skip(next, &["of", "the", "calendar", "business", "working", "current"]);
        if next == at + 1 && self.text(at) == "end" {
            return None;
        }
        let (Day::Period(_, last), end) = self.week_or_month(next)? else { return None };
        Some((Day::EndOf(last), end))
    }

    /// `by the weekend` is Friday, `this weekend` Saturday and Sunday; `have a nice weekend` no time.
    fn weekend(&self, at: usize) -> Option<(Day, usize, bool)> {
        let name = at + usize::from(self.is_one(at, words::THIS) || self.is_one(at, words::NEXT));
        if !self.is_one(name, &["weekend", "wochenende"]) {
            return None;
        }
        let (monday, sunday) = self.period(Unit::Week, i32::from(self.is_one(at, words::NEXT)))?;
        if name > at {
            return Some((Day::Period(plus_days(sunday, -1), sunday), name + 1, false));
        }
        Some((Day::EndOf(plus_days(monday, 4)), name + 1, true))
    }

    /// `this week`, `next month`, `semaine prochaine`, `Q2`, `March`: first and last day.
    fn week_or_month(&self, at: usize) -> Option<(Day, usize)> {
        let text = self.text(at);
        let mut next = at;
        let mut shift = 0;
        if ["early", "anfang", "début"].contains(&text) || ["late", "later", "mid"].contains(&text)
        {
            let inner = self.skip(at + 1, &["-", "in"]);
            let (Day::Period(from, last), end) = self.week_or_month(inner)? else { return None };
            let days = days_between(from, last);
            let day = match text {
                "early" | "anfang" | "début" => plus_days(from, (days / 5).clamp(1, 4)),
                "mid" => plus_days(from, if days < 7 { 2 } else { days / 2 }),
                _ => last,
            };
            return Some((Day::EndOf(day), end));
        }
        if self.is_one(at, words::NEXT) {
            (next, shift) = (at + 1, 1);
        } else if self.is_one(at, words::THIS) {
            next = at + 1;
        } else if self.is_one(at, words::LAST) && words::unit(self.text(at + 1)).is_some() {
            let (from, last) = self.unit_or_quarter(at + 1, -1)?;
            return Some((Day::Past(from, last), at + 2));
        } else if ["the", "la", "der", "l'", "le", "el"].contains(&text)
            && words::unit(self.text(at + 1)).is_some()
        {
            next = at + 1;
        }
        let modified = next > at;
        if let Some((from, last)) = self.unit_or_quarter(next, shift) {
            let mut end = next + 1;
            let (mut from, mut last) = (from, last);
            // `semaine prochaine`, `mes pasado`, `week after next`
            if self.is_one(end, words::NEXT) {
                (from, last) = self.unit_or_quarter(next, 1)?;
                return Some((Day::Period(from, last), end + 1));
            }
            if self.is_one(end, words::LAST) {
                (from, last) = self.unit_or_quarter(next, -1)?;
                return Some((Day::Past(from, last), end + 1));
            }
            if self.reads(end, &["after", "next"]) {
                (from, last) = self.unit_or_quarter(next, 2)?;
                end += 2;
                return Some((Day::Period(from, last), end));
            }
            // A bare `week` or `month` after `end of` is this one; alone it is no time.
            let of = at > 0
                && (["of", "der", "des", "de", "du", "la", "del", "business", "working"]
                    .contains(&self.text(at - 1))
                    || at > 1 && self.reads(at - 2, &["of", "the"]));
            return (modified || of).then_some((Day::Period(from, last), end));
        }
        if let Some(found) = self.numbered_quarter(at) {
            return Some(found);
        }
        self.month_alone(at)
    }

    /// `Q2`, `Q2 2026`: that quarter, of next year once it is over.
    fn numbered_quarter(&self, at: usize) -> Option<(Day, usize)> {
        let number =
            self.figure(at + 1).filter(|_| self.text(at) == "q" && self.tokens[at + 1].glued)?;
        let number: i32 = number.parse().ok().filter(|number| (1..=4).contains(number))?;
        let year =
            self.figure(at + 2).filter(|figure| figure.len() == 4 && figure.starts_with("20"));
        let years = match year.and_then(|year| year.parse::<i32>().ok()) {
            Some(year) => year - i32::from(self.now.year()),
            None => i32::from(self.quarter(number - 1)?.1 < self.today()),
        };
        let (first, last) = self.quarter(number - 1 + 4 * years)?;
        Some((Day::Period(first, last), at + 2 + usize::from(year.is_some())))
    }

    /// A month by itself: after a word that makes it a time, and no part of a name (`the May report`).
    fn month_alone(&self, at: usize) -> Option<(Day, usize)> {
        const LEADS: &[&str] = &[
            "by", "before", "until", "till", "in", "of", "early", "late", "mid", "-", "im", "bis",
            "vor", "ende", "anfang", "mitte", "en", "de", "avant", "d'ici", "fin", "début",
            "antes", "para", "hasta", "end", "this", "next", "during",
        ];
        let token = self.tokens.get(at)?;
        let led = at > 0 && LEADS.contains(&self.text(at - 1));
        let named =
            self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Word && next.capital);
        let month = words::month(&token.text)
            .filter(|_| (token.capital || self.day_first) && token.kind == Kind::Word)
            .filter(|_| token.text.len() >= 3 && led && !named)?;
        let year =
            self.figure(at + 1).filter(|figure| figure.len() == 4 && figure.starts_with("20"));
        let (year, end) = match year.and_then(|year| year.parse().ok()) {
            Some(year) => (year, at + 2),
            None if month >= self.now.month() => (self.now.year(), at + 1),
            None => (self.now.year().checked_add(1)?, at + 1),
        };
        let first = Date::new(year, month, 1).ok()?;
        Some((Day::Period(first, plus_days(first, i32::from(first.days_in_month()) - 1)), end))
    }

    /// First and last day of the week, month, quarter or year `shift` from this one.
    fn unit_or_quarter(&self, at: usize, shift: i32) -> Option<(Date, Date)> {
        let text = self.text(at);
        if matches!(text, "quarter" | "quartal" | "quartals" | "trimestre") {
            let quarter = i32::from(self.now.month() - 1) / 3 + shift;
            return self.quarter(quarter);
        }
        let unit = match text {
            "monats" | "month's" => Unit::Month,
            "jahres" => Unit::Year,
            _ => words::unit(text)
                .filter(|unit| matches!(unit, Unit::Week | Unit::Month | Unit::Year))?,
        };
        if matches!(
            text,
            "weeks" | "months" | "years" | "wochen" | "monate" | "jahre" | "an" | "ans"
        ) {
            return None;
        }
        self.period(unit, shift)
    }

    fn quarter(&self, quarter: i32) -> Option<(Date, Date)> {
        let january = Date::new(self.now.year(), 1, 1).ok()?;
        let first = january.saturating_add(jiff::Span::new().months(quarter * 3));
        Some((first, plus_days(first.saturating_add(jiff::Span::new().months(3)), -1)))
    }

    fn period(&self, unit: Unit, shift: i32) -> Option<(Date, Date)> {
        let today = self.today();
        match unit {
            Unit::Week => {
                let monday = plus_days(today, -i32::from(today.weekday().to_monday_zero_offset()));
                // On a weekend, `end of the week` means the week that comes.
                let over = shift == 0
                    && (0..7)
                        .map(|day| plus_days(monday, day))
                        .all(|day| day < today || !self.calendar.works_on(day));
                let monday = plus_days(monday, 7 * (shift + i32::from(over)));
                Some((monday, plus_days(monday, 6)))
            }
            Unit::Month => {
                let first = Date::new(today.year(), today.month(), 1).ok()?;
                let first = first.saturating_add(jiff::Span::new().months(shift));
                Some((first, plus_days(first, i32::from(first.days_in_month()) - 1)))
            }
            Unit::Year => {
                let year = today.year().checked_add(shift as i16)?;
                Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?))
            }
            Unit::Minute | Unit::Hour | Unit::Day => None,
        }
    }

    /// `Thursday`, `next Tuesday`, `this Friday`, `lundi prochain`, `el viernes pasado`.
    fn weekday(&self, at: usize) -> Option<(Day, usize)> {
        let (modifier, name) = if self.is_one(at, words::NEXT)
            || self.is_one(at, words::THIS)
            || self.is_one(at, words::LAST)
        {
            (Some(at), at + 1)
        } else {
            (None, at)
        };
        let token = self.tokens.get(name).filter(|token| token.kind == Kind::Word)?;
        let weekday = words::weekday(&token.text)?;
        let word =
            words::AMBIGUOUS.contains(&token.text.as_str()) && (!token.capital || token.shouted);
        if word && !self.clear_short(name) {
            return None;
        }
        let today = self.today();
        let ahead = (weekday as i8 - today.weekday().to_monday_zero_offset()).rem_euclid(7);
        let coming = plus_days(today, i32::from(ahead));
        let after_today = plus_days(today, if ahead == 0 { 7 } else { i32::from(ahead) });
        let previous = plus_days(after_today, -7 - if ahead == 0 { 7 } else { 0 });
        let mut end = name + 1;
        end += usize::from(
            self.text(end) == "." && token.text.len() <= 4 && self.tokens.get(end + 1).is_some(),
        );
        // `Tuesday next week`, `Tuesday of next week`
        let week = self.skip(end, &["of", "in"]);
        if let Some((Day::Period(monday, _), week_end)) = self.week_or_month(week).filter(|_| {
            self.is_one(week, words::NEXT) && words::unit(self.text(week + 1)) == Some(Unit::Week)
        }) {
            return Some((Day::On(plus_days(monday, i32::from(weekday))), week_end));
        }
        if self.is_one(end, words::LAST)
            && self.text(end) != "last"
            && self.text(end) != "past"
            && self.text(end) != "previous"
        {
            return Some((Day::Past(previous, previous), end + 1));
        }
        if self.is_one(end, words::NEXT) && !matches!(self.text(end), "next" | "following") {
            return Some((Day::On(after_today), end + 1));
        }
        let Some(modifier) = modifier else { return Some((Day::Weekday(coming), end)) };
        let day = match self.text(modifier) {
            "next" | "following" => {
                let monday =
                    plus_days(today, 7 - i32::from(today.weekday().to_monday_zero_offset()));
                Day::On(plus_days(monday, i32::from(weekday)))
            }
            word if words::NEXT.contains(&word) => Day::On(after_today),
            word if words::LAST.contains(&word) => Day::Past(previous, previous),
            "coming" | "kommenden" | "upcoming" => Day::On(after_today),
            _ => Day::Weekday(coming),
        };
        Some((day, end))
    }

    /// A short lower-case weekday that cannot be the word: `by fri`, `wed eod`.
    fn clear_short(&self, at: usize) -> bool {
        let previous = if at == 0 { "" } else { self.text(at - 1) };
        ["by", "before", "until", "next", "this", "on", "due", "till"].contains(&previous)
            || self.is_one(at + 1, &["eod", "cob", "morning", "afternoon", "noon"])
    }

    // --- clock times ---------------------------------------------------------------------------

    /// A clock time with its zone. `after_day` lets a bare `morning` count, `bare` a bare `3`.
    fn clock(
        &self,
        at: usize,
        after_day: bool,
        bare: bool,
    ) -> Option<(Clock, Option<Zone>, usize)> {
        let (clock, end) = self
            .named_clock(at)
            .or_else(|| self.figure_clock(at, bare))
            .or_else(|| self.daytime(at).filter(|_| after_day))?;
        let (zone, end) = self.zone(end).map_or((None, end), |(zone, end)| (Some(zone), end));
        Some((clock, zone, end))
    }

    fn named_clock(&self, at: usize) -> Option<(Clock, usize)> {
        const DAY_ENDS: &[&[&str]] = &[
            &["end", "of", "the", "business", "day"],
            &["end", "of", "the", "working", "day"],
            &["end", "of", "the", "work", "day"],
            &["end", "of", "business", "day"],
            &["end", "of", "business"],
            &["end", "of", "the", "day"],
            &["end", "of", "day"],
            &["end", "of", "play"],
            &["close", "of", "business"],
            &["close", "of", "play"],
            &["close", "of", "the", "day"],
            &["close", "of", "day"],
            &["ende", "des", "tages"],
            &["fin", "de", "la", "journée"],
            &["fin", "de", "journée"],
            &["final", "del", "día"],
            &["fin", "del", "día"],
            &["eod"],
            &["eob"],
            &["cob"],
            &["feierabend"],
            &["dienstschluss"],
            &["tagesende"],
            &["büroschluss"],
            &["geschäftsschluss"],
        ];
        if let Some(words) = DAY_ENDS.iter().find(|words| self.reads(at, words)) {
            return Some((Clock::DayEnd, at + words.len()));
        }
        if self.reads(at, &["first", "thing"]) {
            let in_the_morning = self.reads(at + 2, &["in", "the", "morning"]);
            return Some((Clock::DayStart, at + if in_the_morning { 5 } else { 2 }));
        }
        match self.text(at) {
            "noon" | "midday" | "mittag" | "mittags" | "midi" | "mediodía" | "lunch"
            | "lunchtime" => Some((Clock::Minute(12 * 60), at + 1)),
            "midnight" | "mitternacht" | "minuit" | "medianoche" => {
                Some((Clock::Minute(1440), at + 1))
            }
            _ => None,
        }
    }

    /// `morning`, `in the afternoon`, `por la tarde`: until when that lasts.
    fn daytime(&self, at: usize) -> Option<(Clock, usize)> {
        let at = self.skip(at, &["in", "the", "por", "la", "en", "de", "am", "dans", "l'"]);
        Some(match self.text(at) {
            "morning" | "früh" | "vormittag" | "morgen" | "matin" | "mañana" | "am" => {
                (Clock::Minute(12 * 60), at + 1)
            }
            "afternoon" | "nachmittag" | "tarde" => (Clock::DayEnd, at + 1),
            "après" | "l'après" if self.reads(at + 1, &["-", "midi"]) => (Clock::DayEnd, at + 3),
            "evening" | "abend" | "soir" | "noche" | "night" => (Clock::Minute(EVENING), at + 1),
            _ => return None,
        })
    }

    fn figure_clock(&self, at: usize, bare: bool) -> Option<(Clock, usize)> {
        let figure = self.figure(at)?;
        let minute_of = |hour: u16, minute: u16| {
            (hour <= 24 && minute < 60 && hour * 60 + minute <= 1440).then(|| hour * 60 + minute)
        };
        let (hour, minute, exact) = match figure.split_once([':', '.']) {
            Some((hour, minute)) if minute.len() == 2 => {
                (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?, figure.contains(':'))
            }
            Some(_) => return None,
            None if figure.len() <= 2 => (figure.parse().ok()?, 0, false),
            None => return None,
        };
        if let Some((afternoon, end)) = self.half(at + 1) {
            let hour = match (hour, afternoon) {
                (1..=11, true) => hour + 12,
                (12, false) => 0,
                (1..=12, _) => hour,
                _ => return None,
            };
            return minute_of(hour, minute).map(|minute| (Clock::Minute(minute), end));
        }
        match self.text(at + 1) {
            "uhr" => {
                let half = self.figure(at + 2).filter(|figure| figure.len() == 2 && minute == 0);
                let more: Option<u16> = half.and_then(|figure| figure.parse().ok());
                let end = at + 2 + usize::from(more.is_some());
                return minute_of(hour, more.unwrap_or(minute))
                    .map(|minute| (Clock::Minute(minute), end));
            }
            "h" | "heures" | "hrs" if hour <= 24 && (self.text(at + 1) != "hrs" || exact) => {
                let more = self
                    .figure(at + 2)
                    .filter(|figure| figure.len() == 2 && self.tokens[at + 2].glued);
                let more: Option<u16> = more.and_then(|figure| figure.parse().ok());
                let end = at + 2 + usize::from(more.is_some());
                // `within 48 h` is a stretch, `à 15h` a clock.
                let glued = self.tokens[at + 1].glued || bare;
                return minute_of(hour, more.unwrap_or(minute))
                    .filter(|_| glued)
                    .map(|minute| (Clock::Minute(minute), end));
            }
            "o'clock" => {
                let minute = minute_of(office_hour(hour), 0)?;
                return Some((Clock::Minute(minute), at + 2));
            }
            _ => {}
        }
        if exact {
            // `12:00 noon`
            let noon = usize::from(self.is_one(at + 1, &["noon", "midday"]));
            return minute_of(hour, minute).map(|minute| (Clock::Minute(minute), at + 1 + noon));
        }
        let free = self.tokens.get(at + 1).is_none_or(|next| {
            matches!(next.text.as_str(), "." | "," | ";" | "?" | "!" | ")")
                && !self
                    .tokens
                    .get(at + 2)
                    .is_some_and(|after| after.glued && after.kind == Kind::Figure)
                || [
                    "on", "today", "tomorrow", "sharp", "latest", "at", "heute", "morgen",
                    "demain", "mañana", "please", "if",
                ]
                .contains(&next.text.as_str())
                || words::weekday(&next.text).is_some()
        });
        let by_dot = figure.contains('.');
        (bare && free && !by_dot && (1..=23).contains(&hour))
            .then(|| minute_of(office_hour(hour), 0))
            .flatten()
            .map(|minute| (Clock::Minute(minute), at + 1))
    }

    /// `am`, `pm`, `a.m.`: whether afternoon, and the token after.
    fn half(&self, at: usize) -> Option<(bool, usize)> {
        let afternoon = match self.text(at) {
            // `bis 10 am Montag` is German.
            "am" if words::weekday(self.text(at + 1)).is_some_and(|_| {
                self.text(at + 1).ends_with("tag") || self.text(at + 1) == "mittwoch"
            }) =>
            {
                return None;
            }
            "am" => return Some((false, at + 1)),
            "pm" => return Some((true, at + 1)),
            "a" => false,
            "p" => true,
            _ => return None,
        };
        if !self.reads(at + 1, &[".", "m"]) {
            return None;
        }
        let dot = self.tokens.get(at + 3).is_some_and(|token| token.text == "." && token.glued);
        Some((afternoon, at + 3 + usize::from(dot)))
    }

    /// `CET`, `(EST)`, `Pacific time`.
    fn zone(&self, at: usize) -> Option<(Zone, usize)> {
        let open = usize::from(self.text(at) == "(");
        let token = self.tokens.get(at + open)?;
        let fixed = |hours: i16| Some(Zone::fixed(hours * 60));
        let (zone, long) = match token.text.as_str() {
            "pacific" => (Zone::parse("America/Los_Angeles").ok(), true),
            "mountain" => (Zone::parse("America/Denver").ok(), true),
            "central" => (Zone::parse("America/Chicago").ok(), true),
            "eastern" => (Zone::parse("America/New_York").ok(), true),
            _ if !token.capital => return None,
            "utc" | "gmt" => (fixed(0), false),
            "est" => (fixed(-5), false),
            "edt" => (fixed(-4), false),
            "cst" => (fixed(-6), false),
            "cdt" => (fixed(-5), false),
            "mst" => (fixed(-7), false),
            "mdt" => (fixed(-6), false),
            "pst" => (fixed(-8), false),
            "pdt" => (fixed(-7), false),
            "et" => (Zone::parse("America/New_York").ok(), false),
            "ct" => (Zone::parse("America/Chicago").ok(), false),
            "mt" => (Zone::parse("America/Denver").ok(), false),
            "pt" => (Zone::parse("America/Los_Angeles").ok(), false),
            "cet" | "mez" | "bst" => (fixed(1), false),
            "cest" | "mesz" | "eet" => (fixed(2), false),
            "jst" => (fixed(9), false),
            _ => return None,
        };
        let mut end = at + open + 1;
        if long {
            let more = self.is_one(end, &["time", "standard", "daylight"]);
            end += usize::from(more);
            end += usize::from(more && self.text(end) == "time");
            if !more {
                return None;
            }
        }
        end += usize::from(open == 1 && self.text(end) == ")");
        zone.map(|zone| (zone, end))
    }
}

/// Until when an evening or night lasts in a sentence that names no hour.
const EVENING: u16 = 21 * 60;

/// A bare hour of an office: 1 to 6 is in the afternoon.
fn office_hour(hour: u16) -> u16 {
    if (1..=6).contains(&hour) { hour + 12 } else { hour }
}

/// Days from one date to another.
pub(super) fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}
