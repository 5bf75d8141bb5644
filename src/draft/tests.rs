//! What a draft holds, and what it refuses.

use super::*;
use crate::mail::facts::{FactSource, Origin, facts};
use crate::mail::when::Zone;
use crate::mail::{MessageId, UnixSeconds};
use crate::store::{LetterState, VerdictRow};
use crate::voice::kit::{ME, Mailbox, START, find};
use crate::voice::{Voice, closest_replies};

fn person(name: &str, address: &str) -> Person {
    Person { name: name.to_owned(), address: address.to_owned() }
}

fn mailbox() -> Mailbox {
    let mut mailbox = Mailbox::new();
    let me = format!("Ada Byron <{ME}>");
    for n in 1..=4 {
        let asked = mailbox.add(
            "Grace Hopper <grace@example.net>",
            &me,
            &format!("Figures {n}"),
            "",
            "Hi Ada,\n\ncould you send me the sales figures for the quarter?\n\nThanks,\nGrace\n",
        );
        mailbox.answer(
            asked,
            &format!("Hi Grace,\n\nI have put the sales figures into the shared folder on {n} February. Tell me if anything is missing.\n\nBest,\nAda\n"),
        );
    }
    mailbox
}

struct Say<'a> {
    say: &'a str,
    audience: Audience,
    form: Form,
    writer: Option<&'a dyn Writer>,
}

const PLAIN: Say<'static> =
    Say { say: "", audience: Audience::Sender, form: Form::Letter, writer: None };

fn answer(mailbox: &mut Mailbox, id: MessageId, say: &Say<'_>) -> Result<Draft, Error> {
    let (now, me) = (mailbox.now(), person("Ada Byron", ME));
    let from = mailbox.store.header(id).unwrap().from;
    let voice = Voice::learn(&mailbox.store, &[], now, Some(&from)).unwrap();
    let examples = {
        let find = find(&mailbox.store);
        closest_replies(&mailbox.store, &find, None, id, now, 5).unwrap()
    };
    let request = Request {
        answer: id,
        me: &me,
        own: &[ME.to_owned()],
        say: say.say,
        audience: say.audience,
        form: say.form,
        asks: &[],
        examples: &examples,
        voice: &voice,
        writer: say.writer,
        judge: None,
        now,
        zone: &Zone::utc(),
    };
    reply(&mut mailbox.store, &request)
}

fn two_asks(mailbox: &mut Mailbox) -> MessageId {
    mailbox.add(
        "Grace Hopper <grace@example.net>",
        &format!("Ada Byron <{ME}>, Bob <bob@example.com>"),
        "Before the board",
        "Cc: Carol <carol@example.com>\r\nReferences: <a@example.net> <b@example.net>\r\n",
        "Hi Ada,\n\nCould you send me the sales figures for the quarter? And can you sign the Harbor contract by Friday?\n\nThanks,\nGrace\n",
    )
}

#[test]
fn every_ask_is_repeated_and_its_answer_left_to_the_user() {
    let mut mailbox = mailbox();
    let id = two_asks(&mut mailbox);
    let draft = answer(&mut mailbox, id, &PLAIN).unwrap();
    let noted = draft.examples[0].0;
    assert_eq!(
        draft.body,
        format!(
            "Hi Grace,\n\n\
             1. “Could you send me the sales figures for the quarter?”\n\
             [… in #{noted} you wrote: “I have put the sales figures into the shared folder on 4 February.”]\n\n\
             2. “And can you sign the Harbor contract by Friday?”\n\
             […]\n\n\
             Best,\nAda"
        )
    );
    let named: Vec<String> = draft.facts.iter().map(|fact| fact_text(&draft, fact)).collect();
    assert!(!named.iter().any(|text| text.contains("February")), "{named:?}");
    assert_eq!(draft.to, [person("Grace Hopper", "grace@example.net")]);
    assert!(draft.cc.is_empty());
    assert_eq!(draft.subject, "Re: Before the board");
    assert_eq!(draft.language, "en");
    assert_eq!(draft.written_by, "your past replies");
    assert_eq!(draft.examples.len(), 1);
    let row = mailbox.store.letter(draft.letter).unwrap();
    assert_eq!((row.state, row.in_reply_to), (LetterState::Draft, Some(id)));
    let letter = row.letter().unwrap();
    let rfc_id = mailbox.store.header(id).unwrap().rfc_id;
    assert_eq!(letter.in_reply_to, rfc_id);
    assert_eq!(letter.references, ["a@example.net", "b@example.net", &rfc_id]);
    let wrong: Vec<CheckKind> =
        draft.checks.iter().filter(|check| !check.ok).map(|check| check.check).collect();
    // What is repeated of the mail is not the user's ask.
    assert_eq!(wrong, [CheckKind::Answers]);
    assert_eq!(mailbox.store.journal(1).unwrap()[0].what, "letter 1 written");
}

