"""Fits the weights of `triage::learned`: how soon mail wants an answer, from all that is known of it.

    triage.py DUMP --logits FILE --weights weights.rs [--report-only]

DUMP is what the ignored test `cli::demo::labelled_tests::dump` writes: for each labelled mail the numbers
known of it (`row`). FILE is what response.py writes: for each the six logits of the response, from layers
that did not see its owner; they stand in the row's first six places.

The weights are a multinomial logistic regression of tier, and a binary one of whether an answer is
expected, over the row. Every figure reported is of owners whom neither the weights nor the layers their
logits come from have seen. (The layers behind the logits of the others may have seen them.)
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

TIERS = ["now", "today", "normal", "consider", "fyi"]
# What it costs to say a tier (column) where another is right (row): chosen so that on owners held out no more
# than 8 % of all mail is brought forward in vain.
COSTS = np.array([
    [0.0, 1.0, 2.8, 3.0, 4.0],
    [0.8, 0.0, 1.6, 1.9, 2.8],
    [1.6, 0.9, 0.0, 0.9, 1.3],
    [1.9, 1.2, 0.9, 0.0, 1.4],
    [2.1, 1.4, 1.0, 1.1, 0.0],
])
HEAD_C, ROW_C = 0.01, 0.05
SURE_ASK_MIN = 3.0  # as in triage::learned
warnings.filterwarnings("ignore")


def linear(x, y, c, classes):
    """Weights [rows, columns + 1] of a logistic regression on standardised columns, that folded in."""
    scale = StandardScaler().fit(x)
    fit = LogisticRegression(C=c, max_iter=3000).fit(scale.transform(x), y)
    weight, bias = fit.coef_, fit.intercept_
    if classes == 1:
        rows = np.zeros((1, x.shape[1] + 1))
        rows[0] = np.append(weight[0], bias[0])
    else:
        rows = np.full((classes, x.shape[1] + 1), 0.0)
        rows[:, -1] = -9.0
        for at, name in enumerate(fit.classes_):
            rows[name] = np.append(weight[at], bias[at])
    slope = rows[:, :-1] / scale.scale_
    rows[:, -1] -= slope @ scale.mean_
    rows[:, :-1] = slope
    return rows


def both(x, tier, reply, c):
    return np.vstack([linear(x, tier, c, 5), linear(x, reply, c, 1)])


def say(weights, x):
    return x @ weights[:, :-1].T + weights[:, -1]


def softmax(z):
    z = np.exp(z - z.max(1, keepdims=True))
    return z / z.sum(1, keepdims=True)


class Mails:
    def __init__(self, rows):
        self.tier = np.array([TIERS.index(r["tier"]) for r in rows])
        self.reply = np.array([bool(r["reply"]) for r in rows])
        self.owner = np.array([r["owner"] or "" for r in rows])
        self.rows = rows
        self.weighed = np.array([r["row"] is not None for r in rows])
        width = max((len(r["row"]) for r in rows if r["row"]), default=0)
        self.row = np.array([r["row"] if r["row"] else [0.0] * width for r in rows])


def weights_of(mails, train_owners):
    train = np.isin(mails.owner, train_owners) & mails.weighed
    return both(mails.row[train], mails.tier[train], mails.reply[train], ROW_C)


def decide(p, rows):
    """The tier that costs least; an ask the plain rules are sure of is not set aside."""
    cost = p @ COSTS
    cost[rows[:, -3] >= SURE_ASK_MIN, 4] = np.inf
    return cost.argmin(1)


def measures(tier, said):
    urgent = tier < 2
    return {"exact": (tier == said).mean(), "within one": (abs(tier - said) <= 1).mean(),
            "urgent found": (said[urgent] < 2).mean(), "flagged": ((said < 2) & ~urgent).mean()}


def error_of(confidence, right, bins=10):
    order = np.argsort(confidence)
    return sum(abs(confidence[part].sum() - right[part].sum()) for part in np.array_split(order, bins)) / len(order)


def platt(x, right):
    fit = LogisticRegression(C=100.0).fit(x[:, None], right)
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("dump")
    arguments.add_argument("--logits", required=True)
    arguments.add_argument("--weights", required=True)
    arguments.add_argument("--report-only", action="store_true")
    given = arguments.parse_args()
    mails = Mails([json.loads(line) for line in Path(given.dump).read_text().splitlines()])
    mails.row[:, :6] = np.load(given.logits)
    owners = sorted(set(mails.owner) - {""})
    boxed = mails.owner != ""
    print(f"{boxed.sum()} mails of {len(owners)} owners, {mails.weighed.sum()} of them weighed; {(~boxed).sum()} single mails")
    probability = np.zeros((len(mails.rows), 6))
    alone = np.zeros((len(mails.rows), 6))
    for owner in owners:
        others = [o for o in owners if o != owner]
        mine = mails.owner == owner
        logits = say(weights_of(mails, others), mails.row[mine])
        probability[mine, :5], probability[mine, 5] = softmax(logits[:, :5]), 1 / (1 + np.exp(-logits[:, 5]))
        alone[mine, :5] = softmax(mails.row[mine, :5])
    said = np.where(mails.weighed, decide(probability[:, :5], mails.row), np.array([TIERS.index(r.get("said_tier", "fyi")) for r in mails.rows]))
    ruled = np.array([TIERS.index(r.get("said_tier", "fyi")) for r in mails.rows])
    reply = np.where(mails.weighed, (probability[:, 5] >= 0.5) & (said < 4), [bool(r.get("said_reply")) for r in mails.rows])
    show = lambda name, values: print(f"{name:<34}" + " ".join(f"{k} {v:.3f}" for k, v in values.items()))
    show("as judged now, in sample or not", measures(mails.tier[boxed], ruled[boxed]))
    show("head alone, likeliest", measures(mails.tier[boxed], np.where(mails.weighed, alone[:, :5].argmax(1), ruled)[boxed]))
    show("both, likeliest", measures(mails.tier[boxed], np.where(mails.weighed, probability[:, :5].argmax(1), ruled)[boxed]))
    show("both, least costly (shipped so)", measures(mails.tier[boxed], said[boxed]))
    print(f"reply right {(reply == mails.reply)[boxed].mean():.3f}")
    table = np.zeros((5, 5), int)
    for is_, at in zip(mails.tier[boxed], said[boxed]):
        table[is_, at] += 1
    print("right tier by row, said by column\n", table)
    # Confidence: log-odds of the product of tier and kind probability, fitted to being right in both.
    kind = np.array([r.get("kind_probability") or 0.5 for r in mails.rows])
    chosen = np.where(mails.weighed, probability[np.arange(len(said)), said], [r.get("tier_probability") or 0.9 for r in mails.rows])
    product = np.clip(kind * chosen, 0.01, 0.99)
    x = np.log(product / (1 - product))
    right = (said == mails.tier) & np.array([r.get("kind") == r.get("said_kind") for r in mails.rows])
    held = np.zeros(len(x))
    for owner in owners:
        train, mine = boxed & (mails.owner != owner), mails.owner == owner
        a, b = platt(x[train], right[train])
        held[mine] = 1 / (1 + np.exp(-(a * x[mine] + b)))
    a, b = platt(x[boxed], right[boxed])
    print(f"confidence: {a:.3f} * log-odds + {b:.3f}; calibration error {error_of(held[boxed], right[boxed]):.3f} on owners held out "
          f"(unfitted {error_of(product[boxed], right[boxed]):.3f}); says {held[boxed].mean():.3f}, right {right[boxed].mean():.3f}")
    if given.report_only:
        return
    means = mails.row[mails.weighed].mean(0)
    write_weights(given.weights, weights_of(mails, owners), means, (a, b))


def write_weights(path, weights, means, confidence):
    floats = lambda row: ", ".join(f"{value:.4f}" for value in row)
    lines = ["//! Weights of [`super::learned`], written by `scripts/train-triage`.",
             '#![allow(clippy::approx_constant, reason = "what was fitted is no constant, however near it comes")]', "",
             "use super::features::COUNT;", "",
             "/// What it costs to say one tier where another is right: `COSTS[right][said]`.",
             "pub(super) const COSTS: [[f32; 5]; 5] = ["]
    lines += [f"    [{', '.join(f'{cost:.1f}' for cost in row)}]," for row in COSTS]
    lines += ["];", "", "/// Slope and constant from the log-odds of tier and kind together to those of both being right.",
              f"pub(super) const CONFIDENCE: [f32; 2] = [{confidence[0]:.4f}, {confidence[1]:.4f}];", "",
              "/// What each number is on average: a signal is how far a message is from it.",
              "#[rustfmt::skip]", f"pub(super) const MEANS: [f32; COUNT] = [{floats(means)}];", "",
              "/// A row for each tier and one for the reply; the last column is the constant.",
              "#[rustfmt::skip]", "pub(super) const WEIGHTS: [[f32; COUNT + 1]; 6] = ["]
    lines += [f"    [{floats(row)}]," for row in weights]
    lines += ["];", ""]
    Path(path).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
