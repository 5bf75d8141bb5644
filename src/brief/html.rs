//! The brief as one page of HTML: no script, nothing fetched, everything escaped.

use std::fmt::Write as _;

use super::{Brief, Line, Section, SinceLast};
use crate::ledger::shorten;
use crate::mail::when::{Zone, full};

/// Characters of a quote on the page.
const QUOTE_CHARS_MAX: usize = 260;

/// The brief as one self-contained file in `zone`'s times.
pub fn html(brief: &Brief, zone: &Zone) -> String {
    let mut page = String::with_capacity(16_384);
    let date = crate::mail::when::local_date(brief.as_of, zone);
    let day = format!("{:04}-{:02}-{:02}", date.year, date.month, date.day);
    page.push_str(HEAD);
    let _ = write!(
        page,
        "<title>Brief of {day}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n\
         <h1>Brief</h1>\n<p class=\"when\"><time>{}</time></p>\n",
        full(brief.as_of, zone)
    );
    tally(&mut page, brief);
    page.push_str("</header>\n");
    let mut any = false;
    for section in Section::ALL {
        let lines: Vec<&Line> = brief.section(section).collect();
        if lines.is_empty() {
            continue;
        }
        any = true;
        let _ = writeln!(
            page,
            "<section id=\"{}\">\n<h2>{}</h2>\n<ol>",
            section.as_str(),
            section.title()
        );
        for line in lines {
            item(&mut page, line, zone);
        }
        page.push_str("</ol>\n</section>\n");
    }
    if !any {
        page.push_str("<p class=\"nothing\">Nothing needs you.</p>\n");
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn tally(page: &mut String, brief: &Brief) {
    let counts = brief.counts();
    page.push_str("<ul class=\"counts\">\n");
    for section in Section::ALL {
        let count = counts.get(section.as_str()).copied().unwrap_or(0);
        if count > 0 {
            let _ = writeln!(
                page,
                "<li><a href=\"#{}\"><b>{count}</b> {}</a></li>",
                section.as_str(),
                section.title().to_lowercase()
            );
        }
    }
    page.push_str("</ul>\n");
}

fn item(page: &mut String, line: &Line, zone: &Zone) {
    let class = match line.since_last {
        SinceLast::New => "new",
        SinceLast::Still => "still",
        SinceLast::Settled => "settled",
    };
    let tier = line.tier.map_or("", triage_class);
    let _ = write!(page, "<li class=\"{class}{tier}\">\n<p class=\"line\">");
    match line.text.split_once(": ") {
        Some((who, words)) => {
            let _ = write!(page, "<b>{}</b> {}", escaped(who), escaped(words));
        }
        None => page.push_str(&escaped(&line.text)),
    }
    page.push_str("</p>\n<p class=\"marks\">");
    if line.since_last == SinceLast::Settled {
        page.push_str("<span class=\"done\">settled</span> ");
    } else if line.since_last == SinceLast::New {
        page.push_str("<span class=\"fresh\">new</span> ");
    }
    if let Some(due) = line.due {
        let class = if line.late { "late" } else { "due" };
        let word = if line.late { "was due" } else { "due" };
        // The page is kept: what is "tomorrow" now is not when it is read.
        let _ = write!(page, "<span class=\"{class}\">{word} {}</span> ", full(due, zone));
    }
    if let Some(by) = &line.written_by {
        let _ = write!(page, "<span class=\"by\">{}</span> ", escaped(by));
    }
    let ids: Vec<String> =
        line.sources.iter().take(12).map(|source| source.id.0.to_string()).collect();
    let _ = writeln!(page, "<span class=\"ids\">{}</span></p>", ids.join(", "));
    let shown = escaped(&line.text);
    for source in line.sources.iter().take(3) {
        let quote = escaped(&shorten(&source.quote, QUOTE_CHARS_MAX));
        if !quote.is_empty() && !shown.contains(&quote) {
            let _ = writeln!(page, "<blockquote>{quote}</blockquote>");
        }
    }
    page.push_str("</li>\n");
}

fn triage_class(tier: crate::triage::Tier) -> &'static str {
    match tier {
        crate::triage::Tier::Now => " now",
        crate::triage::Tier::Today => " today",
        _ => "",
    }
}

/// Text that cannot be anything but text: markup escaped, control and direction characters gone.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            _ if c.is_control() || is_invisible(c) => {}
            _ => out.push(c),
        }
    }
    out
}

/// Marks that turn the direction of text or are not seen at all (bidi controls, tags, zero widths).
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{E0000}'..='\u{E007F}' | '\u{061C}'
    )
}

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";

const STYLE: &str = "
:root { --ink: #22252a; --soft: #6a7078; --line: #e3e1dc; --paper: #fbfaf7; --card: #ffffff;
  --hot: #b3261e; --warm: #9a5b00; --cool: #2f5d8a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e4df; --soft: #9aa0a8; --line: #34373c; --paper: #17191c; --card: #1f2226;
    --hot: #ff8a80; --warm: #f0b357; --cool: #8fbbe8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 Charter, 'Bitstream Charter', Georgia, serif; }
main { max-width: 42rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 2rem; line-height: 1.1; margin: 0; letter-spacing: -.01em; }
.when { margin: .3rem 0 0; color: var(--soft); }
.counts { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 1.2rem 0 0;
  padding: .8rem 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.counts a { color: inherit; text-decoration: none; }
.counts a:hover, .counts a:focus { text-decoration: underline; }
h2 { font-size: 1.05rem; margin: 2.2rem 0 .6rem; color: var(--cool); }
ol { list-style: none; margin: 0; padding: 0; }
ol > li { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--line);
  border-radius: 6px; padding: .7rem .9rem; margin: 0 0 .55rem; overflow-wrap: anywhere; }
li.now { border-left-color: var(--hot); }
li.today { border-left-color: var(--warm); }
li.settled { opacity: .65; }
li.settled .line { text-decoration: line-through; }
p { margin: 0; }
.marks { font: .8rem/1.6 system-ui, sans-serif; color: var(--soft); }
.marks .late { color: var(--hot); font-weight: 600; }
.marks .due { color: var(--warm); }
.marks .fresh { color: var(--cool); font-weight: 600; }
.marks .ids::before { content: '#'; }
blockquote { margin: .4rem 0 0; padding: 0 0 0 .8rem; border-left: 2px solid var(--line);
  color: var(--soft); font-style: italic; font-size: .94rem; }
.nothing { margin-top: 2rem; color: var(--soft); }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --card: #fff; }
  main { max-width: none; padding: 0; }
  ol > li { break-inside: avoid; }
  h2 { break-after: avoid; }
}
";
