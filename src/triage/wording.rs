//! Phrases that kinds, suspicion and tiers are told by, in the languages most of our mail is in.
//!
//! Each list is short on purpose: it helps the reader, which knows more words than stand here.

/// Parts of an address that only machines have.
pub(crate) const MACHINE_NAMES: &[&str] = &[
    "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "mailer-daemon", "postmaster",
    "notification", "newsletter", "notify", "alerts", "bounce", "automated", "nicht-antworten", "ne-pas-repondre",
];

/// Names of desks rather than people.
pub(crate) const ROLE_NAMES: &[&str] = &[
    "orders", "order", "billing", "invoice", "invoices", "receipts", "tickets", "booking",
    "bookings", "reservations", "shop", "store", "sales", "service", "support", "info", "contact",
    "news", "newsletter", "offers", "marketing", "hello", "team", "stay", "accounts", "account",
    "security", "notices", "admin", "bestellung", "rechnung", "kundenservice", "facturation",
    "commandes", "pedidos", "facturas",
];

/// Words of a desk's or an office's name.
pub(crate) const OFFICES: &[&str] = &[
    "team", "department", "dept", "office", "admin", "admins", "administration", "administrator",
    "desk", "helpdesk", "support", "hr", "human resources", "payroll", "facilities", "reception",
    "secretariat", "registrar", "registry", "services", "customer service", "abteilung",
    "personalabteilung", "verwaltung", "hausverwaltung", "sekretariat", "empfang", "kundenservice",
    "service client", "secrétariat", "équipe", "accueil", "comptabilité", "equipo", "departamento",
    "secretaría", "recepción", "administración", "equipa", "secretaria", "receção", "ufficio",
    "segreteria", "afdeling", "balie",
];

/// What editorial mail calls itself in its subject.
pub(crate) const LETTER_NAMES: &[&str] = &[
    "newsletter", "rundbrief", "lettre d'information", "infolettre", "boletín", "boletim",
    "nieuwsbrief",
];

/// How one person speaks of themselves; an office says "we" or nothing.
pub(crate) const MYSELF: &[&str] = &[
    "i", "i'm", "i've", "i'll", "i'd", "my", "me", "mine", "ich", "mein", "meine", "mir", "je", "j",
    "moi", "mon", "ma", "yo", "mi", "eu", "meu", "minha", "io", "mio", "mia", "ik", "mijn",
];

/// An absent person's machine answers.
pub(crate) const AWAY: &[&str] = &[
    "automatic reply", "auto reply", "autoreply", "out of office", "away from", "abwesenheit*",
    "abwesenheitsnotiz", "automatische antwort", "réponse automatique", "absence du bureau",
    "respuesta automática", "fuera de la oficina", "automatisch antwoord", "afwezig*",
];

pub(crate) const OFFERS: &[&str] = &[
    "% off", "sale", "discount", "free delivery", "free shipping", "coupon", "with the code",
    "promo code", "early bird", "last chance", "ends tonight", "ends today", "only today",
    "limited time", "save up to", "special offer", "our offer", "best price", "deal", "deals",
    "buy now", "shop now", "order now", "upgrade now", "upgrade today", "your trial", "trial ends",
    "secure your seat", "book now", "book until", "expires in", "nights", "from just", "price",
    "new collection", "choose a", "black friday", "gift", "rabatt", "angebot",
    "sparen", "gutschein", "nur heute", "jetzt kaufen", "versandkostenfrei", "soldes", "réduction",
    "promotion", "offre spéciale", "livraison gratuite", "descuento", "oferta", "rebajas",
    "envío gratis", "korting", "aanbieding", "sconto", "offerta",
];

