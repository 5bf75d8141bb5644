//! What can be typed. Only parsing: nothing here looks at the machine.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Postroom: mail that can wait. Triage, briefs, drafts and search on your own machine; nothing is
/// sent anywhere without your yes.
#[derive(Debug, Parser)]
#[command(
    name = "postroom",
    version,
    infer_subcommands = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "First value in a minute: `postroom demo`. With your own mail: `postroom import \
                  PATH`, then `postroom triage`."
)]
pub(super) struct Typed {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Global {
    /// Keep config, mail and models in one folder DIR (else in the usual places of this system)
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) home: Option<PathBuf>,
    /// Answer in JSON (schema postroom.v1)
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Say less on standard error
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more on standard error
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// Pretend that it is TIME (RFC 3339): mail dated after it does not exist
    #[arg(long, global = true, value_name = "TIME")]
    pub(super) as_of: Option<String>,
    /// Use N processor threads
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) threads: Option<u16>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// See it work in seconds: a made-up mailbox, triaged, briefed, one reply drafted
    Demo(Demo),
    /// Read existing mail: Maildir, mbox, folders of one-message files
    Import(Import),
    /// The accounts mail is synced with: add, list, check, remove
    Account(Account),
    /// Make the mail here equal to what lies on your accounts' servers
    Sync(Sync),
    /// What needs you, and how soon
    Triage(Triage),
    /// Why a message got its tier
    Why(OneId),
    /// Correct a verdict; mail like it follows
    Teach(Teach),
    /// What was learned from your corrections; `learned forget N` drops one
    Learned {
        /// What to do; lists them when left out
        #[command(subcommand)]
        verb: Option<LearnedVerb>,
    },
    /// The rules of the config and what they match; `rule test QUERY` tries one
    Rule {
        /// What to do; lists them when left out
        #[command(subcommand)]
        verb: Option<RuleVerb>,
    },
    /// Triage replayed over your own history, against what you did
    Backtest(Backtest),
    /// Look at a random sample of what was set aside: how much of it is missed?
    Audit(Audit),
    /// What changed, what needs a decision, what you owe, what you await
    Brief(Brief),
    /// What you owe others
    Owed(Ledger),
    /// What others owe you
    Waiting(Ledger),
    /// Promises, yours and theirs
    Promises(Ledger),
    /// What was decided
    Decisions(Ledger),
    /// Draft a reply in your voice, into the outbox
    Draft(Draft),
    /// Draft a new letter, into the outbox
    Compose(Compose),
    /// Pass a message on, into the outbox
    Forward(Forward),
    /// Does this letter work without a meeting?
    Check(Check),
    /// Letters on their way out: nothing leaves without approve
    Outbox(Outbox),
    /// Find mail by words and by meaning
    Search(Search),
    /// How many messages answer a query
    Count(Count),
    /// Ask your mail a question: the sentences that answer it, each with its message
    Ask(Ask),
    /// Queries kept under a name; `search saved:NAME` asks one again
    Saved {
        /// What to do; lists them when left out
        #[command(subcommand)]
        verb: Option<SavedVerb>,
    },
    /// Read a message
    Show(Show),
    /// Read a thread
    Thread(OneId),
    /// Write a message's attachments into a folder
    Save(Save),
    /// Take mail out of the inbox and keep it
    Archive(Change),
    /// Mark mail with a flag
    Flag(Marking),
    /// Mark mail as read; `read -` judges text from standard input
    Read(Read),
    /// Move mail to the trash
    Trash(Change),
    /// Move mail into a folder
    Move(Move),
    /// Put a label on mail (+work), or take it away (-work)
    Label(Label),
    /// The models: which there are, fetch and add writers, how quick they are here
    Model(Model),
    /// The search index: complete? go on, make anew
    Index(IndexArgs),
    /// Write all mail out again
    Export(Export),
    /// What Postroom changed, newest first
    Log(Log),
    /// Take a change back (the newest, or N of the log)
    Undo(Undo),
    /// Is everything in order?
    Doctor,
    /// Which connections were opened; `privacy verify` tries to break out
    Privacy(Privacy),
    /// Where the configuration is, and what it says
    Config(Config),
    /// Completions for your shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages into DIR
    Man {
        /// Where to
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Keep the demo's mailbox in DIR instead of the folder demo beside your data, which the next
    /// demo empties; either may be deleted at any time
    #[arg(long, value_name = "DIR")]
    pub(super) keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// Files and folders of mail
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// How the mail lies there
    #[arg(long, default_value = "auto")]
    pub(super) format: Format,
    /// An address of yours (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) me: Vec<String>,
    /// Stop when words are indexed; `index embed` makes the vectors later
    #[arg(long)]
    pub(super) words_only: bool,
}

