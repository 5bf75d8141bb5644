#!/usr/bin/env python3
"""Takes the labelled sentences and messages of real mail out of the data folder again.

The labels are committed, the text is not: `enron-labels.tsv`, `spamassassin-labels.tsv` and
`voices-labels.tsv` name a message, a range of characters of its decoded body, the first 12 hex digits
of the SHA-1 of the sentence with white space folded, and the labels (`a` ask, `p` promise, `d`
deadline, `x` decision, `-` none). An Enron path begins with the number of the mailbox folder in sorted
order; a path in `voices` is the number of the file in sorted order and of the line, both from 1.

`kinds.tsv` likewise gives whole messages a kind; its digest is that of the whole decoded body.
`enron-tiers.tsv` gives messages tier, kind and whether a reply is wanted, as of their arrival.

    enron_sentences.py DATA [--out FILE] [--context | --kinds | --tiers]

writes one JSON object a line: source, path, start, end, text, ask, promise, deadline, decision; with
--context also subject and body, so that a sentence can be read where it stands; with --kinds instead
source, path, kind, subject, text (as sent: HTML stays HTML); with --tiers instead path, date, from,
subject, text, tier, kind, needs_reply. Exit status 1 when a file is missing or a
text is not what was labelled.
"""

import argparse
import hashlib
import json
import os
import sys
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

HERE = os.path.dirname(os.path.abspath(__file__))
LABELS = (("a", "ask"), ("p", "promise"), ("d", "deadline"), ("x", "decision"))


def decoded_body(message):
    """The first text part, decoded, with `\\n` line ends."""
    for part in message.walk():
        if part.get_content_maintype() == "multipart":
            continue
        if part.get_content_type() == "text/plain" or not message.is_multipart():
            body = part.get_payload(decode=True) or b""
            try:
                text = body.decode(part.get_content_charset() or "latin-1", "replace")
            except LookupError:  # a charset nobody knows
                text = body.decode("latin-1")
            return text.replace("\r\n", "\n").replace("\r", "\n")
    return ""


def folded(text):
    return " ".join(text.split())


def digest_of(text):
    return hashlib.sha1(folded(text).encode()).hexdigest()[:12]


def rows(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                path, start, end, digest, labels = line.rstrip("\n").split("\t")
                yield path, int(start), int(end), digest, labels


def mail_of(file_of):
    """A reader of (subject, body) for sources of one message a file."""

    def read(path):
        with open(file_of(path), "rb") as file:
            message = message_from_bytes(file.read(), policy=policy.compat32)
        return folded(str(message.get("Subject", ""))), decoded_body(message)

    return read


def voices_of(folder):
    """A reader of (subject, body) for files of one message a line."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".jsonl"))
    files = []
    for name in names:
        with open(os.path.join(folder, name), encoding="utf-8") as lines:
            files.append([json.loads(line) for line in lines])

    def read(path):
        number, line = path.split("/")
        mail = files[int(number) - 1][int(line) - 1]
        body = mail["email"].replace("\r\n", "\n").replace("\r", "\n")
        return folded(mail.get("subject") or ""), body

    return read


def sources(data):
    maildir = os.path.join(data, "enron-maildir", "maildir")
    boxes = sorted(os.listdir(maildir))

    def enron_file(path):
        number, rest = path.split("/", 1)
        return os.path.join(maildir, boxes[int(number) - 1], rest)

    return (
        ("enron", mail_of(enron_file)),
        ("spamassassin", mail_of(lambda path: os.path.join(data, "spamassassin", "data", path))),
        ("voices", voices_of(os.path.join(data, "voices"))),
    )


def sentences(data, context=False):
    """Yields one dict a labelled sentence; `text` is None when it is not what was labelled."""
    for source, read in sources(data):
        for path, start, end, digest, labels in rows(f"{source}-labels.tsv"):
            row = {"source": source, "path": path, "start": start, "end": end, "text": None}
            row.update({word: int(letter in labels) for letter, word in LABELS})
            try:
                subject, body = read(path)
            except (OSError, IndexError):
                yield row
                continue
            if digest_of(body[start:end]) == digest:
                row["text"] = folded(body[start:end])
                if context:
                    row["subject"] = subject
                    row["body"] = body
            yield row


def kinds(data):
    """Yields one dict a message with a kind; `text` is None when it is not what was labelled."""
    readers = dict(sources(data))
    with open(os.path.join(HERE, "kinds.tsv"), encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            source, path, digest, kind = line.rstrip("\n").split("\t")
            row = {"source": source, "path": path, "start": 0, "kind": kind, "text": None}
            try:
                subject, body = readers[source](path)
            except (OSError, IndexError):
                yield row
                continue
            if digest_of(body) == digest:
                row.update(subject=subject, text=body)
            yield row


def tiers(data):
    """Yields one dict a message with a tier; `text` is None when it is not what was labelled."""
    maildir = os.path.join(data, "enron-maildir", "maildir")
    boxes = sorted(os.listdir(maildir))
    with open(os.path.join(HERE, "enron-tiers.tsv"), encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            path, digest, tier, kind, reply = line.rstrip("\n").split("\t")
            row = {"source": "enron", "path": path, "start": 0, "tier": tier, "kind": kind,
                   "needs_reply": reply == "reply", "text": None}
            number, rest = path.split("/", 1)
            try:
                with open(os.path.join(maildir, boxes[int(number) - 1], rest), "rb") as file:
                    message = message_from_bytes(file.read(), policy=policy.compat32)
            except (OSError, IndexError):
                yield row
                continue
            body = decoded_body(message)
            if digest_of(body) == digest:
                date = parsedate_to_datetime(message["Date"]).isoformat()
                row.update({"date": date, "from": folded(str(message["From"])),
                            "subject": folded(str(message.get("Subject", ""))), "text": body})
            yield row


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("data", help="the folder that holds enron-maildir, spamassassin and voices")
    arguments.add_argument("--out", help="where to write; standard output if left out")
    what = arguments.add_mutually_exclusive_group()
    what.add_argument("--context", action="store_true", help="with subject and body")
    what.add_argument("--kinds", action="store_true", help="whole messages with their kinds")
    what.add_argument("--tiers", action="store_true", help="messages with their tiers")
    given = arguments.parse_args()
    if not os.path.isdir(os.path.join(given.data, "enron-maildir", "maildir")):
        print(f"no mail to read: {given.data}/enron-maildir/maildir is missing", file=sys.stderr)
        return 1
    out = open(given.out, "w", encoding="utf-8") if given.out else sys.stdout
    found = lost = 0
    wanted = kinds if given.kinds else tiers
    for row in wanted(given.data) if given.kinds or given.tiers else sentences(given.data, given.context):
        if row["text"] is None:
            lost += 1
            print(f"not as labelled: {row['source']} {row['path']} {row['start']}", file=sys.stderr)
        else:
            found += 1
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{found} found, {lost} lost", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
