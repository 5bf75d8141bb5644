//! Logging in with the provider's own login (OAuth 2): the authorization code with PKCE to a loopback
//! port (RFC 8252, RFC 7636), or a code typed on another device (RFC 8628). The client id is the
//! user's own. Tokens lie in a file for the user alone, and are refreshed by one process at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::http::{self, Url};
use super::{Error, Secret};
use crate::guard::{Connection, ConnectionLog};

/// A token is not used in the last minute of its life.
const LEEWAY_SECONDS: i64 = 60;
/// How long the user may take to log in.
const LOGIN_PATIENCE: Duration = Duration::from_mins(10);
/// Longest request line read from a browser.
const LINE_BYTES_MAX: u64 = 16 << 10;

/// `oauth` of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// `google` or `microsoft`; else the three addresses below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The client id registered by the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Prints what some providers (Google) call the client's secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_secret_command: Vec<String>,
    /// Where the user logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize: Option<String>,
    /// Where tokens come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Where codes for another device come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What is asked for, blanks between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<String>,
    /// Prints an access token, in place of all of the above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

/// What is known of a provider's login.
struct Endpoints {
    authorize: String,
    token: String,
    device: Option<String>,
    scopes: String,
    /// As the redirect names this machine: Microsoft takes no other.
    loopback: &'static str,
}

/// Where an account's tokens lie, and who asks.
#[derive(Debug)]
pub struct Keys<'a> {
    /// The folder of all tokens.
    pub dir: &'a Path,
    /// What the account is called.
    pub name: &'a str,
    /// Where every connection is written down.
    pub log: &'a ConnectionLog,
    /// For that list: the command.
    pub command: &'a str,
    /// For that list: when, RFC 3339.
    pub time: &'a str,
    /// The clock, seconds since 1970.
    pub now: i64,
}

/// What lies in the file.
#[derive(Clone, Serialize, Deserialize)]
struct Tokens {
    access: String,
    refresh: String,
    /// Seconds since 1970.
    expires: i64,
}

/// The provider's answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Granted {
    access_token: String,
    refresh_token: String,
    expires_in: i64,
    error: String,
    error_description: String,
}

#[derive(Deserialize)]
struct DeviceCode {
    device_code: String,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(default)]
    expires_in: u64,
    #[serde(default)]
    interval: u64,
}

