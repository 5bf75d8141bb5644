//! When?
//!
//! Time zones, working hours, the times people write in sentences, and the forms of time that
//! commands read and print. Nothing here asks a clock: "now" is an argument everywhere. The time
//! crate (jiff) stays inside; outside, an instant is [`UnixSeconds`]. Start with
//! [`Zone`], [`Calendar`] and [`deadline()`].

mod calendar;
mod deadline;
mod format;
mod norm;
mod parts;
mod query;
mod tokens;
mod words;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

pub use calendar::Calendar;
pub use deadline::{Deadline, TimeMention, deadline, deadline_in, mentions, mentions_in};
pub use format::{format_rfc3339, full, human, human_with_time, parse_rfc3339, short, short_day};
pub use norm::Norm;
pub use query::parse_query_date;

use super::types::UnixSeconds;

/// What could not be read as a time.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither an IANA name nor an offset.
    #[error("no time zone is named {name:?}")]
    UnknownZone {
        /// As given.
        name: String,
    },
    /// A tier's due time that cannot be read.
    #[error("cannot read {text:?} as a due time")]
    UnknownNorm {
        /// As given.
        text: String,
    },
    /// Working hours that cannot be read.
    #[error("cannot read {text:?} as working hours")]
    UnknownHours {
        /// As given.
        text: String,
    },
    /// A weekday that cannot be read.
    #[error("cannot read {text:?} as a weekday")]
    UnknownDay {
        /// As given.
        text: String,
    },
}

/// A time zone with its rules for summer time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// A zone that is always `minutes` east of UTC, as the `Date` of a message shows it.
    pub fn fixed(minutes: i16) -> Self {
        let offset = Offset::from_seconds(i32::from(minutes) * 60).unwrap_or(Offset::UTC);
        Self(TimeZone::fixed(offset))
    }

    /// The zone this machine is set to, UTC where it says none.
    pub fn system() -> Self {
        Self(TimeZone::system())
    }

    /// The zone of this name whose rules a file of the time zone database (`TZif`, RFC 9636) holds.
    pub fn of_file(name: &str, rules: &[u8]) -> Option<Self> {
        TimeZone::tzif(name, rules).ok().map(Self)
    }

    /// Reads `UTC`, an IANA name (`Europe/Berlin`) or an offset (`+02:00`, `-0530`).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownZone`] when it is none of these.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let trimmed = name.trim();
        if trimmed.eq_ignore_ascii_case("utc") || trimmed.eq_ignore_ascii_case("z") {
            return Ok(Self::utc());
        }
        if let Some(minutes) = offset_minutes(trimmed) {
            return Ok(Self::fixed(minutes));
        }
        TimeZone::get(trimmed).map(Self).map_err(|_| Error::UnknownZone { name: name.to_owned() })
    }

    /// The IANA name, or the offset.
    pub fn name(&self) -> String {
        if let Some(name) = self.0.iana_name() {
            return name.to_owned();
        }
        self.0.to_fixed_offset().map_or_else(|_| "local".to_owned(), |offset| offset.to_string())
    }

    /// Minutes east of UTC at that instant.
    pub fn offset_minutes(&self, at: UnixSeconds) -> i16 {
        (self.0.to_offset(stamp(at)).seconds() / 60) as i16
    }

    /// What the clock on the wall shows.
    fn civil(&self, at: UnixSeconds) -> DateTime {
        self.0.to_datetime(stamp(at))
    }

    /// The instant of a wall-clock time. One that a change to summer time skips is taken later, one
    /// that comes twice is its first (RFC 5545, section 3.3.5).
    fn instant(&self, civil: DateTime) -> UnixSeconds {
        self.0
            .to_ambiguous_timestamp(civil)
            .compatible()
            .map_or_else(|_| bound(civil), |stamp| UnixSeconds(stamp.as_second()))
    }

    /// The instant at which `minute` of that day begins; 1440 is the next midnight.
    fn at_minute(&self, date: Date, minute: u16) -> UnixSeconds {
        let (date, minute) =
            if minute >= 1440 { (plus_days(date, 1), minute - 1440) } else { (date, minute) };
        let time = Time::new((minute / 60) as i8, (minute % 60) as i8, 0, 0).unwrap_or(Time::MIN);
        self.instant(date.to_datetime(time))
    }
}

