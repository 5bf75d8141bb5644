//! The phrases that cues are told by.

pub(super) const REQUESTS: &[&str] = &[
    "please", "pls", "kindly", "could you", "can you", "would you", "will you", "could someone",
    "can someone", "could somebody", "can somebody", "could everyone", "let me know", "tell me",
    "send me", "give me", "show me", "may i ask", "i'd like you to", "i would like you to",
    "i need you", "need your", "need you to", "need a yes", "need an answer", "need one answer",
    "would like to know", "we'd like to know", "i'd like to know", "want to know", "möchte wissen",
    "möchten wissen", "aimerais savoir", "aimerions savoir", "quisiera saber", "waiting for your",
    "awaiting your", "await your", "looking forward to your", "your go ahead", "could you please",
    "do you approve", "are you in", "if you could", "would appreciate",
    "would be grateful for your", "i'd be grateful", "call me", "i want you to", "shall i",
    "shall we", "make sure you", "remind me", "get back to me", "write to me by", "reply by",
    "respond by", "bitte", "können sie", "kannst du", "könnten sie", "könntest du", "würden sie",
    "würdest du", "sagen sie mir", "sag mir", "geben sie", "teilen sie", "schicken sie",
    "schick mir", "ich brauche", "wir brauchen von", "fehlen mir noch", "hätten wir gern",
    "hätte ich gern", "bitte um", "gib mir bescheid", "melden sie sich", "pourriez vous",
    "pouvez vous", "pourrais tu", "peux tu", "merci de", "veuillez", "dites moi", "dis moi",
    "j'aurais besoin", "j'ai besoin", "il me faut", "faut il", "envoyez moi", "por favor",
    "podrías", "podría", "puedes", "puede usted", "necesito que", "necesito", "dime", "díganos",
    "avísame", "envíame", "kun je", "kunt u", "zou je", "zou u", "graag ontvang", "laat me weten",
    "alsjeblieft", "alstublieft", "per favore", "potresti", "potrebbe", "fammi sapere", "poderia",
    "você pode",
];

/// A question that speaks to somebody.
pub(super) const YOU: &[&str] = &[
    "you", "your", "sie", "ihr", "ihnen", "ihre", "du", "dir", "dich", "dein", "deine", "vous",
    "votre", "tu", "toi", "te", "usted", "ustedes", "su", "je", "jij", "jullie", "jou", "voi",
    "lei", "você",
];

/// What is promised only if something comes first.
pub(super) const CONDITIONS: &[&str] = &[
    "if", "unless", "wenn", "falls", "si", "als", "se",
];

pub(super) const NEEDS: &[&str] = &[
    "i need", "i would need", "i'd need from you", "we need from you", "we still need",
    "i need two", "i need three", "we require", "i require", "i want the", "i want a",
    "you need to", "you have to", "you must", "you should", "don't forget",
    "do not forget", "action required", "is required from you", "needs your", "is missing on",
    "your signature", "if i hear nothing", "unless i hear",
];

/// Verbs that, opening a sentence, tell somebody to do something.
pub(super) const ORDERS: &[&str] = &[
    "add", "advise", "answer", "approve", "arrange", "ask", "book", "bring", "call", "change",
    "check", "choose", "complete", "confirm", "contact", "copy", "correct", "create", "decide",
    "delete", "do", "draft", "edit", "email", "ensure", "enter", "explain", "fill", "find",
    "finish", "fix", "follow up", "forward", "get", "give", "have a look", "help", "include",
    "inform", "keep", "leave", "look at", "look into", "mail", "make", "move", "note", "order",
    "pay", "phone", "pick", "plan", "post", "prepare", "print", "put", "read", "remember", "remove",
    "reply", "respond", "return", "review", "ring", "save", "schedule", "send", "set up", "share",
    "show", "sign", "speak to", "start", "submit", "take", "talk to", "tell", "think about", "try",
    "turn", "update", "upload", "use", "verify", "write", "schicke", "schick", "prüfe", "ruf",
    "rufen sie", "nennen sie", "senden sie", "antworten sie", "envoie", "envoyez", "confirmez",
    "vérifiez", "envía", "confirma", "revisa", "stuur", "bel",
];

