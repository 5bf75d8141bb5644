"""Hashed words and word pairs: the linear half of the sentence head.

A word is a maximal run of letters, digits or apostrophes of the lower-cased text; '?' and '!' are
words too. Features are single words and pairs joined by a blank, hashed by FNV-1a (32 bit) modulo
the table's size, counted once, the vector scaled to length 1. Only the table's numbers are kept.
"""

import numpy as np
from scipy.sparse import csr_matrix

SIZE = 1 << 16


def tokens(text):
    out, run = [], []
    for c in text.lower():
        if c.isalnum() or c == "'":
            run.append(c)
            continue
        if run:
            out.append("".join(run))
            run = []
        if c in "?!":
            out.append(c)
    if run:
        out.append("".join(run))
    return out


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode("utf-8"):
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def features(text):
    words = tokens(text)
    pairs = [f"{a} {b}" for a, b in zip(words, words[1:])]
    return sorted({fnv1a(w) % SIZE for w in words + pairs})


def matrix(texts):
    columns, ends, values = [], [0], []
    for text in texts:
        found = features(text)
        columns += found
        values += [1.0 / np.sqrt(len(found))] * len(found)
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(texts), SIZE), dtype=np.float64)


def fit(x, y, c=20.0, weight=None):
    """Logistic regression with an L2 penalty: (weights [SIZE], bias)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, max_iter=2000).fit(x, y, sample_weight=weight)
    return model.coef_[0], float(model.intercept_[0])
