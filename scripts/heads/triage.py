"""Fits how soon mail wants an answer: the reader's response head and the weights of `triage::learned`.

    triage.py DUMP --heads heads.gguf --weights weights.rs [--report-only]

DUMP is what the ignored test `cli::demo::labelled_tests::dump` writes: for each labelled mail the numbers
known of it (`row`) and the reader's state (`state`, 768 floats); single mails have a state alone.

Two stages, stacked. The head is a multinomial logistic regression of tier, and a binary one of whether an
answer is expected, over the state. The weights are the same over the row, in which the head's six logits
stand first; for a mail of one owner those come from a head that did not see that owner. Every figure
reported is of owners that neither stage saw.
"""

import argparse
import json
import warnings
from pathlib import Path

import gguf
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

TIERS = ["now", "today", "normal", "consider", "fyi"]
# What it costs to say a tier (column) where another is right (row): chosen so that on owners held out no more
# than 8 % of all mail is brought forward in vain.
COSTS = np.array([
    [0.0, 1.0, 2.8, 3.0, 4.0],
    [0.8, 0.0, 1.6, 1.9, 2.8],
    [2.0, 1.1, 0.0, 0.9, 1.3],
    [2.4, 1.5, 0.9, 0.0, 1.4],
    [2.6, 1.8, 1.0, 1.1, 0.0],
])
HEAD_C, ROW_C = 0.01, 0.12
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
        self.state = np.array([r["state"] for r in rows])
        self.tier = np.array([TIERS.index(r["tier"]) for r in rows])
        self.reply = np.array([bool(r["reply"]) for r in rows])
        self.owner = np.array([r["owner"] or "" for r in rows])
        self.rows = rows
        self.weighed = np.array([r["row"] is not None for r in rows])
        width = max((len(r["row"]) for r in rows if r["row"]), default=0)
        self.row = np.array([r["row"] if r["row"] else [0.0] * width for r in rows])


def head_of(mails, train):
    return both(mails.state[train], mails.tier[train], mails.reply[train], HEAD_C)


def stacked(mails, train_owners):
    """Rows with head logits that did not see the mail's owner, for the owners to be trained on."""
    row = mails.row.copy()
    for owner in train_owners:
        seen = np.isin(mails.owner, [o for o in train_owners if o != owner] + [""])
        mine = mails.owner == owner
        row[mine, :6] = say(head_of(mails, seen), mails.state[mine])
    return row


def weights_of(mails, train_owners):
    row = stacked(mails, train_owners)
    train = np.isin(mails.owner, train_owners) & mails.weighed
    return both(row[train], mails.tier[train], mails.reply[train], ROW_C)


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
    arguments.add_argument("--heads", required=True)
    arguments.add_argument("--weights", required=True)
    arguments.add_argument("--report-only", action="store_true")
    given = arguments.parse_args()
    mails = Mails([json.loads(line) for line in Path(given.dump).read_text().splitlines()])
    owners = sorted(set(mails.owner) - {""})
    boxed = mails.owner != ""
    print(f"{boxed.sum()} mails of {len(owners)} owners, {mails.weighed.sum()} of them weighed; {(~boxed).sum()} single mails")
    probability = np.zeros((len(mails.rows), 6))
    alone = np.zeros((len(mails.rows), 6))
    for owner in owners:
        others = [o for o in owners if o != owner]
        mine = mails.owner == owner
        head = head_of(mails, np.isin(mails.owner, others + [""]))
        weights = weights_of(mails, others)
        row = mails.row[mine].copy()
        row[:, :6] = say(head, mails.state[mine])
        logits = say(weights, row)
        probability[mine, :5], probability[mine, 5] = softmax(logits[:, :5]), 1 / (1 + np.exp(-logits[:, 5]))
        alone[mine, :5] = softmax(row[:, :5])
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
    every = np.ones(len(mails.rows), bool)
    write_heads(given.heads, head_of(mails, every))
    means = stacked(mails, owners)[mails.weighed].mean(0)
    write_weights(given.weights, weights_of(mails, owners), means, (a, b))


def write_heads(path, head):
    """The file again, with the response head in place of what it had."""
    reader = gguf.GGUFReader(path)
    out = Path(path).with_suffix(".new")
    writer = gguf.GGUFWriter(str(out), "bert")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        kind = field.types[0]
        sub = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=sub)
    for tensor in reader.tensors:
        if not tensor.name.startswith("head.response."):
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.add_tensor("head.response.weight", np.ascontiguousarray(head[:, :-1], np.float32))
    writer.add_tensor("head.response.bias", np.ascontiguousarray(head[:, -1], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    out.replace(path)


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
