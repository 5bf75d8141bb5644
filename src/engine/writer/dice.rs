//! Random numbers that are the same everywhere for the same seed.
//!
//! `SplitMix64` (Steele, Lea and Flood 2014): candle's generator cannot be seeded on a processor,
//! and crates of random numbers change theirs between versions.

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but not 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_stream_is_that_of_the_paper() {
        // The first three of seed 1234567, as many implementations list them.
        let mut dice = Dice::new(1_234_567);
        let stream = [dice.bits(), dice.bits(), dice.bits()];
        let expected =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(stream, expected);
    }

    #[test]
    fn numbers_lie_between_0_and_1_and_are_even() {
        let mut dice = Dice::new(7);
        let numbers: Vec<f64> = (0..10_000).map(|_| dice.unit()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        assert!((numbers.iter().sum::<f64>() / 1e4 - 0.5).abs() < 0.01);
    }
}
