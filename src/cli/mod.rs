//! What did the person ask, and how do we show it?
//!
//! [`main`] locks the process in before anything else and calls [`run`], which takes its streams as
//! arguments, so that most commands are tested in-process. `args` is what can be typed, `session`
//! what a command works with, `screen` where every answer goes; one file a group of commands.

mod account;
mod args;
mod ask;
mod backtest;
mod bench;
mod brief;
mod change;
mod config;
mod day;
pub mod demo;
mod export;
mod failure;
mod find;
mod forward;
mod home;
mod import;
mod keep;
mod letters;
mod listing;
mod models;
mod progress;
mod queries;
mod read;
mod save;
mod saved;
mod screen;
mod send;
mod session;
mod show_demo;
mod sync;
mod teach;
mod watch;
mod write;
mod writer;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use args::{AccountVerb, Command, ModelVerb, OutboxVerb, PrivacyVerb, Typed};
use failure::{ASKED_WRONGLY, COULD_NOT, Failure};
use home::Home;
use screen::{Screen, Style};
use session::{Need, Session, Settings};

use crate::attach;
use crate::engine::WRITER_THREADS_VARIABLE;
use crate::guard::{self, Companion};
use crate::intake::Wish;
use crate::mail::UnixSeconds;
use change::Asked;

/// The reader in use, as `model list` names it.
const READER_NAME: &str = "minilm-l6-v2-q8";
/// The hidden word that makes this program try to open a socket, as the child of `privacy verify`.
const PROBE: &str = "__probe";
/// Columns assumed when standard output is no terminal.
const WIDTH: usize = 100;

/// What surrounds a run: streams, clock and variables, so that a test can set each.
pub struct Surroundings<'a> {
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// Whether each of the three is a terminal.
    pub terminals: [bool; 3],
    /// Columns of the terminal.
    pub width: usize,
    /// The clock.
    pub now: UnixSeconds,
    /// An environment variable as a path.
    pub variable: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// The process that may start an editor, if one was split off.
    pub companion: Option<Companion>,
}

/// The program: locks itself in, then runs.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if guard::serve_companion(&args[1..]) || guard::serve_messenger(&args[1..]) {
        return ExitCode::SUCCESS;
    }
    if args.len() == 2 && args[1] == attach::WORD {
        let served = attach::serve(&mut std::io::stdin().lock(), &mut std::io::stdout().lock());
        return if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if args.len() == 2 && args[1] == PROBE {
        return if guard::opens_socket() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let typed = match Typed::try_parse_from(&args) {
        Ok(typed) => typed,
        Err(error) if error.use_stderr() => {
            let _ = std::io::stderr().write_all(misread(&error).as_bytes());
            return ExitCode::from(ASKED_WRONGLY);
        }
        Err(error) => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
    };
    if let Some(threads) = typed.global.threads {
        with_writer_threads(usize::from(threads), &args);
    }
    let connects = match &typed.command {
        Command::Outbox(outbox) => {
            matches!(outbox.verb, Some(OutboxVerb::Send { .. } | OutboxVerb::Save { .. }))
        }
        // Opens no store and reads no mail.
        Command::Model(model) => matches!(model.verb, ModelVerb::Fetch { .. }),
        // Opens no model and no index: a child under the lock does, when the connections are closed.
        Command::Sync(_) => true,
        Command::Account(account) => {
            matches!(
                account.verb,
                AccountVerb::Add(_) | AccountVerb::Check { .. } | AccountVerb::Login { .. }
            )
        }
        // Chooses nothing itself: a child under the lock does.
        Command::Archive(args) | Command::Trash(args) => args.options.pushes(),
        Command::Flag(args) => args.options.pushes(),
        Command::Read(args) => args.options.pushes() && args.what != ["-"],
        Command::Move(args) => args.options.pushes(),
        Command::Label(args) => args.options.pushes(),
        Command::Undo(args) => args.push,
        _ => false,
    };
    // Without a terminal no editor is started.
    let edits = std::io::stdin().is_terminal()
        && matches!(
            &typed.command,
            Command::Outbox(outbox)
                if matches!(outbox.verb, Some(OutboxVerb::Edit { stdin: false, .. }))
        );
    let companion = if edits { Companion::split_off().ok() } else { None };
    if !connects && let Err(error) = guard::lock() {
        eprintln!("postroom: {error}\nhint: Postroom reads no mail without its lock");
        return ExitCode::from(COULD_NOT);
    }
    if !connects && let Err(error) = keep_files(&typed) {
        eprintln!("postroom: {error}\nhint: Postroom reads no mail without its lock");
        return ExitCode::from(COULD_NOT);
    }
    let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let terminals = [stdin.is_terminal(), stdout.is_terminal(), stderr.is_terminal()];
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64);
    let surroundings = Surroundings {
        input: &mut stdin.lock(),
        out: &mut std::io::BufWriter::new(stdout.lock()),
        err: &mut stderr.lock(),
        terminals,
        width: columns(),
        now: UnixSeconds(now),
        variable: &|name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from),
        companion,
    };
    ExitCode::from(dispatch(typed, surroundings))
}