pub(crate) const LETTERS: &[&str] = &[
    "newsletter", "in this issue", "issue", "weekly", "monthly", "edition", "read in the browser",
    "view in browser", "dear reader", "readers", "this week", "this month", "next time", "stories",
    "postmortems", "digest", "roundup", "the letter", "these letters", "subscribe", "signed up",
    "editor", "recipe", "in der ausgabe", "ausgabe", "wochenrückblick", "liebe leser*",
    "lettre d'information", "cette semaine", "boletín", "esta semana", "nieuwsbrief", "tested",
    "survey", "essay", "podcast", "interview", "how to", "why", "what to do",
];

pub(crate) const DEALS: &[&str] = &[
    "invoice", "receipt", "your order", "order", "order number", "order complete", "your booking",
    "booking reference", "booking", "your ticket", "e ticket", "itinerary", "is on its way",
    "has shipped", "your parcel", "parcel", "tracking number", "delivery", "paid by",
    "payment received", "total", "subtotal", "vat", "charged to", "direct debit", "your statement",
    "statement of your account", "renewed", "renewal", "reservation", "check in", "your purchase",
    "refund", "ready for collection", "rechnung", "bestellung", "ihre buchung", "lieferung",
    "sendungsnummer", "gesamtbetrag", "mwst", "quittung", "facture", "commande",
    "votre réservation", "reçu", "livraison", "factura", "pedido", "reserva", "recibo", "factuur",
    "bestelling", "fattura", "ordine",
];

pub(crate) const EVENTS: &[&str] = &[
    "sign in", "new login", "new device", "password was", "verification code", "security alert",
    "assigned to you", "assigned this", "commented on", "mentioned you", "build", "deployed",
    "pipeline", "tests", "backup", "monitor", "alert", "down", "up", "state", "acknowledge",
    "undelivered", "delivery status", "could not be delivered", "approved by", "was approved",
    "reminder", "your account was", "this message was sent by", "notification", "has been updated",
    "status changed", "ticket", "pull request", "merged", "leave approved", "shared a document",
    "invited you", "storage", "quota", "maintenance", "scheduled", "anmeldung", "benachrichtigung",
    "zugewiesen", "unzustellbar", "connexion", "assigné", "inicio de sesión", "notificación",
    "asignado", "melding",
];

/// What strangers write who want to sell.
pub(crate) const SELLS: &[&str] = &[
    "attendees list", "attendee list", "email list", "verified contacts", "leads", "factory price",
    "leading factory", "leading manufacturer", "moq", "best price", "quote best",
    "purchasing manager", "our factory", "seo", "page one", "first page of google", "ranking",
    "errors on your website", "your website", "guarantee results", "free report", "free quote",
    "guest post", "backlinks", "would you be interested in acquiring", "interested in acquiring",
    "counts and cost", "to opt out", "opt out", "grow your business", "increase your sales",
    "outsourc*", "web design", "app development", "investment opportunity", "make money",
    "earn money", "work from home", "viagra", "casino", "lottery", "weight loss", "loan", "crypto",
    "enlarge*", "dear friend", "click here", "act now",
    "100 % free", "risk free", "no obligation", "unsolicited", "already wrote", "circle back",
    "bubble this up", "quick call this week", "15 minutes of your time", 
    "if you are curious", "our product", "our solution", "book a demo", 
    "companies like yours", "geld verdienen", "kostenlos testen", "unverbindlich", "gagnez",
    "sans engagement", "gana dinero", "sin compromiso", "soonest reply",
];

pub(crate) const SECRETS: &[&str] = &[
    "confirm your details", "verify your account", "verify your identity", "confirm your identity",
    "confirm your account", "confirm your password", "your password", "update your payment",
    "update your billing", "your card details", "card number", "code from your", "security code",
    "social security", "account details", "bank details", "login details", "log in to",
    "sign in and confirm", "unlock your account", "validate your", "mailbox is full", "wallet",
    "recovery phrase", "ihre daten bestätigen", "passwort", "konto bestätigen",
    "ihr konto wurde gesperrt", "zugangsdaten", "confirmez vos", "vérifier votre compte",
    "mot de passe", "verifique su cuenta", "confirme sus datos", "contraseña", "wachtwoord",
];

