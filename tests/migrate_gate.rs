//! `migrate-gate` through its binary, against a real PostgreSQL.

#[path = "migrate_gate/project.rs"]
mod project;

use project::{INIT, Project, server};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};
use support::deadline::wait_until;

const ADD: (&str, &str) = (
    "0002_add_mood.sql",
    "alter table entries add column mood text;\n",
);
const FAST: &str = "  lock_timeout: 150ms\n  statement_timeout: 10s\n";

/// A project whose first migration is applied.
fn applied(settings: &str) -> Project {
    let project = Project::new(&[INIT], settings);
    project.run(&["apply"]).assert_code(0);
    project
}

#[test]
fn an_additive_migration_passes_the_check_and_is_applied_once() {
    let project = applied("  backup: {directory: backups}\n");
    project.release("v1.1.0", &[ADD]);
    let before = project.fingerprint();
    let check = project.run(&["check"]);
    check.assert_code(0);
    assert_eq!(project.fingerprint(), before);
    assert_eq!(
        check.receipt["detail"]["pending_before"],
        serde_json::json!(["0002"])
    );
    assert_eq!(check.receipt["detail"]["schema_version"], "0001");
    assert_eq!(check.receipt["effects"], serde_json::json!([]));

    let apply = project.run(&["apply"]);
    apply.assert_code(0);
    assert_eq!(project.applied(), ["0001", "0002"]);
    let detail = &apply.receipt["detail"];
    assert_eq!(detail["applied"], serde_json::json!(["0002"]));
    assert_eq!(
        (&detail["schema_version"], &detail["rollback_safe"]),
        (&"0002".into(), &"yes".into())
    );
    assert_eq!(detail["files"][1]["name"], "add_mood");
    assert_eq!(apply.receipt["settled"], true);
    let row = project.query("select concat_ws(' ', name, applied_by, release, rollback_safe, digest) from sluicegate_migrations where version = '0002'");
    assert_eq!(
        row,
        [format!(
            "add_mood ada 1.1.0 yes {}",
            detail["files"][1]["digest"].as_str().expect("is text")
        )]
    );

    let again = project.run(&["apply"]);
    again.assert_code(0);
    assert_eq!(again.receipt["effects"], serde_json::json!([]));
    assert_eq!(project.applied(), ["0001", "0002"]);
}

#[test]
fn the_backup_is_made_before_the_first_file_and_restores() {
    let project = applied("  backup: {directory: backups}\n");
    project.execute("insert into entries (body) values ('kept')");
    project.release("v1.1.0", &[ADD]);
    let apply = project.run(&["apply"]);
    apply.assert_code(0);
    let backup = &apply.receipt["detail"]["backup"];
    let path = project.path(backup["path"].as_str().expect("is text"));
    let metadata = std::fs::metadata(&path).expect("the dump is there");
    assert_eq!(backup["size"], metadata.len());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(backup["level"], 1);
    let bytes = std::fs::read(&path).expect("the dump is readable");
    assert_eq!(
        backup["digest"],
        shared::release::Digest::of(&bytes).as_str()
    );
    let sql = Command::new(server().binary_directory().join("pg_restore"))
        .args(["-f", "-"])
        .arg(&path)
        .output()
        .expect("pg_restore is there");
    let sql = String::from_utf8_lossy(&sql.stdout).into_owned();
    assert!(sql.contains("kept") && !sql.contains("mood"), "{sql}");
    let names: Vec<String> = apply.receipt["effects"]
        .as_array()
        .expect("is a list")
        .iter()
        .map(|effect| {
            effect["effect"]["name"]
                .as_str()
                .expect("is text")
                .to_owned()
        })
        .collect();
    assert_eq!(names, ["backup", "apply-migration"]);
}