/// Said to be polite, or to say that nothing is asked.
pub(super) const NOT_ASKED: &[&str] = &[
    "no need to", "no reply needed", "no answer needed", "no reply necessary", "no action needed",
    "no action required", "need to do anything", "nothing to do", "don't need to", "do not need to",
    "feel free to", "don't hesitate", "do not hesitate", "if you have any questions",
    "if you have questions", "if you have any further questions", "any questions or concerns",
    "should you have any", "please find", "find attached", "please see attached", "how are you",
    "hope you are", "how is it going", "thank you for your", "thanks for your",
    "let me know if you need anything", "let me know if you have any", "let me know if i can",
    "let me know if there is anything", "if that was you", "did you know", "who knows",
    "guess what", "take care", "have a great", "have a nice", "keine antwort nötig",
    "kein handlungsbedarf", "bei fragen", "bei rückfragen", "anbei finden sie", "n'hésitez pas",
    "vous n'avez rien à", "si vous avez des questions", "veuillez agréer", "veuillez trouver",
    "no dude en", "no dudes en", "si tiene alguna", "no hace falta", "happy to answer questions",
    "if you are curious", "unsubscribe", "read in the browser", "call needed",
    "above this line",
];

/// A wish that something does not happen: rarely wants an answer.
pub(super) const CAUTIONS: &[&str] = &[
    "please don't", "please do not", "please not", "please no", "just please", "bitte nicht",
    "bitte keine",
];

pub(super) const PROMISES: &[&str] = &[
    "i promise", "we promise", "i'll send", "i will send", "we'll send", "we will send",
    "you'll have", "you will have", "you'll get", "you will get", "you get it by", "you'll hear",
    "you will hear", "you will receive", "you'll receive", "i'll get back", "i will get back",
    "i'll let you know", "i will let you know", "let you have my", "i'll call", "i will call",
    "i'll do", "i will do", "i'll take care", "i will take care", "will reach you", "i'll bring",
    "i'll write", "i will write", "i'll fix", "i'll prepare", "i'll make sure", "i'll forward",
    "i'll check", "i will check", "get back to you", "hear from me", "i'll look into", "i will look into", "i'll update",
    "i'll follow up", "i will follow up", "i'll have it", "leave it with me", "consider it done",
    "next update from me", "i'll fetch", "i'll talk to", "i will talk to", "i'll pay",
    "we'll have it", "count on me", "from me by", "i'll take it to", "i'll add it", "i'll review",
    "i will review", "ich schicke", "ich sende", "ich werde", "ich melde mich", "melde mich",
    "ich kümmere", "ich erledige", "bekommen sie", "bekommst du", "erhalten sie von",
    "wir schicken", "wir senden", "wir werden", "liefere ich", "ich rufe", "ich gebe ihnen",
    "kommt spätestens", "je vous envoie", "je t'envoie", "je vous enverrai", "j'enverrai",
    "je m'en occupe", "je vous tiens", "vous aurez", "tu auras", "je vais vous", "je reviens vers",
    "nous vous enverrons", "te envío", "le envío", "te enviaré", "le enviaré", "enviaré",
    "me encargo", "lo haré", "te llamo", "tendrás", "tendrá usted", "ik stuur", "ik zal",
    "je krijgt", "u ontvangt", 
];

pub(super) const FUTURES: &[&str] = &[
    "i'll", "i will", "we'll", "we will", "i am going to", "i'm going to", "follows by",
    "follows at",
];

