"""Reads the labelled sentences and messages. Nothing read here is ever written anywhere."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

LABELS = ["ask", "promise", "deadline", "decision"]
KINDS = ["person", "list", "newsletter", "promotion", "notification", "transaction", "calendar", "junk", "suspicious"]
UNKNOWN = np.nan


@dataclass
class Sentence:
    """`labels` follows LABELS; NaN where nobody judged. Near-copies share a `group`."""

    text: str
    labels: np.ndarray
    source: str
    group: str
    weight: float = 1.0


@dataclass
class Mail:
    """A message to judge by kind; `marks` are (sentence, labels) where its sentences are labelled too."""

    subject: str
    sentences: list
    kind: int
    source: str
    group: str
    marks: list = field(default_factory=list)


def normalised(text):
    """What is left when case, digits, spaces and signs do not count: near-copies become equal."""
    return re.sub(r"[^a-z]+", " ", re.sub(r"\d+", "0", text.lower())).strip() or text


def email_intent(data):
    """`verified`: asks first, then the rest, in file order."""
    out = []
    for name, value in (("intent_pos", 1.0), ("intent_neg", 0.0)):
        path = Path(data) / "email-intent" / "verified" / name
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                labels = np.array([value, UNKNOWN, UNKNOWN, UNKNOWN])
                out.append(Sentence(line.strip(), labels, "email-intent", normalised(line)))
    return out


def first_labels(data):
    """The sentences' labels before the re-check: normalised text -> 0 or 1."""
    path = Path(data) / "email-intent" / "Ask0729-fixed.txt"
    out = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        value, _, text = line.partition("\t")
        if text:
            out[normalised(text)] = float(value == "Yes")
    return out


def made_sentences(folder):
    """The sentences made up for training."""
    out = []
    path = Path(folder) / "sentences.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        row = json.loads(line)
        labels = np.array([float(row[name]) for name in LABELS])
        out.append(Sentence(row["text"], labels, "made", normalised(row["text"])))
    return out


def marks(letters):
    return np.array([float(c in letters) for c in "apdx"])


def made_mails(folder):
    """The mails made up for training. Those from one pattern (kind and body) share a group."""
    out = []
    path = Path(folder) / "mails.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        row = json.loads(line)
        judged = row["sentences"] or []
        sentences = [s["text"] for s in judged] or split(own_words(row["text"]))
        group = f"{row['kind']}/{row['body']}"
        labelled = [(s["text"], marks(s["labels"])) for s in judged]
        out.append(Mail(row["subject"], sentences, KINDS.index(row["kind"]), "made", group, labelled))
    return out


def own_words(body):
    """A rough cut of what the sender wrote: quotes, forwards and signatures go."""
    kept = []
    for line in body.split("\n"):
        if re.match(r"\s*(-{2,}\s*(Original Message|Forwarded by)|-{5,}|_{5,}|From:\s|On .{5,80} wrote:\s*$)", line, re.I):
            break
        if re.match(r"--\s*$", line):
            break
        if not re.match(r"\s*>|.{0,60}(wrote|writes):\s*$", line):
            kept.append(line)
    return "\n".join(kept)


def split(text):
    """Sentences of plain text: paragraphs and list items apart, then at full stops."""
    out = []
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)", text):
        lines = block.split("\n")
        parts = lines if len(lines) > 1 and all(len(line) < 45 for line in lines) else [" ".join(lines)]
        for part in parts:
            part = " ".join(part.split())
            out += [s for s in re.split(r"(?<=[.!?])[\"')]*\s+(?=[\"'(]?[A-Z0-9À-Ž])", part) if re.search(r"\w", s)]
    return out


def visible(html):
    text = re.sub(r"(?is)<(script|style|head|title)\b.*?</\1>|<!--.*?-->", " ", html)
    text = re.sub(r"(?i)<(br|/p|/div|/tr|/li|/h\d|/td)[^>]*>", "\n", text)
    text = re.sub(r"(?s)<[^>]{0,2000}>", " ", text)
    import html as entities

    return entities.unescape(text)


def body_of(message):
    """The first text part, decoded; the words of its markup when that is all there is."""
    first = None
    for part in message.walk():
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html"):
            continue
        raw = part.get_payload(decode=True) or b""
        try:
            text = raw.decode(part.get_content_charset() or "latin-1", "replace")
        except LookupError:
            text = raw.decode("latin-1")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if kind == "text/plain" and text.strip():
            return visible(text) if re.search(r"(?i)<html|<body|<table", text) else text
        if first is None and kind == "text/html":
            first = visible(text)
    return first or ""


