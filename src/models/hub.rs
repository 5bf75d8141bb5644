//! Asking a hub: what is this file, and may I have it from byte N on?
//!
//! A hub is huggingface.co or what speaks like it: `GET /OWNER/REPO/resolve/REVISION/FILE` leads to the
//! file, mostly by a redirect to a storage host, and the first answer declares commit, digest and
//! size (`X-Repo-Commit`, `X-Linked-Etag`, `X-Linked-Size`; for large files the etag is the SHA-256,
//! for small ones git's, and a storage host's own `ETag` is neither).
//!
//! Written over `ureq`, not over hf-hub 0.5, whose one way to download (`api/sync.rs`) cannot be held
//! to what this house promises: it follows redirects out of sight, so the storage host could not be
//! logged; it has no time limits and no way to set any; it appends the whole file when a server
//! ignores `Range`, asks for `bytes=SIZE-` when a download is complete but was not yet renamed (416,
//! for ever), panics on a redirect without `Location`, and makes a path out of whatever etag it is
//! sent. hf-hub 1.0 brings 300 crates and starts again from byte 0.

use std::io::{self, Read};
use std::net::IpAddr;
use std::time::Duration;

use ureq::http::{HeaderMap, Response, Uri};
use ureq::{Agent, Body, BodyReader, Proxy};

use super::Error;
use super::lock_file::is_digest;
use crate::guard::{Connection, ConnectionLog};

/// Redirects followed for one answer.
const REDIRECTS_MAX: usize = 5;
/// Largest file taken.
const FILE_BYTES_MAX: u64 = 128 << 30;
/// How long a host may take to connect, and to say anything.
const PATIENCE: Duration = Duration::from_secs(30);
const COMMAND: &str = "model fetch";
const USER_AGENT: &str = concat!("postroom/", env!("CARGO_PKG_VERSION"));

/// A hub, and the list in which every connection is written before it is opened.
#[derive(Debug)]
pub struct Hub {
    endpoint: Uri,
    agent: Agent,
    log: ConnectionLog,
    time: String,
}

/// What the hub says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// 40 hex digits.
    pub(super) commit: String,
    /// 64 hex digits.
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

/// A file of a repository, as the hub is asked for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The model's name, for errors and the list of connections.
    pub(super) name: &'a str,
    /// `OWNER/REPO`.
    pub(super) repository: &'a str,
    /// Branch or commit.
    pub(super) revision: &'a str,
    /// Path in the repository.
    pub(super) file: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Head,
    /// From this byte on.
    Get(u64),
}

impl Hub {
    /// The hub at `endpoint`, a base address: `https://huggingface.co`, or `http://` for a loopback
    /// host alone. `time` (RFC 3339) stands in the list of connections.
    ///
    /// # Errors
    /// The endpoint is not such an address.
    pub fn at(endpoint: &str, log: ConnectionLog, time: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Endpoint { url: endpoint.to_owned(), why };
        let uri: Uri = endpoint.parse().map_err(|_| wrong("it is not an address"))?;
        let host = uri.host().unwrap_or_default();
        match uri.scheme_str() {
            _ if host.is_empty() => return Err(wrong("it names no host")),
            Some("https") => {}
            Some("http") if is_loopback(host) => {}
            Some("http") => return Err(wrong("http is for a loopback host alone")),
            _ => return Err(wrong("it does not begin with https://")),
        }
        if has_user(&uri) || uri.query().is_some() {
            return Err(wrong("it holds more than a host and a path"));
        }
        let agent = agent(&uri, PATIENCE);
        Ok(Self { endpoint: uri, agent, log, time: time.to_owned() })
    }

