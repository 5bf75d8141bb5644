//! The little of HTTP/1.1 that tokens and discovery need: one request, one answer, no redirects.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use super::{Error, Server, Stream, Tls};

/// Longest answer read, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Longest wait for a connection and for each answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a request goes: `https://` anywhere, `http://` on this machine alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) server: Server,
    path: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Bytes over the wire, in and out.
    pub(super) bytes: (u64, u64),
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Value { what: "address", value: text.to_owned() };
        let (rest, tls) = match text.split_once("://").ok_or_else(wrong)? {
            ("https", rest) => (rest, Tls::Implicit),
            ("http", rest) => (rest, Tls::Off),
            _ => return Err(wrong()),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong())?)
            }
            _ => (authority, if tls == Tls::Off { 80 } else { 443 }),
        };
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || host.contains('@') {
            return Err(wrong());
        }
        let server = Server { tls: Some(tls), ..Server::new(host, port) };
        server.check()?;
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        Ok(Self { server, path })
    }
}

/// `a=1&b=x%20y`.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// The fields of `a=1&b=x+y`.
pub(super) fn fields(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let pair = behind.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match (first, pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &behind[2..];
                continue;
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks for `url`; with a form it is handed over.
pub(super) fn ask(url: &Url, form: Option<&str>) -> Result<Answer, Error> {
    let server = &url.server;
    let failed = |source| Error::Connect { host: server.host.clone(), port: server.port, source };
    let mut stream = Stream::open(server, PATIENCE)?;
    let head = match form {
        Some(form) => format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            url.path,
            server.host,
            form.len()
        ),
        None => format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            url.path, server.host
        ),
    };
    let mut request = head.into_bytes();
    let sent = stream.write_all(&request).and_then(|()| stream.flush());
    let bytes_out = request.len() as u64;
    // It may hold a secret.
    request.fill(0);
    std::hint::black_box(&request);
    sent.map_err(failed)?;
    let mut raw = Vec::new();
    let mut buffer = [0; 8 << 10];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => raw.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Not everybody says goodbye; whether all came is looked at below.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(failed(error)),
        }
        if raw.len() > ANSWER_BYTES_MAX {
            return Err(failed(io::Error::other("the answer is too long")));
        }
    }
    let bytes = (raw.len() as u64, bytes_out);
    let (status, body) = read(&raw).ok_or_else(|| {
        failed(io::Error::new(io::ErrorKind::InvalidData, "the answer broke off"))
    })?;
    Ok(Answer { status, body, bytes })
}

fn read(raw: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&raw[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let field = |wanted: &str| {
        let mut found = lines.clone().filter_map(|line| line.split_once(':'));
        found.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let body = &raw[end + 4..];
    if field("transfer-encoding").is_some_and(|how| how.eq_ignore_ascii_case("chunked")) {
        return Some((status, unchunked(body)?));
    }
    match field("content-length") {
        Some(length) => Some((status, body.get(..length.parse().ok()?)?.to_vec())),
        None => Some((status, body.to_vec())),
    }
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&body[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        body = body.get(line + 2..)?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(..size)?);
        body = body.get(size.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let check = |raw: &str, expected: Option<(u16, &str)>| {
            let found = read(raw.as_bytes());
            let expected = expected.map(|(status, body)| (status, body.as_bytes().to_vec()));
            assert_eq!(found, expected, "{raw:?}");
        };
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", Some((200, "ab")));
        check("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", None);
        check("HTTP/1.1 400 no\r\n\r\nabc", Some((400, "abc")));
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n",
            Some((200, "abcde")),
        );
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", None);
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\na", None);
        check("SSH-2.0", None);
    }

    #[test]
    fn a_form_comes_back_as_it_was() {
        let text = form(&[("a b", "x&y=z+ü"), ("c", "")]);
        assert_eq!(text, "a%20b=x%26y%3Dz%2B%C3%BC&c=");
        assert_eq!(fields(&text)[0], ("a b".to_owned(), "x&y=z+ü".to_owned()));
        assert_eq!(fields("a=1+2&b=%zz")[1].1, "%zz");
    }

    #[test]
    fn only_this_machine_is_asked_in_the_clear() {
        assert!(Url::parse("https://login.example.org/token").is_ok());
        assert!(Url::parse("http://127.0.0.1:8080/token").is_ok());
        for wrong in
            ["http://example.org/token", "ftp://example.org", "example.org", "https://a@b/"]
        {
            assert!(Url::parse(wrong).is_err(), "{wrong}");
        }
    }
}
