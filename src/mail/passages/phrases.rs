//! How letters begin and end, in words: greetings, sign-offs, footers.

use super::lines::{starts_folded, word_count};

/// Words a letter may open with, before a name. Longer ones first where one begins another.
const GREETINGS: &[&str] = &[
    "good morning",
    "good afternoon",
    "good evening",
    "good day",
    "greetings",
    "morning",
    "dear",
    "hello",
    "hiya",
    "hey",
    "hi",
    "howdy",
    "sehr geehrte",
    "guten morgen",
    "guten tag",
    "guten abend",
    "hallo",
    "liebe",
    "moin",
    "servus",
    "grüß",
    "grüezi",
    "werte",
    "bonjour",
    "bonsoir",
    "salut",
    "coucou",
    "cher",
    "chère",
    "chers",
    "chères",
    "madame",
    "monsieur",
    "mesdames",
    "hola",
    "buenos días",
    "buenas tardes",
    "buenas",
    "estimad",
    "querid",
    "muy señor",
    "ciao",
    "buongiorno",
    "buonasera",
    "gentile",
    "gentili",
    "egregio",
    "salve",
    "car",
    "olá",
    "oi",
    "bom dia",
    "boa tarde",
    "prezad",
    "car",
    "beste",
    "geachte",
    "goedemorgen",
    "goedemiddag",
    "dag",
    "hej",
    "hejsan",
    "kära",
    "käre",
    "bästa",
    "kjære",
    "kære",
    "hei",
    "moi",
    "god morgen",
    "god dag",
    "goddag",
    "cześć",
    "witam",
    "dzień dobry",
    "szanown",
    "drog",
    "dobrý den",
    "ahoj",
    "vážen",
    "здравствуйте",
    "добрый день",
    "доброе утро",
    "добрый вечер",
    "привет",
    "уважаем",
    "дорог",
    "merhaba",
    "sayın",
    "kedves",
    "tisztelt",
    "stimat",
    "bună ziua",
    "お世話",
    "您好",
    "你好",
    "尊敬的",
    "안녕하세요",
];

/// Words that address nobody by name yet stand in a greeting.
const ADDRESSED: &[&str] = &[
    "all",
    "everyone",
    "everybody",
    "team",
    "folks",
    "guys",
    "gents",
    "ladies",
    "gentlemen",
    "both",
    "and",
    "there",
    "again",
    "sir",
    "madam",
    "or",
    "und",
    "zusammen",
    "alle",
    "et",
    "à",
    "tous",
    "toutes",
    "y",
    "a",
    "todos",
    "todas",
    "e",
    "the",
    "of",
    "von",
    "van",
    "de",
    "der",
    "&",
    "friends",
    "colleagues",
    "kollegen",
    "kolleginnen",
    "collègues",
    "compañeros",
    "tutti",
    "dr",
    "mr",
    "mrs",
    "ms",
    "prof",
];

