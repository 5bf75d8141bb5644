//! What a wish of the user's means for each place a message lies in. Pure: nothing is written here.

use std::collections::BTreeMap;

use crate::mail::Marks;
use crate::mail::source::{Role, role};
use crate::store::{Edit, Place, SourceFolder};

/// What the user wants of mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Out of the inbox, kept.
    Archive,
    /// To the trash, wherever it lies.
    Trash,
    /// Into this folder.
    Move(String),
    /// A flag (a Maildir letter), set or taken away.
    Flag(char, bool),
    /// A label, set or taken away.
    Label(String, bool),
}

/// The edits that fulfil `wish` for these places, by the folders of each source. Places that are as
/// wanted need none, and have none.
pub fn plan(
    wish: &Wish,
    places: &[Place],
    folders: &BTreeMap<i64, Vec<SourceFolder>>,
) -> Vec<Edit> {
    let none = Vec::new();
    let of = |source: i64| folders.get(&source).unwrap_or(&none);
    match wish {
        Wish::Flag(letter, on) => marked(places.iter(), |marks| marks.set_letter(*letter, *on)),
        Wish::Label(label, true) => {
            // Gmail shows a label as a folder, and does not say it of mail in that.
            let other = |place: &&Place| !place.folder.eq_ignore_ascii_case(label);
            let spelled = spelled_label(places, label);
            marked(places.iter().filter(other), |marks| {
                if !marks.has_label(&spelled) {
                    marks.add_label(&spelled);
                }
            })
        }
        Wish::Label(label, false) => marked(places.iter(), |marks| marks.remove_label(label)),
        Wish::Archive => {
            let inbox = |place: &&Place| role(&place.folder) == Role::Inbox;
            moved(places.iter().filter(inbox), |source| folder_for(of(source), Role::Archive))
        }
        Wish::Trash => {
            let kept = |place: &&Place| {
                role(&place.folder) != Role::Trash
                    && folder_for(of(place.source), Role::Trash) != place.folder
            };
            moved(places.iter().filter(kept), |source| folder_for(of(source), Role::Trash))
        }
        Wish::Move(folder) => {
            let chosen = one_a_source(places, folder);
            moved(chosen.into_iter(), |source| spelled(of(source), folder))
        }
    }
}

fn marked<'a>(places: impl Iterator<Item = &'a Place>, mark: impl Fn(&mut Marks)) -> Vec<Edit> {
    places
        .filter_map(|place| {
            let before = Marks::of(&place.flags);
            let mut marks = before.clone();
            mark(&mut marks);
            let (folder, flags) = (place.folder.clone(), marks.to_string());
            (marks != before).then(|| Edit { place: place.clone(), folder, flags })
        })
        .collect()
}

/// The label as it is written on other mail chosen with this.
fn spelled_label(places: &[Place], label: &str) -> String {
    let all = Marks::of_all(places.iter().map(|place| place.flags.as_str()));
    let found = all.labels().find(|one| one.to_lowercase() == label.to_lowercase());
    found.unwrap_or(label).to_owned()
}

fn moved<'a>(places: impl Iterator<Item = &'a Place>, target: impl Fn(i64) -> String) -> Vec<Edit> {
    places
        .map(|place| Edit {
            place: place.clone(),
            folder: target(place.source),
            flags: place.flags.clone(),
        })
        .filter(|edit| edit.folder != edit.place.folder)
        .collect()
}

/// Of the places of each message in each source the one that moves: that in the inbox, else the
/// first. None where the message lies in `folder` already.
fn one_a_source<'a>(places: &'a [Place], folder: &str) -> Vec<&'a Place> {
    let mut chosen: BTreeMap<(i64, i64), Option<&Place>> = BTreeMap::new();
    for place in places {
        let one = chosen.entry((place.message.0, place.source)).or_insert(Some(place));
        if place.folder.eq_ignore_ascii_case(folder) {
            *one = None;
        } else if one.is_some_and(|one| role(&one.folder) != Role::Inbox)
            && role(&place.folder) == Role::Inbox
        {
            *one = Some(place);
        }
    }
    chosen.into_values().flatten().collect()
}