fn fact_text(draft: &Draft, fact: &Fact) -> String {
    draft.body.chars().skip(fact.start).take(fact.end - fact.start).collect()
}

/// What becomes of a past answer to the like of `ask`, as the text of a new draft.
#[track_caller]
fn check_note(past: &str, expected: Option<&str>) {
    let mut mailbox = Mailbox::new();
    let asked = mailbox.add(
        "Vince Moss <vince@example.com>",
        ME,
        "Site visit",
        "",
        "Hi Ada,\n\ncan you attend the site visit at the quarry?\n\nVince\n",
    );
    let reply = mailbox.answer(asked, past);
    let id = mailbox.add(
        "Nora <nora@example.net>",
        ME,
        "Site visit",
        "",
        "Hi Ada,\n\ncan you attend the site visit at the quarry in May?\n\nNora\n",
    );
    let body = answer(&mut mailbox, id, &PLAIN).unwrap().body;
    let gap = match expected {
        Some(sentence) => format!("[… in #{} you wrote: “{sentence}”]", reply.0),
        None => GAP.to_owned(),
    };
    let ask = "“can you attend the site visit at the quarry in May?”";
    assert!(body.contains(&format!("{ask}\n{gap}")), "{body}");
}

#[test]
fn a_past_sentence_is_a_note_and_never_of_other_matters() {
    check_note("Yes, I will attend the visit.\n", Some("Yes, I will attend the visit."));
    check_note(
        "I will attend the visit on 3 March.\n",
        Some("I will attend the visit on 3 March."),
    );
    check_note("Vince, I am checking the date on her calendar.\n", None);
    check_note("Hi Vince,\n\nI will attend the visit with Hanna.\n\nAda\n", None);
    check_note("I will attend the visit for 300 EUR.\n", None);
    check_note("Call ben@example.org about the visit.\n", None);
    check_note("Shall we attend the visit together?\n", None);
    check_note("No.\n", None);
    let long = "I will attend the visit and the other things that we spoke about when we met and \
        that nobody has written down so far as I can see from here today.";
    check_note(&format!("{long}\n"), None);
}

#[test]
fn a_gap_holds_the_letter_back_until_its_note_is_gone() {
    let text = "1. “By when?”\n[… in #7 you wrote: “By Friday, Vince said.”]\n\n2. “Why?”\n[…]";
    assert_eq!(super::gaps::without_notes(text), "1. “By when?”\n[…]\n\n2. “Why?”\n[…]");
    assert!(facts(text, &[]).is_empty(), "{:?}", facts(text, &[]));
    assert_eq!(super::gaps::without_notes("[… open\nnext"), "[…]\nnext");
}

#[test]
fn what_the_user_says_goes_to_its_ask() {
    let mut mailbox = mailbox();
    let id = two_asks(&mut mailbox);
    let say = "I'll sign the contract on Thursday.";
    let draft = answer(&mut mailbox, id, &Say { say, ..PLAIN }).unwrap();
    assert!(draft.body.contains("Friday?”\nI'll sign the contract on Thursday."), "{}", draft.body);
    assert!(draft.body.contains("quarter?”\n[… in #"), "{}", draft.body);
    let thursday = draft.facts.iter().find(|fact| fact.quote == say).unwrap();
    assert_eq!(thursday.source, FactSource::You);
    let text: String =
        draft.body.chars().skip(thursday.start).take(thursday.end - thursday.start).collect();
    assert!(text.contains("Thursday"), "{text}");
}

#[test]
fn a_single_ask_is_answered_without_ceremony() {
    let mut mailbox = mailbox();
    let id = mailbox.add(
        "Bob <bob@example.com>",
        ME,
        "Lunch",
        "",
        "Hi Ada,\n\nshall we have lunch on Tuesday?\n\nBob\n",
    );
    let draft = answer(&mut mailbox, id, &Say { say: "Gladly, at noon.", ..PLAIN }).unwrap();
    assert_eq!(draft.body, "Hi Bob,\n\nGladly, at noon.\n\nBest,\nAda");
    assert!(draft.checks.iter().all(|check| check.ok), "{:?}", draft.checks);
}

