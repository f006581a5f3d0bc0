//! How long a stream may go on: for good, or until a policy comes into force that grants it no longer.

use std::rc::Rc;

use super::answers::Answers;
use super::request::Unasked;
use super::{Gate, Hearing};
use crate::client::Client;
use crate::daemon::Line;
use crate::operation::Operation;
use crate::operation::table::Answer;
use crate::policy::{Permit, Policy, Terms, Verdict};
use crate::settings::StreamsOnReload;

/// A stream that is judged anew by each policy that comes into force.
#[derive(Debug)]
pub(super) struct Tenure<'a> {
    gate: &'a Gate,
    judged_by: Rc<Policy>,
    client: &'a Client,
    /// As it was asked, with what the daemon said of it; none, where that was too much to be kept.
    asked: Option<Operation>,
    /// What of the answer is shown.
    terms: Terms,
}

impl<'a> Tenure<'a> {
    /// That of `operation`, which is yet to be judged, where its answer is a stream and streams are to be closed. (In a
    /// box, so that those who have none carry nothing.)
    pub(super) fn of(
        gate: &'a Gate,
        hearing: &Hearing<'a>,
        operation: &Operation,
        is_large: bool,
    ) -> Option<Box<Self>> {
        let is_stream = match operation.endpoint().answer {
            Answer::Stream | Answer::Hijack(_) => true,
            Answer::Plain => false,
        };
        (is_stream && gate.streams_on_reload == StreamsOnReload::Close).then(|| {
            Box::new(Self {
                gate,
                judged_by: Rc::clone(hearing.policy),
                client: hearing.context.client,
                asked: (!is_large).then(|| operation.clone()),
                terms: Terms::default(),
            })
        })
    }

    /// It is permitted.
    pub(super) fn granted(&mut self, permit: &Permit) {
        self.terms = permit.terms().clone();
    }

    /// Returns when a policy that came into force does not grant it, or shows other things in it.
    pub(super) async fn end(mut self) {
        let mut changes = self.gate.policy.changes();
        loop {
            // First of all: another may have come into force since it was judged.
            if !self.gate.policy.is_current(&self.judged_by) {
                self.judged_by = self.gate.policy.current();
                if self.is_over().await {
                    return;
                }
            }
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    async fn is_over(&self) -> bool {
        let Some(asked) = self.asked.clone() else {
            tracing::info!(
                "a stream of {} is closed: what it was judged by is too large to be kept",
                self.client.peer
            );
            return true;
        };
        let (daemon, mut line) = (&self.gate.daemon, Line::default());
        let mut answers = Answers::of(&self.gate.answers, self.client);
        let ask = async |path: &str, version| {
            daemon.look_up(path, version, &mut line, &mut answers).await.map_err(Unasked::from)
        };
        let (operation, _) = self.gate.look_up(&self.judged_by, self.client, asked, ask).await;
        let why = match self.judged_by.judge(self.client, operation) {
            Verdict::Permit(permit) if *permit.terms() == self.terms => return false,
            Verdict::Permit(permit) => format!("{} shows other things now", permit.operation().endpoint()),
            Verdict::Denial(denial) => denial.refusal().summary().to_owned(),
        };
        tracing::info!("a stream of {} is closed: {why}", self.client.peer);
        true
    }
}