#[derive(Debug, Args)]
pub(super) struct Account {
    #[command(subcommand)]
    pub(super) verb: AccountVerb,
}

#[derive(Debug, Subcommand)]
pub(super) enum AccountVerb {
    /// Add an account: find its server, try to log in, append it to the config
    ///
    /// The servers of big providers are known; for others name one with --imap. Nothing of the address
    /// goes to anybody but that server. The password itself is never stored: a command of yours prints
    /// it, or it is asked for on the terminal, each time.
    Add(AccountAdd),
    /// All accounts of the config
    List,
    /// Connect and log in, and change nothing
    Check {
        /// Only these accounts
        #[arg(value_name = "ACCOUNT")]
        names: Vec<String>,
    },
    /// Log in with the provider's own login (OAuth), once; the account says which
    ///
    /// An address is shown to open in your browser; what the provider gives lies in a file for you alone,
    /// and is renewed when it is needed.
    Login {
        /// The account
        #[arg(value_name = "ACCOUNT")]
        name: String,
        /// With a code to type in a browser elsewhere
        #[arg(long)]
        device: bool,
    },
    /// Take an account out of the config; its mail stays here and on the server
    Remove {
        /// The account
        #[arg(value_name = "ACCOUNT")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct AccountAdd {
    /// Whose mail: ada@example.org
    pub(super) address: String,
    /// What to call the account (else after the address)
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// The name to log in with (else the address)
    #[arg(long, value_name = "USER")]
    pub(super) user: Option<String>,
    /// The IMAP server; the port is 993 when left out
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(super) imap: Option<String>,
    /// How the connection is kept private (else as the port asks for)
    #[arg(long, value_name = "HOW")]
    pub(super) tls: Option<Tls>,
    /// Take the one certificate with this fingerprint, for a server of your own
    #[arg(long, value_name = "SHA256")]
    pub(super) fingerprint: Option<String>,
    /// Write it down without connecting
    #[arg(long)]
    pub(super) unchecked: bool,
    /// The provider's own login (OAuth) in place of a password: google or microsoft
    #[arg(long, value_name = "PROVIDER", requires = "client_id")]
    pub(super) oauth: Option<String>,
    /// The client id you registered with that provider
    #[arg(long, value_name = "ID")]
    pub(super) client_id: Option<String>,
    /// Log in with a code to type in a browser elsewhere
    #[arg(long, requires = "oauth")]
    pub(super) device: bool,
    /// A command that prints an access token, with its arguments; the last option
    #[arg(long, value_name = "ARG", num_args = 1.., allow_hyphen_values = true, conflicts_with_all = ["oauth", "password_command"])]
    pub(super) token_command: Vec<String>,
    /// A command that prints the password, with its arguments; the last option
    #[arg(long, value_name = "ARG", num_args = 1.., allow_hyphen_values = true)]
    pub(super) password_command: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tls {
    /// From the first byte
    Implicit,
    /// By STARTTLS, or not at all
    Starttls,
    /// None; for this machine's own address alone
    Off,
}

#[derive(Debug, Args)]
pub(super) struct Sync {
    /// Only these accounts
    #[arg(value_name = "ACCOUNT")]
    pub(super) accounts: Vec<String>,
    /// Stop when words are indexed; `index embed` makes the vectors later
    #[arg(long)]
    pub(super) words_only: bool,
    /// Let mail go that is gone on the server, also when much of a folder went at once
    #[arg(long)]
    pub(super) purge: bool,
    /// First tell the servers what was changed here
    #[arg(long)]
    pub(super) push: bool,
    /// Go on: wait for new mail, fetch it when it comes, index and judge it; the command under notify in
    /// config.toml hears of what is for now or today
    #[arg(long)]
    pub(super) watch: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Format {
    /// As it looks
    #[default]
    Auto,
    /// Folders with cur, new and tmp
    Maildir,
    /// Files of many messages
    Mbox,
    /// Files of one message each
    Eml,
}

#[derive(Debug, Args)]
pub(super) struct Triage {
    /// That mail, settled or not, instead of what is open; * is all mail (`postroom help search` says
    /// what can be asked)
    pub(super) query: Vec<String>,
    /// Only this tier (repeatable)
    #[arg(long, value_name = "TIER")]
    pub(super) tier: Vec<Tier>,
    /// Only this kind (repeatable)
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Vec<Kind>,
    /// At most N lines
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// What needs nothing from you too
    #[arg(long)]
    pub(super) all: bool,
    /// Counts instead of mail, how due times were kept, and how honest your own urgency is
    #[arg(long)]
    pub(super) stats: bool,
    /// Only what was there at the last of your windows (windows under me in config.toml), and what may not wait
    #[arg(long, conflicts_with_all = ["stats", "query"])]
    pub(super) window: bool,
    /// Stop judging after this time (30s, 2m); what is not judged waits for the next run
    #[arg(long, value_name = "TIME")]
    pub(super) budget: Option<String>,
    /// Ask the writer in use: where the reader is unsure, never, or about all of people's mail
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) writer: AskWriter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TellWriter {
    /// For at most 20 seconds; what is left quotes, and is told the next time
    Auto,
    /// Never
    Never,
    /// All of it, however long that takes
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AskWriter {
    /// Where the reader is unsure, for at most 30 seconds without --budget
    Auto,
    /// Never
    Never,
    /// About all mail of people
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tier {
    /// Minutes; belongs in a call
    Now,
    /// Within the working day
    Today,
    /// About a working day
    Normal,
    /// One or two days, wants thought
    Consider,
    /// No reply expected
    Fyi,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// One human to others
    Person,
    /// A mailing list
    List,
    /// Something subscribed to, to read
    Newsletter,
    /// An offer
    Promotion,
    /// A machine telling something
    Notification,
    /// An order, a bill, a booking
    Transaction,
    /// An invitation or its answer
    Calendar,
    /// Unwanted, harmless
    Junk,
    /// Tries to deceive
    Suspicious,
}

#[derive(Debug, Args)]
pub(super) struct OneId {
    /// A message's id, or mid:<…>
    pub(super) id: String,
}

#[derive(Debug, Args)]
pub(super) struct Teach {
    /// A message's id, or mid:<…>
    pub(super) id: String,
    /// How soon it wants an answer
    #[arg(long, value_name = "TIER")]
    pub(super) tier: Option<Tier>,
    /// What sort of mail it is
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Option<Kind>,
    /// Whether somebody waits for an answer
    #[arg(long, value_name = "yes|no")]
    pub(super) needs_reply: Option<YesNo>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum YesNo {
    /// Somebody does
    Yes,
    /// Nobody does
    No,
}

#[derive(Debug, Subcommand)]
pub(super) enum LearnedVerb {
    /// All corrections, and what follows from them
    List,
    /// Drop a correction: triage is as if it had never been said
    Forget {
        /// Its number
        n: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RuleVerb {
    /// All rules, in order, and how many messages each matches and decides
    List,
    /// What a rule with this query would match; changes nothing
    Test {
        /// The query (`postroom help search` says what can be asked)
        #[arg(required = true)]
        query: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Backtest {
    /// How many days back
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(super) days: u32,
}

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// How many messages to look at
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(super) sample: usize,
    /// Read answers from standard input: lines of `ID yes` (it should have been brought forward) or `ID no`
    #[arg(long)]
    pub(super) answers: bool,
}

#[derive(Debug, Args)]
pub(super) struct Brief {
    /// Since when: last (the last brief read), or a time
    #[arg(long, default_value = "last", value_name = "last|TIME")]
    pub(super) since: String,
    /// Write it as a page into FILE
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Take this brief as read, also when it is not shown on a terminal
    #[arg(long)]
    pub(super) mark: bool,
    /// Have the writer in use tell mail in a sentence: for at most 20 seconds, never, or all of it
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) writer: TellWriter,
}

#[derive(Debug, Args)]
pub(super) struct Ask {
    /// The question, in your own words
    #[arg(required = true, value_name = "QUESTION")]
    pub(super) question: Vec<String>,
    /// Have the writer in use say the answer in a sentence: for at most 20 seconds, never, or however
    /// long it takes
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) writer: TellWriter,
}

#[derive(Debug, Args)]
pub(super) struct Ledger {
    /// How far back to read (90d, 1y, all)
    #[arg(long, default_value = "90d", value_name = "AGE")]
    pub(super) within: String,
    /// What is settled too
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Draft {
    /// The message to answer: its id, or mid:<…>
    pub(super) id: String,
    /// What you want to say, in your words
    #[arg(long, value_name = "TEXT")]
    pub(super) say: Option<String>,
    /// Answer everyone
    #[arg(long)]
    pub(super) reply_all: bool,
    /// A file to go with it (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) attach: Vec<PathBuf>,
    /// Propose a call, with the open points
    #[arg(long)]
    pub(super) call: bool,
}

#[derive(Debug, Args)]
pub(super) struct Compose {
    /// To whom (repeatable)
    #[arg(long, required = true, value_name = "ADDRESS")]
    pub(super) to: Vec<String>,
    /// Copy to (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) cc: Vec<String>,
    /// Blind copy to (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) bcc: Vec<String>,
    /// The subject
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) subject: String,
    /// What you want to say, in your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) say: String,
    /// A file to go with it (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) attach: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Forward {
    /// The message to pass on: its id, or mid:<…>
    pub(super) id: String,
    /// To whom (repeatable)
    #[arg(long, required = true, value_name = "ADDRESS")]
    pub(super) to: Vec<String>,
    /// Copy to (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub(super) cc: Vec<String>,
    /// What you want to say, in your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) say: String,
    /// Leave out what is attached to it
    #[arg(long)]
    pub(super) without_attachments: bool,
    /// A file to go with it (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) attach: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Save {
    /// The message: its id, or mid:<…>
    pub(super) id: String,
    /// The attachment's number, as `postroom show` lists it; all of them if left out
    pub(super) part: Option<u32>,
    /// The folder to write into; what lies there is never written over
    #[arg(long, value_name = "DIR")]
    pub(super) to: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// A message's id, letter:N for a letter, or - for standard input
    #[arg(value_name = "ID|letter:N|-")]
    pub(super) what: String,
}

#[derive(Debug, Args)]
pub(super) struct Outbox {
    #[command(subcommand)]
    pub(super) verb: Option<OutboxVerb>,
}

#[derive(Debug, Subcommand)]
pub(super) enum OutboxVerb {
    /// All letters
    List,
    /// One letter, as it would leave, and its digest
    Show {
        /// The letter's number
        letter: i64,
    },
    /// Change a letter in your editor, or replace its text from standard input
    ///
    /// The editor is what VISUAL or EDITOR names, else vi. It is yours and may need sockets (a display,
    /// a server of its own), so it is started outside the lock that everything else of Postroom runs
    /// in, and is handed one file: this letter.
    Edit {
        /// The letter's number
        letter: i64,
        /// Take the new text from standard input
        #[arg(long)]
        stdin: bool,
    },
    /// Say yes to this very letter
    Approve {
        /// The letter's number
        letter: i64,
        /// The digest `show` printed; asked for on a terminal when left out
        #[arg(long, value_name = "SHA256")]
        digest: Option<String>,
    },
    /// Say no to a letter
    Reject {
        /// The letter's number
        letter: i64,
    },
    /// Say what became of a letter whose arrival is not known
    #[command(group(clap::ArgGroup::new("arrival").required(true).args(["arrived", "lost"])))]
    Settle {
        /// The letter's number
        letter: i64,
        /// It arrived: it counts as sent
        #[arg(long)]
        arrived: bool,
        /// It did not: it is approved again, under the same Message-ID
        #[arg(long)]
        lost: bool,
    },
    /// Put a letter among the drafts on its account's server, as it is, for your other mail programs
    ///
    /// Nothing is sent, and the letter stays here. Saved again after a change it takes the place of what
    /// was saved before, which goes to the trash there.
    Save {
        /// The letter's number
        letter: i64,
    },
    /// Send approved letters
    Send {
        /// Only this letter
        letter: Option<i64>,
    },
}

#[derive(Debug, Args)]
#[command(after_long_help = super::queries::HELP, after_help = super::queries::SHORT)]
pub(super) struct Search {
    /// What to look for: words, "phrases", from: to: subject: before: …
    #[arg(required = true)]
    pub(super) query: Vec<String>,
    /// By words and meaning, or by one of them
    #[arg(long, default_value = "hybrid")]
    pub(super) mode: Mode,
    /// At most N hits
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(super) limit: usize,
    /// The best message of each thread alone
    #[arg(long)]
    pub(super) by_thread: bool,
    /// Show how the query was understood and what each leg said
    #[arg(long)]
    pub(super) explain: bool,
    /// How to print
    #[arg(long, default_value = "text")]
    pub(super) format: Print,
    /// End each id with a NUL instead of a line end (with --format ids)
    #[arg(short = '0')]
    pub(super) nul: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Mode {
    /// Words and meaning
    Hybrid,
    /// Words alone
    Words,
    /// Meaning alone
    Meaning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Print {
    /// For people
    Text,
    /// One id a line
    Ids,
    /// One JSON object a line
    Jsonl,
}

#[derive(Debug, Subcommand)]
pub(super) enum SavedVerb {
    /// Each with how many messages answer it now
    List,
    /// Keep a query, in place of one of the same name
    Add {
        /// Letters, digits, - and _
        name: String,
        /// The query (`postroom help search` says how it is written)
        #[arg(required = true)]
        query: Vec<String>,
    },
    /// Forget a query
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Count {
    /// The query (`postroom help search` says how it is written)
    #[arg(required = true)]
    pub(super) query: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// A message's id, or mid:<…>
    pub(super) id: String,
    /// The message as it came, byte by byte
    #[arg(long, conflicts_with_all = ["headers", "quoted"])]
    pub(super) raw: bool,
    /// The whole header too
    #[arg(long)]
    pub(super) headers: bool,
    /// Quotes and signature too
    #[arg(long)]
    pub(super) quoted: bool,
}

/// What every command takes that changes mail.
#[derive(Debug, Args)]
pub(super) struct ChangeOptions {
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Change it on the server too
    #[arg(long)]
    pub(super) push: bool,
}

impl ChangeOptions {
    /// Whether the command connects.
    pub(super) fn pushes(&self) -> bool {
        self.push && !self.dry_run
    }
}

#[derive(Debug, Args)]
pub(super) struct Change {
    /// Which mail: ids, or a query
    #[arg(required = true, value_name = "ID|QUERY")]
    pub(super) what: Vec<String>,
    #[command(flatten)]
    pub(super) options: ChangeOptions,
}

#[derive(Debug, Args)]
pub(super) struct Marking {
    /// Which mail: ids, or a query
    #[arg(required = true, value_name = "ID|QUERY")]
    pub(super) what: Vec<String>,
    /// Take the mark away
    #[arg(long)]
    pub(super) off: bool,
    #[command(flatten)]
    pub(super) options: ChangeOptions,
}

#[derive(Debug, Args)]
pub(super) struct Move {
    /// Where to; made when there is none
    pub(super) folder: String,
    /// Which mail: ids, or a query
    #[arg(required = true, value_name = "ID|QUERY")]
    pub(super) what: Vec<String>,
    #[command(flatten)]
    pub(super) options: ChangeOptions,
}

#[derive(Debug, Args)]
pub(super) struct Label {
    /// +NAME puts it on, -NAME takes it away
    #[arg(value_name = "+LABEL|-LABEL", allow_hyphen_values = true)]
    pub(super) label: String,
    /// Which mail: ids, or a query
    #[arg(required = true, value_name = "ID|QUERY")]
    pub(super) what: Vec<String>,
    #[command(flatten)]
    pub(super) options: ChangeOptions,
}

#[derive(Debug, Args)]
pub(super) struct Read {
    /// Which mail: ids, or a query; - judges text from standard input (asks, promises, deadlines,
    /// decisions) and marks nothing
    #[arg(required = true, value_name = "ID|QUERY|-")]
    pub(super) what: Vec<String>,
    /// Mark it as not read
    #[arg(long)]
    pub(super) off: bool,
    /// With -: one item a line instead of sentences
    #[arg(long)]
    pub(super) lines: bool,
    #[command(flatten)]
    pub(super) options: ChangeOptions,
}

#[derive(Debug, Args)]
pub(super) struct Model {
    #[command(subcommand)]
    pub(super) verb: ModelVerb,
}

#[derive(Debug, Subcommand)]
pub(super) enum ModelVerb {
    /// The models there are: built in, here, and to be fetched
    List,
    /// Download a writer, once, and verify it; no mail is read meanwhile
    ///
    /// What the hub declares is held to the digest the registry gives, what comes to both; commit and
    /// digest are pinned in models.lock.toml beside the models. A download that broke off is taken up
    /// where it stopped. Each host is in `postroom privacy`. A file that the Hugging Face cache of this
    /// user holds already is verified and linked, not fetched again.
    ///
    /// The hub is huggingface.co, or what `endpoint = "https://HOST"` under `[models]` in the config
    /// names (`http://` for a loopback host alone). Proxies are taken from `HTTPS_PROXY` and
    /// `ALL_PROXY`.
    Fetch {
        /// A name of `model list`, or OWNER/REPO/FILE.gguf for any other file of the hub; left out, one
        /// that fits this machine's memory is suggested
        name: Option<String>,
    },
    /// Take in a writer from a GGUF file: linked where that can be, else copied
    Add {
        /// The file
        file: PathBuf,
        /// What to call it here (else as the file is called)
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Read every model and compare it with its pinned digest
    Verify,
    /// Delete a writer
    Remove {
        /// Its name in `model list`
        name: String,
    },
    /// Put a writer that is here in use
    Use {
        /// Its name in `model list`
        name: String,
    },
    /// How quick a model is on this machine: the writer in use, else the reader
    Bench {
        /// The model
        name: Option<String>,
        /// What to time (repeatable)
        #[arg(long, value_name = "PHASE")]
        phase: Vec<Phase>,
        /// Tokens a text, or behind which a writer writes (repeatable)
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=32_768))]
        tokens: Vec<u32>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Phase {
    /// Making the model ready
    Load,
    /// The reader: making vectors
    Embed,
    /// The writer: reading a prompt
    Prefill,
    /// The writer: writing a token after another
    Decode,
    /// Judging messages
    Score,
    /// The writer: the same, with the prompt they share read for each; only when it is named
    ScoreWhole,
}

#[derive(Debug, Args)]
pub(super) struct IndexArgs {
    #[command(subcommand)]
    pub(super) verb: IndexVerb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(super) enum IndexVerb {
    /// Complete and whole? Exit status 1 when not
    Check,
    /// Index the words that are missing
    Words,
    /// Make the vectors that are missing
    Embed,
    /// Make words and vectors anew from the mail
    Rebuild,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// A new or empty folder
    pub(super) dir: PathBuf,
    /// As what
    #[arg(long, default_value = "maildir")]
    pub(super) format: ExportFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// One file, mboxrd
    Mbox,
    /// A Maildir a folder
    Maildir,
    /// One JSON object a line: what is known of each message, and its text
    Jsonl,
}

#[derive(Debug, Args)]
pub(super) struct Log {
    /// At most N lines
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(super) limit: usize,
}

#[derive(Debug, Args)]
pub(super) struct Undo {
    /// Number in the log
    pub(super) n: Option<i64>,
    /// On the server too
    #[arg(long)]
    pub(super) push: bool,
}

#[derive(Debug, Args)]
pub(super) struct Privacy {
    #[command(subcommand)]
    pub(super) verb: Option<PrivacyVerb>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(super) enum PrivacyVerb {
    /// Try every way out of this process, and say what happened
    Verify,
}

#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(subcommand)]
    pub(super) verb: ConfigVerb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(super) enum ConfigVerb {
    /// Where config, mail and models lie
    Path,
    /// The configuration as understood
    Show,
}
