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
    /// There is not enough memory for the weights.
    #[error("making room for {bytes} bytes of weights")]
    Memory {
        /// How much was wanted.
        bytes: usize,
        /// Why.
        #[source]
        source: std::io::Error,
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
    /// A chat template does not render.
    #[error("rendering the model's chat template")]
    Template(#[source] minijinja::Error),
    /// A chat template leaves out what somebody says.
    #[error("rendering the model's chat template: it leaves out turn {turn}")]
    TurnLeftOut {
        /// Which turn, from 0.
        turn: usize,
    },
    /// The model's file has no chat template.
    #[error("rendering a prompt: the model has no chat template")]
    NoTemplate,
    /// A prompt without a token.
    #[error("running the writer on an empty prompt")]
    EmptyPrompt,
    /// A pass gave logits of which none is a number, or a grammar allowed no token.
    #[error("choosing a token: none is possible")]
    NoToken,
    /// A prompt does not fit the model's window.
    #[error("a prompt of {tokens} tokens does not fit a window of {window_tokens}")]
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Tokens of the window.
        window_tokens: usize,
    },
    /// A grammar that cannot be kept to.
    #[error("preparing a grammar: {problem}")]
    Grammar {
        /// What is wrong with it.
        problem: String,
    },
    /// A label that cannot be told from another.
    #[error("label {label:?} is empty, or begins as another does")]
    Label {
        /// Which label.
        label: String,
    },
    /// The reader was built without the heads that judge.
    #[error("judging sentences with a reader that has no heads")]
    NoHeads,
}
