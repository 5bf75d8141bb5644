//! Where an address's servers are, when its provider is not one of the known: asked of its own domain
//! alone, by DNS (SRV, RFC 6186), then over HTTPS (Thunderbird's autoconfig). Nothing before the @ is
//! said to anybody.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::http::{self, Url};
use super::{Server, Tls};
use crate::guard::{Connection, ConnectionLog};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where the mail lies.
    pub imap: Server,
    /// Where mail is handed over, if that was said.
    pub smtp: Option<Server>,
    /// Whether the name to log in with is the part before the @ alone.
    pub user_is_local_part: bool,
    /// Who said so, for a person.
    pub by: String,
}

/// How long a name server may take.
const DNS_PATIENCE: Duration = Duration::from_secs(5);
/// Longest answer of DNS over UDP that is read.
const DNS_BYTES_MAX: usize = 4096;

/// Asks the domain of `address`. `log` gets a line for each connection, with `command` and `time`.
/// Nothing when it does not say.
///
/// # Errors
/// A connection cannot be written down.
pub fn discover(
    address: &str,
    log: &ConnectionLog,
    command: &str,
    time: &str,
) -> Result<Option<Found>, crate::guard::Error> {
    let Some((_, domain)) = address.rsplit_once('@') else { return Ok(None) };
    let domain = domain.trim().to_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if domain.is_empty() || !domain.chars().all(plain) {
        return Ok(None);
    }
    let logged = |host: &str, port: u16, purpose: &str, bytes: (u64, u64)| {
        log.append(&Connection {
            time: time.to_owned(),
            command: command.to_owned(),
            host: host.to_owned(),
            port,
            purpose: purpose.to_owned(),
            bytes_in: bytes.0,
            bytes_out: bytes.1,
        })
    };
    if let Some(server) = name_server() {
        logged(&server.ip().to_string(), server.port(), &format!("servers of {domain}"), (0, 0))?;
        if let Some(found) = by_srv(server, &domain) {
            return Ok(Some(found));
        }
    }
    for url in [
        format!("https://autoconfig.{domain}/mail/config-v1.1.xml"),
        format!("https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml"),
    ] {
        let Ok(url) = Url::parse(&url) else { continue };
        let purpose = format!("servers of {domain}");
        logged(&url.server.host, url.server.port, &purpose, (0, 0))?;
        let answer = http::ask(&url, None);
        if let Ok(answer) = answer
            && answer.status == 200
            && let Some(found) = autoconfig(&String::from_utf8_lossy(&answer.body), &domain)
        {
            logged(&url.server.host, url.server.port, &purpose, answer.bytes)?;
            let by = format!("https://{}", url.server.host);
            return Ok(Some(Found { by, ..found }));
        }
    }
    Ok(None)
}

/// The first name server this system asks.
fn name_server() -> Option<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").ok()?;
    let mut lines = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let address = lines.find_map(|line| line.trim().parse().ok())?;
    Some(SocketAddr::new(address, 53))
}

fn by_srv(server: SocketAddr, domain: &str) -> Option<Found> {
    let ask = |service: &str| srv(server, &format!("{service}._tcp.{domain}"));
    let of =
        |(host, port): (String, u16), tls| Server { tls: Some(tls), ..Server::new(&host, port) };
    let imap = ask("_imaps")
        .map(|at| of(at, Tls::Implicit))
        .or_else(|| ask("_imap").map(|at| of(at, Tls::StartTls)))?;
    let smtp = ask("_submissions")
        .map(|at| of(at, Tls::Implicit))
        .or_else(|| ask("_submission").map(|at| of(at, Tls::StartTls)));
    // Nobody signed that answer: a host elsewhere would be handed the password (RFC 6186, 6).
    let is_own =
        |server: &Server| server.host == domain || server.host.ends_with(&format!(".{domain}"));
    let found = Found {
        smtp: smtp.filter(|smtp| is_own(smtp) && smtp.check().is_ok()),
        imap,
        user_is_local_part: false,
        by: "DNS".to_owned(),
    };
    (is_own(&found.imap) && found.imap.check().is_ok()).then_some(found)
}

