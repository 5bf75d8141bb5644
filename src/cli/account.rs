//! `account add`, `list`, `check`, `remove`.

use std::path::Path;

use serde_json::{Value, json};

use super::args::{self, AccountVerb};
use super::config::is_bare_address;
use super::failure::{ASKED_WRONGLY, COULD_NOT, Failure};
use super::screen::Style;
use super::session::Session;
use crate::accounts::{self, Account, Found, Keys, OAuth, PasswordCommand, Secret, Server, Tls};
use crate::guard::ConnectionLog;
use crate::intake::imap;
use crate::mail::UnixSeconds;
use crate::mail::when::format_rfc3339;

/// The folder of tokens, below the data.
const TOKENS: &str = "tokens";

impl From<accounts::Error> for Failure {
    fn from(error: accounts::Error) -> Self {
        use accounts::Error;
        let failure = Self::from_error(&error);
        match error {
            Error::Value { .. } | Error::PlainText { .. } => {
                Self { status: ASKED_WRONGLY, ..failure }
                    .hint("`postroom account add --help` says how a server is named")
            }
            Error::Connect { .. } => failure.hint("look at the network, and at the server's name and port"),
            Error::Tls { .. } => failure.hint(
                "nothing was said to it; a server of your own is taken by the fingerprint of its certificate (--fingerprint)",
            ),
            Error::Password { .. } => {
                failure.hint("run the command yourself: the password is the first line it prints")
            }
            Error::Terminal { .. } => failure.hint(
                "set password.command in the config: a command that prints the password",
            ),
            Error::LogIn { .. } => {
                failure.hint("`postroom account login NAME` logs in with your browser")
            }
            Error::Tokens { .. } => failure.hint("is there room, and may you write there?"),
            Error::Config { .. } => failure.hint("`postroom config path` says where it lies"),
            Error::NotToml { .. } => failure.hint("mend it first: nothing was changed"),
            Error::Taken { .. } => failure.hint("--name gives it another"),
            Error::Unknown { .. } => failure.hint("`postroom account list` names them"),
        }
    }
}

impl From<imap::Error> for Failure {
    fn from(error: imap::Error) -> Self {
        use imap::Error;
        let failure = Self::from_error(&error);
        match error {
            Error::Account(error) => Self::from(error),
            Error::Log(_) => {
                failure.hint("no connection is opened that cannot be written down; is there room?")
            }
            Error::Store(error) => Self { message: failure.message, ..error.into() },
            Error::Login { .. } => failure.hint(
                "is the password right? Many providers want one made for this application (an app password)",
            ),
            Error::NoPasswords { .. } | Error::PasswordsOff { .. } => failure.hint(
                "an app password, where the provider has them; else oauth = { provider = \"microsoft\", client_id = \"…\" } in the account, then `postroom account login NAME`",
            ),
            Error::NoTokens { .. } => failure.hint("password.command in place of oauth"),
            Error::NotPrivate { .. } => failure.hint(
                "no name and no password were sent; try port 993, where TLS comes first",
            ),
            Error::Dropped { .. } | Error::Stalled { .. } | Error::Bye { .. } => {
                failure.hint("run it again: it goes on where it stopped")
            }
            Error::Throttled { seconds, .. } => {
                failure.hint(format!("run it again in {} min: it goes on where it stopped", seconds.div_ceil(60)))
            }
            Error::Garbage { .. } => {
                failure.hint("is it an IMAP server? What came until then is kept")
            }
            _ => failure.hint("what came until then is kept; run it again"),
        }
    }
}

pub(super) fn run(session: &mut Session<'_>, verb: &AccountVerb) -> Result<u8, Failure> {
    match verb {
        AccountVerb::Add(args) => add(session, args),
        AccountVerb::List => list(session),
        AccountVerb::Login { name, device } => login(session, name, *device),
        AccountVerb::Check { names } => check(session, names),
        AccountVerb::Remove { name } => remove(session, name),
    }
}

/// One line of the answer: `ok` or not.
struct Finding {
    name: String,
    check: &'static str,
    ok: bool,
    hint: String,
}