/// Lets this process write into Postroom's own folders and where the command was told to, nowhere else.
fn keep_files(typed: &Typed) -> Result<(), guard::Error> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let Some(home) = Home::find(typed.global.home.as_deref(), &variable) else { return Ok(()) };
    let is_verify = matches!(&typed.command, Command::Privacy(privacy) if privacy.verb == Some(PrivacyVerb::Verify));
    let mut places = vec![PathBuf::from("/dev/null")];
    let own = [home.config.parent().map(Path::to_path_buf), Some(home.data), Some(home.models)];
    for place in own.into_iter().flatten() {
        if !is_verify || place.exists() {
            places.extend(existing(&place));
        }
    }
    let named = match &typed.command {
        Command::Demo(args) => args.keep.as_deref().map(beside),
        Command::Export(args) => Some(args.dir.as_path()),
        Command::Save(args) => Some(args.to.as_path()),
        Command::Man { dir } => Some(dir.as_path()),
        // A file is made beside the old one, or linked from where it lies.
        Command::Brief(args) => args.html.as_deref().map(beside),
        Command::Model(model) => match &model.verb {
            ModelVerb::Add { file, .. } => Some(beside(file)),
            _ => None,
        },
        _ => None,
    };
    places.extend(named.and_then(existing));
    let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
    guard::keep_files(&places).map(drop)
}

fn beside(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The folder itself or, where it has yet to be made, the one to make it in.
fn existing(place: &Path) -> Option<PathBuf> {
    let place = if place.is_absolute() {
        place.to_path_buf()
    } else {
        std::env::current_dir().ok()?.join(place)
    };
    place.ancestors().find(|place| place.exists()).map(Path::to_path_buf)
}

/// Starts over with as many threads for the writer as were asked for: it is told by the environment
/// alone, which a program can set for another but not for itself. Comes back where it is set already,
/// or cannot be.
fn with_writer_threads(threads: usize, args: &[OsString]) {
    let threads = OsString::from(threads.to_string());
    if std::env::var_os(WRITER_THREADS_VARIABLE).as_ref() == Some(&threads) {
        return;
    }
    #[cfg(unix)]
    if let Ok(program) = std::env::current_exe() {
        use std::os::unix::process::CommandExt as _;
        let mut again = std::process::Command::new(program);
        let _ = again.args(&args[1..]).env(WRITER_THREADS_VARIABLE, threads).exec();
    }
}

/// Runs one command. `args` begin with the program's name. Gives back the exit status: 0 done, 1
/// could not, 2 asked wrongly, 3 held back.
pub fn run(args: &[&str], surroundings: Surroundings<'_>) -> u8 {
    match Typed::try_parse_from(args) {
        Ok(typed) => dispatch(typed, surroundings),
        Err(error) if error.use_stderr() => {
            let _ = surroundings.err.write_all(misread(&error).as_bytes());
            ASKED_WRONGLY
        }
        Err(error) => {
            let _ = write!(surroundings.out, "{error}");
            0
        }
    }
}

/// What was typed wrongly, in the form of every other error: one line, then a hint.
fn misread(error: &clap::Error) -> String {
    use clap::error::ErrorKind;
    let text = error.to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return text;
    }
    let is_end = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("Usage:") || line.starts_with("For more") || line.contains("tip:")
    };
    let what: Vec<&str> = text
        .lines()
        .take_while(|line| !is_end(line))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let what = what.join(" ");
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let hint = tip
        .unwrap_or("`postroom --help` lists the commands, `postroom COMMAND --help` their options");
    let line = format!("postroom: {}", what.trim_start_matches("error: "));
    format!("{}\nhint: {}\n", guard::SafeText::line(&line), guard::SafeText::line(hint))
}

fn columns() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .filter(|columns| *columns >= 40)
        .unwrap_or(WIDTH)
}

fn dispatch(typed: Typed, surroundings: Surroundings<'_>) -> u8 {
    let Surroundings { input, out, err, terminals, width, now, variable, companion } = surroundings;
    if let Some(threads) = typed.global.threads {
        crate::engine::set_threads(usize::from(threads));
    }
    let no_color = variable("NO_COLOR").is_some();
    let color = |terminal: bool| match typed.global.color {
        args::Color::Always => true,
        args::Color::Never => false,
        args::Color::Auto => terminal && !no_color,
    };
    let out = Screen::new(out, color(terminals[1]), width, terminals[1]);
    let mut err = Screen::new(err, color(terminals[2]), width, terminals[2]);
    let Some(home) = Home::find(typed.global.home.as_deref(), variable) else {
        let _ = err.line(Style::Plain, "postroom: there is no home folder");
        let _ = err.line(Style::Plain, "hint: name one with --home DIR");
        return COULD_NOT;
    };
    let failed = |err: &mut Screen<'_>, failure: &Failure| {
        if failure.closed_pipe {
            return 0;
        }
        let _ = err.line(Style::Plain, &format!("postroom: {}", failure.message));
        if let Some(hint) = &failure.hint {
            let _ = err.line(Style::Plain, &format!("hint: {hint}"));
        }
        failure.status
    };
    let settings = match Settings::read(&typed.global, &home, now, need(&typed.command)) {
        Ok(settings) => settings,
        Err(failure) => return failed(&mut err, &failure),
    };
    let mut session = Session::new(typed.global, home, settings, out, err, terminals[0]);
    let result = command(&mut session, &typed.command, input, companion)
        .and_then(|status| session.out.flush().map(|()| status).map_err(Failure::from));
    match result {
        Ok(status) => status,
        Err(failure) => {
            let _ = session.out.flush();
            failed(&mut session.err, &failure)
        }
    }
}

