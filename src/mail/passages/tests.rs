use super::*;

/// `text` with one mark a line: `o` own, `q` quoted, `f` forwarded, `s` signature.
#[track_caller]
fn check(marked: &str) {
    let mut text = String::new();
    let mut expected = String::new();
    for line in marked.lines() {
        let (mark, rest) = line.split_at(1);
        expected.push_str(mark);
        text.push_str(rest.strip_prefix(' ').unwrap_or(rest));
        text.push('\n');
    }
    for text in [text.clone(), text.replace('\n', "\r\n")] {
        let mut found = String::new();
        for passage in passages(&text) {
            let mark = match passage.voice {
                Voice::Own => "o",
                Voice::Quoted => "q",
                Voice::Forwarded => "f",
                Voice::Signature => "s",
            };
            for _ in text[passage.start..passage.end].lines() {
                found.push_str(mark);
            }
        }
        assert_eq!(found, expected, "in\n{text}");
    }
}

#[test]
fn passages_cover_the_text() {
    for text in ["", "\n", "a", "a\nb", "> a\n\nb\n\n-- \nc", "ü\n\n> ß\n", "\n\n> a"] {
        let mut at = 0;
        for passage in passages(text) {
            assert_eq!(passage.start, at);
            at = passage.end;
        }
        assert_eq!(at, text.len());
    }
}

#[test]
fn answers_between_quotes_stay() {
    check(
        "q On Tue, 3 Mar 2026 at 10:02, Anna Muster <anna@example.org> wrote:\nq > Shall we ship?\nq \no Yes.\no \nq > And the docs?\nq \no They follow on Friday.",
    );
}

#[test]
fn an_answer_at_the_bottom_stays() {
    check("q Anna wrote:\nq > one\nq > two\no That works for me.");
}

#[test]
fn attributions_in_many_tongues_are_quotes() {
    for line in [
        "On 3 Mar 2026, at 10:02, Anna Muster <anna@example.org> wrote:",
        "Am 03.03.2026 um 10:02 schrieb Anna Muster <anna@example.org>:",
        "Am Di., 3. März 2026 um 10:02 Uhr schrieb Anna Muster <anna@example.org>:",
        "Anna Muster <anna@example.org> hat am 03.03.2026 10:02 geschrieben:",
        "Le mar. 3 mars 2026 à 10:02, Anna Muster <anna@example.org> a écrit :",
        "El mar, 3 mar 2026 a las 10:02, Anna Muster (<anna@example.org>) escribió:",
        "Il giorno mar 3 mar 2026 alle ore 10:02 Anna Muster <anna@example.org> ha scritto:",
        "Em ter., 3 de mar. de 2026 às 10:02, Anna Muster <anna@example.org> escreveu:",
        "Op di 3 mrt. 2026 om 10:02 schreef Anna Muster <anna@example.org>:",
        "Den tis 3 mars 2026 kl 10:02 skrev Anna Muster <anna@example.org>:",
        "W dniu 03.03.2026 o 10:02, Anna Muster pisze:",
        "wt., 3 mar 2026 o 10:02 Anna Muster <anna@example.org> napisał(a):",
        "03.03.2026 10:02, Anna Muster пишет:",
        "2026年3月3日(火) 10:02 Anna Muster <anna@example.org> のメール:",
        "Anna Muster <anna@example.org> 于2026年3月3日周二 10:02写道：",
        "anna@example.org writes:",
        "Quoting Anna Muster <anna@example.org>:",
        "Anna Muster stated the following on Tue, Mar 3, 2026 at 10:02:11AM +0100 :",
    ] {
        check(&format!("o Fine.\no \nq {line}\nq \nq > When?\nq > Then?"));
    }
}

#[test]
fn wrapped_attributions_are_quotes() {
    check(
        "o Fine.\nq On Tue, Mar 3, 2026 at 10:02 AM, Anna Muster\nq <anna@example.org>\nq wrote:\nq \nq > When?",
    );
    check(
        "o Fine.\no \nq On Tue, Mar 3, 2026 at 10:02 AM, Anna Muster <anna@example.org>\nq wrote:\nq \nq When do we meet?",
    );
}

