//! QR codes on a terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use terminal_size::{Height, Width};

use crate::output::{self, Stream};

/// What is left around the code, in columns.
const MARGIN: &str = "  ";

/// The text as a QR code in half blocks, dark on light whatever the colours of the terminal; `None` where standard error is
/// no terminal, has no colours, or is too small.
pub(crate) fn drawn(text: &str) -> Option<String> {
    if !output::is_terminal(Stream::Error) || !output::colours(Stream::Error) {
        return None;
    }
    let (Width(width), Height(height)) = terminal_size::terminal_size_of(std::io::stderr())?;
    let lines = lines(text)?;
    let columns = lines.first()?.chars().count() + 2 * MARGIN.len();
    // A code of which a part has scrolled away is none.
    if columns > usize::from(width) || lines.len() + 2 > usize::from(height) {
        return None;
    }
    Some(painted(&lines))
}

fn lines(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let picture = code.render::<Dense1x2>().quiet_zone(true).build();
    Some(picture.lines().map(str::to_owned).collect())
}

fn painted(lines: &[String]) -> String {
    let line = |line: &String| format!("{MARGIN}\x1b[38;5;16;48;5;231m{line}\x1b[0m\n");
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{lines, painted};

    #[test]
    fn a_link_becomes_a_square_with_a_quiet_border() {
        let link = "https://login.example.com/device?user_code=WDJB-MJHT";
        let drawn = lines(link).expect("a code");
        let wide: Vec<usize> = drawn.iter().map(|line| line.chars().count()).collect();
        // A module is one column wide and half a line high; 4 of them are left free on every side.
        assert!(wide.iter().all(|own| *own == wide[0]), "{wide:?}");
        assert_eq!(drawn.len(), wide[0].div_ceil(2));
        assert!(drawn[0].trim().is_empty() && drawn[1].trim().is_empty());
        assert!(drawn.iter().all(|line| line.starts_with("    ")));
        assert!(drawn[2].contains("█▀▀▀▀▀█"), "{drawn:?}");
        assert!(painted(&drawn).starts_with("  \x1b[38;5;16;48;5;231m"));
    }

    #[test]
    fn what_is_too_long_is_not_drawn() {
        assert_eq!(lines(&"x".repeat(5000)), None);
    }
}
