"""The reader's encoder (BERT, 6 layers of 384) in JAX, for training.

Windows are packed several to a row with block-diagonal attention: short sentences then cost
what their tokens cost, and every step has one shape, so it is compiled once.

Source of the architecture: Devlin et al. 2018, post-norm, exact GELU, layer norm eps 1e-12.
"""

import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file

LAYERS, WIDTH, HEADS, EPS = 6, 384, 12, 1e-12
ROW = 128  # tokens in a row while training on short windows

# our name -> (safetensors name, is a matrix)
LAYER_TENSORS = {
    "attn_q": "attention.self.query",
    "attn_k": "attention.self.key",
    "attn_v": "attention.self.value",
    "attn_output": "attention.output.dense",
    "attn_output_norm": "attention.output.LayerNorm",
    "ffn_up": "intermediate.dense",
    "ffn_down": "output.dense",
    "layer_output_norm": "output.LayerNorm",
}


def load_base(folder):
    """Frozen embeddings and the six layers as {blk.N.name.weight|bias: array [out, in]}."""
    raw = load_file(str(Path(folder) / "model.safetensors"))
    raw = {k.removeprefix("bert."): v.astype(np.float32) for k, v in raw.items() if v.dtype.kind == "f"}
    frozen = {
        "token": raw["embeddings.word_embeddings.weight"],
        "position": raw["embeddings.position_embeddings.weight"],
        "type": raw["embeddings.token_type_embeddings.weight"][0],
        "norm_w": raw["embeddings.LayerNorm.weight"],
        "norm_b": raw["embeddings.LayerNorm.bias"],
    }
    layers = {}
    for n in range(LAYERS):
        for ours, theirs in LAYER_TENSORS.items():
            for part in ("weight", "bias"):
                layers[f"blk.{n}.{ours}.{part}"] = raw[f"encoder.layer.{n}.{theirs}.{part}"]
    return frozen, layers


def norm(x, w, b):
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    var = (centred * centred).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(var + EPS) * w + b


def embed_tokens(frozen, ids, positions):
    """Frozen part, done with NumPy once a batch: [tokens, WIDTH]."""
    x = frozen["token"][ids] + frozen["position"][positions] + frozen["type"]
    mean = x.mean(-1, keepdims=True)
    x = x - mean
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * frozen["norm_w"] + frozen["norm_b"]


KEEP_FROM = 26  # of 256: a dropout of .1016, drawn as bytes because that is quick
DROP_SITES = 2 * LAYERS + 1


def dropout(x, noise):
    """Zeroes where a random byte is small; `noise` None is evaluation."""
    return x if noise is None else jnp.where(noise >= KEEP_FROM, x * (256 / (256 - KEEP_FROM)), 0.0)


def linear_exact(x, w, b):
    return x @ w.T + b


@jax.custom_vjp
def linear(x, w, b):
    """x @ w.T + b with bfloat16 products and float32 sums, in both directions."""
    return _linear(x, w, b)[0]


def _linear(x, w, b):
    x, w = x.astype(jnp.bfloat16), w.astype(jnp.bfloat16)
    return jax.lax.dot_general(x, w, (((1,), (1,)), ((), ())), preferred_element_type=jnp.float32) + b, (x, w)


def _linear_back(kept, g):
    x, w = kept
    tokens, out = g.shape
    half = g.astype(jnp.bfloat16)
    # Transposed by way of three dimensions: XLA would fold a plain transpose into a product twice as slow.
    turned = half.reshape(tokens // 8, 8, out).transpose(2, 0, 1).reshape(out, tokens)
    plain = (((1,), (0,)), ((), ()))
    dx = jax.lax.dot_general(half, w, plain, preferred_element_type=jnp.float32)
    dw = jax.lax.dot_general(turned, x, plain, preferred_element_type=jnp.float32)
    return dx, dw, g.sum(0)


linear.defvjp(_linear, _linear_back)


def encode(layers, x, segments, noise=None):
    """Hidden states of embedded rows `x` [rows, length, WIDTH]; a token sees its own segment only.

    `segments` [rows, length] holds a window's number, 0 for padding. With `noise`
    ([DROP_SITES, rows * length, WIDTH] bytes) dropout is on and products are bfloat16.
    """
    rows, length, _ = x.shape
    depth = WIDTH // HEADS
    mask = jnp.where(segments[:, :, None] == segments[:, None, :], 0.0, -1e9)[:, None]
    product = linear_exact if noise is None else linear
    site = (lambda n: None) if noise is None else (lambda n: noise[n])

    flat = dropout(x.reshape(rows * length, WIDTH), site(2 * LAYERS))
    for n in range(LAYERS):

        def weights(name):
            return layers[f"blk.{n}.{name}.weight"], layers[f"blk.{n}.{name}.bias"]

        q, k, v = (
            product(flat, *weights(f"attn_{c}")).reshape(rows, length, HEADS, depth).transpose(0, 2, 1, 3) for c in "qkv"
        )
        att = jax.nn.softmax(jnp.einsum("rhqd,rhkd->rhqk", q, k) / math.sqrt(depth) + mask, -1)
        mixed = jnp.einsum("rhqk,rhkd->rhqd", att, v).transpose(0, 2, 1, 3).reshape(rows * length, WIDTH)
        mixed = dropout(product(mixed, *weights("attn_output")), site(2 * n))
        flat = norm(flat + mixed, *weights("attn_output_norm"))
        up = jax.nn.gelu(product(flat, *weights("ffn_up")), approximate=False)
        flat = norm(flat + dropout(product(up, *weights("ffn_down")), site(2 * n + 1)), *weights("layer_output_norm"))
    return flat.reshape(rows, length, WIDTH)