fn print(session: &mut Session<'_>, findings: &[Finding]) -> Result<u8, Failure> {
    let all_ok = findings.iter().all(|finding| finding.ok);
    if session.global.json {
        let items: Vec<Value> = findings
            .iter()
            .map(|f| json!({"name": f.name, "check": f.check, "ok": f.ok, "hint": f.hint}))
            .collect();
        let envelope = session.envelope("account", None).items(items);
        session.out.json(&envelope.value())?;
    } else {
        for finding in findings {
            let (style, mark) =
                if finding.ok { (Style::Green, "ok ") } else { (Style::Red, "no ") };
            session.out.put(style, mark)?;
            session.out.put(Style::Plain, &format!("{:<18} ", finding.name))?;
            session.out.line(Style::Dim, &finding.hint)?;
        }
    }
    Ok(if all_ok { 0 } else { COULD_NOT })
}

/// The accounts named, or all; at least one.
pub(super) fn chosen(
    session: &Session<'_>,
    names: &[String],
) -> Result<Vec<(String, Account)>, Failure> {
    let all = &session.config.accounts;
    let chosen: Vec<(String, Account)> = if names.is_empty() {
        all.iter().map(|(name, account)| (name.clone(), account.clone())).collect()
    } else {
        let find = |name: &String| {
            let account = all.get(name).cloned();
            account.map(|account| (name.clone(), account)).ok_or_else(|| {
                let failure = Failure::from(accounts::Error::Unknown { name: name.clone() });
                Failure { status: ASKED_WRONGLY, ..failure }
            })
        };
        names.iter().map(find).collect::<Result<_, _>>()?
    };
    if chosen.is_empty() {
        return Err(Failure::could_not("there is no account yet").hint(
            "`postroom account add ADDRESS` adds one; `postroom import PATH` reads mail without",
        ));
    }
    Ok(chosen)
}

/// What an account logs in with, where nobody need be asked.
pub(super) fn unattended(
    data: &Path,
    name: &str,
    account: &Account,
    now: UnixSeconds,
    command: &str,
) -> Result<Option<Secret>, accounts::Error> {
    let (log, time) = (ConnectionLog::in_dir(data), format_rfc3339(now));
    account.secret(&keys(&data.join(TOKENS), name, &log, command, &time, now))
}

fn keys<'a>(
    dir: &'a Path,
    name: &'a str,
    log: &'a ConnectionLog,
    command: &'a str,
    time: &'a str,
    now: UnixSeconds,
) -> Keys<'a> {
    Keys { dir, name, log, command, time, now: now.0 }
}

/// Logs in with the provider's own login, and keeps what that gives.
fn log_in_there(
    session: &mut Session<'_>,
    name: &str,
    account: &Account,
    elsewhere: bool,
) -> Result<(), Failure> {
    let Some(oauth) = &account.oauth else {
        return Err(Failure::asked_wrongly(format!("logging in to {name}: it has a password"))
            .hint("oauth = { provider = \"microsoft\", client_id = \"…\" } in the account gives it the provider's own login"));
    };
    if !oauth.command.is_empty() {
        return Ok(());
    }
    let (log, time) = (ConnectionLog::in_dir(&session.home.data), format_rfc3339(session.now));
    let (dir, now) = (session.home.data.join(TOKENS), session.now);
    let keys = keys(&dir, name, &log, "account login", &time, now);
    if elsewhere {
        oauth.log_in_elsewhere(&keys, &mut |address, code| {
            let line = format!("open {address} in any browser and type {code}");
            let _ = session.err.line(Style::Bold, &line);
        })?;
    } else {
        oauth.log_in(&keys, &mut |address| {
            let _ = session.err.line(Style::Bold, "open this in your browser:");
            let _ = session.err.line(Style::Plain, address);
        })?;
    }
    Ok(())
}

fn login(session: &mut Session<'_>, name: &str, elsewhere: bool) -> Result<u8, Failure> {
    let account = chosen(session, std::slice::from_ref(&name.to_owned()))?.remove(0).1;
    log_in_there(session, name, &account, elsewhere)?;
    let hint = "logged in; what that gave is kept for you alone".to_owned();
    print(session, &[Finding { name: name.to_owned(), check: "login", ok: true, hint }])
}