/// The part of `line` that greets: up to its comma, or all of a short line.
///
/// `Hi Anna,  the figures…` gives `Hi Anna,`; a bare name with a comma counts when nothing else,
/// or a gap of two blanks, follows.
pub(super) fn greeting_len(line: &str) -> Option<usize> {
    const WORDS_MAX: usize = 7;
    let worded = GREETINGS.iter().find(|word| {
        starts_folded(line, word) && {
            let rest = &line[line.len().min(byte_len_folded(line, word))..];
            // Stems (`estimad`, `car`) go on; whole words end.
            rest.is_empty() || !rest.starts_with(char::is_alphanumeric) || STEMS.contains(word)
        }
    });
    let stop =
        line.find([',', '!', ':', ';', '，', '、', '！']).map(|at| (at, after_char(line, at)));
    if worded.is_some() {
        if let Some((at, end)) = stop
            && word_count(&line[..at]) <= WORDS_MAX
            && names_only_after_first(&line[..at])
        {
            // `Hi, Anna,` and `Hello, Anna!` close at their second mark.
            let rest = &line[end..];
            if word_count(&line[..at]) == 1
                && let Some(second) = rest.find([',', '!'])
                && word_count(&rest[..second]) <= 2
                && rest[..second].split_whitespace().all(is_addressee)
            {
                return Some(after_char(line, end + second));
            }
            return Some(end);
        }
        let dash = line.find(" - ").or_else(|| line.find(" – ")).or_else(|| line.find("--"));
        if let Some(at) = dash
            && word_count(&line[..at]) <= 4
            && names_only_after_first(&line[..at])
        {
            return Some(
                at + line[at..].find(|c: char| c != ' ' && c != '-' && c != '–').unwrap_or(0),
            );
        }
        let short = word_count(line) <= 5 && !line.ends_with(['?', '.']);
        if short && names_only_after_first(line) {
            return Some(line.len());
        }
        // `Hi Anna  Attached is…`: two blanks stand for the comma.
        let gap = line.find("  ")?;
        return (word_count(&line[..gap]) <= 4 && names_only_after_first(&line[..gap]))
            .then_some(gap);
    }
    let at = line.find([',', ';', ':', '-', '–'])?;
    let end = after_char(line, at);
    let names = &line[..at];
    let rest = &line[end..];
    let apart = rest.trim_matches(['-', '–', ' ']).is_empty() || rest.starts_with("  ");
    let words = word_count(names);
    (apart
        && (1..=5).contains(&words)
        && names.len() <= 50
        && begins_upper(names)
        && names.split(|c: char| c.is_whitespace() || matches!(c, '/' | '&')).all(is_addressee)
        && !COMMON_OPENERS.iter().any(|word| same_folded(names.trim(), word)))
    .then_some(end)
}

const STEMS: &[&str] = &[
    "estimad",
    "querid",
    "car",
    "prezad",
    "liebe",
    "sehr geehrte",
    "szanown",
    "drog",
    "vážen",
    "уважаем",
    "дорог",
    "stimat",
    "werte",
    "お世話",
    "您好",
    "你好",
    "尊敬的",
    "gentil",
    "grüß",
];

/// Single words with a comma or colon that do not name anybody.
const COMMON_OPENERS: &[&str] = &[
    "yes",
    "no",
    "ok",
    "okay",
    "thanks",
    "thank you",
    "sorry",
    "please",
    "note",
    "ps",
    "fyi",
    "also",
    "however",
    "well",
    "so",
    "sure",
    "great",
    "update",
    "question",
    "questions",
    "summary",
    "today",
    "tomorrow",
    "yesterday",
    "first",
    "second",
    "finally",
    "attached",
    "done",
    "agreed",
    "ja",
    "nein",
    "merci",
    "gracias",
    "agenda",
    "subject",
    "date",
    "time",
    "location",
    "where",
    "when",
    "what",
    "who",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "background",
    "re",
    "importance",
    "cc",
    "to",
    "from",
    "sent",
    "notes",
    "options",
    "details",
    "action items",
    "attendees",
];

fn names_only_after_first(text: &str) -> bool {
    text.split_whitespace().skip(1).all(|word| {
        is_addressee(word)
            || starts_folded(word, "geehrte")
            || starts_folded(word, "señor")
            || GREETINGS.iter().any(|greeting| greeting.ends_with(&word.to_lowercase()))
    })
}

fn is_addressee(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    if bare.is_empty() {
        return true;
    }
    begins_upper(bare)
        || ADDRESSED.iter().any(|known| same_folded(bare, known))
        || !bare.is_ascii() && bare.chars().all(|c| !c.is_lowercase())
}

pub(super) fn begins_upper(text: &str) -> bool {
    text.trim_start().chars().next().is_some_and(char::is_uppercase)
}

pub(super) fn same_folded(text: &str, lower: &str) -> bool {
    text.chars().flat_map(char::to_lowercase).eq(lower.chars())
}

fn byte_len_folded(text: &str, folded: &str) -> usize {
    text.chars().take(folded.chars().count()).map(char::len_utf8).sum()
}

fn after_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

