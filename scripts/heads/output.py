"""Writes the heads as GGUF, reads them back, and works out what they say with the numbers as stored."""

import json

import gguf
import jax.numpy as jnp
import numpy as np
from gguf.quants import dequantize, quantize

import blend
import corpus
import encoder
import trainer
import windows
import words

VERSION = 1
Q8 = gguf.GGMLQuantizationType.Q8_0


def write(path, params, bag, mix, temperature):
    """`params`: layers and head as the trainer keeps them; matrices are [out, in]."""
    w = gguf.GGUFWriter(str(path), "bert")
    w.add_name("Postroom heads")
    w.add_license("apache-2.0")
    add_shape(w)
    w.add_uint32("postroom.head.version", VERSION)
    w.add_array("postroom.head.sentence_labels", corpus.LABELS)
    w.add_array("postroom.head.kind_labels", corpus.KINDS)
    for label in corpus.LABELS:
        w.add_float32(f"postroom.head.temperature.{label}", 1.0)
    w.add_float32("postroom.head.temperature.sentence", 1.0)
    w.add_float32("postroom.head.temperature.kind", temperature)
    w.add_uint32("postroom.head.words.size", words.SIZE)
    w.add_string("postroom.head.words.hash", "fnv1a-32")
    w.add_string("postroom.head.words.features",
                 "lower-cased runs of alphanumerics or ', and ? and ! alone; single words and pairs joined by a blank; each once; length 1")
    w.add_string("postroom.head.mix.columns", "encoder,words,constant")
    add_layers(w, params["layers"])
    head = params["head"]
    w.add_tensor("head.sentence.weight", np.ascontiguousarray(head["sentence_w"][:4]))
    w.add_tensor("head.sentence.bias", np.ascontiguousarray(head["sentence_b"][:4]))
    w.add_tensor("head.kind.weight", np.ascontiguousarray(head["kind_w"]))
    w.add_tensor("head.kind.bias", np.ascontiguousarray(head["kind_b"]))
    w.add_tensor("head.words.weight", bag.weight.astype(np.float16))
    w.add_tensor("head.words.bias", bag.bias.astype(np.float32))
    w.add_tensor("head.mix", np.ascontiguousarray(mix, np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def add_shape(w):
    w.add_context_length(windows.WINDOW_MAX)
    w.add_embedding_length(encoder.WIDTH)
    w.add_feed_forward_length(4 * encoder.WIDTH)
    w.add_block_count(encoder.LAYERS)
    w.add_head_count(encoder.HEADS)
    w.add_layer_norm_eps(encoder.EPS)


def add_layers(w, layers):
    for name in sorted(layers, key=lambda n: (int(n.split(".")[1]), n)):
        array = np.ascontiguousarray(layers[name], np.float32)
        if array.ndim == 2:
            w.add_tensor(name, quantize(array, Q8), raw_dtype=Q8)
        else:
            w.add_tensor(name, array)


def coarse(frozen):
    """The embeddings with their table rounded as the reader's file has it."""
    table = frozen["token"]
    return {**frozen, "token": dequantize(quantize(table, Q8), Q8).reshape(table.shape)}


class Heads:
    """The file's numbers, dequantized; judges windows as the reader does."""

    def __init__(self, path, frozen):
        reader = gguf.GGUFReader(str(path))
        self.tensors = {}
        for t in reader.tensors:
            shape = tuple(int(d) for d in reversed(t.shape))
            self.tensors[t.name] = np.asarray(dequantize(t.data, t.tensor_type), np.float32).reshape(shape)
        self.temperature = float(reader.fields["postroom.head.temperature.kind"].contents())
        words.SIZE = self.tensors["head.words.weight"].shape[1]
        self.frozen = coarse(frozen)
        t = self.tensors
        self.params = {
            "layers": {k: jnp.asarray(v) for k, v in t.items() if k.startswith("blk.")},
            "head": {
                "sentence_w": jnp.asarray(t["head.sentence.weight"]), "sentence_b": jnp.asarray(t["head.sentence.bias"]),
                "kind_w": jnp.asarray(t["head.kind.weight"]), "kind_b": jnp.asarray(t["head.kind.bias"]),
            },
        }

    def judge(self, pieces, subject, sentences):
        return judge(self.params, self.frozen, self.tensors["head.words.weight"], self.tensors["head.words.bias"],
                     self.tensors["head.mix"], self.temperature, pieces, subject, sentences)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def judge(params, frozen, weight, bias, mix, temperature, pieces, subject, sentences):
    """(kind probabilities, [probabilities of a sentence's labels]) of one window, in float32."""
    row = [(s, np.full(4, np.nan), 0.0, i) for i, s in enumerate(sentences)]
    made = windows.window(pieces, subject, row, windows.WINDOW_MAX)
    (batch,) = windows.pack([made], 1, windows.WINDOW_MAX, 4)
    x = encoder.embed_tokens(frozen, batch.ids, batch.positions)
    z, k = trainer._scorer(params, jnp.asarray(x), batch.segments, batch.sentence, batch.whole, 32, 21)
    z = np.asarray(z)[: len(made.spans), :4]
    v = words.matrix(sentences[: len(made.spans)]) @ weight.T + bias
    k = np.asarray(k)[0] / temperature
    k = np.exp(k - k.max())
    return k / k.sum(), sigmoid(blend.apply(mix, z, v))


def verify(path, params, frozen, bag, mix, temperature, pieces, data, count=300):
    """Largest difference of a probability between the file and the float model, on `count` sentences."""
    heads = Heads(path, frozen)
    rng = np.random.default_rng(5)
    worst = 0.0
    params = {part: {n: jnp.asarray(a) for n, a in group.items()} for part, group in params.items()}
    texts = [s.text for s in data.sentences]
    for i in range(0, count, 3):
        some = [texts[j] for j in rng.integers(len(texts), size=3)]
        subject = None if i % 2 else "About the plan"
        ours, exact = heads.judge(pieces, subject, some), judge(params, frozen, bag.weight, bag.bias, mix, temperature, pieces, subject, some)
        worst = max(worst, float(np.abs(ours[0] - exact[0]).max()), float(np.abs(ours[1] - exact[1]).max()))
    assert worst < 0.02, worst
    return round(worst, 5)


def golden(target, path, frozen, pieces):
    """Messages made up for the engine's test, with what the stored numbers say of them."""
    heads = Heads(path, frozen)
    out = []
    for case in json.loads((corpus.Path(__file__).parent / "golden.json").read_text(encoding="utf-8")):
        subject = case["subject"] or None
        kind, rows = heads.judge(pieces, subject, case["sentences"])
        out.append({
            "subject": case["subject"], "sentences": case["sentences"],
            "kind": {name: round(float(p), 4) for name, p in zip(corpus.KINDS, kind)},
            "scores": [{name: round(float(p), 4) for name, p in zip(corpus.LABELS, row)} for row in rows],
        })
    with open(target, "w", encoding="utf-8") as file:
        json.dump({"tolerance": 0.03, "messages": out}, file, indent=1, ensure_ascii=False)
        file.write("\n")
