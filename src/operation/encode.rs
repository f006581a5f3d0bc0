//! An operation, written as the request that the daemon gets.

use std::cell::OnceCell;

use super::table::Answer;
use super::{Body, Heading, Operation};

/// A request for the daemon, but for what the connection adds: `Host`, framing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The method.
    pub method: &'static str,
    /// The request target: version, path and query.
    pub target: String,
    /// The headers that carry meaning, with the body's type and the upgrade asked for.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body. A tar body is not here: it is copied.
    pub body: Option<Vec<u8>>,
    /// The bytes of it where nothing follows, once they were sent.
    pub bare: OnceCell<Vec<u8>>,
}

impl Operation {
    /// Writes the operation. The same operation is always the same request.
    #[must_use]
    pub fn encode(&self) -> Encoded {
        let Heading { endpoint, version, path, identifiers: _, query, headers, upgrade } = &self.heading;
        let mut target = if endpoint.versioned { format!("/v{version}") } else { String::new() };
        target.push_str(path);
        query.write(&mut target);

        let mut headers = headers.clone();
        let body = match &self.body {
            Body::None => None,
            Body::Json(json) => {
                headers.push(("Content-Type", "application/json".to_owned()));
                let mut text = String::with_capacity(4096);
                json.write(&mut text);
                Some(text.into_bytes())
            }
            Body::Stream => {
                headers.push(("Content-Type", "application/x-tar".to_owned()));
                None
            }
        };
        if let (true, Answer::Hijack(protocol)) = (*upgrade, endpoint.answer) {
            headers.push(("Connection", "Upgrade".to_owned()));
            headers.push(("Upgrade", protocol.as_str().to_owned()));
        }
        Encoded { method: endpoint.method.as_str(), target, headers, body, bare: OnceCell::new() }
    }
}