/// The server of a service with the lowest priority; nothing where there is none, or nobody answers.
fn srv(server: SocketAddr, name: &str) -> Option<(String, u16)> {
    let any: SocketAddr =
        if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.set_read_timeout(Some(DNS_PATIENCE)).ok()?;
    // Only that server's answers are heard.
    socket.connect(server).ok()?;
    let mut id = [0; 2];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut id).ok()?;
    socket.send(&question(id, name)?).ok()?;
    let mut buffer = [0; DNS_BYTES_MAX];
    for _ in 0..4 {
        let length = socket.recv(&mut buffer).ok()?;
        if buffer[..length].starts_with(&id) {
            return answers(&buffer[..length])
                .into_iter()
                .min()
                .map(|(_, _, host, port)| (host, port));
        }
    }
    None
}

/// One question for SRV records (RFC 1035, 4.1; RFC 2782).
fn question(id: [u8; 2], name: &str) -> Option<Vec<u8>> {
    let mut packet = id.to_vec();
    // Recursion desired; one question.
    packet.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        packet.push(length);
        packet.extend_from_slice(label.as_bytes());
    }
    packet.extend_from_slice(&[0, 0, 33, 0, 1]);
    Some(packet)
}

/// The SRV records of an answer: priority, weight (the heaviest first), host, port.
fn answers(packet: &[u8]) -> Vec<(u16, i32, String, u16)> {
    let number = |at: usize| Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]));
    let mut found = Vec::new();
    let read = |found: &mut Vec<_>| -> Option<()> {
        let (flags, questions, records) = (number(2)?, number(4)?, number(6)?);
        // An answer, and no error.
        if flags & 0x8000 == 0 || flags & 0x000f != 0 {
            return None;
        }
        let mut at = 12;
        for _ in 0..questions {
            at = name_at(packet, at)?.1 + 4;
        }
        for _ in 0..records.min(64) {
            at = name_at(packet, at)?.1;
            let (kind, length) = (number(at)?, usize::from(number(at + 8)?));
            at += 10;
            if kind == 33 {
                let (host, _) = name_at(packet, at + 6)?;
                // "." says that there is no such service (RFC 2782).
                if !host.is_empty() {
                    let weight = -i32::from(number(at + 2)?);
                    found.push((number(at)?, weight, host, number(at + 4)?));
                }
            }
            at += length;
        }
        Some(())
    };
    // What was read before it broke off holds.
    let _ = read(&mut found);
    found
}

/// The name that begins at `at`, lower case, and where it ends.
fn name_at(packet: &[u8], at: usize) -> Option<(String, usize)> {
    let (mut labels, mut at, mut end) = (Vec::new(), at, None);
    // A pointer leads back; more of them than a name has bytes are a circle.
    for _ in 0..128 {
        match *packet.get(at)? {
            0 => {
                let end = end.unwrap_or(at + 1);
                return Some((labels.join("."), end));
            }
            length @ 1..=63 => {
                let label = packet.get(at + 1..at + 1 + usize::from(length))?;
                labels.push(String::from_utf8_lossy(label).to_lowercase());
                at += 1 + usize::from(length);
            }
            high @ 0xc0.. => {
                end.get_or_insert(at + 2);
                at = usize::from(u16::from_be_bytes([high & 0x3f, *packet.get(at + 1)?]));
            }
            _ => return None,
        }
    }
    None
}

/// What an autoconfig file says (wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat): the
/// first IMAP server with TLS, and the first SMTP server.
fn autoconfig(text: &str, domain: &str) -> Option<Found> {
    let servers = |tag: &str, kind: &str| -> Vec<String> {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        let parts = text.split(open.as_str()).skip(1);
        let read = |part: &str| {
            let (head, body) = part.split(close.as_str()).next()?.split_once('>')?;
            let is_kind = ['"', '\''].iter().any(|q| head.contains(&format!("{q}{kind}{q}")));
            is_kind.then(|| body.to_owned())
        };
        parts.filter_map(read).collect()
    };
    let server = |body: &String| {
        let tls = match field(body, "socketType")?.as_str() {
            "SSL" => Tls::Implicit,
            "STARTTLS" => Tls::StartTls,
            _ => return None,
        };
        let host = field(body, "hostname")?.replace("%EMAILDOMAIN%", domain);
        let port = field(body, "port")?.parse().ok()?;
        let server = Server { tls: Some(tls), ..Server::new(&host, port) };
        server.check().is_ok().then_some(server)
    };
    let (body, imap) = servers("incomingServer", "imap")
        .into_iter()
        .find_map(|body| server(&body).map(|at| (body, at)))?;
    let smtp = servers("outgoingServer", "smtp").iter().find_map(server);
    let user = field(&body, "username").unwrap_or_default();
    let user_is_local_part = user == "%EMAILLOCALPART%";
    Some(Found { imap, smtp, user_is_local_part, by: String::new() })
}