/// The account's password: from its command, else from the person at the terminal.
pub(super) fn secret(
    session: &Session<'_>,
    name: &str,
    account: &Account,
) -> Result<Secret, Failure> {
    let data = session.home.data.clone();
    if let Some(secret) = unattended(&data, name, account, session.now, "account")? {
        return Ok(secret);
    }
    if !session.asks {
        return Err(Failure::could_not(format!("logging in to {name}: there is no password"))
            .hint("set password.command in the config, or run it on a terminal, which asks"));
    }
    let who = crate::guard::SafeText::line(&format!(
        "password of {} at {}: ",
        account.user(),
        account.imap.host
    ));
    Ok(Secret::from_terminal(who.as_str())?)
}

fn add(session: &mut Session<'_>, args: &args::AccountAdd) -> Result<u8, Failure> {
    let found = found(session, args)?;
    let account = described(args, found.as_ref())?;
    account.check()?;
    let name = name_of(args)?;
    if session.config.accounts.contains_key(&name) {
        return Err(accounts::Error::Taken { name }.into());
    }
    let provider = accounts::provider(&account.address).filter(|_| args.imap.is_none());
    if let Some(provider) = provider {
        if provider.without_passwords && account.oauth.is_none() {
            let what = format!("adding {}: {} takes no passwords", account.address, provider.name);
            return Err(Failure::could_not(what).hint(provider.hint));
        }
        if !provider.hint.is_empty() {
            session.note(&format!("{}: {}", provider.name, provider.hint))?;
        }
    }
    let hint = if args.unchecked {
        "not tried".to_owned()
    } else {
        if account.oauth.is_some() {
            log_in_there(session, &name, &account, args.device)?;
        }
        let secret = secret(session, &name, &account)?;
        let capabilities = log_in(session, "account add", &name, &account, &secret)?;
        format!("logged in{}", counted_changes(&capabilities))
    };
    accounts::add_to(&session.home.config, &name, &account)?;
    session.note(&format!(
        "added to {}; `postroom sync` fetches its mail",
        session.home.config.display()
    ))?;
    print(session, &[Finding { name, check: "login", ok: true, hint }])
}

/// Where the servers are, by the word of the address's own domain, when nobody else says.
fn found(session: &mut Session<'_>, args: &args::AccountAdd) -> Result<Option<Found>, Failure> {
    let known = args.imap.is_some() || accounts::provider(&args.address).is_some();
    if known || args.unchecked || !is_bare_address(&args.address) {
        return Ok(None);
    }
    let domain = args.address.rsplit_once('@').map_or("", |(_, domain)| domain.trim());
    session.note(&format!(
        "asking {domain} itself, and nobody else, where its servers are (DNS, then https://autoconfig.{domain})"
    ))?;
    let log = ConnectionLog::in_dir(&session.home.data);
    let time = format_rfc3339(session.now);
    let found = accounts::discover(&args.address, &log, "account add", &time)?;
    if let Some(found) = &found {
        let imap = &found.imap;
        session.note(&format!("{} says {}:{}", found.by, imap.host, imap.port))?;
    }
    Ok(found)
}

fn described(args: &args::AccountAdd, found: Option<&Found>) -> Result<Account, Failure> {
    if !is_bare_address(&args.address) {
        return Err(Failure::asked_wrongly(format!("{}: not an address", args.address))
            .hint("for example postroom account add ada@example.org"));
    }
    let address = args.address.trim().to_owned();
    let known = accounts::provider(&address);
    let mut imap = match (&args.imap, known, found) {
        (Some(text), _, _) => server(text)?,
        (None, Some(provider), _) => provider.server(),
        (None, None, Some(found)) => found.imap.clone(),
        (None, None, None) => {
            let what = format!("adding {address}: its server is not known");
            return Err(Failure::asked_wrongly(what).hint(
                "--imap HOST[:PORT] names it; your provider's help pages say which (often imap. before the domain)",
            ));
        }
    };
    imap.tls = args.tls.map_or(imap.tls, |tls| {
        Some(match tls {
            args::Tls::Implicit => Tls::Implicit,
            args::Tls::Starttls => Tls::StartTls,
            args::Tls::Off => Tls::Off,
        })
    });
    imap.fingerprint.clone_from(&args.fingerprint);
    let mut smtp = found.and_then(|found| found.smtp.clone());
    if let Some(smtp) = smtp.as_mut().filter(|smtp| smtp.host == imap.host) {
        smtp.fingerprint.clone_from(&args.fingerprint);
    }
    let by_provider = known.is_some_and(|known| known.user_is_local_part && args.imap.is_none());
    let by_local_part = by_provider || found.is_some_and(|found| found.user_is_local_part);
    let local = address.split_once('@').filter(|_| by_local_part);
    let local = local.map(|(local, _)| local.to_owned());
    let command = &args.password_command;
    Ok(Account {
        user: args.user.clone().or(local),
        address,
        imap,
        smtp,
        password: (!command.is_empty()).then(|| PasswordCommand { command: command.clone() }),
        oauth: (args.oauth.is_some() || !args.token_command.is_empty()).then(|| OAuth {
            provider: args.oauth.clone(),
            client_id: args.client_id.clone(),
            command: args.token_command.clone(),
            ..OAuth::default()
        }),
    })
}

