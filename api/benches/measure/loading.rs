//! How long a process that has not seen a chat takes to load it for the next command: a short one, and one of 10,000 events.

use std::time::{Duration, Instant};

use anyhow::ensure;
use commands::{
    clock::{Clock as _, SystemClock},
    execute::{Commands, Context},
};
use domain::{
    chat::{AnswerFailure, Chat, ChatCommand, Question},
    ids::{MessageId, ProjectId, UserId},
    values::Title,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    database::{Database, connect, open_log},
    median, shown,
};

const SHORT: usize = 10;
const LONG: usize = 10_000;
/// Each in a process that has not seen the chats.
const LOADS: usize = 20;

pub(crate) async fn measure(rounds: usize) -> anyhow::Result<()> {
    let database = Database::make().await?;
    let pool = connect(&database.url(), 6).await?;
    let commands = Commands::new(open_log(pool.clone()).await?);
    let owner = UserId::new(SystemClock.new_id());
    let (short, long) = (write_chat(&commands, owner, SHORT).await?, write_chat(&commands, owner, LONG).await?);
    until_snapshot(&pool).await?;
    sqlx::raw_sql("VACUUM (ANALYZE) events").execute(&pool).await?;
    let (mut of_short, mut of_long) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (mut shorts, mut longs) = (Vec::new(), Vec::new());
        for number in 0..2 * LOADS {
            let (id, times) = if number % 2 == 0 { (short, &mut shorts) } else { (long, &mut longs) };
            let fresh = open_log(pool.clone()).await?;
            let started = Instant::now();
            fresh.load::<Chat>(id).await?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        of_short.push(median(&shorts));
        of_long.push(median(&longs));
    }
    println!("loading a chat for the next command, in ms");
    println!("of {SHORT} events            {}", shown(&of_short, 2));
    println!("of {LONG} events         {}, {:.2} times that", shown(&of_long, 2), median(&of_long) / median(&of_short));
    pool.close().await;
    database.remove().await
}

/// Every turn is two events and two messages, which is as many messages as so many events can make.
async fn write_chat(commands: &Commands, owner: UserId, events: usize) -> anyhow::Result<Uuid> {
    let (id, context) = (SystemClock.new_id(), Context::system("benchmark", SystemClock.new_id()));
    let title = Title::parse("Zinc").expect("it is short enough");
    let start = ChatCommand::Start { project_id: ProjectId::new(Uuid::from_u128(7)), owner, title };
    commands.execute::<Chat>(id, start, &context).await?;
    let mut left = events / 2;
    while left > 0 {
        let turns = left.min(50);
        let all = (0..turns).flat_map(|_| turn()).collect();
        commands.execute_all::<Chat>(id, all, vec![], &context).await?;
        left -= turns;
    }
    Ok(id)
}

fn turn() -> [ChatCommand; 2] {
    let answer_id = MessageId::new(SystemClock.new_id());
    let question = Question {
        message_id: MessageId::new(SystemClock.new_id()),
        answer_id,
        text: "For how long is zinc given?".into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 4,
    };
    let failure = ChatCommand::FailAnswer {
        answer_id,
        reason: AnswerFailure::Interrupted,
        partial_text: "For".to_owned(),
        notice: Some("The answer was interrupted.".to_owned()),
    };
    [ChatCommand::Ask(question), failure]
}

/// Snapshots are written in the background.
async fn until_snapshot(pool: &PgPool) -> anyhow::Result<()> {
    let started = Instant::now();
    while sqlx::query_scalar::<_, i64>("SELECT count(*) FROM snapshots WHERE sequence > 9900").fetch_one(pool).await?
        == 0
    {
        ensure!(started.elapsed() < Duration::from_secs(30), "no snapshot is written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
