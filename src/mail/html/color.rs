//! Colours of CSS and of old HTML attributes, and whether one can be told from another.

/// A colour with its opacity, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Color {
    pub(super) rgb: [u8; 3],
    pub(super) alpha: f32,
}

impl Color {
    pub(super) const TRANSPARENT: Self = Self { rgb: [0, 0, 0], alpha: 0.0 };

    fn opaque(rgb: [u8; 3]) -> Self {
        Self { rgb, alpha: 1.0 }
    }

    /// A CSS colour; nothing for `inherit`, `currentcolor` and what is no colour.
    pub(super) fn css(value: &str) -> Option<Self> {
        let value = value.trim();
        if let Some(hex) = value.strip_prefix('#') {
            return Self::hex(hex);
        }
        if let Some((function, rest)) = value.split_once('(') {
            return Self::function(&function.trim().to_ascii_lowercase(), rest);
        }
        if value.eq_ignore_ascii_case("transparent") {
            return Some(Self::TRANSPARENT);
        }
        named(value).map(Self::opaque)
    }

    /// The value of `bgcolor`, `color`, `text`: CSS, or six digits without their `#`.
    pub(super) fn attribute(value: &str) -> Option<Self> {
        Self::css(value).or_else(|| Self::hex(value.trim()))
    }

    fn hex(digits: &str) -> Option<Self> {
        let mut values = [0_u8; 8];
        let count = digits.len();
        if count > 8 {
            return None;
        }
        for (value, digit) in values.iter_mut().zip(digits.chars()) {
            *value = digit.to_digit(16)? as u8;
        }
        let double = |i: usize| values[i] * 17;
        let pair = |i: usize| values[i] * 16 + values[i + 1];
        match count {
            3 => Some(Self::opaque([double(0), double(1), double(2)])),
            4 => Some(Self {
                rgb: [double(0), double(1), double(2)],
                alpha: f32::from(double(3)) / 255.0,
            }),
            6 => Some(Self::opaque([pair(0), pair(2), pair(4)])),
            8 => Some(Self { rgb: [pair(0), pair(2), pair(4)], alpha: f32::from(pair(6)) / 255.0 }),
            _ => None,
        }
    }

    fn function(name: &str, arguments: &str) -> Option<Self> {
        let mut numbers = [0.0_f32, 0.0, 0.0, 1.0];
        let mut count = 0;
        for word in arguments
            .split(|c: char| matches!(c, ',' | '/' | ')') || c.is_whitespace())
            .filter(|word| !word.is_empty())
            .take(4)
        {
            numbers[count] = match word.strip_suffix('%') {
                Some(percent) => {
                    let part = percent.parse::<f32>().ok()? / 100.0;
                    if count < 3 && name.starts_with("rgb") { part * 255.0 } else { part }
                }
                None => word.trim_end_matches("deg").parse().ok()?,
            };
            count += 1;
        }
        if count < 3 {
            return None;
        }
        let [a, b, c, alpha] = numbers;
        let rgb = match name {
            "rgb" | "rgba" => [a, b, c].map(|value| value.clamp(0.0, 255.0) as u8),
            "hsl" | "hsla" => hsl(a, b, c),
            _ => return None,
        };
        Some(Self { rgb, alpha: alpha.clamp(0.0, 1.0) })
    }

    /// What is seen of this colour on `ground`.
    pub(super) fn over(self, ground: [u8; 3]) -> [u8; 3] {
        let mut mixed = ground;
        for (below, above) in mixed.iter_mut().zip(self.rgb) {
            let value = f32::from(above) * self.alpha + f32::from(*below) * (1.0 - self.alpha);
            *below = value.round() as u8;
        }
        mixed
    }
}

/// Is text in `ink` on `ground` invisible? All three channels must be close: colours of one
/// brightness but different hue can be read, faint grey footers (`#ccc` on white) too.
pub(super) fn is_invisible(ink: [u8; 3], ground: [u8; 3]) -> bool {
    const CHANNEL_DISTANCE_MAX: u8 = 24;
    ink.iter().zip(ground).all(|(&a, b)| a.abs_diff(b) <= CHANNEL_DISTANCE_MAX)
}

