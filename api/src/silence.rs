//! Asks the database all the time whether it says anything, for requests that wait for it.

use std::{convert::Infallible, time::Duration};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// The time without an answer after which the database counts as silent. A busy one answers sooner, and clients wait
/// about ten seconds.
const PATIENCE: Duration = Duration::from_secs(7);
const PERIOD: Duration = Duration::from_secs(1);

/// Notes in `silent` whether the database says nothing. One that refuses, or whose machine does, says something.
pub(crate) async fn watch(options: PgConnectOptions, silent: watch::Sender<bool>) -> Infallible {
    watch_for(options, silent, PATIENCE).await
}

/// Over a connection of its own: one of a pool may be waited for because others are busy.
async fn watch_for(options: PgConnectOptions, silent: watch::Sender<bool>, patience: Duration) -> Infallible {
    let mut connection = None;
    loop {
        let asked = timeout(patience, ask(&options, connection.take())).await;
        let is_silent = asked.is_err();
        if silent.send_replace(is_silent) != is_silent {
            if is_silent {
                tracing::error!("the database says nothing; requests are told to come again");
            } else {
                tracing::info!("the database says something again");
            }
        }
        connection = asked.ok().and_then(Result::ok);
        sleep(PERIOD).await;
    }
}

async fn ask(options: &PgConnectOptions, connection: Option<PgConnection>) -> Result<PgConnection, sqlx::Error> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => options.connect().await?,
    };
    connection.ping().await?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_database_that_takes_connections_and_says_nothing_is_noticed_and_one_that_is_away_is_not_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port).username("nobody");
        let noted = watch::Sender::new(false);
        let mut seen = noted.subscribe();
        let watching = watch_for(options, noted, Duration::from_millis(100));
        let noticing = async {
            seen.wait_for(|is_silent| *is_silent).await.expect("it is watched");
            drop(listener);
            seen.wait_for(|is_silent| !is_silent).await.expect("it is watched");
        };
        tokio::select! {
            never = watching => match never {},
            () = noticing => {}
        }
    }
}