LIST_HEADERS = ("list-id", "list-post", "mailing-list", "list-unsubscribe", "x-mailing-list", "x-mailman-version")
DECEIT = re.compile(
    r"next of kin|million (united states|us) dollars|us\$ ?\d+ ?(million|m\b)|nigeria|bank account (number|details)|"
    r"(verify|confirm|update) your (account|password|billing)|beneficiary|transfer of (the )?funds|strictly confidential", re.I)
AUTOMATIC = re.compile(
    r"no.address|announce|newsletter|mailer|daemon|noreply|no-reply|subscri|webmaster|support|service|alert|news@|offers?@|"
    r"info@|list|postmaster|admin|customer|@.*\.(travelocity|amazon|yahoo)", re.I)
BULK = re.compile(r"unsubscribe|click here|to be removed|this (is an automated|message was sent)|all rights reserved|do not reply", re.I)


def _messages(folder):
    import email
    from email import policy

    for path in sorted(p for p in Path(folder).rglob("*") if p.is_file() and p.name != "cmds"):
        message = email.message_from_bytes(path.read_bytes(), policy=policy.compat32)
        yield path, message


def subject_of(message):
    from email.header import decode_header, make_header

    raw = str(message.get("Subject", ""))
    try:
        return " ".join(str(make_header(decode_header(raw))).split())
    except (LookupError, UnicodeError, ValueError):
        return " ".join(raw.split())


def real_mails(data):
    """Kinds told by headers: list and junk of spamassassin, persons of the Enron mailboxes.

    Spam that asks for money or secrets could as well be called suspicious; it has kind -1 and is
    only evaluated (as spam).
    """
    out, seen = [], set()

    def add(message, kind, source):
        subject, sentences = subject_of(message), split(own_words(body_of(message)))
        words = normalised(" ".join(sentences))[:400]
        if len(words) < 12 or words in seen:
            return
        seen.add(words)
        out.append(Mail(subject, sentences[:40], kind, source, words[:160]))

    base = Path(data) / "spamassassin" / "data"
    for _, message in _messages(base / "easy-ham-1"):
        listed = any(h in message for h in LIST_HEADERS) or str(message.get("Precedence", "")).lower() in ("list", "bulk")
        add(message, KINDS.index("list") if listed else -1, "ham")
    for _, message in _messages(base / "spam-1"):
        add(message, -1 if DECEIT.search(body_of(message)) else KINDS.index("junk"), "spam")
    boxes = Path(data) / "enron-maildir" / "maildir"
    for box in sorted(boxes.iterdir()):
        for name in ("inbox", "sent", "_sent_mail", "discussion_threads", "sent_items", "notes_inbox"):
            if (box / name).is_dir():
                for _, message in _messages(box / name):
                    body = body_of(message)
                    if not AUTOMATIC.search(str(message.get("From", ""))) and not BULK.search(body) and len(body) < 6000:
                        add(message, KINDS.index("person"), "enron")
    return out


def reader_of_labels(folder):
    """The script beside the labels that finds the text they were given to."""
    import importlib.util

    path = Path(folder) / "enron_sentences.py"
    spec = importlib.util.spec_from_file_location("enron_sentences", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def real_sentences(folder, data):
    """Labelled sentences of real mail, each with its neighbours: [(Sentence, subject, before, after, mail)]."""
    out = []
    for row in reader_of_labels(folder).sentences(str(data), context=True):
        if row["text"] is None:
            continue
        labels = np.array([float(row[name]) for name in LABELS])
        before = split(own_words(row["body"][: row["start"]]))[-4:]
        after = split(own_words(row["body"][row["end"] :]))[:4]
        sentence = Sentence(row["text"], labels, row["source"], normalised(row["text"]))
        out.append((sentence, row["subject"], before, after, f"{row['source']} {row['path']}"))
    return out


def judged_mails(folder, data):
    """Real messages whose kind a reader has judged."""
    out = []
    for row in reader_of_labels(folder).kinds(str(data)):
        if row["text"] is None:
            continue
        text = visible(row["text"]) if re.search(r"(?i)<html|<body|<table", row["text"]) else row["text"]
        sentences = split(own_words(text))[:40]
        if sentences:
            group = normalised(" ".join(sentences))[:160]
            out.append(Mail(row["subject"], sentences, KINDS.index(row["kind"]), "judged", group))
    return out
