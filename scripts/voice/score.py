"""Scores drafts written down by src/draft/eval.rs: `score.py voice|draft FILE`.

See scripts/eval-voice and scripts/eval-draft for what is measured.
"""

import collections
import json
import random
import re
import sys

import numpy
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

NOBODY = "without examples"
POOLED = 5
DRAWN = 2000
EARLIER_MAX = 400
CLOSINGS = "thanks thank thx regards best cheers sincerely yours kind warm cordially love ciao".split()
DAYS = ("monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
        "september october november december today tomorrow tonight yesterday noon midnight").split()
# Capitalised within a sentence without naming anything.
PLAIN = set("I I'm I'll I've I'd OK Okay FYI PS P.S. Re Please Thanks Thank Hi Hello Dear Best Regards Yes No".split())


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# --- sounds like me ---

def masked(text):
    """The text without sign-off; every word written large within a sentence, address and number masked."""
    lines = [line.strip() for line in text.split("\n")]
    while lines and (not lines[-1] or is_closing(lines[-1])):
        lines.pop()
    text = "\n".join(lines)
    text = re.sub(r"\S+@\S+|https?://\S+|www\.\S+", "@", text)
    text = re.sub(r"\d+", "0", text)
    return re.sub(r"(?<=[^\s.!?:][ ,;])[ ]*[A-Z][\w'’-]*", lambda word: " X" if word[0].strip() not in PLAIN else word[0], text)


def is_closing(line):
    words = re.findall(r"[\w'’]+", line)
    short = len(words) <= 4
    closes = bool(words) and words[0].lower() in CLOSINGS
    named = not line.endswith((".", "!", "?", ":")) and all(word[:1].isupper() for word in words)
    return short and (closes or named)


def sample(row):
    """Greeting with its name masked, and the text: the sign-off is left out."""
    greeting = re.sub(r"(?<=[ /,])[A-Z][\w'’-]*", "X", row["greeting"])
    greeting = re.sub(r"^(?!Hi|Hello|Hey|Dear|Good|All)[A-Z][\w'’-]*", "X", greeting)
    text = row["text"]
    # `Mark:  I have ...` on one line is a greeting too.
    text = re.sub(r"\A[A-Z][\w'’-]+(?:(?: and |/|, | & )[A-Z][\w'’-]+)*\s*(?=[:,]|\s-)", "X", text)
    return (greeting + "\n" + masked(text)).strip()


class Attribution:
    """Linear support vectors over 1- to 5-grams of characters and 1- and 2-grams of words."""

    def __init__(self, texts, labels):
        self.chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), min_df=3, max_features=150_000, sublinear_tf=True, lowercase=False)
        self.words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=100_000, sublinear_tf=True, token_pattern=r"\S+")
        features = hstack([self.chars.fit_transform(texts), self.words.fit_transform(texts)]).tocsr()
        self.model = LinearSVC(C=1.0, class_weight="balanced").fit(features, labels)

    def scores(self, texts):
        found = self.model.decision_function(hstack([self.chars.transform(texts), self.words.transform(texts)]).tocsr())
        return found if found.ndim == 2 else numpy.stack([-found, found], axis=1)


def shares(scores, labels, classes, rng):
    """By writer: the share attributed rightly of single texts, and of pools of five."""
    single, pooled = {}, {}
    classes = list(classes)
    for writer in sorted(set(labels)):
        rows = [row for row, label in zip(scores, labels) if label == writer]
        right = classes.index(writer)
        single[writer] = [int(row.argmax() == right) for row in rows]
        pools = [rng.sample(rows, POOLED) for _ in range(200)] if len(rows) >= POOLED else []
        pooled[writer] = [int(sum(pool).argmax() == right) for pool in pools]
    return single, pooled