/// Future, but nothing that somebody could wait for.
pub(super) const NO_PROMISE: &[&str] = &[
    "i'll be happy", "i will be happy", "i'll be away", "i will be away", "i'll be out",
    "i will be out", "i'll be in", "i will be in", "i'll be at", "i will be at", "i'll wait",
    "i will wait", "i'll see", "we'll see", "we will see", "i will need", "i'll need",
    "we will need", "we'll need", "i'll never", "we will not", "i will not", "we won't", "i won't",
    "if i hear", "i'll assume", "i will assume", "you'll have to", "you will have to",
    "you'll get used", "i'll be honest", "we'll miss", "i'll admit", "i'll be there",
    "we will be happy", "will read it then", "one of our", "if i", "if we", "i'll leave you", "i will leave you",
    "won't bother", "will not bother", "i'll stop", "i will stop",
];

/// Said of nothing but a decision.
pub(super) const DECIDED: &[&str] = &[
    "we've decided", "we have decided", "i've decided", "i have decided", "it is decided",
    "it has been decided", "new decision", "decision made", "wir haben entschieden",
    "wir haben beschlossen", "ich habe entschieden", "neue entscheidung", "nous avons décidé",
    "j'ai décidé", "il a été décidé", "nouvelle décision", "hemos decidido", "he decidido",
    "nueva decisión", "we hebben besloten", "abbiamo deciso",
];

pub(super) const DECISIONS: &[&str] = &[
    "we decided", "i decided", "it was decided", "was decided", "has been decided", "decision is",
    "the decision", "we agreed", "we have agreed", "we've agreed",
    "it was agreed", "is agreed", "let's go with", "we'll go with", "we will go with", "we go with",
    "i'll go with", "going with", "we are going with", "we're going with", "is approved",
    "are approved", "has been approved", "you have my approval", "we will not be", "we chose",
    "we have chosen", "we've chosen", "final answer", "settled on", "we settled",
    "decided without objection", "yes from me", "is cancelled", "called off",
    "beschlossen", "ist entschieden", "wir nehmen", "wir haben uns entschieden", "entscheidung steht",
    "freigegeben", "c'est décidé", "décision prise", "se ha decidido", "queda aprobado",
    "is besloten", "decidimos",
];

/// A short yes that settles something.
pub(super) const APPROVALS: &[&str] = &[
    "approved", "agreed", "pay it", "go ahead", "yes go ahead", "up to", "genehmigt",
    "einverstanden", "d'accord", "aprobado", "akkoord", "go with", "forget what", "new decision",
];

pub(super) const UNDECIDED: &[&str] = &[
    "before we decide", "before i decide", "not decided", "haven't decided", "have not decided",
    "not yet decided", "to decide", "will you decide", "you decide", "need a decision",
    "needs a decision", "your decision", "without a decision", "the decision is yours",
    "help deciding", "until a decision", "decision is due", "what i decided", "if we decide",
    "if you decide", "should decide", "must decide", "can decide", "could decide",
    "noch nicht entschieden",
];

/// The writer's own wish: nobody is asked for it.
pub(super) const WISHES: &[&str] = &[
    "i want to", "i'd like to hear", "i would like to hear", "we want to", "i'd love to",
    "i would love to", "ich möchte gern", "ich will", "je veux", "quiero",
];

/// An offer that sounds like a request: `let me check this` asks nobody for anything.
pub(super) const OFFERS: &[&str] = &[
    "let me", "let us", "lass mich", "lassen sie mich", "laissez moi", "laisse moi", "déjame",
    "déjeme", "laat me",
];

/// The same words when they do ask.
pub(super) const OFFERS_NOT: &[&str] = &[
    "let me know", "let us know", "let me have", "let us have", "let me hear", "let us hear",
    "let me see your", "lass mich wissen", "lassen sie mich wissen", "laat me weten",
];

/// Said of when somebody is to be had: no limit for anybody else.
pub(super) const AVAILABLE: &[&str] = &[
    "free to", "free again", "available", "able to", "out of the office", "out of office", "travel*",
    "vacation", "holiday*", "on leave", "be back", "am back", "is back", "urlaub", "verreist",
    "wieder da", "absent*", "disponible*", "de vuelta", "afwezig",
];
