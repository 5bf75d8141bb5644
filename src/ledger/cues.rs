//! What a sentence's words say plainly, beside the reader's opinion.
//!
//! Short lists of phrases in English, German, French, Spanish and Dutch. They give log-odds that are
//! added to the reader's, so neither decides alone: a question mark in a headline is no ask, and a
//! request the reader has not met before is still one.

use super::phrases::Folded;

/// Log-odds for and against each label of a sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cues {
    pub(crate) ask: f32,
    pub(crate) promise: f32,
    pub(crate) deadline: f32,
    pub(crate) decision: f32,
}

/// The cues of one sentence; `time` says that a time was read in it, and whether a word makes it a
/// limit.
pub(crate) fn cues(sentence: &str, time: Option<bool>) -> Cues {
    let folded = Folded::new(sentence);
    let question = sentence.contains(['?', '？', '¿']);
    let deadline = match time {
        Some(true) => 2.4,
        Some(false) => 0.8,
        None => -1.5,
    };
    Cues {
        ask: ask(sentence, &folded, question, time.is_some()),
        promise: promise(&folded, question),
        deadline,
        decision: decision(&folded, question),
    }
}

fn ask(sentence: &str, folded: &Folded, question: bool, timed: bool) -> f32 {
    let mut odds: f32 = 0.0;
    if question {
        odds += 2.4;
    }
    if folded.any(REQUESTS) {
        odds += 2.6;
    } else if folded.any(NEEDS) {
        odds += 2.0;
    }
    if odds < 2.0 && begins_with_order(sentence, folded) {
        odds += 1.9;
    }
    if odds > 0.0 && timed {
        odds += 0.5;
    }
    if folded.any(NOT_ASKED) {
        odds -= 4.0;
    }
    if folded.any(CAUTIONS) && !question {
        odds -= 2.6;
    }
    if odds == 0.0 { -0.6 } else { odds.clamp(-4.0, 3.5) }
}

/// An order at the start (`Send me…`), also after a name (`Ada, send me…`) or a word like `and`.
fn begins_with_order(sentence: &str, folded: &Folded) -> bool {
    if folded.begins_any(ORDERS) {
        return true;
    }
    let head: String = sentence.chars().take(24).collect();
    head.split_once([',', ':'])
        .is_some_and(|(name, _)| {
            name.split_whitespace().count() <= 2
                && Folded::new(&sentence[name.len() + 1..]).begins_any(ORDERS)
        })
        || folded
            .words()
            .next()
            .is_some_and(|first| ["and", "also", "then", "und", "et"].contains(&first))
            && Folded::new(sentence.split_once(' ').map_or("", |(_, rest)| rest)).begins_any(ORDERS)
}

fn promise(folded: &Folded, question: bool) -> f32 {
    let mut odds: f32 = 0.0;
    if folded.any(PROMISES) {
        odds += 2.8;
    } else if folded.any(FUTURES) {
        odds += 1.7;
    }
    if folded.any(NO_PROMISE) {
        odds -= 2.5;
    }
    if question {
        odds -= 2.0;
    }
    if odds == 0.0 { -1.0 } else { odds.clamp(-4.0, 3.5) }
}

fn decision(folded: &Folded, question: bool) -> f32 {
    let mut odds: f32 = 0.0;
    if folded.any(DECISIONS) {
        odds += 3.0;
    } else if folded.begins_any(APPROVALS) {
        odds += 1.8;
    }
    if folded.any(UNDECIDED) {
        odds -= 3.0;
    }
    if question {
        odds -= 2.5;
    }
    if odds == 0.0 { -1.2 } else { odds.clamp(-4.0, 3.5) }
}

const REQUESTS: &[&str] = &[
    "please", "pls", "kindly", "could you", "can you", "would you", "will you", "could someone",
    "can someone", "could somebody", "can somebody", "could everyone", "let me know", "tell me",
    "send me", "give me", "show me", "may i ask", "i'd like you to", "i would like you to",
    "i need you", "need your", "need you to", "need a yes", "need an answer", "need one answer", "would like to know", "we'd like to know", "i'd like to know", "möchte wissen", "möchten wissen", "aimerais savoir", "aimerions savoir", "quisiera saber",
    "waiting for your", "awaiting your", "await your", "looking forward to your", "your go ahead",
    "could you please", "do you approve", "are you in", "if you could", "would appreciate",
    "would be grateful for your", "i'd be grateful", "call me", "i want you to", "shall i", "shall we",
    "make sure you", "remind me", "get back to me", "write to me by", "reply by", "respond by",
    "bitte", "können sie", "kannst du", "könnten sie", "könntest du", "würden sie", "würdest du",
    "sagen sie mir", "sag mir", "geben sie", "teilen sie", "schicken sie", "schick mir",
    "ich brauche", "wir brauchen von", "fehlen mir noch", "hätten wir gern", "hätte ich gern",
    "bitte um", "gib mir bescheid", "melden sie sich", "pourriez vous", "pouvez vous",
    "pourrais tu", "peux tu", "merci de", "veuillez", "dites moi", "dis moi", "j'aurais besoin",
    "j'ai besoin", "il me faut", "faut il", "envoyez moi", "por favor", "podrías", "podría",
    "puedes", "puede usted", "necesito que", "necesito", "dime", "díganos", "avísame",
    "envíame", "kun je", "kunt u", "zou je", "zou u", "graag ontvang", "laat me weten", "alsjeblieft",
    "alstublieft", "per favore", "potresti", "potrebbe", "fammi sapere", "poderia", "você pode",
];

