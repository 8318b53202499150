//! What goes wrong, and when: a schedule that a seed repeats.

use std::{collections::BTreeMap, time::Duration};

use parking_lot::Mutex;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{
    fleet::{Fleet, LASTING},
    servers::{Kafka, Postgres},
};
use crate::proxy;

#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    Kill { process: usize, down: Duration },
    Pause { process: usize, length: Duration },
    CutConnections { process: usize, length: Duration },
    SilenceConnections { process: usize, length: Duration },
    CutAtCommit { process: usize, fault: proxy::Fault },
    StallAtCommit { process: usize },
    CrashPostgres { down: Duration },
    KillKafka { down: Duration },
    StopKafka { down: Duration },
    PauseKafka { length: Duration },
    Visit { length: Duration, is_orderly: bool },
}

impl Fault {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kill { .. } => "kill -9 of a process",
            Self::Pause { .. } => "SIGSTOP of a process",
            Self::CutConnections { .. } => "all connections of a process to PostgreSQL cut",
            Self::SilenceConnections { .. } => "all connections of a process to PostgreSQL silent",
            Self::CutAtCommit { .. } => "a connection cut at COMMIT",
            Self::StallAtCommit { .. } => "a connection silent at COMMIT",
            Self::CrashPostgres { .. } => "restart of PostgreSQL (immediate)",
            Self::KillKafka { .. } => "kill -9 and restart of Kafka",
            Self::StopKafka { .. } => "restart of Kafka",
            Self::PauseKafka { .. } => "SIGSTOP of Kafka",
            Self::Visit { .. } => "a process joins and leaves the consumer groups",
        }
    }

    fn any(random: &mut StdRng) -> Self {
        let process = random.random_range(0..LASTING);
        // Those that write, and those that append more often.
        let writer = [0, 1, 0, 1, 4, 5, 6, 7][random.random_range(0..8)];
        let mut seconds = |range: std::ops::Range<f64>| Duration::from_secs_f64(random.random_range(range));
        let (short, long) = (seconds(0.0..3.0), seconds(4.0..14.0));
        match random.random_range(0..100) {
            0..20 => Self::Kill { process, down: short },
            20..32 => Self::Pause { process, length: long },
            32..42 => Self::CutConnections { process, length: short },
            42..48 => Self::SilenceConnections { process, length: long },
            48..62 => Self::CutAtCommit { process: writer, fault: proxy::Fault::CutAfter },
            62..66 => Self::CutAtCommit { process: writer, fault: proxy::Fault::FreezeAfter },
            66..74 => Self::CutAtCommit { process: writer, fault: proxy::Fault::CutBefore },
            74..79 => Self::StallAtCommit { process: writer },
            79..82 => Self::CrashPostgres { down: short },
            82..85 => Self::KillKafka { down: short },
            85..87 => Self::StopKafka { down: short },
            87..90 => Self::PauseKafka { length: long },
            _ => Self::Visit { length: short + long / 2, is_orderly: random.random() },
        }
    }
}

/// The faults of a run, each with the time that it begins at.
pub(super) fn schedule(seed: u64, length: Duration) -> Vec<(Duration, Fault)> {
    let mut random = StdRng::seed_from_u64(seed);
    // Longer than a lease; in a long run also longer than a session of a consumer group, again and again.
    let zombies = (0..length.as_secs().div_ceil(120)).map(|round| {
        let length = Duration::from_secs(if round == 0 { 35 } else { 60 });
        let process = [6, 4, 0, 7, 5, 2][random.random_range(0..6)];
        (Duration::from_secs(120 * round + 5), Fault::Pause { process, length })
    });
    // However short the run is.
    let down = Duration::from_secs(1);
    let certain = [(length / 3, Fault::CrashPostgres { down }), (length * 2 / 3, Fault::KillKafka { down })];
    let mut faults: Vec<(Duration, Fault)> = zombies.chain(certain).collect();
    let mut at = Duration::ZERO;
    loop {
        at += Duration::from_secs_f64(random.random_range(0.5..4.5));
        if at >= length {
            break;
        }
        faults.push((at, Fault::any(&mut random)));
    }
    faults.sort_by_key(|(at, _)| *at);
    faults
}

/// What the faults happen to.
pub(super) struct World {
    pub(super) fleet: Fleet,
    pub(super) postgres: Postgres,
    pub(super) kafka: Kafka,
    /// One thing at a time happens to a server.
    pub(super) postgres_turn: tokio::sync::Mutex<()>,
    pub(super) kafka_turn: tokio::sync::Mutex<()>,
    pub(super) injected: Mutex<BTreeMap<&'static str, usize>>,
}

/// Longer than an append waits for its COMMIT.
const FREEZE: Duration = Duration::from_secs(6);

impl World {
    /// Lets the fault happen and pass.
    pub(super) async fn suffer(&self, fault: Fault) {
        match fault {
            Fault::Kill { process, down } => self.fleet.kill(process, down).await,
            Fault::Pause { process, length } => self.fleet.pause(process, length).await,
            Fault::CutConnections { process, length } => {
                let proxy = &self.fleet.slots[process].proxy;
                proxy.go_down();
                tokio::time::sleep(length).await;
                proxy.come_back();
            }
            Fault::SilenceConnections { process, length } => {
                let proxy = &self.fleet.slots[process].proxy;
                proxy.go_silent();
                tokio::time::sleep(length).await;
                proxy.come_back();
            }
            Fault::CutAtCommit { process, fault } => return self.spring(process, fault).await,
            Fault::StallAtCommit { process } => return self.spring(process, proxy::Fault::Stall).await,
            Fault::CrashPostgres { down } => {
                let _turn = self.postgres_turn.lock().await;
                self.postgres.crash().await;
                tokio::time::sleep(down).await;
                self.postgres.go_up().await;
            }
            Fault::KillKafka { down } => {
                let _turn = self.kafka_turn.lock().await;
                self.kafka.kill().await;
                tokio::time::sleep(down).await;
                self.kafka.go_up().await;
            }
            Fault::StopKafka { down } => {
                let _turn = self.kafka_turn.lock().await;
                self.kafka.stop().await;
                tokio::time::sleep(down).await;
                self.kafka.go_up().await;
            }
            Fault::PauseKafka { length } => {
                let _turn = self.kafka_turn.lock().await;
                self.kafka.pause(length).await;
            }
            Fault::Visit { length, is_orderly } => self.fleet.visit(length, is_orderly).await,
        }
        self.count(fault.name());
    }

    /// Counts if it has happened within a while: a process that is down or idle commits nothing.
    async fn spring(&self, process: usize, fault: proxy::Fault) {
        let proxy = &self.fleet.slots[process].proxy;
        proxy.arm(proxy::COMMIT, fault);
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if proxy.is_sprung() {
                let name = match fault {
                    proxy::Fault::Stall => "a connection silent at COMMIT",
                    proxy::Fault::CutAfter => "a connection cut after COMMIT was sent",
                    proxy::Fault::FreezeAfter => "all connections silent after COMMIT was sent",
                    proxy::Fault::CutBefore => "a connection cut before COMMIT arrived",
                };
                if fault == proxy::Fault::FreezeAfter {
                    tokio::time::sleep(FREEZE).await;
                    proxy.come_back();
                }
                return self.count(name);
            }
        }
        proxy.disarm();
        // It may have happened just before.
        proxy.come_back();
    }

    fn count(&self, name: &'static str) {
        *self.injected.lock().entry(name).or_default() += 1;
    }
}
