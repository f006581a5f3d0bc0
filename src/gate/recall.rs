//! What was permitted lately.
//!
//! Reading and judging are pure: the same head of the same client means the same, and has the same verdict, as long as the
//! policy and the versions that the daemon speaks are the same. So what is asked again, to the last byte, is neither read
//! nor judged again. It is recorded as ever.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::audit::Statement;
use crate::client::Client;
use crate::operation::version::ApiVersion;
use crate::policy::{Permit, Policy};
use crate::wire::{Field, is_named};

/// How many permits are remembered, and how large the head of a request may be for that.
const MOST: usize = 32;
const MOST_HEAD_BYTES: usize = 4 * 1024;

/// The header fields that clients send with every request, and that hold no credentials.
const USUAL_FIELDS: [&str; 9] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-type",
    "host",
    "keep-alive",
    "user-agent",
];

/// Whether a head with these fields may be kept, as credentials may not.
pub(super) fn holds_no_secret(fields: &[Field<'_>]) -> bool {
    fields.iter().all(|(name, _)| USUAL_FIELDS.iter().any(|usual| is_named(name, usual)))
}

/// The permits of requests that are nothing but a head, and for which the daemon was asked nothing.
#[derive(Debug, Default)]
pub(super) struct Recall {
    /// What all of them rest on.
    ground: Option<Ground>,
    /// The latest first.
    permits: VecDeque<Remembered>,
}

/// What a verdict rests on, beside who asks and what.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    /// The policy that judged.
    pub(super) policy: Rc<Policy>,
    /// The newest version that the daemon could be asked in.
    pub(super) newest: ApiVersion,
}

#[derive(Debug)]
struct Remembered {
    client: Rc<Client>,
    head: Vec<u8>,
    permit: Permit,
    statement: Statement,
}

impl Recall {
    /// The permit of this request and what its record says, if it is remembered.
    pub(super) fn permit(
        &self,
        ground: &Ground,
        client: &Client,
        head: &[u8],
    ) -> Option<(Permit, Statement)> {
        self.ground.as_ref().filter(|own| own.is(ground))?;
        let found = self.permits.iter().find(|one| one.head == head && *one.client == *client)?;
        Some((found.permit.clone(), found.statement.clone()))
    }

    /// Remembers a permit in place of the oldest one.
    pub(super) fn remember(
        &mut self,
        ground: Ground,
        client: &Rc<Client>,
        head: &[u8],
        (permit, statement): (&Permit, &Statement),
    ) {
        if head.len() > MOST_HEAD_BYTES {
            return;
        }
        if !self.ground.as_ref().is_some_and(|own| own.is(&ground)) {
            self.permits.clear();
            self.ground = Some(ground);
        }
        self.permits.truncate(MOST.saturating_sub(1));
        let (client, head) = (Rc::clone(client), head.to_vec());
        let (permit, statement) = (permit.clone(), statement.clone());
        self.permits.push_front(Remembered { client, head, permit, statement });
    }
}

impl Ground {
    fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.policy, &other.policy) && self.newest == other.newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Peer;
    use crate::operation::{Asked, Head};
    use crate::policy::Verdict;

    fn client(uid: u32) -> Rc<Client> {
        Rc::new(Client { listener: "x".into(), peer: Peer::Unix { uid, gid: 0, pid: None } })
    }

    fn ground(newest: ApiVersion) -> Ground {
        let (policy, _) = Policy::read("version = 1\n[[allow]]\noperations = [\"@ping\"]\n");
        Ground { policy: Rc::new(policy.unwrap()), newest }
    }

    fn permit(ground: &Ground) -> Permit {
        let head = Head { method: "GET", target: b"/_ping", headers: &[] };
        let operation = Asked::read(&head, ground.newest).unwrap().with_body(&[]).unwrap();
        match ground.policy.judge(&client(0), operation) {
            Verdict::Permit(permit) => permit,
            Verdict::Denial(denial) => panic!("{denial:?}"),
        }
    }

    #[test]
    fn only_the_same_is_the_same() {
        let (here, mut recall) = (ground(ApiVersion::NEWEST), Recall::default());
        recall.remember(here.clone(), &client(0), b"GET /_ping", (&permit(&here), &Statement::default()));
        assert!(recall.permit(&here, &client(0), b"GET /_ping").is_some());
        assert!(recall.permit(&here, &client(0), b"GET /_pinG").is_none());
        assert!(recall.permit(&here, &client(1), b"GET /_ping").is_none());
        assert!(
            recall
                .permit(&Ground { newest: ApiVersion::OLDEST, ..here.clone() }, &client(0), b"GET /_ping")
                .is_none()
        );
        // The same policy, read anew.
        let anew = ground(ApiVersion::NEWEST);
        assert!(recall.permit(&anew, &client(0), b"GET /_ping").is_none());
        recall.remember(anew.clone(), &client(0), b"HEAD /_ping", (&permit(&anew), &Statement::default()));
        assert!(recall.permit(&here, &client(0), b"GET /_ping").is_none(), "nothing outlives its policy");
    }

    #[test]
    fn credentials_are_not_kept() {
        let holds_no_secret = |name| holds_no_secret(&[("Host", b"x"), (name, b"x")]);
        assert!(holds_no_secret("User-Agent"));
        for name in ["Authorization", "X-Registry-Auth", "Cookie", "X-Whatever"] {
            assert!(!holds_no_secret(name), "{name}");
        }
    }

    #[test]
    fn little_is_remembered() {
        let (here, mut recall) = (ground(ApiVersion::NEWEST), Recall::default());
        let remembered = (&permit(&here), &Statement::default());
        recall.remember(here.clone(), &client(0), &[b'x'; MOST_HEAD_BYTES + 1], remembered);
        assert!(recall.permits.is_empty());
        for number in 0..=MOST {
            recall.remember(here.clone(), &client(0), number.to_string().as_bytes(), remembered);
        }
        assert_eq!(recall.permits.len(), MOST);
        assert!(recall.permit(&here, &client(0), b"0").is_none());
        assert!(recall.permit(&here, &client(0), b"1").is_some());
    }
}