#[test]
fn a_call_has_the_open_points_as_its_agenda() {
    let mut mailbox = mailbox();
    let id = two_asks(&mut mailbox);
    let draft = answer(&mut mailbox, id, &Say { form: Form::Call, ..PLAIN }).unwrap();
    assert!(draft.body.contains("call of 15 minutes"));
    assert!(
        draft.body.contains(
            "1. Could you send me the sales figures for the quarter?\n2. And can you sign"
        ),
        "{}",
        draft.body
    );
}

#[test]
fn reply_all_adds_everybody_but_the_user() {
    let mut mailbox = mailbox();
    let id = two_asks(&mut mailbox);
    let draft = answer(&mut mailbox, id, &Say { audience: Audience::All, ..PLAIN }).unwrap();
    let cc: Vec<&str> = draft.cc.iter().map(|person| person.address.as_str()).collect();
    assert_eq!(cc, ["bob@example.com", "carol@example.com"]);
}

#[test]
fn reply_to_is_followed_and_told() {
    let mut mailbox = mailbox();
    let id = mailbox.add(
        "Bob <bob@example.com>",
        ME,
        "Invoice",
        "Reply-To: Pay <pay@elsewhere.example>\r\n",
        "Can you pay this?\n",
    );
    let draft = answer(&mut mailbox, id, &PLAIN).unwrap();
    assert_eq!(draft.to, [person("Pay", "pay@elsewhere.example")]);
    assert_eq!(
        draft.warnings,
        ["the mail is from bob@example.com, but asks for answers to pay@elsewhere.example"]
    );
}

#[test]
fn a_quoting_user_quotes_and_the_quote_is_read_as_one() {
    let mut mailbox = Mailbox::new();
    for n in 0..3 {
        let asked =
            mailbox.add("Bob <bob@example.com>", ME, &format!("Question {n}"), "", "Is it done?\n");
        mailbox.answer(
            asked,
            "Bob,\n\nit is.\n\nAda\n\nOn Mon, 2 Feb 2026, Bob wrote:\n> Is it done?\n",
        );
    }
    let id = mailbox.add("Bob <bob@example.com>", ME, "Again", "", "Is it done now?\n\nBob\n");
    let draft = answer(&mut mailbox, id, &Say { say: "Now it is.", ..PLAIN }).unwrap();
    assert!(draft.body.ends_with(" Bob wrote:\n> Is it done now?\n>\n> Bob"), "{}", draft.body);
    assert!(!crate::mail::own_words(&draft.body).contains("Is it done"), "{}", draft.body);
}

#[test]
fn german_mail_gets_a_german_answer() {
    let mut mailbox = mailbox();
    let id = mailbox.add("Bob <bob@example.com>", ME, "Bericht", "", "Hallo Ada,\n\nkannst du mir bitte den Bericht bis Freitag schicken? Und hast du die Zahlen schon geprüft?\n\nViele Grüße\nBob\n");
    let draft = answer(&mut mailbox, id, &PLAIN).unwrap();
    assert_eq!(draft.language, "de");
    assert!(draft.body.starts_with("Hallo Bob,\n\n1. „kannst du"), "{}", draft.body);
    assert!(draft.body.contains("den Bericht bis Freitag"), "{}", draft.body);
}

#[track_caller]
fn check_refused(from: &str, headers: &str, kind: Option<&str>, expected: Option<&str>) {
    let mut mailbox = Mailbox::new();
    let id = mailbox.add(from, ME, "News", headers, "Read this?\n");
    if let Some(kind) = kind {
        let (tier, version, data) = ("fyi".to_owned(), String::new(), "{}".to_owned());
        let row = VerdictRow {
            message: id,
            version,
            tier,
            kind: kind.to_owned(),
            needs_reply: false,
            due: None,
            data,
        };
        mailbox.store.put_verdicts(&[row]).unwrap();
    }
    match (answer(&mut mailbox, id, &PLAIN), expected) {
        (Err(Error::Refused(refusal)), Some(expected)) => {
            assert!(refusal.reason.contains(expected), "{}", refusal.reason);
            assert!(mailbox.store.letters().unwrap().is_empty());
        }
        (Ok(_), None) => {}
        (other, expected) => panic!("{other:?}, expected {expected:?}"),
    }
}