fn field(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in text.split('.').filter(|label| !label.is_empty()) {
            bytes.push(label.len() as u8);
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        bytes
    }

    /// Answers SRV questions on loopback as `records` say: service, priority, host, port.
    fn dns(records: &'static [(&'static str, u16, &'static str, u16)]) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let at = socket.local_addr().expect("an address");
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let asked = name_at(&buffer[..length], 12).expect("a question").0;
                let mut packet = buffer[..2].to_vec();
                let matching: Vec<_> =
                    records.iter().filter(|one| asked.starts_with(one.0)).collect();
                packet.extend_from_slice(&[0x81, 0x80, 0, 1, 0, matching.len() as u8, 0, 0, 0, 0]);
                packet.extend_from_slice(&buffer[12..length]);
                for (_, priority, host, port) in matching {
                    packet.extend_from_slice(&[0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60]);
                    let host = name(host);
                    packet.extend_from_slice(&(host.len() as u16 + 6).to_be_bytes());
                    packet.extend_from_slice(&priority.to_be_bytes());
                    packet.extend_from_slice(&[0, 1]);
                    packet.extend_from_slice(&port.to_be_bytes());
                    packet.extend_from_slice(&host);
                }
                // Somebody else's answer first.
                let _ = socket.send_to(&[0; 12], from);
                let _ = socket.send_to(&packet, from);
            }
        });
        at
    }

    #[test]
    fn the_domain_says_by_dns_where_its_servers_are() {
        let server = dns(&[
            ("_imaps", 20, "old.example.org", 993),
            ("_imaps", 10, "mail.example.org", 993),
            ("_submission.", 0, "send.example.org", 587),
        ]);
        let found = by_srv(server, "example.org").expect("it says");
        assert_eq!(
            (found.imap.host.as_str(), found.imap.tls()),
            ("mail.example.org", Tls::Implicit)
        );
        let smtp = found.smtp.expect("it says that too");
        assert_eq!(
            (smtp.host.as_str(), smtp.port, smtp.tls()),
            ("send.example.org", 587, Tls::StartTls)
        );
    }

    #[test]
    fn an_answer_nobody_signed_leads_to_no_other_domain() {
        assert_eq!(by_srv(dns(&[("_imaps", 0, "mail.example.net", 993)]), "example.org"), None);
        assert_eq!(by_srv(dns(&[("_imaps", 0, "evilexample.org", 993)]), "example.org"), None);
        assert_eq!(by_srv(dns(&[("_imaps", 0, "", 0)]), "example.org"), None);
        assert_eq!(by_srv(dns(&[]), "example.org"), None);
    }

    #[test]
    fn garbage_from_dns_is_no_answer() {
        let whole =
            [&[1, 2, 0x81, 0x80, 0, 0, 0, 9, 0, 0, 0, 0][..], &[0xc0, 12, 0xc0, 12]].concat();
        for length in 0..whole.len() {
            assert_eq!(answers(&whole[..length]), []);
        }
        // A name that points at itself.
        assert_eq!(name_at(&[0xc0, 0], 0), None);
    }

    #[test]
    fn autoconfig_is_read_and_what_is_not_private_passed_over() {
        let text = "<clientConfig><emailProvider id=\"example.org\">\
            <incomingServer type=\"pop3\"><hostname>pop.example.org</hostname><port>995</port>\
            <socketType>SSL</socketType></incomingServer>\
            <incomingServer type=\"imap\"><hostname>plain.example.org</hostname><port>143</port>\
            <socketType>plain</socketType></incomingServer>\
            <incomingServer type=\"imap\"><hostname>imap.%EMAILDOMAIN%</hostname><port>993</port>\
            <socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>\
            <outgoingServer type=\"smtp\"><hostname>smtp.example.org</hostname><port>587</port>\
            <socketType>STARTTLS</socketType></outgoingServer></emailProvider></clientConfig>";
        let found = autoconfig(text, "example.org").expect("read");
        assert_eq!((found.imap.host.as_str(), found.imap.port), ("imap.example.org", 993));
        assert!(found.user_is_local_part);
        assert_eq!(found.smtp.expect("there").host, "smtp.example.org");
        for length in 0..text.len() {
            let _ = autoconfig(&text[..length], "example.org");
        }
        assert_eq!(autoconfig("<html>not found</html>", "example.org"), None);
    }
}
