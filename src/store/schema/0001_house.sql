-- Raw mail, compressed and addressed by content: the truth everything else is derived from.
CREATE TABLE blobs (
    id     INTEGER PRIMARY KEY,
    digest BLOB    NOT NULL UNIQUE,      -- SHA-256 of the raw bytes, 32 bytes
    bytes  INTEGER NOT NULL,             -- length of the raw bytes
    data   BLOB    NOT NULL              -- the raw bytes, one zstd frame
) STRICT;

-- Where mail came from: one row a path given to `import`.
CREATE TABLE sources (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    location TEXT    NOT NULL UNIQUE     -- canonical path
) STRICT;

-- Every change Postroom made, newest last.
CREATE TABLE journal (
    n      INTEGER PRIMARY KEY AUTOINCREMENT,
    time   INTEGER NOT NULL,             -- seconds since 1970, UTC
    what   TEXT    NOT NULL,             -- a sentence for a person
    action TEXT    NOT NULL,             -- JSON: what undo needs
    ids    TEXT    NOT NULL DEFAULT '[]',-- JSON array of message ids concerned, at most 1,000
    undone INTEGER NOT NULL DEFAULT 0    -- seconds since 1970 when it was taken back, 0 if it stands
) STRICT;

-- One row a message, however many folders hold it.
CREATE TABLE messages (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    thread         INTEGER NOT NULL,          -- id of the message that opened the thread here
    blob           INTEGER NOT NULL REFERENCES blobs(id),
    rfc_id         TEXT    NOT NULL DEFAULT '',-- Message-ID without brackets
    content_key    BLOB    NOT NULL,          -- SHA-256 of the normalised content, 32 bytes
    hour_key       BLOB    NOT NULL,          -- the same but for whole hours of its time, 32 bytes
    sent_at        INTEGER NOT NULL,          -- seconds since 1970, UTC; 0 when no date could be read
    offset_minutes INTEGER NOT NULL DEFAULT 0,-- the sender's clock, minutes east of UTC
    from_name      TEXT    NOT NULL DEFAULT '',
    from_address   TEXT    NOT NULL DEFAULT '',-- lower case
    people         TEXT    NOT NULL DEFAULT '{}',-- JSON: sender, reply_to, to, cc, bcc
    subject        TEXT    NOT NULL DEFAULT '',
    subject_key    TEXT    NOT NULL DEFAULT '',-- subject without reply marks, folded
    replies        INTEGER NOT NULL DEFAULT 0,-- 1 when the subject carries a reply or forward mark
    bytes          INTEGER NOT NULL,          -- length of the raw bytes
    attachments    TEXT    NOT NULL DEFAULT '[]',-- JSON array
    facts          TEXT    NOT NULL DEFAULT '{}',-- JSON: what the header says
    language       TEXT    NOT NULL DEFAULT '',-- ISO 639-1, empty when unsure
    warnings       TEXT    NOT NULL DEFAULT '[]',-- JSON array: what could not be read
    generation     INTEGER NOT NULL           -- rises with every change; derived data follows it
) STRICT;
CREATE INDEX messages_by_rfc_id      ON messages(rfc_id) WHERE rfc_id <> '';
CREATE INDEX messages_by_content     ON messages(content_key);
CREATE INDEX messages_by_hour_key    ON messages(hour_key);
CREATE INDEX messages_by_subject     ON messages(subject_key, sent_at) WHERE subject_key <> '';
CREATE INDEX messages_by_thread      ON messages(thread);
CREATE INDEX messages_by_time        ON messages(sent_at);
CREATE INDEX messages_by_generation  ON messages(generation);
CREATE INDEX messages_by_sender      ON messages(from_address, sent_at);

-- Message-IDs a message names as its ancestors.
CREATE TABLE refs (
    message INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    rfc_id  TEXT    NOT NULL,
    PRIMARY KEY (message, rfc_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX refs_by_rfc_id ON refs(rfc_id);

-- Every place a message was found in.
CREATE TABLE copies (
    source  INTEGER NOT NULL REFERENCES sources(id),
    key     TEXT    NOT NULL,            -- stable name within the source
    message INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    folder  TEXT    NOT NULL,
    flags   TEXT    NOT NULL DEFAULT '', -- Maildir letters, sorted
    blob    INTEGER NOT NULL DEFAULT 0,  -- the copy's own raw bytes where they differ in content, else 0
    journal INTEGER NOT NULL,            -- the import that added it
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_by_message ON copies(message);
CREATE INDEX copies_by_journal ON copies(journal);

-- The user's own addresses.
CREATE TABLE own_addresses (
    address TEXT PRIMARY KEY,            -- lower case
    origin  TEXT NOT NULL                -- 'told' or 'guessed'
) STRICT, WITHOUT ROWID;

-- Derived: what the reader saw in a message.
CREATE TABLE readings (
    message INTEGER PRIMARY KEY REFERENCES messages(id) ON DELETE CASCADE,
    version TEXT    NOT NULL,            -- what made it
    data    TEXT    NOT NULL             -- JSON
) STRICT;

-- Derived: what triage says of a message, as of its arrival.
CREATE TABLE verdicts (
    message     INTEGER PRIMARY KEY REFERENCES messages(id) ON DELETE CASCADE,
    version     TEXT    NOT NULL,        -- what made it
    tier        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    needs_reply INTEGER NOT NULL,        -- 0 or 1
    due         INTEGER NOT NULL,        -- seconds since 1970, UTC; 0 for none
    data        TEXT    NOT NULL         -- JSON: the whole verdict
) STRICT;
CREATE INDEX verdicts_by_tier ON verdicts(tier);
CREATE INDEX verdicts_by_kind ON verdicts(kind);

-- Derived: asks, promises, deadlines and decisions, each with its source sentence.
CREATE TABLE entries (
    message INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,            -- position in the message, from 0
    kind    TEXT    NOT NULL,            -- 'ask', 'promise', 'deadline' or 'decision'
    data    TEXT    NOT NULL,            -- JSON: the whole entry
    PRIMARY KEY (message, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_by_kind ON entries(kind, message);

-- Letters on their way out.
CREATE TABLE letters (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    state        TEXT    NOT NULL,       -- draft, approved, sending, sent, unknown, rejected
    in_reply_to  INTEGER NOT NULL DEFAULT 0, -- message id, 0 for a new letter
    created      INTEGER NOT NULL,       -- seconds since 1970, UTC
    approved     INTEGER NOT NULL DEFAULT 0,
    sent         INTEGER NOT NULL DEFAULT 0,
    digest       TEXT    NOT NULL DEFAULT '', -- SHA-256 of envelope and bytes, as approved, hex
    server_reply TEXT    NOT NULL DEFAULT '',
    data         TEXT    NOT NULL,       -- JSON: the letter
    bytes        BLOB    NOT NULL DEFAULT x'' -- the exact bytes approved
) STRICT;

-- Small facts with a name: when the last brief was read, and the like.
CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