    /// With another limit on how long a host may be silent.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.agent = agent(&self.endpoint, patience);
        self
    }

    /// Its host's name.
    pub fn host(&self) -> &str {
        self.endpoint.host().unwrap_or_default()
    }

    /// What it says of a file.
    pub(super) fn declare(&self, asked: Asked<'_>) -> Result<Declared, Error> {
        let mut uri = self.address(asked)?;
        for _ in 0..=REDIRECTS_MAX {
            let (response, entry) = self.ask(asked.name, Method::Head, &uri)?;
            self.close(entry)?;
            let status = response.status();
            // The hub declares in the answer that leads to the storage host.
            let declares = response.headers().contains_key("x-linked-etag");
            if status.is_success() || (status.is_redirection() && declares) {
                return declared(response.headers(), asked.name, host(&uri));
            }
            uri = onward(&response, &uri, asked.name)?;
        }
        Err(too_far(asked.name, &uri))
    }

    /// The file's bytes, from `from` on if the host can do that; [`Incoming::start`] says.
    pub(super) fn open(
        &self,
        asked: Asked<'_>,
        from: u64,
        total: u64,
    ) -> Result<Incoming<'_>, Error> {
        let mut uri = self.address(asked)?;
        for _ in 0..=REDIRECTS_MAX {
            let (response, entry) = self.ask(asked.name, Method::Get(from), &uri)?;
            if response.status().is_success() {
                let host = host(&uri).to_owned();
                let start = start_of(&response, total)
                    .filter(|start| *start == 0 || *start == from)
                    .ok_or_else(|| Error::Undeclared {
                        name: asked.name.to_owned(),
                        host: host.clone(),
                        what: "that it sends what was asked for",
                    })?;
                let reader = response.into_body().into_reader();
                return Ok(Incoming { hub: self, host, start, entry, reader });
            }
            self.close(entry)?;
            uri = onward(&response, &uri, asked.name)?;
        }
        Err(too_far(asked.name, &uri))
    }

    fn address(&self, asked: Asked<'_>) -> Result<Uri, Error> {
        let base = self.endpoint.to_string();
        let Asked { repository, revision, file, .. } = asked;
        let url = format!("{}/{repository}/resolve/{revision}/{file}", base.trim_end_matches('/'));
        url.parse().map_err(|_| Error::Endpoint { url, why: "it is not an address" })
    }

    /// Asks one host once. The connection is in the list before it is opened: with no bytes then,
    /// and again with what was counted when it is closed.
    fn ask(
        &self,
        name: &str,
        method: Method,
        uri: &Uri,
    ) -> Result<(Response<Body>, Connection), Error> {
        if !self.may_ask(uri) {
            let why = format!("to {uri}, which is not private");
            let host = self.host().to_owned();
            return Err(Error::Redirect { name: name.to_owned(), host, why });
        }
        let mut entry = self.entry(name, method, uri);
        self.log.append(&entry)?;
        let request = match method {
            Method::Head => self.agent.head(uri),
            Method::Get(0) => self.agent.get(uri),
            Method::Get(from) => self.agent.get(uri).header("Range", format!("bytes={from}-")),
        };
        let response = request.call().map_err(|error| Error::Connect {
            name: name.to_owned(),
            host: entry.host.clone(),
            why: words(&error),
        })?;
        // Request line, `Host`, `User-Agent`, `Accept` and perhaps `Range`, as HTTP/1.1 writes them.
        let target = uri.path_and_query().map_or(1, |target| target.as_str().len());
        entry.bytes_out = (target + host(uri).len() + USER_AGENT.len() + 60) as u64;
        let headers = response.headers().iter();
        entry.bytes_in =
            headers.map(|(key, value)| key.as_str().len() + value.len() + 4).sum::<usize>() as u64;
        Ok((response, entry))
    }

    fn entry(&self, name: &str, method: Method, uri: &Uri) -> Connection {
        let what = match method {
            Method::Head => format!("model {name}: what it is"),
            Method::Get(_) => format!("model {name}"),
        };
        let proxy = self.agent.config().proxy().filter(|proxy| !proxy.is_no_proxy(uri));
        let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let (host, port, purpose) = match proxy {
            Some(proxy) => {
                let purpose = format!("{what}, from {} through this proxy", host(uri));
                (proxy.host().to_owned(), proxy.port(), purpose)
            }
            None => (host(uri).to_owned(), uri.port_u16().unwrap_or(default), what),
        };
        let (time, command) = (self.time.clone(), COMMAND.to_owned());
        Connection { time, command, host, port, purpose, bytes_in: 0, bytes_out: 0 }
    }

    fn close(&self, entry: Connection) -> Result<(), Error> {
        Ok(self.log.append(&entry)?)
    }

    /// TLS, or plain text that never leaves the machine and was asked for as that.
    fn may_ask(&self, uri: &Uri) -> bool {
        let host = uri.host().unwrap_or_default();
        let is_plain = self.endpoint.scheme_str() == Some("http") && is_loopback(host);
        !has_user(uri)
            && match uri.scheme_str() {
                Some("https") => !host.is_empty(),
                Some("http") => is_plain,
                _ => false,
            }
    }
}

/// Bytes on their way.
pub(super) struct Incoming<'a> {
    hub: &'a Hub,
    host: String,
    start: u64,
    entry: Connection,
    reader: BodyReader<'static>,
}

