"""Fine-tunes the layers of the response: how soon a message wants an answer, from its words alone.

    response.py DUMP --base FOLDER --heads heads.gguf --logits FILE [--out response.gguf] [--golden FILE]

DUMP is what the ignored test `cli::demo::labelled_tests::dump` writes: labelled mails with their own sentences
(`spoken`). The six layers begin as those of heads.gguf; the head is a multinomial logistic regression of tier,
and a binary one of whether an answer is expected, over the mean of the window and the largest of its sentences'
means; it begins as it is fitted over the layers as they stand, and then all is trained together (linear probing,
then fine-tuning: Kumar et al. 2022).

The owners of mailboxes are dealt into FOLDS parts. For each part the layers are trained without it, and FILE
gets the logits of its mails (`logits`, a row for each of DUMP; 0 for mails without an owner). With --out they are
trained once more on everything, and that is written.
"""

import argparse
import functools
import json
import sys
import time
from pathlib import Path

import gguf
import jax
import jax.numpy as jnp
import numpy as np
import optax
from gguf.quants import dequantize

import encoder
import output
import trainer
import triage
import windows

FOLDS, EPOCHS, LR, HEAD_LR, SEED = 6, 4, 7e-5, 3e-4, 1
SHAPES = ((64, 12), (128, 6), (256, 3))  # tokens in a row, rows: 768 tokens a step
BATCH_MAILS = 8.0  # what a step's loss is divided by


def say(*parts):
    print(*parts, file=sys.stderr, flush=True)


def read_layers(path):
    found = {}
    for t in gguf.GGUFReader(str(path)).tensors:
        shape = tuple(int(d) for d in reversed(t.shape))
        found[t.name] = np.array(dequantize(t.data, t.tensor_type), np.float32).reshape(shape)
    return found


def jax_arrays(layers):
    return {name: jnp.asarray(array) for name, array in layers.items()}


class Task:
    """The mails as windows, and what is right of each."""

    def __init__(self, mails, pieces, frozen):
        self.mails, self.frozen = mails, frozen
        nothing = np.full(1, np.nan)
        self.windows = [
            windows.window(pieces, row["spoken"]["subject"] or None,
                           [(text, nothing, 1.0, at) for at, text in enumerate(row["spoken"]["sentences"])], windows.WINDOW_MAX, tag=tag)
            for tag, row in enumerate(mails.rows)]

    def batches(self, ids, rng=None):
        out = []
        for length, rows in SHAPES:
            less = max((s for s, _ in SHAPES if s < length), default=0)
            some = [self.windows[i] for i in ids if less < len(self.windows[i].ids) <= length]
            if rng is not None:
                some = [some[i] for i in rng.permutation(len(some))]
            out += windows.pack(some, rows, length, 1)
        return out if rng is None else [out[i] for i in rng.permutation(len(out))]

    def arrays(self, b):
        """Embedded rows, segments, slots of sentences and windows, each sentence's window, tier, reply, weight."""
        window_of = np.full(b.weights.shape[0], -1, np.int32)
        there = b.sentence.reshape(-1) >= 0
        window_of[b.sentence.reshape(-1)[there]] = b.whole.reshape(-1)[there]
        tags = np.maximum(b.window_tags, 0)
        arrays = (encoder.embed_tokens(self.frozen, b.ids, b.positions), b.segments, b.sentence, b.whole, window_of,
                  self.mails.tier[tags], self.mails.reply[tags].astype(np.float32), (b.window_tags >= 0).astype(np.float32))
        return tuple(jnp.asarray(array) for array in arrays)

    def states(self, layers, ids):
        """[mails, 768]; 0 for mails not asked for."""
        out = np.zeros((len(self.windows), 2 * encoder.WIDTH), np.float32)
        for b in self.batches(ids):
            x, segments, sentence, whole, window_of, tier, *_ = self.arrays(b)
            found = np.asarray(_states(layers, x, segments, sentence, whole, window_of, tier.shape[0]))
            for slot, tag in enumerate(b.window_tags):
                if tag >= 0:
                    out[tag] = found[slot]
        return out


def state(layers, x, segments, sentence, whole, window_of, count, noise=None):
    """Mean of each window and, behind it, the largest of its sentences' means in each dimension."""
    hidden = encoder.encode(layers, x, segments, noise)
    means, mean = trainer.pooled(hidden, sentence, window_of.shape[0]), trainer.pooled(hidden, whole, count)
    member = window_of[None, :] == jnp.arange(count)[:, None]
    most = jnp.where(member[:, :, None], means[None], -jnp.inf).max(1)
    return jnp.concatenate([mean, jnp.where(member.any(1)[:, None], most, 0.0)], -1)


_states = functools.partial(jax.jit, static_argnums=6)(state)