def mean_of_writers(by_writer, rng):
    """The mean over writers, and its 95 % interval over writers drawn again."""
    means = [numpy.mean(hits) for hits in by_writer.values() if hits]
    if not means:
        return float("nan"), float("nan"), float("nan")
    drawn = sorted(numpy.mean(rng.choices(means, k=len(means))) for _ in range(DRAWN))
    return numpy.mean(means), drawn[DRAWN // 40], drawn[-(DRAWN // 40) - 1]


def voice(rows):
    rng = random.Random(1)
    for set_ in ["aeslc", "voices"]:
        here = [row for row in rows if row["set"] == set_]
        earlier, held = collections.defaultdict(list), []
        for row in here:
            if row["what"] == "earlier":
                earlier[row["writer"]].append(sample(row))
            elif row["what"] == "held out":
                held.append((row["writer"], sample(row)))
        texts = [(writer, text) for writer, all_ in earlier.items() for text in all_[-EARLIER_MAX:] if text]
        held = [(writer, text) for writer, text in held if text]
        print(f"{set_}: {len(earlier)} writers, {len(texts)} earlier mails, {len(held)} held out; chance {1 / (len(earlier) + 1):.2f}")
        print(f"  {'':<12} {'one':<20} {'five pooled':<20} said to be without examples; drafts")
        for by in dict.fromkeys(row["by"] for row in here if row["by"]):
            made = [row for row in here if row["by"] == by]
            nobody = [(NOBODY, sample(row)) for row in made if row["what"] == "without"]
            drafts = [(row["writer"], sample(row)) for row in made if row["what"] == "with"]
            learn = texts + nobody
            model = Attribution([text for _, text in learn], [label for label, _ in learn])
            classes = model.model.classes_
            for name, test in [("real mail", held)] * (by == "reader") + [(by, drafts)]:
                scores = model.scores([text for _, text in test])
                single, pooled = shares(scores, [label for label, _ in test], classes, rng)
                one, five = mean_of_writers(single, rng), mean_of_writers(pooled, rng)
                nobodys = numpy.mean(scores.argmax(axis=1) == list(classes).index(NOBODY))
                shown = [f"{all_[0]:.2f} [{all_[1]:.2f}, {all_[2]:.2f}]" if all_[0] == all_[0] else "too few drafts" for all_ in (one, five)]
                print(f"  {name:<12} {shown[0]:<20} {shown[1]:<20} {nobodys:.2f}; {len(test)}")


# --- without copying or inventing ---

def words_of(text):
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)?", text.lower())


def grams(text, n=8):
    words = words_of(text)
    return {tuple(words[at:at + n]) for at in range(len(words) - n + 1)}


def without_gaps(text):
    return re.sub(r"\[…[^\]\n]*\]", " ", text)


def facts(text):
    """Addresses, links, what has a digit, days and months, and names: words written large that open no sentence."""
    text = without_gaps(text)
    found = re.findall(r"[\w.+-]+@[\w.-]+\w|https?://\S+|www\.\S+", text)
    text = re.sub(r"[\w.+-]+@[\w.-]+\w|https?://\S+|www\.\S+", " ", text)
    opens = True
    for token in re.findall(r"[“”\"„«»(\[]|\S+?(?=[“”\"„«»()\]]|\s|$)|\n", text):
        if token in "“”\"„«»([\n":
            opens = True
            continue
        word = token.strip(".,;:!?)…'’*")
        word = re.sub(r"['’]s$", "", word)
        listed = opens and re.fullmatch(r"\d{1,2}[.)]", token)
        if word and not listed:
            large = word[:1].isupper() and len(word) > 1 and word not in PLAIN
            if any(c.isdigit() for c in word) or word.lower() in DAYS and word.lower() != "may" or large and (not opens or not word[1:].islower()):
                found.append(word)
        opens = token[-1] in ".!?:…" or (opens and not word)
    return found


def stands(fact, known):
    return re.search(rf"(?<!\w){re.escape(fact.lower())}(?!\w)", known) is not None


def is_named(ask, text):
    """Whether most words of an ask that mean something stand in the text, in any of their forms."""
    stems = lambda words: {word[:5] for word in words if len(word) > 3}
    wanted, there = stems(words_of(ask)), stems(words_of(text))
    return len(wanted & there) * 2 >= len(wanted) if wanted else any(word in words_of(text) for word in words_of(ask))


