//! A small hub on loopback: declares a file and leads to a second host that has its bytes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Home;
use super::gguf::{gguf, sha256};

/// The repository, the file and the commit that every [`Site`] has.
pub(crate) const REPOSITORY: &str = "tester/Tiny-GGUF";
pub(crate) const FILE: &str = "Tiny-Q8_0.gguf";
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// What the file is called once it is here.
pub(crate) const NAME: &str = "tiny-q8_0";

/// What a host was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// `Range: bytes=N-`.
    pub(crate) from: Option<usize>,
    pub(crate) headers: String,
}

/// What a host says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    /// `200 OK`, and header lines.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Then holds the connection open, saying nothing, until the host goes.
    pub(crate) holds: bool,
}

impl Reply {
    pub(crate) fn status(status: &str) -> Self {
        Self { head: format!("{status}\r\nContent-Length: 0\r\n"), ..Self::default() }
    }
}

/// A host on a port of its own; gone when dropped.
pub(crate) struct Host {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    gone: Arc<AtomicBool>,
}

impl Host {
    /// Answers every request, the `n`th from 0, with what `answer` makes of it.
    pub(crate) fn new(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("it has an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let gone = Arc::new(AtomicBool::new(false));
        let (list, ends, answer) = (asked.clone(), gone.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let (list, ends, answer) = (list.clone(), ends.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &list, &ends, answer.as_ref()));
            }
        });
        Self { address, asked, gone }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics with it").clone()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        // Wakes the listener, which then closes.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    list: &Mutex<Vec<Asked>>,
    gone: &AtomicBool,
    answer: &(dyn Fn(&Asked, usize) -> Reply + Send + Sync),
) {
    let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let headers: Vec<String> =
        lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let mut words = first.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, path) = (word(), word());
    let range = headers.iter().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        let value = value.trim().strip_prefix("bytes=")?.strip_suffix('-')?;
        (key.eq_ignore_ascii_case("range")).then(|| value.parse().ok())?
    });
    let asked = Asked { method, path, from: range, headers: headers.join("\n") };
    let at = {
        let mut list = list.lock().expect("no test panics with it");
        list.push(asked.clone());
        list.len() - 1
    };
    let reply = answer(&asked, at);
    let head = format!("HTTP/1.1 {}Connection: close\r\n\r\n", reply.head);
    // The other side may be killed at any point.
    let _ = stream.write_all(head.as_bytes());
    if asked.method != "HEAD" {
        let _ = stream.write_all(&reply.body).and_then(|()| stream.flush());
    }
    while reply.holds && !gone.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A hub and the storage host behind it.
pub(crate) struct Site {
    pub(crate) hub: Host,
    pub(crate) storage: Host,
}

impl Site {
    /// The hub declares `bytes`; what the storage host sends is its own affair.
    pub(crate) fn new(
        bytes: &[u8],
        storage: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let storage = Host::new(storage);
        let declares = declaration(bytes);
        let to = format!("{}/blobs/1?signature=secret", storage.url());
        let hub = Host::new(move |asked, _| {
            let path = |revision: &str| format!("/{REPOSITORY}/resolve/{revision}/{FILE}");
            if asked.path != path("main") && asked.path != path(COMMIT) {
                return Reply::status("404 Not Found");
            }
            let head = format!("302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n{declares}");
            Reply { head, ..Reply::default() }
        });
        Self { hub, storage }
    }

    /// Both as they should be.
    pub(crate) fn good(bytes: &[u8]) -> Self {
        let file = bytes.to_vec();
        Self::new(bytes, move |asked, _| part(&file, asked.from))
    }

    /// `home`, with this hub in its config.
    pub(crate) fn is_hub_of(&self, home: &Home) {
        self.hub.is_hub_of(home);
    }
}

impl Host {
    pub(crate) fn is_hub_of(&self, home: &Home) {
        set_endpoint(home, &self.url());
    }
}

/// Names a hub in the config of `home`.
pub(crate) fn set_endpoint(home: &Home, endpoint: &str) {
    std::fs::create_dir_all(home.path()).expect("a folder");
    let config = format!("[models]\nendpoint = \"{endpoint}\"\n");
    std::fs::write(home.path().join("config.toml"), config).expect("it is written");
}

/// What a hub declares of a file.
pub(crate) fn declaration(bytes: &[u8]) -> String {
    format!(
        "X-Repo-Commit: {COMMIT}\r\nX-Linked-Etag: \"{}\"\r\nX-Linked-Size: {}\r\n",
        sha256(bytes),
        bytes.len()
    )
}

/// The answer of a host that can ranges.
pub(crate) fn part(bytes: &[u8], from: Option<usize>) -> Reply {
    let total = bytes.len();
    match from {
        None => {
            let head = format!("200 OK\r\nETag: \"another\"\r\nContent-Length: {total}\r\n");
            Reply { head, body: bytes.to_vec(), holds: false }
        }
        Some(from) if from < total => {
            let head = format!(
                "206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}\r\nContent-Length: {}\r\n",
                total - 1,
                total - from
            );
            Reply { head, body: bytes[from..].to_vec(), holds: false }
        }
        Some(_) => Reply::status("416 Range Not Satisfiable"),
    }
}

/// The file most tests fetch: more than one chunk, less than a small disk.
pub(crate) fn tiny() -> Vec<u8> {
    gguf("qwen3", 3_000_000)
}
