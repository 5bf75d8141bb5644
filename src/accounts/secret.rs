//! The password, and the command it comes from.

use std::process::{Command, Stdio};

use super::Error;

/// A secret: overwritten when dropped, never printed.
pub struct Secret(Vec<u8>, Kind);

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Password,
    Token,
}

impl Secret {
    /// The first line that `argv` prints. It is run without a shell; its errors reach the user's screen,
    /// for it may have to ask them for something.
    ///
    /// # Errors
    /// It cannot be run, fails, or prints nothing that can be a password. Never what it printed.
    pub fn from_command(argv: &[String]) -> Result<Self, Error> {
        let (program, arguments) =
            argv.split_first().map_or(("", argv), |(p, rest)| (p.as_str(), rest));
        let failed = |why: String| Error::Password { command: program.to_owned(), why };
        let mut output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::inherit())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| failed(error.to_string()))?;
        let printed = Self(std::mem::take(&mut output.stdout), Kind::Password);
        if !output.status.success() {
            return Err(failed(format!("it ended with {}", output.status)));
        }
        let line = printed.0.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Err(failed("it printed nothing".to_owned()));
        }
        if line.contains(&0) || std::str::from_utf8(line).is_err() {
            return Err(failed("its first line is no text".to_owned()));
        }
        Ok(Self(line.to_vec(), Kind::Password))
    }

    /// Asks for it on the terminal, unseen.
    ///
    /// # Errors
    /// There is no terminal, or nothing was typed.
    pub fn from_terminal(prompt: &str) -> Result<Self, Error> {
        let failed = |source| Error::Terminal { source };
        let typed =
            Self(rpassword::prompt_password(prompt).map_err(failed)?.into_bytes(), Kind::Password);
        if typed.0.is_empty() {
            return Err(failed(std::io::Error::other("nothing was typed")));
        }
        Ok(typed)
    }

    /// An OAuth 2 access token: it logs in by other words than a password.
    pub fn token(text: String) -> Self {
        Self(text.into_bytes(), Kind::Token)
    }

    /// The same, as an access token.
    #[must_use]
    pub fn into_token(mut self) -> Self {
        self.1 = Kind::Token;
        self
    }

    /// Another of the same, for another connection.
    #[must_use]
    pub fn again(&self) -> Self {
        Self(self.0.clone(), self.1)
    }

    /// Whether it is an access token.
    pub fn is_token(&self) -> bool {
        self.1 == Kind::Token
    }

    /// The secret itself: for the one line that carries it to the server.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