/// Words that make a line a sign-off.
const CLOSING_CORE: &[&str] = &[
    "regards",
    "wishes",
    "thanks",
    "thank",
    "cheers",
    "sincerely",
    "truly",
    "faithfully",
    "respectfully",
    "cordially",
    "love",
    "best",
    "yours",
    "rgds",
    "thx",
    "tx",
    "tks",
    "thanx",
    "br",
    "kr",
    "warmly",
    "xo",
    "xoxo",
    "ta",
    "hugs",
    "grüße",
    "grüßen",
    "gruß",
    "gruss",
    "grüsse",
    "grüssen",
    "dank",
    "danke",
    "lg",
    "vg",
    "mfg",
    "hochachtungsvoll",
    "cordialement",
    "amicalement",
    "sincèrement",
    "salutations",
    "merci",
    "bises",
    "bisous",
    "cdt",
    "cdlt",
    "respectueusement",
    "saludos",
    "saludo",
    "abrazo",
    "atentamente",
    "gracias",
    "atte",
    "besos",
    "saluti",
    "saluto",
    "grazie",
    "atenciosamente",
    "att",
    "abraço",
    "abraços",
    "obrigado",
    "obrigada",
    "cumprimentos",
    "groet",
    "groeten",
    "groetjes",
    "mvg",
    "bedankt",
    "hälsning",
    "hälsningar",
    "mvh",
    "hilsen",
    "hilsner",
    "tack",
    "tak",
    "takk",
    "vh",
    "kh",
    "poważaniem",
    "pozdrawiam",
    "pozdrowienia",
    "dziękuję",
    "уважением",
    "спасибо",
    "пожеланиями",
    "pozdravem",
    "děkuji",
    "saygılarımla",
    "teşekkürler",
    "terveisin",
    "kiitos",
    "üdvözlettel",
    "köszönöm",
    "敬具",
    "よろしくお願いいたします",
    "谢谢",
    "此致",
    "vous",
    "toi",
    "care",
    "bald",
    "bientôt",
    "presto",
    "luego",
    "soon",
    "later",
    "ciao",
    "tschüss",
];

/// Words that may stand beside one of those.
const CLOSING_SIDE: &[&str] = &[
    "with",
    "kind",
    "kindest",
    "warm",
    "warmest",
    "many",
    "very",
    "you",
    "all",
    "the",
    "and",
    "&",
    "again",
    "in",
    "advance",
    "so",
    "much",
    "a",
    "lot",
    "take",
    "my",
    "our",
    "most",
    "from",
    "good",
    "million",
    "bunch",
    "mit",
    "freundlichen",
    "freundlichem",
    "freundliche",
    "freundlicher",
    "besten",
    "beste",
    "bester",
    "liebe",
    "lieben",
    "lieber",
    "viele",
    "vielen",
    "herzliche",
    "herzlichen",
    "herzlicher",
    "schöne",
    "schönen",
    "sonnige",
    "aus",
    "und",
    "im",
    "voraus",
    "ganz",
    "ihr",
    "ihre",
    "euer",
    "dein",
    "deine",
    "bis",
    "bien",
    "à",
    "sincères",
    "meilleures",
    "d'avance",
    "d’avance",
    "beaucoup",
    "par",
    "un",
    "cordiales",
    "cordial",
    "muchas",
    "de",
    "antemano",
    "afectuoso",
    "hasta",
    "cordiali",
    "distinti",
    "caro",
    "mille",
    "con",
    "com",
    "os",
    "melhores",
    "met",
    "vriendelijke",
    "hartelijke",
    "alvast",
    "med",
    "vänlig",
    "vänliga",
    "venlig",
    "vennlig",
    "bästa",
    "z",
    "с",
    "наилучшими",
    "заранее",
    "s",
    "ystävällisin",
    "see",
    "talk",
    "speak",
    "grand",
    "warmen",
];

/// What a closing line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// `Best regards,`
    Words,
    /// `Thanks, Anna`
    WordsAndName,
    /// `Thanks for your help.`: only a closing when a name or nothing follows.
    Thanks,
}

/// Whether a line is one that closes a letter.
pub(super) fn closing(line: &str) -> Option<Closing> {
    let line = line.trim();
    if line.is_empty() || line.len() > 90 || line.ends_with('?') {
        return None;
    }
    let bare = line.trim_end_matches([',', '.', '!', ';', '-', '–', '—', ' ', ':', '~']);
    if closing_words(bare) {
        return Some(Closing::Words);
    }
    let cut = bare.find([',', '!', '.', '-', '–', ';']).or_else(|| bare.find("  "));
    if let Some(at) = cut
        && closing_words(bare[..at].trim())
        && is_name(bare[at..].trim_start_matches([',', '!', '.', '-', '–', ';', ' ']))
    {
        return Some(Closing::WordsAndName);
    }
    let thanks = [
        "thanks",
        "thank you",
        "many thanks",
        "thx",
        "danke",
        "vielen dank",
        "besten dank",
        "merci",
        "gracias",
        "muchas gracias",
        "grazie",
    ];
    (thanks.iter().any(|word| starts_folded(bare, word))
        && word_count(bare) <= 10
        && !bare.contains(". "))
    .then_some(Closing::Thanks)
}