const NEEDS: &[&str] = &[
    "i need", "i would need", "i'd need from you", "we need from you", "we still need",
    "i need two", "i need three", "we require", "i require", "i want the", "i want a", "i want operations",
    "you need to", "you have to", "you must", "you should", "don't forget", "do not forget",
    "action required", "is required from you", "needs your", "is missing on", "your signature",
    "if i hear nothing", "unless i hear",
];

/// Verbs that, opening a sentence, tell somebody to do something.
const ORDERS: &[&str] = &[
    "add", "advise", "answer", "approve", "arrange", "ask", "book", "bring", "call", "change", "check",
    "choose", "complete", "confirm", "contact", "copy", "correct", "create", "decide", "delete", "do",
    "draft", "edit", "email", "ensure", "enter", "explain", "fill", "find", "finish", "fix", "follow up",
    "forward", "get", "give", "have a look", "help", "include", "inform", "keep", "leave", "look at",
    "look into", "mail", "make", "move", "note", "order", "pay", "phone", "pick", "plan", "post",
    "prepare", "print", "put", "read", "remember", "remove", "reply", "respond", "return", "review",
    "ring", "save", "schedule", "send", "set up", "share", "show", "sign", "speak to", "start", "submit",
    "take", "talk to", "tell", "think about", "try", "turn", "update", "upload", "use", "verify", "write",
    "schicke", "schick", "prüfe", "ruf", "rufen sie", "nennen sie", "senden sie", "antworten sie",
    "envoie", "envoyez", "confirmez", "vérifiez", "envía", "confirma", "revisa", "stuur", "bel",
];

/// Said to be polite, or to say that nothing is asked.
const NOT_ASKED: &[&str] = &[
    "no need to", "no reply needed", "no answer needed", "no reply necessary", "no action needed",
    "no action required", "need to do anything", "nothing to do", "don't need to", "do not need to",
    "feel free to", "don't hesitate", "do not hesitate", "if you have any questions",
    "if you have questions", "if you have any further questions", "any questions or concerns",
    "should you have any", "please find", "find attached", "please see attached", "how are you",
    "hope you are", "how is it going", "thank you for your", "thanks for your", "let me know if you need anything",
    "let me know if you have any", "let me know if i can", "let me know if there is anything",
    "if that was you", "did you know", "who knows", "guess what", "take care", "have a great", "have a nice",
    "keine antwort nötig", "kein handlungsbedarf", "bei fragen", "bei rückfragen", "anbei finden sie",
    "n'hésitez pas", "vous n'avez rien à", "si vous avez des questions", "veuillez agréer",
    "veuillez trouver", "no dude en", "no dudes en", "si tiene alguna", "no hace falta",
    "happy to answer questions", "if you are curious", "unsubscribe", "read in the browser",
    "if not also fine", "call needed", "above this line",
];

/// A wish that something does not happen: rarely wants an answer.
const CAUTIONS: &[&str] = &[
    "please don't", "please do not", "please not", "please no", "just please", "bitte nicht", "bitte keine",
];

const PROMISES: &[&str] = &[
    "i promise", "we promise", "i'll send", "i will send", "we'll send", "we will send", "you'll have",
    "you will have", "you'll get", "you will get", "you get it by", "you'll hear", "you will hear",
    "you will receive", "you'll receive", "i'll get back", "i will get back", "i'll let you know",
    "i will let you know", "let you have my", "i'll call", "i will call", "i'll do", "i will do", "i'll take care",
    "i will take care", "will reach you", "i'll bring", "i'll write", "i will write", "i'll fix",
    "i'll prepare", "i'll make sure", "i'll forward", "i'll check", "i will check", "i'll look into",
    "i will look into", "i'll update", "i'll follow up", "i will follow up", "i'll have it", "leave it with me",
    "consider it done", "next update from me", "i'll fetch", "i'll talk to", "i will talk to", "i'll pay",
    "we'll have it", "count on me", "from me by", "i'll take it to", "i'll add it", "i'll review", "i will review",
    "ich schicke", "ich sende", "ich werde", "ich melde mich", "melde mich", "ich kümmere", "ich erledige",
    "bekommen sie", "bekommst du", "erhalten sie von", "wir schicken", "wir senden", "wir werden",
    "liefere ich", "ich rufe", "ich gebe ihnen", "kommt spätestens", "je vous envoie", "je t'envoie",
    "je vous enverrai", "j'enverrai", "je m'en occupe", "je vous tiens", "vous aurez", "tu auras",
    "je vais vous", "je reviens vers", "nous vous enverrons", "te envío", "le envío", "te enviaré",
    "le enviaré", "enviaré", "me encargo", "lo haré", "te llamo", "tendrás", "tendrá usted", "ik stuur",
    "ik zal", "je krijgt", "u ontvangt", "wood is mine", "cake is mine",
];

