//! A build context: read or refused, by either builder.

use dockgate::operation::build::Builder;
use dockgate::operation::context;

/// Checks one archive.
pub fn check(bytes: &[u8]) {
    const LIMIT: u64 = 1024 * 1024;
    for builder in [Builder::Classic, Builder::BuildKit] {
        let whole = context::dockerfile(bytes, "", builder, LIMIT);
        // It does not matter in what pieces it comes.
        let pieces = context::dockerfile(Dripping(bytes), "", builder, LIMIT);
        // Of two flaws the one that is found first hangs on how the archive comes in.
        assert_eq!(whole.ok(), pieces.ok());
    }
}

/// Gives three bytes at a time.
struct Dripping<'a>(&'a [u8]);

impl std::io::Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(3);
        self.0.read(&mut buffer[..most])
    }
}
