//! What an account promises.

use super::*;

fn account(host: &str) -> Account {
    Account {
        address: "ada@example.org".into(),
        user: None,
        imap: Server::new(host, 993),
        smtp: None,
        oauth: None,
        password: Some(PasswordCommand {
            command: vec!["pass".into(), "show".into(), "mail".into()],
        }),
    }
}

#[test]
fn an_account_is_added_and_nothing_else_is_touched() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("new/config.toml");
    add_to(&path, "home", &account("imap.example.org")).expect("made");
    let text = std::fs::read_to_string(&path).expect("there");
    assert_eq!(
        text,
        "[accounts.home]\naddress = \"ada@example.org\"\n\
         imap = { host = \"imap.example.org\", port = 993 }\n\
         password.command = [\"pass\", \"show\", \"mail\"]\n"
    );
    let before = "# mine\n[me]\naddresses = [ \"ada@example.org\" ] # yes\n\n[accounts.old]\naddress = 'o'\n";
    std::fs::write(&path, before).expect("written");
    add_to(&path, "home", &account("imap.example.org")).expect("added");
    let after = std::fs::read_to_string(&path).expect("there");
    assert!(after.starts_with(before), "{after}");
    assert!(matches!(add_to(&path, "home", &account("x")), Err(Error::Taken { .. })));
    remove_from(&path, "home").expect("removed");
    assert_eq!(std::fs::read_to_string(&path).expect("there").trim_end(), before.trim_end());
    assert!(matches!(remove_from(&path, "home"), Err(Error::Unknown { .. })));
    std::fs::write(&path, "[me\n").expect("written");
    assert!(matches!(add_to(&path, "home", &account("x")), Err(Error::NotToml { .. })));
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "[me\n");
}

#[track_caller]
fn check_refused(server: Server) {
    assert!(server.check().is_err(), "{server:?}");
}

#[test]
fn plain_text_is_for_this_machine_alone() {
    let off = |host: &str| Server { tls: Some(Tls::Off), ..Server::new(host, 143) };
    check_refused(off("imap.example.org"));
    check_refused(off("127.0.0.1.example.org"));
    check_refused(off(""));
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        off(host).check().expect("taken");
    }
    check_refused(Server {
        fingerprint: Some("12".into()),
        ..Server::new("imap.example.org", 993)
    });
    assert_eq!(Server::new("imap.example.org", 143).tls(), Tls::StartTls);
    assert_eq!(Server::new("imap.example.org", 993).tls(), Tls::Implicit);
    assert_eq!(Server::new("imap.example.org", 10143).tls(), Tls::Implicit);
}

#[test]
fn a_secret_is_one_line_and_is_never_shown() {
    let ask = |script: &str| Secret::from_command(&["sh".into(), "-c".into(), script.into()]);
    let secret = ask("echo 'blue herring'; echo more").expect("a password");
    assert_eq!(secret.text(), "blue herring");
    assert!(!format!("{secret:?}").contains("herring"));
    for script in ["exit 3", "true", "echo; echo late", "echo herring; exit 1", "printf '\\377'"] {
        let error = ask(script).expect_err(script);
        assert!(!format!("{error:?} {error}").contains("herring"), "{error:?}");
    }
    assert!(Secret::from_command(&["/no/such/program".into()]).is_err());
    assert!(Secret::from_command(&[]).is_err());
}

#[test]
fn big_providers_are_known_by_the_address() {
    let check = |address: &str, host: &str| {
        let provider = provider(address).unwrap_or_else(|| panic!("{address} is not known"));
        assert_eq!(provider.imap, host);
        provider.server().check().expect("a server");
    };
    check("ada@gmail.com", "imap.gmail.com");
    check("Ada@Web.DE", "imap.web.de");
    check("ada@icloud.com", "imap.mail.me.com");
    assert!(provider("ada@example.org").is_none());
    assert!(provider("ada").is_none());
    assert!(
        !quirks_of("p42.imap.mail.me.com").qresync && quirks_of("p42.imap.mail.me.com").condstore
    );
    assert!(!quirks_of("outlook.office365.com").condstore);
    assert!(quirks_of("imap.163.com").id_first);
    assert!(quirks_of("imap.example.org").qresync);
}
