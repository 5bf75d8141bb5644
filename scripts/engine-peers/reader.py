"""The embedded reader's encoder for other engines, made from models/reader.gguf.

    reader.py files FOLDER                      writes reader-q8.gguf, reader-f32.gguf and reader.onnx
    reader.py rate FILE.onnx THREADS TOKENS TEXTS    prints ONNX Runtime's tokens a second

The ONNX graph is the model's own (BERT: embeddings, six layers, mean), its weights the GGUF's as 32-bit
floats; ONNX Runtime's optimizer for BERT fuses it. reader-int8.onnx is its dynamic quantisation.
Wants gguf, numpy, onnx and onnxruntime (scripts/bench-engine puts them into a folder of their own).
"""

import json
import pathlib
import sys
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADS, LAYERS, WIDTH = 12, 6, 384


def tensors():
    import gguf

    found = gguf.GGUFReader(ROOT / "models/reader.gguf").tensors
    floats = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype("f4") for t in found}
    return floats, {t.name: (t.data, t.tensor_type) for t in found}


def gguf_file(path, plain):
    """A GGUF that llama.cpp reads: with the vocabulary, and in 32-bit floats if `plain`."""
    import gguf

    floats, stored = tensors()
    words = json.loads((ROOT / "models/reader-tokenizer.json").read_text())["model"]["vocab"]
    words = sorted(words, key=words.get)
    # llama.cpp's form of WordPiece: what begins a word is marked, what goes on is not.
    named = [w if w.startswith("[") and w.endswith("]") else w[2:] if w.startswith("##") else "\u2581" + w for w in words]
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(4 * WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(named)
    writer.add_token_types([3 if w in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]") else 1 for w in words])
    writer.add_token_type_count(2)
    for name, place in (("bos", "[CLS]"), ("eos", "[SEP]"), ("seperator", "[SEP]"), ("unknown", "[UNK]"), ("padding", "[PAD]"), ("mask", "[MASK]")):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", words.index(place))
    for name, values in floats.items():
        if plain or values.ndim == 1 or name in ("position_embd.weight", "token_types.weight"):
            writer.add_tensor(name, values)
        else:
            data, kind = stored[name]
            writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def onnx_file(path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    floats, _ = tensors()
    nodes, constants = [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(numpy.ascontiguousarray(values), name))
        return name

    def op(kind, *inputs, **attributes):
        out = f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def norm(x, name):
        parts = [constant(f"{name}.{part}", floats[f"{name}.{part}"]) for part in ("weight", "bias")]
        return op("LayerNormalization", x, *parts, axis=-1, epsilon=1e-12)

    def linear(x, name):
        weight = constant(name + ".w", floats[name + ".weight"].T)
        return op("Add", op("MatMul", x, weight), constant(name + ".b", floats[name + ".bias"]))

    split = constant("split", numpy.array([0, 0, HEADS, WIDTH // HEADS]))
    joined = constant("joined", numpy.array([0, 0, WIDTH]))
    x = op("Gather", constant("words", floats["token_embd.weight"]), "ids")
    x = op("Add", x, op("Gather", constant("places", floats["position_embd.weight"]), "positions"))
    x = op("Add", x, constant("kind", floats["token_types.weight"][0]))
    x = norm(x, "token_embd_norm")
    scale = constant("scale", numpy.array((WIDTH // HEADS) ** 0.5, dtype="f4"))
    for layer in range(LAYERS):
        name = f"blk.{layer}."
        heads = [
            op("Transpose", op("Reshape", linear(x, name + part), split), perm=perm)
            for part, perm in (("attn_q", [0, 2, 1, 3]), ("attn_k", [0, 2, 3, 1]), ("attn_v", [0, 2, 1, 3]))
        ]
        weights = op("Softmax", op("Div", op("MatMul", heads[0], heads[1]), scale), axis=-1)
        mixed = op("Transpose", op("MatMul", weights, heads[2]), perm=[0, 2, 1, 3])
        mixed = linear(op("Reshape", mixed, joined), name + "attn_output")
        x = norm(op("Add", mixed, x), name + "attn_output_norm")
        wide = op("Gelu", linear(x, name + "ffn_up"))
        x = norm(op("Add", linear(wide, name + "ffn_down"), x), name + "layer_output_norm")
    nodes.append(helper.make_node("ReduceMean", [x, constant("axis", numpy.array([1]))], ["out"], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "reader",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["texts", "tokens"]) for n in ("ids", "positions")],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["texts", WIDTH])],
        constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)


def session(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def rate(path, threads, tokens, texts):
    places = numpy.arange(tokens * texts)
    given = {
        "ids": (1000 + places * 7919 % 20000).reshape(texts, tokens),
        "positions": numpy.tile(numpy.arange(tokens), (texts, 1)),
    }
    model = session(path, threads)
    model.run(None, given)
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < 2:
        model.run(None, given)
        done += tokens * texts
    return done / (time.perf_counter() - start)


def main():
    if sys.argv[1] == "rate":
        print(rate(sys.argv[2], *(int(word) for word in sys.argv[3:6])))
        return
    folder = pathlib.Path(sys.argv[2])
    gguf_file(folder / "reader-q8.gguf", plain=False)
    gguf_file(folder / "reader-f32.gguf", plain=True)
    onnx_file(folder / "reader.onnx")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(folder / "reader.onnx", folder / "reader-int8.onnx", weight_type=QuantType.QInt8, per_channel=True)


main()
