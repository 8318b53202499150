//! `ayushma rebuild`.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use clap::{Args, builder::PossibleValuesParser};
use commands::{counted, event_log::Replayed};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use projections::{Projector, projectors};

use super::{
    complain,
    in_process::{BackgroundWork, with_app},
};
use crate::{app::App, config::Settings, rebuild::rebuild, shutdown::Shutdown, terminal::say};

/// How often the bar is drawn anew.
const REDRAW: Duration = Duration::from_millis(200);
/// How often a line reports the progress where no bar can be drawn.
const LINE: Duration = Duration::from_secs(5);

/// Make views anew from the event log, while they are read and written
///
/// A new version of each view is filled beside the one that is read, and takes its place when it is complete. Until then
/// nothing changes. A rebuild that was interrupted goes on when it is run again; another version of the program starts over.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  ayushma rebuild chats
  ayushma rebuild --all")]
pub(super) struct RebuildViews {
    /// The views
    #[arg(required_unless_present = "all", value_name = "VIEW", value_parser = PossibleValuesParser::new(names()))]
    views: Vec<String>,

    /// All of them, one after the other
    #[arg(long, conflicts_with = "views")]
    all: bool,
}

fn names() -> Vec<&'static str> {
    projectors().iter().map(|projector| projector.name()).collect()
}

impl RebuildViews {
    pub(super) async fn run(self, settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        with_app(settings, shutdown, BackgroundWork::Nothing, async |app| {
            for projector in projectors() {
                if self.all || self.views.iter().any(|name| name == projector.name()) {
                    rebuild_shown(projector, app).await?;
                }
            }
            Ok(ExitCode::SUCCESS)
        })
        .await
    }
}

/// Rebuilds a view, and shows the progress.
async fn rebuild_shown(projector: Arc<dyn Projector>, app: &App) -> anyhow::Result<()> {
    let name = projector.name();
    let started = Instant::now();
    let replayed = Arc::new(Replayed::default());
    let bar = bar(name);
    let work = rebuild(projector, app.commands.log(), &app.pool, replayed.clone());
    let result = tokio::select! {
        result = work => result,
        () = draw(&bar, &replayed) => bail!("the bar is drawn for ever"),
    };
    bar.finish_and_clear();
    result.map_err(|error| error.context(format!("{name} is not rebuilt, and is as it was")))?;
    let seconds = started.elapsed().as_secs_f64();
    let events = counted(HumanCount(replayed.done()), "event");
    say(&format!("{name}: rebuilt from {events} in {seconds:.1} s"));
    Ok(())
}

/// The progress bar, drawn on standard error, and only if that is a terminal.
fn bar(name: &'static str) -> ProgressBar {
    let template = "{msg:>12} {wide_bar} {human_pos}/{human_len} events, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    ProgressBar::new(0).with_style(style).with_message(name)
}

/// Updates the bar for ever; writes lines with the progress where no bar can be drawn.
async fn draw(bar: &ProgressBar, replayed: &Replayed) {
    let mut said = Instant::now();
    loop {
        tokio::time::sleep(REDRAW).await;
        bar.set_length(replayed.expected());
        bar.set_position(replayed.done());
        if bar.is_hidden() && said.elapsed() > LINE {
            said = Instant::now();
            let (done, of, left) = (HumanCount(replayed.done()), HumanCount(replayed.expected()), bar.eta().as_secs());
            let speed = bar.per_sec();
            complain(&format!("{}: {done} of {of} events, {speed:.0} a second, {left} s left", bar.message()));
        }
    }
}