fn closing_words(text: &str) -> bool {
    let mut core = false;
    let mut count = 0;
    for word in text.split_whitespace() {
        let bare = word.trim_matches([',', '.', '!', '/']).to_lowercase();
        if bare.is_empty() {
            continue;
        }
        count += 1;
        if CLOSING_CORE.contains(&bare.as_str()) {
            core = true;
        } else if !CLOSING_SIDE.contains(&bare.as_str()) {
            return false;
        }
    }
    core && count <= 6
}

/// A line that is a person's name: `Anna Muster`, `A. Muster`, `- anna`, `Anna Muster, Ph.D.`
pub(super) fn is_name(line: &str) -> bool {
    let text = line
        .trim()
        .trim_start_matches(['-', '–', '—', '~', '/', '*', ' '])
        .trim_end_matches(['*', ' ', '.', ',']);
    let words = word_count(text);
    if words == 0 || words > 5 || text.len() > 50 || text.contains(['@', '?', '!', ':', '<', '=']) {
        return false;
    }
    if text.chars().any(|c| c.is_ascii_digit()) || !text.chars().any(char::is_alphabetic) {
        return false;
    }
    let lone_lower = words == 1 && text.len() <= 14 && text.chars().all(char::is_alphabetic);
    lone_lower
        || text.split_whitespace().all(|word| {
            begins_upper(word.trim_start_matches(['(', '"', '\'']))
                || [
                    "von",
                    "van",
                    "de",
                    "der",
                    "den",
                    "da",
                    "di",
                    "del",
                    "la",
                    "le",
                    "al",
                    "bin",
                    "and",
                    "und",
                    "&",
                    "y",
                    "et",
                    "(she/her)",
                    "(he/him)",
                    "(they/them)",
                ]
                .contains(&word)
        })
}

/// A postscript: the writer's own words after the name.
pub(super) fn is_postscript(line: &str) -> bool {
    ["p.s.", "ps:", "ps.", "ps ", "ps-", "p.p.s", "pps", "p.d.", "n.b."]
        .iter()
        .any(|mark| starts_folded(line, mark))
}

/// `Sent from my iPhone` and its like, in one short line.
pub(super) fn is_device_line(line: &str) -> bool {
    const OPENERS: &[&str] = &[
        "sent from",
        "sent via",
        "sent with",
        "sent by my",
        "sent using",
        "sent on the",
        "get outlook for",
        "envoyé de",
        "envoyé depuis",
        "envoyé à partir",
        "enviado desde",
        "enviado do meu",
        "enviado de",
        "inviato da",
        "inviato dal",
        "verstuurd vanaf",
        "verzonden vanaf",
        "verzonden met",
        "skickat från",
        "sendt fra",
        "lähetetty",
        "wysłane z",
        "отправлено с",
        "отправлено из",
        "odesláno z",
        "gesendet von",
        "gesendet mit",
        "von meinem",
        "diese nachricht wurde von meinem",
        "发自我的",
        "发送自",
        "iphoneから送信",
        "나의 iphone",
        "via mobile",
        "via iphone",
        "via android",
        "typed on",
        "composed on",
        "on the go",
        "obtener outlook",
        "télécharger outlook",
        "holen sie sich outlook",
        "outlook für",
        "scarica outlook",
        "via my",
        "from my iphone",
        "from my mobile",
        "enviat des",
        "trimis de pe",
        "iphone'umdan",
    ];
    const THINGS: &[&str] = &["desk", "office", "home", "account", "server"];
    let line = line.trim().trim_matches(['-', '_', '*', '(', ')', '[', ']', '<', '>', ' ']);
    if line.len() > 110 || !OPENERS.iter().any(|opener| starts_folded(line, opener)) {
        return false;
    }
    let words = word_count(line);
    let plain = starts_folded(line, "sent from my") && line.contains(',') && words > 7;
    let about_a_thing = line.ends_with('.') && THINGS.iter().any(|thing| line.contains(thing));
    words <= 12 && !plain && !about_a_thing && !line.ends_with('?')
}

