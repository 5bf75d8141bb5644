//! Accounts in `config.toml`: added and removed, everything else left as it stands.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value, value};

use super::{Account, Error, Server, Tls};

/// Appends the account to the config, making it when there is none.
///
/// # Errors
/// There is one of that name, or the file cannot be understood or written.
pub fn add_to(path: &Path, name: &str, account: &Account) -> Result<(), Error> {
    let mut document = read(path)?;
    let accounts = document.entry("accounts").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let not_a_table =
        || Error::NotToml { path: path.to_owned(), why: "accounts is no table".into() };
    let accounts = accounts.as_table_mut().ok_or_else(not_a_table)?;
    if accounts.contains_key(name) {
        return Err(Error::Taken { name: name.to_owned() });
    }
    accounts.insert(name, Item::Table(table(account)));
    write(path, &document)
}

/// Takes the account out of the config.
///
/// # Errors
/// There is none of that name, or the file cannot be understood or written.
pub fn remove_from(path: &Path, name: &str) -> Result<(), Error> {
    let mut document = read(path)?;
    let removed = document
        .get_mut("accounts")
        .and_then(Item::as_table_like_mut)
        .and_then(|accounts| accounts.remove(name));
    if removed.is_none() {
        return Err(Error::Unknown { name: name.to_owned() });
    }
    write(path, &document)
}

fn table(account: &Account) -> Table {
    let mut table = Table::new();
    table.insert("address", value(&account.address));
    if let Some(user) = &account.user {
        table.insert("user", value(user));
    }
    table.insert("imap", value(server(&account.imap)));
    if let Some(smtp) = &account.smtp {
        table.insert("smtp", value(server(smtp)));
    }
    if let Some(oauth) = &account.oauth {
        let mut inline = InlineTable::new();
        let texts = [
            ("provider", &oauth.provider),
            ("client_id", &oauth.client_id),
            ("authorize", &oauth.authorize),
            ("token", &oauth.token),
            ("device", &oauth.device),
            ("scopes", &oauth.scopes),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                inline.insert(key, Value::from(text));
            }
        }
        for (key, words) in
            [("client_secret_command", &oauth.client_secret_command), ("command", &oauth.command)]
        {
            if !words.is_empty() {
                inline.insert(key, Value::from(words.iter().collect::<Array>()));
            }
        }
        table.insert("oauth", value(inline));
    }
    if let Some(password) = &account.password {
        let mut dotted = Table::new();
        dotted.set_dotted(true);
        dotted.insert("command", value(password.command.iter().collect::<Array>()));
        table.insert("password", Item::Table(dotted));
    }
    table
}

fn server(server: &Server) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("host", Value::from(&server.host));
    table.insert("port", Value::from(i64::from(server.port)));
    if let Some(tls) = server.tls {
        let tls = match tls {
            Tls::Implicit => "implicit",
            Tls::StartTls => "starttls",
            Tls::Off => "off",
        };
        table.insert("tls", Value::from(tls));
    }
    if let Some(fingerprint) = &server.fingerprint {
        table.insert("fingerprint", Value::from(fingerprint));
    }
    table
}

fn read(path: &Path) -> Result<DocumentMut, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(Error::Config { path: path.to_owned(), source }),
    };
    text.parse().map_err(|error: toml_edit::TomlError| Error::NotToml {
        path: path.to_owned(),
        why: error.message().replace('\n', " "),
    })
}

/// Beside it, then in its place: a config cut off half-way is worse than one not written. A link is
/// followed, for configs often lie in a folder of their owner's that is kept elsewhere.
fn write(path: &Path, document: &DocumentMut) -> Result<(), Error> {
    let failed = |source| Error::Config { path: path.to_owned(), source };
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(dir) = place.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(dir).map_err(failed)?;
    }
    let mut beside = place.clone().into_os_string();
    beside.push(".new");
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&beside).map_err(failed)?;
    file.write_all(document.to_string().as_bytes()).map_err(failed)?;
    if let Ok(metadata) = fs::metadata(&place) {
        file.set_permissions(metadata.permissions()).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    drop(file);
    fs::rename(&beside, &place).map_err(failed)
}
