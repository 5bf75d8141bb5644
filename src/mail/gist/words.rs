//! What part words play in a sentence, as far as short lists can tell.
//!
//! The lists are our own: closed classes, common verbs and the nouns that office mail turns on.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The part a word plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Tag {
    /// the, your, some
    Determiner,
    /// of, for, on
    Preposition,
    /// I, they, everyone
    Pronoun,
    /// is, will, can
    Auxiliary,
    /// and, because, when
    Conjunction,
    /// now, very, quickly
    Adverb,
    /// send, discussed
    Verb,
    /// meeting, invoice: what mail is about
    Topic,
    /// A name or an abbreviation, by its capitals.
    Name,
    /// thing, week, new: words that fit every mail
    Common,
    /// Something with a digit.
    Number,
    /// Any other word.
    Other,
    /// Marks alone.
    Mark,
}

/// Count of tags.
pub(super) const TAGS: usize = 13;

impl Tag {
    /// Words that hold a sentence together and say nothing alone.
    pub(super) fn is_function(self) -> bool {
        matches!(
            self,
            Self::Determiner
                | Self::Preposition
                | Self::Pronoun
                | Self::Auxiliary
                | Self::Conjunction
                | Self::Mark
        )
    }

    /// Words that can be part of a noun phrase.
    pub(super) fn is_nominal(self) -> bool {
        matches!(self, Self::Topic | Self::Name | Self::Common | Self::Number | Self::Other)
    }
}

/// The tag of a word; `inner` is false at the start of a sentence, where a capital means nothing.
pub(super) fn tag(lower: &str, bare: &str, inner: bool) -> Tag {
    if lower.is_empty() {
        return Tag::Mark;
    }
    let listed = LISTED.get(lower).copied();
    if let Some(tag) = listed.filter(|tag| tag.is_function()) {
        return tag;
    }
    if lower.contains(|c: char| c.is_ascii_digit()) {
        return Tag::Number;
    }
    if listed == Some(Tag::Topic) {
        return Tag::Topic;
    }
    let capital = bare.starts_with(char::is_uppercase);
    let shouted = bare.chars().count() > 1 && bare.chars().all(|c| !c.is_lowercase());
    if (inner && capital) || shouted {
        return Tag::Name;
    }
    if let Some(tag) = listed {
        return tag;
    }
    if lower.ends_with("ly") && lower.len() > 4 {
        return Tag::Adverb;
    }
    Tag::Other
}

static LISTED: LazyLock<HashMap<&'static str, Tag>> = LazyLock::new(|| {
    let mut listed = HashMap::new();
    // Earlier lists win.
    for (tag, words) in [
        (Tag::Determiner, DETERMINERS),
        (Tag::Preposition, PREPOSITIONS),
        (Tag::Pronoun, PRONOUNS),
        (Tag::Auxiliary, AUXILIARIES),
        (Tag::Conjunction, CONJUNCTIONS),
        (Tag::Verb, VERBS_ALSO_NOUNS),
        (Tag::Topic, TOPICS),
        (Tag::Adverb, ADVERBS),
        (Tag::Verb, VERBS),
        (Tag::Common, COMMON),
    ] {
        for word in words.split_ascii_whitespace() {
            listed.entry(word).or_insert(tag);
        }
    }
    listed
});

/// Whether a word listed as a verb is as often a noun (`the call`).
pub(super) fn is_noun_too(lower: &str) -> bool {
    VERBS_ALSO_NOUNS.split_ascii_whitespace().any(|word| word == lower)
}

/// Function words that get a weight of their own, by place.
pub(super) static FUNCTION_WORDS: LazyLock<HashMap<&'static str, u16>> = LazyLock::new(|| {
    WEIGHED.split_ascii_whitespace().enumerate().map(|(at, word)| (word, at as u16 + 1)).collect()
});

/// Slots the function words need: one each and one for the rest.
pub(super) const FUNCTION_SLOTS: usize = 80;