def loss(params, batch, noise):
    x, segments, sentence, whole, window_of, tier, reply, weight = batch
    found = state(params["layers"], x, segments, sentence, whole, window_of, tier.shape[0], noise)
    count = tier.shape[0]
    found = encoder.dropout(found, jnp.concatenate([noise[0, :count], noise[1, :count]], -1))
    logits = found @ params["head"]["weight"].T + params["head"]["bias"]
    each = optax.softmax_cross_entropy_with_integer_labels(logits[:, :5], tier) + optax.sigmoid_binary_cross_entropy(logits[:, 5], reply)
    return (each * weight).sum() / BATCH_MAILS


def train(task, layers, ids, states):
    """Layers and head trained on these mails; `states` are those of the layers as they stand."""
    head = triage.both(states[ids], task.mails.tier[ids], task.mails.reply[ids], triage.HEAD_C)
    params = {"layers": jax_arrays(layers),
              "head": {"weight": jnp.asarray(head[:, :-1], jnp.float32), "bias": jnp.asarray(head[:, -1], jnp.float32)}}
    rng = np.random.default_rng(SEED)
    plan = [task.batches(ids, rng) for _ in range(EPOCHS)]
    opt = trainer.optimizer(params, sum(map(len, plan)), LR, HEAD_LR, 1.0)
    kept = opt.init(params)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(params, kept, batch, noise):
        value, grads = jax.value_and_grad(loss)(params, batch, noise)
        updates, kept = opt.update(grads, kept, params)
        return optax.apply_updates(params, updates), kept, value

    began = time.time()
    for epoch, batches in enumerate(plan):
        seen = []
        for b in batches:
            params, kept, value = step(params, kept, task.arrays(b), trainer.Fit.noise(rng, b))
            seen.append(value)
        say(f"  epoch {epoch + 1}: loss {np.mean([float(v) for v in seen]):.3f}, {time.time() - began:.0f} s")
    return params


def logits(task, params, ids):
    found = task.states(params["layers"], ids)
    return found @ np.asarray(params["head"]["weight"]).T + np.asarray(params["head"]["bias"])


def write(path, params):
    w = gguf.GGUFWriter(str(path), "bert")
    w.add_name("Postroom response")
    w.add_license("apache-2.0")
    output.add_shape(w)
    output.add_layers(w, params["layers"])
    w.add_tensor("head.response.weight", np.ascontiguousarray(params["head"]["weight"], np.float32))
    w.add_tensor("head.response.bias", np.ascontiguousarray(params["head"]["bias"], np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def stored(path):
    """The file's numbers as parameters."""
    tensors = read_layers(path)
    return {"layers": jax_arrays({k: v for k, v in tensors.items() if k.startswith("blk.")}),
            "head": {"weight": tensors["head.response.weight"], "bias": tensors["head.response.bias"]}}


def golden(target, path, pieces, frozen):
    """Messages made up for the engine's test, with what the stored numbers say of them."""
    cases = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
    rows = [{"tier": "fyi", "reply": False, "owner": None, "row": None,
             "spoken": {"subject": case["subject"], "sentences": case["sentences"]}} for case in cases]
    found = logits(Task(triage.Mails(rows), pieces, output.coarse(frozen)), stored(path), range(len(rows)))
    out = [{"subject": case["subject"], "sentences": case["sentences"], "response": [round(float(z), 3) for z in row]}
           for case, row in zip(cases, found)]
    with open(target, "w", encoding="utf-8") as file:
        json.dump({"tolerance": 0.1, "messages": out}, file, indent=1, ensure_ascii=False)
        file.write("\n")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("dump")
    arguments.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2")
    arguments.add_argument("--heads", required=True)
    arguments.add_argument("--logits", required=True)
    arguments.add_argument("--out")
    arguments.add_argument("--golden")
    given = arguments.parse_args()
    mails = triage.Mails([json.loads(line) for line in Path(given.dump).read_text().splitlines()])
    pieces = windows.Pieces(Path(given.base) / "tokenizer.json")
    frozen, _ = encoder.load_base(given.base)
    layers = {name: array for name, array in read_layers(given.heads).items() if name.startswith("blk.")}
    task = Task(mails, pieces, frozen)
    everyone = np.arange(len(mails.rows))
    states = task.states(jax_arrays(layers), everyone)
    owners = sorted(set(mails.owner) - {""})
    found = np.zeros((len(everyone), 6))
    for fold in range(FOLDS):
        out = np.isin(mails.owner, owners[fold::FOLDS])
        say(f"part {fold + 1} of {FOLDS}: without {', '.join(owners[fold::FOLDS])}")
        found[out] = logits(task, train(task, layers, everyone[~out], states), everyone[out])[out]
    np.save(given.logits, found)
    if not given.out:
        return
    say("all")
    params = train(task, layers, everyone, states)
    write(given.out, params)
    exact, rounded = logits(task, params, everyone), logits(task, stored(given.out), everyone)
    say(f"rounding moves a logit by {np.abs(exact - rounded).max():.3f} at most; "
        f"{(exact[:, :5].argmax(1) == rounded[:, :5].argmax(1)).mean():.4f} of the tiers stay")
    if given.golden:
        golden(given.golden, given.out, pieces, frozen)


if __name__ == "__main__":
    main()
