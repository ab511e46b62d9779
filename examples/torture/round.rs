//! One life of the daemon: from its start to the moment of its kill.

use std::process::Child;
use std::time::{Duration, Instant};

use shelfd::lab::gate::Kind;

use super::Torture;

/// No life is longer, whatever its plan waits for.
const LIFE_MAX: Duration = Duration::from_millis(2_500);
/// The step of waiting: the error of every planned moment.
const STEP: Duration = Duration::from_millis(1);

/// What a kill follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// The start.
    Start,
    /// The first sale after the daemon has lived for so many milliseconds.
    Sale(u64),
    /// The first write call after that.
    Write(u64),
}

impl Torture {
    /// Play until the drawn moment, then kill.
    pub async fn round(&mut self, mut child: Child) -> anyhow::Result<()> {
        self.trouble.turn(&self.world);
        self.load.says_late = self.trouble.says_late;
        let started = Instant::now();
        let (after, delay) = self.plan();
        let (sales, mut writes) = (self.load.counts.sales, self.writes());
        let mut sold = sales;
        let mut due = (after == After::Start).then(|| started + delay);
        while due.is_none_or(|due| Instant::now() < due) && started.elapsed() < LIFE_MAX {
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("the daemon ended by itself: {status}\n{}", self.daemon.last_words());
            }
            self.load.play(&self.world);
            let ripe = |from: u64| started.elapsed() >= Duration::from_millis(from);
            let happened = match after {
                After::Start => false,
                After::Sale(from) => ripe(from) && self.load.counts.sales > sold,
                After::Write(from) => ripe(from) && self.writes() > writes,
            };
            if due.is_none() && happened {
                due = Some(Instant::now() + delay);
            }
            (sold, writes) = (self.load.counts.sales, self.writes());
            tokio::time::sleep(STEP).await;
        }
        // SIGKILL, to this child alone.
        child.kill()?;
        child.wait()?;
        self.load.note("", format!("killed {} ms after its start ({after:?})", started.elapsed().as_millis()));
        self.report.note_life(started.elapsed());
        Ok(())
    }

    fn plan(&mut self) -> (After, Duration) {
        let mut millis = |from, to| Duration::from_millis(self.kills.between(from, to).unsigned_abs());
        let (anywhere, early, soon, call) = (millis(5, 1_500), millis(0, 60), millis(0, 150), millis(0, 40));
        let from = self.kills.between(0, 700).unsigned_abs();
        match self.kills.below(20) {
            0..=9 => (After::Start, anywhere),
            10..=12 => (After::Start, early),
            13..=15 => (After::Sale(from), soon),
            _ => (After::Write(from), call),
        }
    }

    fn writes(&self) -> u64 {
        let gates = [self.world.google().gate(), self.world.shopify().gate(), self.world.woocommerce().gate()];
        gates.iter().map(|gate| gate.total(Kind::Write)).sum()
    }

    /// Play for a while, whether or not a daemon is there.
    pub async fn play_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.load.play(&self.world);
            tokio::time::sleep(STEP).await;
        }
    }
}
