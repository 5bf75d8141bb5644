//! What a folder is for, by its name.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Mail that arrived.
    Inbox,
    /// The user's own mail.
    Sent,
    /// Not sent yet.
    Drafts,
    /// Thrown away.
    Trash,
    /// Spam.
    Junk,
    /// Kept, of no place of its own.
    Archive,
    /// A folder the user made, or one not known.
    Other,
}

const NAMES: [(Role, &[&str]); 6] = [
    (
        Role::Inbox,
        &[
            "inbox",
            "posteingang",
            "boîte de réception",
            "boite de reception",
            "réception",
            "entrada",
            "bandeja de entrada",
            "caixa de entrada",
            "posta in arrivo",
            "in arrivo",
            "postvak in",
            "inkorg",
            "indbakke",
            "innboks",
            "saapuneet",
            "skrzynka odbiorcza",
            "входящие",
            "受信トレイ",
            "收件箱",
            "收件匣",
            "받은편지함",
            "notes_inbox",
            "notes inbox",
        ],
    ),
    (
        Role::Sent,
        &[
            "sent",
            "sent mail",
            "sent items",
            "sent messages",
            "sent-mail",
            "gesendet",
            "gesendete objekte",
            "gesendete elemente",
            "gesendete nachrichten",
            "postausgang gesendet",
            "envoyés",
            "messages envoyés",
            "éléments envoyés",
            "enviados",
            "elementos enviados",
            "mensajes enviados",
            "itens enviados",
            "e-mails enviados",
            "inviati",
            "posta inviata",
            "posta inviata in corso",
            "verzonden",
            "verzonden items",
            "verzonden berichten",
            "skickat",
            "sendt",
            "sendte elementer",
            "lähetetyt",
            "wysłane",
            "отправленные",
            "送信済み",
            "送信済みメール",
            "已发送",
            "已发邮件",
            "寄件備份",
            "보낸편지함",
            "outgoing",
            "my sent mail",
        ],
    ),
    (
        Role::Drafts,
        &[
            "drafts",
            "draft",
            "entwürfe",
            "entwurf",
            "brouillons",
            "borradores",
            "rascunhos",
            "bozze",
            "concepten",
            "utkast",
            "kladder",
            "luonnokset",
            "szkice",
            "robocze",
            "черновики",
            "下書き",
            "草稿",
            "草稿箱",
            "임시보관함",
        ],
    ),
    (
        Role::Trash,
        &[
            "trash",
            "bin",
            "deleted",
            "deleted items",
            "deleted messages",
            "wastebasket",
            "papierkorb",
            "gelöschte objekte",
            "gelöschte elemente",
            "gelöscht",
            "corbeille",
            "éléments supprimés",
            "papelera",
            "elementos eliminados",
            "eliminados",
            "lixeira",
            "lixo",
            "itens excluídos",
            "cestino",
            "posta eliminata",
            "prullenbak",
            "verwijderde items",
            "papperskorg",
            "papirkurv",
            "slettet",
            "roskakori",
            "kosz",
            "корзина",
            "удаленные",
            "удалённые",
            "ゴミ箱",
            "已删除",
            "已删除邮件",
            "垃圾桶",
            "휴지통",
        ],
    ),
    (
        Role::Junk,
        &[
            "junk",
            "spam",
            "junk e-mail",
            "junk email",
            "junk mail",
            "bulk mail",
            "bulk",
            "spamverdacht",
            "junk-e-mail",
            "unerwünscht",
            "pourriel",
            "courrier indésirable",
            "indésirables",
            "correo no deseado",
            "lixo eletrônico",
            "posta indesiderata",
            "ongewenste e-mail",
            "skräppost",
            "uønsket e-post",
            "uønsket mail",
            "roskaposti",
            "спам",
            "迷惑メール",
            "垃圾邮件",
            "垃圾郵件",
            "스팸",
        ],
    ),
    (
        Role::Archive,
        &[
            "archive",
            "archives",
            "archiv",
            "all mail",
            "alle nachrichten",
            "tous les messages",
            "todos",
            "tutti i messaggi",
            "all documents",
            "discussion threads",
            "archivio",
            "archivo",
            "arkiv",
            "archief",
            "arkisto",
            "archiwum",
            "архив",
            "すべてのメール",
            "存档",
            "归档",
            "封存",
            "보관함",
            "전체보관함",
        ],
    ),
];

/// The roles by plain name; of two that share one the first.
static KNOWN: LazyLock<HashMap<String, Role>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    for (role, names) in NAMES {
        for name in names {
            known.entry(plain(name)).or_insert(role);
        }
    }
    known
});

/// Guesses what `folder` is for; names of any depth, in any case, with blanks, dashes or
/// underscores between their words.
pub fn role(folder: &str) -> Role {
    let leaf = folder.rsplit(['/', '\\']).find(|name| !name.is_empty()).unwrap_or(folder);
    let name = plain(leaf);
    KNOWN.get(&name).copied().unwrap_or_else(|| {
        // `Archive/2023`, `Trash/Old`: what lies inside is for the same.
        match folder.rsplit_once(['/', '\\']) {
            Some((parent, _)) => match role(parent) {
                found @ (Role::Archive | Role::Trash | Role::Junk | Role::Sent) => found,
                _ => Role::Other,
            },
            None => Role::Other,
        }
    })
}

fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| c.is_whitespace() || matches!(c, '_' | '-' | '[' | ']'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(folder: &str, expected: Role) {
        assert_eq!(role(folder), expected, "{folder}");
    }

    #[test]
    fn names_in_many_languages() {
        check("INBOX", Role::Inbox);
        check("Posteingang", Role::Inbox);
        check("[Gmail]/Sent Mail", Role::Sent);
        check("Gesendete Objekte", Role::Sent);
        check("Entwürfe", Role::Drafts);
        check("Papelera", Role::Trash);
        check("Junk E-Mail", Role::Junk);
        check("[Google Mail]/Alle Nachrichten", Role::Archive);
        check("垃圾邮件", Role::Junk);
    }

    #[test]
    fn names_of_old_archives() {
        check("someone/_sent_mail", Role::Sent);
        check("sent_items", Role::Sent);
        check("sent", Role::Sent);
        check("deleted_items", Role::Trash);
        check("all_documents", Role::Archive);
        check("discussion_threads", Role::Archive);
        check("notes_inbox", Role::Inbox);
        check("inbox", Role::Inbox);
    }

    #[test]
    fn folders_inside_and_others() {
        check("Archive/2023", Role::Archive);
        check("INBOX/Sent", Role::Sent);
        check("INBOX/projects", Role::Other);
        check("sentences", Role::Other);
        check("", Role::Other);
    }
}