const FUTURES: &[&str] = &[
    "i'll", "i will", "we'll", "we will", "i am going to", "i'm going to", "follows by", "follows at",
];

/// Future, but nothing that somebody could wait for.
const NO_PROMISE: &[&str] = &[
    "i'll be happy", "i will be happy", "i'll be away", "i will be away", "i'll be out", "i will be out",
    "i'll be in", "i will be in", "i'll be at", "i will be at", "i'll wait", "i will wait", "i'll see", "we'll see", "we will see", "i will need",
    "i'll need", "we will need", "we'll need", "i'll never", "we will not", "i will not", "we won't", "i won't", "if i hear",
    "i'll assume", "i will assume", "you'll have to", "you will have to", "you'll get used", "i'll be honest", "we'll miss", "i'll admit",
    "i'll be there", "we will be happy", "will read it then", "one of our", "if i", "if we",
];

const DECISIONS: &[&str] = &[
    "we've decided", "we have decided", "i've decided", "i have decided", "we decided", "i decided",
    "it is decided", "it was decided", "was decided", "has been decided", "decision is", "new decision",
    "decision made", "the decision", "we agreed", "we have agreed", "we've agreed", "it was agreed", "is agreed",
    "let's go with", "we'll go with", "we will go with", "we go with", "i'll go with", "going with",
    "we are going with", "we're going with", "is approved", "are approved", "has been approved", "you have my approval", "we will not be", "we chose",
    "we have chosen", "we've chosen", "final answer", "settled on", "we settled", "decided without objection", "yes from me",
    "is cancelled", "called off", "wir haben entschieden", "wir haben beschlossen", "beschlossen",
    "ich habe entschieden", "ist entschieden", "wir nehmen", "wir haben uns entschieden",
    "entscheidung steht", "freigegeben", "nous avons décidé", "j'ai décidé", "il a été décidé",
    "c'est décidé", "décision prise", "hemos decidido", "he decidido", "se ha decidido", "queda aprobado",
    "we hebben besloten", "is besloten", "abbiamo deciso", "decidimos",
];

/// A short yes that settles something.
const APPROVALS: &[&str] = &[
    "approved", "agreed", "pay it", "go ahead", "yes go ahead", "up to", "genehmigt", "einverstanden",
    "d'accord", "aprobado", "akkoord", "go with", "forget what", "new decision",
];

const UNDECIDED: &[&str] = &[
    "before we decide", "before i decide", "not decided", "haven't decided", "have not decided",
    "not yet decided", "to decide", "will you decide", "you decide", "need a decision", "needs a decision",
    "your decision", "without a decision", "the decision is yours", "help deciding", "until a decision", "decision is due",
    "what i decided", "if we decide", "if you decide", "should decide", "must decide", "can decide", "could decide", "noch nicht entschieden",
];

#[cfg(test)]
mod tests {
    use super::cues;

    #[track_caller]
    fn check(sentence: &str, expected: &str) {
        let found = cues(sentence, None);
        let labels: String = [("a", found.ask), ("p", found.promise), ("d", found.decision)]
            .iter()
            .filter(|(_, odds)| *odds > 1.3)
            .map(|(label, _)| *label)
            .collect();
        assert_eq!(labels, expected, "{sentence:?}: {found:?}");
    }

    #[test]
    fn asks_are_heard() {
        for sentence in [
            "Could you send it over, together with the credit?",
            "Send me the list as one file.",
            "Ben, put the risk on the page too.",
            "And I need one answer today.",
            "Bitte nennen Sie uns die Kosten.",
            "Pourriez-vous me répondre avant midi ?",
            "If you could let me know once it is signed, that would help.",
            "¿Puedes revisarlo?",
        ] {
            check(sentence, "a");
        }
    }

    #[test]
    fn politeness_is_no_ask() {
        for sentence in [
            "Please find the minutes attached.",
            "Let me know if you have any questions.",
            "No need to reply, just fix it!",
            "How are you?",
            "N'hésitez pas à revenir vers moi.",
            "The windows look lovely, by the way.",
        ] {
            check(sentence, "");
        }
    }

    #[test]
    fn promises_are_heard() {
        for sentence in [
            "I'll send you the full protocol by Monday.",
            "You will have a draft tonight.",
            "Ich melde mich bis Freitag.",
            "Je vous envoie le plan demain.",
        ] {
            check(sentence, "p");
        }
        check("I will be away until Monday.", "");
        check("Shall I send it, or will you?", "a");
    }

    #[test]
    fn decisions_are_heard() {
        check("We've decided: the office moves in May.", "d");
        check("Wir haben beschlossen, das Lager zu schließen.", "d");
        check("Nothing is decided until the board meets, and they haven't decided.", "");
        check("Will you decide?", "a");
    }
}