#[test]
fn a_sentence_is_no_attribution() {
    check(
        "o On your machine you can run:\no \no     start now\no \no On Monday Bob wrote: we need more.\no One thing he said:\no \no stop.",
    );
}

#[test]
fn outlook_blocks_are_quotes() {
    check(
        "o Done.\no \nq From: Anna Muster [mailto:anna@example.org]\nq Sent: Tuesday, March 3, 2026 10:02 AM\nq To: Ben\nq Subject: Numbers\nq \nq Please send them.\nq \nq Anna",
    );
    check(
        "o Erledigt.\no \nq Von: Anna Muster\nq Gesendet: Dienstag, 3. März 2026 10:02\nq An: Ben\nq Betreff: Zahlen\nq \nq Bitte schicken.",
    );
    check(
        "o Fait.\no \nq ________________________________\nq De : Anna Muster <anna@example.org>\nq Envoyé : mardi 3 mars 2026 10:02\nq À : Ben\nq Objet : Chiffres\nq \nq Merci.",
    );
    check(
        "o Hecho.\no \nq *De:* Anna Muster\nq *Enviado el:* martes, 3 de marzo de 2026 10:02\nq *Para:* Ben\nq *Asunto:* Cifras\nq \nq Gracias.",
    );
    check(
        "o Done.\no \nq  -----Original Message-----\nq From: \tMuster, Anna\nq Sent:\tTuesday, March 03, 2026 10:02 AM\nq To:\tBen\nq \nq Hello",
    );
}

#[test]
fn a_template_with_from_and_to_is_own() {
    check("o The shuttle runs daily.\no From: main gate\no To: harbor\no It takes ten minutes.");
}

#[test]
fn a_memo_is_own() {
    check(
        "o TO: All staff\no FROM: Anna Muster\no DATE: March 3, 2026\no SUBJECT: Parking\no \no The lot is closed.",
    );
}

#[test]
fn notes_blocks_are_quotes() {
    check(
        "o We can do that.\no \nq \"Anna Muster\" <anna@example.org> on 04/12/2001 10:00:00 AM\nq To: ben@example.org\nq cc: \nq \nq Subject: Numbers\nq \nq Please send them.",
    );
    check(
        "o We can do that.\no \nq Anna Muster@EXAMPLE\nq 04/12/2001 10:00 AM\nq To: Ben Sample/EX@EX, Carla\nq Proof/EX@EX\nq cc:  \nq Subject: Numbers\nq \nq Please send them.",
    );
    check(
        "f \nf Anna Muster\nf 04/12/2001 10:00 AM\nf To: Ben\nf cc:\nf Subject: Numbers\nf \nf Please.",
    );
}

#[test]
fn notes_blocks_in_columns_are_quotes() {
    check(
        "o That is fine!\no \nq             Anna.Muster@example.o\nq             rg                             To:     Ben Sample/Example@Example\nq                                            cc:\nq             10/29/2001 09:43 AM            Subject:     RE: Numbers\nq                                            10/30/01\nq \nq Can we meet from 10am instead?",
    );
    check(
        "o Fine.\no \nq     Anna.Muster@example.org     To:     Ben Sample/Example@Example, Carla\nq     10/29/2001 09:43 AM         Proof/Example@Example\nq                                 cc:\nq                                 Subject:     Numbers\nq \nq Shall we?",
    );
}

#[test]
fn a_notes_block_without_its_sender_is_a_quote() {
    check(
        "o May I use it?\no \no Paul\no \nq To: Anna Muster/EX@EX, Ben \nq Sample/EX@EX\nq cc:  \nq Subject: \nq \nq Attached are two files.",
    );
    check("o Please write:\no To: all\no Subject: Lunch\no \no It is at noon.");
}

#[test]
fn a_table_with_a_subject_is_own() {
    check(
        "o Here is the plan:\no \no     Day      To       Subject\no     Mon      Ben      maths\no     Tue      Carla    music",
    );
}

