"""Trains the reader's heads and writes models/heads.gguf.

    train.py DATA --base FOLDER --out heads.gguf [--labels FOLDER] [--golden FILE] [--report FILE]
             [--keep FOLDER] [--epochs N] [--only-held-out]

First a fit without the held-out part (a tenth of email-intent, 15 % of the rest, near-copies and
sentences of one mail kept together): its numbers are reported, and the mix with the words and the
temperatures are fitted on it. Then the same fit on everything, which is what is written.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

import blend
import corpus
import encoder
import output
import trainer
import windows
import words

SEED = 729
# Of a source's mails, how many an epoch sees: made ones come in pairs of one text, the others are many and alike.
SHARE = {"made": 0.5, "judged": 0.8, "ham": 0.25, "spam": 0.5, "enron": 0.25}
SHAPES = ((64, 12), (128, 6), (256, 3))  # tokens in a row, rows: 768 tokens a step


def say(*parts):
    print(*parts, file=sys.stderr, flush=True)


def held_out(group, share=0.15):
    digest = hashlib.sha256(f"{SEED} {group}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


class Data:
    """Everything there is to learn from, each with `held` set where it tests the first fit."""

    def __init__(self, data, labels):
        intent = corpus.email_intent(data)
        y = np.array([s.labels[0] for s in intent])
        fold = StratifiedKFold(10, shuffle=True, random_state=SEED).split(np.zeros(len(y)), y)
        tests = set(next(iter(fold))[1].tolist())
        self.sentences, self.held, self.context = [], [], []
        for i, s in enumerate(intent):
            self.add(s, i in tests, None)
        for s in corpus.made_sentences(labels):
            self.add(s, held_out(s.group), None)
        for s, subject, before, after, mail in corpus.real_sentences(labels, data):
            self.add(s, held_out(mail), (subject, before, after))
        self.mails = [(m, held_out(m.group)) for m in corpus.made_mails(labels)]
        for m, held in self.mails:
            for text, given in m.marks:
                if held:
                    self.add(corpus.Sentence(text, given, "made mail", corpus.normalised(text)), True, None)
        judged = corpus.judged_mails(labels, data)
        self.mails += [(m, held_out(m.group)) for m in judged]
        known = {m.group for m in judged}
        real = [m for m in corpus.real_mails(data) if m.group not in known]
        rng = np.random.default_rng(SEED)
        keep = {"ham": 10**6, "spam": 10**6, "enron": 900}
        for source, most in keep.items():
            some = [m for m in real if m.source == source]
            for i in rng.permutation(len(some))[:most]:
                self.mails.append((some[i], held_out(some[i].group)))
        self.subjects = [m.subject for m, held in self.mails if m.subject and not held]

    def add(self, sentence, held, context):
        self.sentences.append(sentence)
        self.held.append(held)
        self.context.append(context)


def epoch_maker(data, pieces, everything):
    """A function of a random generator that gives an epoch's batches."""
    open_ = [i for i, held in enumerate(data.held) if (everything or not held) and data.sentences[i].source != "made mail"]
    held_groups = set() if everything else {data.sentences[i].group for i, h in enumerate(data.held) if h}
    open_ = [i for i in open_ if data.sentences[i].group not in held_groups]
    mails = [m for m, held in data.mails if (everything or not held) and m.kind >= 0]
    unknown = np.full(4, np.nan)

    def entry(i):
        s = data.sentences[i]
        return (s.text, s.labels, s.weight, i)

    def subject(rng):
        return data.subjects[rng.integers(len(data.subjects))] if rng.random() < 0.6 else None

    def make(rng):
        out, order, at = [], rng.permutation(open_).tolist(), 0
        while at < len(order):
            i = order[at]
            context = data.context[i]
            roll = rng.random()
            if roll < 0.5:
                out.append(windows.window(pieces, None, [entry(i)], 64))
                at += 1
            elif context is not None and roll < 0.85:
                title, before, after = context
                k = int(rng.integers(0, len(before) + 1))
                row = [(t, unknown, 0.0, -1) for t in before[len(before) - k :]]
                row += [entry(i)] + [(t, unknown, 0.0, -1) for t in after[: int(rng.integers(0, 4))]]
                made = windows.window(pieces, title or None, row, 128)
                if not any(span[4] == i for span in made.spans):
                    made = windows.window(pieces, title or None, [entry(i)], 128)
                out.append(made)
                at += 1
            else:
                made = windows.window(pieces, subject(rng), [entry(j) for j in order[at : at + int(rng.integers(2, 9))]], 128)
                at += max(1, len(made.spans))
                out.append(made)
        for m in mails:
            row = [(t, l, 1.0, -1) for t, l in m.marks] if m.marks else [(t, unknown, 0.0, -1) for t in m.sentences]
            limit = 128 if m.marks else int(rng.choice([48, 64, 64, 96, 128, 128, 128, 256]))
            if rng.random() > SHARE[m.source]:
                continue
            out.append(windows.window(pieces, m.subject if rng.random() < 0.95 else None, row, limit, kind=m.kind))
        batches = []
        for length, rows in SHAPES:
            less = max((s for s, _ in SHAPES if s < length), default=0)
            some = [w for w in out if less < len(w.ids) <= length]
            some = [some[i] for i in rng.permutation(len(some))]
            batches += windows.pack(some, rows, length, 4)
        return [batches[i] for i in rng.permutation(len(batches))]

    make.parts = open_, mails
    return make


