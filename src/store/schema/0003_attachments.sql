-- Derived: what attachments say.
CREATE TABLE attached (
    message INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    part    INTEGER NOT NULL,            -- position among the message's attachments, from 1
    version TEXT    NOT NULL,            -- what read it
    state   TEXT    NOT NULL,            -- 'read', 'unreadable' or 'unknown' (a type that is not read)
    kind    TEXT    NOT NULL,            -- what it is, by its contents
    reason  TEXT    NOT NULL DEFAULT '', -- why it cannot be read
    is_cut  INTEGER NOT NULL DEFAULT 0,  -- 1 when there was more text
    bytes   INTEGER NOT NULL DEFAULT 0,  -- length of the text, UTF-8
    data    BLOB    NOT NULL DEFAULT x'',-- the text, one zstd frame; empty where there is none
    PRIMARY KEY (message, part)
) STRICT;
CREATE INDEX attached_by_state ON attached(version, state);

-- Few messages have any.
CREATE INDEX messages_with_attachments ON messages(id) WHERE attachments <> '[]';
