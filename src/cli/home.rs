//! Where things lie.

use std::path::{Path, PathBuf};

/// The folders of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    /// `config.toml`.
    pub(super) config: PathBuf,
    /// Store, index, vectors, the list of connections.
    pub(super) data: PathBuf,
    /// Models that were fetched.
    pub(super) models: PathBuf,
}

impl Home {
    /// One folder for everything.
    pub(super) fn in_dir(dir: &Path) -> Self {
        Self { config: dir.join("config.toml"), data: dir.join("data"), models: dir.join("models") }
    }

    /// `--home`, else `POSTROOM_HOME`, else the XDG folders. Nothing when there is no home at all.
    pub(super) fn find(
        named: Option<&Path>,
        variable: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Option<Self> {
        if let Some(dir) = named.map(Path::to_path_buf).or_else(|| variable("POSTROOM_HOME")) {
            return Some(Self::in_dir(&dir));
        }
        let home = variable("HOME").filter(|home| home.is_absolute());
        let folder = |name: &str, below: &str| {
            variable(name)
                .filter(|dir| dir.is_absolute())
                .or_else(|| home.as_ref().map(|home| home.join(below)))
        };
        let data = folder("XDG_DATA_HOME", ".local/share")?.join("postroom");
        Some(Self {
            config: folder("XDG_CONFIG_HOME", ".config")?.join("postroom").join("config.toml"),
            models: data.join("models"),
            data,
        })
    }

    pub(super) fn index(&self) -> PathBuf {
        self.data.join("index")
    }

    pub(super) fn vectors(&self) -> PathBuf {
        self.data.join("vectors.i8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(
        pairs: &'static [(&'static str, &'static str)],
    ) -> impl Fn(&str) -> Option<PathBuf> {
        move |name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        }
    }

    #[test]
    fn a_named_home_wins_over_the_variable() {
        let none = variables(&[("POSTROOM_HOME", "/v"), ("HOME", "/h")]);
        let home = Home::find(Some(Path::new("/n")), &none).expect("a home");
        assert_eq!(home.config, Path::new("/n/config.toml"));
        assert_eq!(Home::find(None, &none).expect("a home").data, Path::new("/v/data"));
    }

    #[test]
    fn xdg_folders_hold_the_rest() {
        let only_home = variables(&[("HOME", "/h"), ("XDG_DATA_HOME", "relative")]);
        let home = Home::find(None, &only_home).expect("a home");
        assert_eq!(home.config, Path::new("/h/.config/postroom/config.toml"));
        assert_eq!(home.data, Path::new("/h/.local/share/postroom"));
        assert_eq!(home.models, Path::new("/h/.local/share/postroom/models"));
        assert!(Home::find(None, &variables(&[])).is_none());
    }
}