#[test]
fn a_dropped_column_is_stopped_before_anything_is_touched() {
    let project = applied("  backup: {directory: backups}\n");
    let entry = format!(
        r#"{{"environment":"production","event":{{"began":{{"schema":1,"id":"a","release":{{"version":"1.1.0","commit":"{}"}},"at":"2026-11-20T10:00:00Z","actor":"ada","schema_version":"0001","state":"good","note":""}}}}}}"#,
        "a".repeat(40)
    );
    std::fs::write(project.path("ledger.jsonl"), entry + "\n").expect("the folder is writable");
    project.release(
        "v1.2.0",
        &[(
            "0002_drop_note.sql",
            "-- the note\n-- is old\nalter table entries drop column note;\n",
        )],
    );
    let before = project.fingerprint();
    for command in ["check", "apply"] {
        let run = project.run(&[command]);
        run.assert_code(1);
        let said = run.said("compatible");
        let sentence = "drops column `note` of `entries`; 1.1.0, live on production since \
                        2026-11-20T10:00:00Z, may still read it; drop it one release later";
        assert!(said.contains(sentence), "{said}");
        assert!(
            said.contains(r#""line":3,"path":"db/0002_drop_note.sql""#),
            "{said}"
        );
        assert_eq!(run.word("data-loss"), "fail");
        assert_eq!(run.receipt["effects"], serde_json::json!([]));
        assert_eq!(run.receipt["detail"]["rollback_safe"], "no");
        assert_eq!(project.fingerprint(), before);
    }
    assert_eq!(project.run(&["apply"]).word("applied"), "fail");
    // Leaving the check out does not let the file through.
    let skipping = project.run(&["apply", "--skip", "compatible", "--skip", "data-loss"]);
    skipping.assert_code(1);
    assert_eq!(project.fingerprint(), before);
}

#[test]
fn a_waiver_lets_a_contraction_through_and_it_is_recorded_as_unsafe() {
    let settings = "  backup: {directory: backups}\nwaivers:\n\
                    - {check: compatible, reason: nobody reads it, owner: ada, until: 2999-01-01}\n\
                    - {check: data-loss, reason: nobody reads it, owner: ada, until: 2999-01-01}\n";
    let project = applied(settings);
    project.release(
        "v1.2.0",
        &[(
            "0002_drop_note.sql",
            "alter table entries drop column note;\n",
        )],
    );
    let run = project.run(&["apply"]);
    run.assert_code(0);
    assert_eq!(run.receipt["detail"]["rollback_safe"], "no");
    assert_eq!(
        project.query("select rollback_safe from sluicegate_migrations where version = '0002'"),
        ["no"]
    );
}

#[test]
fn an_edited_a_missing_and_a_late_file_are_refused() {
    let project = applied("");
    project.release("v1.1.0", &[("0005_add_mood.sql", ADD.1)]);
    project.run(&["apply"]).assert_code(0);
    let before = project.fingerprint();

    project.release(
        "v1.2.0",
        &[(
            "0003_late.sql",
            "alter table entries add column late int;\n",
        )],
    );
    let run = project.run(&["apply"]);
    run.assert_code(1);
    assert!(
        run.said("history").contains(
            "db/0003_late.sql is pending, and the newer 0005 add_mood is applied already"
        )
    );

    project.remove("0003_late.sql");
    project.release(
        "v1.3.0",
        &[(
            "0005_add_mood.sql",
            "alter table entries add column mood text; -- edited\n",
        )],
    );
    let run = project.run(&["apply"]);
    run.assert_code(1);
    assert!(
        run.said("history")
            .contains("db/0005_add_mood.sql was edited after it was applied")
    );

    project.remove("0005_add_mood.sql");
    project.commit("v1.4.0");
    let run = project.run(&["check"]);
    run.assert_code(1);
    assert!(run.said("history").contains("its file is gone from `db`"));
    assert_eq!(project.fingerprint(), before);
}

#[test]
fn files_that_are_not_those_of_the_release_are_refused() {
    let project = applied("");
    project.write(ADD.0, ADD.1);
    let run = project.run(&["apply"]);
    run.assert_code(1);
    assert!(
        run.said("release-files")
            .contains("db/0002_add_mood.sql is on disk, but not in release 1.0.0")
    );
    project.commit("v1.1.0");
    project
        .run(&["check", "--release", "v1.1.0"])
        .assert_code(0);
    let run = project.run(&["apply", "--release", "v1.0.0"]);
    run.assert_code(1);
    project.write(ADD.0, "alter table entries add column mood text; \n");
    let run = project.run(&["check"]);
    run.assert_code(1);
    assert!(
        run.said("release-files")
            .contains("db/0002_add_mood.sql has other bytes")
    );
    project.remove(ADD.0);
    let run = project.run(&["check"]);
    run.assert_code(1);
    assert!(
        run.said("release-files")
            .contains("db/0002_add_mood.sql is not on disk")
    );
    assert_eq!(project.applied(), ["0001"]);
}

#[test]
fn a_lock_that_is_not_free_is_given_up_in_time_and_nothing_is_half_done() {
    let project = applied(FAST);
    project.release(
        "v1.1.0",
        &[
            ("0002_first.sql", "create table first (id int);\n"),
            (
                "0003_wait.sql",
                "create table before (id int);\nalter table entries add column mood text;\n",
            ),
            ("0004_never.sql", "create table never (id int);\n"),
        ],
    );
    let blocker = Blocker::hold(&project, "select * from entries");
    let began = Instant::now();
    let run = project.run(&["apply"]);
    run.assert_code(3);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(project.applied(), ["0001", "0002"]);
    assert_eq!(project.query("select to_regclass('before') is null"), ["t"]);
    let said = run.said("applied");
    for part in [
        "0003_wait.sql:2:1",
        "rolled back whole",
        "[55P03]",
        "(6 attempts)",
        "applied by this run: 0002; not applied: 0003, 0004",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(run.receipt["settled"], true);
    drop(blocker);
    project.run(&["apply"]).assert_code(0);
    assert_eq!(project.applied(), ["0001", "0002", "0003", "0004"]);
}

#[test]
fn a_statement_that_fails_rolls_its_whole_file_back_and_stops() {
    let project = applied("");
    project.release("v1.1.0", &[
        ("0002_first.sql", "create table first (id int);\n"),
        ("0003_bad.sql", "create table half (id int);\ninsert into half\n  values ('x');\ncreate table rest (id int);\n"),
        ("0004_never.sql", "create table never (id int);\n"),
    ]);
    let run = project.run(&["apply"]);
    run.assert_code(1);
    let said = run.said("applied");
    assert!(
        said.contains("db/0003_bad.sql was rolled back whole"),
        "{said}"
    );
    assert!(
        said.contains(r#""column":11,"line":3,"path":"db/0003_bad.sql""#),
        "{said}"
    );
    assert!(
        said.contains("applied by this run: 0002; not applied: 0003, 0004"),
        "{said}"
    );
    assert_eq!(run.receipt["settled"], true);
    assert_eq!(project.applied(), ["0001", "0002"]);
    assert_eq!(
        project.query("select to_regclass('half') is null and to_regclass('never') is null"),
        ["t"]
    );
    project.release(
        "v1.2.0",
        &[("0003_bad.sql", "create table half (id int);\n")],
    );
    project.run(&["apply"]).assert_code(0);
    assert_eq!(project.applied(), ["0001", "0002", "0003", "0004"]);
}

const INDEX: (&str, &str) = (
    "0002_index.sql",
    "-- sluicegate: no-transaction\ncreate index concurrently entries_note on entries (note);\n",
);

#[test]
fn a_concurrent_index_is_built_outside_a_transaction() {
    let project = applied("");
    project.release("v1.1.0", &[INDEX]);
    project.run(&["apply"]).assert_code(0);
    assert_eq!(
        project
            .query("select indisvalid from pg_index where indexrelid = 'entries_note'::regclass"),
        ["t"]
    );
    assert_eq!(project.applied(), ["0001", "0002"]);
    project.release(
        "v1.2.0",
        &[(
            "0003_index.sql",
            "create index concurrently i on entries (body);\n",
        )],
    );
    let run = project.run(&["apply"]);
    run.assert_code(1);
    assert_eq!(run.word("transaction"), "fail");
    project.release(
        "v1.3.0",
        &[("0003_index.sql", "create index i on entries (body);\n")],
    );
    let run = project.run(&["check"]);
    run.assert_code(1);
    assert_eq!(run.word("locks"), "fail");
    assert_eq!(project.applied(), ["0001", "0002"]);
}

#[test]
fn an_index_that_broke_off_is_unsettled_until_a_person_dropped_it() {
    let project = applied("");
    project.execute("insert into entries (body) values ('same'), ('same')");
    project.execute("create table tiny (id int)");
    let file = "-- sluicegate: no-transaction\nvacuum tiny;\ncreate unique index concurrently tiny_id on tiny (id);\n";
    project.execute("insert into tiny values (1), (1)");
    project.release("v1.1.0", &[("0002_index.sql", file)]);
    // A unique index narrows; it is waived here, as a person would who knows the data.
    let waived = "waivers:\n- {check: compatible, reason: r, owner: ada, until: 2999-01-01}\n  \n";
    let url = format!(
        "postgres://{}:{}@127.0.0.1:{}/{}",
        project.database,
        project.password,
        server().port(),
        project.database
    );
    project.write_config(&format!("  backup: {{directory: backups}}\n{waived}"), &url);
    project.commit("v1.1.1");
    let run = project.run(&["apply"]);
    run.assert_code(4);
    assert_eq!(run.receipt["settled"], false);
    assert!(
        run.said("applied")
            .contains("has no transaction and stopped after 1 of 2 statements"),
        "{}",
        run.said("applied")
    );
    assert!(
        run.text.contains("drop index concurrently tiny_id"),
        "{}",
        run.text
    );
    assert_eq!(project.applied(), ["0001"]);
    let run = project.run(&["apply"]);
    assert_eq!(run.word("valid-indexes"), "fail", "{}", run.text);
    project.execute("drop index tiny_id");
    project.execute("delete from tiny where ctid = '(0,1)'");
    let run = project.run(&["apply"]);
    run.assert_code(0);
    assert_eq!(project.applied(), ["0001", "0002"]);
    // The first statement was not run again: the file went on where it stopped.
    let effects = run.receipt["effects"]
        .as_array()
        .expect("is a list")
        .clone();
    let statements: Vec<_> = effects
        .iter()
        .filter(|effect| effect["effect"]["name"] == "apply-statement")
        .collect();
    assert_eq!(statements.len(), 1, "{effects:?}");
}

#[test]
fn sql_that_cannot_be_read_is_unknown_and_never_applied() {
    let project = applied("");
    for (tag, text) in [
        ("v1.1.0", "create tabel x (id int);\n"),
        (
            "v1.2.0",
            "do $$ begin execute 'drop table entries'; end $$;\n",
        ),
        ("v1.3.0", "\\connect other\n"),
    ] {
        project.write("0002_odd.sql", text);
        project.commit(tag);
        project.run(&["check", "--skip", "backup"]).assert_code(3);
    }
    project.write_config(
        "  backup: {directory: backups}\n",
        &url(&project, server().port()),
    );
    project.write("0002_odd.sql", "create tabel x (id int);\n");
    project.commit("v1.4.0");
    let run = project.run(&["apply"]);
    run.assert_code(3);
    assert_eq!(run.word("parses"), "unknown");
    assert_eq!(run.word("applied"), "unknown");
    assert_eq!(project.applied(), ["0001"]);
}

fn url(project: &Project, port: u16) -> String {
    format!(
        "postgres://{}:{}@127.0.0.1:{port}/{}",
        project.database, project.password, project.database
    )
}

#[test]
fn a_database_that_does_not_answer_is_unknown() {
    let project = applied("");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    project.write_config("", &url(&project, port));
    for command in ["check", "apply"] {
        let run = project.run(&[command]);
        run.assert_code(3);
        assert_eq!(run.word("history"), "unknown");
        assert_eq!(run.word("locks"), "unknown");
    }
    project.run(&["status"]).assert_code(3);
}

#[test]
fn a_plan_contacts_nothing_and_changes_nothing() {
    let project = Project::new(&[INIT], "  backup: {directory: backups}\n");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener
        .set_nonblocking(true)
        .expect("a socket can be told so");
    project.write_config(
        "",
        &url(&project, listener.local_addr().expect("it is bound").port()),
    );
    for command in ["check", "apply", "status"] {
        let run = project.run(&[command, "--plan"]);
        run.assert_code(0);
        assert!(run.text.contains("nothing was changed"), "{}", run.text);
    }
    assert!(listener.accept().is_err(), "somebody connected");
    assert!(project.leftovers().is_empty());
}

#[test]
fn status_shows_what_is_applied_pending_and_edited() {
    let project = applied("");
    project.release("v1.1.0", &[ADD]);
    let run = project.run(&["status"]);
    run.assert_code(0);
    assert!(
        run.text
            .contains("1 applied, 1 pending, 0 edited, 0 missing on production"),
        "{}",
        run.text
    );
    project.write(INIT.0, "select 1;\n");
    let run = project.run(&["status"]);
    assert!(
        run.text
            .contains("1 applied, 1 pending, 1 edited, 0 missing"),
        "{}",
        run.text
    );
    assert!(
        run.text.contains("ada") && run.text.contains("1.0.0"),
        "{}",
        run.text
    );
}

#[test]
fn a_mistake_in_the_files_or_the_configuration_contacts_nothing() {
    let project = Project::new(&[INIT], "");
    for (name, text, said) in [
        (
            "1_short.sql",
            "select 1",
            "db/1_short.sql: this is no name of a migration",
        ),
        (
            "0002_empty.sql",
            "-- nothing\n",
            "db/0002_empty.sql:1:1: the migration has no statement",
        ),
        (
            "00001_twice.sql",
            "select 1",
            "db/0001_init.sql: the number 0001 is also that of",
        ),
        (
            "0002_odd.sql",
            "select 1;\n-- sluicegate: no-transaction\n",
            "db/0002_odd.sql:2:1: this means nothing",
        ),
    ] {
        project.write(name, text);
        let run = project.run(&["check"]);
        run.assert_code(2);
        assert!(run.text.contains(said), "{said}: {}", run.text);
        project.remove(name);
    }
    project.write_config("  lock_timeout: 0s\n", &url(&project, 1));
    project.run(&["apply"]).assert_code(2);
    project.write_config("", &url(&project, 1));
    project.run(&["apply", "--restart", "0001"]).assert_code(2);
}

/// Applies with the process killed at each boundary of the journal in turn; every time the next
/// apply must bring it to its end. Answers how many boundaries there were.
fn killed_everywhere(files: &[(&str, &str)], settings: &str, versions: &[&str]) -> u32 {
    for point in 1..100 {
        let project = applied(settings);
        project.release("v1.1.0", files);
        let killed = project
            .command(&["apply"])
            .env("SLUICEGATE_TEST_KILL_POINT", point.to_string())
            .output()
            .expect("the program can be started");
        let is_killed = killed.status.code().is_none();
        let again = project.run(&["apply"]);
        assert_eq!(again.code, 0, "kill point {point}: {}", again.text);
        assert_eq!(project.applied(), versions, "kill point {point}");
        assert_eq!(
            project.query("select count(*) from other"),
            ["1"],
            "kill point {point}"
        );
        let last = project.run(&["apply"]);
        assert_eq!(
            (last.code, &last.receipt["effects"]),
            (0, &serde_json::json!([])),
            "kill point {point}"
        );
        let parts = std::fs::read_dir(project.path("backups"))
            .into_iter()
            .flatten()
            .flatten();
        let parts = parts
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "part"))
            .count();
        assert_eq!(parts, 0, "kill point {point} leaves an unfinished dump");
        if !is_killed {
            return point - 1;
        }
    }
    panic!("there is no end to the kill points");
}

#[test]
fn killed_at_any_boundary_two_files_are_applied_exactly_once_by_the_next_run() {
    let files = [
        (
            "0002_other.sql",
            "create table other (id int);\ninsert into other values (1);\n",
        ),
        (
            "0003_more.sql",
            "alter table entries add column more int;\n",
        ),
    ];
    let points = killed_everywhere(
        &files,
        "  backup: {directory: backups}\n",
        &["0001", "0002", "0003"],
    );
    eprintln!("{points} kill points with a backup and two files");
    // Opened, three effects with begin and end, settled; each before and after its line.
    assert_eq!(points, 16);
}

#[test]
fn killed_at_any_boundary_a_file_without_a_transaction_goes_on_where_it_stopped() {
    let text = "-- sluicegate: no-transaction\ncreate index concurrently entries_note on entries (note);\n\
                create index concurrently if not exists entries_body on entries (body);\nvacuum entries;\n";
    let files = [
        (
            "0002_other.sql",
            "create table other (id int);\ninsert into other values (1);\n",
        ),
        ("0003_index.sql", text),
    ];
    let points = killed_everywhere(&files, "", &["0001", "0002", "0003"]);
    eprintln!("{points} kill points with a file without a transaction");
    assert_eq!(points, 2 * (1 + 2 + 3 * 2 + 2 + 1));
}

#[test]
fn a_statement_that_may_have_run_and_cannot_run_twice_waits_for_a_person() {
    let text = "-- sluicegate: no-transaction\nvacuum entries;\ninsert into other values (1);\n";
    let project = applied("");
    project.release(
        "v1.1.0",
        &[
            ("0002_other.sql", "create table other (id int);\n"),
            ("0003_rows.sql", text),
        ],
    );
    // Opened, 0002 begun and ended, the first statement begun and ended, the second begun: killed
    // behind that line.
    let killed = project
        .command(&["apply"])
        .env("SLUICEGATE_TEST_KILL_POINT", "12")
        .output();
    assert_eq!(
        killed.expect("the program can be started").status.code(),
        None
    );
    for _ in 0..2 {
        let run = project.run(&["apply"]);
        run.assert_code(4);
        assert!(
            run.said("applied")
                .contains("broke off at statement 2 in line 3"),
            "{}",
            run.text
        );
        assert!(
            run.text.contains("migrate-gate apply --restart 0003"),
            "{}",
            run.text
        );
    }
    assert_eq!(project.applied(), ["0001", "0002"]);
    project.run(&["apply", "--restart", "0003"]).assert_code(0);
    assert_eq!(project.applied(), ["0001", "0002", "0003"]);
    assert_eq!(project.query("select count(*) from other"), ["1"]);
}

#[test]
fn two_applies_at_once_apply_everything_once() {
    let project = applied("");
    project.release(
        "v1.1.0",
        &[(
            "0002_rows.sql",
            "create table other (id int);\ninsert into other select 1 from pg_sleep(0.7);\n",
        )],
    );
    let second = tempfile::tempdir().expect("a temporary folder can be made");
    let clone = Command::new("git")
        .args(["clone", "-q"])
        .arg(project.path(""))
        .arg(second.path())
        .status();
    assert!(clone.expect("git is everywhere").success());
    // `pg_sleep` is no function that is known to do nothing: it would not be let through.
    assert_eq!(project.run(&["check"]).code, 1);
    project.release("v1.1.1", &[("0002_rows.sql", "create table other (id int);\ninsert into other select 1 from generate_series(1, 300000);\n")]);
    let pull = Command::new("git")
        .args(["pull", "-q"])
        .current_dir(second.path())
        .status();
    assert!(pull.expect("git is everywhere").success());
    let one = project.start(&["apply"]);
    let two = project.start(&["apply"]);
    let mut elsewhere = project.command(&["apply"]);
    let three = elsewhere
        .current_dir(second.path())
        .output()
        .expect("the program can be started");
    let codes = [
        project.finish(one, &["apply"]).code,
        project.finish(two, &["apply"]).code,
    ];
    // On one machine the second is refused or finds nothing left to do; on another it waits.
    assert!(
        codes.contains(&0) && codes.iter().all(|code| [0, 3].contains(code)),
        "{codes:?}"
    );
    assert_eq!(
        three.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&three.stdout)
    );
    assert_eq!(project.applied(), ["0001", "0002"]);
    assert_eq!(project.query("select count(*) from other"), ["300000"]);
}

