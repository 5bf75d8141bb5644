-- Queries the user keeps under a name.
CREATE TABLE saved (
    name  TEXT PRIMARY KEY,
    query TEXT NOT NULL                  -- as typed
) STRICT, WITHOUT ROWID;
