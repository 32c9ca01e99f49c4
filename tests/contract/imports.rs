//! Who may import whom: checks and plans are pure, reports know no client.

use crate::repository::{read, rust_files};
use crate::source::{methods, paths};
use std::collections::BTreeSet;

/// Which rule a file is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// `bins/*/checks/**`: facts in, outcome out.
    Check,
    /// `bins/*/plan.rs` and `bins/*/plan/**`: configuration in, calls out.
    Plan,
    /// What checks and plans of a binary are built on.
    Support,
    /// `shared/src/report/**`: receipt in, text out.
    Report,
}

/// The outside world.
const WORLD: [&str; 17] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "tokio_postgres",
    "reqwest::Client",
    "reqwest::get",
    "octocrab",
    "hyper",
    "rustix",
    "getrandom",
    "tracing",
];

/// Clocks, however they were imported.
const CLOCKS: [&str; 4] = [
    "Timestamp::now",
    "Zoned::now",
    "Instant::now",
    "SystemTime::now",
];

/// What talks to the world for us.
const CLIENTS: [&str; 12] = [
    "http::Http",
    "github",
    "postgres::Database",
    "postgres::describe",
    "process",
    "git",
    "journal::Journal",
    "target::Target",
    "progress",
    "schema_history::read",
    "clock",
    "identity",
];

/// The only modules of `shared` that a check may know, and what of them.
const CHECKS_MAY_USE: [&str; 15] = [
    "check",
    "verdict",
    "release",
    "secret",
    "shell",
    "config",
    "receipt::Table",
    "traffic::Weight",
    "ledger::Entry",
    "ledger::State",
    "schema_history::compare",
    "schema_history::newest",
    "variables::Variable",
    "place",
    "exposition",
];

/// Methods that look at or change the world without naming a path.
const ACTS: [&str; 11] = [
    "await",
    "exists",
    "try_exists",
    "is_file",
    "is_dir",
    "metadata",
    "canonicalize",
    "read_dir",
    "open_journal",
    "journal",
    "set_release",
];

fn layer(file: &str) -> Option<Layer> {
    match file.split('/').collect::<Vec<_>>()[..] {
        ["bins", _, "checks", ..] => Some(Layer::Check),
        ["bins", _, "plan.rs"] | ["bins", _, "plan", ..] => Some(Layer::Plan),
        ["shared", "src", "report", ..] => Some(Layer::Report),
        _ => None,
    }
}

/// Everything that a text of that layer names and must not, as `line: name`.
fn forbidden(layer: Layer, file: &str, text: &str) -> Vec<String> {
    let is_refused = |name: &str| match layer {
        Layer::Check => is_world(name) || is_foreign_to_checks(name),
        Layer::Plan => is_world(name) || touches(name, "shared::", &CLIENTS),
        Layer::Support => {
            is_world(name)
                || touches(name, "shared::", &CLIENTS)
                || is_at(name, "shared::gate::Context")
        }
        Layer::Report => {
            // The outputs and the step summary are files that the platform names, and the
            // delimiter of an output must not be guessed.
            let is_needed = file.ends_with("report/actions.rs") && is_at(name, "std::fs")
                || file.ends_with("report/outputs.rs") && is_at(name, "getrandom");
            !is_needed && is_world(name)
                || touches(name, "crate::", &CLIENTS)
                || touches(
                    name,
                    "crate::",
                    &["http", "service", "target", "traffic", "ledger", "gate"],
                )
        }
    };
    let named = paths(text)
        .into_iter()
        .filter(|named| is_refused(&named.name));
    let acts = methods(text).into_iter().filter(|named| {
        let is_pure = layer != Layer::Report;
        is_pure && ACTS.contains(&named.name.as_str())
    });
    named
        .chain(acts)
        .map(|named| format!("{}: {}", named.line, named.name))
        .collect()
}

/// Numbers of hosts are values; what connects to them is not.
const ADDRESSES: [&str; 4] = [
    "std::net::IpAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::net::SocketAddr",
];

fn is_world(name: &str) -> bool {
    !ADDRESSES.contains(&name) && WORLD.iter().any(|path| is_at(name, path))
        || CLOCKS.iter().any(|clock| name.ends_with(clock))
}

fn is_foreign_to_checks(name: &str) -> bool {
    let is_ours = name.strip_prefix("shared::").is_some_and(|rest| {
        // `Config` can read its file; everything else in that module is a value.
        let is_allowed = |path: &str| rest == path || rest.starts_with(&format!("{path}::"));
        CHECKS_MAY_USE.iter().any(|path| is_allowed(path)) && !is_at(name, "shared::config::Config")
    });
    (name == "shared" || name.starts_with("shared::")) && !is_ours
}

fn touches(name: &str, krate: &str, modules: &[&str]) -> bool {
    modules
        .iter()
        .any(|module| is_at(name, &format!("{krate}{module}")))
}

/// Whether a name is that path, lies in it, or imports a module whole that holds it.
fn is_at(name: &str, path: &str) -> bool {
    let name_is_above = |above: &str| path == above || path.starts_with(&format!("{above}::"));
    name == path
        || name.starts_with(&format!("{path}::"))
        || name.strip_suffix("::*").is_some_and(name_is_above)
        || (name.contains("::") && name_is_above(name))
        || (name == "std" || name == "shared") && name_is_above(name)
}

