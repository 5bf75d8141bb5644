//! Several commands after one another: what went in comes out again, whatever happens between.

mod attachments;
mod disk;
mod fetch;
mod fetch_refused;
mod hostile;
mod index;
mod interrupted;
mod oauth;
mod push;
mod round_trip;
mod send;
mod sockets;
mod store;
mod sync;
mod tls;
mod watch;
