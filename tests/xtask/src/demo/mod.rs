//! The main job on real input: releases go through all five gates, a bad one is stopped, a worse
//! one is put back, while a client uses production the whole time.

mod complaints;
mod scenario;
mod screen;

use crate::{Result, build};
use scenario::Demo;
use std::time::Instant;
use support::project::{Project, RELEASES, first_split};
use support::stand::{Stand, StandOptions};
use support::{installation, prerequisites};

/// Requests a second that the client sends.
const TRAFFIC: u32 = 600;

/// Installs what is missing, builds, and runs every scenario.
pub fn run() -> Result {
    installation::install(&prerequisites::missing(&prerequisites::PREREQUISITES))?;
    eprintln!("building");
    let binaries = build::binaries()?;
    support::binaries::use_directory(binaries.clone());
    let interrupt = screen::interrupt_flag()?;
    let started = Instant::now();
    let options = StandOptions {
        split: first_split,
        ..StandOptions::default()
    };
    let stand = Stand::start(&options)?;
    let project = Project::create(&stand, &RELEASES)?;
    screen::say(&format!(
        "PostgreSQL, nginx for staging and production, and a project with {} releases are up after {:.1} s",
        RELEASES.len(),
        started.elapsed().as_secs_f64()
    ));
    let mut demo = Demo::new(&stand, &project, &binaries, interrupt)?;
    demo.first_release()?;
    demo.start_traffic(TRAFFIC)?;
    demo.good_release()?;
    demo.stopped_by_migrate_gate()?;
    demo.aborted_by_the_canary()?;
    demo.sick_afterwards()?;
    demo.end(started)
}
