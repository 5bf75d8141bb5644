//! Dates as mail has them: RFC 5322 with its obsolete forms, and the broken shapes that are common.

use jiff::civil::Date;

use crate::mail::types::{Moment, UnixSeconds};

/// The moment a `Date` value names; nothing when no day and year can be read from it, or when they
/// lie before 1970 or after 2200.
///
/// A missing time is midnight, a missing or unknown zone UTC. Two-digit years below 50 are of this
/// century (RFC 5322 section 4.3).
pub(crate) fn moment(value: &str) -> Option<Moment> {
    const VALUE_BYTES_MAX: usize = 512;
    let value = &value[..value.floor_char_boundary(VALUE_BYTES_MAX)];
    let mut seen = Seen::default();
    for word in without_comments(value)
        .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .filter(|word| !word.is_empty())
    {
        seen.take(word);
    }
    seen.moment()
}

/// The moment at the end of a `Received` value, after its last `;`.
pub(crate) fn received(value: &str) -> Option<Moment> {
    let (_, date) = value.rsplit_once(';')?;
    moment(date)
}

/// RFC 5322 comments out, but `(PST)` after a time with no offset is all there is of the zone, so
/// the words in them stay when no digit has an offset sign before it.
fn without_comments(value: &str) -> String {
    let has_offset = value
        .as_bytes()
        .windows(5)
        .any(|w| matches!(w[0], b'+' | b'-') && w[1..].iter().all(u8::is_ascii_digit));
    let mut depth = 0_usize;
    value
        .chars()
        .map(|c| match c {
            '(' => {
                depth += 1;
                ' '
            }
            ')' => {
                depth = depth.saturating_sub(1);
                ' '
            }
            _ if depth > 0 && has_offset => ' ',
            c => c,
        })
        .collect()
}

#[derive(Default)]
struct Seen {
    year: Option<i16>,
    month: Option<i8>,
    month_before_day: bool,
    day: Option<i8>,
    time: Option<(i64, i64, i64)>,
    afternoon: Option<bool>,
    offset_minutes: Option<i16>,
}

impl Seen {
    fn take(&mut self, word: &str) {
        let first = word.as_bytes()[0];
        if self.take_iso(word) || self.take_triple(word) {
            return;
        }
        if self.time.is_some() && matches!(first, b'+' | b'-') {
            self.take_offset(word);
        } else if first.is_ascii_digit() && word.contains(':') {
            self.take_time(word);
        } else if first.is_ascii_digit() {
            self.take_number(word);
        } else {
            self.take_name(word);
        }
    }