/// Text of a company's lawyers.
pub(super) fn is_legal(paragraph: &str) -> bool {
    const OPENERS: &[&str] = &[
        "this e-mail",
        "this email",
        "this message",
        "this electronic",
        "this communication",
        "this transmission",
        "the information contained",
        "the information in this",
        "information contained",
        "confidential",
        "the contents of this",
        "disclaimer",
        "privileged",
        "notice:",
        "important notice",
        "important:",
        "legal notice",
        "any views",
        "unless otherwise",
        "if you are not the",
        "if you have received this",
        "if you received this",
        "diese e-mail",
        "diese email",
        "diese nachricht",
        "der inhalt dieser",
        "vertraulich",
        "wichtiger hinweis",
        "ce message",
        "ce courriel",
        "ce mail",
        "cet e-mail",
        "ce courrier",
        "avis de confidentialité",
        "este mensaje",
        "este correo",
        "aviso legal",
        "la información contenida",
        "questo messaggio",
        "le informazioni contenute",
        "esta mensagem",
        "este e-mail",
        "este email",
        "dit bericht",
        "deze e-mail",
        "de informatie",
        "internet communications",
        "e-mail transmission",
        "please consider the environment",
        "please note that",
        "the sender",
        "nothing in this",
        "to comply with",
        "irs circular",
        "pursuant to",
    ];
    const WORDS: &[&str] = &[
        "confidential",
        "privileged",
        "intended recipient",
        "intended only",
        "intended solely",
        "intended for",
        "solely for the use",
        "unauthorized",
        "unauthorised",
        "dissemination",
        "disclosure",
        "disclose",
        "distribution",
        "delete",
        "notify",
        "virus",
        "liability",
        "prohibited",
        "received this",
        "in error",
        "addressee",
        "vertraulich",
        "empfänger",
        "irrtümlich",
        "vernichten",
        "unbefugt",
        "confidentiel",
        "destinataire",
        "erreur",
        "détruire",
        "divulgation",
        "confidencial",
        "destinatario",
        "privilegiada",
        "eliminar",
        "riservat",
        "vertrouwelijk",
        "geadresseerde",
        "before printing",
        "penalties",
        "legally binding",
        "viruses",
    ];
    let opener = paragraph.trim_start_matches(|c: char| !c.is_alphanumeric());
    if !OPENERS.iter().any(|word| starts_folded(opener, word)) {
        return false;
    }
    let lower = paragraph.to_lowercase();
    WORDS.iter().filter(|word| lower.contains(**word)).count() >= 2
}

/// What a mailing list or a free mail service puts below.
pub(super) fn is_list_footer(paragraph: &str) -> bool {
    const MARKS: &[&str] = &[
        "unsubscribe",
        "mailing list",
        "mailman/listinfo",
        "you received this message because",
        "you are receiving this",
        "you're receiving this",
        "you have received this message because",
        "you received this email because",
        "this email was sent to",
        "this message was sent to",
        "manage your subscription",
        "manage preferences",
        "update your preferences",
        "email preferences",
        "yahoo! groups",
        "do you yahoo",
        "get your free",
        "get free email",
        "join the world",
        "msn explorer",
        "msn photos",
        "msn hotmail",
        "view this email in your browser",
        "to post to this",
        "reply to this email directly",
        "view it on github",
        "abmelden",
        "abbestellen",
        "désabonner",
        "désinscrire",
        "darse de baja",
        "cancelar suscripción",
        "annulla l'iscrizione",
        "disiscriverti",
        "afmelden",
        "this sf.net email is sponsored",
        "sponsored by",
        "your use of yahoo",
        "list info",
        "list-archive",
        "to subscribe",
        "privacy policy",
        "all rights reserved",
        "this mail sent through",
        "scanned for viruses",
        "scanned by",
        "virus-free",
        "avg free",
        "avast",
        "scan engine",
    ];
    let lower = paragraph.to_lowercase();
    MARKS.iter().any(|mark| lower.contains(mark))
}