/// The folder of a source that is for `wanted`: as its server says, else by its name, else a new one.
pub fn folder_for(folders: &[SourceFolder], wanted: Role) -> String {
    let said = folders.iter().find(|one| one.role == Some(wanted));
    // `Archive/2023` is for the archive too, but is not it.
    let named = || {
        let leaf = |folder: &str| folder.rsplit('/').next().map(role);
        folders
            .iter()
            .filter(|one| one.role.is_none() && leaf(&one.folder) == Some(wanted))
            .min_by_key(|one| one.folder.len())
    };
    if let Some(one) = said.or_else(named) {
        return one.folder.clone();
    }
    let name = match wanted {
        Role::Trash => "Trash",
        Role::Sent => "Sent",
        Role::Drafts => "Drafts",
        _ => "Archive",
    };
    // Courier and Cyrus have all folders below the inbox.
    let below = |one: &SourceFolder| {
        one.folder.eq_ignore_ascii_case("INBOX") || one.folder.starts_with("INBOX/")
    };
    let prefix = if folders.len() > 1 && folders.iter().all(below) { "INBOX/" } else { "" };
    format!("{prefix}{name}")
}

/// The folder as its source spells it.
fn spelled(folders: &[SourceFolder], folder: &str) -> String {
    let exact = folders.iter().any(|one| one.folder == folder);
    let like = folders.iter().find(|one| one.folder.to_lowercase() == folder.to_lowercase());
    match like {
        Some(like) if !exact => like.folder.clone(),
        _ => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::MessageId;

    fn place(message: i64, source: i64, folder: &str, flags: &str) -> Place {
        let (folder, flags) = (folder.to_owned(), flags.to_owned());
        Place {
            message: MessageId(message),
            source,
            key: format!("{message}{folder}"),
            folder,
            flags,
        }
    }

    fn folders(names: &[(&str, Option<Role>)]) -> BTreeMap<i64, Vec<SourceFolder>> {
        let of = |(folder, role): &(&str, Option<Role>)| SourceFolder {
            folder: (*folder).to_owned(),
            role: *role,
        };
        [(1, names.iter().map(of).collect())].into()
    }

    #[track_caller]
    fn check(wish: &Wish, places: &[Place], names: &[(&str, Option<Role>)], expected: &[&str]) {
        let found: Vec<String> = plan(wish, places, &folders(names))
            .iter()
            .map(|e| format!("{} {}>{} {}", e.place.message.0, e.place.folder, e.folder, e.flags))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_what_lies_in_the_inbox_is_archived() {
        let places = [place(1, 1, "INBOX", "S"), place(1, 1, "Lists", ""), place(2, 1, "Sent", "")];
        let names = [("INBOX", None), ("Archive/2023", None), ("Sent", None)];
        check(&Wish::Archive, &places, &names, &["1 INBOX>Archive S"]);
        let gmail = [("INBOX", None), ("[Gmail]/All Mail", Some(Role::Archive))];
        check(&Wish::Archive, &places, &gmail, &["1 INBOX>[Gmail]/All Mail S"]);
    }

    #[test]
    fn the_trash_takes_every_place_but_its_own() {
        let places = [place(1, 1, "INBOX", ""), place(1, 1, "Lists", ""), place(2, 1, "Trash", "")];
        let names = [("INBOX", None), ("Papelera", None)];
        check(&Wish::Trash, &places, &names, &["1 INBOX>Papelera ", "1 Lists>Papelera "]);
        let below = [("INBOX", None), ("INBOX/Sent", None)];
        check(&Wish::Trash, &places[..1], &below, &["1 INBOX>INBOX/Trash "]);
    }

    #[test]
    fn one_place_moves_and_none_where_it_lies_there() {
        let places = [place(1, 1, "Lists", ""), place(1, 1, "INBOX", ""), place(2, 1, "kept", "")];
        let names = [("INBOX", None), ("Kept", None), ("Lists", None)];
        check(&Wish::Move("Kept".into()), &places, &names, &["1 INBOX>Kept "]);
        check(&Wish::Move("lists".into()), &places[1..2], &names, &["1 INBOX>Lists "]);
    }

    #[test]
    fn flags_change_where_they_differ() {
        let places = [place(1, 1, "INBOX", "S"), place(2, 1, "INBOX", "FS")];
        check(&Wish::Flag('F', true), &places, &[], &["1 INBOX>INBOX FS"]);
        check(&Wish::Flag('S', false), &places, &[], &["1 INBOX>INBOX ", "2 INBOX>INBOX F"]);
    }

    #[test]
    fn labels_are_set_where_they_are_not_and_no_folder_is_labelled_with_its_own_name() {
        let places = [
            place(1, 1, "INBOX", "S"),
            place(1, 1, "Work", "S"),
            place(2, 1, "INBOX", "FS\tWORK"),
            place(3, 1, "INBOX", ""),
        ];
        let on = ["1 INBOX>INBOX S\tWORK", "3 INBOX>INBOX \tWORK"];
        check(&Wish::Label("work".into(), true), &places, &[], &on);
        check(&Wish::Label("work".into(), false), &places, &[], &["2 INBOX>INBOX FS"]);
    }
}
