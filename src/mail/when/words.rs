//! Words for times in English, German, French and Spanish. All are compared in lower case.

/// A stretch of time that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// The weekday, 0 is Monday.
pub(super) fn weekday(word: &str) -> Option<u8> {
    const DAYS: [&[&str]; 7] = [
        &["monday", "mon", "montag", "lundi", "lunes"],
        &["tuesday", "tue", "tues", "dienstag", "mardi", "martes"],
        &["wednesday", "wed", "weds", "mittwoch", "mercredi", "miércoles", "miercoles"],
        &["thursday", "thu", "thur", "thurs", "donnerstag", "jeudi", "jueves"],
        &["friday", "fri", "freitag", "vendredi", "viernes"],
        &["saturday", "sat", "samstag", "sonnabend", "samedi", "sábado", "sabado"],
        &["sunday", "sun", "sonntag", "dimanche", "domingo"],
    ];
    DAYS.iter().position(|names| names.contains(&word)).map(|day| day as u8)
}

/// Short weekdays that are also words; they count only with a capital.
pub(super) const AMBIGUOUS: &[&str] =
    &["sat", "sun", "wed", "mon", "mar", "may", "march", "fri", "dec", "jan", "mai", "thu", "tue"];

/// The month, 1 to 12.
pub(super) fn month(word: &str) -> Option<i8> {
    const MONTHS: [&[&str]; 12] = [
        &["january", "jan", "januar", "jänner", "janvier", "janv", "enero", "ene"],
        &["february", "feb", "februar", "février", "fevrier", "févr", "febrero"],
        &["march", "mar", "märz", "maerz", "mrz", "mars", "marzo"],
        &["april", "apr", "avril", "avr", "abril", "abr"],
        &["may", "mai", "mayo"],
        &["june", "jun", "juni", "juin", "junio"],
        &["july", "jul", "juli", "juillet", "juil", "julio"],
        &["august", "aug", "août", "aout", "agosto", "ago"],
        &["september", "sep", "sept", "septembre", "septiembre", "setiembre"],
        &["october", "oct", "oktober", "okt", "octobre", "octubre"],
        &["november", "nov", "novembre", "noviembre"],
        &["december", "dec", "dezember", "dez", "décembre", "decembre", "déc", "diciembre", "dic"],
    ];
    MONTHS.iter().position(|names| names.contains(&word)).map(|month| month as i8 + 1)
}

/// Small numbers in words.
pub(super) fn number(word: &str) -> Option<i64> {
    Some(match word {
        "a" | "an" | "one" | "ein" | "eine" | "einem" | "einer" | "einen" | "un" | "une"
        | "una" | "uno" => 1,
        "two" | "couple" | "zwei" | "deux" | "dos" => 2,
        "three" | "few" | "drei" | "trois" | "tres" => 3,
        "four" | "vier" | "quatre" | "cuatro" => 4,
        "five" | "fünf" | "cinq" | "cinco" => 5,
        "six" | "sechs" | "seis" => 6,
        "seven" | "sieben" | "sept" | "siete" => 7,
        "eight" | "acht" | "huit" | "ocho" => 8,
        "nine" | "neun" | "neuf" | "nueve" => 9,
        "ten" | "zehn" | "dix" | "diez" => 10,
        "twelve" | "zwölf" | "douze" | "doce" => 12,
        "fourteen" | "vierzehn" | "quatorze" | "catorce" => 14,
        "fifteen" | "quinze" | "quince" => 15,
        "twenty" | "zwanzig" | "vingt" | "veinte" => 20,
        "thirty" | "dreißig" | "trente" | "treinta" => 30,
        _ => return None,
    })
}

/// The unit a word names.
pub(super) fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "minute" | "minutes" | "min" | "mins" | "minuten" | "minuto" | "minutos" => Unit::Minute,
        "hour" | "hours" | "hr" | "hrs" | "h" | "stunde" | "stunden" | "std" | "heure"
        | "heures" | "hora" | "horas" => Unit::Hour,
        "day" | "days" | "tag" | "tage" | "tagen" | "jour" | "jours" | "día" | "días" | "dia"
        | "dias" => Unit::Day,
        "week" | "weeks" | "wk" | "wks" | "woche" | "wochen" | "semaine" | "semaines"
        | "semana" | "semanas" => Unit::Week,
        "month" | "months" | "monat" | "monate" | "monaten" | "mois" | "mes" | "meses" => {
            Unit::Month
        }
        "year" | "years" | "jahr" | "jahre" | "jahren" | "an" | "ans" | "année" | "año"
        | "años" => Unit::Year,
        _ => return None,
    })
}

/// `working day` in one word.
pub(super) const WORKING_DAYS: &[&str] =
    &["werktag", "werktage", "werktagen", "arbeitstag", "arbeitstage", "arbeitstagen"];
/// Words before or after `day` that make it a working one.
pub(super) const WORKING: &[&str] = &[
    "business",
    "working",
    "work",
    "ouvrable",
    "ouvrables",
    "ouvré",
    "ouvrés",
    "hábiles",
    "hábil",
    "laborables",
    "laborable",
];

/// Said before a weekday or period: this one.
pub(super) const THIS: &[&str] = &[
    "this",
    "coming",
    "diese",
    "diesen",
    "dieser",
    "dieses",
    "diesem",
    "ce",
    "cette",
    "cet",
    "este",
    "esta",
    "kommenden",
    "kommende",
    "kommender",
    "upcoming",
    "current",
    "laufenden",
    "laufende",
];
/// Said before or after: the next one.
pub(super) const NEXT: &[&str] = &[
    "next",
    "nächste",
    "nächsten",
    "nächster",
    "nächstes",
    "nächstem",
    "naechste",
    "naechsten",
    "prochain",
    "prochaine",
    "próximo",
    "próxima",
    "proximo",
    "proxima",
    "following",
    "folgenden",
    "folgende",
];
/// Said before or after: one that is over.
pub(super) const LAST: &[&str] = &[
    "last",
    "past",
    "previous",
    "letzte",
    "letzten",
    "letzter",
    "letztes",
    "vergangene",
    "vergangenen",
    "vorige",
    "vorigen",
    "vorige",
    "dernier",
    "dernière",
    "pasado",
    "pasada",
    "passé",
    "passée",
];
/// Every one, so none in particular.
pub(super) const EVERY: &[&str] = &[
    "every", "each", "jeden", "jede", "jedes", "chaque", "tous", "toutes", "cada", "todos",
    "todas", "usual", "weekly", "most", "per",
];
