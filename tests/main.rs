//! All tests that need the whole program: the table of rooms, flows through several commands, and
//! one file a command. One binary, so that it links once.

mod cli;
mod flows;
mod kit;
mod rooms;
