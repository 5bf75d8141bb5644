//! The provider's own login, with a made-up provider on loopback, and Dovecot, which asks it whose a token is.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::sync::{crlf, fill};
use crate::kit::dovecot::{Counting, Dovecot};
use crate::kit::json::Sync;
use crate::kit::{Home, text};

#[derive(Default)]
struct State {
    challenge: String,
    /// Tokens that hold.
    good: Vec<String>,
    refresh: String,
    refreshes: usize,
    lasts: u64,
    /// Times a device is told to wait.
    pending: usize,
    revoked: bool,
}

/// Gives tokens, and says whose they are.
#[derive(Clone)]
struct Provider {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Provider {
    fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = State { lasts: 3_600, pending: 1, ..State::default() };
        let provider = Self { port, state: Arc::new(Mutex::new(state)) };
        let shared = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let provider = shared.clone();
                std::thread::spawn(move || provider.serve(stream));
            }
        });
        provider
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).ok()?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let target = first.split(' ').nth(1)?.to_owned();
        let (status, answer) = self.answer(&target, &String::from_utf8_lossy(&body));
        write!(
            stream,
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        )
        .ok()
    }

    fn answer(&self, target: &str, body: &str) -> (u16, String) {
        let mut state = self.state.lock().expect("no test panics with it");
        let field = |name: &str| {
            let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .unwrap_or_default()
        };
        let grant = |state: &mut State| {
            let at = state.good.len();
            state.good.push(format!("token-{at}-walrus"));
            state.refresh = format!("refresh-{at}-walrus");
            let (access, refresh) = (&state.good[at], &state.refresh);
            (
                200,
                format!(
                    "{{\"access_token\":\"{access}\",\"refresh_token\":\"{refresh}\",\"expires_in\":{},\"token_type\":\"Bearer\"}}",
                    state.lasts
                ),
            )
        };
        let no = |error: &str| (400, format!("{{\"error\":\"{error}\"}}"));
        if let Some((_, token)) = target.split_once("access_token=") {
            let is_good = state.good.last().is_some_and(|good| token.starts_with(good.as_str()));
            return if is_good {
                (200, "{\"username\":\"ada\",\"active\":\"yes\"}".to_owned())
            } else {
                no("invalid_token")
            };
        }
        if target == "/device" {
            let uri = "https://example.org/device";
            return (
                200,
                format!(
                    "{{\"device_code\":\"dc\",\"user_code\":\"WDJB-MJHT\",\"verification_uri\":\"{uri}\",\"expires_in\":600,\"interval\":0}}"
                ),
            );
        }
        if field("client_id") != "my-own-id" {
            return no("invalid_client");
        }
        match field("grant_type").as_str() {
            "authorization_code" => {
                let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
                if field("code") == "the-code" && proof == state.challenge {
                    grant(&mut state)
                } else {
                    no("invalid_grant")
                }
            }
            "refresh_token" if field("refresh_token") == state.refresh && !state.revoked => {
                state.refreshes += 1;
                grant(&mut state)
            }
            "refresh_token" => no("invalid_grant"),
            _ if state.pending > 0 => {
                state.pending -= 1;
                no("authorization_pending")
            }
            _ => grant(&mut state),
        }
    }

    /// The account `work`, with this provider's login.
    fn account(&self, home: &Home, server: &Dovecot) {
        let at = |what: &str| format!("\"http://127.0.0.1:{}/{what}\"", self.port);
        let config = format!(
            "[accounts.work]\naddress = \"ada@example.org\"\nuser = \"ada\"\n\
             imap = {{ host = \"127.0.0.1\", port = {}, tls = \"off\" }}\n\
             oauth = {{ client_id = \"my-own-id\", authorize = {}, token = {}, device = {}, scopes = \"mail offline_access\" }}\n",
            server.port,
            at("authorize"),
            at("token"),
            at("device")
        );
        std::fs::create_dir_all(home.path()).expect("a folder");
        std::fs::write(home.path().join("config.toml"), config).expect("it is written");
    }

    /// Logs in as a person with a browser would; `code` is what the provider sends them back with.
    fn log_in(&self, home: &Home, code: &str) -> std::process::Output {
        let mut child = home.command(["account", "login", "work"]).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it was asked for")).lines();
        let address = lines.find_map(|line| {
            line.ok().filter(|line| line.starts_with("http")).map(|line| line.trim().to_owned())
        });
        let address = address.expect("an address to open");
        let of = |name: &str| {
            let start = address.find(&format!("{name}=")).expect("it is there") + name.len() + 1;
            address[start..].split('&').next().unwrap_or_default().to_owned()
        };
        self.state.lock().expect("no test panics with it").challenge = of("code_challenge");
        let redirect = of("redirect_uri").replace("%3A", ":").replace("%2F", "/");
        let port: u16 = redirect.rsplit(':').next().and_then(|p| p.parse().ok()).expect("a port");
        let get = |query: &str| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
            write!(stream, "GET /?{query} HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            answer
        };
        assert!(
            get("code=evil&state=guessed").contains("404"),
            "only who knows the state is heard"
        );
        assert!(get(&format!("{code}&state={}", of("state"))).contains("200"));
        std::thread::spawn(move || lines.for_each(drop));
        child.wait_with_output().expect("it ends")
    }
}