pub(crate) const MONEY: &[&str] = &[
    "payment", "wire transfer", "bank transfer", "transfer the", "invoice attached", "new bank",
    "changed our bank", "iban", "bitcoin", "first payment", "outstanding balance", "überweisung",
    "überweisen", "neue bankverbindung", "virement", "rib", "transferencia", "overboeking",
];

pub(crate) const GIFT_CARDS: &[&str] = &[
    "gift card", "gift cards", "itunes card", "steam card", "amazon card", "scratch the",
    "geschenkkarte*", "gutscheinkarten", "carte cadeau", "cartes cadeaux", "tarjeta de regalo",
    "tarjetas de regalo", "cadeaukaart*",
];

pub(crate) const SECRECY: &[&str] = &[
    "between us", "keep it between", "keep this between", "confidential until", "don't tell",
    "do not tell", "don't involve", "do not involve", "don't discuss", "can't take calls",
    "cannot take calls", "can't talk now", "are you at your desk", "are you available", "discreet*",
    "unter uns", "vertraulich behandeln", "entre nous", "reste confidentiel", "entre nosotros",
    "no lo comentes", "onder ons",
];

pub(crate) const HASTE: &[&str] = &[
    "within 24 hours", "within 48 hours", "will be closed", "will be limited", "will be suspended",
    "has been suspended", "has been limited", "will be terminated", "unusual activity",
    "suspicious activity", "immediately", "done within the hour", "before the cut off",
    "final warning", "last warning", "legal action", "if you do not act", "avoid", "wird gesperrt",
    "innerhalb von 24 stunden", "sofort handeln", "sera suspendu", "sous 24 heures",
    "será suspendida", "en 24 horas", "wordt geblokkeerd",
];

/// What deceivers bait with. It weighs only where nobody vouches for the sender.
pub(crate) const BAIT: &[&str] = &[
    "verify your email", "password expires", "password will expire", "password expiration",
    "storage is full", "storage is almost full", "storage limit", "unusual sign in",
    "sign in attempt", "sign in activity", "new sign in", "update your information",
    "your account has been", "your account will be", "account suspended", "account is on hold",
    "your package", "your parcel", "delivery failed", "delivery attempt", "shipping fee",
    "customs fee", "claim your", "you have been selected", "you have won", "you are a winner",
    "winner", "reward", "congratulations", "survey", "expires today", "last chance", "renew*",
    "subscription", "refund", "quarantin*", "pending messages", "undelivered", "document shared",
    "shared a document", "voicemail", "voice message", "security alert", "recover*", "airdrop",
    "paket", "sendung", "gewinn*", "glückwunsch", "konto", "colis", "livraison", "félicitations",
    "paquete", "felicidades", "premio", "pontos", "encomenda", "parabéns",
];

/// Firms and services whose name deceivers borrow: whole names, none that is also somebody's own.
pub(crate) const BRANDS: &[&str] = &[
    "paypal", "microsoft", "office365", "office 365", "outlook team", "onedrive", "sharepoint",
    "apple id", "apple support", "icloud", "amazon", "netflix", "spotify", "dhl", "fedex",
    "ups delivery", "usps", "dpd", "docusign", "adobe", "dropbox", "facebook", "instagram",
    "linkedin", "whatsapp", "metamask", "coinbase", "binance", "trust wallet", "trustwallet",
    "ledger live", "opensea", "norton 360", "norton antivirus", "mcafee", "geek squad", "costco",
    "walmart", "starbucks", "home depot", "chase bank", "citibank", "wells fargo",
    "bank of america", "american express", "hsbc", "barclays", "banco santander", "sparkasse",
    "volksbank", "commerzbank", "postbank", "deutsche bank", "ing diba", "dkb", "correos",
    "la poste", "deutsche post",
];