const WEIGHED: &str = "a an the this that these those some any all no my your our his her their its of in on at by for with about from to \
up out over after before into through between regarding per as than and or but if when what how who which i you we he she it they me us them \
is are was be have has will can not";

const DETERMINERS: &str = "a an the this that these those some any each every no all both either neither another such other my your his her its our \
their whose which what several few many much more most less least enough \
der die das den dem des ein eine einen einem einer eines mein meine dein deine unser unsere ihr ihre ihren ihrem euer eure kein keine diese dieser dieses diesen alle \
le la les l' un une des du mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces \
el los las una unos unas mi mis tu tus su sus nuestro nuestra nuestros este esta estos estas";
const PREPOSITIONS: &str = "of in on at by for with about against between into through during to from up down out off over under above below near onto upon within \
without across along among around behind beside beyond per via toward towards regarding concerning re than as \
von zu zum zur mit für auf aus bei nach vor über unter durch gegen ohne um bis seit im am ins wegen \
de à en dans pour par sur avec sans sous chez vers au aux entre depuis \
para por con sin sobre del al hasta desde";
const PRONOUNS: &str = "i me mine myself you yours yourself he him himself she hers herself it itself we us ours ourselves they them theirs themselves who whom there here \
everyone everybody anyone anybody someone somebody nobody everything anything something nothing one ones i'm you're he's she's it's we're they're i've you've we've they've \
i'd you'd he'd she'd we'd they'd i'll you'll he'll she'll we'll they'll that's what's there's here's who's let's \
ich du er sie es wir mich dich uns euch ihm ihn ihnen man mir dir je tu il elle nous vous ils elles on me te se lui yo ella nosotros ustedes usted ellos lo nos les";
const AUXILIARIES: &str = "am is are was were be been being do does did doing done have has had having will would shall should can could may might must ought isn't aren't wasn't \
weren't hasn't haven't hadn't doesn't don't didn't won't wouldn't can't cannot couldn't shouldn't mustn't \
ist sind war waren bin bist sein haben hat habe hatte hatten wird werden wurde kann können könnte könnten könntest kannst muss müssen soll sollte sollten darf \
est sont était suis ai avons avez ont été sera serait peut peux pouvez pourriez doit devez es son fue está están he hemos ha han será puede puedes podría debe";
const CONJUNCTIONS: &str = "and or but nor so yet if then because while although though unless until when whenever where wherever whether how why since after before once plus \
und oder aber denn weil wenn dass ob als wie et ou mais donc car si que quand comme y o pero porque cuando";
const ADVERBS: &str = "now just only very too also even still already ever never always often sometimes soon later really quite rather almost maybe perhaps probably \
actually basically however therefore thus hence otherwise instead anyway well not again further away back together else far long ago today tomorrow yesterday \
tonight asap currently recently immediately shortly directly especially please yes no ok okay thanks thank hi hello dear sorry pls thx fyi \
nicht auch noch schon nur bitte danke heute morgen gestern sehr hier da dann ne pas plus très aussi merci déjà no muy también ya hoy mañana gracias";
const VERBS_ALSO_NOUNS: &str = "call calls change check checks move order review update schedule request plan visit test help work works";
const VERBS: &str = "get gets got getting go goes going went gone come comes coming came let lets need needs needed want wants wanted like likes liked know knows knew known \
think thinks thought believe feel felt hope hoping hoped wish see sees seeing saw seen look looks looking looked hear heard say says said tell tells told telling ask asks \
asked asking called calling talk talked talking speak spoke speaking discuss discussed discussing write wrote written writing send sends sent sending give gives gave given \
giving take takes took taken taking make makes made making put puts find finds found finding worked working try tries tried trying use uses used using keep kept keeping \
helped helping show shows showed showing shown seem seems seemed appear appears become became happen happened start started starting begin began stop stopped continue follow \
follows following followed include includes included including receive received receiving provide provided providing provides attach attached attaching enclose enclosed \
forward forwarded forwarding reply respond responded reviewed reviewing confirm confirmed confirming understand understood appreciate appreciated remember remind reminded \
notify notified inform informed inquire wonder wondering contact contacted meet met attend attending bring brought buy bought pay paid sell sold sign signed signing agree agreed \
accept accepted approve approved authorize authorise complete completed finish finished submit submitted return returned returning checked checking set add added adding changed \
changing moved moving leave left leaving stay wait waiting waited expect expected expecting planned planning hold held run ran running open opened close closed enter entered \
read reading learn learned hire hired offered propose proposed suggest suggested recommend recommended requested requesting require required requires allow allowed join joined \
visited pick picked pass passed drop dropped print printed faxed mailed emailed e-mailed copied updated updating prepare prepared preparing create created build built develop \
developed consider considered decide decided determine determined ensure verify verified pull pulled push turn turned figure figured clarify cover covered handle handled manage \
managed addressed resolve resolved fix fixed correct corrected deliver delivered ordered arrange arranged scheduled coordinate";
const TOPICS: &str = "meeting meetings agreement agreements contract contracts report reports updates draft drafts schedules requests proposal proposals invoice \
invoices payment payments budget plans project projects list lists presentation presentations interview interviews conference lunch dinner trip travel vacation party invitation \
reservation reservations ticket tickets game orders form forms letter letters memo policy status summary analysis deal deals trade trades position positions price prices rate \
rates curve curves model models data database system systems access password account accounts bill bills loan lease tax taxes legal approval approvals confirmation confirmations \
changes training class course session workshop seminar survey application resume job offer bonus salary vacancy hiring candidate candidates reorganization announcement news \
article press release support service services server outage problem error bug testing version website site link page calendar agenda minutes notes feedback comments deadline \
reminder delivery shipment purchase sale sales market marketing customer customers client clients vendor supplier office building room parking equipment computer software \
installation settlement dispute claim audit forecast estimate estimates cost costs expense expenses revenue storage capacity transmission rights rating credit risk exposure \
transfer transaction transactions document documents documentation guarantee amendment assignment termination license certificate insurance registration membership election \
committee board organization chart directory contacts address introduction welcome congratulations apology visits tour house home apartment property land wedding birthday \
weekend flight flights hotel car";
const COMMON: &str = "thing things way ways time times people person question questions information info issue issues problems idea ideas note message email e-mail mail fax phone number \
numbers copy copies file files attachment response morning afternoon evening night day days week weeks month months year years hour hours minute monday tuesday wednesday thursday \
friday saturday sunday guys folks lot bit couple case fact part place point kind sort right matter end chance able sure good great nice fine new old big small long short high \
low early late last next first second available possible important different certain clear ready happy glad little better best free own same additional quick brief current \
above two three four five";

