//! Small seeded random numbers, so that a lab can be repeated.

/// Xorshift64* (Marsaglia, Vigna). Not for secrets.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Every seed is good, zero too.
    pub fn new(seed: u64) -> Self {
        // SplitMix64's finaliser spreads small seeds over all bits; xorshift must not start at zero.
        let mut state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((state ^ (state >> 31)).max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number in `0..below`; zero when `below` is.
    pub fn below(&mut self, below: usize) -> usize {
        // The high half has the better bits.
        ((u128::from(self.next()) * below as u128) >> 64) as usize
    }

    /// A number in `from..=to`; `from` when there is none.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = usize::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or(0);
        from.saturating_add(self.below(span) as i64)
    }

    /// True in this share of cases (`0.0..=1.0`).
    pub fn chance(&mut self, share: f64) -> bool {
        // 53 bits fill a double's mantissa.
        ((self.next() >> 11) as f64) < share * (1_u64 << 53) as f64
    }

    /// One of them.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        items.get(self.below(items.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_spreads() {
        let draw = |seed| {
            let mut rng = Rng::new(seed);
            (0..1_000).map(|_| rng.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(draw(0), draw(0));
        assert_ne!(draw(0), draw(1));
        for digit in 0..10 {
            let count = draw(7).iter().filter(|drawn| **drawn == digit).count();
            assert!((60..140).contains(&count), "{digit} came {count} times of 1000");
        }
        let mut rng = Rng::new(3);
        assert!((0..100).all(|_| (-2..=2).contains(&rng.between(-2, 2))));
        assert_eq!((0..100).filter(|_| rng.chance(0.0)).count(), 0);
        assert_eq!((0..100).filter(|_| rng.chance(1.0)).count(), 100);
        assert_eq!(rng.pick::<u8>(&[]), None);
        assert_eq!(rng.between(5, 4), 5);
    }
}
