-- What the user taught triage: one row a correction.
CREATE TABLE lessons (
    n         INTEGER PRIMARY KEY AUTOINCREMENT,
    message   INTEGER NOT NULL,          -- the message it was said of
    time      INTEGER NOT NULL,          -- seconds since 1970, UTC
    forgotten INTEGER NOT NULL DEFAULT 0,-- seconds since 1970 when it was forgotten or taken back, 0 if it stands
    data      TEXT    NOT NULL           -- JSON of triage: what was said, and what stood there before
) STRICT;
CREATE INDEX lessons_by_time ON lessons(time);