impl OAuth {
    /// Whether what is needed is there.
    ///
    /// # Errors
    /// The first key that is not.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.command.is_empty() {
            self.client()?;
            let endpoints = self.endpoints()?;
            Url::parse(&endpoints.authorize)?;
            Url::parse(&endpoints.token)?;
        }
        Ok(())
    }

    fn client(&self) -> Result<&str, Error> {
        let id = self.client_id.as_deref().filter(|id| !id.trim().is_empty());
        id.ok_or(Error::Value { what: "oauth.client_id", value: String::new() })
    }

    fn endpoints(&self) -> Result<Endpoints, Error> {
        let missing = |what| Error::Value { what, value: String::new() };
        let known = match self.provider.as_deref() {
            Some("google") => Some(Endpoints {
                authorize: "https://accounts.google.com/o/oauth2/v2/auth".into(),
                token: "https://oauth2.googleapis.com/token".into(),
                // Its codes for devices are not for mail.
                device: None,
                scopes: "https://mail.google.com/".into(),
                loopback: "127.0.0.1",
            }),
            Some("microsoft") => {
                let of = |what: &str| {
                    format!("https://login.microsoftonline.com/common/oauth2/v2.0/{what}")
                };
                Some(Endpoints {
                    authorize: of("authorize"),
                    token: of("token"),
                    device: Some(of("devicecode")),
                    scopes: "https://outlook.office.com/IMAP.AccessAsUser.All \
                             https://outlook.office.com/SMTP.Send offline_access"
                        .into(),
                    loopback: "localhost",
                })
            }
            None => None,
            Some(other) => {
                return Err(Error::Value { what: "oauth.provider", value: other.to_owned() });
            }
        };
        let (known_urls, loopback) = match &known {
            Some(known) => (Some((&known.authorize, &known.token)), known.loopback),
            None => (None, "127.0.0.1"),
        };
        Ok(Endpoints {
            authorize: self
                .authorize
                .clone()
                .or(known_urls.map(|urls| urls.0.clone()))
                .ok_or_else(|| missing("oauth.authorize"))?,
            token: self
                .token
                .clone()
                .or(known_urls.map(|urls| urls.1.clone()))
                .ok_or_else(|| missing("oauth.token"))?,
            device: self.device.clone().or(known.as_ref().and_then(|known| known.device.clone())),
            scopes: self
                .scopes
                .clone()
                .or(known.as_ref().map(|known| known.scopes.clone()))
                .ok_or_else(|| missing("oauth.scopes"))?,
            loopback,
        })
    }

    /// An access token that holds for now: the one in the file, else a new one. Of several processes one
    /// refreshes it, the others wait and take what it got; it is on disk before it is used.
    ///
    /// # Errors
    /// Nobody logged in yet, the login has run out, or the provider cannot be asked.
    pub fn access(&self, keys: &Keys<'_>) -> Result<Secret, Error> {
        if !self.command.is_empty() {
            return Ok(Secret::from_command(&self.command)?.into_token());
        }
        let _lock = keys.lock()?;
        let tokens = keys.read()?.ok_or_else(|| Error::LogIn {
            name: keys.name.to_owned(),
            why: "nobody has logged in yet".to_owned(),
        })?;
        if tokens.expires > keys.now + LEEWAY_SECONDS {
            return Ok(Secret::token(tokens.access));
        }
        let granted = self
            .grant(keys, &[("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh)])?;
        // Some give a new one each time, and the old one is void then.
        let refresh = Some(granted.refresh_token.clone()).filter(|new| !new.is_empty());
        keys.keep(&granted, refresh.unwrap_or(tokens.refresh))
    }

    /// Logs in with a browser on this machine; `show` is handed the address to open there.
    ///
    /// # Errors
    /// The user said no or nothing, or the provider cannot be asked.
    pub fn log_in(&self, keys: &Keys<'_>, show: &mut dyn FnMut(&str)) -> Result<(), Error> {
        let endpoints = self.endpoints()?;
        let failed = |source| Error::Connect { host: "127.0.0.1".into(), port: 0, source };
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let redirect = format!("http://{}:{port}", endpoints.loopback);
        let (verifier, state) = (random_text()?, random_text()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let query = http::form(&[
            ("response_type", "code"),
            ("client_id", self.client()?),
            ("redirect_uri", &redirect),
            ("scope", &endpoints.scopes),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            // Google gives a refresh token only so.
            ("access_type", "offline"),
            ("prompt", "consent"),
        ]);
        let mark = if endpoints.authorize.contains('?') { '&' } else { '?' };
        show(&format!("{}{mark}{query}", endpoints.authorize));
        let code = wait_for_code(&listener, &state, keys.name)?;
        let granted = self.grant(
            keys,
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &redirect),
                ("code_verifier", &verifier),
            ],
        )?;
        keys.keep_first(&granted)
    }

    /// Logs in with a browser elsewhere; `show` is handed the address and the code to type there.
    ///
    /// # Errors
    /// The provider has no such way, the user said no or nothing, or it cannot be asked.
    pub fn log_in_elsewhere(
        &self,
        keys: &Keys<'_>,
        show: &mut dyn FnMut(&str, &str),
    ) -> Result<(), Error> {
        let endpoints = self.endpoints()?;
        let refused = |why: &str| Error::LogIn { name: keys.name.to_owned(), why: why.to_owned() };
        let Some(device) = &endpoints.device else {
            return Err(refused("the provider gives no codes for other devices"));
        };
        let form = [("client_id", self.client()?), ("scope", &endpoints.scopes)];
        let body = keys.post(device, &http::form(&form))?;
        let code: DeviceCode = serde_json::from_slice(&body)
            .map_err(|_| refused(&described(&serde_json::from_slice(&body).unwrap_or_default())))?;
        show(&code.verification_uri, &code.user_code);
        let patience = Duration::from_secs(code.expires_in.max(60)).min(LOGIN_PATIENCE);
        let (began, mut interval) = (Instant::now(), code.interval);
        while began.elapsed() < patience {
            std::thread::sleep(Duration::from_secs(interval.min(60)));
            let granted = self.ask_for_token(
                keys,
                &[
                    ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                    ("device_code", &code.device_code),
                ],
            )?;
            match granted.error.as_str() {
                "" => return keys.keep_first(&granted),
                "authorization_pending" => {}
                "slow_down" => interval += 5,
                _ => return Err(refused(&described(&granted))),
            }
        }
        Err(refused("nobody logged in"))
    }

    fn grant(&self, keys: &Keys<'_>, fields: &[(&str, &str)]) -> Result<Granted, Error> {
        let granted = self.ask_for_token(keys, fields)?;
        if granted.error.is_empty() && !granted.access_token.is_empty() {
            return Ok(granted);
        }
        Err(Error::LogIn { name: keys.name.to_owned(), why: described(&granted) })
    }

    fn ask_for_token(&self, keys: &Keys<'_>, fields: &[(&str, &str)]) -> Result<Granted, Error> {
        let secret = match self.client_secret_command.as_slice() {
            [] => None,
            command => Some(Secret::from_command(command)?),
        };
        let mut all = fields.to_vec();
        all.push(("client_id", self.client()?));
        if let Some(secret) = &secret {
            all.push(("client_secret", secret.text()));
        }
        let body = keys.post(&self.endpoints()?.token, &http::form(&all))?;
        serde_json::from_slice(&body).map_err(|_| Error::LogIn {
            name: keys.name.to_owned(),
            why: "the provider's answer cannot be read".to_owned(),
        })
    }
}

/// The provider's words, for a person.
fn described(granted: &Granted) -> String {
    let why = match granted.error.as_str() {
        "invalid_grant" => "the login has run out or was taken back",
        "access_denied" => "the provider says that it was refused",
        "invalid_client" | "unauthorized_client" => "the provider does not know the client id",
        "expired_token" => "the code has run out",
        _ => "the provider refused",
    };
    let said: String = format!("{} {}", granted.error, granted.error_description);
    let said: String =
        said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    if said.trim().is_empty() { why.to_owned() } else { format!("{why} ({})", said.trim()) }
}

/// 43 characters nobody can guess.
fn random_text() -> Result<String, Error> {
    let mut bytes = [0; 32];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).map_err(|_| {
        Error::LogIn { name: String::new(), why: "the system gives no random numbers".into() }
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Waits for the browser to come back with the code. Others may knock: only who knows `state` is heard.
fn wait_for_code(listener: &TcpListener, state: &str, name: &str) -> Result<String, Error> {
    let failed = |source| Error::Connect { host: "127.0.0.1".into(), port: 0, source };
    let refused = |why: &str| Error::LogIn { name: name.to_owned(), why: why.to_owned() };
    listener.set_nonblocking(true).map_err(failed)?;
    let began = Instant::now();
    while began.elapsed() < LOGIN_PATIENCE {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            Err(error) => return Err(failed(error)),
        };
        stream.set_nonblocking(false).map_err(failed)?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).map_err(failed)?;
        let mut line = String::new();
        let asked = stream.try_clone().map_err(failed)?;
        if BufReader::new(asked.take(LINE_BYTES_MAX)).read_line(&mut line).is_err() {
            continue;
        }
        let query = line.split(' ').nth(1).and_then(|target| target.split_once('?'));
        let fields = query.map(|(_, query)| http::fields(query)).unwrap_or_default();
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone());
        let ours = field("state").as_deref() == Some(state);
        let page = if ours { "You may close this page." } else { "Not this one." };
        let status = if ours { "200 OK" } else { "404 Not Found" };
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        );
        if !ours {
            continue;
        }
        return match (field("code"), field("error")) {
            (Some(code), _) => Ok(code),
            (None, error) => {
                let error = error.unwrap_or_default();
                Err(refused(&described(&Granted { error, ..Granted::default() })))
            }
        };
    }
    Err(refused("nobody logged in"))
}

