//! A Dockerfile: read or refused, by either builder.

use dockgate::operation::build::Builder;
use dockgate::operation::dockerfile::Dockerfile;

/// Checks one text.
pub fn check(text: &[u8]) {
    let given = [("GIVEN".to_owned(), Some("own/given".to_owned())), ("NONE".to_owned(), None)];
    for builder in [Builder::Classic, Builder::BuildKit] {
        let Ok(read) = Dockerfile::read(text, &given, builder) else { continue };
        let lines = text.split(|byte| *byte == b'\n').count();
        for image in read.images.iter().chain(&read.syntax) {
            assert!(!image.name.is_empty() && image.line <= lines, "{image:?}");
            assert!(
                !image.name.contains(|c: char| !c.is_ascii_graphic() || "$'\"\\`".contains(c)),
                "{image:?}"
            );
        }
    }
}
