//! Days that move: the demo's mail is written in days before and after "today".
//!
//! Plain arithmetic at a fixed offset; the mail room's clock is not needed to write a date.

use super::OFFSET_MINUTES;
use crate::mail::UnixSeconds;

const DAY: i64 = 86_400;
/// The mail is written for a reader at nine; at other hours the mail of today is moved.
const WRITTEN_FOR: i64 = 9 * 3_600;

/// When a message was sent: a day relative to today, and a time on that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct When {
    pub(super) days: Days,
    /// Minute of the day, 0..1440.
    pub(super) minute: i64,
}

/// A day relative to today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Days {
    /// `-3d`: any day of the week.
    Calendar(i64),
    /// `-3w`: Monday to Friday only.
    Working(i64),
}

/// The language a date is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    #[default]
    English,
    German,
    French,
}

/// The day, and the second of that day, on which the demo is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Today {
    /// Days since 1970-01-01, on the demo's clocks.
    day: i64,
    /// Seconds since midnight.
    second: i64,
}

impl Today {
    pub(super) fn at(now: UnixSeconds) -> Self {
        let local = now.0 + i64::from(OFFSET_MINUTES) * 60;
        Self { day: local.div_euclid(DAY), second: local.rem_euclid(DAY) }
    }

    /// The instant the demo is looked at.
    #[cfg(test)]
    pub(super) fn now(&self) -> UnixSeconds {
        UnixSeconds(self.day * DAY + self.second - i64::from(OFFSET_MINUTES) * 60)
    }

    /// The day number of an instant.
    #[cfg(test)]
    pub(super) fn day_of(&self, at: UnixSeconds) -> i64 {
        Self::at(at).day
    }

    /// The day number of `days`.
    ///
    /// The working day 0 is today, or Monday when today is a Saturday or Sunday; the working day
    /// +1 is the next one after today, -1 the last one before it.
    pub(super) fn day(&self, days: Days) -> i64 {
        match days {
            Days::Calendar(n) => self.day + n,
            Days::Working(0) if is_working(self.day) => self.day,
            Days::Working(0) => self.day(Days::Working(1)),
            Days::Working(n) => {
                let mut day = self.day;
                for _ in 0..n.abs() {
                    day += n.signum();
                    while !is_working(day) {
                        day += n.signum();
                    }
                }
                day
            }
        }
    }

    /// The instant of `when`; `id` chooses the second within the minute.
    ///
    /// Mail of today keeps its distance from nine o'clock: read at three in the afternoon, it is
    /// six hours later. Before nine it is squeezed in between midnight and now.
    pub(super) fn instant(&self, when: When, id: &str) -> UnixSeconds {
        let salt = id.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31) + u32::from(byte));
        let written = when.minute * 60 + i64::from(salt % 60);
        let day = self.day(when.days);
        let second = if when.days != Days::Calendar(0) {
            written
        } else if self.second >= WRITTEN_FOR {
            written + self.second - WRITTEN_FOR
        } else {
            written * self.second / WRITTEN_FOR
        };
        UnixSeconds(day * DAY + second - i64::from(OFFSET_MINUTES) * 60)
    }

    /// The instant of a time to come or gone by, as iCalendar writes it: `20250305T130000Z`.
    pub(super) fn utc(&self, days: Days, minute: i64) -> String {
        utc_stamp(UnixSeconds(self.day(days) * DAY + minute * 60 - i64::from(OFFSET_MINUTES) * 60))
    }

    /// The clock `minutes` from now, to the last quarter of an hour, and never past midnight.
    pub(super) fn time(&self, minutes: i64) -> String {
        let quarters = (self.second / 60 + minutes) / 15;
        let minute = (quarters * 15).min(23 * 60 + 59);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }
}

/// `20250305T130000Z`.
pub(super) fn utc_stamp(at: UnixSeconds) -> String {
    let (year, month, day) = civil(at.0.div_euclid(DAY));
    let second = at.0.rem_euclid(DAY);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{:02}Z", second % 60)
}

/// `Tue, 04 Mar 2025 09:14:22 +0100`, as RFC 5322 section 3.3 has it.
pub(super) fn header_date(at: UnixSeconds) -> String {
    let local = at.0 + i64::from(OFFSET_MINUTES) * 60;
    let day = local.div_euclid(DAY);
    let (year, month, date) = civil(day);
    let name = &weekday_name(day, Language::English)[..3];
    let month = &month_name(month, Language::English)[..3];
    let second = local.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let (east_hours, east_minutes) = (OFFSET_MINUTES / 60, OFFSET_MINUTES % 60);
    format!(
        "{name}, {date:02} {month} {year} {hour:02}:{minute:02}:{second:02} \
         +{east_hours:02}{east_minutes:02}"
    )
}

/// `4 March 2025 at 09:14`, for the line above a quote.
pub(super) fn long_date(at: UnixSeconds, language: Language) -> String {
    let local = at.0 + i64::from(OFFSET_MINUTES) * 60;
    let day = local.div_euclid(DAY);
    let year = civil(day).0;
    let minute = local.rem_euclid(DAY) / 60;
    let at = match language {
        Language::English => "at",
        Language::German => "um",
        Language::French => "à",
    };
    format!("{} {year} {at} {:02}:{:02}", date_name(day, language), minute / 60, minute % 60)
}

/// `Tuesday`.
pub(super) fn weekday_name(day: i64, language: Language) -> &'static str {
    const NAMES: [[&str; 7]; 3] = [
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    ];
    NAMES[language as usize][weekday(day) as usize]
}

/// `5 March`, `5. März`, `1er mars`.
pub(super) fn date_name(day: i64, language: Language) -> String {
    let (_, month, date) = civil(day);
    let month = month_name(month, language);
    match language {
        Language::English => format!("{date} {month}"),
        Language::German => format!("{date}. {month}"),
        Language::French if date == 1 => format!("1er {month}"),
        Language::French => format!("{date} {month}"),
    }
}

fn month_name(month: i64, language: Language) -> &'static str {
    const NAMES: [[&str; 12]; 3] = [
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
    ];
    NAMES[language as usize][month as usize - 1]
}

/// 0 for Monday. 1970-01-01 was a Thursday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

fn is_working(day: i64) -> bool {
    weekday(day) < 5
}

/// Year, month and day of a day number: `civil_from_days` of Howard Hinnant's
/// "chrono-Compatible Low-Level Date Algorithms".
pub(super) fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, date)
}
