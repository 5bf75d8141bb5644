//! `<style>` blocks: rules with simple selectors, and which of them match an element.

use std::collections::HashMap;

use super::style::{Declared, Style};

/// Rules kept of all style blocks together.
const RULES_MAX: usize = 8_000;
/// Rules kept that end in the same name.
const RULES_OF_NAME_MAX: usize = 64;
/// Steps up the tree for all descendant selectors of a document together.
const STEPS_MAX: usize = 4_000_000;
/// Classes of an element looked at.
const CLASSES_MAX: usize = 32;

/// An element as selectors see it. Names are lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    pub(super) tag: String,
    pub(super) id: String,
    pub(super) classes: Vec<String>,
}

impl Named {
    pub(super) fn new(tag: &str, id: &str, classes: &str) -> Self {
        let classes = classes.split_ascii_whitespace().take(CLASSES_MAX);
        Self {
            tag: tag.to_owned(),
            id: id.trim().to_ascii_lowercase(),
            classes: classes.map(str::to_ascii_lowercase).collect(),
        }
    }
}

/// `tag#id.class.class`; an empty one is `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Compound {
    tag: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
}

impl Compound {
    fn read(text: &str) -> Option<Self> {
        const NAMES_MAX: usize = 8;
        let mut compound = Self::default();
        let mut rest = text.to_ascii_lowercase();
        // A link not visited yet is any link.
        for suffix in [":link", ":any-link"] {
            if let Some(before) = rest.strip_suffix(suffix) {
                rest = before.to_owned();
            }
        }
        let starts = rest.char_indices().filter(|&(_, c)| matches!(c, '.' | '#')).map(|(at, _)| at);
        let mut cuts: Vec<usize> = starts.take(NAMES_MAX).collect();
        cuts.push(rest.len());
        let tag = &rest[..cuts[0]];
        if !tag.is_empty() && tag != "*" {
            compound.tag = Some(is_name(tag).then(|| tag.to_owned())?);
        }
        for pair in cuts.windows(2) {
            let (mark, name) = rest[pair[0]..pair[1]].split_at(1);
            if !is_name(name) {
                return None;
            }
            match mark {
                "#" => compound.id = Some(name.to_owned()),
                _ => compound.classes.push(name.to_owned()),
            }
        }
        Some(compound)
    }

    fn matches(&self, element: &Named) -> bool {
        self.tag.as_ref().is_none_or(|tag| *tag == element.tag)
            && self.id.as_ref().is_none_or(|id| *id == element.id)
            && self.classes.iter().all(|class| element.classes.contains(class))
    }

    /// The name rules are looked up by.
    fn key(&self) -> String {
        if let Some(id) = &self.id {
            format!("#{id}")
        } else if let Some(class) = self.classes.first() {
            format!(".{class}")
        } else {
            self.tag.clone().unwrap_or_else(|| "*".to_owned())
        }
    }

    fn weight(&self) -> u32 {
        (u32::from(self.id.is_some()) << 20)
            + ((self.classes.len() as u32) << 10)
            + u32::from(self.tag.is_some())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii())
}

/// A selector: the element itself, and what must stand above it, nearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Selector {
    subject: Compound,
    above: Vec<(Compound, Relation)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Parent,
    Ancestor,
}

impl Selector {
    /// Nothing for what is not understood: attributes, pseudo-classes, siblings.
    fn read(text: &str) -> Option<Self> {
        const COMPOUNDS_MAX: usize = 8;
        let spaced = text.replace('>', " > ");
        let mut compounds: Vec<(Compound, Relation)> = Vec::new();
        let mut relation = Relation::Ancestor;
        for word in spaced.split_whitespace() {
            if word == ">" {
                relation = Relation::Parent;
                continue;
            }
            compounds.push((Compound::read(word)?, relation));
            relation = Relation::Ancestor;
        }
        if compounds.len() > COMPOUNDS_MAX {
            return None;
        }
        let (subject, first) = compounds.pop()?;
        // Each compound goes with how it relates to what stands below it.
        let mut below = first;
        let mut above = Vec::with_capacity(compounds.len());
        while let Some((compound, relation)) = compounds.pop() {
            above.push((compound, below));
            below = relation;
        }
        Some(Self { subject, above })
    }

    fn weight(&self) -> u32 {
        self.subject.weight() + self.above.iter().map(|(above, _)| above.weight()).sum::<u32>()
    }
}

#[derive(Clone, Debug)]
struct Rule {
    selector: Selector,
    style: Style,
    weight: u32,
    order: usize,
}