/// Whether a command runs while the config cannot be understood.
fn need(command: &Command) -> Need {
    match command {
        Command::Demo(_)
        | Command::Doctor
        | Command::Privacy(_)
        | Command::Config(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Need::Nothing,
        _ => Need::Config,
    }
}

fn command(
    session: &mut Session<'_>,
    command: &Command,
    input: &mut dyn Read,
    companion: Option<Companion>,
) -> Result<u8, Failure> {
    match command {
        Command::Demo(args) => show_demo::run(session, args),
        Command::Import(args) => import::run(session, args),
        Command::Account(args) => account::run(session, &args.verb),
        Command::Sync(args) => sync::run(session, args),
        Command::Triage(args) => day::triage(session, args),
        Command::Why(args) => day::why(session, args),
        Command::Teach(args) => teach::teach(session, args),
        Command::Learned { verb } => teach::learned(session, verb.as_ref()),
        Command::Rule { verb } => teach::rule(session, verb.as_ref()),
        Command::Backtest(args) => backtest::backtest(session, args),
        Command::Audit(args) => backtest::audit(session, args, input),
        Command::Brief(args) => brief::run(session, args),
        Command::Owed(args) => day::ledger(session, day::Page::Owed, args),
        Command::Waiting(args) => day::ledger(session, day::Page::Waiting, args),
        Command::Promises(args) => day::ledger(session, day::Page::Promises, args),
        Command::Decisions(args) => day::ledger(session, day::Page::Decisions, args),
        Command::Draft(args) => write::draft(session, args),
        Command::Compose(args) => write::compose(session, args),
        Command::Forward(args) => forward::run(session, args),
        Command::Check(args) => write::check(session, args, input),
        Command::Outbox(args) => letters::outbox(session, args, input, companion),
        Command::Search(args) => find::search(session, args),
        Command::Count(args) => find::count(session, args),
        Command::Ask(args) => ask::run(session, args),
        Command::Saved { verb } => saved::run(session, verb.as_ref()),
        Command::Show(args) => read::show(session, args),
        Command::Thread(args) => read::thread(session, args),
        Command::Save(args) => save::run(session, args),
        Command::Read(args) if args.what == ["-"] => read::read(session, args, input),
        Command::Read(args) => {
            change::run(session, &Asked::flag("read", 'S', &args.what, args.off, &args.options))
        }
        Command::Archive(args) => {
            change::run(session, &Asked::plain("archive", Wish::Archive, args))
        }
        Command::Flag(args) => {
            change::run(session, &Asked::flag("flag", 'F', &args.what, args.off, &args.options))
        }
        Command::Trash(args) => change::run(session, &Asked::plain("trash", Wish::Trash, args)),
        Command::Move(args) => {
            let wish = Wish::Move(args.folder.clone());
            let (of, options) = (args.what.as_slice(), &args.options);
            change::run(session, &Asked { verb: "move", wish, of, options })
        }
        Command::Label(args) => change::label(session, args),
        Command::Model(args) => keep::model(session, &args.verb, input),
        Command::Index(args) => keep::index(session, args.verb),
        Command::Export(args) => keep::export(session, args),
        Command::Log(args) => keep::log(session, args),
        Command::Undo(args) => keep::undo(session, args),
        Command::Doctor => keep::doctor(session),
        Command::Privacy(args) => keep::privacy(session, args.verb, probe(args.verb)),
        Command::Config(args) => keep::config(session, args.verb),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Typed::command(), "postroom", &mut script);
            session.out.raw(&script)?;
            Ok(0)
        }
        Command::Man { dir } => {
            std::fs::create_dir_all(dir)
                .and_then(|()| clap_mangen::generate_to(Typed::command(), dir))
                .map_err(|error| Failure::writing(dir, &error))?;
            Ok(0)
        }
    }
}

/// A child that tries to open a socket, for `privacy verify`.
fn probe(verb: Option<PrivacyVerb>) -> Option<std::process::Command> {
    if verb != Some(PrivacyVerb::Verify) {
        return None;
    }
    let mut probe = std::process::Command::new(std::env::current_exe().ok()?);
    probe.arg(PROBE);
    Some(probe)
}