def score_alone(fit, pieces, entries):
    """Logits of (tag, text) each in a window of its own."""
    unknown = np.full(4, np.nan)
    out = [windows.window(pieces, None, [(text, unknown, 0.0, tag)], 128) for tag, text in entries]
    out.sort(key=lambda w: -len(w.ids))
    scores = {}
    for length, rows in ((64, 12), (128, 6)):
        some = [w for w in out if (len(w.ids) <= 64) == (length == 64)]
        scores.update(fit.score(windows.pack(some, rows, length, 4))[0])
    return scores


def score_mails(fit, pieces, mails):
    unknown = np.full(4, np.nan)
    out = [windows.window(pieces, m.subject or None, [(t, unknown, 0.0, -1) for t in m.sentences], 256, tag=i)
           for i, m in enumerate(mails)]
    return fit.score(windows.pack(out, 3, 256, 4))[1]


def quality(y, z):
    y = np.asarray(y)
    auc = roc_auc_score(y, z) if 0 < y.sum() < len(y) else float("nan")
    return {"n": int(len(y)), "yes": int(y.sum()), "f1": round(f1_score(y, np.asarray(z) > 0, zero_division=0), 4), "auc": round(auc, 4)}


def report_kinds(data, logits, mails):
    z = np.array([logits[i] for i in range(len(mails))])
    best, out = z.argmax(1), {}
    true = np.array([m.kind for m in mails])
    for source in ("made", "judged", "ham", "spam", "enron"):
        rows = [i for i, m in enumerate(mails) if m.source == source and m.kind >= 0]
        if rows:
            out[source] = {"n": len(rows), "accuracy": round(accuracy_score(true[rows], best[rows]), 4),
                           "macro_f1": round(f1_score(true[rows], best[rows], average="macro", labels=sorted(set(true[rows])), zero_division=0), 4)}
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    bad = p[:, 7] + p[:, 8]
    rows = [i for i, m in enumerate(mails) if m.source in ("ham", "spam")]
    spam = np.array([mails[i].source == "spam" for i in rows])
    out["spam_or_ham"] = {"n": len(rows), "spam": int(spam.sum()), "auc": round(roc_auc_score(spam, bad[rows]), 4),
                          "spam_found_at_half": int((bad[rows][spam] > 0.5).sum()), "ham_called_spam": int((bad[rows][~spam] > 0.5).sum())}
    out["made_confusion"] = {}
    for i, m in enumerate(mails):
        if m.source == "made" and best[i] != m.kind:
            pair = f"{corpus.KINDS[m.kind]} as {corpus.KINDS[best[i]]}"
            out["made_confusion"][pair] = out["made_confusion"].get(pair, 0) + 1
    return out