def drawn(rows, measure, rng):
    """The measure, and its 95 % interval over people drawn again."""
    people = collections.defaultdict(list)
    for row in rows:
        people[row["writer"]].append(row)
    people = [people[name] for name in sorted(people)]
    found = (measure([row for all_ in rng.choices(people, k=len(people)) for row in all_]) for _ in range(DRAWN // 4))
    found = sorted(value for value in found if value == value)
    if not found:
        return "nothing to measure"
    return f"{measure(rows):.3f} [{found[len(found) // 40]:.3f}, {found[-(len(found) // 40) - 1]:.3f}]"


def share(pairs):
    hits, of = map(sum, zip(*pairs)) if pairs else (0, 0)
    return hits / of if of else float("nan")


def draft(rows):
    earlier, text_of_earlier = collections.defaultdict(set), collections.defaultdict(list)
    for row in rows:
        if row["what"] == "earlier":
            earlier[row["writer"]] |= grams(row["text"])
            text_of_earlier[row["writer"]].append(" ".join([row["greeting"], row["text"], row["sign_off"]]).lower())
    archive = {writer: "\n".join(all_) for writer, all_ in text_of_earlier.items()}
    rng = random.Random(1)
    for by in dict.fromkeys(row["by"] for row in rows if row["by"]):
        made = [row for row in rows if row["by"] == by and row["what"] == "with"]
        for row in made:
            known = "\n".join([row.get("mail", ""), row.get("subject", ""), row["say"], row["own"]])
            mine = grams(without_gaps(row["text"])) - grams(known)
            row["copied"] = (len(mine & earlier[row["writer"]]), len(mine))
            known = known.lower()
            loose = [fact for fact in facts(row["text"]) if not stands(fact, known)]
            row["loose"] = len(loose)
            row["invented"] = sum(not stands(fact, archive[row["writer"]]) for fact in loose)
            asks = row.get("asks", [])
            row["named"] = (sum(is_named(ask, row["body"]) for ask in asks), len(asks))
            row["open"] = (row["body"].count("[…") if asks else 0, len(asks))
            questions = re.findall(r"[^.!?\n]+\?", row.get("mail", ""))
            questions = [ask for ask in questions if len(words_of(ask)) >= 3]
            row["questions"] = (sum(is_named(ask, row["body"]) for ask in questions), len(questions))
        own = sum(row["written_by"] != "your past replies" for row in made)
        replies = [row for row in made if row["form"] == "reply"]
        print(f"{by}: {len(made)} drafts, {len(replies)} of them answers" + (f", {own} with the writer's own text" if by != "reader" else ""))
        copies = drawn(made, lambda part: share([row["copied"] for row in part]), rng)
        print(f"  8-grams that stand in earlier mail   {copies}; drafts with any {numpy.mean([row['copied'][0] > 0 for row in made]):.3f}")
        for key, what in [("loose", "facts of neither mail nor say, in 50"), ("invented", "… that stand nowhere at all, in 50"), ("nowhere", "… as the drafts themselves say, in 50")]:
            print(f"  {what:<36} {drawn(made, lambda part: 50 * sum(row[key] for row in part) / len(part), rng)}")
        asks = sum(row["named"][1] for row in replies)
        print(f"  asks named, of {asks:<21} {drawn(replies, lambda part: share([row['named'] for row in part]), rng)}; gaps an ask {share([row['open'] for row in replies]):.3f}")
        questions = sum(row["questions"][1] for row in replies)
        print(f"  questions named, of {questions:<16} {drawn(replies, lambda part: share([row['questions'] for row in part]), rng)}")
        put_aside = collections.Counter(re.sub(r"[:“].*", "", warning.split("put aside: ")[1]) for row in made for warning in row["warnings"] if "put aside: " in warning)
        for why, count in put_aside.most_common(4):
            print(f"  put aside: {why.strip()}, {count} times")


if __name__ == "__main__":
    {"voice": voice, "draft": draft}[sys.argv[1]](read(sys.argv[2]))
