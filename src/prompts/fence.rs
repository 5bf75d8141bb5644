//! The fence around a stranger's words.

/// A fence with a mark of its own. One fence a prompt: a mark that was used before could be known.
#[derive(Clone, Debug)]
pub struct Fence {
    mark: String,
}

impl Fence {
    /// `random` is drawn anew for each prompt, from a source that a sender cannot foresee.
    pub fn new(random: u64) -> Self {
        Self { mark: format!("{random:016x}") }
    }

    /// The mark, 16 hexadecimal digits: it has no business in an answer.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The words between two lines with the mark. Should they hold the mark, it is taken out.
    pub fn around(&self, words: &str) -> String {
        let words = words.replace(&self.mark, "");
        format!("--- {} begins ---\n{}\n--- {} ends ---", self.mark, words.trim(), self.mark)
    }
}