fn tokens(home: &Home) -> std::path::PathBuf {
    home.data().join("tokens").join("work.json")
}

#[test]
fn a_login_is_kept_renewed_once_and_said_when_it_runs_out() {
    let provider = Provider::new();
    let Some(server) = Dovecot::start_with(Counting::Qresync, Some(provider.port)) else { return };
    fill(&mut server.client(), &crlf(5));
    let home = Home::new();
    provider.account(&home, &server);
    home.run(["sync"]).refused(1, &["nobody has logged in yet"]);
    assert!(!provider.log_in(&home, "error=access_denied").status.success());
    assert!(provider.log_in(&home, "code=the-code").status.success());
    let mode = {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(tokens(&home)).expect("it is there").permissions().mode()
    };
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(home.ask::<Sync>(&["sync", "--words-only"]).only().added, 5, "XOAUTH2");
    // It has run out: of four processes one renews it.
    let text_of = std::fs::read_to_string(tokens(&home)).expect("read");
    let (start, _) = text_of.split_once("\"expires\":").expect("a time");
    std::fs::write(tokens(&home), format!("{start}\"expires\":5}}")).expect("written");
    let mut others: Vec<_> = (0..4)
        .map(|_| home.command(["account", "check"]).stdout(Stdio::null()).spawn().expect("starts"))
        .collect();
    assert!(others.iter_mut().all(|child| child.wait().expect("it ends").success()));
    assert_eq!(provider.state.lock().expect("free").refreshes, 1);
    // Nobody but the file holds a token.
    let said = home.run(["sync", "-vv", "--words-only"]).done();
    assert!(!format!("{}{}", said.out, said.err).contains("walrus"));
    assert!(home.run(["privacy"]).done().out.contains("token"), "asking for one is written down");
    // The user takes it back at the provider.
    provider.state.lock().expect("free").revoked = true;
    std::fs::write(tokens(&home), format!("{start}\"expires\":5}}")).expect("written");
    home.run(["sync"]).refused(1, &["the login has run out"]);
}

#[test]
fn a_code_typed_elsewhere_logs_in_too_and_so_does_a_command() {
    let provider = Provider::new();
    let Some(server) = Dovecot::start_with(Counting::Nothing, Some(provider.port)) else { return };
    fill(&mut server.client(), &crlf(3));
    let home = Home::new();
    provider.account(&home, &server);
    let answer = home.run(["account", "login", "work", "--device"]).done();
    assert!(answer.err.contains("WDJB-MJHT"), "{}", answer.err);
    home.run(["account", "check"]).done();
    let good = provider.state.lock().expect("free").good.last().cloned().expect("a token");
    let script = home.folder("token");
    std::fs::write(&script, format!("{good}\n")).expect("written");
    let config = home.path().join("config.toml");
    let old = std::fs::read_to_string(&config).expect("read");
    let lines: Vec<&str> = old.lines().filter(|line| !line.starts_with("oauth")).collect();
    let command = format!("oauth = {{ command = [\"cat\", \"{}\"] }}", text(&script));
    std::fs::write(&config, format!("{}\n{command}\n", lines.join("\n"))).expect("written");
    assert_eq!(home.ask::<Sync>(&["sync", "--words-only"]).only().added, 3);
    std::fs::write(&script, "another\n").expect("written");
    home.run(["sync"]).refused(1, &["refused"]);
}
