//! Text to `WordPiece` ids.
//!
//! The vocabulary and rules come from `tokenizer.json`. Special tokens are never recognised inside
//! text: `[SEP]` in a mail is the three plain tokens `[`, `sep`, `]`, so that a stranger's words
//! cannot end a sentence or a window (see `notes` of BERT's reference: `never_split` is what is
//! switched off here).

use tokenizers::Tokenizer as WordPiece;

use super::Error;

/// Bytes of a text that are looked at when only its first tokens are wanted. 64 KiB hold far more
/// than 256 tokens of any writing; without a bound, a megabyte without blanks is one costly word.
const LOOK_BYTES_MAX: usize = 64 * 1024;
/// Bytes tokenised at once when a whole text is counted.
const PIECE_BYTES: usize = 16 * 1024;

/// The reader's tokenizer.
pub(super) struct Tokenizer {
    inner: WordPiece,
    cls: u32,
    sep: u32,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub(super) fn from_bytes(json: &[u8]) -> Result<Self, Error> {
        let mut inner = WordPiece::from_bytes(json).map_err(Error::Tokenizer)?;
        inner.set_encode_special_tokens(true);
        inner.with_padding(None);
        inner.with_truncation(None).map_err(Error::Tokenizer)?;
        let special = |token: &str| {
            let missing = || Error::Tokenizer(format!("the vocabulary has no {token}").into());
            inner.token_to_id(token).ok_or_else(missing)
        };
        let (cls, sep) = (special("[CLS]")?, special("[SEP]")?);
        Ok(Self { inner, cls, sep })
    }

    /// The id of `[CLS]`, which opens every sequence.
    pub(super) fn cls(&self) -> u32 {
        self.cls
    }

    /// The id of `[SEP]`, which closes every sequence.
    pub(super) fn sep(&self) -> u32 {
        self.sep
    }

    /// One more than the largest id.
    pub(super) fn size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The first `max` tokens of a text, without special tokens.
    pub(super) fn first(&self, text: &str, max: usize) -> Result<Vec<u32>, Error> {
        let mut look = max.saturating_mul(16).clamp(64, LOOK_BYTES_MAX);
        loop {
            let prefix = up_to(text, look);
            let mut ids = self.encode(prefix)?;
            if ids.len() >= max || prefix.len() == text.len() || look >= LOOK_BYTES_MAX {
                ids.truncate(max);
                return Ok(ids);
            }
            look = (look * 4).min(LOOK_BYTES_MAX);
        }
    }

    /// How many tokens a whole text has, without special tokens.
    pub(super) fn count(&self, text: &str) -> usize {
        let mut rest = text;
        let mut count = 0;
        while !rest.is_empty() {
            let piece = up_to(rest, PIECE_BYTES);
            // A text that cannot be tokenised has no tokens; `first` reports why.
            count += self.encode(piece).map_or(0, |ids| ids.len());
            rest = &rest[piece.len()..];
        }
        count
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let encoding = self
            .inner
            .encode_fast(text, false)
            .map_err(|source| Error::Tokenize { bytes: text.len(), source })?;
        Ok(encoding.get_ids().to_vec())
    }
}

/// The longest prefix of at most `bytes` that ends before a blank, so that no word is cut; a prefix
/// without any blank is cut at a character.
fn up_to(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let prefix = &text[..text.floor_char_boundary(bytes)];
    match prefix.rfind(char::is_whitespace) {
        Some(at) if at > 0 => &prefix[..at],
        _ => prefix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer() -> Tokenizer {
        Tokenizer::from_bytes(crate::models::TOKENIZER).expect("the embedded tokenizer")
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let tokenizer = tokenizer();
        let ids = tokenizer.first(text, 1000).expect("tokens");
        let tokens: Vec<_> = ids.iter().filter_map(|&id| tokenizer.inner.id_to_token(id)).collect();
        assert_eq!(tokens, expected);
        assert_eq!(tokenizer.count(text), expected.len());
    }

    #[test]
    fn words_are_lower_cased_and_split() {
        check("Could you send it?", &["could", "you", "send", "it", "?"]);
        check("Unaffordable, naïve", &["una", "##ff", "##ord", "##able", ",", "naive"]);
        check("", &[]);
        check(" \r\n\t ", &[]);
        check("日本", &["日", "本"]);
    }

    #[test]
    fn special_tokens_in_text_are_plain_characters() {
        check("a [SEP] b", &["a", "[", "sep", "]", "b"]);
        check("[CLS][MASK][PAD]", &["[", "cl", "##s", "]", "[", "mask", "]", "[", "pad", "]"]);
        check("[UNK]", &["[", "un", "##k", "]"]);
    }

    #[test]
    fn looking_at_a_prefix_gives_the_same_first_tokens() {
        let text = "The quarterly figures, as discussed: 1,204 units (see page 7). ".repeat(400);
        let tokenizer = tokenizer();
        let all = tokenizer.encode(&text).expect("tokens");
        for max in [0, 1, 7, 254, 1000] {
            assert_eq!(tokenizer.first(&text, max).expect("tokens"), all[..max], "{max}");
        }
        assert_eq!(tokenizer.count(&text), all.len());
    }

    #[test]
    fn text_without_blanks_is_bounded() {
        let tokenizer = tokenizer();
        let ids = tokenizer.first(&"x".repeat(3_000_000), 254).expect("tokens");
        assert_eq!(ids.len(), 1);
        let ids = tokenizer.first(&"語".repeat(1_000_000), 254).expect("tokens");
        assert_eq!(ids.len(), 254);
        let blanks = " ".repeat(3_000_000) + "late";
        assert!(tokenizer.first(&blanks, 254).expect("tokens").is_empty());
    }

    #[test]
    fn other_files_are_refused() {
        assert!(Tokenizer::from_bytes(b"").is_err());
        assert!(Tokenizer::from_bytes(b"{\"model\": 3}").is_err());
    }
}
