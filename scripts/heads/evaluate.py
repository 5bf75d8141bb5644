"""Ten-fold evaluation of asks on email-intent/verified.

    evaluate.py DATA --base FOLDER [--labels FOLDER] [--extra WEIGHT | --staged FILE] [--lr RATE] [--seeds N]
                [--folds A-B] [--grouped] [--words-only] [--keep FILE]

Prints F1 at .5 and AUC, mean over the folds and pooled with a bootstrap 95 % interval, of: a tf-idf
linear model of 1 to 3 words, the hashed words, the encoder, and the mix (fitted on the other folds'
predictions). With --grouped the folds keep near-copies together. The test folds hold sentences of
email-intent alone; what else is trained on is never in them, nor a copy of a sentence in them.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

import corpus
import encoder
import trainer
import windows
import words

SEED = 729


def folds_of(y, groups, grouped):
    if grouped:
        return list(StratifiedGroupKFold(10, shuffle=True, random_state=SEED).split(y, y, groups))
    return list(StratifiedKFold(10, shuffle=True, random_state=SEED).split(y, y))


def tfidf(texts, y, folds):
    z = np.zeros(len(y))
    for train, test in folds:
        v = TfidfVectorizer(ngram_range=(1, 3), token_pattern=r"(?u)[\w']+|[?!]", sublinear_tf=True)
        model = LogisticRegression(C=10, max_iter=2000).fit(v.fit_transform([texts[i] for i in train]), y[train])
        z[test] = model.decision_function(v.transform([texts[i] for i in test]))
    return z


def hashed(texts, y, folds, extra):
    """`extra`: further (text, label, group) for training."""
    z = np.zeros(len(y))
    for f, (train, test) in enumerate(folds):
        more = extra(f)
        x = words.matrix([texts[i] for i in train] + [t for t, _ in more])
        w, b = words.fit(x, np.concatenate([y[train], [v for _, v in more]]))
        z[test] = words.matrix([texts[i] for i in test]) @ w + b
    return z


def mixed(z, v, y, folds):
    out = np.zeros(len(y))
    for _, test in folds:
        rest = np.setdiff1d(np.arange(len(y)), test)
        model = LogisticRegression(C=100).fit(np.stack([z[rest], v[rest]], 1), y[rest])
        out[test] = model.decision_function(np.stack([z[test], v[test]], 1))
    return out


def line(name, y, z, folds):
    f1 = [f1_score(y[t], z[t] > 0) for _, t in folds]
    auc = [roc_auc_score(y[t], z[t]) for _, t in folds]
    rng, many = np.random.default_rng(SEED), []
    for _ in range(1000):
        i = rng.integers(len(y), size=len(y))
        many.append((f1_score(y[i], z[i] > 0), roc_auc_score(y[i], z[i])))
    low, high = np.percentile(many, [2.5, 97.5], axis=0)
    print(f"| {name} | {np.mean(f1):.3f} | {np.mean(auc):.3f} | {f1_score(y, z > 0):.3f} ({low[0]:.3f} to {high[0]:.3f}) "
          f"| {roc_auc_score(y, z):.3f} ({low[1]:.3f} to {high[1]:.3f}) |", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("data")
    arguments.add_argument("--base", required=True)
    arguments.add_argument("--labels", default=str(Path(__file__).parent))
    arguments.add_argument("--extra", type=float, default=1.0, help="weight of the other labelled sentences; 0 leaves them out")
    arguments.add_argument("--epochs", type=int, default=2)
    arguments.add_argument("--lr", type=float, default=1.5e-4)
    arguments.add_argument("--staged", metavar="FILE", help="learn the other sentences first, once for all folds; FILE keeps that")
    arguments.add_argument("--seeds", type=int, default=1, help="fine-tunings whose weights are averaged")
    arguments.add_argument("--folds", default="0-9")
    arguments.add_argument("--grouped", action="store_true")
    arguments.add_argument("--words-only", action="store_true")
    arguments.add_argument("--keep", help="file for the encoder's logits; folds found in it are not run again")
    given = arguments.parse_args()

    intent = corpus.email_intent(given.data)
    y = np.array([s.labels[0] for s in intent])
    texts, groups = [s.text for s in intent], np.array([s.group for s in intent])
    folds = folds_of(y, groups, given.grouped)
    more = []
    if given.extra:
        more = corpus.made_sentences(given.labels) + [s for s, *_ in corpus.real_sentences(given.labels, given.data)]

    def extra(f):
        tested = set(groups[folds[f][1]])
        return [s for s in more if s.group not in tested]

    low, high = (int(n) for n in given.folds.split("-"))
    z = np.full(len(y), np.nan)
    if given.keep and Path(given.keep).exists():
        z = np.load(given.keep)
    if not given.words_only:
        stage = None
        pieces = windows.Pieces(Path(given.base) / "tokenizer.json")
        frozen, layers = encoder.load_base(given.base)
        if given.staged:
            every = set(groups)
            stage = first_stage(frozen, layers, pieces, [s for s in more if s.group not in every], given)
        for f in range(low, high + 1):
            train, test = folds[f]
            if not np.isnan(z[test]).any():
                continue
            began = time.time()
            z[test] = tune(frozen, layers, pieces, [intent[i] for i in train], [] if given.staged else extra(f), [texts[i] for i in test], given, f, stage)
            print(f"fold {f}: F1 {f1_score(y[test], z[test] > 0):.3f} AUC {roc_auc_score(y[test], z[test]):.3f}, {time.time() - began:.0f} s",
                  file=sys.stderr, flush=True)
            if given.keep:
                np.save(given.keep, z)
    print("| model | F1, mean of folds | AUC, mean of folds | F1 pooled (95 %) | AUC pooled (95 %) |")
    print("|---|---|---|---|---|")
    line("tf-idf of 1 to 3 words, linear", y, tfidf(texts, y, folds), folds)
    v = hashed(texts, y, folds, lambda f: [(s.text, s.labels[0]) for s in extra(f)])
    line("hashed words and pairs", y, v, folds)
    if not np.isnan(z).any():
        line("encoder", y, z, folds)
        line("encoder and words", y, mixed(z, v, y, folds), folds)


def epochs_of(pieces, label):
    def epoch(rng):
        return windows.pack([windows.window(pieces, None, [label[i]], 64) for i in rng.permutation(len(label))], 12, 64, 4)

    return epoch


def first_stage(frozen, layers, pieces, others, given):
    fit = trainer.Fit(frozen, layers, 4, 9, seed=SEED - 1, lr=1.5e-4)
    path = Path(given.staged)
    if path.exists():
        kept = np.load(path)
        return {part: {n: kept[f"{part}/{n}"] for n in group} for part, group in fit.params.items()}
    fit.run(epochs_of(pieces, [(s.text, s.labels, 1.0, -1) for s in others]), 2)
    np.savez(path, **{f"{part}/{n}": np.asarray(a) for part, group in fit.params.items() for n, a in group.items()})
    return {part: {n: np.asarray(a) for n, a in group.items()} for part, group in fit.params.items()}


def tune(frozen, layers, pieces, ours, others, tests, given, f, stage):
    label = [(s.text, s.labels, 1.0, -1) for s in ours] + [(s.text, s.labels, given.extra, -1) for s in others]
    total = None
    for seed in range(given.seeds):
        fit = trainer.Fit(frozen, layers, 4, 9, seed=SEED + 100 * seed + f, lr=given.lr)
        if stage is not None:
            fit.params = trainer.jax.tree.map(trainer.jnp.array, stage)
        fit.run(epochs_of(pieces, label), given.epochs)
        total = fit.params if total is None else trainer.jax.tree.map(lambda a, b: a + b, total, fit.params)
    fit.params = trainer.jax.tree.map(lambda a: a / given.seeds, total)
    out = [windows.window(pieces, None, [(t, np.full(4, np.nan), 0.0, i)], 64) for i, t in enumerate(tests)]
    scores, _ = fit.score(windows.pack(sorted(out, key=lambda w: -len(w.ids)), 12, 64, 4))
    return np.array([scores[i][0] for i in range(len(tests))])


if __name__ == "__main__":
    main()