    /// `2001-05-14`, `2001-05-14T16:39:00-07:00`.
    fn take_iso(&mut self, word: &str) -> bool {
        let bytes = word.as_bytes();
        if bytes.len() < 10
            || bytes[4] != b'-'
            || bytes[7] != b'-'
            || !bytes[..4].iter().all(u8::is_ascii_digit)
            || !word.is_char_boundary(10)
        {
            return false;
        }
        let (Ok(year), Ok(month), Ok(day)) =
            (word[..4].parse(), word[5..7].parse(), word[8..10].parse())
        else {
            return false;
        };
        (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
        let time = word[10..].trim_start_matches(['T', 't']);
        if time.contains(':') {
            self.take_time(time);
        }
        true
    }

    /// `14-May-2001`, `14/5/2001`, `5/14/01`, `14.05.2001`, `2001/05/14`.
    fn take_triple(&mut self, word: &str) -> bool {
        let Some(mark) = ['-', '/', '.']
            .into_iter()
            .find(|&mark| word.matches(mark).count() == 2 && word.as_bytes()[0].is_ascii_digit())
        else {
            return false;
        };
        let mut parts = word.split(mark);
        let (Some(a), Some(b), Some(c)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        if let Some(month) = month_named(b) {
            let (Ok(day), Some(year)) = (a.parse(), year(c)) else { return false };
            (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
            return true;
        }
        let (Ok(first), Ok(second)) = (a.parse::<i16>(), b.parse::<i8>()) else { return false };
        if first > 31 {
            let Ok(day) = c.parse() else { return false };
            (self.year, self.month, self.day) = (Some(first), Some(second), Some(day));
            return true;
        }
        let (Some(year), Ok(first)) = (year(c), i8::try_from(first)) else { return false };
        // Only Americans put slashes between numbers month first.
        let month_first = mark == '/' && first <= 12;
        let (month, day) = if month_first { (first, second) } else { (second, first) };
        (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
        true
    }

    /// `16:39`, `16:39:00`, `16:39:00.123Z`, `4:39PM`, `16:39:00+0200`.
    fn take_time(&mut self, word: &str) {
        let end = word.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(word.len());
        let mut parts = word[..end]
            .trim_end_matches(':')
            .split(':')
            .map(|part| part.parse::<i64>().unwrap_or(99));
        let hour = parts.next().unwrap_or(99);
        let minute = parts.next().unwrap_or(99);
        let second = parts.next().unwrap_or(0);
        if hour > 24 || minute > 59 || second > 61 || self.time.is_some() {
            return;
        }
        self.time = Some((hour, minute, second));
        let rest = word[end..].trim_start_matches('.');
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.starts_with(['+', '-']) {
            self.take_offset(rest);
        } else if !rest.is_empty() {
            self.take_name(rest);
        }
    }

    /// `+0200`, `-07:00`, `+2`.
    fn take_offset(&mut self, word: &str) {
        let digits: String = word.chars().filter(char::is_ascii_digit).take(4).collect();
        let Ok(number) = digits.parse::<i16>() else { return };
        let (hours, minutes) =
            if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
        if hours > 23 || minutes > 59 {
            return;
        }
        let east = hours * 60 + minutes;
        self.offset_minutes = Some(if word.starts_with('-') { -east } else { east });
    }

    fn take_number(&mut self, word: &str) {
        let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let digits = &word[..end];
        match (digits.len(), digits.parse::<i16>()) {
            (1 | 2, Ok(number)) if self.day.is_none() && number <= 31 => {
                self.day = i8::try_from(number).ok();
            }
            (2..=4, Ok(_)) if self.year.is_none() => self.year = year(digits),
            _ => {}
        }
    }

    fn take_name(&mut self, word: &str) {
        let lower = word.to_lowercase();
        match lower.as_str() {
            "pm" | "p.m." => self.afternoon = Some(true),
            "am" | "a.m." => self.afternoon = Some(false),
            _ if self.wants_month() && month_named(&lower).is_some() => {
                self.month = month_named(&lower);
                self.month_before_day = self.day.is_none();
            }
            _ if self.time.is_some() && self.offset_minutes.is_none() => {
                if let Some(offset) = zone_named(&lower) {
                    self.offset_minutes = Some(offset);
                } else if let Some(at) = lower.find(['+', '-']) {
                    // `GMT+0200`
                    self.take_offset(&lower[at..]);
                }
            }
            _ => {}
        }
    }

    /// `mar, 14 mag 2001`: what looked like March was a Tuesday when a month follows the day.
    fn wants_month(&self) -> bool {
        self.month.is_none() || (self.month_before_day && self.day.is_some())
    }

    fn moment(&self) -> Option<Moment> {
        const YEARS: std::ops::RangeInclusive<i16> = 1969..=2200;
        let year = self.year.filter(|year| YEARS.contains(year))?;
        let date = Date::new(year, self.month?, self.day?).ok()?;
        let days =
            i64::from(date.duration_since(Date::constant(1970, 1, 1)).as_hours() as i32) / 24;
        let (mut hour, minute, second) = self.time.unwrap_or_default();
        match self.afternoon {
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour == 12 => hour = 0,
            _ => {}
        }
        let offset_minutes = self.offset_minutes.unwrap_or(0);
        let local = days * 86_400 + hour * 3_600 + minute * 60 + second.min(59);
        let at = local - i64::from(offset_minutes) * 60;
        (at >= 0).then_some(Moment { at: UnixSeconds(at), offset_minutes })
    }
}

fn year(digits: &str) -> Option<i16> {
    let number: i16 = digits.parse().ok()?;
    match digits.len() {
        2 if number < 50 => Some(2000 + number),
        // Three digits: programs that count from 1900.
        2 | 3 => Some(1900 + number),
        4 => Some(number),
        _ => None,
    }
}

/// English first, then what clients in other languages write.
fn month_named(word: &str) -> Option<i8> {
    const NAMES: [&[&str]; 12] = [
        &["jan", "jän", "ene", "gen", "янв"],
        &["feb", "fév", "фев"],
        &["mar", "mär", "mrz", "maa", "мар"],
        &["apr", "avr", "abr", "апр"],
        &["may", "mai", "mei", "mag", "maj", "май"],
        &["jun", "juin", "giu", "июн"],
        &["jul", "juil", "lug", "июл"],
        &["aug", "aoû", "ago", "авг"],
        &["sep", "set", "сен"],
        &["oct", "okt", "out", "ott", "окт"],
        &["nov", "ноя"],
        &["dec", "dez", "déc", "dic", "дек"],
    ];
    let lower = word.to_lowercase();
    let at = NAMES.iter().position(|names| names.iter().any(|name| lower.starts_with(name)))?;
    i8::try_from(at + 1).ok()
}

fn zone_named(lower: &str) -> Option<i16> {
    let hours = match lower {
        "z" | "ut" | "utc" | "gmt" | "wet" => 0,
        "edt" | "ast" => -4,
        "est" | "cdt" => -5,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" | "akdt" => -8,
        "akst" => -9,
        "hst" => -10,
        "bst" | "cet" | "met" | "mez" => 1,
        "cest" | "mest" | "mesz" | "eet" | "sast" => 2,
        "eest" | "msk" => 3,
        "msd" => 4,
        "ist" => return Some(330),
        "hkt" | "sgt" | "awst" => 8,
        "jst" | "kst" => 9,
        "aest" => 10,
        "aedt" => 11,
        "nzst" => 12,
        "nzdt" => 13,
        _ => return None,
    };
    Some(hours * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, at: i64, offset_minutes: i16) {
        let expected = Moment { at: UnixSeconds(at), offset_minutes };
        assert_eq!(moment(value), Some(expected), "{value:?}");
    }

    #[track_caller]
    fn check_none(value: &str) {
        assert_eq!(moment(value), None, "{value:?}");
    }

    #[test]
    fn the_standard_form_and_its_offset_are_kept() {
        check("Mon, 14 May 2001 16:39:00 -0700 (PDT)", 989_883_540, -420);
        check("14 May 2001 16:39 -0700", 989_883_540, -420);
        check("Thu, 1 Jan 1970 00:00:00 +0000", 0, 0);
        check("Wed, 31 Dec 1969 16:00:00 -0800", 0, -480);
        check("Tue, 1 Jul 2003 10:52:37 +0530", 1_057_036_957, 330);
    }

    #[test]
    fn obsolete_forms_are_read() {
        check("14 May 01 23:39:00 GMT", 989_883_540, 0);
        check("14 May 101 23:39:00 UT", 989_883_540, 0);
        check("Mon, 14 May 2001 19:39:00 EDT", 989_883_540, -240);
        check("Mon (day one), 14 (of) May 2001 16:39:00 -0700", 989_883_540, -420);
        check("Fri, 13 May 99 12:00:00 +0000", 926_596_800, 0);
    }

    #[test]
    fn broken_shapes_are_read() {
        check("Mon May 14 23:39:00 2001", 989_883_540, 0);
        check("Mon May 14 16:39:00 PDT 2001", 989_883_540, -420);
        check("2001-05-14T16:39:00-07:00", 989_883_540, -420);
        check("2001-05-14 23:39:00Z", 989_883_540, 0);
        check("2001-05-14 16:39:00.250 -0700", 989_883_540, -420);
        check("Mon, 14-May-2001 16:39:00 -0700", 989_883_540, -420);
        check("5/14/2001 11:39:00 PM", 989_883_540, 0);
        check("14.05.2001 23:39", 989_883_540, 0);
        check("2001/05/14 23:39:00", 989_883_540, 0);
        check("Mon, 14 May 2001 16:39:00 GMT-0700", 989_883_540, -420);
        check("Mon, 14 May 2001 16:39:00 (PDT)", 989_883_540, -420);
        check("Montag, 14. Mai 2001 23:39:00", 989_883_540, 0);
        check("Monday, May 14th, 2001 4:39 pm -0700", 989_883_540, -420);
        check("Mon, 14 May 2001", 989_798_400, 0);
        check("Mon, 14 May 2001 23:39:60 +0000", 989_883_599, 0);
        check("Mon, 14 May 2001 16:39:00 -07000", 989_883_540, -420);
        check("Mon, 14 May 2001 23:39:x +0000", 989_883_540, 0);
        check("mar, 15 mag 2001 00:00:00 +0000", 989_884_800, 0);
    }

    #[test]
    fn what_names_no_day_is_nothing() {
        for value in ["", "yesterday", "Mon, 32 May 2001 16:39:00", "30 Feb 2001 00:00:00 +0000"] {
            check_none(value);
        }
        check_none("Mon, 01 Jan 1900 00:00:00 +0000");
        check_none("14 May 20011 16:39:00 -0700");
        check_none(&"é".repeat(1_000));
    }

    #[test]
    fn received_ends_in_its_date() {
        let value = "from a (b; c) by d; Mon, 14 May 2001 16:39:00 -0700";
        assert_eq!(received(value), moment("Mon, 14 May 2001 16:39:00 -0700"));
        assert_eq!(received("from a by b"), None);
    }
}