#[test]
fn mail_nobody_reads_answers_to_is_not_answered() {
    check_refused("Bob <bob@example.com>", "", None, None);
    check_refused("no-reply@example.com", "", None, Some("not read by anybody"));
    check_refused("Shop <do.not.reply@example.com>", "", None, Some("not read by anybody"));
    check_refused("MAILER-DAEMON@example.com", "", None, Some("not read by anybody"));
    check_refused("no-reply@example.com", "Reply-To: help@example.com\r\n", None, None);
    check_refused("b@example.com", "Auto-Submitted: auto-generated\r\n", None, Some("machine"));
    check_refused(
        "b@example.com",
        "List-Unsubscribe: <https://example.com/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        None,
        Some("many"),
    );
    check_refused(
        "b@example.com",
        "List-Id: <dev.example.com>\r\nList-Post: <mailto:dev@example.com>\r\nList-Unsubscribe: <https://example.com/u>\r\n",
        Some("list"),
        None,
    );
    check_refused("b@example.com", "", Some("suspicious"), Some("deceive"));
    check_refused("b@example.com", "", Some("junk"), Some("junk"));
    check_refused("b@example.com", "", Some("newsletter"), Some("newsletter"));
    check_refused("b@example.com", "", Some("person"), None);
}

#[track_caller]
fn check_subject(subject: &str, expected: &str) {
    assert_eq!(reply_subject(subject), expected);
}

#[test]
fn a_subject_is_marked_once() {
    check_subject("Budget", "Re: Budget");
    check_subject("Re: RE: Re[2]: Budget", "Re: Budget");
    check_subject("AW: Sv: Antw: Budget", "Re: Budget");
    check_subject("Fwd: Budget", "Re: Fwd: Budget");
    check_subject("Reason: budget", "Re: Reason: budget");
    check_subject("", "Re:");
}

#[track_caller]
fn check_asks(text: &str, expected: &[&str]) {
    let asks = all_asks(text, &[], UnixSeconds(START), &Zone::utc());
    let quotes: Vec<&str> = asks.iter().map(|ask| ask.quote.as_str()).collect();
    assert_eq!(quotes, expected);
}

#[test]
fn asks_are_read_from_plain_words() {
    check_asks(
        "Hi Ada,\n\nthe numbers are fine. Could you sign by Friday?\n\nThanks,\nBob",
        &["Could you sign by Friday?"],
    );
    check_asks("Please send the report. I will be away.", &["Please send the report."]);
    check_asks("Please let me know if you have any questions.", &[]);
    check_asks("Kannst du das prüfen? Danke!", &["Kannst du das prüfen?"]);
    check_asks("All done.", &[]);
    let asks = all_asks("Could you sign by Friday?", &[], UnixSeconds(START), &Zone::utc());
    assert!(asks[0].due.is_some());
}

#[track_caller]
fn check_all_asks(text: &str, found: &[&str], expected: &[&str]) {
    let found: Vec<Ask> =
        found.iter().map(|quote| Ask { quote: (*quote).to_owned(), due: None }).collect();
    let asks = all_asks(text, &found, UnixSeconds(START), &Zone::utc());
    let quotes: Vec<&str> = asks.iter().map(|ask| ask.quote.as_str()).collect();
    assert_eq!(quotes, expected);
}

#[test]
fn what_the_ledger_passed_over_is_asked_all_the_same() {
    let mail = "Hi Ada,\n\nthree things:\n\n1. Which ink do you want?\n2. The front door closes too late.\n3. Who tells the drivers?\n\nOr will you just decide?\n\nBen";
    let all = [
        "Which ink do you want?",
        "The front door closes too late.",
        "Who tells the drivers?",
        "Or will you just decide?",
    ];
    check_all_asks(mail, &["3. Who tells the drivers?"], &all);
    check_all_asks(mail, &["Who tells the drivers?", "?"], &all);
    check_all_asks(
        "Could you send me:\n\n- the plan\n- the price, and who set it\n\nWe met:\n\n- Bob\n- Carol\n",
        &["Could you send me:"],
        &["the plan", "the price, and who set it"],
    );
    check_all_asks(
        "We agreed:\n\n1. The press moves.\n2. The ink stays.\n\nThe ink is in, is it not?",
        &["The ink stays."],
        &["The press moves.", "The ink stays.", "The ink is in, is it not?"],
    );
    check_all_asks("1. The press moves.\n2. The ink stays.\n", &[], &[]);
    // The ledger weighed it: a request in plain words is not added to what it found.
    check_all_asks(
        "Please send ink. Please be well.",
        &["Please send ink."],
        &["Please send ink."],
    );
    check_all_asks("See below.", &["Is it in the subject?"], &["Is it in the subject?"]);
    let long = format!("Is it {}true?", "really and ".repeat(30));
    assert!(super::asks::shortened(&long).ends_with(" really and…"));
}

