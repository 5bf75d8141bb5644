//! Postroom: a private mail engine that lets mail wait.
//!
//! Each room is a folder, answers one question, and uses only rooms above it here; `tests/rooms.rs`
//! keeps it so. Start reading with [`cli`], or with the room whose question you have.
//!
//! | room | the question it answers |
//! |---|---|
//! | [`guard`] | what can this process reach, and what did it reach? |
//! | [`mail`] | what is a message? |
//! | [`attach`] | what does an attachment say? |
//! | [`store`] | where is mail kept? |
//! | [`models`] | which weights do we trust, and where do they lie? |
//! | [`accounts`] | whose mail, which server, which secret? |
//! | [`engine`] | numbers in, numbers out |
//! | [`intake`] | how does mail come in? |
//! | [`outbox`] | what may leave, and did it? |
//! | [`prompts`] | what words do we give a model? |
//! | [`search`] | where is it? |
//! | [`ledger`] | who asked, promised, decided what, by when? |
//! | [`triage`] | what deserves attention, how soon, and why? |
//! | [`ask`] | what is the answer, and where does it stand? |
//! | [`voice`] | how does this person write? |
//! | [`draft`] | what would they answer, and does this letter work without a meeting? |
//! | [`brief`] | what happened, and what needs a decision? |
//! | [`cli`] | what did the person ask, and how do we show it? |
//!
//! What is absent matters most: a room that can speak to a model cannot send, a room that can send
//! cannot speak to a model, and only `accounts`, `intake`, `outbox` and `models` can open a connection,
//! on the user's word.

pub mod accounts;
pub mod ask;
pub mod attach;
pub mod brief;
pub mod cli;
pub mod draft;
pub mod engine;
pub mod guard;
pub mod intake;
pub mod ledger;
pub mod mail;
pub mod models;
pub mod outbox;
pub mod prompts;
pub mod search;
pub mod store;
pub mod triage;
pub mod voice;
