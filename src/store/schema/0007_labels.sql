-- Labels stand behind the letters in `flags`, each behind a tab. What the servers say of them was passed over
-- until now: the next sync compares all marks once.
UPDATE remote_folders SET modseq = 0, messages = -1, scanned = 0;
