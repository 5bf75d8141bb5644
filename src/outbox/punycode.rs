//! Domain names outside ASCII as the wire has them: RFC 3492 (Punycode), RFC 5891 (IDNA).

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const BIAS: u32 = 72;
const FIRST: u32 = 128;
/// RFC 1035, 2.3.4: a label has at most 63 bytes; so none longer is encoded.
const LABEL_CHARS_MAX: usize = 63;

/// `bücher.example` as `xn--bcher-kva.example`; ASCII names in lower case. Nothing for a label that
/// cannot be encoded.
pub(super) fn ascii_domain(domain: &str) -> Option<String> {
    let lower = domain.to_lowercase().replace(['。', '．', '｡'], ".");
    let labels: Option<Vec<String>> = lower
        .split('.')
        .map(|label| {
            if label.is_ascii() {
                return Some(label.to_owned());
            }
            encode(label).map(|coded| format!("xn--{coded}")).filter(|coded| coded.len() <= 63)
        })
        .collect();
    labels.map(|labels| labels.join("."))
}

/// RFC 3492, 6.3.
fn encode(label: &str) -> Option<String> {
    let points: Vec<u32> = label.chars().map(u32::from).collect();
    if points.len() > LABEL_CHARS_MAX {
        return None;
    }
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = out.len() as u32;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (FIRST, 0u32, BIAS, basic);
    while (handled as usize) < points.len() {
        let next = points.iter().copied().filter(|&point| point >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for &point in &points {
            if point < n {
                delta = delta.checked_add(1)?;
            }
            if point == n {
                push_number(&mut out, delta, bias);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(out)
}

fn push_number(out: &mut String, delta: u32, bias: u32) {
    let mut q = delta;
    let mut k = BASE;
    loop {
        let t = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if q < t {
            break;
        }
        out.push(digit(t + (q - t) % (BASE - t)));
        q = (q - t) / (BASE - t);
        k += BASE;
    }
    out.push(digit(q));
}

fn digit(value: u32) -> char {
    let byte = if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 };
    char::from(byte)
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(domain: &str, expected: &str) {
        assert_eq!(ascii_domain(domain).as_deref(), Some(expected));
    }

    #[test]
    fn names_take_their_wire_form() {
        check("Example.ORG", "example.org");
        check("bücher.example", "xn--bcher-kva.example");
        check("münchen.de", "xn--mnchen-3ya.de");
        check("例え.テスト", "xn--r8jz45g.xn--zckzah");
        check("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f");
        check("παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp");
        assert_eq!(ascii_domain(&"ü".repeat(200)), None);
    }
}
