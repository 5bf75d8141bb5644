//! What a style says about being seen: a few CSS properties, their cascade and inheritance.

use super::color::{self, Color};

macro_rules! declarations {
    ($($(#[$note:meta])* $field:ident: $type:ty,)+) => {
        /// Declared values of the properties that matter here; `None` is not declared.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(super) struct Declared { $($(#[$note])* pub(super) $field: Option<$type>,)+ }

        impl Declared {
            /// Takes over what `other` declares.
            pub(super) fn overlay(&mut self, other: &Self) {
                $(if other.$field.is_some() { self.$field.clone_from(&other.$field); })+
            }

            pub(super) fn is_empty(&self) -> bool {
                true $(&& self.$field.is_none())+
            }
        }
    };
}

declarations! {
    display: Display,
    visible: bool,
    opacity: f32,
    font_size: Size,
    color: Ink,
    background: Color,
    /// A picture or gradient lies behind.
    picture: bool,
    width: f32,
    width_max: f32,
    height: f32,
    height_max: f32,
    /// What does not fit is not shown.
    clips: bool,
    /// Taken out of the flow.
    floats_free: bool,
    /// Furthest distance pushed to the left or up, in pixels; negative.
    pushed: f32,
    margin_pushed: f32,
    text_indent: f32,
    /// `clip` leaves nothing.
    clipped: bool,
    clip_path: bool,
    transformed_away: bool,
    white_space: WhiteSpace,
    list_marks: bool,
    /// The background is painted in the shape of the letters.
    text_is_painted: bool,
    /// `border` or `border-left` with a line: a blockquote that looks like a quotation.
    bar: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    None,
    Block,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ink {
    Set(Color),
    Inherited,
}

impl Ink {
    fn read(value: &str) -> Option<Self> {
        match value {
            "inherit" | "currentcolor" | "unset" => Some(Self::Inherited),
            _ => Color::css(value).map(Self::Set),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Size {
    Pixels(f32),
    Times(f32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhiteSpace {
    Folds,
    KeepsLines,
    Keeps,
}

/// A style with its `!important` declarations apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Style {
    pub(super) normal: Declared,
    pub(super) important: Declared,
}

impl Style {
    /// Reads `name: value; name: value !important`.
    pub(super) fn read(text: &str) -> Self {
        const DECLARATIONS_MAX: usize = 200;
        let mut style = Self::default();
        for declaration in split_outside(text, ';').take(DECLARATIONS_MAX) {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let name = without_comments(name).trim().to_ascii_lowercase();
            let value = without_comments(value);
            let mut value = value.trim();
            let mut target = &mut style.normal;
            if let Some((before, after)) = value.rsplit_once('!')
                && after.trim().eq_ignore_ascii_case("important")
            {
                value = before.trim();
                target = &mut style.important;
            }
            take(target, &name, value);
        }
        style
    }
}

fn without_comments(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("/*") {
        return text.into();
    }
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept.into()
}

/// Splits at `mark` outside brackets, quotes and comments.
pub(super) fn split_outside(text: &str, mark: char) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    let mut quote = None;
    text.split(move |c: char| {
        match c {
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            '(' if quote.is_none() => depth += 1,
            ')' if quote.is_none() => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == mark && depth == 0 && quote.is_none()
    })
}

fn take(into: &mut Declared, name: &str, value: &str) {
    const VALUE_BYTES_MAX: usize = 2_000;
    if value.len() > VALUE_BYTES_MAX && !name.starts_with("background") {
        return;
    }
    let lower = value.to_ascii_lowercase();
    match name {
        "display" => into.display = display(&lower),
        "visibility" => into.visible = Some(!matches!(lower.as_str(), "hidden" | "collapse")),
        "opacity" | "-moz-opacity" | "-khtml-opacity" => into.opacity = fraction(&lower),
        "filter" | "-ms-filter" => {
            let inner = lower.split_once("opacity").map(|(_, after)| after);
            if let Some(value) = inner.map(|v| v.trim_matches(['(', ')', '=', ' ', '"', '\''])) {
                // IE's `alpha(opacity=0)` counts to 100.
                let scale = if lower.contains("alpha") { 0.01 } else { 1.0 };
                into.opacity = fraction(value).map(|value| value * scale);
            }
        }
        "font-size" => into.font_size = font_size(&lower).or(into.font_size),
        "font" => into.font_size = font_shorthand(&lower).or(into.font_size),
        "color" | "-webkit-text-fill-color" => into.color = Ink::read(&lower).or(into.color),
        "background" | "background-color" | "background-image" => background(into, name, &lower),
        "background-clip" | "-webkit-background-clip" => {
            into.text_is_painted = Some(lower.contains("text"));
        }
        "width" => into.width = length(&lower),
        "max-width" => into.width_max = length(&lower),
        "height" => into.height = length(&lower),
        "max-height" => into.height_max = length(&lower),
        "overflow" | "overflow-x" | "overflow-y" => into.clips = Some(!lower.contains("visible")),
        "position" => into.floats_free = Some(matches!(lower.as_str(), "absolute" | "fixed")),
        // Far over the right or lower edge is as far away.
        "left" | "top" | "right" | "bottom" => {
            into.pushed = lowest(into.pushed, length(&lower));
        }
        "margin-left" | "margin-top" => {
            into.margin_pushed = lowest(into.margin_pushed, length(&lower));
        }
        "margin" => {
            for word in lower.split_whitespace() {
                into.margin_pushed = lowest(into.margin_pushed, length(word));
            }
        }
        "text-indent" => into.text_indent = length(&lower),
        "clip" => into.clipped = Some(is_empty_clip(&lower)),
        "clip-path" | "-webkit-clip-path" => into.clip_path = Some(is_empty_path(&lower)),
        "transform" | "-webkit-transform" | "-ms-transform" => {
            into.transformed_away = Some(is_transformed_away(&lower));
        }
        "white-space" => into.white_space = Some(white_space(&lower)),
        "list-style" | "list-style-type" => into.list_marks = Some(!lower.contains("none")),
        "border" | "border-left" | "border-left-width" | "border-left-style" => {
            let none =
                lower.split_whitespace().any(|w| matches!(w, "none" | "0" | "0px" | "hidden"));
            into.bar = Some(!none);
        }
        _ => {}
    }
}

fn display(value: &str) -> Option<Display> {
    Some(match value {
        "none" => Display::None,
        "block" | "list-item" | "flex" | "grid" | "table" | "table-row" | "flow-root" => {
            Display::Block
        }
        "inherit" | "unset" => return None,
        _ => Display::Other,
    })
}

fn white_space(value: &str) -> WhiteSpace {
    match value {
        "pre" | "pre-wrap" | "break-spaces" | "-moz-pre-wrap" => WhiteSpace::Keeps,
        "pre-line" => WhiteSpace::KeepsLines,
        _ => WhiteSpace::Folds,
    }
}

fn fraction(value: &str) -> Option<f32> {
    match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().ok().map(|value| value / 100.0),
        None => value.parse().ok(),
    }
}

fn lowest(before: Option<f32>, now: Option<f32>) -> Option<f32> {
    match (before, now) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A length in pixels; percentages and viewport units of a 1,000-pixel window.
pub(super) fn length(value: &str) -> Option<f32> {
    let value = value.trim();
    let end = value
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+'))
        .unwrap_or(value.len());
    let number: f32 = value[..end].parse().ok()?;
    let scale = match value[end..].trim() {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "pc" | "em" | "rem" => 16.0,
        "ex" | "ch" => 8.0,
        "in" => 96.0,
        "cm" => 37.8,
        "mm" => 3.78,
        "%" | "vw" | "vh" | "vmin" | "vmax" => 10.0,
        _ => return None,
    };
    Some(number * scale)
}

fn font_size(value: &str) -> Option<Size> {
    Some(match value {
        "xx-small" => Size::Pixels(9.0),
        "x-small" => Size::Pixels(10.0),
        "small" => Size::Pixels(13.0),
        "medium" | "initial" => Size::Pixels(16.0),
        "large" => Size::Pixels(18.0),
        "x-large" => Size::Pixels(24.0),
        "xx-large" | "xxx-large" => Size::Pixels(32.0),
        "smaller" => Size::Times(0.83),
        "larger" => Size::Times(1.2),
        _ => {
            let relative = ["rem", "em", "%", "ex", "ch"].iter().find(|u| value.ends_with(**u));
            let number = |unit: &str| value.trim_end_matches(unit).trim().parse::<f32>().ok();
            match relative {
                Some(&"rem") | None => Size::Pixels(length(value)?),
                Some(&"%") => Size::Times(number("%")? / 100.0),
                Some(&"em") => Size::Times(number("em")?),
                Some(unit) => Size::Times(number(unit)? * 0.5),
            }
        }
    })
}

/// `italic 12px/1.5 sans-serif`: the first word that is a length.
fn font_shorthand(value: &str) -> Option<Size> {
    value.split_whitespace().find_map(|word| {
        let size = word.split('/').next().unwrap_or(word);
        // A bare number is a weight.
        let is_size = size == "0" || !size.bytes().all(|b| b.is_ascii_digit());
        if is_size { font_size(size) } else { None }
    })
}

fn background(into: &mut Declared, name: &str, value: &str) {
    if value.contains("url(") || value.contains("gradient(") || value.contains("var(") {
        into.picture = Some(true);
    } else if name != "background-color" {
        into.picture = Some(false);
    }
    if name == "background-image" {
        return;
    }
    let found = split_outside(value, ' ').find_map(Color::css);
    match found {
        Some(color) => into.background = Some(color),
        // The shorthand resets what it does not name.
        None if name == "background" => into.background = Some(Color::TRANSPARENT),
        None => {}
    }
}

/// `rect(0,0,0,0)`, `rect(1px 1px 1px 1px)`: nothing is left.
fn is_empty_clip(value: &str) -> bool {
    let Some(inner) = value.strip_prefix("rect(") else { return false };
    let sides: Vec<f32> = inner
        .trim_end_matches(')')
        .split([',', ' '])
        .filter(|word| !word.is_empty())
        .map(|word| length(word).unwrap_or(f32::MAX))
        .collect();
    match sides[..] {
        [top, right, bottom, left] => bottom - top <= 1.0 || right - left <= 1.0,
        _ => false,
    }
}

fn is_empty_path(value: &str) -> bool {
    let argument = |name: &str| {
        let (_, inner) = value.split_once(name)?;
        let word = inner.split([',', ' ', ')']).find(|word| !word.is_empty())?;
        Some((length(word)?, word.ends_with('%')))
    };
    if let Some((inset, is_percent)) = argument("inset(") {
        return is_percent && inset >= 490.0;
    }
    argument("circle(").or_else(|| argument("ellipse(")).is_some_and(|(radius, _)| radius <= 1.0)
        || value.starts_with("polygon(0 0, 0 0")
        || value.starts_with("polygon(0px 0px, 0px 0px")
}

fn is_transformed_away(value: &str) -> bool {
    value.split(')').any(|step| {
        let Some((name, arguments)) = step.split_once('(') else { return false };
        let mut numbers = arguments.split(',').filter_map(length);
        match name.trim() {
            "scale" | "scalex" | "scaley" | "scale3d" => numbers.any(|n| n.abs() < 0.05),
            "translate" | "translatex" | "translatey" | "translate3d" => {
                numbers.any(|n| n <= -FAR || n >= 5.0 * FAR)
            }
            _ => false,
        }
    })
}

/// Pixels to the left or up that leave any page.
const FAR: f32 = 400.0;

/// How an element looks, as far as its text can be seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Not to be seen whatever its children declare.
    gone: bool,
    visible: bool,
    opacity: f32,
    font_pixels: f32,
    color: Color,
    /// The colour behind the text; `None` where a picture makes it unknown.
    ground: Option<[u8; 3]>,
    text_is_painted: bool,
    pub(super) white_space: WhiteSpace,
    pub(super) list_marks: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            gone: false,
            visible: true,
            opacity: 1.0,
            font_pixels: 16.0,
            color: Color { rgb: [0; 3], alpha: 1.0 },
            ground: Some([255; 3]),
            text_is_painted: false,
            white_space: WhiteSpace::Folds,
            list_marks: true,
        }
    }
}

impl Look {
    /// A page whose colours are not known.
    pub(super) fn on_unknown_ground() -> Self {
        Self { ground: None, ..Self::default() }
    }

    /// The look of a child that declares `own`.
    pub(super) fn child(&self, own: &Declared) -> Self {
        let mut look = *self;
        look.opacity *= own.opacity.unwrap_or(1.0);
        look.visible = own.visible.unwrap_or(look.visible);
        look.font_pixels = match own.font_size {
            Some(Size::Pixels(pixels)) => pixels,
            Some(Size::Times(times)) => look.font_pixels * times,
            None => look.font_pixels,
        };
        if let Some(Ink::Set(color)) = own.color {
            look.color = color;
        }
        look.text_is_painted = own.text_is_painted.unwrap_or(look.text_is_painted);
        look.white_space = own.white_space.unwrap_or(look.white_space);
        look.list_marks = own.list_marks.unwrap_or(look.list_marks);
        if let Some(color) = own.background {
            look.ground = match (look.ground, color.alpha >= 1.0) {
                (_, true) => Some(color.rgb),
                (Some(ground), false) => Some(color.over(ground)),
                (None, false) => None,
            };
        }
        if own.picture == Some(true) {
            look.ground = None;
        }
        look.gone |= is_gone(own) || look.opacity < 0.06;
        look
    }

    pub(super) fn shows_text(&self) -> bool {
        const FONT_PIXELS_MIN: f32 = 2.0;
        if self.gone || !self.visible || self.font_pixels < FONT_PIXELS_MIN {
            return false;
        }
        if self.text_is_painted {
            return true;
        }
        if self.color.alpha < 0.06 {
            return false;
        }
        self.ground.is_none_or(|ground| !color::is_invisible(self.color.over(ground), ground))
    }

    /// Are pictures shown here? They have a colour and size of their own.
    pub(super) fn shows_pictures(&self) -> bool {
        !self.gone && self.visible
    }
}

fn is_gone(own: &Declared) -> bool {
    let tiny = |size: Option<f32>| size.is_some_and(|pixels| pixels.abs() <= 1.0);
    let far = |distance: Option<f32>| distance.is_some_and(|pixels| pixels <= -FAR);
    let set = |flag: Option<bool>| flag == Some(true);
    own.display == Some(Display::None)
        || set(own.clips)
            && (tiny(own.height) || tiny(own.height_max) || tiny(own.width) || tiny(own.width_max))
        || set(own.floats_free) && (far(own.pushed) || set(own.clipped))
        || far(own.margin_pushed)
        || far(own.text_indent)
        || set(own.clip_path)
        || set(own.transformed_away)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(style: &str, shows: bool) {
        let style = Style::read(style);
        let mut declared = style.normal;
        declared.overlay(&style.important);
        assert_eq!(Look::default().child(&declared).shows_text(), shows, "{declared:?}");
    }

    #[test]
    fn hiding_styles_hide() {
        for style in [
            "display:none",
            "DISPLAY : None !important; display:block",
            "display/* x */:none",
            "visibility:hidden",
            "opacity:0",
            "opacity: 1%",
            "filter:alpha(opacity=0)",
            "font-size:0",
            "font-size:1px",
            "font:0/0 a",
            "color:#fff",
            "color:#fefefe",
            "color:transparent",
            "color:rgba(0,0,0,0)",
            "color:#333;background:#303030",
            "max-height:0;overflow:hidden",
            "height:0px;overflow:hidden",
            "width:1px;height:1px;overflow:hidden",
            "position:absolute;left:-9999px",
            "position:fixed;top:-100em",
            "text-indent:-9999px",
            "margin-left:-5000px",
            "position:absolute;clip:rect(0,0,0,0)",
            "position:absolute;clip:rect(1px 1px 1px 1px)",
            "clip-path:inset(50%)",
            "clip-path: circle(0)",
            "transform:scale(0)",
            "transform:translateX(-9999px)",
        ] {
            check(style, false);
        }
    }

    #[test]
    fn common_styles_do_not() {
        for style in [
            "",
            "display:block",
            "visibility:visible",
            "opacity:.5",
            "font-size:11px",
            "font: bold 12px/1.5 Arial",
            "font:700 small serif",
            "color:#ccc",
            "color:#fff;background:#369",
            "color:#fff;background:url(a.png) #369 no-repeat",
            "color:#fff;background-image:linear-gradient(#000,#111)",
            "max-height:0",
            "height:100px;overflow:hidden",
            "position:absolute;left:10px",
            "left:-9999px",
            "margin:-8px 0 0 -20px",
            "text-indent:-20px",
            "clip:rect(0,0,0,0)",
            "transform:scale(.9)",
            "display:none;display:block",
            "background:url('data:a;b,c');color:#000",
            "background:linear-gradient(red,blue);background-clip:text;color:transparent",
        ] {
            check(style, true);
        }
    }

    #[test]
    fn sizes_multiply_down() {
        let small = Look::default().child(&Style::read("font-size:.1em").normal);
        assert!(!small.shows_text());
        assert!(!small.child(&Style::read("font-size:100%").normal).shows_text());
        assert!(small.child(&Style::read("font-size:12pt").normal).shows_text());
    }
}