/// The modules of a binary that a file is built on, as file prefixes.
fn built_on(file: &str, text: &str) -> BTreeSet<String> {
    let Some(binary) = file.split('/').nth(1) else {
        return BTreeSet::new();
    };
    let named = paths(text).into_iter();
    let modules = named.filter_map(|named| {
        named
            .name
            .strip_prefix("crate::")
            .map(|rest| rest.split("::").next().unwrap_or_default().to_owned())
    });
    // The facts' types stand beside what gathers them.
    let modules = modules.filter(|module| module != "facts");
    modules
        .map(|module| format!("bins/{binary}/{module}"))
        .collect()
}

#[test]
fn checks_plans_and_reports_import_nothing_that_acts() {
    let mut found = Vec::new();
    for file in rust_files(&["bins/", "shared/src/report/"]) {
        if let Some(layer) = layer(&file) {
            let names = forbidden(layer, &file, &read(&file));
            found.extend(names.iter().map(|name| format!("{file}:{name}")));
        }
    }
    assert!(found.is_empty(), "forbidden here:\n{}", found.join("\n"));
}

#[test]
fn what_checks_and_plans_are_built_on_is_pure_too() {
    let files = rust_files(&["bins/"]);
    let pure = |file: &&String| matches!(layer(file), Some(Layer::Check | Layer::Plan));
    let mut known = BTreeSet::new();
    let mut todo: Vec<String> = files.iter().filter(pure).cloned().collect();
    let mut found = Vec::new();
    while let Some(file) = todo.pop() {
        let text = read(&file);
        if layer(&file).is_none() {
            let names = forbidden(Layer::Support, &file, &text);
            found.extend(names.iter().map(|name| format!("{file}:{name}")));
        }
        for module in built_on(&file, &text) {
            let is_of_it = |file: &&String| {
                **file == format!("{module}.rs") || file.starts_with(&format!("{module}/"))
            };
            todo.extend(
                files
                    .iter()
                    .filter(is_of_it)
                    .filter(|file| known.insert((*file).clone()))
                    .cloned(),
            );
        }
    }
    assert!(known.len() > 5, "the modules are not found: {known:?}");
    assert!(found.is_empty(), "forbidden here:\n{}", found.join("\n"));
}

#[test]
fn a_bad_file_is_seen() {
    for (layer, text) in [
        (Layer::Check, "use std::fs;"),
        (Layer::Check, "use std::{fmt, env as e};"),
        (Layer::Check, "use std::time::{Duration, Instant};"),
        (Layer::Check, "use std::time::*;"),
        (Layer::Check, "use shared::*;"),
        (Layer::Check, "fn f() { std::process::id(); }"),
        (
            Layer::Check,
            "use jiff::Timestamp; fn f() { Timestamp::now(); }",
        ),
        (Layer::Check, "use shared::{check::Check, http::Http};"),
        (Layer::Check, "use shared::gate::Context;"),
        (Layer::Check, "use shared::process::quoted;"),
        (Layer::Check, "use shared::config::Config;"),
        (Layer::Check, "async fn f() { g().await }"),
        (Layer::Check, "fn f(p: &Path) { p.exists(); }"),
        (Layer::Check, "use tokio::net::TcpStream;"),
        (Layer::Plan, "use shared::git::Repository;"),
        (Layer::Plan, "fn f(c: &mut Context) { c.open_journal(); }"),
        (Layer::Plan, "use reqwest::Client;"),
        (Layer::Support, "use shared::gate::{Context, Step};"),
        (Layer::Report, "use crate::{receipt::Receipt, http::Http};"),
        (Layer::Report, "fn f() { crate::github::Client::new(); }"),
        (Layer::Report, "use std::fs::OpenOptions;"),
    ] {
        let seen = forbidden(layer, "a.rs", text);
        assert_eq!(seen.len(), 1, "{layer:?} {text:?}: {seen:?}");
    }
}

#[test]
fn a_good_file_is_left_alone() {
    for (layer, text) in [
        (
            Layer::Check,
            "use std::time::Duration; use std::path::Path; use std::fmt::{self, Write as _};",
        ),
        (
            Layer::Check,
            "use crate::facts::Facts; use shared::{check::Check, verdict::{Finding, Outcome}};",
        ),
        (
            Layer::Check,
            "use shared::traffic::Weight; use shared::shell::quoted; // std::fs",
        ),
        (
            Layer::Check,
            "fn f() -> &'static str { \"std::fs\" }\n#[cfg(test)]\nmod tests {\nuse std::fs;\n}",
        ),
        (
            Layer::Plan,
            "use shared::gate::{Context, Step}; use shared::config::Config;",
        ),
        (
            Layer::Report,
            "use crate::receipt::Receipt; use crate::journal::{EffectRecord, State};",
        ),
    ] {
        let seen = forbidden(layer, "a.rs", text);
        assert!(seen.is_empty(), "{layer:?} {text:?}: {seen:?}");
    }
}
