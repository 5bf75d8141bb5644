//! The list of connections: an append-only file of one JSON object a line.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;

/// One connection that was opened. A command that may be killed while it is open writes it twice:
/// with no bytes before it opens it, and with what was counted when it is closed. It is one all the
/// same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// When, RFC 3339.
    pub time: String,
    /// The command that opened it.
    pub command: String,
    /// To whom.
    pub host: String,
    /// On which port.
    pub port: u16,
    /// What for.
    pub purpose: String,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
}

/// The file.
#[derive(Clone, Debug)]
pub struct ConnectionLog {
    path: PathBuf,
}

impl ConnectionLog {
    /// The list in the folder `dir`.
    pub fn in_dir(dir: &Path) -> Self {
        Self { path: dir.join("connections.jsonl") }
    }

    /// Adds a line, on disk when this returns. Makes the folder, if it must, for the user alone.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, connection: &Connection) -> Result<(), Error> {
        let failed = |source| Error::Log { path: self.path.clone(), source };
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut line = serde_json::to_string(connection).unwrap_or_default();
        line.push('\n');
        if let Some(dir) = self.path.parent() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            {
                use std::os::unix::fs::DirBuilderExt as _;
                builder.mode(0o700);
            }
            builder.create(dir).map_err(failed)?;
        }
        let mut file = options.open(&self.path).map_err(failed)?;
        file.write_all(line.as_bytes()).map_err(failed)?;
        file.sync_data().map_err(failed)
    }

    /// All connections, oldest first; lines that cannot be read are left out, and one that was
    /// written when it was opened and again when it was closed comes once.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub fn read(&self) -> Result<Vec<Connection>, Error> {
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(Error::Log { path: self.path.clone(), source }),
        };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        let mut connections: Vec<Connection> = Vec::new();
        for connection in lines.filter_map(|line| serde_json::from_str::<Connection>(&line).ok()) {
            let opened = connection.opened();
            if connection != opened && connections.last() == Some(&opened) {
                connections.pop();
            }
            connections.push(connection);
        }
        Ok(connections)
    }
}

impl Connection {
    /// As it is written before it is opened.
    fn opened(&self) -> Self {
        Self { bytes_in: 0, bytes_out: 0, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_is_read_back_in_order() {
        let dir = tempfile::tempdir().expect("a folder");
        let log = ConnectionLog::in_dir(dir.path());
        assert!(log.read().expect("no file is an empty list").is_empty());
        let mut connection = Connection {
            time: "2026-03-02T09:00:00Z".into(),
            command: "outbox send".into(),
            host: "smtp.example.org".into(),
            port: 465,
            purpose: "letter 3".into(),
            bytes_in: 10,
            bytes_out: 20,
        };
        log.append(&connection).expect("written");
        connection.port = 587;
        log.append(&connection).expect("written");
        let ports: Vec<u16> = log.read().expect("read").iter().map(|c| c.port).collect();
        assert_eq!(ports, [465, 587]);
    }

    #[test]
    fn opened_and_closed_is_one_connection() {
        let dir = tempfile::tempdir().expect("a folder");
        let log = ConnectionLog::in_dir(dir.path());
        let opened = Connection {
            time: "2026-03-02T09:00:00Z".into(),
            command: "model fetch".into(),
            host: "hub.example.org".into(),
            port: 443,
            purpose: "model a".into(),
            bytes_in: 0,
            bytes_out: 0,
        };
        let closed = Connection { bytes_in: 9, bytes_out: 5, ..opened.clone() };
        // Closed; opened and killed; opened and closed.
        for connection in [&opened, &closed, &opened, &opened, &closed] {
            log.append(connection).expect("written");
        }
        let bytes: Vec<u64> = log.read().expect("read").iter().map(|c| c.bytes_in).collect();
        assert_eq!(bytes, [9, 0, 9]);
    }
}
