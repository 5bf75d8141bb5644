//! The personal model: log-odds that the user's corrections add to what everybody's mail taught.
//!
//! After Gmail's Priority Inbox (Aberdeen, Pacovsky, Slater 2010, "The Learning Behind Gmail Priority
//! Inbox", section 3.2), which adds a user's own model to a global one as a sum of log-odds. Here the
//! user's model is a multinomial logistic regression over a few [`Key`]s with a Gaussian prior of mean
//! zero on each weight, fitted anew to the most probable weights whenever a correction comes or goes: the
//! order of corrections does not matter, one that is forgotten leaves no trace, and few of them move
//! little. The fit runs over corrections, not weights: by the representer theorem (Kimeldorf, Wahba
//! 1971) the weights are sums of the corrections' residuals.

/// Something a message shares with others, hashed, and how much it may weigh: the square root of its
/// prior variance, so that products of two are in squared log-odds.
pub(crate) type Key = (u64, f32);

/// Rounds of the fit, and the change of a residual that ends it sooner.
const ROUNDS_MAX: usize = 400;
const CHANGE_MIN: f32 = 5e-4;
/// Log-odds are kept within this of the likeliest, so that no verdict is beyond correction.
const ODDS_MIN: f32 = -5.0;

/// One correction as the fit sees it.
#[derive(Clone, Debug)]
struct Point<const CLASSES: usize> {
    keys: Vec<Key>,
    base: [f32; CLASSES],
    right: usize,
    weight: f32,
    /// How far off the model is here: what every key of the correction adds, times its variance.
    residual: [f32; CLASSES],
    /// Corrections that share keys with this one, itself among them.
    near: Vec<(usize, f32)>,
}

/// The weights, as corrections and their residuals.
#[derive(Clone, Debug)]
pub(crate) struct Personal<const CLASSES: usize> {
    points: Vec<Point<CLASSES>>,
}

impl<const CLASSES: usize> Default for Personal<CLASSES> {
    fn default() -> Self {
        Self { points: Vec::new() }
    }
}

impl<const CLASSES: usize> Personal<CLASSES> {
    /// Adds a correction: that `right` is so where `probabilities` were given. `keys` are sorted.
    /// [`Self::fit`] takes it in.
    pub(crate) fn add(
        &mut self,
        keys: Vec<Key>,
        probabilities: &[f32; CLASSES],
        right: usize,
        weight: f32,
    ) {
        let new = self.points.len();
        let mut near = vec![(new, shared(&keys, &keys))];
        for (at, other) in self.points.iter_mut().enumerate() {
            let common = shared(&keys, &other.keys);
            if common > 0.0 {
                other.near.push((new, common));
                near.push((at, common));
            }
        }
        let (base, residual) = (log_odds(probabilities), [0.0; CLASSES]);
        self.points.push(Point { keys, base, right, weight, residual, near });
    }

    /// Moves to the most probable weights. Each round moves every residual a safe part of the way
    /// (the logistic loss has curvature at most 1/2), so it cannot run off.
    pub(crate) fn fit(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let mut change: f32 = 0.0;
            for at in 0..self.points.len() {
                let mut odds = self.points[at].base;
                let mut nearness = 0.0;
                for (other, common) in &self.points[at].near {
                    let part = self.points[*other].residual;
                    odds.iter_mut().zip(part).for_each(|(odd, part)| *odd += common * part);
                    nearness += common;
                }
                let probabilities = softmax(&odds);
                let point = &mut self.points[at];
                let step = 1.0 / (1.0 + 0.5 * nearness);
                for (class, probability) in probabilities.iter().enumerate() {
                    let is = f32::from(u8::from(class == point.right));
                    let by = step * (point.weight * (is - probability) - point.residual[class]);
                    point.residual[class] += by;
                    change = change.max(by.abs());
                }
            }
            if change < CHANGE_MIN {
                return;
            }
        }
    }

    /// What all keys together add to a message's log-odds; nothing when no correction shares one.
    pub(crate) fn shift(&self, keys: &[Key]) -> Option<[f32; CLASSES]> {
        let mut sum = [0.0; CLASSES];
        let mut touched = false;
        for point in &self.points {
            let common = shared(keys, &point.keys);
            if common > 0.0 {
                touched = true;
                sum.iter_mut().zip(point.residual).for_each(|(sum, part)| *sum += common * part);
            }
        }
        touched.then_some(sum)
    }

    /// The probabilities with what was taught added.
    pub(crate) fn applied(
        &self,
        keys: &[Key],
        probabilities: &[f32; CLASSES],
    ) -> Option<[f32; CLASSES]> {
        let shift = self.shift(keys)?;
        let mut odds = log_odds(probabilities);
        odds.iter_mut().zip(shift).for_each(|(odd, by)| *odd += by);
        Some(softmax(&odds))
    }
}