#[test]
fn facts_are_traced_to_where_they_stand() {
    let body = "Hi Grace,\n\nthe price is EUR 300 and Carol pays 12% by 5 March, see https://example.org/x.\n\nAda";
    let mail = "The price would be EUR 300. See https://example.org/x.";
    let past = "Carol pays 12% by default.";
    let origins = [
        Origin { source: FactSource::Mail, id: Some(MessageId(7)), text: mail },
        Origin { source: FactSource::Archive, id: Some(MessageId(8)), text: past },
        Origin { source: FactSource::You, id: None, text: "Ada Byron, Grace" },
    ];
    let found: Vec<(String, FactSource, String)> = facts(body, &origins)
        .into_iter()
        .map(|fact| {
            (
                body.chars().skip(fact.start).take(fact.end - fact.start).collect(),
                fact.source,
                fact.quote,
            )
        })
        .collect();
    let source = |text: &str| {
        let hit = found.iter().find(|(found, ..)| found.contains(text));
        hit.unwrap_or_else(|| panic!("{text} is not in {found:?}")).1
    };
    assert_eq!(source("Grace"), FactSource::You);
    assert_eq!(source("300"), FactSource::Mail);
    assert_eq!(source("Carol"), FactSource::Archive);
    assert_eq!(source("12%"), FactSource::Archive);
    assert_eq!(source("5 March"), FactSource::None);
    assert_eq!(source("https://example.org/x"), FactSource::Mail);
    assert!(found.iter().any(|(_, _, quote)| quote == "The price would be EUR 300."));
}

struct Scripted(Result<&'static str, &'static str>);

impl Writer for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn write(&self, brief: &WritingBrief<'_>) -> Result<Written, WriterError> {
        assert_eq!(brief.asks.len(), 2);
        assert!(!brief.examples.is_empty());
        assert!(brief.thread.iter().all(|earlier| earlier.id.0 > 0));
        let written = |text: &str| Written {
            text: text.to_owned(),
            examples_count: 1,
            thread_count: 1,
            warning: None,
        };
        self.0.map(written).map_err(|why| WriterError { why: why.to_owned() })
    }
}

#[test]
fn a_writer_writes_the_text_and_nothing_else() {
    let mut mailbox = mailbox();
    let id = two_asks(&mut mailbox);
    let text = "Bcc: evil@example.net\n\nYes to both.";
    let writer = Scripted(Ok(text));
    let draft = answer(&mut mailbox, id, &Say { writer: Some(&writer), ..PLAIN }).unwrap();
    assert_eq!(draft.written_by, "writer scripted");
    assert_eq!(draft.body, format!("Hi Grace,\n\n{text}\n\nBest,\nAda"));
    let letter = mailbox.store.letter(draft.letter).unwrap().letter().unwrap();
    assert_eq!((letter.to.len(), letter.cc.len(), letter.bcc.len()), (1, 0, 0));
    let invented = draft.facts.iter().find(|fact| fact.source == FactSource::None).unwrap();
    let named: String =
        draft.body.chars().skip(invented.start).take(invented.end - invented.start).collect();
    assert!(
        draft.facts.iter().filter(|fact| fact.source == FactSource::None).count() >= 1,
        "{named}"
    );
    assert_eq!(draft.examples.len(), 1, "only what the writer was shown");
    let broken = Scripted(Err("out of memory"));
    let without = answer(&mut mailbox, id, &Say { writer: Some(&broken), ..PLAIN }).unwrap();
    assert_eq!(without.written_by, super::WRITTEN_BY_YOU);
    assert!(without.warnings.iter().any(|why| why.contains("out of memory")), "{without:?}");
}

/// Repeats the last of the past letters it is shown.
struct Copyist;

impl Writer for Copyist {
    fn name(&self) -> &'static str {
        "copyist"
    }

    fn write(&self, brief: &WritingBrief<'_>) -> Result<Written, WriterError> {
        let nothing = || WriterError { why: "nothing to go by".to_owned() };
        let last = brief.examples.last().ok_or_else(nothing)?;
        let examples_count = brief.examples.len();
        Ok(Written { text: last.answered.clone(), examples_count, ..Written::default() })
    }
}

