-- A folder of an account, as its server had it when it was last looked at.
CREATE TABLE remote_folders (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      INTEGER NOT NULL REFERENCES sources(id),
    name        TEXT    NOT NULL,            -- as the server writes it (modified UTF-7, RFC 3501, 5.1.3)
    folder      TEXT    NOT NULL,            -- as a person reads it, levels apart by '/'
    uidvalidity INTEGER NOT NULL DEFAULT 0,  -- the server's; 0 before the first look
    uidnext     INTEGER NOT NULL DEFAULT 1,  -- every UID below it that was there is or was a row of remote_messages
    modseq      INTEGER NOT NULL DEFAULT 0,  -- every change of flags up to it is here; 0 where the server counts none
    messages    INTEGER NOT NULL DEFAULT -1, -- messages there and here when both were last found equal, else -1
    scanned     INTEGER NOT NULL DEFAULT 0,  -- when all flags were last compared, seconds since 1970; 0 for never
    UNIQUE (source, name)
) STRICT;

-- Each UID of such a folder: the set that says what is here, whatever a run was interrupted at.
CREATE TABLE remote_messages (
    folder      INTEGER NOT NULL REFERENCES remote_folders(id),
    uidvalidity INTEGER NOT NULL,            -- the server's; below 0 for what an earlier one named
    uid         INTEGER NOT NULL,
    state       TEXT    NOT NULL,            -- 'known' (seen there), 'fetched' (its body is here), 'gone' (there no more)
    bytes       INTEGER NOT NULL DEFAULT 0,  -- length of the body as it was fetched
    object      TEXT    NOT NULL DEFAULT '', -- the server's name of the message in whatever folder (X-GM-MSGID, EMAILID)
    gone        INTEGER NOT NULL DEFAULT 0,  -- the run of sync that heard that it is gone, counted from 1; 0 if it is not
    PRIMARY KEY (folder, uidvalidity, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX remote_messages_unsettled ON remote_messages(folder, state) WHERE state <> 'fetched';
CREATE INDEX remote_messages_by_object ON remote_messages(object) WHERE object <> '';

-- A message that is gone on its server takes its raw bytes along, unless something else holds them.
CREATE INDEX messages_by_blob ON messages(blob);
CREATE INDEX copies_by_blob   ON copies(blob) WHERE blob <> 0;
