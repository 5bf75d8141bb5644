//! One file a command, and two that ask the same of all: bad input, and a stranger's characters.

mod account;
mod ask;
mod bad_input;
mod change;
mod day;
mod doctor;
mod export;
mod help;
mod import;
mod index;
mod letters;
mod log;
mod model;
mod read;
mod saved;
mod search;
mod show;
mod strange_characters;
mod teach;
