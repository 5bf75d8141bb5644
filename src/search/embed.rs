//! Vectors for messages that have none yet.

use std::ops::ControlFlow;

use super::chunks::Piece;
use super::error::{Cause, Error};
use super::vectors::{Entry, Vectors};
use crate::mail::MessageId;

/// Pieces embedded and written together: enough to keep the reader busy, few enough that an
/// interruption costs little.
const BATCH_PIECES: usize = 64;

/// Whoever turns texts into vectors.
pub trait Embed {
    /// One vector a text, each of length 1.
    ///
    /// # Errors
    /// When the reader refuses; what was embedded before stays.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Cause>;
}

/// Makes and keeps the vectors of messages, in the order given; a message without pieces is noted
/// as done. Everything is on the disk batch by batch, so the next call can go on with what
/// [`Vectors::covered`] lacks. `progress` hears how many messages are done and may ask to stop; the
/// answer is how many were done.
///
/// # Errors
/// [`Error::Documents`] when the source breaks off, [`Error::Embed`] when the reader does; whole
/// batches before that are kept.
pub fn embed_messages<M, E>(
    vectors: &mut Vectors,
    reader: &dyn Embed,
    messages: M,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<u64, Error>
where
    M: IntoIterator<Item = Result<(MessageId, Vec<Piece>), E>>,
    E: Into<Cause>,
{
    let mut batch: Vec<(MessageId, Vec<Piece>)> = Vec::new();
    let (mut done, mut pieces) = (0, 0);
    for message in messages {
        let message = message.map_err(|cause| Error::Documents { source: cause.into() })?;
        pieces += message.1.len().max(1);
        batch.push(message);
        if pieces >= BATCH_PIECES {
            done += write(vectors, reader, &mut batch)?;
            pieces = 0;
            if progress(done).is_break() {
                return Ok(done);
            }
        }
    }
    done += write(vectors, reader, &mut batch)?;
    let _ = progress(done);
    Ok(done)
}

fn write(
    vectors: &mut Vectors,
    reader: &dyn Embed,
    batch: &mut Vec<(MessageId, Vec<Piece>)>,
) -> Result<u64, Error> {
    let texts: Vec<&str> =
        batch.iter().flat_map(|(_, pieces)| pieces.iter().map(|piece| piece.text.as_str())).collect();
    let embedded = if texts.is_empty() { Ok(Vec::new()) } else { reader.embed(&texts) };
    let embedded = embedded.map_err(|source| Error::Embed { source })?;
    if embedded.len() != texts.len() {
        let source = format!("{} vectors for {} texts", embedded.len(), texts.len()).into();
        return Err(Error::Embed { source });
    }
    let mut embedded = embedded.into_iter();
    let mut entries = Vec::with_capacity(texts.len());
    for (message, pieces) in batch.iter() {
        if pieces.is_empty() {
            entries.push(Entry { message: *message, piece: 0, vector: Vec::new() });
        }
        for (piece, vector) in (0_u16..).zip(embedded.by_ref().take(pieces.len())) {
            entries.push(Entry { message: *message, piece, vector });
        }
    }
    vectors.append(&entries)?;
    let messages_count = batch.len() as u64;
    batch.clear();
    Ok(messages_count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks only at a text's length.
    struct Lengths;

    impl Embed for Lengths {
        fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Cause> {
            if texts.iter().any(|text| text.contains("poison")) {
                return Err("no".into());
            }
            Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0, 0.0, 0.0]).collect())
        }
    }

    fn piece(text: &str) -> Piece {
        Piece { text: text.to_owned(), span: 0..text.len() }
    }

    fn message(id: i64, pieces: &[&str]) -> Result<(MessageId, Vec<Piece>), Cause> {
        Ok((MessageId(id), pieces.iter().map(|text| piece(text)).collect()))
    }

    #[test]
    fn batches_are_kept_when_the_reader_breaks_off() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("vectors");
        let mut vectors = Vectors::open(&path, [1; 32], 4).expect("open");
        let many = (0..100).map(|id| message(id, &["text", "more text"]));
        let then = std::iter::once(message(100, &["poison"]));
        let mut heard = Vec::new();
        let outcome = embed_messages(&mut vectors, &Lengths, many.chain(then), &mut |done| {
            heard.push(done);
            ControlFlow::Continue(())
        });
        assert!(matches!(outcome, Err(Error::Embed { .. })));
        let covered = Vectors::open(&path, [1; 32], 4).expect("open").covered().len();
        assert_eq!((covered, heard), (96, vec![32, 64, 96]));
    }

    #[test]
    fn messages_without_text_count_as_done() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("vectors");
        let mut vectors = Vectors::open(&path, [1; 32], 4).expect("open");
        let messages = [message(1, &[]), message(2, &["text"])];
        let done = embed_messages(&mut vectors, &Lengths, messages, &mut |_| ControlFlow::Break(()));
        assert_eq!(done.expect("done"), 2);
        assert_eq!((vectors.covered().len(), vectors.pieces_count()), (2, 1));
    }
}
