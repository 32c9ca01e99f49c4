//! The run in words and figures.

use crate::facts::{Facts, Found};
use shared::config::Size;
use shared::gate::Context;
use shared::receipt::{Summary, Table};
use shared::shell::quoted;
use shared::verdict::{Outcome, Record, Verdict};

/// The sentence, what to do, and the figures.
pub fn of(context: &Context, facts: &Facts, records: &[Record]) -> Summary {
    let release = context
        .release_if_any()
        .map_or("no release".into(), ToString::to_string);
    Summary {
        headline: headline(&release, context.environment.as_str(), facts, records),
        next: next(context, records),
        tables: tables(facts),
    }
}

/// What other gates and tools may read; no values of variables.
pub fn detail(facts: &Facts) -> serde_json::Value {
    let tools = facts.tools.iter().filter_map(|tool| match &tool.found {
        Found::Version { told, .. } => Some((tool.rule.name.clone(), told.text.clone().into())),
        Found::Absent { .. } | Found::Silent { .. } => None,
    });
    let databases = facts.databases.iter().filter_map(|database| {
        let server = database.looked.as_ref().ok()?;
        let told = serde_json::json!({
            "version": server.told.text,
            "standby": server.is_standby,
            "bytes": server.bytes,
        });
        Some((database.rule.name.value.to_string(), told))
    });
    serde_json::json!({
        "tools": tools.collect::<serde_json::Map<_, _>>(),
        "databases": databases.collect::<serde_json::Map<_, _>>(),
    })
}

fn headline(release: &str, environment: &str, facts: &Facts, records: &[Record]) -> String {
    let deciding = || records.iter().filter(|record| record.waived.is_none());
    let failed: Vec<String> = deciding()
        .filter_map(|record| match &record.outcome {
            Outcome::Fail { findings } => Some((record, findings.len())),
            Outcome::Pass { .. } | Outcome::Unknown { .. } | Outcome::Skipped { .. } => None,
        })
        .map(|(record, count)| format!("`{}` ({})", record.check, counted(count, "finding")))
        .collect();
    let unknown: Vec<String> = deciding()
        .filter(|record| matches!(record.outcome, Outcome::Unknown { .. }))
        .map(|record| format!("`{}`", record.check))
        .collect();
    let and_unknown = if unknown.is_empty() {
        String::new()
    } else {
        format!("; not found out: {}", unknown.join(", "))
    };
    match Verdict::of(records) {
        Verdict::Pass => format!("{environment} is ready for {release}: {}", looked_at(facts)),
        Verdict::Fail => {
            format!(
                "{environment} is not ready for {release}: {}{and_unknown}",
                failed.join(", ")
            )
        }
        Verdict::Unknown if unknown.is_empty() => {
            format!(
                "whether {environment} is ready for {release} is not known: nothing was examined"
            )
        }
        Verdict::Unknown => {
            format!("whether {environment} is ready for {release} is not known{and_unknown}")
        }
    }
}

fn looked_at(facts: &Facts) -> String {
    let parts = [
        (facts.variables.looked.len(), "variable"),
        (facts.tools.len(), "tool"),
        (facts.databases.len(), "database"),
        (facts.disks.len(), "filesystem"),
    ];
    let counts = parts.into_iter().filter(|(count, _)| *count > 0);
    let mut parts: Vec<String> = counts.map(|(count, what)| counted(count, what)).collect();
    if facts.git.is_some() {
        parts.push("the repository".into());
    }
    // With `--only receipts` nothing else is asked for.
    if parts.is_empty() {
        return "the required receipts hold".into();
    }
    format!("{} looked at", parts.join(", "))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn next(context: &Context, records: &[Record]) -> Vec<String> {
    let what = match Verdict::of(records) {
        Verdict::Pass => return Vec::new(),
        Verdict::Fail => "correct what the findings say",
        Verdict::Unknown => "remove what kept it from looking",
    };
    let (file, environment) = (quoted(&context.config.file), &context.environment);
    let mut command = format!("preflight-checklist --config {file} --environment {environment}");
    if let Some(release) = &context.common.release {
        command.push_str(&format!(" --release {}", quoted(release)));
    }
    vec![format!(
        "{what}, then run `{command}` again; nothing was changed"
    )]
}

fn tables(facts: &Facts) -> Vec<Table> {
    let tables = [
        variables(facts),
        tools(facts),
        databases(facts),
        disks(facts),
    ];
    tables
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect()
}

fn variables(facts: &Facts) -> Table {
    let mut table = Table::new("Variables", &["name", "where", "characters"]);
    for looked in &facts.variables.looked {
        let (place, length) = match &looked.found {
            Some(found) => (
                found.source.clone(),
                found.value.expose().chars().count().to_string(),
            ),
            None => ("not set".into(), "-".into()),
        };
        table.row([looked.rule.name.clone(), place, length]);
    }
    table
}

fn tools(facts: &Facts) -> Table {
    let mut table = Table::new("Tools", &["tool", "version", "asked", "path"]);
    for tool in &facts.tools {
        let (version, path) = match &tool.found {
            Found::Absent { .. } => ("not found".into(), "-".into()),
            Found::Silent { path, .. } => ("unknown".into(), path.display().to_string()),
            Found::Version { path, told } => (told.text.clone(), path.display().to_string()),
        };
        table.row([
            tool.rule.name.clone(),
            version,
            tool.rule.version.to_string(),
            path,
        ]);
    }
    table
}

fn databases(facts: &Facts) -> Table {
    let columns = ["database", "version", "asked", "role", "size", "place"];
    let mut table = Table::new("Databases", &columns);
    for database in &facts.databases {
        let [version, role, size] = match &database.looked {
            Ok(server) => {
                let role = if server.is_standby {
                    "standby"
                } else {
                    "primary"
                };
                [
                    server.told.text.clone(),
                    role.into(),
                    Size::of_bytes(server.bytes).to_string(),
                ]
            }
            Err(_) => ["unknown".into(), "-".into(), "-".into()],
        };
        let (name, asked) = (database.rule.name.value.to_string(), &database.rule.version);
        table.row([
            name,
            version,
            asked.to_string(),
            role,
            size,
            database.place.clone(),
        ]);
    }
    table
}

fn disks(facts: &Facts) -> Table {
    let mut table = Table::new(
        "Filesystems",
        &["path", "free", "asked", "of", "free inodes"],
    );
    for disk in &facts.disks {
        let [free, size, files] = match &disk.looked {
            Ok(space) => [
                Size::of_bytes(space.free).to_string(),
                Size::of_bytes(space.size).to_string(),
                space
                    .files
                    .map_or("no limit".into(), |files| files.to_string()),
            ],
            Err(_) => ["unknown".into(), "-".into(), "-".into()],
        };
        table.row([
            disk.path.display().to_string(),
            free,
            disk.rule.free.to_string(),
            size,
            files,
        ]);
    }
    table
}
