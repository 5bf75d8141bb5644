//! How a query is written: said once, for `search --help`, `help search` and the manual page.

/// Below `search -h`.
pub(super) const SHORT: &str = "`postroom help search` says how a query is written.";

/// Below `search --help`.
pub(super) const HELP: &str = "\
How a query is written (search, count, triage, rules of the configuration):
  *                       all mail
  crane tuesday           bare words: mail with more of them comes first
  \"crane on tuesday\"      these words in this order; required
  +crane                  a word that is required
  crane AND lorry         both; so are from:ada to:me
  crane OR lorry          either
  NOT crane               without it; -crane is the same
  (crane OR lorry) -rain  brackets
  cran*                   words that begin so

Who and what (part of a name, an address, a domain or a title will do):
  from:ada                the sender; from:me is your own mail
  to:ada                  a receiver; to:me is mail to you
  cc:ada                  somebody copied on it
  subject:budget          the subject; so is subject:\"annual budget\"
  body:budget             the text
  filename:pdf            an attachment's name
  has:attachment          with an attachment; has:pdf, document,
                          spreadsheet, presentation, calendar,
                          message, archive, image, audio, video
  larger:2M               bigger than that; smaller:10k
  lang:de                 the language it is written in

Where and when (2026-03-02, 2026-03, 2026, today, yesterday, 3m):
  in:inbox                a folder
  label:work              a label (Gmail’s, or a keyword of your server)
  is:unread               or is:read, is:flagged
  before:2026-03-01       sent before that day
  after:2026-03-01        sent after it
  older_than:1y           days, weeks, months, years: 3d 2w 6m 1y
  newer_than:2w           the other side of it
  date:2026-01..2026-03   a day, a month or a span; or date:3m..

What Postroom made of it (only of mail judged so far; `triage '*'` judges
all there is):
  tier:today              now, today, normal, consider, fyi
  kind:newsletter         person, list, newsletter, promotion,
                          notification, transaction, calendar,
                          junk, suspicious; kind:list,junk: either
  due:..today             due by then
  is:owed                 you owe something; is:waiting: they do
  is:answered             you wrote after it

One message or thread:
  thread:7                a conversation
  id:7                    a message, as the lists number it
  mid:<a@example.org>     a message by its Message-ID

A query that begins with - stands behind --, so that it is no option:
  postroom search -- -from:ada crane";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search;

    /// What stands in the first column of the help, and further on where an operator is named.
    fn examples() -> Vec<&'static str> {
        HELP.lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter(|line| !line.contains("postroom"))
            .map(|line| line[2..26.min(line.len())].trim())
            .collect()
    }

    #[test]
    fn every_example_is_understood() {
        let examples = examples();
        assert!(examples.len() > 25, "{examples:?}");
        for example in examples {
            assert!(search::parse(example).is_ok(), "{example}");
        }
        for also in ["-crane", "smaller:10k", "is:read", "is:flagged", "is:waiting", "date:3m.."] {
            assert!(HELP.contains(also) && search::parse(also).is_ok(), "{also}");
        }
    }

    #[test]
    fn every_operator_is_explained() {
        let mut count = 0;
        for operator in search::operators() {
            count += 1;
            assert!(HELP.contains(&format!("{operator}:")), "{operator}: is not in the help");
        }
        assert!(count > 20);
    }
}
