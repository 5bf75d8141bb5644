//! How texts are split before bytes are merged, by the name in `tokenizer.ggml.pre`.
//!
//! Expressions are those of llama.cpp (`llm_tokenizer_bpe` in `llama-vocab.cpp`), each model's from
//! its publisher's `tokenizer.json`. A name that is not here is refused: a wrong split gives wrong
//! ids, and a model that reads them answers a little worse without anybody knowing why.

/// A way to split: each expression in turn splits what the ones before left.
pub(super) struct Split {
    pub(super) expressions: &'static [&'static str],
    /// Whether a piece that is a token as it stands is left whole, whatever the merges say.
    pub(super) whole_first: bool,
}

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The way of this name.
pub(super) fn named(name: &str) -> Option<Split> {
    let (expressions, whole_first): (&'static [&'static str], bool) = match name {
        "llama3" | "llama-v3" | "llama-bpe" => (&[LLAMA3], true),
        "smaug-bpe" | "dbrx" => (&[LLAMA3], false),
        "qwen2" | "stablelm2" | "deepseek-r1-qwen" => (&[QWEN2], false),
        "gpt-2" | "phi-2" | "mpt" | "olmo" | "jina-en" | "roberta-bpe" => (&[GPT2], false),
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" => (&[r"\p{N}", GPT2], false),
        "falcon" => (&[r"[\p{P}\$\+<=>\^~\|`]+", GPT2, r"[0-9][0-9][0-9]"], false),
        "deepseek-coder" => {
            (&[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+", r"\p{N}"], false)
        }
        _ => return None,
    };
    Some(Split { expressions, whole_first })
}