def keep(folder, name, fit):
    if folder:
        flat = {f"{part}/{n}": np.asarray(a) for part, group in fit.params.items() for n, a in group.items()}
        np.savez(Path(folder) / f"{name}.npz", **flat)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("data")
    arguments.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2")
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--labels", default=str(Path(__file__).parent), help="folder of the committed labels")
    arguments.add_argument("--golden")
    arguments.add_argument("--report")
    arguments.add_argument("--keep", help="folder for the weights of both fits, unquantized")
    arguments.add_argument("--epochs", type=int, default=3)
    arguments.add_argument("--lr", type=float, default=1.2e-4)
    arguments.add_argument("--kind-weight", type=float, default=0.25)
    arguments.add_argument("--only-held-out", action="store_true", help="write the fit without the held-out part")
    given = arguments.parse_args()
    began = time.time()

    data = Data(given.data, given.labels)
    pieces = windows.Pieces(Path(given.base) / "tokenizer.json")
    frozen, layers = encoder.load_base(given.base)
    sources = {}
    for s in data.sentences:
        sources[s.source] = sources.get(s.source, 0) + 1
    say("sentences", sources, "mails", len(data.mails), f"read in {time.time() - began:.0f} s")

    def fit_on(everything, seed):
        make = epoch_maker(data, pieces, everything)
        fit = trainer.Fit(frozen, layers, 4, 9, seed=seed, lr=given.lr, kind_weight=given.kind_weight)
        return fit.run(make, given.epochs, say), make.parts

    fit, (train_ids, _) = fit_on(False, SEED)
    keep(given.keep, "held-out", fit)
    tests = [i for i, h in enumerate(data.held) if h]
    z = score_alone(fit, pieces, [(i, data.sentences[i].text) for i in tests])
    z = np.array([z[i] for i in tests])
    bag = blend.Words(data.sentences, train_ids)
    v = bag.logits([data.sentences[i].text for i in tests])
    labels = np.array([data.sentences[i].labels for i in tests])
    source = np.array([data.sentences[i].source for i in tests])
    mix = blend.fit_mix(z, v, labels, source)
    mixed = blend.apply(mix, z, v)
    report = {"seed": SEED, "epochs": given.epochs, "lr": given.lr, "kind_weight": given.kind_weight, "sentences": sources, "mails": len(data.mails), "held_out": {}, "mix": mix.tolist()}
    real = np.isin(source, ["enron", "spamassassin", "voices"])
    for name, rows in (("email-intent", source == "email-intent"), ("real", real), ("made", np.isin(source, ["made", "made mail"]))):
        report["held_out"][name] = {}
        for l, label in enumerate(corpus.LABELS):
            known = rows & ~np.isnan(labels[:, l])
            if known.any():
                y = labels[known, l]
                report["held_out"][name][label] = {
                    "encoder": quality(y, z[known, l]), "words": quality(y, v[known, l]), "mixed": quality(y, mixed[known, l])}
    mails = [m for m, h in data.mails if h]
    kinds = score_mails(fit, pieces, mails)
    rows = [i for i, m in enumerate(mails) if m.kind >= 0]
    temperature = blend.fit_temperature(np.array([kinds[i] for i in rows]), np.array([mails[i].kind for i in rows]))
    report["kind_temperature"] = temperature
    report["kinds"] = report_kinds(data, kinds, mails)
    say(json.dumps(report, indent=1))

    if not given.only_held_out:
        fit, (train_ids, _) = fit_on(True, SEED + 1)
        keep(given.keep, "all", fit)
        bag = blend.Words(data.sentences, train_ids)
    report["seconds"] = round(time.time() - began)
    params = {k: {n: np.asarray(a, np.float32) for n, a in part.items()} for k, part in fit.params.items()}
    output.write(given.out, params, bag, mix, temperature)
    check = output.verify(given.out, params, frozen, bag, mix, temperature, pieces, data)
    report["largest_difference_when_quantized"] = check
    say("largest difference of a probability, quantized against float:", check)
    if given.golden:
        output.golden(given.golden, given.out, frozen, pieces)
    if given.report:
        Path(given.report).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
