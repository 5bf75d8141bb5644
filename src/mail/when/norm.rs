//! How soon a tier wants an answer: `8 working hours`, `24 hours`, `end of day`, `none`.

use std::fmt;

use super::{Calendar, Error, words};
use crate::mail::types::UnixSeconds;

/// A response norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Norm {
    /// No reply is expected.
    None,
    /// Elapsed minutes, nights and weekends included.
    Minutes(i64),
    /// Minutes of work.
    WorkingMinutes(i64),
    /// Full days of work.
    WorkingDays(i64),
    /// The end of the working day.
    EndOfDay,
}

impl Norm {
    /// Reads a norm as the configuration writes it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownNorm`] for anything but `none`, `end of day`, or a positive number (whole, or
    /// with a fraction before hours) and a unit: minutes, hours, days, weeks, each also as `working`
    /// or `business` ones.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let unknown = || Error::UnknownNorm { text: text.to_owned() };
        let lower = text.trim().to_lowercase();
        match lower.as_str() {
            "none" | "never" | "no reply" => return Ok(Self::None),
            "end of day" | "end of the day" | "eod" | "today" => return Ok(Self::EndOfDay),
            _ => {}
        }
        let digits = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
        let mut rest = lower[digits..].split_whitespace();
        let mut unit = rest.next().ok_or_else(unknown)?;
        let (number, working) = if digits == 0 {
            let number = words::number(unit).ok_or_else(unknown)? as f64;
            unit = rest.next().ok_or_else(unknown)?;
            (number, ["working", "business", "work"].contains(&unit))
        } else {
            let number: f64 = lower[..digits].parse().map_err(|_| unknown())?;
            (number, ["working", "business", "work"].contains(&unit))
        };
        if working {
            unit = rest.next().ok_or_else(unknown)?;
        }
        if rest.next().is_some() || !(number > 0.0 && number <= 100_000.0) {
            return Err(unknown());
        }
        let minutes = |per: f64| (number * per).round() as i64;
        let whole = number.fract() == 0.0;
        Ok(match (words::unit(unit).ok_or_else(unknown)?, working) {
            (words::Unit::Minute, false) => Self::Minutes(minutes(1.0)),
            (words::Unit::Hour, false) => Self::Minutes(minutes(60.0)),
            (words::Unit::Day, false) => Self::Minutes(minutes(1440.0)),
            (words::Unit::Week, false) => Self::Minutes(minutes(7.0 * 1440.0)),
            (words::Unit::Minute, true) => Self::WorkingMinutes(minutes(1.0)),
            (words::Unit::Hour, true) => Self::WorkingMinutes(minutes(60.0)),
            (words::Unit::Day, true) if whole => Self::WorkingDays(number as i64),
            (words::Unit::Week, true) if whole => Self::WorkingDays(number as i64 * 5),
            _ => return Err(unknown()),
        })
    }

    /// When a message that came at `from` is due; `None` when no reply is expected.
    ///
    /// Two working days from Monday 10:00 end on Wednesday 10:00: a day is as long as the calendar's.
    pub fn due(self, calendar: &Calendar, from: UnixSeconds) -> Option<UnixSeconds> {
        match self {
            Self::None => None,
            Self::Minutes(minutes) => {
                Some(UnixSeconds(from.0.saturating_add(minutes.saturating_mul(60))))
            }
            Self::WorkingMinutes(minutes) => Some(calendar.add_working_minutes(from, minutes)),
            Self::WorkingDays(days) => Some(
                calendar.add_working_minutes(from, days.saturating_mul(calendar.day_minutes())),
            ),
            Self::EndOfDay => Some(calendar.end_of_working_day(from)),
        }
    }
}

impl fmt::Display for Norm {
    /// The form [`Norm::parse`] reads.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |out: &mut fmt::Formatter<'_>, number: i64, unit: &str| {
            write!(out, "{number} {unit}{}", if number == 1 { "" } else { "s" })
        };
        match *self {
            Self::None => out.write_str("none"),
            Self::EndOfDay => out.write_str("end of day"),
            Self::Minutes(minutes) if minutes % 60 == 0 => count(out, minutes / 60, "hour"),
            Self::Minutes(minutes) => count(out, minutes, "minute"),
            Self::WorkingMinutes(minutes) if minutes % 60 == 0 => {
                count(out, minutes / 60, "working hour")
            }
            Self::WorkingMinutes(minutes) => count(out, minutes, "working minute"),
            Self::WorkingDays(days) => count(out, days, "working day"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::when::{Zone, format_rfc3339, parse_rfc3339};

    #[track_caller]
    fn check(text: &str, from: &str, expected: Option<&str>) {
        let calendar = Calendar::office(Zone::parse("Europe/Berlin").unwrap());
        let due = Norm::parse(text).unwrap().due(&calendar, parse_rfc3339(from).unwrap());
        let expected = expected.map(|text| format_rfc3339(parse_rfc3339(text).unwrap()));
        assert_eq!(due.map(format_rfc3339), expected, "{text} from {from}");
    }

    #[test]
    fn norms_fall_due() {
        let monday = "2026-03-02T10:00:00+01:00";
        check("30 minutes", monday, Some("2026-03-02T10:30:00+01:00"));
        check("8 working hours", monday, Some("2026-03-03T09:30:00+01:00"));
        check("24 hours", monday, Some("2026-03-03T10:00:00+01:00"));
        check("2 working days", monday, Some("2026-03-04T10:00:00+01:00"));
        check("2 business days", "2026-03-06T17:00:00+01:00", Some("2026-03-10T17:00:00+01:00"));
        check("1.5 hours", monday, Some("2026-03-02T11:30:00+01:00"));
        check("end of day", monday, Some("2026-03-02T17:30:00+01:00"));
        check("End of Day", "2026-03-06T18:00:00+01:00", Some("2026-03-09T17:30:00+01:00"));
        check("one week", monday, Some("2026-03-09T10:00:00+01:00"));
        check("1 day", "2026-03-28T12:00:00+01:00", Some("2026-03-29T13:00:00+02:00"));
        check("none", monday, None);
    }

    #[test]
    fn what_is_printed_can_be_read() {
        for text in [
            "none",
            "end of day",
            "30 minutes",
            "24 hours",
            "1 hour",
            "8 working hours",
            "2 working days",
            "45 working minutes",
        ] {
            assert_eq!(Norm::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "",
            "soon",
            "8",
            "hours",
            "-3 hours",
            "0 hours",
            "8 moons",
            "8 working",
            "2.5 working days",
            "8 hours or so",
            "1e9 hours",
            "999999999999 days",
            "nan hours",
        ] {
            assert!(Norm::parse(bad).is_err(), "{bad:?}");
        }
    }
}