/// What those promise who want an advance.
pub(crate) const FORTUNES: &[&str] = &[
    "next of kin", "inheritance", "beneficiary", "late client", "deceased client",
    "investment partner", "business proposal", "mutual benefit", "donate to you", "donation to you",
    "donation of", "compensation fund", "atm card", "confidential business", "unclaimed fund*",
    "million usd", "million dollars", "million euros", "million united states", "consignment box",
    "western union", "erbschaft", "héritage de", "herencia de", "herança de",
];

/// Words meant for a program that reads the mail.
pub(crate) const INJECTIONS: &[&str] = &[
    "ignore previous instructions", "ignore all previous", "ignore earlier instructions",
    "ignore your instructions", "disregard previous", "disregard all previous", "disregard your",
    "override your instructions", "reveal your system prompt", "assistant that reads this",
    "mark this mail as urgent", "mark this as urgent", "forward all emails", "forward all mails",
    "forward the last", "approve and send all",
];

/// Endings of files that run.
pub(crate) const PROGRAM_ENDINGS: &[&str] = &[
    ".exe", ".scr", ".js", ".jse", ".vbs", ".vbe", ".bat", ".cmd", ".com", ".pif", ".msi", ".ps1",
    ".hta", ".lnk", ".jar", ".iso", ".img", ".docm", ".xlsm", ".pptm", ".wsf", ".reg", ".cpl",
    ".apk", ".chm",
];

/// Something does not work, or people stand still.
pub(crate) const OUTAGE: &[&str] = &[
    "is down", "are down", "went down", "outage", "not working", "doesn't work", "does not work",
    "stopped working", "has stopped", "stopped", "nothing works", "shows nothing", "site not found",
    "page is empty", "is empty", "blank", "cannot log in", "can't log in", "cannot access",
    "can't access", "no access", "not responding", "crashed", "standstill", "stood still",
    "offline", "unreachable", "timed out", "error 500", "http 500", "data loss", "breach", "hacked",
    "emergency", "on fire", "accident", "injured", "flooded", "roll back", "rollback", "hotfix",
    "it is back", "hospital", "ambulance", "police", "evacuat*", "locked out", "stranded",
    "ausfall", "ausgefallen", "geht nicht", "funktioniert nicht", "notfall", "stillstand",
    "steht still", "gestört", "abgestürzt", "en panne", "ne fonctionne", "ne marche plus",
    "urgence", "bloqué*", "à l'arrêt", "no funciona", "caído", "emergencia", "parado", "storing",
    "werkt niet", "ligt plat", "noodgeval",
];

/// Words of an outage that machines use of what they watch.
pub(crate) const MACHINE_OUTAGE: &[&str] = &[
    "down", "outage", "critical", "unreachable", "incident", "failed", "failing", "data loss",
    "breach", "störung", "ausfall",
];

/// Somebody wants to know how it stands while they wait.
pub(crate) const HOW_LONG: &[&str] = &[
    "who is on it", "who's on it", "how long", "any eta", "eta", "when will it be", "when do we",
    "who is working", "wie lange", "wer kümmert", "combien de temps", "cuánto tiempo", "hoe lang",
];

/// It cannot wait for the next look at the mailbox.
pub(crate) const AT_ONCE: &[&str] = &[
    "as soon as you read this", "as soon as you see this", "immediately", "right now", "right away",
    "at once", "within the hour", "within minutes", "in the next hour", "in the next few minutes",
    "call me now", "please call me", "call me asap", "drop everything", "this minute",
    "straight away", "cannot wait", "can't wait until", "sofort", "umgehend", "unverzüglich",
    "auf der stelle", "rufen sie mich", "ruf mich an", "immédiatement", "tout de suite",
    "appelez moi", "rappelle moi", "inmediatamente", "ahora mismo", "llámame", "onmiddellijk",
    "meteen", "bel me",
];