/// The rules of a document that say something about being seen.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    rules: HashMap<String, Vec<Rule>>,
    count: usize,
    steps: usize,
    /// Backgrounds were declared by selectors that are not understood: any colour may lie behind.
    pub(super) unknown_grounds: bool,
}

impl Sheet {
    /// Adds the text of a `<style>` block.
    pub(super) fn add(&mut self, css: &str) {
        let css = without_comments(css);
        self.add_block(&css, 0);
    }

    fn add_block(&mut self, css: &str, depth: usize) {
        const BLOCK_DEPTH_MAX: usize = 4;
        let mut rest = css;
        while let Some((prelude, body, after)) = next_block(rest) {
            rest = after;
            let prelude = prelude.trim();
            if let Some(at_rule) = prelude.strip_prefix('@') {
                if depth < BLOCK_DEPTH_MAX && applies(at_rule) {
                    self.add_block(body, depth + 1);
                }
            } else if self.count < RULES_MAX {
                self.add_rule(prelude, body);
            }
        }
    }

    fn add_rule(&mut self, selectors: &str, body: &str) {
        const SELECTORS_MAX: usize = 200;
        let style = Style::read(body);
        if style.normal.is_empty() && style.important.is_empty() {
            return;
        }
        for text in selectors.split(',').take(SELECTORS_MAX) {
            let Some(selector) = Selector::read(text) else {
                let has_ground =
                    style.normal.background.is_some() || style.normal.picture.is_some();
                // `[data-ogsb]` is how pages restyle themselves for one client's dark mode.
                self.unknown_grounds |=
                    has_ground && text.contains(['[', '~', '+']) && !text.contains("[data-og");
                continue;
            };
            self.count += 1;
            let order = self.count;
            let same_name = self.rules.entry(selector.subject.key()).or_default();
            if let Some(rule) = same_name.iter_mut().find(|rule| rule.selector == selector) {
                rule.style.normal.overlay(&style.normal);
                rule.style.important.overlay(&style.important);
                rule.order = order;
            } else if same_name.len() < RULES_OF_NAME_MAX {
                let weight = selector.weight();
                same_name.push(Rule { selector, style: style.clone(), weight, order });
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What the rules declare of `element`; `above` yields its ancestors, nearest first.
    pub(super) fn style_of<'a, I>(&mut self, element: &Named, above: impl Fn() -> I) -> Style
    where
        I: Iterator<Item = &'a Named>,
    {
        let mut style = Style::default();
        let keys = std::iter::once("*".to_owned())
            .chain((!element.id.is_empty()).then(|| format!("#{}", element.id)))
            .chain(element.classes.iter().map(|class| format!(".{class}")))
            .chain(std::iter::once(element.tag.clone()));
        let mut matching: Vec<&Rule> = Vec::new();
        for key in keys {
            let Some(rules) = self.rules.get(&key) else { continue };
            matching.extend(rules.iter().filter(|rule| {
                rule.selector.subject.matches(element)
                    && stands_under(&rule.selector.above, above(), &mut self.steps)
            }));
        }
        matching.sort_by_key(|rule| (rule.weight, rule.order));
        for rule in matching {
            style.normal.overlay(&rule.style.normal);
            style.important.overlay(&rule.style.important);
        }
        style
    }
}

/// Greedy from below: right but for odd mixes of `>` and blanks.
fn stands_under<'a>(
    wanted: &[(Compound, Relation)],
    mut above: impl Iterator<Item = &'a Named>,
    steps: &mut usize,
) -> bool {
    for (compound, relation) in wanted {
        loop {
            *steps += 1;
            if *steps > STEPS_MAX {
                return false;
            }
            let Some(element) = above.next() else { return false };
            if compound.matches(element) {
                break;
            }
            if *relation == Relation::Parent {
                return false;
            }
        }
    }
    true
}

/// Cascade of an element: presentational attributes, rules, its own `style`.
pub(super) fn cascade(attributes: Declared, rules: &Style, own: &Style) -> Declared {
    let mut declared = attributes;
    for layer in [&rules.normal, &own.normal, &rules.important, &own.important] {
        declared.overlay(layer);
    }
    declared
}

fn without_comments(css: &str) -> String {
    let mut kept = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    // Old pages hide their rules from older browsers.
    kept.replace("<!--", "").replace("-->", "")
}

/// `prelude { body }` at the start of `css`, and what follows it.
fn next_block(css: &str) -> Option<(&str, &str, &str)> {
    let open = css.find(['{', ';'])?;
    if css.as_bytes()[open] == b';' {
        // `@import …;`
        return Some(("", "", &css[open + 1..]));
    }
    let mut depth = 0_usize;
    for (at, byte) in css.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some((&css[..open], &css[open + 1..at], &css[at + 1..]));
                }
            }
            _ => {}
        }
    }
    // A block never closed ends with the sheet.
    Some((&css[..open], &css[open + 1..], ""))
}

