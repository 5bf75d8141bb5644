//! Which language is a text in?

use std::collections::HashMap;
use std::sync::LazyLock;

use whatlang::{Detector, Lang, Script, detect_script};

/// Languages a mailbox plausibly holds, with their ISO 639-1 codes. Fewer candidates make fewer
/// mistakes on the two or three lines a mail often is.
const LANGUAGES: &[(Lang, &str)] = &[
    (Lang::Eng, "en"),
    (Lang::Deu, "de"),
    (Lang::Fra, "fr"),
    (Lang::Spa, "es"),
    (Lang::Ita, "it"),
    (Lang::Por, "pt"),
    (Lang::Nld, "nl"),
    (Lang::Swe, "sv"),
    (Lang::Dan, "da"),
    (Lang::Nob, "nb"),
    (Lang::Fin, "fi"),
    (Lang::Pol, "pl"),
    (Lang::Ces, "cs"),
    (Lang::Slk, "sk"),
    (Lang::Hun, "hu"),
    (Lang::Ron, "ro"),
    (Lang::Tur, "tr"),
    (Lang::Cat, "ca"),
    (Lang::Hrv, "hr"),
    (Lang::Ind, "id"),
    (Lang::Vie, "vi"),
    (Lang::Rus, "ru"),
    (Lang::Ukr, "uk"),
    (Lang::Bul, "bg"),
    (Lang::Ell, "el"),
    (Lang::Heb, "he"),
    (Lang::Ara, "ar"),
    (Lang::Pes, "fa"),
    (Lang::Hin, "hi"),
    (Lang::Tha, "th"),
    (Lang::Jpn, "ja"),
    (Lang::Cmn, "zh"),
    (Lang::Kor, "ko"),
];

/// Function words, by which short texts are told where letter statistics are unsure. Each belongs to
/// one of these languages only.
const WORDS: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "the", "and", "you", "is", "of", "for", "this", "that", "with", "have", "are",
            "please", "thanks", "your", "we", "to", "it", "be", "will", "can", "if", "our",
            "would", "was", "not", "from",
        ],
    ),
    (
        "de",
        &[
            "und", "der", "das", "ist", "nicht", "ich", "wir", "mit", "bitte", "für", "auf", "ein",
            "eine", "zu", "sie", "auch", "noch", "danke", "den", "dem", "wird", "haben",
        ],
    ),
    (
        "fr",
        &[
            "le", "les", "et", "est", "vous", "nous", "pour", "dans", "des", "une", "pas", "avec",
            "je", "merci", "que", "sur", "votre", "du", "au", "bonjour",
        ],
    ),
    (
        "es",
        &[
            "el", "los", "las", "y", "es", "para", "que", "una", "por", "con", "del", "no",
            "gracias", "su", "nos", "hola", "como", "está", "más",
        ],
    ),
    (
        "it",
        &[
            "il", "che", "di", "per", "una", "con", "sono", "grazie", "non", "della", "ciao",
            "gli", "anche", "questo",
        ],
    ),
    (
        "nl",
        &[
            "het", "een", "van", "en", "ik", "niet", "dat", "je", "wij", "voor", "met", "graag",
            "bedankt", "zijn", "naar",
        ],
    ),
];

/// No word of [`WORDS`] is longer.
const WORD_BYTES_MAX: usize = 12;

/// The places in [`WORDS`] of every word there.
static PLACES: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, (_, words)) in WORDS.iter().enumerate() {
        words.iter().for_each(|word| places.entry(word).or_default().push(at));
    }
    places
});

/// The language of `text` as an ISO 639-1 code (`en`, `de`, …).
///
/// `None` for text under 20 letters (8 in scripts without blanks), and where the statistics
/// (whatlang's trigrams) are not reliable and the function words do not settle it.
pub fn language(text: &str) -> Option<&'static str> {
    const BYTES_MAX: usize = 2_000;
    let text = &text[..text.floor_char_boundary(BYTES_MAX)];
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 8 {
        return None;
    }
    if letters >= 20
        && detect_script(text) == Some(Script::Latin)
        && let Some(code) = by_words(text)
    {
        return Some(code);
    }
    let candidates = LANGUAGES.iter().map(|(lang, _)| *lang).collect();
    let found = Detector::with_allowlist(candidates).detect(text)?;
    let own_script = !matches!(found.script(), Script::Latin | Script::Cyrillic | Script::Arabic);
    let code = LANGUAGES.iter().find(|(lang, _)| *lang == found.lang())?.1;
    if own_script {
        return Some(code);
    }
    if letters < 20 {
        return None;
    }
    (found.is_reliable() && found.confidence() > 0.8).then_some(code)
}

/// The language whose function words stand clearly ahead.
fn by_words(text: &str) -> Option<&'static str> {
    let mut counts = [0usize; WORDS.len()];
    let mut words = 0;
    let mut lower = String::new();
    for word in
        text.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|word| !word.is_empty())
    {
        words += 1;
        if word.len() > WORD_BYTES_MAX {
            continue;
        }
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase));
        for at in PLACES.get(lower.as_str()).into_iter().flatten() {
            counts[*at] += 1;
        }
    }
    let (best, &most) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
    let second =
        counts.iter().enumerate().filter(|(at, _)| *at != best).map(|(_, count)| *count).max()?;
    (most >= 2 && most >= 2 * second.max(1) && most * 8 >= words).then(|| WORDS[best].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(language(text), expected, "{text:?}");
    }

    #[test]
    fn plain_mail_is_told() {
        check("Could you send me the figures by Friday? I need them for the board.", Some("en"));
        check("Please see the attached and let me know.", Some("en"));
        check(
            "Könntest du mir die Zahlen bis Freitag schicken? Ich brauche sie für den Vorstand.",
            Some("de"),
        );
        check(
            "Pourriez-vous m'envoyer les chiffres avant vendredi ? J'en ai besoin pour le conseil.",
            Some("fr"),
        );
        check(
            "¿Podrías enviarme las cifras antes del viernes? Las necesito para el consejo.",
            Some("es"),
        );
        check(
            "Kun je mij de cijfers voor vrijdag sturen? Ik heb ze nodig voor het bestuur.",
            Some("nl"),
        );
        check(
            "Potresti mandarmi i dati entro venerdì? Mi servono per il consiglio di amministrazione.",
            Some("it"),
        );
        check(
            "Не могли бы вы прислать мне цифры до пятницы? Они нужны мне для совета.",
            Some("ru"),
        );
        check("金曜日までに数字を送っていただけますか。", Some("ja"));
        check("请在星期五之前把数字发给我。", Some("zh"));
    }

    #[test]
    fn no_function_word_is_too_long_to_be_looked_up() {
        let words = || WORDS.iter().flat_map(|(_, words)| words.iter());
        assert!(words().all(|word| word.len() <= WORD_BYTES_MAX && PLACES.contains_key(word)));
    }

    #[test]
    fn too_little_is_nothing() {
        check("", None);
        check("ok", None);
        check("Yes, thanks!", None);
        check("1234567890 1234567890 1234567890", None);
        check("https", None);
    }
}
