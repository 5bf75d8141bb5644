//! Dovecot on loopback, in a folder of its own, gone when dropped; and a small client beside ours.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{Home, text, tools};

/// The password of everybody.
pub(crate) const PASSWORD: &str = "blue-herring-42";

/// How the server counts changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    Qresync,
    Condstore,
    Nothing,
    /// Not counting, and without MOVE.
    Plain,
}

pub(crate) struct Dovecot {
    folder: TempDir,
    pub(crate) port: u16,
    /// Where TLS comes first.
    pub(crate) tls_port: u16,
    /// SHA-256 of its certificate.
    pub(crate) fingerprint: String,
    child: Child,
}

/// A message there: folder, Maildir letters, bytes.
pub(crate) type Place = (String, String, Vec<u8>);

impl Dovecot {
    /// Nothing where it is not installed; in CI it must be.
    pub(crate) fn start(counting: Counting) -> Option<Self> {
        Self::start_with(counting, None)
    }

    /// With a provider of tokens on this port, whom it asks whose a token is.
    pub(crate) fn start_with(counting: Counting, tokens: Option<u16>) -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().expect("a folder");
        let (port, tls_port) = (free_port(), free_port());
        let fingerprint = write_certificate(folder.path());
        let config = folder.path().join("dovecot.conf");
        let mut text_of_config = config_text(folder.path(), port, tls_port, counting);
        if let Some(tokens) = tokens {
            let oauth = folder.path().join("oauth.conf");
            let asked = format!(
                "tokeninfo_url = http://127.0.0.1:{tokens}/info?access_token=\n\
                 username_attribute = username\nactive_attribute = active\nactive_value = yes\n"
            );
            fs::write(&oauth, asked).expect("written");
            text_of_config = text_of_config.replacen(
                "auth_mechanisms = plain login",
                // One of the two each time.
                if counting == Counting::Nothing {
                    "auth_mechanisms = plain login oauthbearer"
                } else {
                    "auth_mechanisms = plain login xoauth2"
                },
                1,
            );
            text_of_config = text_of_config.replacen(
                "passdb {",
                &format!(
                    "passdb {{\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n args = {}\n}}\npassdb {{",
                    text(&oauth)
                ),
                1,
            );
        }
        fs::write(&config, text_of_config).expect("written");
        for name in ["run", "mail"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        open_to_all(folder.path());
        open_to_all(&folder.path().join("mail"));
        let child = Command::new(program)
            .args(["-F", "-c", &text(&config)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let server = Self { folder, port, tls_port, fingerprint, child };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(20), "it does not listen:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    pub(crate) fn client(&self) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        let mut client = Client { lines: BufReader::new(stream), tags: 0 };
        client.line();
        client.run(&format!("LOGIN ada {PASSWORD}"));
        client
    }

    /// The account in the config of `home`.
    pub(crate) fn account(&self, home: &Home) {
        let config = format!(
            "[accounts.work]\naddress = \"ada@example.org\"\nuser = \"ada\"\n\
             imap = {{ host = \"127.0.0.1\", port = {}, tls = \"off\" }}\n\
             password.command = [\"echo\", \"{PASSWORD}\"]\n",
            self.port
        );
        fs::create_dir_all(home.path()).expect("a folder");
        fs::write(home.path().join("config.toml"), config).expect("it is written");
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    let sbin = PathBuf::from("/usr/sbin/dovecot");
    if sbin.is_file() {
        return Some(sbin);
    }
    tools::have("dovecot").then(|| PathBuf::from("dovecot"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("its mode is set");
}

fn write_certificate(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
    let key = made.signing_key.serialize_der();
    for (name, what, der) in
        [("cert.pem", "CERTIFICATE", made.cert.der().as_ref()), ("key.pem", "PRIVATE KEY", &key)]
    {
        fs::write(folder.join(name), pem(what, der)).expect("written");
    }
    Sha256::digest(made.cert.der()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {what}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).expect("ASCII"));
        pem.push('\n');
    }
    pem + &format!("-----END {what}-----\n")
}

fn config_text(folder: &Path, port: u16, tls_port: u16, counting: Counting) -> String {
    let of = |args: &[&str]| {
        let output = Command::new("id").args(args).output().expect("id is everywhere");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    // It will not serve mail as root.
    let (user, group, uid, gid) = if tools::is_root() {
        ("nobody".to_owned(), "nogroup".to_owned(), "65534".to_owned(), "65534".to_owned())
    } else {
        (of(&["-un"]), of(&["-gn"]), of(&["-u"]), of(&["-g"]))
    };
    let can = match counting {
        Counting::Qresync => "",
        Counting::Condstore => {
            "imap_capability = IMAP4rev1 SASL-IR ENABLE IDLE UIDPLUS LITERAL+ MOVE CONDSTORE"
        }
        Counting::Plain => "imap_capability = IMAP4rev1 SASL-IR IDLE UIDPLUS LITERAL+",
        Counting::Nothing => "imap_capability = IMAP4rev1 SASL-IR IDLE UIDPLUS LITERAL+ MOVE",
    };
    let folder = text(folder);
    format!(
        "base_dir = {folder}/run\nstate_dir = {folder}/run\nlog_path = {folder}/log\n\
         protocols = imap\nlisten = 127.0.0.1\n\
         ssl = yes\nssl_cert = <{folder}/cert.pem\nssl_key = <{folder}/key.pem\n\
         disable_plaintext_auth = no\nauth_mechanisms = plain login\n\
         default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
         first_valid_uid = 0\nfirst_valid_gid = 0\nmail_uid = {uid}\nmail_gid = {gid}\n\
         mail_location = maildir:{folder}/mail/%u\nmail_fsync = never\n\
         mail_max_userip_connections = 100\n\
         passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n\
         userdb {{\n driver = static\n args = uid={uid} gid={gid} home={folder}/mail/%u\n}}\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n  port = {port}\n }}\n\
          inet_listener imaps {{\n  port = {tls_port}\n  ssl = yes\n }}\n}}\n\
         service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
         protocol imap {{\n {can}\n}}\n\
         namespace inbox {{\n inbox = yes\n separator = /\n}}\n"
    )
}

