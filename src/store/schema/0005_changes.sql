-- A place of a message that the user changed and its source has not heard of: what the source last said
-- of it. The change itself is the difference to the row of `copies`, which holds what the user wants.
CREATE TABLE unpushed (
    source   INTEGER NOT NULL,
    key      TEXT    NOT NULL,            -- names the place in `copies`, and follows it
    folder   TEXT    NOT NULL,            -- the folder it lies in there, as a person reads it
    flags    TEXT    NOT NULL,            -- its flags there: Maildir letters, sorted
    validity INTEGER NOT NULL DEFAULT 0,  -- UIDVALIDITY of the folder it is being copied to; 0 if it is not
    uidnext  INTEGER NOT NULL DEFAULT 0,  -- that folder's UIDNEXT before: a copy has this UID or a later one
    PRIMARY KEY (source, key),
    FOREIGN KEY (source, key) REFERENCES copies(source, key) ON DELETE CASCADE ON UPDATE CASCADE
) STRICT, WITHOUT ROWID;

-- What the server says a folder is for: 'archive', 'sent', 'drafts', 'trash', 'junk'; empty where it does not say.
ALTER TABLE remote_folders ADD COLUMN role TEXT NOT NULL DEFAULT '';

-- Files that letters carry, packed and addressed by content.
CREATE TABLE letter_files (
    digest BLOB    PRIMARY KEY,           -- SHA-256 of the file, 32 bytes
    bytes  INTEGER NOT NULL,              -- its length
    data   BLOB    NOT NULL               -- one zstd frame
) STRICT;

ALTER TABLE letters ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;  -- times its server asked to try later
ALTER TABLE letters ADD COLUMN later INTEGER NOT NULL DEFAULT 0;  -- not to be tried again unasked before, seconds since 1970
ALTER TABLE letters ADD COLUMN filed INTEGER NOT NULL DEFAULT 1;  -- 0 when it was sent and is to be put among the sent mail