#[test]
fn forwarded_mail_is_told_apart() {
    check(
        "o For you.\no \nf ---------- Forwarded message ---------\nf From: Anna <anna@example.org>\nf Date: Tue, 3 Mar 2026 at 10:02\nf Subject: Numbers\nf To: Ben\nf \nf Hello Ben",
    );
    check(
        "o For you.\no \nf Begin forwarded message:\nf \nf > From: Anna <anna@example.org>\nf > Subject: Numbers\nf > \nf > Hello",
    );
    check(
        "o Ben,\no \no See below.\nf ---------------------- Forwarded by Anna Muster/EX on 08/07/2000 \nf 07:05 AM ---------------------------\nf \nf \nf Carla@EX\nf 08/04/2000 03:13 PM\nf To: Anna\nf Subject: x\nf \nf Text.",
    );
    check(
        "o Siehe unten.\no \nf -------- Weitergeleitete Nachricht --------\nf Betreff: Zahlen\nf Von: Anna\nf \nf Hallo\nf \nf ----- Ende der weitergeleiteten Nachricht -----\nf \no Was meinst du?",
    );
    check(
        "f From: Anna <anna@example.org>\nf Sent: Tuesday, March 3, 2026 10:02 AM\nf To: Ben\nf Subject: Numbers\nf \nf Text.",
    );
}

#[test]
fn signatures_follow_their_mark() {
    check("o Text here.\no \ns -- \ns Anna Muster\ns Example Ltd.");
    check("o Hello\no \ns Sent from my iPhone");
    check("o Hello\no \ns Von meinem iPhone gesendet");
    check("o Hello\no \no Sent from my desk, is much easier than my mobile phone.");
    check("o This is -- not a mark -- at all.\no Nor is this.");
}

#[test]
fn contact_blocks_are_signature_and_sign_offs_own() {
    check(
        "o Text here.\no \no Best regards,\no Anna Muster\ns Head of Nothing\ns Tel. +49 30 1234567",
    );
    check(
        "o Please call me this afternoon.\no \ns Anna Muster\ns anna@example.org\ns (555) 555-0100",
    );
    check("o I will not be there until midnight.  Sorry!\no \no Anna Muster\ns Example Trading");
    check("o You can reach Ben there all day:\no \no Ben Sample\no 555-555-0100");
    check("o Text here.\no \no Thanks,\no Anna\no \no P.S. The key is at the desk.");
}

#[test]
fn footers_are_signature() {
    check(
        "o Text here, not much.\no \ns _______________________________________________\ns Birds mailing list\ns Birds@lists.example.org\ns https://lists.example.org/birds",
    );
    check(
        "o Text here, not much.\no \ns This e-mail and any attachments are confidential and intended only for the\ns addressee. If you received it in error, notify the sender and delete it.",
    );
    check("o Text here, not much.\no \no Anna\ns \ns CONFIDENTIALITY NOTICE: this message is privileged. Unauthorized use is\ns prohibited.\ns \ns Example Ltd. is registered somewhere.".replace("o Anna\ns ", "o Anna\no ").as_str());
}

#[test]
fn bars_and_initials_quote_where_they_stand_together() {
    check("q Anna wrote:\nq | one\nq | two\no Mine.");
    check("q AB> one\nq AB> two\no Mine.");
    check("o The table:\no | a | b |\no | 1 | 2 |");
    check("o Look:\no >From here the path climbs.");
}

#[test]
fn wrapped_tails_of_quotes_are_quotes() {
    check(
        "q Anna wrote:\nq > A line so long that some program somewhere wrapped it at column\nq eighty\nq > and it went on.\no Yes.",
    );
}

#[test]
fn own_words_leave_the_rest_out() {
    let text = "Hi Ben,\n\nyes.\n\nOn Tue, 3 Mar 2026 at 10:02, Ben <ben@example.org> wrote:\n> Well?\n\nThat was it.\n-- \nAnna\n";
    assert_eq!(own_words(text), "Hi Ben,\n\nyes.\n\nThat was it.");
    assert_eq!(own_words("> only\n> quotes\n"), "");
}

