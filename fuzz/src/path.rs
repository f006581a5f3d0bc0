//! A request target, asked for with every method.

use super::round;

/// Checks one target.
pub fn check(target: &[u8]) {
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
        if let Some(operation) = round::read(method, target) {
            round::again(&operation);
        }
    }
}
