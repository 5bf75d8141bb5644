//! The few words code says for itself, by language.

/// What the letter says besides the user's own words.
pub(super) struct Phrases {
    /// Before what the user asked earlier: `{date}`.
    pub(super) asked: &'static str,
    /// Asks for the answer again, gap and all.
    pub(super) again: &'static str,
    /// What happens without an answer, gaps and all.
    pub(super) default_line: &'static str,
    /// Proposes a call.
    pub(super) call: &'static str,
    /// Above the open points.
    pub(super) agenda: &'static str,
    /// Opens a greeting before a first name.
    pub(super) hello: &'static str,
    /// Above a quote: `{date}`, `{name}`.
    pub(super) wrote: &'static str,
    /// Quotation marks.
    pub(super) marks: (&'static str, &'static str),
}

/// The phrases of `language`, English for one not here.
pub(super) fn phrases(language: &str) -> &'static Phrases {
    match language {
        "de" => &GERMAN,
        "fr" => &FRENCH,
        "es" => &SPANISH,
        "it" => &ITALIAN,
        "nl" => &DUTCH,
        _ => &ENGLISH,
    }
}

const ENGLISH: Phrases = Phrases {
    asked: "On {date} I asked you:",
    again: "Could you answer by […]?",
    default_line: "If I don't hear from you by […], I'll […].",
    call: "Shall we settle this in a call of 15 minutes? I could do […].",
    agenda: "To settle:",
    hello: "Hi",
    wrote: "On {date}, {name} wrote:",
    marks: ("“", "”"),
};
const GERMAN: Phrases = Phrases {
    asked: "Am {date} hatte ich gefragt:",
    again: "Ist eine Antwort bis […] möglich?",
    default_line: "Wenn ich bis […] nichts höre, […].",
    call: "Wollen wir das in 15 Minuten am Telefon klären? Mir passt […].",
    agenda: "Zu klären:",
    hello: "Hallo",
    wrote: "Am {date} schrieb {name}:",
    marks: ("„", "“"),
};
const FRENCH: Phrases = Phrases {
    asked: "Le {date}, j'avais demandé :",
    again: "Une réponse d'ici […] est-elle possible ?",
    default_line: "Sans réponse d'ici […], je […].",
    call: "Pouvons-nous régler cela par téléphone en 15 minutes ? Je suis disponible […].",
    agenda: "À régler :",
    hello: "Bonjour",
    wrote: "Le {date}, {name} a écrit :",
    marks: ("« ", " »"),
};
const SPANISH: Phrases = Phrases {
    asked: "El {date} pregunté:",
    again: "¿Es posible una respuesta antes de […]?",
    default_line: "Si no recibo respuesta antes de […], […].",
    call: "¿Lo aclaramos en una llamada de 15 minutos? Me viene bien […].",
    agenda: "Por aclarar:",
    hello: "Hola",
    wrote: "El {date}, {name} escribió:",
    marks: ("«", "»"),
};
const ITALIAN: Phrases = Phrases {
    asked: "Il {date} avevo chiesto:",
    again: "È possibile una risposta entro […]?",
    default_line: "Se non ricevo risposta entro […], […].",
    call: "Ne parliamo al telefono, 15 minuti? Per me va bene […].",
    agenda: "Da chiarire:",
    hello: "Ciao",
    wrote: "Il {date}, {name} ha scritto:",
    marks: ("«", "»"),
};
const DUTCH: Phrases = Phrases {
    asked: "Op {date} vroeg ik:",
    again: "Is een antwoord voor […] mogelijk?",
    default_line: "Als ik voor […] niets hoor, […].",
    call: "Zullen we dit in een kwartier aan de telefoon afstemmen? Ik kan […].",
    agenda: "Af te stemmen:",
    hello: "Hallo",
    wrote: "Op {date} schreef {name}:",
    marks: ("“", "”"),
};