impl Incoming<'_> {
    /// Who sends them.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Which byte of the file comes first: the one asked for, or 0.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The next bytes; 0 at the end. The error is in words for a person.
    pub(super) fn read(&mut self, chunk: &mut [u8]) -> Result<usize, String> {
        loop {
            match self.reader.read(chunk) {
                Ok(read) => {
                    self.entry.bytes_in += read as u64;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(words(&error.into())),
            }
        }
    }

    /// Ends it, and says so in the list of connections.
    pub(super) fn close(self) -> Result<(), Error> {
        self.hub.close(self.entry)
    }
}

/// One connection an answer, no redirect followed out of sight, no credentials, limits on silence.
fn agent(endpoint: &Uri, patience: Duration) -> Agent {
    let is_loopback = endpoint.host().is_some_and(is_loopback);
    Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .max_idle_connections(0)
        .user_agent(USER_AGENT)
        .proxy(if is_loopback { None } else { Proxy::try_from_env() })
        .timeout_resolve(Some(patience))
        .timeout_connect(Some(patience))
        .timeout_send_request(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .build()
        .into()
}

fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default()
}

fn is_loopback(host: &str) -> bool {
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || plain.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn has_user(uri: &Uri) -> bool {
    uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
}

fn text<'a>(headers: &'a HeaderMap, key: &str) -> Option<&'a str> {
    headers.get(key)?.to_str().ok().map(str::trim)
}

fn declared(headers: &HeaderMap, name: &str, host: &str) -> Result<Declared, Error> {
    let undeclared =
        |what| Error::Undeclared { name: name.to_owned(), host: host.to_owned(), what };
    let etag = text(headers, "x-linked-etag").or_else(|| text(headers, "etag"));
    let sha256 = etag
        .map(|etag| etag.trim_start_matches("W/").trim_matches('"').to_ascii_lowercase())
        .filter(|etag| is_digest(etag))
        .ok_or_else(|| undeclared("its SHA-256"))?;
    let commit = text(headers, "x-repo-commit")
        .filter(|commit| is_commit(commit))
        .ok_or_else(|| undeclared("the commit"))?;
    let bytes = text(headers, "x-linked-size")
        .or_else(|| text(headers, "content-length"))
        .and_then(|size| size.parse().ok())
        .filter(|bytes| (1..=FILE_BYTES_MAX).contains(bytes))
        .ok_or_else(|| undeclared("a size that can be"))?;
    Ok(Declared { commit: commit.to_owned(), sha256, bytes })
}

/// 40 lower-case hex digits: git's.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Where an answer that is no file leads, or why it leads nowhere.
fn onward(response: &Response<Body>, from: &Uri, name: &str) -> Result<Uri, Error> {
    let (name, host) = (name.to_owned(), host(from).to_owned());
    let status = response.status();
    if !status.is_redirection() {
        return Err(Error::Answered { name, host, status: status.as_u16() });
    }
    let Some(to) = text(response.headers(), "location") else {
        return Err(Error::Redirect { name, host, why: "elsewhere without saying where".into() });
    };
    let scheme = from.scheme_str().unwrap_or("https");
    let names_scheme = to.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let absolute = if names_scheme {
        to.to_owned()
    } else if to.starts_with("//") {
        format!("{scheme}:{to}")
    } else if to.starts_with('/') {
        let authority = from.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{authority}{to}")
    } else {
        String::new()
    };
    absolute.parse().map_err(|_| Error::Redirect { name, host, why: format!("to {to:?}") })
}

fn too_far(name: &str, uri: &Uri) -> Error {
    let why = format!("on more than {REDIRECTS_MAX} times");
    Error::Redirect { name: name.to_owned(), host: host(uri).to_owned(), why }
}

/// The first byte of an answer, if it is of the file of `total` bytes: `Content-Range: bytes A-B/N`
/// in an answer to a range (206), else 0.
fn start_of(response: &Response<Body>, total: u64) -> Option<u64> {
    if response.status().as_u16() != 206 {
        let length = response.body().content_length();
        return length.is_none_or(|length| length == total).then_some(0);
    }
    let range = text(response.headers(), "content-range")?.strip_prefix("bytes ")?;
    let (range, of) = range.split_once('/')?;
    let is_this_file = of == "*" || of.parse() == Ok(total);
    let start = range.split_once('-')?.0.parse().ok()?;
    is_this_file.then_some(start)
}

/// What went wrong with a connection, in words for a person.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the connection ended".to_owned()
        }
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