impl Keys<'_> {
    fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.json", self.name))
    }

    /// One process at a time; the kernel gives it back when its holder dies.
    fn lock(&self) -> Result<File, Error> {
        let path = self.dir.join(format!("{}.lock", self.name));
        let failed = |source| Error::Tokens { path: path.clone(), source };
        self.make_dir().map_err(failed)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        private(&mut options);
        let file = options.open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    fn make_dir(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(self.dir)
    }

    fn read(&self) -> Result<Option<Tokens>, Error> {
        let path = self.path();
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Tokens { path, source }),
        }
    }

    fn keep_first(&self, granted: &Granted) -> Result<(), Error> {
        if granted.refresh_token.is_empty() {
            return Err(Error::LogIn {
                name: self.name.to_owned(),
                why: "the provider gives no token to go on with (offline access)".to_owned(),
            });
        }
        let _lock = self.lock()?;
        self.keep(granted, granted.refresh_token.clone()).map(drop)
    }

    /// Beside it, then in its place, on disk when this returns.
    fn keep(&self, granted: &Granted, refresh: String) -> Result<Secret, Error> {
        let path = self.path();
        let failed = |source| Error::Tokens { path: path.clone(), source };
        let lasts = if granted.expires_in > 0 { granted.expires_in } else { 3_600 };
        let access = granted.access_token.clone();
        let tokens = Tokens { access: access.clone(), refresh, expires: self.now + lasts };
        let beside = self.dir.join(format!("{}.new", self.name));
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        private(&mut options);
        let mut file = options.open(&beside).map_err(failed)?;
        let mut bytes = serde_json::to_vec(&tokens).unwrap_or_default();
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        bytes.fill(0);
        std::hint::black_box(&bytes);
        written.map_err(failed)?;
        fs::rename(&beside, &path).map_err(failed)?;
        if let Ok(dir) = File::open(self.dir) {
            dir.sync_all().map_err(failed)?;
        }
        Ok(Secret::token(access))
    }

    /// Asks the provider, and writes that down before and after.
    fn post(&self, url: &str, form: &str) -> Result<Vec<u8>, Error> {
        let url = Url::parse(url)?;
        let entry = Connection {
            time: self.time.to_owned(),
            command: self.command.to_owned(),
            host: url.server.host.clone(),
            port: url.server.port,
            purpose: format!("account {}, token", self.name),
            bytes_in: 0,
            bytes_out: 0,
        };
        let logged = |entry: &Connection| {
            self.log.append(entry).map_err(|error| Error::Tokens {
                path: self.path(),
                source: io::Error::other(error.to_string()),
            })
        };
        logged(&entry)?;
        let answer = http::ask(&url, Some(form))?;
        let (bytes_in, bytes_out) = answer.bytes;
        logged(&Connection { bytes_in, bytes_out, ..entry })?;
        // A refusal (400, 401) says why in its body.
        if answer.status >= 500 {
            return Err(Error::LogIn {
                name: self.name.to_owned(),
                why: format!("the provider is not well ({})", answer.status),
            });
        }
        Ok(answer.body)
    }
}

fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = options;
}