/// Is the block of this at-rule for a person at a screen about 1,000 pixels wide?
fn applies(at_rule: &str) -> bool {
    let (name, condition) = at_rule.split_once([' ', '(', '\n', '\t']).unwrap_or((at_rule, ""));
    let condition = condition.to_ascii_lowercase();
    match name.to_ascii_lowercase().as_str() {
        "media" => {
            let start = name.len();
            media_applies(&at_rule[start..])
        }
        "supports" => {
            !condition.contains("not ")
                && !["-webkit-", "-moz-", "-ms-"].iter().any(|p| condition.contains(p))
        }
        "layer" => true,
        _ => false,
    }
}

/// A media query list, as in `@media` or the `media` attribute.
pub(super) fn media_applies(queries: &str) -> bool {
    let queries = queries.to_ascii_lowercase();
    queries.trim().is_empty() || queries.split(',').any(query_applies)
}

fn query_applies(query: &str) -> bool {
    const WINDOW_PIXELS: f32 = 1_000.0;
    let query = query.trim();
    if let Some(rest) = query.strip_prefix("not ") {
        return !query_applies(rest);
    }
    let query = query.strip_prefix("only ").unwrap_or(query);
    query.replace('(', " (").split(" and ").map(str::trim).all(|part| {
        let Some(feature) = part.strip_prefix('(') else {
            return matches!(part, "screen" | "all" | "");
        };
        let Some((name, value)) = feature.trim_end_matches(')').split_once(':') else {
            return false;
        };
        let pixels = super::style::length(value);
        match name.trim() {
            "min-width" | "min-device-width" => pixels.is_some_and(|p| p <= WINDOW_PIXELS),
            "max-width" | "max-device-width" => pixels.is_some_and(|p| p >= WINDOW_PIXELS),
            "prefers-color-scheme" => value.trim() == "light",
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::style::Display;
    use super::*;

    #[track_caller]
    fn check(css: &str, hides: bool) {
        let mut sheet = Sheet::default();
        sheet.add(css);
        let body = Named::new("body", "", "wide");
        let cell = Named::new("td", "main", "");
        let element = Named::new("p", "note", "x Pre");
        let style = sheet.style_of(&element, || [&cell, &body].into_iter());
        let declared = cascade(Declared::default(), &style, &Style::default());
        assert_eq!(declared.display == Some(Display::None), hides, "{css}");
    }

    #[test]
    fn selectors_match() {
        for selector in [
            "p",
            "*",
            ".x",
            "p.x",
            "#note",
            "p#note.x.pre",
            "h1, P",
            ".PRE",
            "td p",
            "body p",
            "td > .x",
            ".wide #main p",
            "body td>p",
            "/* a */ .x",
        ] {
            check(&format!("{selector} {{ display: none }}"), true);
        }
    }

    #[test]
    fn others_do_not() {
        for selector in [
            "div", ".y", "div.x", "#other", "tr p", "body > p", ".x .x", "p:hover", "p[title]",
            "td + p", "p.x.y",
        ] {
            check(&format!("{selector} {{ display: none }}"), false);
        }
    }

    #[test]
    fn the_heavier_and_the_later_rule_wins() {
        check(".x{display:none} p{display:block}", true);
        check(".x{display:none} .x{display:block}", false);
        check("p{display:none!important} #note{display:block}", true);
        check("#note{display:block} .x{display:none}", false);
    }

    #[test]
    fn media_are_for_a_person_at_a_screen() {
        check("@media screen { .x{display:none} }", true);
        check("@media print { .x{display:none} }", false);
        check("@media only screen and (max-width:600px) { .x{display:none} }", false);
        check("@media (min-width: 480px) { .x{display:none} }", true);
        check("@media (prefers-color-scheme: dark) { .x{display:none} }", false);
        check("@media not print { .x{display:none} }", true);
        check("@font-face { a:b } @import url(x); .x{display:none}", true);
        check("@supports (display:grid) { .x{display:none} }", true);
    }

    #[test]
    fn broken_sheets_are_read_as_far_as_they_go() {
        check("<!-- .x{display:none} -->", true);
        check(".x{display:none", true);
        check("}}} .x{", false);
        check("", false);
    }
}
