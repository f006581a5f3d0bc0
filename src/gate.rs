//! One request, from top to bottom, and what holds the parts together.
//!
//! Everything runs on one thread: connections are tasks of one [`tokio::runtime::LocalRuntime`], and what they share
//! is shared without locks.

mod answer;
mod answers;
mod attendant;
mod connection;
mod context;
mod crowd;
mod drain;
mod host;
mod listener;
mod recall;
mod refusal;
mod relay;
mod request;
mod shown;
mod signals;
mod tenure;
mod tunnel;
mod turns;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::spawn_local;

pub use drain::{Drained, Phase};
pub use listener::{BindError, Listener, Post};
pub use signals::Signals;

use crate::audit::{Audit, End, Ending, RequestContext, RequestIds, Statement};
use crate::client::Client;
use crate::daemon::Daemon;
use crate::metrics::{Metrics, Tally};
use crate::operation::table::Method;
use crate::operation::version::ApiVersion;
use crate::operation::{Operation, Shown, Unreadable};
use crate::policy::{LOOK_UP_ROUNDS, MOST_QUESTIONS, Permit, Policy, Verdict};
use crate::reload::PolicyInForce;
use crate::settings::{Address, Limits, Settings, StreamsOnReload};
use crate::wire::{Framing, RequestHead};
use answers::Answers;
use attendant::Attendants;
use connection::{Connection, Next};
use context::Context;
use crowd::Crowd;
use recall::{Ground, Recall};
use refusal::Refusal;
use request::{Unasked, Unread, Upload};
use tenure::Tenure;
use turns::{Turn, Turns};

/// The parts that judge, record and forward requests.
#[derive(Debug)]
pub struct Gate {
    policy: Rc<PolicyInForce>,
    streams_on_reload: StreamsOnReload,
    audit: Audit,
    daemon: Rc<Daemon>,
    metrics: Rc<Metrics>,
    ids: RequestIds,
    recall: RefCell<Recall>,
    /// What clients may take up.
    limits: Limits,
    /// How long running requests may go on once dockgate is told to stop.
    grace: Duration,
    /// The turns of large heads.
    heads: Turns,
    /// The turns of large bodies.
    bodies: Turns,
    /// The turns of build contexts.
    contexts: Turns,
    /// Where those are kept.
    context_dir: PathBuf,
    /// The turns of large answers to questions of dockgate's own.
    answers: Turns,
    /// The turns of large things in answers of which a client sees a part.
    shown: Turns,
    /// Whose connections are open.
    crowd: Rc<Crowd>,
    attendants: Attendants,
}

/// A request that is being heard.
#[derive(Debug)]
struct Hearing<'a> {
    /// When it began.
    began: Instant,
    /// The policy that judges it, whichever comes into force meanwhile.
    policy: &'a Rc<Policy>,
    /// What is recorded of it.
    context: RequestContext<'a>,
    /// What is counted of it.
    tally: Tally<'a>,
}

/// A request that may go on once it is on record.
struct Granted<'a> {
    permit: Permit,
    /// What its record says, where that is known from before.
    statement: Option<Statement>,
    /// When it was judged.
    judged: Instant,
    /// What follows its head.
    upload: Upload,
    /// What was kept of its body.
    kept: Option<Context>,
    /// The turns of a large body, and of the large answers that it was judged by.
    turns: [Option<Turn>; 2],
    /// How long its answer may go on.
    tenure: Option<Box<Tenure<'a>>>,
    /// Why the daemon is not asked all the same.
    unasked: Option<Unasked>,
}

/// What became of a request, for its second record.
#[derive(Debug)]
struct Outcome {
    status: Option<u16>,
    daemon_status: Option<u16>,
    request_bytes: u64,
    response_bytes: u64,
    end: End,
    next: Next,
}

impl Outcome {
    /// The client left before it was answered.
    fn client_gone(request_bytes: u64) -> Self {
        Self {
            status: None,
            daemon_status: None,
            request_bytes,
            response_bytes: 0,
            end: End::ClientGone,
            next: Next::Cut,
        }
    }

    /// dockgate stopped before it was answered.
    fn drained(request_bytes: u64) -> Self {
        Self { end: End::Drained, ..Self::client_gone(request_bytes) }
    }
}