#[test]
fn a_writer_of_a_new_letter_is_shown_how_the_user_writes() {
    let mut mailbox = mailbox();
    let (me, now) = (person("Ada Byron", ME), mailbox.now());
    let to = [person("Grace Hopper", "grace@example.net")];
    let voice = Voice::learn(&mailbox.store, &[], now, Some(&to[0])).unwrap();
    let request = Compose {
        me: &me,
        to: &to,
        cc: &[],
        bcc: &[],
        subject: "",
        say: "The sales figures are in the folder.",
        voice: &voice,
        writer: Some(&Copyist),
        judge: None,
        now,
        zone: &Zone::utc(),
    };
    let draft = compose(&mut mailbox.store, &request).unwrap();
    assert_eq!(draft.written_by, "writer copyist");
    assert_eq!(draft.examples.len(), 3);
    assert!(draft.body.contains("Tell me if anything is missing."), "{}", draft.body);
    let day = draft.facts.iter().find(|fact| fact_text(&draft, fact).contains("February")).unwrap();
    assert_eq!(day.source, FactSource::Archive, "{day:?}");
    let letter = mailbox.store.letter(draft.letter).unwrap().letter().unwrap();
    assert_eq!(letter.examples, draft.examples);
}

#[test]
fn a_writer_without_replies_to_the_like_goes_by_other_letters() {
    let mut mailbox = mailbox();
    let ask = "Hi Ada,\n\nwhen does the ferry to Dover leave?\n\nZoe\n";
    let id = mailbox.add("Zoe <zoe@example.com>", ME, "Ferry", "", ask);
    // What she answered already is no letter to go by.
    let answered = "Hi Zoe,\n\nthe ferry to Dover leaves at nine, from the old pier.\n\nAda\n";
    mailbox.answer(id, answered);
    let draft = answer(&mut mailbox, id, &Say { writer: Some(&Copyist), ..PLAIN }).unwrap();
    assert_eq!(draft.written_by, "writer copyist", "{draft:?}");
    assert!(draft.body.contains("sales figures") && !draft.body.contains("pier"), "{}", draft.body);
    let plain = answer(&mut mailbox, id, &PLAIN).unwrap();
    assert!(plain.examples.is_empty(), "without a writer these are of no use: {plain:?}");
}

#[test]
fn a_new_letter_is_what_the_user_says_in_their_frame() {
    let mut mailbox = mailbox();
    let (me, now) = (person("Ada Byron", ME), mailbox.now());
    let to = [person("Grace Hopper", "grace@example.net")];
    let voice = Voice::learn(&mailbox.store, &[], now, Some(&to[0])).unwrap();
    let bcc = [person("", "blind@example.com")];
    let request = Compose {
        me: &me,
        to: &to,
        cc: &[],
        bcc: &bcc,
        subject: "",
        say: "The board meets on Tuesday. Could you send me the sales figures by Monday noon? If I don't hear from you, I'll use last month's.",
        voice: &voice,
        writer: None,
        judge: None,
        now,
        zone: &Zone::utc(),
    };
    let draft = compose(&mut mailbox.store, &request).unwrap();
    assert_eq!(draft.subject, "The board meets on Tuesday");
    assert!(
        draft.body.starts_with("Hi Grace,\n\nThe board meets")
            && draft.body.ends_with("Best,\nAda"),
        "{}",
        draft.body
    );
    assert!(draft.checks.iter().all(|check| check.ok), "{:?}", draft.checks);
    assert_eq!(mailbox.store.letter(draft.letter).unwrap().letter().unwrap().bcc, bcc);
}

#[test]
fn facts_of_the_thread_are_traced_to_its_mail() {
    let mut mailbox = mailbox();
    let first = two_asks(&mut mailbox);
    mailbox.answer(first, "Hi Grace,\n\nthe yard holds 40 lorries.\n\nAda\n");
    let id = mailbox.add(
        "Grace Hopper <grace@example.net>",
        ME,
        "Re: Before the board",
        &format!("References: <{}@example.org>\r\n", first.0),
        "Hi Ada,\n\nhow many? And is the gate open?\n\nGrace\n",
    );
    let writer = Scripted(Ok("It holds 40 lorries. It costs 70 EUR."));
    let draft = answer(&mut mailbox, id, &Say { writer: Some(&writer), ..PLAIN }).unwrap();
    let forty = draft.facts.iter().find(|fact| fact_text(&draft, fact) == "40").unwrap();
    assert_eq!((forty.source, forty.id), (FactSource::Archive, Some(MessageId(first.0 + 1))));
    let price = draft.facts.iter().find(|fact| fact_text(&draft, fact).contains("70")).unwrap();
    assert_eq!(price.source, FactSource::None);
    let ada = draft.facts.iter().find(|fact| fact_text(&draft, fact) == "Grace").unwrap();
    assert_eq!(ada.source, FactSource::Mail);
}

