//! Reads Rust source as far as the table of rooms needs it: which paths it names, and where.
//!
//! Comments and strings are left out, so that a sentence about a room is not a use of it. A parser
//! would bring a crate and know much more; this knows tokens, `use` trees and `mod` blocks.

use std::collections::BTreeMap;

/// A path as written: `crate::mail::parse`, `super::super::x`, `tantivy::Index`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
    /// Modules around it inside the file: `mod tests { … }` adds one.
    pub(crate) inside: Vec<String>,
    /// Whether it is compiled for tests alone.
    pub(crate) in_test: bool,
    /// Whether a `pub use` hands it on.
    pub(crate) handed_on: bool,
}

/// What the table asks of one file.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) mentions: Vec<Mention>,
    /// Lines with `.unwrap()` that are compiled into the program.
    pub(crate) unwraps: Vec<usize>,
    pub(crate) unsafe_lines: Vec<usize>,
    /// Lines with `println!` and its like that are compiled into the program.
    pub(crate) printed: Vec<usize>,
    /// `mod NAME;` that are compiled for tests alone, with the file that `#[path]` names.
    pub(crate) test_modules: BTreeMap<String, Option<String>>,
    /// Files taken in by `include_str!` and the like, as written.
    pub(crate) included: Vec<(usize, String)>,
    /// Lines with `#[path = …]` on a module that is no test, or that leads to another folder.
    pub(crate) moved: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    /// `::`
    Path,
    Mark(char),
}

/// Reads `source`; `is_test` says that the whole file is compiled for tests alone.
pub(crate) fn read(source: &str, is_test: bool) -> Facts {
    let tokens = tokens(source);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        frames: Vec::new(),
        is_test,
        for_test_next: false,
        path_next: None,
        facts: Facts::default(),
    };
    reader.run();
    reader.facts
}

struct Frame {
    module: Option<String>,
    in_test: bool,
}

struct Reader<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    frames: Vec<Frame>,
    is_test: bool,
    /// A `#[cfg(test)]` was read; it holds for the item that follows.
    for_test_next: bool,
    /// A `#[path = "…"]` was read, on this line.
    path_next: Option<(usize, String)>,
    facts: Facts,
}