impl Gate {
    /// Holds the parts together.
    #[must_use]
    pub fn new(
        policy: Rc<PolicyInForce>,
        audit: Audit,
        daemon: Rc<Daemon>,
        metrics: Rc<Metrics>,
        ids: RequestIds,
        settings: &Settings,
    ) -> Self {
        Self {
            policy,
            streams_on_reload: settings.streams_on_reload,
            audit,
            daemon,
            metrics,
            ids,
            recall: RefCell::default(),
            limits: settings.limits,
            grace: settings.grace,
            heads: Turns::new(connection::LARGE_HEADS),
            bodies: Turns::new(request::LARGE_BODIES),
            contexts: Turns::new(context::MOST_KEPT),
            context_dir: settings.build_context_dir.clone(),
            answers: Turns::new(answers::LARGE_ANSWERS),
            shown: Turns::new(shown::LARGE_THINGS),
            crowd: Crowd::new(settings.limits.connections),
            attendants: Attendants::default(),
        }
    }

    /// Tells when dockgate begins to stop.
    #[must_use]
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.crowd.phase()
    }

    /// Serves the connections of `listeners` until the first of `signals`, and until the
    /// last one has ended or was cut.
    pub async fn serve(self, listeners: Vec<Listener>, signals: Signals) -> Drained {
        let daemon = Rc::clone(&self.daemon);
        let watching = spawn_local(async move { daemon.watch().await });
        let drained = drain::until_drained(Rc::new(self), listeners, signals).await;
        watching.abort();
        drained
    }

    /// One request: read, judged, recorded, forwarded; and recorded again when it is over.
    async fn request(&self, connection: &mut Connection, head: Result<Vec<u8>, Unreadable>) -> Next {
        let began = Instant::now();
        let id = self.ids.next();
        let client = Rc::clone(&connection.client);
        let policy = self.policy.current();
        let context = RequestContext {
            id,
            client: &client,
            client_names: &policy.client_names(&client).collect::<Vec<_>>(),
            policy_hash: policy.hash(),
        };
        let hearing = Hearing { began, policy: &policy, context, tally: self.metrics.request() };
        let outcome = self.decide(connection, head, &hearing).await;
        let ending = Ending {
            status: outcome.status,
            daemon_status: outcome.daemon_status,
            request_bytes: outcome.request_bytes,
            response_bytes: outcome.response_bytes,
            duration: began.elapsed(),
            end: outcome.end,
        };
        tracing::debug!("request {id} of {}: {:?}, status {:?}", client.peer, ending.end, ending.status);
        hearing.tally.ended(ending.status, ending.duration, ending.end);
        self.audit.ended(id, ending);
        outcome.next
    }

    async fn decide(
        &self,
        connection: &mut Connection,
        head: Result<Vec<u8>, Unreadable>,
        hearing: &Hearing<'_>,
    ) -> Outcome {
        let bytes = match &head {
            Ok(bytes) => bytes,
            Err(unreadable) => {
                let came = connection.inbox.pending().to_vec();
                return self
                    .refuse_unreadable(connection, request::first_line(&came), unreadable, hearing)
                    .await;
            }
        };
        let newest = self.daemon.known_version();
        let ground = newest.map(|newest| Ground { policy: Rc::clone(hearing.policy), newest });
        let recall = |ground| self.recall.borrow().permit(ground, hearing.context.client, bytes);
        let granted = match ground.as_ref().and_then(recall) {
            Some((permit, statement)) => {
                connection.begin(true, false, Framing::None);
                Ok(Granted {
                    permit,
                    statement: Some(statement),
                    judged: hearing.began,
                    upload: Upload::NONE,
                    kept: None,
                    turns: [None, None],
                    tenure: None,
                    unasked: None,
                })
            }
            None => Box::pin(self.hear(connection, bytes, hearing, ground)).await,
        };
        // An answer may go on for long.
        drop(head);
        connection.head_turn = None;
        match granted {
            Ok(granted) => self.grant(connection, granted, hearing).await,
            Err(outcome) => outcome,
        }
    }

    /// Puts a permit on record and forwards what is permitted.
    async fn grant<'a>(
        &'a self,
        connection: &mut Connection,
        granted: Granted<'a>,
        hearing: &Hearing<'a>,
    ) -> Outcome {
        let Granted { permit, statement, judged, upload, kept, turns, tenure, unasked } = granted;
        let (id, is_head) = (hearing.context.id, permit.operation().endpoint().method == Method::Head);
        hearing.tally.permitted(&permit);
        let recording = self.audit.record(&hearing.context, permit, statement.as_ref());
        let recorded = match self.metrics.recording(judged, recording).await {
            Ok(recorded) => recorded,
            Err(error) => {
                return connection.refuse(id, is_head, &Refusal::unrecorded(&error), End::Failed).await;
            }
        };
        // Who waits for it can be refused while the daemon is waited for.
        drop(turns);
        match unasked {
            None => relay::forward(self, connection, (upload, kept), recorded, hearing, tenure).await,
            Some(Unasked::Over(outcome)) => outcome,
            // What was asked can be large, and the client slow to read why it is not done.
            Some(Unasked::Away(away)) => {
                drop(recorded);
                connection.refuse(id, is_head, &Refusal::away(&away), End::DaemonAway).await
            }
            Some(Unasked::Unreadable(sentence)) => {
                drop(recorded);
                connection.refuse(id, is_head, &Refusal::untold(&sentence), End::Failed).await
            }
        }
    }

    /// Reads and judges what is asked.
    async fn hear<'a>(
        &'a self,
        connection: &mut Connection,
        bytes: &[u8],
        hearing: &Hearing<'a>,
        ground: Option<Ground>,
    ) -> Result<Granted<'a>, Outcome> {
        let head = match RequestHead::parse(bytes) {
            Ok(head) => head,
            Err(fault) => {
                let unreadable = request::unreadable_head(fault, self.limits);
                let line = request::first_line(bytes);
                return Err(self.refuse_unreadable(connection, line, &unreadable, hearing).await);
            }
        };
        connection.begin(head.keep_alive, head.is_http_10, head.framing);
        let mut granted = self.judge(connection, &head, hearing).await?;
        let is_usual = matches!(head.method, "GET" | "HEAD")
            && head.framing == Framing::None
            && connection.keep_alive
            && recall::holds_no_secret(&head.fields)
            && !hearing.policy.asks(granted.permit.operation().endpoint());
        if let (Some(ground), true, None, None) = (ground, is_usual, &granted.tenure, &granted.unasked) {
            let statement = self.audit.statement(&hearing.context, &granted.permit);
            let remembered = (&granted.permit, &statement);
            self.recall.borrow_mut().remember(ground, &connection.client, bytes, remembered);
            granted.statement = Some(statement);
        }
        Ok(granted)
    }

    async fn judge<'a>(
        &'a self,
        connection: &mut Connection,
        head: &RequestHead<'_>,
        hearing: &Hearing<'a>,
    ) -> Result<Granted<'a>, Outcome> {
        let context = &hearing.context;
        let (id, client) = (context.id, context.client);
        let is_head = head.method == "HEAD";
        let (operation, kept, turn, unasked) = self.read(connection, head, hearing).await?;
        let mut answers = Answers::of(&self.answers, client);
        let (operation, unasked) = match unasked {
            None if !hearing.policy.asks(operation.endpoint()) => (operation, None),
            None => {
                let Connection { stream, inbox, line, place, body_bytes, .. } = &mut *connection;
                let ask = async |path: &str, version| {
                    let asking = self.daemon.look_up(path, version, line, &mut answers);
                    request::while_wanted(stream, inbox, place, *body_bytes, asking).await
                };
                Box::pin(self.look_up(hearing.policy, client, operation, ask)).await
            }
            Some(unasked) => (operation, Some(unasked)),
        };
        let large = answers.into_turn();
        let mut tenure = Tenure::of(self, hearing, &operation, large.is_some());
        let began = Instant::now();
        let verdict = hearing.policy.judge(client, operation);
        let judged = self.metrics.judged(began);
        let permit = match verdict {
            Verdict::Permit(permit) => permit,
            Verdict::Denial(denial) => {
                hearing.tally.denied(&denial);
                // It is refused, whether or not that could be recorded.
                self.metrics.recording(judged, self.audit.record_denial(context, &denial)).await.ok();
                let refusal = match unasked {
                    Some(Unasked::Over(outcome)) => return Err(outcome),
                    // What it would have said could have turned the verdict.
                    Some(Unasked::Away(away)) => Refusal::away(&away),
                    Some(Unasked::Unreadable(sentence)) => Refusal::untold(&sentence),
                    None => Refusal::denied(&denial),
                };
                // What was asked can be large, and the client slow to read why it is not done.
                drop((denial, turn, large));
                return Err(connection.refuse(id, is_head, &refusal, End::Refused).await);
            }
        };
        if let Some(tenure) = &mut tenure {
            tenure.granted(&permit);
        }
        let upload = Upload::of(head);
        let turns = [turn, large];
        Ok(Granted { permit, statement: None, judged, upload, kept, turns, tenure, unasked })
    }

    /// Reads what is asked: the operation, what was kept of its body, the turn of a large one, and why the daemon is not
    /// asked although the policy may permit it.
    async fn read(
        &self,
        connection: &mut Connection,
        head: &RequestHead<'_>,
        hearing: &Hearing<'_>,
    ) -> Result<(Operation, Option<Context>, Option<Turn>, Option<Unasked>), Outcome> {
        let (version, unasked) = request::newest_version(self, hearing.policy, connection, head).await;
        let read = match request::read(self, hearing.policy, connection, head, version).await {
            Ok((operation, turn)) => {
                let looked = context::look_inside(self, hearing.policy, connection, head, operation).await;
                looked.map(|(operation, kept)| (operation, kept, turn))
            }
            Err(unread) => Err(unread),
        };
        let line = (head.method, head.target);
        match read {
            Ok((operation, kept, turn)) => Ok((operation, kept, turn, unasked)),
            Err(Unread::Unreadable(unreadable)) => {
                Err(self.refuse_unreadable(connection, line, &unreadable, hearing).await)
            }
            Err(Unread::Gone(cut)) => {
                self.record_unreadable(line, &cut, hearing).await;
                Err(Outcome::client_gone(connection.body_bytes))
            }
            Err(Unread::Drained(cut)) => {
                self.record_unreadable(line, &cut, hearing).await;
                Err(Outcome::drained(connection.body_bytes))
            }
        }
    }

    /// Has the daemon asked, by `ask`, what the policy must know to judge the operation. Answers may raise questions: a
    /// container may have a volume. Without an answer the judge supposes nothing good.
    async fn look_up(
        &self,
        policy: &Policy,
        client: &Client,
        mut operation: Operation,
        mut ask: impl AsyncFnMut(&str, ApiVersion) -> Result<Shown, Unasked>,
    ) -> (Operation, Option<Unasked>) {
        let mut unknown = policy.unknown(client, &operation);
        for _ in 0..LOOK_UP_ROUNDS {
            let questions = std::mem::take(&mut unknown.questions);
            if questions.is_empty() {
                break;
            }
            // What is learnt changes it.
            operation.understand_anew();
            for question in questions.into_iter().take(MOST_QUESTIONS) {
                let Some(path) = question.path() else { continue };
                match ask(&path, operation.version()).await {
                    Ok(shown) => operation.learn(question, shown),
                    Err(unasked) => return (operation, Some(unasked)),
                }
            }
            unknown = policy.unknown(client, &operation);
        }
        if matches!(self.daemon.address(), Address::Unix(_)) {
            for (looked, path) in unknown.paths.into_iter().enumerate() {
                let link = if looked < MOST_QUESTIONS { host::link_to(&path).await } else { None };
                let Some(link) = link else {
                    operation.trace_no_more();
                    break;
                };
                operation.trace(path, link);
            }
        }
        (operation, None)
    }

    async fn refuse_unreadable(
        &self,
        connection: &mut Connection,
        line: (&str, &[u8]),
        unreadable: &Unreadable,
        hearing: &Hearing<'_>,
    ) -> Outcome {
        self.record_unreadable(line, unreadable, hearing).await;
        let is_head = line.0 == "HEAD";
        connection.refuse(hearing.context.id, is_head, &Refusal::unreadable(unreadable), End::Refused).await
    }

    /// Counts and records what cannot be read. It goes no further, whether or not that could be recorded.
    async fn record_unreadable(
        &self,
        (method, target): (&str, &[u8]),
        unreadable: &Unreadable,
        hearing: &Hearing<'_>,
    ) {
        hearing.tally.unreadable(unreadable.endpoint);
        let recording = self.audit.record_unreadable(&hearing.context, unreadable, method, target);
        self.metrics.recording(Instant::now(), recording).await.ok();
    }
}
