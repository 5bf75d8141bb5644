use std::error::Error as StdError;

/// What can be wrong with a model file or a computation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file's header cannot be read.
    #[error("reading the header of {file}")]
    Header {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: candle_core::Error,
    },
    /// A metadata value is absent or not usable.
    #[error("{file}: {key} {problem}")]
    Metadata {
        /// Which file.
        file: String,
        /// The metadata key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor is absent, or its shape, type or place in the file is not usable.
    #[error("{file}: tensor {tensor} {problem}")]
    Tensor {
        /// Which file.
        file: String,
        /// The tensor's name.
        tensor: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The tokenizer's file cannot be read.
    #[error("reading the tokenizer")]
    Tokenizer(#[source] Box<dyn StdError + Send + Sync>),
    /// A text could not be split into tokens.
    #[error("tokenising a text of {bytes} bytes")]
    Tokenize {
        /// The text's length.
        bytes: usize,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The encoder's pass did not succeed.
    #[error("running the encoder over {tokens} tokens")]
    Forward {
        /// Tokens in the pass.
        tokens: usize,
        /// Why.
        #[source]
        source: candle_core::Error,
    },
    /// A file cannot be opened.
    #[error("opening {file}")]
    Open {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is no GGUF, or its header does not hold together.
    #[error("{file} cannot be read: {problem}")]
    Foreign {
        /// Which file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The writer's pass did not succeed.
    #[error("running the writer over {tokens} tokens")]
    Decode {
        /// Tokens in the pass.
        tokens: usize,
        /// Why.
        #[source]
        source: candle_core::Error,
    },
    /// The reader was built without the heads that judge.
    #[error("judging sentences with a reader that has no heads")]
    NoHeads,
}