/// A wall-clock time in some zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Local {
    /// Year of the common era.
    pub year: i16,
    /// 1..=12
    pub month: u8,
    /// 1..=31
    pub day: u8,
    /// 0..=23
    pub hour: u8,
    /// 0..=59
    pub minute: u8,
    /// 0 is Monday, 6 Sunday.
    pub weekday: u8,
}

/// What the calendar and clock on the wall show in `zone` at that instant.
pub fn local_date(at: UnixSeconds, zone: &Zone) -> Local {
    let civil = zone.civil(at);
    Local {
        year: civil.year(),
        month: civil.month() as u8,
        day: civil.day() as u8,
        hour: civil.hour() as u8,
        minute: civil.minute() as u8,
        weekday: civil.weekday().to_monday_zero_offset() as u8,
    }
}

/// The local day `days` after the one `at` lies in: its first instant and the next day's first.
pub fn day_range(at: UnixSeconds, days: i32, zone: &Zone) -> (UnixSeconds, UnixSeconds) {
    let date = plus_days(zone.civil(at).date(), days);
    (zone.at_minute(date, 0), zone.at_minute(date, 1440))
}

/// `+02:00`, `-0530`, `+2`
fn offset_minutes(text: &str) -> Option<i16> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' | '−' => -1,
        _ => return None,
    };
    let digits: String = text.chars().skip(1).filter(|c| *c != ':').collect();
    let number: i16 = digits.parse().ok().filter(|_| digits.chars().all(|c| c.is_ascii_digit()))?;
    let (hours, minutes) =
        if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    (hours <= 23 && minutes < 60 && digits.len() <= 4).then_some(sign * (hours * 60 + minutes))
}

/// The nearest instant the time crate can hold (years -9999 to 9999).
fn stamp(at: UnixSeconds) -> Timestamp {
    Timestamp::from_second(at.0).unwrap_or(if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn bound(civil: DateTime) -> UnixSeconds {
    UnixSeconds(if civil.year() < 0 { Timestamp::MIN } else { Timestamp::MAX }.as_second())
}

fn plus_days(date: Date, days: i32) -> Date {
    date.saturating_add(jiff::Span::new().days(days.clamp(-7_000_000, 7_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read() {
        assert_eq!(Zone::parse("UTC").unwrap(), Zone::utc());
        assert_eq!(Zone::parse("+02:00").unwrap(), Zone::fixed(120));
        assert_eq!(Zone::parse("-0530").unwrap(), Zone::fixed(-330));
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(berlin.name(), "Europe/Berlin");
        assert_eq!(berlin.offset_minutes(parse_rfc3339("2026-01-01T00:00:00Z").unwrap()), 60);
        assert_eq!(berlin.offset_minutes(parse_rfc3339("2026-07-01T00:00:00Z").unwrap()), 120);
        for bad in ["", "Mars/Olympus", "+25:00", "+1:99", "+ab", "../etc/passwd", "berlin time"] {
            assert!(Zone::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn far_away_instants_do_not_panic() {
        for at in [i64::MIN, i64::MAX, 0, -62_135_596_800, 253_402_300_799] {
            let zone = Zone::parse("Europe/Berlin").unwrap();
            local_date(UnixSeconds(at), &zone);
            day_range(UnixSeconds(at), 1, &zone);
            day_range(UnixSeconds(at), i32::MAX, &zone);
            format_rfc3339(UnixSeconds(at));
            human(UnixSeconds(at), UnixSeconds(0), &zone);
            let calendar = Calendar::default();
            calendar.add_working_minutes(UnixSeconds(at), i64::MAX);
            calendar.add_working_minutes(UnixSeconds(at), i64::MIN);
            deadline("by Friday EOD or in 90000000 weeks", UnixSeconds(at), &zone);
        }
    }

    #[test]
    fn a_day_has_its_length() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let (from, to) = day_range(parse_rfc3339("2026-03-29T12:00:00Z").unwrap(), 0, &berlin);
        assert_eq!(to.0 - from.0, 23 * 3600);
        let (from, to) = day_range(parse_rfc3339("2026-10-24T12:00:00Z").unwrap(), 1, &berlin);
        assert_eq!(to.0 - from.0, 25 * 3600);
    }
}