/// Another client of the same mailbox.
pub(crate) struct Client {
    lines: BufReader<TcpStream>,
    tags: usize,
}

impl Client {
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.lines.read_until(b'\n', &mut line).expect("it answers");
        assert!(line.ends_with(b"\r\n"), "it broke off");
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    /// Each response with its literals, up to the tagged OK.
    #[track_caller]
    pub(crate) fn run(&mut self, command: &str) -> Vec<(String, Vec<u8>)> {
        self.run_bytes(command.as_bytes())
    }

    #[track_caller]
    fn run_bytes(&mut self, command: &[u8]) -> Vec<(String, Vec<u8>)> {
        let asked = String::from_utf8_lossy(command).into_owned();
        self.answer(command).unwrap_or_else(|status| panic!("{asked}: {status}"))
    }

    /// As [`Client::run`]; the tagged status where it is no OK.
    pub(crate) fn try_run(&mut self, command: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
        self.answer(command.as_bytes())
    }

    fn answer(&mut self, command: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
        self.tags += 1;
        let tag = format!("t{} ", self.tags);
        let stream = self.lines.get_mut();
        stream.write_all(tag.as_bytes()).expect("sent");
        stream.write_all(command).expect("sent");
        stream.write_all(b"\r\n").expect("sent");
        let mut all = Vec::new();
        loop {
            let mut line = self.line();
            let mut literal = Vec::new();
            while let Some(length) = literal_at_end(&line) {
                literal.resize(length, 0);
                self.lines.read_exact(&mut literal).expect("the literal comes");
                line = format!("{line} {}", self.line());
            }
            if let Some(status) = line.strip_prefix(&tag) {
                return if status.starts_with("OK") { Ok(all) } else { Err(status.to_owned()) };
            }
            all.push((line, literal));
        }
    }

    #[track_caller]
    pub(crate) fn append(&mut self, folder: &str, flags: &str, raw: &[u8]) {
        let mut command =
            format!("APPEND \"{folder}\" ({flags}) {{{}+}}\r\n", raw.len()).into_bytes();
        command.extend_from_slice(raw);
        self.run_bytes(&command);
    }

    /// All that lies in `folders`; the names as a person reads them stand beside the server's.
    pub(crate) fn holds(&mut self, folders: &[(&str, &str)]) -> BTreeSet<Place> {
        let mut all = BTreeSet::new();
        for (name, readable) in folders {
            self.run(&format!("EXAMINE \"{name}\""));
            for (line, body) in self.run("UID FETCH 1:* (FLAGS BODY.PEEK[])") {
                let Some(flags) = line.split("FLAGS (").nth(1) else { continue };
                let flags = flags.split(')').next().unwrap_or_default();
                all.insert(((*readable).to_owned(), letters(flags), body));
            }
        }
        all
    }
}

fn letters(flags: &str) -> String {
    let mut letters = String::new();
    for (flag, letter) in [
        ("\\Draft", 'D'),
        ("\\Flagged", 'F'),
        ("\\Answered", 'R'),
        ("\\Seen", 'S'),
        ("\\Deleted", 'T'),
    ] {
        if flags.split(' ').any(|one| one == flag) {
            let _ = write!(letters, "{letter}");
        }
    }
    letters
}

fn literal_at_end(line: &str) -> Option<usize> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

/// All that lies in `home`, in the same form.
pub(crate) fn holds(home: &Home) -> BTreeSet<Place> {
    let place = tempfile::tempdir().expect("a folder");
    let dir = place.path().join("out");
    home.run(["export", "--format", "maildir", &text(&dir)]).done();
    let mut all = BTreeSet::new();
    let mut waiting = vec![dir.clone()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let name = text(path.parent().and_then(Path::parent).expect("it lies in cur"));
            let name =
                name.strip_prefix(&text(&dir)).expect("below").trim_start_matches('/').to_owned();
            let flags = text(&path).rsplit_once(":2,").expect("flags").1.to_owned();
            all.insert((name, flags, fs::read(&path).expect("read")));
        }
    }
    all
}
