//! Schedules. tokio-cron-scheduler drives them; a watchdog that trusts only the wall clock keeps it honest.
//!
//! Two open faults of the scheduler must not reach a merchant: a job stops for good when its next tick falls into the past
//! (<https://github.com/mvniekerk/tokio-cron-scheduler/issues/113>), and runs an hour off after a change to or from summer
//! time until restarted (<https://github.com/mvniekerk/tokio-cron-scheduler/issues/107>). So a tick only counts when the
//! cron expression says that one is due, and an overdue one is made up for and the scheduler re-armed.

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Time};

/// How often the watchdog looks.
const WATCH_EVERY: Duration = Duration::from_secs(15);
/// A tick may come this much late before the watchdog steps in, and this much early before it is called wrong.
const TOLERANCE: Duration = Duration::from_secs(5);

/// A cron expression (six fields, seconds first) in a time zone.
#[derive(Debug, Clone)]
pub struct CronPlan {
    text: String,
    cron: Cron,
    zone: Tz,
}

impl CronPlan {
    /// Parse.
    ///
    /// # Errors
    /// The parser's words.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build();
        let cron = parser.parse(text).map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), cron, zone })
    }
}

/// True when an occurrence lies after `last` and not after `now`.
pub fn due_between(plan: &CronPlan, last: Time, now: Time) -> bool {
    let next = plan.cron.find_next_occurrence(&last.with_timezone(&plan.zone), false);
    next.is_ok_and(|next| next.with_timezone(&chrono::Utc) <= now)
}

/// What to do at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Do {
    Nothing,
    Fire,
    Rearm,
    FireAndRearm,
}

/// When it last fired, judged by the wall clock alone.
#[derive(Debug, Clone, Copy)]
struct Watch {
    last: Time,
}

impl Watch {
    /// The scheduler ticked.
    fn ticked(&mut self, plan: &CronPlan, now: Time) -> Do {
        if due_between(plan, self.last, now + TOLERANCE) {
            // From the occurrence on, not from this early moment: else the same one would be due once more.
            self.last = now + TOLERANCE;
            return Do::Fire;
        }
        // Fired just now by the watchdog, or at a wrong hour: the first is harmless, the second wants a new scheduler.
        if due_between(plan, now - TOLERANCE * 2, now + TOLERANCE) { Do::Nothing } else { Do::Rearm }
    }

    /// The watchdog looked.
    fn looked(&mut self, plan: &CronPlan, now: Time) -> Do {
        if now + TOLERANCE * 3 < self.last {
            // The clock was set back: what was fired "in the future" must not hold up the present.
            self.last = now;
            return Do::Rearm;
        }
        if due_between(plan, self.last, now - TOLERANCE) {
            self.last = now;
            return Do::FireAndRearm;
        }
        Do::Nothing
    }
}

/// Fire by schedule until shutdown.
///
/// # Errors
/// When the scheduler cannot be started at all.
pub async fn run(
    plan: CronPlan,
    fire: Arc<dyn Fn() + Send + Sync>,
    shutdown: CancellationToken,
) -> Result<(), JobSchedulerError> {
    let (ticks, mut ticked) = mpsc::channel(8);
    let mut scheduler = arm(&plan, ticks.clone()).await?;
    let mut watch = Watch { last: clock::now() };
    let mut look = tokio::time::interval(WATCH_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        let what = tokio::select! {
            () = shutdown.cancelled() => break,
            Some(()) = ticked.recv() => watch.ticked(&plan, clock::now()),
            _ = look.tick() => watch.looked(&plan, clock::now()),
        };
        if matches!(what, Do::Fire | Do::FireAndRearm) {
            fire();
        }
        if matches!(what, Do::Rearm | Do::FireAndRearm) {
            tracing::warn!("the schedule was off (clock changed?); it is set up anew");
            if let Err(error) = scheduler.shutdown().await {
                tracing::warn!("the old schedule did not stop: {error}");
            }
            scheduler = arm(&plan, ticks.clone()).await?;
        }
    }
    scheduler.shutdown().await
}

async fn arm(plan: &CronPlan, ticks: mpsc::Sender<()>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let job = Job::new_async_tz(plan.text.as_str(), plan.zone, move |_, _| {
        let ticks = ticks.clone();
        Box::pin(async move {
            // A full channel means that ticks are waiting already.
            let _ = ticks.try_send(());
        })
    })?;
    scheduler.add(job).await?;
    scheduler.start().await?;
    Ok(scheduler)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn watch(last: &str) -> Watch {
        Watch { last: at(last) }
    }

    #[test]
    fn a_tick_counts_once_and_only_when_due() {
        let plan = CronPlan::parse("0 */10 * * * *", Tz::UTC).unwrap();
        let mut watch = watch("2026-11-20T10:00:10Z");
        assert_eq!(watch.ticked(&plan, at("2026-11-20T10:10:00Z")), Do::Fire);
        assert_eq!(watch.ticked(&plan, at("2026-11-20T10:10:00Z")), Do::Nothing);
        assert_eq!(watch.looked(&plan, at("2026-11-20T10:10:10Z")), Do::Nothing);
    }

    #[test]
    fn a_jump_of_the_clock_stops_nothing() {
        let plan = CronPlan::parse("0 0 3 * * *", Tz::UTC).unwrap();
        // Forward over the occurrence: the scheduler has gone quiet, the watchdog makes up for it.
        let mut forward = watch("2026-11-20T02:00:00Z");
        assert_eq!(forward.looked(&plan, at("2026-11-20T02:59:59Z")), Do::Nothing);
        assert_eq!(forward.looked(&plan, at("2026-11-20T09:00:00Z")), Do::FireAndRearm);
        assert_eq!(forward.looked(&plan, at("2026-11-20T09:00:15Z")), Do::Nothing);
        // Back by a day: the next occurrence is not "already done".
        let mut back = watch("2026-11-20T09:00:00Z");
        assert_eq!(back.looked(&plan, at("2026-11-19T02:00:00Z")), Do::Rearm);
        assert_eq!(back.looked(&plan, at("2026-11-19T03:00:20Z")), Do::FireAndRearm);
    }

    #[test]
    fn summer_time_moves_no_run() {
        let plan = CronPlan::parse("0 0 3 * * *", Tz::Europe__Berlin).unwrap();
        // 25 October 2026: clocks go back, 03:00 is 02:00 UTC instead of 01:00 UTC.
        let mut watch = watch("2026-10-24T01:00:06Z");
        assert_eq!(
            watch.ticked(&plan, at("2026-10-25T01:00:00Z")),
            Do::Rearm,
            "an hour early: the scheduler's old offset"
        );
        assert_eq!(watch.ticked(&plan, at("2026-10-25T02:00:00Z")), Do::Fire);
        assert_eq!(watch.ticked(&plan, at("2026-10-26T02:00:00Z")), Do::Fire);
    }
}
