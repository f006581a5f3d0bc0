//! Whether the daemon answers now: asked of it once, however many want to know.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::daemon::{Away, Daemon};

/// How old an answer may be: whoever asks faster than this has the daemon asked no more often.
const FRESH: Duration = Duration::from_secs(1);

type Answer = Result<(), Away>;

/// The last answers, to a ping and to a listing. Whoever comes while the daemon is being asked waits for that.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    ping: Mutex<Option<(Instant, Answer)>>,
    listing: Mutex<Option<(Instant, Answer)>>,
}

impl Readiness {
    /// Pings the daemon, and has it list a container if asked to: one that is wedged still answers pings.
    pub(super) async fn ask(&self, daemon: &Daemon, listing: bool) -> Answer {
        fresh(&self.ping, async || daemon.probe().await.map(drop)).await?;
        if listing { fresh(&self.listing, async || daemon.list().await).await } else { Ok(()) }
    }
}

async fn fresh(last: &Mutex<Option<(Instant, Answer)>>, ask: impl AsyncFnOnce() -> Answer) -> Answer {
    let mut last = last.lock().await;
    if let Some((_, answer)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
        return answer.clone();
    }
    let answer = ask().await;
    *last = Some((Instant::now(), answer.clone()));
    answer
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_ask_once() {
        let (last, asked) = (Mutex::new(None), Cell::new(0));
        let ask = || {
            fresh(&last, async || {
                asked.set(asked.get() + 1);
                tokio::time::sleep(Duration::from_millis(300)).await;
                Ok(())
            })
        };
        let (first, second, third) = tokio::join!(ask(), ask(), ask());
        assert_eq!((first, second, third), (Ok(()), Ok(()), Ok(())));
        assert_eq!(asked.get(), 1);
        tokio::time::advance(FRESH).await;
        assert_eq!((ask().await, asked.get()), (Ok(()), 2), "it is asked again");
    }
}
