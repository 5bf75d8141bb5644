"""Fine-tunes the six layers with a sentence head and a kind head."""

import functools
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import encoder


def pooled(states, slot, count):
    """Mean of the tokens of each slot: [count, WIDTH]; zero where a slot has none."""
    flat, slot = states.reshape(-1, encoder.WIDTH), slot.reshape(-1)
    member = (slot[None, :] == jnp.arange(count)[:, None]).astype(flat.dtype)
    return member @ flat / jnp.maximum(member.sum(-1, keepdims=True), 1.0)


def logits(params, x, segments, sentence, whole, slots, tops, noise=None):
    states = encoder.encode(params["layers"], x, segments, noise)
    s, k = pooled(states, sentence, slots), pooled(states, whole, tops)
    if noise is not None:
        s, k = encoder.dropout(s, noise[0, :slots]), encoder.dropout(k, noise[1, :tops])
    h = params["head"]
    return s @ h["sentence_w"].T + h["sentence_b"], k @ h["kind_w"].T + h["kind_b"]


def losses(params, batch, noise, smooth, kind_weight):
    x, segments, sentence, whole, labels, weights, kinds = batch
    out, kind = logits(params, x, segments, sentence, whole, labels.shape[0], kinds.shape[0], noise)
    known = ~jnp.isnan(labels)
    y = jnp.where(known, labels, 0.0) * (1 - 2 * smooth) + smooth
    each = optax.sigmoid_binary_cross_entropy(out, y) * known * weights[:, None]
    total = jnp.maximum((known.any(-1) * weights).sum(), 16.0)  # a batch with few must not shout
    loss = each.sum() / total
    if kind_weight:
        has = kinds >= 0
        ce = optax.softmax_cross_entropy_with_integer_labels(kind, jnp.maximum(kinds, 0)) * has
        loss = loss + kind_weight * ce.sum() / jnp.maximum(has.sum(), 4)
    return loss


def start(layers, label_count, kind_count, seed):
    rng = np.random.default_rng(seed)

    def head(rows):
        return jnp.asarray(rng.normal(0, 0.02, (rows, encoder.WIDTH)).astype(np.float32))

    return {
        "layers": {k: jnp.asarray(v) for k, v in layers.items()},
        "head": {
            "sentence_w": head(label_count), "sentence_b": jnp.zeros(label_count),
            "kind_w": head(kind_count), "kind_b": jnp.zeros(kind_count),
        },
    }


def optimizer(params, steps, lr, head_lr, layer_decay):
    warm = max(1, steps // 10)
    schedule = optax.join_schedules(
        [optax.linear_schedule(0.0, 1.0, warm), optax.linear_schedule(1.0, 0.0, max(1, steps - warm))], [warm])
    rates = {
        "layers": {k: lr * layer_decay ** (encoder.LAYERS - 1 - int(k.split(".")[1])) for k in params["layers"]},
        "head": {k: head_lr for k in params["head"]},
    }
    decays = jax.tree.map(lambda p: p.ndim > 1, params)
    per_leaf = optax.GradientTransformation(
        lambda p: optax.EmptyState(),
        lambda u, s, p=None: (jax.tree.map(lambda a, r: a * r, u, rates), s))
    return optax.chain(
        optax.clip_by_global_norm(1.0), optax.scale_by_adam(b2=0.98, eps=1e-6),
        optax.add_decayed_weights(0.01, decays), per_leaf, optax.scale_by_schedule(lambda n: -schedule(n)))


class Fit:
    """One fine-tuning. `make_epoch(rng)` gives an epoch's batches."""

    def __init__(self, frozen, layers, label_count, kind_count, seed=1, lr=5e-5, head_lr=1e-3, smooth=0.0, kind_weight=0.0, layer_decay=1.0):
        self.frozen, self.seed = frozen, seed
        self.params = start(layers, label_count, kind_count, seed)
        self.options = (lr, head_lr, layer_decay)
        self.smooth, self.kind_weight = smooth, kind_weight

    def arrays(self, b):
        x = encoder.embed_tokens(self.frozen, b.ids, b.positions)
        return tuple(jnp.asarray(a) for a in (x, b.segments, b.sentence, b.whole, b.labels, b.weights, b.kinds))

    @staticmethod
    def noise(rng, b):
        shape = (encoder.DROP_SITES, b.ids.size, encoder.WIDTH)
        return jnp.asarray(np.frombuffer(rng.bytes(int(np.prod(shape))), np.uint8).reshape(shape))

    def run(self, make_epoch, epochs, say=None):
        rng = np.random.default_rng(self.seed)
        plan = [make_epoch(rng) for _ in range(epochs)]
        steps = sum(len(p) for p in plan)
        opt = optimizer(self.params, steps, *self.options)
        state = opt.init(self.params)
        step = _stepper(opt, self.smooth, self.kind_weight)
        done, begun, seen = 0, time.time(), []
        for batches in plan:
            for b in batches:
                self.params, state, loss = step(self.params, state, self.arrays(b), self.noise(rng, b))
                done += 1
                seen.append(loss)
                if say and done % 50 == 0:
                    recent = float(np.mean([float(v) for v in seen[-50:]]))
                    say(f"step {done}/{steps} loss {recent:.4f} {time.time() - begun:.0f} s")
        return self

    def score(self, batches):
        """Sentence logits by tag and kind logits by tag."""
        sentences, kinds = {}, {}
        for b in batches:
            x, segments, sentence, whole, labels, _, k = self.arrays(b)
            s, w = _scorer(self.params, x, segments, sentence, whole, labels.shape[0], k.shape[0])
            s, w = np.asarray(s), np.asarray(w)
            for i, tag in enumerate(b.sentence_tags):
                if tag >= 0:
                    sentences[int(tag)] = s[i]
            for i, tag in enumerate(b.window_tags):
                if tag >= 0:
                    kinds[int(tag)] = w[i]
        return sentences, kinds


def _stepper(opt, smooth, kind_weight):
    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(params, state, batch, noise):
        loss, grads = jax.value_and_grad(losses)(params, batch, noise, smooth, kind_weight)
        updates, state = opt.update(grads, state, params)
        return optax.apply_updates(params, updates), state, loss

    return step


@functools.partial(jax.jit, static_argnums=(5, 6))
def _scorer(params, x, segments, sentence, whole, slots, tops):
    return logits(params, x, segments, sentence, whole, slots, tops)