#[test]
fn an_interrupt_breaks_the_running_file_off_and_leaves_the_others_whole() {
    let project = applied("");
    project.release("v1.1.0", &[
        ("0002_first.sql", "create table first (id int);\n"),
        ("0003_long.sql", "create table long (id int);\ninsert into long select * from generate_series(1, 500000000);\n"),
    ]);
    let child = project.start(&["apply"]);
    wait_until("the long statement runs", Duration::from_secs(20), || {
        let running = project.query("select count(*) from pg_stat_activity where query like 'insert into long%' and state = 'active'");
        if running == ["1"] { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .expect("the apply gets there");
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.expect("kill is everywhere").success());
    let began = Instant::now();
    let run = project.finish(child, &["apply"]);
    run.assert_code(3);
    assert!(
        began.elapsed() < Duration::from_secs(7),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(run.receipt["settled"], true);
    assert_eq!(project.applied(), ["0001", "0002"]);
    assert_eq!(project.query("select to_regclass('long') is null"), ["t"]);
}

#[test]
fn a_waiver_does_not_make_a_file_run_that_cannot_be_read_or_be_whole() {
    let waiver =
        |check: &str| format!("- {{check: {check}, reason: r, owner: ada, until: 2999-01-01}}\n");
    let all = [
        "parses",
        "transaction",
        "locks",
        "data-loss",
        "compatible",
        "backup",
    ];
    let waivers: String = all.iter().map(|check| waiver(check)).collect();
    let project = applied(&format!("waivers:\n{waivers}"));
    for (tag, text) in [
        (
            "v1.1.0",
            "create table half (id int);\ncreate tabel x (id int);\n",
        ),
        ("v1.2.0", "create table half (id int);\ncommit;\n"),
    ] {
        project.write("0002_odd.sql", text);
        project.commit(tag);
        let run = project.run(&["apply"]);
        assert!(matches!(run.code, 1 | 3), "{}", run.text);
        assert_eq!(project.query("select to_regclass('half') is null"), ["t"]);
    }
    // What nobody can read beforehand may run when a person answers for it.
    project.release(
        "v1.3.0",
        &[(
            "0002_odd.sql",
            "do $$ begin create table half (id int); end $$;\n",
        )],
    );
    project.run(&["apply"]).assert_code(0);
    assert_eq!(
        project.query("select rollback_safe from sluicegate_migrations where version = '0002'"),
        ["unknown"]
    );
}

#[test]
fn what_another_gate_left_unsettled_is_not_taken_over() {
    let project = applied("");
    project.release("v1.1.0", &[ADD]);
    let journal = project.path(".sluicegate/journal/production.jsonl");
    let line = r#"{"schema":1,"run":"c","at":"2026-11-20T10:00:00Z","event":{"opened":{"gate":"canary-promote","purpose":null}}}"#;
    std::fs::write(&journal, format!("{line}\n")).expect("the folder is writable");
    let run = project.run(&["apply"]);
    run.assert_code(3);
    assert!(
        run.text
            .contains("canary-promote of 2026-11-20T10:00:00Z left a change on production"),
        "{}",
        run.text
    );
    assert_eq!(
        std::fs::read_to_string(&journal).expect("is readable"),
        format!("{line}\n")
    );
    assert_eq!(project.applied(), ["0001"]);
}

#[test]
fn where_the_lock_does_not_reach_the_row_of_the_history_keeps_a_second_apply_out() {
    let project = applied("  lock_timeout: 300ms\n  statement_timeout: 10s\n");
    project.release(
        "v1.1.0",
        &[("0002_other.sql", "create table other (id int);\n")],
    );
    // Somebody else is in the middle of applying the file, without the lock.
    let row = "insert into sluicegate_migrations (version, name, digest, applied_by, release, rollback_safe) values ('0002', 'x', 'x', 'x', 'x', 'x') returning 1";
    let blocker = Blocker::hold(&project, row);
    let run = project.run(&["apply"]);
    run.assert_code(3);
    assert!(run.said("applied").contains("[55P03]"), "{}", run.text);
    drop(blocker);
    project.run(&["apply"]).assert_code(0);
    assert_eq!(project.applied(), ["0001", "0002"]);
}

#[test]
fn killed_while_a_statement_waits_the_next_run_applies_the_file_once() {
    let project = applied("  lock_timeout: 20s\n");
    project.release("v1.1.0", &[("0002_wait.sql", "create table other (id int);\ninsert into other values (1);\nalter table entries add column mood text;\n")]);
    let blocker = Blocker::hold(&project, "select * from entries");
    let mut child = project.start(&["apply"]);
    wait_until("the apply waits for the lock", Duration::from_secs(20), || {
        let waiting = project.query("select count(*) from pg_stat_activity where query like 'alter table entries%' and wait_event_type = 'Lock'");
        if waiting == ["1"] { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .expect("the apply gets there");
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    drop(blocker);
    let run = project.run(&["apply"]);
    run.assert_code(0);
    assert!(run.text.contains("took over from run"), "{}", run.text);
    assert_eq!(project.applied(), ["0001", "0002"]);
    assert_eq!(project.query("select count(*) from other"), ["1"]);
}

#[test]
fn the_password_is_in_no_argument_of_pg_dump_and_in_nothing_that_is_left() {
    let mut project = applied("  backup: {directory: backups}\n");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for name in ["pg_dump", "pg_restore"] {
        let real = server().binary_directory().join(name);
        let script = format!(
            "#!/bin/sh\ntr '\\0' ' ' < /proc/$$/cmdline >> {0}/argv\necho \"$@\" >> {0}/argv\nexec {1} \"$@\"\n",
            folder.path().display(),
            real.display()
        );
        let path = folder.path().join(name);
        std::fs::write(&path, script).expect("the folder is writable");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("it is ours");
    }
    project.prefer(folder.path().to_owned());
    project.release("v1.1.0", &[ADD]);
    let run = project.run(&["apply", "-vv"]);
    run.assert_code(0);
    let argv = std::fs::read_to_string(folder.path().join("argv")).expect("the wrapper was run");
    assert!(
        argv.contains("--format=custom") && argv.contains("-f /dev/null"),
        "{argv}"
    );
    assert!(!argv.contains(&project.password), "{argv}");
    for (path, bytes) in project.leftovers() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains(&project.password),
            "the password is in {}",
            path.display()
        );
    }
}

#[test]
fn a_dump_that_was_killed_leaves_nothing_behind_the_next_apply() {
    let mut project = applied("  backup: {directory: backups}\n");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let real = server().binary_directory();
    let dump = format!(
        "#!/bin/sh\ncase \"$1\" in --version) exec {0}/pg_dump --version;; esac\n\
         echo $$ > {1}/pid.part && mv {1}/pid.part {1}/pid && exec sleep 60\n",
        real.display(),
        folder.path().display()
    );
    let restore = format!("#!/bin/sh\nexec {}/pg_restore \"$@\"\n", real.display());
    for (name, script) in [("pg_dump", dump), ("pg_restore", restore)] {
        let path = folder.path().join(name);
        std::fs::write(&path, script).expect("the folder is writable");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("it is ours");
    }
    project.release("v1.1.0", &[ADD]);
    project.prefer(folder.path().to_owned());
    let mut child = project.start(&["apply"]);
    let pid = wait_until("the dump runs", Duration::from_secs(20), || {
        std::fs::read_to_string(folder.path().join("pid")).map_err(|error| error.to_string())
    })
    .expect("the apply gets there");
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    let ended = Command::new("kill").args(["-KILL", pid.trim()]).status();
    assert!(ended.expect("kill is everywhere").success());
    let parts = || {
        let files = std::fs::read_dir(project.path("backups"))
            .into_iter()
            .flatten()
            .flatten();
        files
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "part"))
            .count()
    };
    assert_eq!(parts(), 1);
    std::fs::remove_file(folder.path().join("pg_dump")).expect("it is ours");
    project.run(&["apply"]).assert_code(0);
    assert_eq!(parts(), 0);
    assert_eq!(project.applied(), ["0001", "0002"]);
}

#[test]
fn a_dump_that_breaks_off_stops_the_apply_before_the_first_file() {
    let mut project = applied("  backup: {directory: backups}\n");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let real = server().binary_directory();
    // It cuts the dump in half, and says that all went well.
    let dump = format!(
        "#!/bin/sh\ncase \"$1\" in --version) exec {0}/pg_dump --version;; esac\n{0}/pg_dump \"$@\" || exit 1\n\
         for word in \"$@\"; do case \"$word\" in --file=*) file=${{word#--file=}};; esac; done\n\
         truncate -s $(($(wc -c < \"$file\") * 6 / 10)) \"$file\"\n",
        real.display()
    );
    for (name, script) in [
        ("pg_dump", dump),
        (
            "pg_restore",
            format!("#!/bin/sh\nexec {}/pg_restore \"$@\"\n", real.display()),
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, script).expect("the folder is writable");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("it is ours");
    }
    project
        .execute("insert into entries (body) select md5(i::text) from generate_series(1, 2000) i");
    project.prefer(folder.path().to_owned());
    project.release("v1.1.0", &[ADD]);
    let before = project.fingerprint();
    let run = project.run(&["apply"]);
    run.assert_code(3);
    assert_eq!(run.word("backup"), "unknown");
    assert_eq!(run.receipt["settled"], true);
    assert_eq!(project.fingerprint(), before);
    let files = std::fs::read_dir(project.path("backups"))
        .into_iter()
        .flatten()
        .flatten();
    let dumps = files
        .filter(|entry| entry.metadata().is_ok_and(|file| file.len() > 0))
        .count();
    // The dump of the first migration alone.
    assert_eq!(dumps, 1);
}

#[test]
fn a_session_that_a_file_changed_does_not_change_the_next_one() {
    let project = applied("");
    project.release(
        "v1.1.0",
        &[
            (
                "0002_path.sql",
                "create schema other;\nset search_path to other;\ncreate table inside (id int);\n",
            ),
            ("0003_plain.sql", "create table outside (id int);\n"),
        ],
    );
    project.run(&["apply"]).assert_code(0);
    assert_eq!(project.query("select to_regclass('other.inside') is not null and to_regclass('public.outside') is not null"), ["t"]);
    assert_eq!(project.applied(), ["0001", "0002", "0003"]);
}

/// A session that keeps a lock until it is dropped.
struct Blocker {
    child: std::process::Child,
}

impl Blocker {
    fn hold(project: &Project, query: &str) -> Self {
        let script = format!("begin; {query}; select pg_sleep(60);");
        let child = Command::new(server().binary_directory().join("psql"))
            .arg(server().url(&project.database))
            .args(["-qc", &script])
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("psql is there");
        wait_until("the blocker holds its lock", Duration::from_secs(10), || {
            let held = project.query("select count(*) from pg_stat_activity where query like 'begin;%pg_sleep%' and wait_event = 'PgSleep'");
            if held == ["1"] { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .expect("the blocker starts");
        Self { child }
    }
}

impl Drop for Blocker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = server().execute("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin;%pg_sleep%'");
    }
}

#[test]
fn the_checks_are_listed_without_a_command_and_a_run_needs_one() {
    let project = Project::new(&[INIT], "");
    let run = project.run(&["--list-checks"]);
    run.assert_code(0);
    assert!(run.text.contains("data-loss"), "{}", run.text);
    let run = project.run(&[]);
    run.assert_code(2);
    assert!(run.text.contains("no command is given"), "{}", run.text);
}