/// The sum over keys of both of the product of their weights.
fn shared(a: &[Key], b: &[Key]) -> f32 {
    let (mut left, mut right, mut sum) = (0, 0, 0.0);
    while let (Some((x, by)), Some((y, times))) = (a.get(left), b.get(right)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => left += 1,
            std::cmp::Ordering::Greater => right += 1,
            std::cmp::Ordering::Equal => {
                sum += by * times;
                left += 1;
                right += 1;
            }
        }
    }
    sum
}

fn log_odds<const CLASSES: usize>(probabilities: &[f32; CLASSES]) -> [f32; CLASSES] {
    let top = probabilities.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    probabilities.map(|p| (p.max(f32::MIN_POSITIVE) / top).ln().max(ODDS_MIN))
}

fn softmax<const CLASSES: usize>(odds: &[f32; CLASSES]) -> [f32; CLASSES] {
    let top = odds.iter().copied().fold(f32::MIN, f32::max);
    let parts = odds.map(|odd| (odd - top).exp());
    let all: f32 = parts.iter().sum();
    parts.map(|part| part / all)
}

#[cfg(test)]
mod tests {
    use super::Personal;

    const SENDER: u64 = 1;
    const OTHER: u64 = 2;
    const BASE: [f32; 2] = [0.1, 0.9];

    fn taught(lessons: &[(u64, usize)]) -> Personal<2> {
        let mut personal = Personal::default();
        for (key, right) in lessons {
            personal.add(vec![(*key, 1.0)], &BASE, *right, 1.0);
        }
        personal.fit();
        personal
    }

    fn first(personal: &Personal<2>, key: u64) -> f32 {
        personal.applied(&[(key, 1.0)], &BASE).map_or(BASE[0], |p| p[0])
    }

    #[test]
    fn corrections_move_what_shares_a_key_and_nothing_else() {
        let personal = taught(&[(SENDER, 0)]);
        assert!(first(&personal, SENDER) > 0.2);
        assert!(personal.shift(&[(OTHER, 1.0)]).is_none());
        assert!(taught(&[]).shift(&[(SENDER, 1.0)]).is_none());
    }

    #[test]
    fn one_moves_less_than_three_and_three_are_believed() {
        let one = first(&taught(&[(SENDER, 0)]), SENDER);
        let three = first(&taught(&[(SENDER, 0); 3]), SENDER);
        assert!(one < 0.5 && one < three && three > 0.5, "{one} {three}");
    }

    #[test]
    fn contradictions_end_between_and_order_does_not_matter() {
        let ab = first(&taught(&[(SENDER, 0), (SENDER, 1), (SENDER, 0)]), SENDER);
        let ba = first(&taught(&[(SENDER, 1), (SENDER, 0), (SENDER, 0)]), SENDER);
        assert!((ab - ba).abs() < 0.01, "{ab} {ba}");
        assert!(ab < first(&taught(&[(SENDER, 0); 2]), SENDER));
    }

    #[test]
    fn the_fit_is_where_prior_and_corrections_balance() {
        // One weight a class of variance 1: the shift is the residual, which is how far off the
        // model then is.
        let personal = taught(&[(SENDER, 0)]);
        let shift = personal.shift(&[(SENDER, 1.0)]).expect("touched");
        let p = first(&personal, SENDER);
        assert!((shift[0] - (1.0 - p)).abs() < 0.01, "{shift:?} {p}");
        assert!((shift[1] + (1.0 - p)).abs() < 0.01, "{shift:?} {p}");
    }

    #[test]
    fn many_corrections_do_not_run_off() {
        let personal = taught(&[(SENDER, 0); 300]);
        let p = first(&personal, SENDER);
        assert!(p > 0.9 && p < 1.0, "{p}");
    }
}
