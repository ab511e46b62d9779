//! The same random histories on disk and in memory: every answer is the same, and so is all that is left.

use tempfile::TempDir;

use super::generate::{POOLS, SKUS, World, sku};
use super::peek;
use crate::db::{Ledger, MemoryLedger, SqliteLedger};

const HISTORIES: u64 = 240;
const CALLS: usize = 70;

#[tokio::test]
async fn both_ledgers_tell_the_same_history() {
    let dir = TempDir::new().unwrap();
    let disk = SqliteLedger::open(&dir.path().join("shelfd.db")).await.unwrap();
    disk.hurry().await;
    for seed in 0..HISTORIES {
        disk.clear().await;
        history(seed, &disk).await;
    }
}

async fn history(seed: u64, disk: &SqliteLedger) {
    let memory = MemoryLedger::new();
    let mut world = World::new(seed, memory.clone());
    let mut story = Vec::new();
    let mut closing = World::closing().into_iter();
    for turn in 0.. {
        let next = if turn < CALLS { Some(world.call()) } else { closing.next() };
        let Some(call) = next else { break };
        let (on_disk, in_memory) = ((call.run)(disk).await, (call.run)(&memory).await);
        story.push(format!("{}\n    = {in_memory}", call.text));
        assert!(
            on_disk == in_memory && on_disk.starts_with("Ok("),
            "seed {seed}\n{}\non disk: {on_disk}",
            story.join("\n")
        );
    }
    let (on_disk, in_memory) = (disk.dump().await, memory.dump());
    if on_disk != in_memory {
        let only = |these: &str, those: &str| {
            let only = these.lines().filter(|line| !those.lines().any(|other| other == *line));
            only.collect::<Vec<_>>().join("\n")
        };
        let (disk_only, memory_only) = (only(&on_disk, &in_memory), only(&in_memory, &on_disk));
        panic!("seed {seed}\n{}\nonly on disk:\n{disk_only}\nonly in memory:\n{memory_only}", story.join("\n"));
    }
    pools_are_their_movements(&memory);
}

fn pools_are_their_movements(ledger: &MemoryLedger) {
    let movements = peek(ledger.movements(0, u32::MAX));
    for (name, pool) in SKUS.into_iter().flat_map(|name| POOLS.map(|pool| (name, pool))) {
        let of_pool = movements.iter().filter(|movement| movement.sku == name && movement.pool == pool);
        let sum = of_pool.map(|movement| movement.units).sum::<i64>();
        assert_eq!(peek(ledger.book(&sku(name), &pool.to_owned())).pool.unwrap_or(0), sum, "{name} {pool}");
    }
}
