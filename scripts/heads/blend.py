"""The linear half of the sentence head, and how the two halves are mixed."""

import numpy as np
from scipy.optimize import minimize

import corpus
import words


class Words:
    """One logistic model a label over hashed words, fitted on the sentences `ids`."""

    def __init__(self, sentences, ids):
        x = words.matrix([sentences[i].text for i in ids])
        labels = np.array([sentences[i].labels for i in ids])
        self.weight = np.zeros((len(corpus.LABELS), words.SIZE), np.float32)
        self.bias = np.zeros(len(corpus.LABELS), np.float32)
        for l in range(len(corpus.LABELS)):
            known = np.flatnonzero(~np.isnan(labels[:, l]))
            self.weight[l], self.bias[l] = words.fit(x[known], labels[known, l])
        self.weight = self.weight.astype(np.float16).astype(np.float32)  # as it is kept

    def logits(self, texts):
        return words.matrix(texts) @ self.weight.T + self.bias


def apply(mix, z, v):
    return mix[:, 0] * z + mix[:, 1] * v + mix[:, 2]


# How much a held-out sentence counts when the mix is fitted: real mail is what the product reads.
COUNTS = {"email-intent": 1.0, "enron": 1.0, "spamassassin": 1.0, "voices": 1.0, "made": 0.3, "made mail": 0.3}


def fit_mix(z, v, labels, source):
    """[labels, (encoder, words, constant)] by logistic regression, drawn towards (0.8, 0.4, 0)."""
    counts = np.array([COUNTS[s] for s in source])
    out = []
    for l in range(labels.shape[1]):
        known = ~np.isnan(labels[:, l])
        a, b, y, c = z[known, l], v[known, l], labels[known, l], counts[known]

        def loss(m):
            t = m[0] * a + m[1] * b + m[2]
            return (c * (np.logaddexp(0, t) - y * t)).sum() + 4 * (m[0] - 0.8) ** 2 + 4 * (m[1] - 0.4) ** 2 + 1 * m[2] ** 2

        out.append(minimize(loss, np.array([0.8, 0.4, 0.0]), bounds=[(0.05, 3), (0, 3), (-3, 3)]).x)
    return np.array(out, np.float32)


def fit_temperature(z, y):
    """Divides the kind logits so that their softmax is as sure as it is right."""

    def loss(t):
        s = z / t[0]
        s = s - s.max(1, keepdims=True)
        return -(s[np.arange(len(y)), y] - np.log(np.exp(s).sum(1))).mean()

    return float(minimize(loss, np.array([1.0]), bounds=[(0.5, 4.0)]).x[0])
