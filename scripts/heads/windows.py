"""From text to packed rows: windows as the reader makes them, several to a row.

A window is '[CLS] subject [SEP] s1 s2 … [SEP]', or '[CLS] s1 … [SEP]' without a subject; every
piece is tokenised alone, and no special token is recognised inside text.
"""

from dataclasses import dataclass, field

import numpy as np
from tokenizers import Tokenizer

CLS, SEP = 101, 102
WINDOW_MAX = 256
SUBJECT_MAX = 32
SENTENCE_MAX = 64


class Pieces:
    """Tokenised texts, each kept once."""

    def __init__(self, path):
        self.tokenizer = Tokenizer.from_file(str(path))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.tokenizer.encode_special_tokens = True
        self.known = {}

    def __call__(self, text, limit=SENTENCE_MAX):
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return self.known[text][:limit]


@dataclass
class Window:
    """Token ids and, for each sentence in it, (start, end, labels, weight, tag)."""

    ids: list
    spans: list = field(default_factory=list)
    kind: int = -1
    tag: int = -1


def window(pieces, subject, sentences, limit, kind=-1, tag=-1):
    """`sentences`: (text, labels, weight, tag). Those that do not fit whole are left out, but the first is cut."""
    ids = [CLS]
    if subject is not None:
        ids += pieces(subject, SUBJECT_MAX) + [SEP]
    out = Window(ids, kind=kind, tag=tag)
    for text, labels, weight, name in sentences:
        piece = pieces(text, SENTENCE_MAX)
        room = limit - 1 - len(ids)
        if len(piece) > room and (out.spans or room < 4):
            break
        piece = piece[:room]
        if piece:
            out.spans.append((len(ids), len(ids) + len(piece), labels, weight, name))
            ids += piece
    ids.append(SEP)
    return out


@dataclass
class Batch:
    ids: np.ndarray  # [rows, length]
    positions: np.ndarray
    segments: np.ndarray  # window's number in its row, from 1; 0 pads
    sentence: np.ndarray  # [rows, length] sentence's slot, -1 none
    whole: np.ndarray  # [rows, length] window's slot, -1 none
    labels: np.ndarray  # [slots, labels]
    weights: np.ndarray  # [slots]
    kinds: np.ndarray  # [window slots], -1 unknown
    sentence_tags: np.ndarray
    window_tags: np.ndarray


def pack(windows, rows, length, label_count):
    """Fills batches of one shape, first fit; a window that no row has room for opens the next batch."""
    slots, tops = rows * length // 8, rows * length // 12
    waiting = list(windows)
    out = []
    while waiting:
        used, seg = [0] * rows, [0] * rows
        b = Batch(
            np.zeros((rows, length), np.int32), np.zeros((rows, length), np.int32), np.zeros((rows, length), np.int32),
            np.full((rows, length), -1, np.int32), np.full((rows, length), -1, np.int32),
            np.full((slots, label_count), np.nan, np.float32), np.zeros(slots, np.float32),
            np.full(tops, -1, np.int32), np.full(slots, -1, np.int64), np.full(tops, -1, np.int64),
        )
        s = w = missed = 0
        left = []
        for i, win in enumerate(waiting):
            n = len(win.ids)
            row = next((r for r in range(rows) if used[r] + n <= length), None)
            if row is None or w == tops or s + len(win.spans) > slots:
                left.append(win)
                missed += 1
                if missed >= 6:
                    left += waiting[i + 1 :]
                    break
                continue
            at = used[row]
            used[row] += n
            seg[row] += 1
            b.ids[row, at : at + n] = win.ids
            b.positions[row, at : at + n] = np.arange(n)
            b.segments[row, at : at + n] = seg[row]
            b.whole[row, at : at + n] = w
            b.kinds[w], b.window_tags[w] = win.kind, win.tag
            w += 1
            for start, end, labels, weight, tag in win.spans:
                b.sentence[row, at + start : at + end] = s
                b.labels[s, : len(labels)], b.weights[s], b.sentence_tags[s] = labels, weight, tag
                s += 1
        waiting = left
        out.append(b)
    return out