impl Reader<'_> {
    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(_, token)| token)
    }

    fn before(&self) -> Option<&Token> {
        self.at.checked_sub(1).map(|at| &self.tokens[at].1)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(line, _)| *line)
    }

    fn is_mark(&self, ahead: usize, mark: char) -> bool {
        self.token(ahead) == Some(&Token::Mark(mark))
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        match self.token(ahead) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn in_test(&self) -> bool {
        self.is_test || self.for_test_next || self.frames.last().is_some_and(|f| f.in_test)
    }

    fn run(&mut self) {
        while let Some(token) = self.token(0) {
            match token {
                Token::Mark('#') if self.is_mark(1, '[') || self.is_mark(1, '!') => {
                    self.attribute();
                }
                Token::Mark('{') => {
                    let in_test = self.in_test();
                    self.frames.push(Frame { module: None, in_test });
                    self.for_test_next = false;
                    self.at += 1;
                }
                Token::Mark('}') => {
                    self.frames.pop();
                    self.for_test_next = false;
                    self.at += 1;
                }
                Token::Mark(';') => {
                    self.for_test_next = false;
                    self.at += 1;
                }
                Token::Word(_) | Token::Path => self.worded(),
                _ => self.at += 1,
            }
        }
    }

    fn worded(&mut self) {
        let after_dot = self.after_one_dot();
        match self.word(0) {
            Some("use") if !after_dot => self.use_line(),
            Some("mod") if self.word(1).is_some() => self.module(),
            Some("unsafe") => {
                self.facts.unsafe_lines.push(self.line());
                self.at += 1;
            }
            Some("unwrap") if after_dot && self.is_mark(1, '(') && self.is_mark(2, ')') => {
                if !self.in_test() {
                    self.facts.unwraps.push(self.line());
                }
                self.at += 1;
            }
            Some("print" | "println" | "eprint" | "eprintln" | "dbg") if self.is_mark(1, '!') => {
                if !self.in_test() {
                    self.facts.printed.push(self.line());
                }
                self.at += 1;
            }
            Some("include_str" | "include_bytes" | "include") if self.is_mark(1, '!') => {
                if let Some(Token::Text(file)) = self.token(3) {
                    let file = file.clone();
                    self.facts.included.push((self.line(), file));
                }
                self.at += 1;
            }
            _ if after_dot => self.at += 1,
            _ => self.path(),
        }
    }

    /// Behind `.`, but not behind `..`.
    fn after_one_dot(&self) -> bool {
        let is_dot = |back: usize| {
            self.at.checked_sub(back).is_some_and(|at| self.tokens[at].1 == Token::Mark('.'))
        };
        is_dot(1) && !is_dot(2)
    }

    fn module(&mut self) {
        let name = self.word(1).unwrap_or_default().to_owned();
        let moved = self.path_next.take();
        if let Some((line, file)) = &moved
            && (!self.in_test() || file.contains('/'))
        {
            self.facts.moved.push(*line);
        }
        if self.is_mark(2, '{') {
            let in_test = self.in_test();
            self.frames.push(Frame { module: Some(name), in_test });
            self.for_test_next = false;
        } else if self.in_test() {
            self.facts.test_modules.insert(name, moved.map(|(_, file)| file));
        }
        self.at += if self.is_mark(2, '{') { 3 } else { 2 };
    }

    /// An attribute: may say that an item is a test's, and may hold paths, also in strings
    /// (`#[serde(with = "…")]`).
    fn attribute(&mut self) {
        let is_inner = self.is_mark(1, '!');
        self.at += if is_inner { 3 } else { 2 };
        let mut depth = 1;
        let mut words = Vec::new();
        while depth > 0 && self.at < self.tokens.len() {
            match &self.tokens[self.at].1 {
                Token::Mark('[') => depth += 1,
                Token::Mark(']') => depth -= 1,
                Token::Text(text) => {
                    let (line, in_test) = (self.line(), self.in_test());
                    let inside = self.inside();
                    for mut mention in read(text, in_test).mentions {
                        mention.line = line;
                        mention.inside.clone_from(&inside);
                        self.facts.mentions.push(mention);
                    }
                }
                Token::Word(word) => {
                    words.push(word.clone());
                    if let (1, "path", Some(Token::Text(file))) =
                        (words.len(), word.as_str(), self.token(2))
                    {
                        self.path_next = Some((self.line(), file.clone()));
                    }
                    self.path();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        let says = |word: &str| words.iter().any(|w| w == word);
        if says("cfg") && says("test") && !says("not") {
            if is_inner {
                self.is_test = true;
            } else {
                self.for_test_next = true;
            }
        }
    }

    fn inside(&self) -> Vec<String> {
        self.frames.iter().filter_map(|frame| frame.module.clone()).collect()
    }

    fn mention(&mut self, line: usize, path: Vec<String>, handed_on: bool) {
        let mention =
            Mention { line, path, inside: self.inside(), in_test: self.in_test(), handed_on };
        self.facts.mentions.push(mention);
    }

    /// A path outside of `use`. Single words are names of something here and say nothing.
    fn path(&mut self) {
        let line = self.line();
        let mut path = Vec::new();
        if self.token(0) == Some(&Token::Path) {
            self.at += 1; // `::tantivy::Index`
        }
        while let Some(word) = self.word(0) {
            path.push(word.to_owned());
            self.at += 1;
            if self.token(0) == Some(&Token::Path) && self.word(1).is_some() {
                self.at += 1;
            } else {
                break;
            }
        }
        let is_extern = path == ["extern"] && self.word(0) == Some("crate");
        if is_extern {
            self.at += 1;
            if let Some(name) = self.word(0).map(str::to_owned) {
                self.mention(line, vec![name, "*".to_owned()], false);
            }
        } else if path.len() > 1 {
            self.mention(line, path, false);
        }
    }

    fn use_line(&mut self) {
        // `pub use`, `pub(crate) use`, `pub(in crate::x) use`
        let mut handed_on = self.before() == Some(&Token::Word("pub".into()));
        if self.before() == Some(&Token::Mark(')')) {
            handed_on = false;
        }
        self.at += 1;
        if self.token(0) == Some(&Token::Mark('<')) {
            return; // `use<'a>` of a return type
        }
        self.use_tree(&mut Vec::new(), handed_on);
    }

    fn use_tree(&mut self, stem: &mut Vec<String>, handed_on: bool) {
        let depth = stem.len();
        let line = self.line();
        loop {
            match self.token(0) {
                Some(Token::Word(word)) if word == "as" => {
                    self.at += 2;
                    break;
                }
                Some(Token::Word(word)) => {
                    stem.push(word.clone());
                    self.at += 1;
                }
                Some(Token::Path) => self.at += 1,
                Some(Token::Mark('*')) => {
                    stem.push("*".to_owned());
                    self.at += 1;
                }
                Some(Token::Mark('{')) => {
                    self.at += 1;
                    while !self.is_mark(0, '}') && self.at < self.tokens.len() {
                        self.use_tree(stem, handed_on);
                        if self.is_mark(0, ',') {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    stem.truncate(depth);
                    return;
                }
                _ => break,
            }
        }
        if stem.len() > depth {
            self.mention(line, stem.clone(), handed_on);
        } else {
            self.at += 1; // Nothing we know: do not stand still.
        }
        stem.truncate(depth);
    }
}

/// Words, strings and marks with their lines; comments are left out.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = source.chars().collect();
    let mut lexer = Lexer { chars: &chars, at: 0, line: 1, tokens: Vec::new() };
    lexer.run();
    lexer.tokens
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
    line: usize,
    tokens: Vec<(usize, Token)>,
}

impl Lexer<'_> {
    fn char(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn step(&mut self) {
        if self.char(0) == '\n' {
            self.line += 1;
        }
        self.at += 1;
    }

    fn push(&mut self, line: usize, token: Token) {
        self.tokens.push((line, token));
    }

    fn run(&mut self) {
        while self.at < self.chars.len() {
            let (line, c) = (self.line, self.char(0));
            match c {
                '/' if self.char(1) == '/' => {
                    while self.at < self.chars.len() && self.char(0) != '\n' {
                        self.step();
                    }
                }
                '/' if self.char(1) == '*' => self.block_comment(),
                '"' => self.text(),
                '\'' => self.quote(),
                'r' | 'b' | 'c' if self.starts_text() => self.prefixed_text(),
                c if c.is_alphabetic() || c == '_' => self.name(),
                ':' if self.char(1) == ':' => {
                    self.at += 2;
                    self.push(line, Token::Path);
                }
                c if c.is_whitespace() => self.step(),
                c if c.is_ascii_digit() => {
                    while self.char(0).is_alphanumeric() || self.char(0) == '_' {
                        self.step();
                    }
                }
                c => {
                    self.step();
                    self.push(line, Token::Mark(c));
                }
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.char(0), self.char(1)) {
                ('/', '*') => {
                    depth += 1;
                    self.at += 2;
                }
                ('*', '/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.step(),
            }
        }
    }

    fn name(&mut self) {
        let line = self.line;
        let start = self.at;
        while self.char(0).is_alphanumeric() || self.char(0) == '_' {
            self.step();
        }
        let word: String = self.chars[start..self.at].iter().collect();
        self.push(line, Token::Word(word));
    }

    /// Whether `r"`, `r#"`, `b"`, `br#"`, `b'`, `c"` begins here, and not a name.
    fn starts_text(&self) -> bool {
        let mut ahead = 1;
        if matches!((self.char(0), self.char(1)), ('b' | 'c', 'r')) {
            ahead = 2;
        }
        let is_raw = self.char(ahead - 1) == 'r';
        while is_raw && self.char(ahead) == '#' {
            ahead += 1;
        }
        self.char(ahead) == '"' || (self.char(0) == 'b' && self.char(1) == '\'')
    }

    fn prefixed_text(&mut self) {
        let line = self.line;
        let mut is_raw = false;
        while matches!(self.char(0), 'r' | 'b' | 'c') {
            is_raw |= self.char(0) == 'r';
            self.at += 1;
        }
        if self.char(0) == '\'' {
            return self.quote();
        }
        if !is_raw {
            return self.text();
        }
        let mut hashes = 0;
        while self.char(0) == '#' {
            hashes += 1;
            self.at += 1;
        }
        self.at += 1;
        let start = self.at;
        while self.at < self.chars.len() {
            if self.char(0) == '"' && (1..=hashes).all(|ahead| self.char(ahead) == '#') {
                break;
            }
            self.step();
        }
        let text = self.chars[start..self.at.min(self.chars.len())].iter().collect();
        self.at += 1 + hashes;
        self.push(line, Token::Text(text));
    }

    fn text(&mut self) {
        let line = self.line;
        self.at += 1;
        let start = self.at;
        while self.at < self.chars.len() && self.char(0) != '"' {
            if self.char(0) == '\\' {
                self.at += 1;
            }
            self.step();
        }
        let text = self.chars[start..self.at.min(self.chars.len())].iter().collect();
        self.at += 1;
        self.push(line, Token::Text(text));
    }

    /// A character or a lifetime.
    fn quote(&mut self) {
        if self.char(1) == '\\' {
            self.at += 3;
            while self.at < self.chars.len() && self.char(0) != '\'' {
                self.step();
            }
            self.at += 1;
        } else if self.char(2) == '\'' {
            self.at += 3;
        } else {
            self.at += 1; // A lifetime: its name comes as a word of its own.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let facts = read(source, false);
        let paths: Vec<String> = facts.mentions.iter().map(|m| m.path.join("::")).collect();
        assert_eq!(paths, expected);
    }

    #[test]
    fn use_trees_come_apart() {
        check(
            "use crate::{mail::{self, Person as P}, store::*};",
            &["crate::mail::self", "crate::mail::Person", "crate::store::*"],
        );
        check("pub(in crate::mail) use super::super::x;", &["crate::mail", "super::super::x"]);
        check("use a::b as c; use d::e;", &["a::b", "d::e"]);
    }

    #[test]
    fn paths_are_found_where_they_stand() {
        check(
            "fn f(x: &crate::mail::Message) -> Vec<::jiff::Zoned> {}",
            &["crate::mail::Message", "jiff::Zoned"],
        );
        check(
            "let x = <crate::a::B as std::fmt::Debug>::fmt;",
            &["crate::a::B", "std::fmt::Debug"],
        );
        check(
            "x.iter::<u8>().collect(); crate::mail::m!(tantivy::X)",
            &["crate::mail::m", "tantivy::X"],
        );
        check("#[serde(with = \"crate::when::seconds\")] struct S;", &["crate::when::seconds"]);
        check("#[derive(thiserror::Error)] enum E {}", &["thiserror::Error"]);
        check("extern crate rusqlite;", &["rusqlite::*"]);
    }

    #[test]
    fn comments_strings_and_characters_are_silent() {
        check("// crate::cli::x\n/* a /* crate::cli */ crate::cli */ //! [`crate::cli::run`]", &[]);
        check(
            r##"let a = "crate::cli::x"; let b = r#"crate::"cli"::x"#; let c = b"crate::cli";"##,
            &[],
        );
        check(
            "let q = '\"'; crate::a::b; let e = '\\''; crate::c::d",
            &["crate::a::b", "crate::c::d"],
        );
        check("0..crate::a::b", &["crate::a::b"]);
        check("fn f<'a>(x: &'a str) { crate::a::b }", &["crate::a::b"]);
        check("let n = 0xff_u8; let b = b'\"'; crate::a::b", &["crate::a::b"]);
    }

    #[test]
    fn what_is_a_test_is_known() {
        let source = "use a::b;\n#[cfg(test)]\nmod tests { use c::d; fn f() { x.unwrap() } }\n\
                      fn g() { x.unwrap(); e::f() }\n#[cfg(test)]\nmod more;\n#[cfg(test)]\nuse g::h;\nuse i::j;";
        let facts = read(source, false);
        let tests: Vec<bool> = facts.mentions.iter().map(|m| m.in_test).collect();
        assert_eq!(tests, [false, true, false, true, false]);
        assert_eq!(facts.unwraps, [4]);
        assert_eq!(facts.test_modules.into_keys().collect::<Vec<_>>(), ["more"]);
        assert_eq!(facts.mentions[1].inside, ["tests"]);
    }

    #[test]
    fn a_pub_use_is_told_from_a_private_one() {
        let facts = read("pub use a::b; use c::d; pub(crate) use e::f;", false);
        let handed_on: Vec<bool> = facts.mentions.iter().map(|m| m.handed_on).collect();
        assert_eq!(handed_on, [true, false, false]);
    }
}