/// Beginnings that say nothing, as words in lower case. They are taken off one after the other.
pub(super) const OPENERS: &[&str] = &[
    "please note that",
    "please note",
    "please be advised that",
    "please be advised",
    "please find attached",
    "please find enclosed",
    "please find",
    "please see attached",
    "please see the attached",
    "please see",
    "please",
    "kindly",
    "pls",
    "fyi",
    "also",
    "and",
    "but",
    "so",
    "well",
    "ok",
    "okay",
    "just",
    "again",
    "however",
    "additionally",
    "in addition",
    "furthermore",
    "anyway",
    "first",
    "finally",
    "secondly",
    "per your request",
    "per our conversation",
    "per our discussion",
    "per our telephone conversation",
    "per our phone conversation",
    "as per our conversation",
    "as you know",
    "as you may know",
    "as you are aware",
    "as we discussed",
    "as discussed",
    "as requested",
    "as promised",
    "as mentioned",
    "i think that",
    "i think",
    "i believe that",
    "i believe",
    "i hope that",
    "i hope",
    "i guess",
    "i know that",
    "i know",
    "i understand that",
    "i understand",
    "it looks like",
    "it seems that",
    "it appears that",
    "i wanted to",
    "i just wanted to",
    "i want to",
    "we wanted to",
    "we want to",
    "i would like to",
    "i'd like to",
    "we would like to",
    "we'd like to",
    "i need to",
    "i needed to",
    "we need to",
    "i have to",
    "i am writing to",
    "i'm writing to",
    "we are writing to",
    "i was wondering if",
    "i was wondering whether",
    "i am wondering if",
    "i wonder if",
    "just wanted to",
    "wanted to",
    "just a note to",
    "just a quick note to",
    "a quick note to",
    "this is just to",
    "this is to",
    "this is a reminder that",
    "this is a reminder to",
    "this is a reminder",
    "just a reminder that",
    "just a reminder to",
    "just a reminder",
    "a reminder that",
    "reminder",
    "this is",
    "this message is to",
    "this email is to",
    "this e-mail is to",
    "this note is to",
    "this message is",
    "the purpose of this",
    "i am pleased to",
    "we are pleased to",
    "i'm pleased to",
    "it is my pleasure to",
    "i am happy to",
    "i'm happy to",
    "i am sorry to",
    "i regret to",
    "let you know that",
    "let you know about",
    "let you know",
    "inform you that",
    "inform you of",
    "tell you that",
    "tell you about",
    "remind you that",
    "remind you of",
    "remind you to",
    "remind you about",
    "advise you that",
    "advise you of",
    "make sure that",
    "make sure",
    "confirm that",
    "see if you",
    "see if",
    "check if",
    "find out if",
    "find out",
    "ask you to",
    "ask you if",
    "ask if",
    "ask you",
    "follow up on",
    "follow up with you on",
    "touch base with you on",
    "touch base",
    "check with you on",
    "thank you for",
    "announce that",
    "notify you that",
    "know if",
    "know whether",
    "attached please find",
    "attached you will find",
    "attached is",
    "attached are",
    "attached for your review is",
    "attached",
    "enclosed is",
    "enclosed are",
    "enclosed please find",
    "enclosed",
    "here is",
    "here are",
    "here's",
    "below is",
    "below are",
    "following is",
    "following are",
    "the attached",
    "i have attached",
    "i've attached",
    "i am attaching",
    "i'm attaching",
    "we have attached",
    "i am forwarding",
    "i am sending",
    "i'm sending",
    "i am sending you",
    "can you please",
    "could you please",
    "would you please",
    "will you please",
    "can you",
    "could you",
    "would you",
    "will you",
    "can we",
    "could we",
    "would you mind",
    "would you be able to",
    "are you able to",
    "do you know if",
    "do you know",
    "do you have",
    "did you",
    "have you",
    "is it possible to",
    "would it be possible to",
    "if possible",
    "be able to",
    "you may want to",
    "you might want to",
    "you need to",
    "you should",
    "i need you to",
    "we need you to",
    "i would like you to",
    "feel free to",
    "there is",
    "there are",
    "there will be",
    "there has been",
    "it is",
    "it was",
    "i am",
    "we are",
    "i have",
    "we have",
    "we will be",
    "i will be",
    "i will",
    "we will",
    "i'll",
    "we'll",
    "i'm",
    "we're",
    "könntest du bitte",
    "könnten sie bitte",
    "könntest du",
    "könnten sie",
    "kannst du bitte",
    "kannst du",
    "können sie",
    "bitte",
    "ich wollte",
    "ich möchte",
    "wir möchten",
    "anbei",
    "im anhang",
    "hiermit",
    "nur kurz",
    "pourriez-vous",
    "peux-tu",
    "pouvez-vous",
    "merci de",
    "veuillez",
    "je voulais",
    "je voudrais",
    "je souhaite",
    "ci-joint",
    "voici",
    "podrías",
    "podría",
    "puedes",
    "por favor",
    "quería",
    "quisiera",
    "me gustaría",
    "adjunto",
    "aquí está",
    "te escribo para",
    "le escribo para",
];