/// Somebody stands still until the user answers.
pub(crate) const BLOCKED: &[&str] = &[
    "need a yes from you", "need your yes", "need your go", "need your ok", "need your approval",
    "waiting for your go", "waiting on you", "blocked on you", "blocked until",
    "cannot continue without", "can't continue without", "your go ahead", "need a decision now",
    "warte auf dein", "warte auf ihr", "brauche dein ok", "brauche ihr ok", "j'attends votre",
    "j'attends ton", "espero tu", "wacht op je",
];

/// The writer says that it is not pressing.
pub(crate) const CALM: &[&str] = &[
    "no rush", "no hurry", "not urgent", "no drama", "no fire", "there is no",
    "when you get a chance", "when you have time", "whenever you", "whenever suits",
    "at your leisure", "take your time", "no pressure", "by the end of the month", "some time next",
    "next month", "keine eile", "eilt nicht", "nicht dringend", "in ruhe", "pas urgent",
    "rien d'urgent", "quand vous aurez", "sin prisa", "no es urgente", "cuando puedas",
    "geen haast",
];

/// Nobody waits for an answer.
pub(crate) const NO_REPLY: &[&str] = &[
    "no need to reply", "no need to respond", "no need to answer", "no reply needed",
    "no reply necessary", "no response needed", "no action needed", "no action required",
    "for your information", "fyi", "just so you know", "keine antwort nötig", "nur zur info",
    "zur information", "zur kenntnis", "pour information", "pas besoin de répondre",
    "para tu información", "no hace falta que", "ter info", "ter informatie",
];

/// A choice that is the user's to make.
pub(crate) const YOURS_TO_DECIDE: &[&str] = &[
    "yours to decide", "your decision", "you decide", "will you decide",
    "want you to decide", "need you to decide", "need a decision", "need your decision",
    "decide on", "decision by", "i need your instruction", "your instruction", "up to you",
    "your call", "whom do you want", "who do you want", "make a decision", "deine entscheidung",
    "ihre entscheidung", "entscheiden sie", "entscheide du", "votre décision", "à vous de décider",
    "à toi de décider", "su decisión", "tu decisión", "jouw beslissing", "uw beslissing",
];

/// An opinion or a weighing is wanted.
pub(crate) const OPINION: &[&str] = &[
    "what do you think", "what do you each prefer", "what do you prefer", "your view",
    "your opinion", "your thoughts", "thoughts on", "your feedback", "your leaning", "preference",
    "rank", "vote", "weigh in", "how do you see", "would that be a problem", "would be a problem",
    "i propose", "we propose", "my proposal", "proposal", "i suggest we", "pros and cons",
    "options", "third option", "was meinen sie", "was meinst du", "was denkst du", "ihre meinung",
    "deine meinung", "vorschlag", "ich schlage vor", "qu'en pensez vous", "qu'en penses tu",
    "votre avis", "ton avis", "je propose", "qué opinas", "qué le parece", "tu opinión", "propongo",
    "wat vind je", "wat vindt u", "voorstel",
];

/// Matters that are weighed rather than answered.
pub(crate) const WEIGHTY: &[&str] = &[
    "contract", "agreement", "clause", "liability", "renewal", "lapses", "expires", "budget",
    "strategy", "candidate", "candidates", "references", "interviews", "hire", "hiring", "salary",
    "resign*", "acquisition", "merger", "lawyer", "legal", "advise", "reorgani*", "roadmap",
    "terms", "long term", "years", "vertrag", "klausel", "haftung", "strategie", "bewerber*",
    "kündigung", "gehalt", "contrat", "embauche", "candidat*", "contrato", "cláusula",
    "contratación", "review the draft", "term sheet", "partnership", "price for three",
];

/// Small things, said to be small.
pub(crate) const SMALL: &[&str] = &[
    "quick", "quick question", "small question", "one small", "is it ok if", "ok if i", "okay if i",
    "is that ok", "could i take", "kurze frage", "ist es ok", "ist das ok", "petite question",
    "c'est bon si", "una pregunta rápida", "kleine vraag",
];
