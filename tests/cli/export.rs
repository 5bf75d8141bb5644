//! `export`.

use crate::kit::json::Exported;
use crate::kit::{Home, mail, text};

#[test]
fn each_format_holds_every_message() {
    let home = Home::with(&mail::some(12));
    for format in ["maildir", "mbox", "jsonl"] {
        let out = home.folder(format);
        let said = home.ask::<Exported>(&["export", "--format", format, &text(&out)]).only();
        assert_eq!(said.count, 12, "{format}");
        assert!(std::path::Path::new(&said.dir).is_dir());
        if format != "jsonl" {
            let again = Home::new();
            again.run(["import", "--words-only", &text(&out)]).done();
            assert_eq!(again.count(), 12, "{format}");
        }
    }
}

#[test]
fn from_lines_in_a_body_survive_the_mbox() {
    let letter = mail::Letter::new(
        "Odd",
        "From here on it is odd.\n>From there too.\n\nFrom bert@example.org Fri Feb 27 10:00:00 2026\nend",
    );
    let home = Home::with(&[letter.bytes(), mail::Letter::new("Next", "plain").bytes()]);
    let out = home.folder("out");
    home.run(["export", "--format", "mbox", &text(&out)]).done();
    let again = Home::new();
    again.run(["import", "--words-only", &text(&out)]).done();
    assert_eq!(again.count(), 2);
    let id = again.found("subject:odd")[0].to_string();
    let (raw, before) =
        (again.run(["show", "--raw", &id]).done().out, home.found("subject:odd")[0].to_string());
    assert_eq!(raw.trim_end(), home.run(["show", "--raw", &before]).done().out.trim_end());
}

#[test]
fn folder_names_of_strangers_stay_inside() {
    let home = Home::new();
    let maildir = home.folder("mail");
    mail::maildir(&maildir, "..etc", &mail::some(1));
    mail::maildir(&maildir, "a.b", &mail::some(2)[1..]);
    home.run(["import", "--words-only", &text(&maildir)]).done();
    let out = home.folder("deep/er/out");
    home.run(["export", &text(&out)]).done();
    let around: Vec<_> = std::fs::read_dir(home.folder("deep/er")).expect("a folder").collect();
    assert_eq!(around.len(), 1, "something was written beside the folder");
}