#[test]
fn the_users_own_mail_is_followed_up_and_not_sent_again() {
    let mut mailbox = mailbox();
    let me = format!("Ada Byron <{ME}>");
    let body = "Hi Bob,\n\nthe figures of the shared folder are old. Could you send me the sales figures for the quarter?\n\nBest,\nAda\n";
    let id = mailbox.add(&me, "Bob Ross <bob@example.com>", "Figures of the quarter", "", body);
    let draft = answer(&mut mailbox, id, &PLAIN).unwrap();
    assert_eq!(draft.to, [person("Bob Ross", "bob@example.com")]);
    assert_eq!(
        draft.body,
        "Hi Bob,\n\n\
         On 2026-02-01 I asked you: “Could you send me the sales figures for the quarter?”\n\n\
         Could you answer by […]? If I don't hear from you by […], I'll […].\n\n\
         Best,\nAda"
    );
    assert!(draft.examples.is_empty());
    assert!(draft.facts.iter().all(|fact| fact.source != FactSource::None), "{:?}", draft.facts);
    let said = answer(&mut mailbox, id, &Say { say: "The board meets today.", ..PLAIN }).unwrap();
    assert!(said.body.contains("quarter?”\n\nThe board meets today."), "{}", said.body);

    let headers = format!("In-Reply-To: <{}@example.org>\r\n", id.0);
    let came = mailbox.add(
        "Bob Ross <bob@example.com>",
        &me,
        "Re: Figures of the quarter",
        &headers,
        "Soon.\n",
    );
    let refused = answer(&mut mailbox, id, &PLAIN).unwrap_err().to_string();
    assert!(refused.contains(&format!("`postroom draft {}`", came.0)), "{refused}");

    let tells = mailbox.add(&me, "Bob Ross <bob@example.com>", "Yard", "", "The yard is open.\n");
    let refused = answer(&mut mailbox, tells, &PLAIN).unwrap_err().to_string();
    assert!(refused.contains("asks for nothing"), "{refused}");
    let note = mailbox.add(&me, ME, "Note", "", "Did I lock the gate?\n");
    let refused = answer(&mut mailbox, note, &PLAIN).unwrap_err().to_string();
    assert!(refused.contains("yourself"), "{refused}");
}

#[test]
fn one_who_greets_nobody_greets_a_stranger() {
    let mut mailbox = Mailbox::new();
    for n in 0..4 {
        let to = format!("Bob <bob{n}@b{n}.example.com>");
        mailbox.add(ME, &to, &format!("Note {n}"), "", "the report is done.\n\nAda\n");
    }
    let id = mailbox.add(
        "The Old Ropery <post@ropery.example>",
        ME,
        "Rope",
        "",
        "Dear Ada,\n\nshall we send the rope?\n\nBest regards,\nJo Miller\nThe Old Ropery\n",
    );
    let draft = answer(&mut mailbox, id, &PLAIN).unwrap();
    assert!(draft.body.starts_with("Hi Jo,\n\n“shall we send"), "{}", draft.body);
    assert_eq!(draft.to[0].name, "The Old Ropery");
}

#[test]
fn quoted_lines_are_no_facts_and_what_follows_is() {
    let body = "It is Tuesday.\n\nOn 2026-02-03 10:00, Ben wrote:\n> Is it Monday?\n\nCarol pays 70 EUR, not Dora.";
    let found: Vec<String> = facts(body, &[])
        .iter()
        .map(|fact| body.chars().skip(fact.start).take(fact.end - fact.start).collect())
        .collect();
    assert_eq!(found, ["Tuesday", "70", "EUR", "Dora"]);
    let origin = [Origin { source: FactSource::Mail, id: None, text: "steve@example.org" }];
    let traced = facts("Write to eve@example.org or pay at bank.example/x now.", &origin);
    assert_eq!(traced.len(), 2, "{traced:?}");
    assert!(traced.iter().all(|fact| fact.source == FactSource::None), "{traced:?}");
}

#[track_caller]
fn check_letter(text: &str, subject: &str, failing: &[CheckKind]) {
    let zone = Zone::utc();
    let context = Context {
        asks: &[],
        subject,
        mail: "",
        is_reply: false,
        now: UnixSeconds(START),
        zone: &zone,
        judge: None,
    };
    let checks = check(text, &context);
    assert_eq!(checks.len(), 6);
    assert!(checks.iter().all(|check| check.ok == check.hint.is_empty()));
    let found: Vec<CheckKind> =
        checks.into_iter().filter(|check| !check.ok).map(|check| check.check).collect();
    assert_eq!(found, failing, "{text}");
}