/// `HOST`, `HOST:PORT`, `[::1]:PORT`.
fn server(text: &str) -> Result<Server, Failure> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
        _ => (text, "993"),
    };
    let port = port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(|| {
        Failure::asked_wrongly(format!("--imap {text}: no port"))
            .hint("for example --imap imap.example.org:993")
    })?;
    Ok(Server::new(host, port))
}

/// What the account is called: as was said, else after the provider's domain.
fn name_of(args: &args::AccountAdd) -> Result<String, Failure> {
    let domain = args.address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let given = args.name.clone();
    let name = given.unwrap_or_else(|| domain.split('.').next().unwrap_or("mail").to_lowercase());
    let fits = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if fits {
        return Ok(name);
    }
    Err(Failure::asked_wrongly(format!("{name}: no name for an account"))
        .hint("--name takes letters, digits, - and _"))
}

fn log_in(
    session: &Session<'_>,
    command: &str,
    name: &str,
    account: &Account,
    secret: &Secret,
) -> Result<Vec<String>, Failure> {
    let log = ConnectionLog::in_dir(&session.home.data);
    let time = format_rfc3339(session.now);
    let purpose = format!("account {name}");
    Ok(imap::check(&imap::Login {
        account,
        secret,
        log: &log,
        command,
        purpose: &purpose,
        time: &time,
        patience: imap::PATIENCE,
    })?)
}

fn counted_changes(capabilities: &[String]) -> &'static str {
    if capabilities.iter().any(|one| one == "CONDSTORE") {
        "; it counts changes (CONDSTORE)"
    } else {
        "; it does not count changes: flags are compared one by one"
    }
}

fn list(session: &mut Session<'_>) -> Result<u8, Failure> {
    let findings: Vec<Finding> = session
        .config
        .accounts
        .iter()
        .map(|(name, account)| {
            let from = match &account.password {
                Some(password) => format!("password from {}", password.command[0]),
                None if account.oauth.is_some() => "the provider's own login".to_owned(),
                None => "password asked for".to_owned(),
            };
            let imap = &account.imap;
            let tls = match imap.tls() {
                Tls::Implicit => "TLS",
                Tls::StartTls => "STARTTLS",
                Tls::Off => "no TLS",
            };
            let hint = format!("{} at {}:{}, {tls}, {from}", account.user(), imap.host, imap.port);
            Finding { name: name.clone(), check: "config", ok: true, hint }
        })
        .collect();
    if findings.is_empty() {
        session.note("there is no account yet: `postroom account add ADDRESS`")?;
    }
    print(session, &findings)
}

fn check(session: &mut Session<'_>, names: &[String]) -> Result<u8, Failure> {
    let mut findings = Vec::new();
    for (name, account) in chosen(session, names)? {
        let tried = secret(session, &name, &account)
            .and_then(|secret| log_in(session, "account check", &name, &account, &secret));
        let (ok, hint) = match tried {
            Ok(capabilities) => (true, format!("logged in{}", counted_changes(&capabilities))),
            Err(failure) => (false, failure.message),
        };
        findings.push(Finding { name, check: "login", ok, hint });
    }
    print(session, &findings)
}

fn remove(session: &mut Session<'_>, name: &str) -> Result<u8, Failure> {
    accounts::remove_from(&session.home.config, name)?;
    let hint = "taken out of the config; its mail stays here and on the server".to_owned();
    print(session, &[Finding { name: name.to_owned(), check: "config", ok: true, hint }])
}