#[track_caller]
fn check_shape(
    text: &str,
    greeting: Option<&str>,
    sign_off: Option<&str>,
    signature: Option<&str>,
) {
    let shape = letter_shape(text);
    assert_eq!(shape.greeting.map(|range| &text[range]), greeting, "greeting in {text:?}");
    assert_eq!(shape.sign_off.map(|range| &text[range]), sign_off, "sign-off in {text:?}");
    assert_eq!(shape.signature.map(|range| &text[range]), signature, "signature in {text:?}");
}

#[test]
fn letters_have_a_shape() {
    check_shape(
        "Hi Ben,\n\nyes.\n\nBest regards,\nAnna",
        Some("Hi Ben,"),
        Some("Best regards,\nAnna"),
        None,
    );
    check_shape("Ben,\n\nyes, it is.\n\nAnna", Some("Ben,"), Some("Anna"), None);
    check_shape(
        "Ben/Carla:\n\nyes, it is.\n\nThanks, Anna",
        Some("Ben/Carla:"),
        Some("Thanks, Anna"),
        None,
    );
    check_shape("Hi Ben,  the figures are in.", Some("Hi Ben,"), None, None);
    check_shape("Hello all\n\nwe move.\n-anna", Some("Hello all"), Some("-anna"), None);
    check_shape(
        "Sehr geehrte Frau Muster,\n\nanbei der Vertrag.\n\nMit freundlichen Grüßen\n\nBen Sample\nExample GmbH\nTel. 030 1234567",
        Some("Sehr geehrte Frau Muster,"),
        Some("Mit freundlichen Grüßen\n\nBen Sample"),
        Some("Example GmbH\nTel. 030 1234567"),
    );
    check_shape(
        "Liebe Anna,\nbis morgen.\nViele Grüße\nBen",
        Some("Liebe Anna,"),
        Some("Viele Grüße\nBen"),
        None,
    );
    check_shape(
        "Bonjour Anna,\n\nvoici le devis.\n\nCordialement,\nBen",
        Some("Bonjour Anna,"),
        Some("Cordialement,\nBen"),
        None,
    );
    check_shape(
        "Hola Anna:\n\nadjunto el plan.\n\nUn saludo,\nBen",
        Some("Hola Anna:"),
        Some("Un saludo,\nBen"),
        None,
    );
    check_shape(
        "Good morning Ben,\nsee below.\nThanks for your help!\nAnna",
        Some("Good morning Ben,"),
        Some("Thanks for your help!\nAnna"),
        None,
    );
    check_shape("Yes, do it.", None, None, None);
    check_shape("However, we must wait.\nHighly unlikely though.", None, None, None);
    check_shape("Thanks for the report.", None, None, None);
    check_shape("Tomorrow:\n\n- eggs", None, None, None);
    check_shape("", None, None, None);
    check_shape(
        "Ok.\n\nCheers\nAnna\n\nOn 3 Mar 2026, at 10:02, Ben <ben@example.org> wrote:\n> Fine?",
        None,
        Some("Cheers\nAnna"),
        None,
    );
}

#[test]
fn time_is_linear_in_the_text() {
    // Each of these was quadratic in some mail program: many colons, marks, rules, blanks.
    let pieces = [
        "From: a\n",
        ">",
        "--\n",
        "________\n",
        "\n",
        "On 3 Mar 2026 wrote\n",
        "To: a\n",
        "unsubscribe\n\n",
        "Thanks,\n",
        "| a\n",
        "> a\nb\n",
    ];
    for piece in pieces {
        let text = piece.repeat(400_000 / piece.len());
        let start = std::time::Instant::now();
        let covered: usize =
            passages(&text).iter().map(|passage| passage.end - passage.start).sum();
        assert_eq!(covered, text.len());
        assert!(start.elapsed().as_secs() < 20, "{piece:?} took {:?}", start.elapsed());
    }
}