fn hsl(hue: f32, saturation: f32, lightness: f32) -> [u8; 3] {
    let chroma =
        saturation.clamp(0.0, 1.0) * lightness.clamp(0.0, 1.0).min(1.0 - lightness.clamp(0.0, 1.0));
    [0.0, 8.0, 4.0].map(|shift: f32| {
        let k = (shift + hue / 30.0).rem_euclid(12.0);
        let value = lightness - chroma * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}

fn named(name: &str) -> Option<[u8; 3]> {
    const NAME_BYTES_MAX: usize = 20;
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let at = NAMES.binary_search_by(|(known, _)| (*known).cmp(lower.as_str())).ok()?;
    let [_, red, green, blue] = NAMES[at].1.to_be_bytes();
    Some([red, green, blue])
}

/// CSS Color Module Level 4, section 6.1, in order.
#[rustfmt::skip]
#[allow(clippy::unreadable_literal)] // Six digits are one colour.
const NAMES: [(&str, u32); 148] = [
    ("aliceblue", 0xf0f8ff), ("antiquewhite", 0xfaebd7), ("aqua", 0x00ffff), ("aquamarine", 0x7fffd4),
    ("azure", 0xf0ffff), ("beige", 0xf5f5dc), ("bisque", 0xffe4c4), ("black", 0x000000),
    ("blanchedalmond", 0xffebcd), ("blue", 0x0000ff), ("blueviolet", 0x8a2be2), ("brown", 0xa52a2a),
    ("burlywood", 0xdeb887), ("cadetblue", 0x5f9ea0), ("chartreuse", 0x7fff00), ("chocolate", 0xd2691e),
    ("coral", 0xff7f50), ("cornflowerblue", 0x6495ed), ("cornsilk", 0xfff8dc), ("crimson", 0xdc143c),
    ("cyan", 0x00ffff), ("darkblue", 0x00008b), ("darkcyan", 0x008b8b), ("darkgoldenrod", 0xb8860b),
    ("darkgray", 0xa9a9a9), ("darkgreen", 0x006400), ("darkgrey", 0xa9a9a9), ("darkkhaki", 0xbdb76b),
    ("darkmagenta", 0x8b008b), ("darkolivegreen", 0x556b2f), ("darkorange", 0xff8c00),
    ("darkorchid", 0x9932cc), ("darkred", 0x8b0000), ("darksalmon", 0xe9967a),
    ("darkseagreen", 0x8fbc8f), ("darkslateblue", 0x483d8b), ("darkslategray", 0x2f4f4f),
    ("darkslategrey", 0x2f4f4f), ("darkturquoise", 0x00ced1), ("darkviolet", 0x9400d3),
    ("deeppink", 0xff1493), ("deepskyblue", 0x00bfff), ("dimgray", 0x696969), ("dimgrey", 0x696969),
    ("dodgerblue", 0x1e90ff), ("firebrick", 0xb22222), ("floralwhite", 0xfffaf0),
    ("forestgreen", 0x228b22), ("fuchsia", 0xff00ff), ("gainsboro", 0xdcdcdc), ("ghostwhite", 0xf8f8ff),
    ("gold", 0xffd700), ("goldenrod", 0xdaa520), ("gray", 0x808080), ("green", 0x008000),
    ("greenyellow", 0xadff2f), ("grey", 0x808080), ("honeydew", 0xf0fff0), ("hotpink", 0xff69b4),
    ("indianred", 0xcd5c5c), ("indigo", 0x4b0082), ("ivory", 0xfffff0), ("khaki", 0xf0e68c),
    ("lavender", 0xe6e6fa), ("lavenderblush", 0xfff0f5), ("lawngreen", 0x7cfc00),
    ("lemonchiffon", 0xfffacd), ("lightblue", 0xadd8e6), ("lightcoral", 0xf08080),
    ("lightcyan", 0xe0ffff), ("lightgoldenrodyellow", 0xfafad2), ("lightgray", 0xd3d3d3),
    ("lightgreen", 0x90ee90), ("lightgrey", 0xd3d3d3), ("lightpink", 0xffb6c1),
    ("lightsalmon", 0xffa07a), ("lightseagreen", 0x20b2aa), ("lightskyblue", 0x87cefa),
    ("lightslategray", 0x778899), ("lightslategrey", 0x778899), ("lightsteelblue", 0xb0c4de),
    ("lightyellow", 0xffffe0), ("lime", 0x00ff00), ("limegreen", 0x32cd32), ("linen", 0xfaf0e6),
    ("magenta", 0xff00ff), ("maroon", 0x800000), ("mediumaquamarine", 0x66cdaa),
    ("mediumblue", 0x0000cd), ("mediumorchid", 0xba55d3), ("mediumpurple", 0x9370db),
    ("mediumseagreen", 0x3cb371), ("mediumslateblue", 0x7b68ee), ("mediumspringgreen", 0x00fa9a),
    ("mediumturquoise", 0x48d1cc), ("mediumvioletred", 0xc71585), ("midnightblue", 0x191970),
    ("mintcream", 0xf5fffa), ("mistyrose", 0xffe4e1), ("moccasin", 0xffe4b5), ("navajowhite", 0xffdead),
    ("navy", 0x000080), ("oldlace", 0xfdf5e6), ("olive", 0x808000), ("olivedrab", 0x6b8e23),
    ("orange", 0xffa500), ("orangered", 0xff4500), ("orchid", 0xda70d6), ("palegoldenrod", 0xeee8aa),
    ("palegreen", 0x98fb98), ("paleturquoise", 0xafeeee), ("palevioletred", 0xdb7093),
    ("papayawhip", 0xffefd5), ("peachpuff", 0xffdab9), ("peru", 0xcd853f), ("pink", 0xffc0cb),
    ("plum", 0xdda0dd), ("powderblue", 0xb0e0e6), ("purple", 0x800080), ("rebeccapurple", 0x663399),
    ("red", 0xff0000), ("rosybrown", 0xbc8f8f), ("royalblue", 0x4169e1), ("saddlebrown", 0x8b4513),
    ("salmon", 0xfa8072), ("sandybrown", 0xf4a460), ("seagreen", 0x2e8b57), ("seashell", 0xfff5ee),
    ("sienna", 0xa0522d), ("silver", 0xc0c0c0), ("skyblue", 0x87ceeb), ("slateblue", 0x6a5acd),
    ("slategray", 0x708090), ("slategrey", 0x708090), ("snow", 0xfffafa), ("springgreen", 0x00ff7f),
    ("steelblue", 0x4682b4), ("tan", 0xd2b48c), ("teal", 0x008080), ("thistle", 0xd8bfd8),
    ("tomato", 0xff6347), ("turquoise", 0x40e0d0), ("violet", 0xee82ee), ("wheat", 0xf5deb3),
    ("white", 0xffffff), ("whitesmoke", 0xf5f5f5), ("yellow", 0xffff00), ("yellowgreen", 0x9acd32),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, rgb: [u8; 3], alpha: f32) {
        let color = Color::css(value).unwrap();
        assert_eq!(color.rgb, rgb, "{value}");
        assert!((color.alpha - alpha).abs() < 0.01, "{value}");
    }

    #[test]
    fn colours_are_read() {
        check("#fff", [255; 3], 1.0);
        check("#FF8000", [255, 128, 0], 1.0);
        check("#ffffff80", [255; 3], 0.5);
        check(" White ", [255; 3], 1.0);
        check("rebeccapurple", [102, 51, 153], 1.0);
        check("rgb(255, 254,253)", [255, 254, 253], 1.0);
        check("rgb(100% 0% 0% / 50%)", [255, 0, 0], 0.5);
        check("rgba(0,0,0,.1)", [0; 3], 0.1);
        check("hsl(120, 100%, 25%)", [0, 128, 0], 1.0);
        check("transparent", [0; 3], 0.0);
    }

    #[test]
    fn what_is_no_colour_is_nothing() {
        for value in ["", "inherit", "#ff", "#gggggg", "rgb(1,2)", "var(--x)", "url(x)"] {
            assert_eq!(Color::css(value), None, "{value}");
        }
        assert_eq!(Color::attribute("ffffff"), Color::css("#fff"));
    }

    #[test]
    fn names_are_in_order() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn near_colours_cannot_be_told_apart() {
        assert!(is_invisible([255; 3], [255; 3]));
        assert!(is_invisible([0xfe, 0xfe, 0xfe], [255; 3]));
        assert!(is_invisible([0xee; 3], [255; 3]));
        assert!(!is_invisible([0xcc; 3], [255; 3]));
        assert!(!is_invisible([255, 0, 0], [0, 128, 0]));
        assert!(is_invisible(Color::css("rgba(0,0,0,.05)").unwrap().over([255; 3]), [255; 3]));
    }
}
