//! Lines of an export: what is taken says the same when it is written again, and a refusal repeats nothing but names.

use gatepass_store::transfer::{Line, MAX_LINE};

/// How much a refusal says at most.
const TOLD: usize = 600;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Line::parse(text) {
        Ok(line) => {
            assert!(text.len() <= MAX_LINE);
            // Escapes that were not needed are gone; numbers may be longer by a digit or two.
            if let Ok(written) = line.write() {
                let written = written.expect("what is read is of a kind that is written");
                let read = Line::parse(&written).map(|read| read.write());
                assert_eq!(read, Ok(Ok(Some(written))));
            }
        }
        Err(error) => {
            let told = error.to_string();
            assert!(told.len() <= TOLD && !told.contains(char::is_control));
        }
    }
}
