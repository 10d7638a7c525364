//! Inputs that are nearly right: seeds with something changed in them.

use gatepass_testkit::Seeded;

/// The longest input, above the bounds of the parsers.
const MAX_LEN: usize = 40_000;

/// What parsers stumble over.
const WORDS: &[&str] = &[
    "",
    "\"\"",
    "null",
    "true",
    "0",
    "-1",
    "0.5",
    "1e309",
    "253402300800",
    "9223372036854775807",
    "18446744073709551616",
    "[]",
    "{}",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "\"a b\"",
    "\\u0000",
    "\\ud800",
    "\0",
    "\r\n",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{fc}",
    "%00",
    "%ff",
    "%2e%2e%2f",
    "&&",
    "a=b&a=c",
    "=\"\\\"",
    ", ,",
    "# ",
    "'",
    "\"\"\"",
    "https://",
    "http://[::1]:99999/",
    "https://me:pw@h.example:443/..//?#",
    "javascript:alert(1)",
    "Bearer",
    "Basic Og==",
    "eyJhbGciOiJub25lIn0.e30.",
];

/// Makes inputs of seeds, the same ones for the same number.
pub(crate) struct Mutation<'a> {
    draw: Seeded,
    seeds: &'a [Vec<u8>],
}

impl<'a> Mutation<'a> {
    /// Of these seeds, of which there is at least one.
    pub(crate) fn of(seeds: &'a [Vec<u8>], number: u64) -> Self {
        let draw = Seeded::new(number);
        Self { draw, seeds }
    }

    /// The next input.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut data = self.seed().to_vec();
        let changes = 1 + self.draw.below(2) * self.draw.below(4);
        for _ in 0..changes {
            self.change(&mut data);
        }
        data.truncate(MAX_LEN);
        data
    }

    fn seed(&mut self) -> &'a [u8] {
        &self.seeds[self.draw.below(self.seeds.len())]
    }

    fn change(&mut self, data: &mut Vec<u8>) {
        let (at, range) = (self.draw.below(data.len() + 1), self.range(data.len()));
        match self.draw.below(9) {
            0 => {
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << self.draw.below(8);
                }
            }
            1 => data.insert(at, self.byte()),
            2 => drop(data.drain(range)),
            3 => self.insert_word(data, at..at),
            4 => {
                let token = token_at(data, at);
                self.insert_word(data, token);
            }
            5 => {
                let piece = data[range].to_vec();
                data.splice(at..at, piece);
            }
            6 => {
                let times = 1 << self.draw.below(12);
                let piece = data[range].repeat(times);
                data.splice(at..at, piece.into_iter().take(MAX_LEN));
            }
            7 => {
                let other = self.seed();
                data.truncate(at);
                data.extend_from_slice(&other[self.draw.below(other.len() + 1)..]);
            }
            _ => data.truncate(at),
        }
    }

    /// Mostly one that can stand in a text.
    fn byte(&mut self) -> u8 {
        let any = self.draw.below(256) as u8;
        if self.draw.one_in(4) {
            any
        } else {
            0x20 + any % 0x5f
        }
    }

    /// Mostly a short one.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let longest = if self.draw.one_in(4) {
            len
        } else {
            len.min(16)
        };
        let start = self.draw.below(len + 1);
        start..(start + self.draw.below(longest + 1)).min(len)
    }

    fn insert_word(&mut self, data: &mut Vec<u8>, range: std::ops::Range<usize>) {
        let word = WORDS[self.draw.below(WORDS.len())];
        data.splice(range, word.bytes());
    }
}

/// The number, word or quoted text around a place.
fn token_at(data: &[u8], at: usize) -> std::ops::Range<usize> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"\"_-.".contains(byte);
    let before = data[..at].iter().rev().take_while(|byte| inside(byte));
    let after = data[at..].iter().take_while(|byte| inside(byte));
    at - before.count()..at + after.count()
}
