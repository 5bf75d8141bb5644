//! Where is it? Words, meaning, and both.
//!
//! An [`Index`] of words (derived from the store, made anew at will), [`Vectors`] of pieces of mail
//! beside it, and a query language of our own ([`parse()`]). [`Index::search`] joins both legs so that
//! meaning never drags words down. Nothing here reads a clock, speaks to a model or opens a
//! connection: the time, the question's vector and what only other rooms know come in as arguments.
//! Start with [`Document`] and [`Index::add`], then [`Index::search`].

mod attachments;
mod bits;
mod chunks;
mod concept;
mod document;
mod embed;
mod error;
#[cfg(test)]
mod eval;
mod feed;
mod filter;
mod find;
mod fuse;
mod index;
mod lexer;
mod map;
mod mend;
mod operators;
mod parse;
mod postings;
mod print;
pub mod query;
mod relevance;
mod scan;
mod snippet;
mod tokens;
mod vectors;
mod view;
mod words;
mod writer;

pub use attachments::{AttachedHit, attached_hit, attached_near, read_attachments};
pub use chunks::{PIECE_WORDS_MAX, PIECES_MAX, Piece, pieces};
pub use document::Document;
pub use embed::{Embed, embed_messages};
pub use error::{Cause, Error};
pub use feed::{Caught, Feed, catch_up, embed_missing, message_pieces};
pub use find::{Hit, Matched, Mode, Options};
pub use index::{Added, Index};
pub use operators::operators;
pub use query::{Fact, Facts, ParseError, Query, parse};
pub use relevance::Relevance;
pub use scan::{Near, Scan};
pub use snippet::{Marker, SNIPPET_CHARS, Snippet};
pub use vectors::{Entry, Vectors};
