//! Faults at random, one after the other and two at a time, for as long as it is told; `scripts/faults --soak MINUTES`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::time::{Duration, Instant};

use super::bench::{Bench, tabulate};
use super::harm::Harm;
use crate::harness::{Audit, Counts, Sent, assert_they_agree, eventually, recovery};

/// Those that are done to the engine or its socket: one of them at a time.
const TO_THE_ENGINE: [Harm; 6] = [
    Harm::Killed,
    Harm::Frozen,
    Harm::SocketRemoved,
    Harm::DirectoryInstead,
    Harm::ClosedToGroup,
    Harm::OtherGroup,
];
/// Those that are done to dockgate itself: one of them at a time.
const TO_DOCKGATE: [Harm; 3] = [Harm::DiskFull, Harm::NoDescriptors, Harm::HalfOpenClients];
/// After so many faults the accounts are compared.
const ROUND: usize = 6;
/// What may stay in memory, however long it goes on.
const MORE_KIB: u64 = 8 * 1024;

#[test]
#[ignore = "it takes as long as it is told to: scripts/faults --soak MINUTES"]
fn soak() {
    let minutes: u64 = std::env::var("DOCKGATE_SOAK_MINUTES").expect("how long").parse().expect("minutes");
    let seed = std::env::var("DOCKGATE_SOAK_SEED")
        .map_or_else(|_| std::process::id().into(), |seed| seed.parse().unwrap());
    eprintln!("seed {seed} (DOCKGATE_SOAK_SEED)");
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let (bench, mut chance) = (Bench::new(), Chance(seed));
    // What a crowd makes the allocator keep, it keeps from the beginning.
    let before = bench.gate.descriptors();
    Harm::HalfOpenClients.begin(&bench);
    Harm::HalfOpenClients.end(&bench);
    eventually("the crowd's end", || (bench.gate.descriptors() <= before).then_some(()));

    let mut recoveries: BTreeMap<Vec<Harm>, Vec<Duration>> = BTreeMap::new();
    let (mut total, mut first) = (Vec::new(), None);
    while Instant::now() < end {
        let (sent, prefix, episodes) = bench.work(|load| {
            let episode = |_| {
                let harms = chance.harms();
                suffer(&bench, &harms, &mut chance);
                let lifted = Instant::now();
                load.flows();
                (harms, lifted, Instant::now())
            };
            (0..ROUND).map(episode).collect::<Vec<_>>()
        });
        let is_torn = episodes.iter().any(|(harms, _, _)| harms.contains(&Harm::DiskFull));
        let audit = if is_torn { Audit::Interrupted } else { Audit::Whole };
        assert_they_agree(&sent, &prefix, &bench.engine.calls(&prefix), &bench.gate, audit);
        for (harms, lifted, flowing) in episodes {
            let meanwhile = |sent: &&Sent| sent.began >= lifted && sent.began <= flowing;
            let sent: Vec<_> = sent.iter().filter(meanwhile).cloned().collect();
            recoveries.entry(harms).or_default().push(recovery(&sent, lifted));
        }
        total.extend(sent);
        eventually("descriptors to be given back", || (bench.gate.descriptors() <= before).then_some(()));
        let holds = bench.holds();
        let first = *first.get_or_insert(holds);
        assert!(
            holds.0 <= first.0 + MORE_KIB,
            "{first:?} KiB and descriptors after the first round, {holds:?} now"
        );
        eprintln!("{} so far; {holds:?} KiB and descriptors", Counts::of(&total));
        for file in [bench.disk.audit(), bench.engine.dir().join("log")] {
            OpenOptions::new().write(true).open(file).unwrap().set_len(0).unwrap();
        }
    }
    for (harms, mut took) in recoveries {
        took.sort();
        let names: Vec<_> = harms.iter().map(|harm| harm.name()).collect();
        tabulate(&format!(
            "| {} | {} | {:.1?} | {:.1?} |\n",
            names.join("; and "),
            took.len(),
            took[took.len() / 2],
            took[took.len() - 1]
        ));
    }
    let (kib, descriptors) = bench.holds();
    let (first_kib, first_descriptors) = first.expect("a round");
    tabulate(&format!(
        "\n{minutes} minutes, seed {seed}: {}. Memory {first_kib} KiB after the first round, {kib} KiB at the end; descriptors {first_descriptors} and {descriptors}.\n",
        Counts::of(&total)
    ));
}

/// One fault, or two that overlap.
fn suffer(bench: &Bench, harms: &[Harm], chance: &mut Chance) {
    for harm in harms {
        chance.sleep(500, 4000);
        harm.begin(bench);
    }
    chance.sleep(500, if harms.contains(&Harm::Frozen) { 30_000 } else { 8000 });
    for harm in harms {
        harm.end(bench);
        chance.sleep(0, 300);
    }
}

/// Chance that can be had again (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap() % limit
    }

    fn sleep(&mut self, from_ms: usize, to_ms: usize) {
        let ms = from_ms + self.below(to_ms - from_ms);
        std::thread::sleep(Duration::from_millis(ms.try_into().unwrap()));
    }

    fn harms(&mut self) -> Vec<Harm> {
        let mut one_of = |harms: &[Harm]| harms[self.below(harms.len())];
        let (engine, own) = (one_of(&TO_THE_ENGINE), one_of(&TO_DOCKGATE));
        match self.below(4) {
            0 => vec![own],
            1 => vec![engine, own],
            _ => vec![engine],
        }
    }
}