#[test]
fn letters_that_need_a_meeting_are_told() {
    use CheckKind::{Ask, Context as About, Deadline, Default as Otherwise, Skimmable};
    let good = "Hi,\n\nthe Harbor contract is ready. Please sign it by Friday. If I don't hear from you, I'll ask Carol.\n\nAda";
    check_letter(good, "Harbor contract: please sign", &[]);
    check_letter("Can we talk?", "Hi", &[About, Deadline, Otherwise]);
    check_letter("The Harbor contract is ready.", "Harbor contract", &[Ask]);
    check_letter("FYI: the Harbor contract is ready.", "Harbor contract", &[]);
    check_letter("Please sign the Harbor contract.", "Harbor contract", &[Deadline, Otherwise]);
    check_letter(
        "Shall we have lunch at noon on Tuesday? If I don't hear from you, I'll book a table.",
        "Lunch",
        &[],
    );
    let offer = "We need the price list for the Brandt offer. Please send it by Friday. Otherwise I go ahead with the old one.";
    check_letter(offer, "", &[]);
    check_letter("Please send it by Friday. Otherwise it is late.", "Price list", &[Otherwise]);
    let long = "The contract has many parts that we went through together with them. ".repeat(12);
    check_letter(&format!("FYI. {long}"), "Harbor contract", &[Skimmable]);
}

#[test]
fn the_reader_may_find_asks_that_words_do_not_give_away() {
    let zone = Zone::utc();
    let judge = |_: &str, sentences: &[&str]| {
        Some(sentences.iter().map(|_| SentenceAsks { ask: 0.9, deadline: 0.0 }).collect())
    };
    let context = Context {
        asks: &[],
        subject: "Harbor contract",
        mail: "",
        is_reply: false,
        now: UnixSeconds(START),
        zone: &zone,
        judge: Some(&judge),
    };
    let checks = check("I need a signature on the Harbor contract.", &context);
    let ask = checks.iter().find(|check| check.check == CheckKind::Ask).unwrap();
    assert!(ask.ok && ask.quote.contains("signature"));
}

#[test]
fn what_the_other_side_asked_is_not_asked_by_the_answer() {
    let zone = Zone::utc();
    let asks = [
        super::Ask { quote: "Could you send the plan by Friday?".to_owned(), due: None },
        super::Ask { quote: "Who pays for it?".to_owned(), due: None },
    ];
    let context = Context {
        asks: &asks,
        subject: "Plan",
        mail: "Could you send the plan by Friday? Who pays for it?",
        is_reply: true,
        now: UnixSeconds(START),
        zone: &zone,
        judge: None,
    };
    let wrong = |text: &str| -> Vec<CheckKind> {
        check(text, &context).into_iter().filter(|c| !c.ok).map(|c| c.check).collect()
    };
    let quote =
        "1. “Could you send the plan by Friday?”\nIt is on its way.\n\n2. “Who pays for it?”";
    assert_eq!(wrong(&format!("Hi Ben,\n\n{quote}\nWe do.\n\nAda")), []);
    assert_eq!(wrong(&format!("Hi Ben,\n\n{quote}\n[…]\n\nAda")), [CheckKind::Answers]);
    assert_eq!(wrong(&format!("Hi Ben,\n\n{quote}\n\nAda")), [CheckKind::Answers]);
    let below = "Hi Ben,\n\nthe plan is on its way, we pay for it.\n\nAda\n\nOn 2026-02-03 10:00, Ben wrote:\n> Could you send the plan by Friday?\n> Who pays for it?";
    assert_eq!(wrong(below), []);
    let between = "> Could you send the plan by Friday?\nThe plan is on its way.\n\n> Who pays for it?\nWe pay for it.\n\nAda";
    assert_eq!(wrong(between), []);
    let open = "If I don't hear from you by […], I'll go on. Please tell me by Monday.";
    assert_eq!(wrong(&format!("Hi Ben,\n\n{quote}\nWe do.\n\n{open}\n\nAda")), []);
    let asking = check(&format!("{quote}\nWe do."), &context);
    assert!(
        asking.iter().all(|check| check.quote.is_empty() || !check.quote.contains('?')),
        "{asking:?}"
    );
}
