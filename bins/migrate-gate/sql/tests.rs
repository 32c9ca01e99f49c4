use super::*;
use proptest::prelude::*;

/// What is said of one statement, by letter: B blocks, L loses, C contracts, D doubt, U unread,
/// O outside a transaction, T controls one, `-` nothing.
fn letters(changes: &[Change]) -> String {
    let mut letters = String::new();
    for (letter, is_so) in [
        ('B', changes.iter().any(|change| change.blocks.is_some())),
        ('L', changes.iter().any(|change| change.loses.is_some())),
        (
            'C',
            changes
                .iter()
                .any(|change| matches!(change.service, Service::Contract(_))),
        ),
        (
            'D',
            changes
                .iter()
                .any(|change| matches!(change.service, Service::Doubt(_))),
        ),
        ('U', changes.iter().any(|change| change.unread.is_some())),
        (
            'O',
            changes
                .iter()
                .any(|change| change.transaction == Transaction::Outside),
        ),
        (
            'T',
            changes
                .iter()
                .any(|change| change.transaction == Transaction::Controls),
        ),
    ] {
        if is_so {
            letters.push(letter);
        }
    }
    if letters.is_empty() {
        "-".into()
    } else {
        letters
    }
}

/// `entries(id bigint, title varchar(50), note text, kind integer not null)` with a unique index
/// `entries_title`, a plain one `entries_note`, and the checks `long` and `has_note`.
fn catalogue() -> Catalogue {
    let column = |kind: &str, is_not_null| Column {
        kind: kind.into(),
        is_not_null,
    };
    let constraint = |kind: &str, definition: &str| Constraint {
        kind: kind.into(),
        is_validated: true,
        definition: definition.into(),
    };
    let entries = Relation {
        bytes: 1 << 20,
        columns: [
            ("id", column("bigint", true)),
            ("title", column("character varying(50)", false)),
            ("note", column("text", false)),
            ("kind", column("integer", true)),
        ]
        .map(|(name, column)| (name.to_owned(), column))
        .into(),
        constraints: [
            ("long", constraint("c", "CHECK ((length(note) > 3))")),
            ("has_note", constraint("c", "CHECK ((note IS NOT NULL))")),
            ("entries_title_key", constraint("u", "UNIQUE (title)")),
        ]
        .map(|(name, constraint)| (name.to_owned(), constraint))
        .into(),
    };
    let index = |is_unique, column: &str| Index {
        is_unique,
        columns: vec![column.into()],
    };
    Catalogue {
        relations: [("entries".to_owned(), entries)].into(),
        indexes: [
            ("entries_title".to_owned(), index(true, "title")),
            ("entries_note".to_owned(), index(false, "note")),
            ("entries_id".to_owned(), index(true, "id")),
        ]
        .into(),
    }
}

fn script(text: &str) -> Script {
    let catalogue = catalogue();
    read(text, true, &mut Schema::before(&catalogue))
}

fn said(text: &str) -> String {
    let script = script(text);
    assert_eq!(script.problems, [], "{text}");
    let last = script.statements.last().expect("the text has a statement");
    letters(&last.changes)
}

fn assert_said(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(text, expected)| (text, expected, said(text)))
        .filter(|(_, expected, said)| *expected != said)
        .map(|(text, expected, said)| format!("{text}: expected {expected}, said {said}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_adds_is_said_to_hurt_nobody() {
    assert_said(&[
        (
            "create table notes (id int primary key, a text not null unique, check (a > ''))",
            "-",
        ),
        (
            "create table notes (entry bigint references entries(id))",
            "-",
        ),
        ("create table if not exists notes (id int)", "-"),
        ("alter table entries add column x int", "-"),
        ("alter table entries add column x int default 5", "-"),
        (
            "alter table entries add column x int not null default 5",
            "-",
        ),
        (
            "alter table entries add column x timestamptz default now()",
            "-",
        ),
        (
            "alter table entries add column x timestamptz not null default current_timestamp",
            "-",
        ),
        (
            "alter table entries add column x jsonb not null default '{}'::jsonb",
            "-",
        ),
        (
            "alter table entries add column x int references other(id)",
            "-",
        ),
        ("alter table entries alter title type varchar(400)", "-"),
        ("alter table entries alter column title type text", "-"),
        ("alter table entries alter column note set not null", "-"),
        (
            "alter table entries alter column note set statistics 500",
            "-",
        ),
        ("alter table entries validate constraint long", "-"),
        ("alter table entries set (fillfactor = 70)", "-"),
        (
            "alter table entries add constraint k primary key using index entries_id",
            "-",
        ),
        (
            "alter table entries add constraint k unique using index entries_title",
            "-",
        ),
        (
            "create index concurrently if not exists i on entries (note)",
            "O",
        ),
        ("create view v as select id from entries", "-"),
        (
            "create function f() returns int language sql as $$ select 1 $$",
            "-",
        ),
        ("create type mood as enum ('a', 'b')", "-"),
        ("create sequence s", "-"),
        ("create schema app", "-"),
        ("create extension if not exists pgcrypto", "-"),
        ("comment on table entries is 'x'", "-"),
        ("grant select on entries to public", "-"),
        ("insert into entries (note) values ('x')", "-"),
        ("insert into entries (note) select note from other", "-"),
        (
            "insert into entries (note) values ('x') on conflict do nothing",
            "-",
        ),
        ("select setval('s', (select max(id) from entries))", "-"),
        ("select 1", "-"),
        ("set search_path to app", "-"),
        ("set role owner", "-"),
        ("analyze entries", "-"),
        ("create materialized view mv as select * from entries", "-"),
        ("lock table entries in row exclusive mode", "-"),
    ]);
}

#[test]
fn what_stops_reads_or_writes_for_long_is_said_to_block() {
    assert_said(&[
        ("create index i on entries (note)", "B"),
        ("create index i on unknown_table (note)", "B"),
        ("create unique index i on entries (note)", "BC"),
        ("reindex table entries", "B"),
        ("reindex index concurrently entries_note", "O"),
        ("reindex (concurrently) table entries", "O"),
        (
            "alter table entries add column x uuid default gen_random_uuid()",
            "B",
        ),
        (
            "alter table entries add column x timestamptz default clock_timestamp()",
            "B",
        ),
        (
            "alter table entries add column x int default app_default()",
            "B",
        ),
        ("alter table entries add column x serial", "B"),
        (
            "alter table entries add column x int generated always as identity",
            "B",
        ),
        (
            "alter table entries add column x int generated always as (kind + 1) stored",
            "B",
        ),
        ("alter table entries add column x int check (x > 0)", "B"),
        ("alter table entries add column x int unique", "B"),
        (
            "alter table entries add column x int default 1 references other(id)",
            "B",
        ),
        ("alter table entries alter column kind set not null", "-"),
        ("alter table entries alter column title set not null", "BC"),
        ("alter table entries alter column kind type bigint", "BC"),
        (
            "alter table entries alter column title type varchar(40)",
            "BC",
        ),
        (
            "alter table entries alter column title type varchar(90) using title || 'x'",
            "BC",
        ),
        ("alter table unknown_table alter column a type text", "BC"),
        (
            "alter table entries add constraint k check (kind >= 0)",
            "BC",
        ),
        (
            "alter table entries add constraint k check (kind >= 0) not valid",
            "C",
        ),
        (
            "alter table entries add constraint k foreign key (kind) references other(id)",
            "BC",
        ),
        (
            "alter table entries add constraint k foreign key (kind) references other(id) not valid",
            "C",
        ),
        ("alter table entries add constraint k unique (note)", "BC"),
        ("alter table entries add primary key (id)", "BC"),
        (
            "alter table entries add constraint k primary key using index entries_title",
            "B",
        ),
        (
            "alter table entries add constraint e exclude (kind with =)",
            "BC",
        ),
        ("alter table entries set unlogged", "BL"),
        ("alter table entries set logged", "B"),
        ("alter table entries set tablespace fast", "B"),
        (
            "alter table parent attach partition entries for values from (0) to (10)",
            "B",
        ),
        ("cluster entries using entries_id", "B"),
        ("vacuum full entries", "BO"),
        ("vacuum (full, analyze) entries", "BO"),
        ("vacuum entries", "O"),
        ("lock table entries", "B"),
        ("lock table entries in share mode", "B"),
        ("refresh materialized view mv", "B"),
        ("refresh materialized view concurrently mv", "-"),
        ("set lock_timeout = 0", "B"),
        ("set local statement_timeout to '1h'", "B"),
        ("reset all", "B"),
        ("reset lock_timeout", "B"),
        ("alter domain d add constraint k check (value > 0)", "BC"),
        (
            "alter domain d add constraint k check (value > 0) not valid",
            "C",
        ),
    ]);
}

#[test]
fn what_takes_from_the_live_release_is_said_to_contract() {
    assert_said(&[
        ("alter table entries drop column note", "LC"),
        ("alter table entries rename column note to remark", "C"),
        ("alter table entries rename to items", "C"),
        ("alter table entries set schema app", "C"),
        ("alter table entries add column x int not null", "C"),
        (
            "alter table entries add column x int not null default null",
            "C",
        ),
        ("alter table entries alter column kind drop default", "C"),
        ("alter table entries drop constraint entries_title_key", "C"),
        ("alter table entries drop constraint unheard_of", "C"),
        ("alter table entries drop constraint long", "D"),
        ("alter table entries enable row level security", "C"),
        ("alter table entries disable trigger all", "C"),
        ("alter table parent detach partition entries", "C"),
        (
            "alter table parent detach partition entries concurrently",
            "CO",
        ),
        ("drop view v", "C"),
        ("drop function f(int)", "C"),
        ("drop type mood", "C"),
        ("drop type mood cascade", "LC"),
        ("drop extension pgcrypto", "C"),
        ("drop trigger t on entries", "C"),
        ("drop policy p on entries", "C"),
        ("drop index entries_title", "C"),
        ("drop index concurrently entries_title", "CO"),
        ("drop index entries_note", "D"),
        ("create unique index concurrently i on entries (note)", "CO"),
        ("revoke select on entries from public", "C"),
        ("alter type mood rename value 'a' to 'z'", "C"),
        ("alter view v rename to w", "C"),
        ("alter function f() set schema app", "C"),
    ]);
}

#[test]
fn what_leaves_it_open_is_said_to_be_in_doubt() {
    assert_said(&[
        ("alter table entries alter column kind drop not null", "D"),
        ("alter table entries alter column kind set default 3", "D"),
        ("alter type mood add value 'c'", "D"),
        ("create or replace view v as select 1", "D"),
        (
            "create or replace function f() returns int language sql as $$ select 1 $$",
            "D",
        ),
        (
            "create trigger t before insert on entries for each row execute function f()",
            "D",
        ),
        ("create policy p on entries using (true)", "D"),
        ("update entries set note = 'x' where note is null", "D"),
        ("delete from entries where kind = 3", "D"),
        (
            "insert into entries (id) values (1) on conflict (id) do update set note = 'x'",
            "D",
        ),
        ("alter sequence s restart with 5", "D"),
    ]);
}

#[test]
fn what_destroys_is_said_to_lose() {
    assert_said(&[
        ("drop table entries", "LC"),
        ("drop table if exists entries cascade", "LC"),
        ("drop schema app cascade", "LC"),
        ("drop database cal", "LCO"),
        ("truncate entries", "L"),
        ("truncate table entries, other cascade", "L"),
        ("delete from entries", "L"),
        ("delete from entries where true", "L"),
        ("update entries set note = null", "L"),
        ("update entries set note = null where 1 = 1", "L"),
        (
            "with gone as (delete from entries returning *) select count(*) from gone",
            "L",
        ),
        (
            "with gone as (delete from entries returning *) insert into archive select * from gone",
            "L",
        ),
        (
            "create table archive as with gone as (delete from entries returning *) select * from gone",
            "L",
        ),
    ]);
}

#[test]
fn what_cannot_be_read_is_said_to_be_unread() {
    assert_said(&[
        ("do $$ begin execute 'drop table users'; end $$", "U"),
        ("call tidy_up()", "U"),
        ("execute prepared", "U"),
        ("select run_anything('drop table users')", "U"),
        (
            "update entries set note = app_note(id) where kind = 3",
            "DU",
        ),
        ("select set_config('lock_timeout', '0', false)", "U"),
        ("explain analyze delete from entries", "U"),
        ("copy entries from program 'cat'", "U"),
        ("set session_replication_role = replica", "U"),
        ("alter extension postgis update", "U"),
        (
            "merge into entries using other on entries.id = other.id when matched then delete",
            "U",
        ),
        ("load 'auto_explain'", "U"),
    ]);
}

#[test]
fn what_begins_or_ends_a_transaction_is_said_to_control_it() {
    assert_said(&[
        ("begin", "T"),
        ("commit", "T"),
        ("rollback", "T"),
        ("savepoint a", "T"),
        ("create database cal", "O"),
        ("alter system set work_mem = '1GB'", "DO"),
    ]);
}

#[test]
fn what_the_pending_files_make_is_used_by_nobody() {
    assert_said(&[
        ("create table n (a int); create index i on n (a)", "-"),
        (
            "create table n (a int); alter table n alter a set not null",
            "-",
        ),
        (
            "create table n (a int); alter table n alter a type text",
            "-",
        ),
        ("create table n (a int); alter table n drop column a", "-"),
        (
            "create table n (a int); alter table n rename to m; create index i on m (a)",
            "-",
        ),
        ("create table n (a int); drop table n", "-"),
        ("create table n (a int); delete from n", "-"),
        ("create table n (a int); truncate n", "-"),
        ("create table n (a int); lock table n", "-"),
        (
            "create table if not exists entries (a int); create index i on entries (a)",
            "B",
        ),
        (
            "create table if not exists n (a int); create index i on n (a)",
            "-",
        ),
        (
            "alter table entries add column x text; alter table entries drop column x",
            "-",
        ),
        (
            "alter table entries add column x text; alter table entries rename x to y; alter table entries drop column y",
            "-",
        ),
        (
            "alter table entries add column x text; alter table entries add constraint k check (x > '') not valid",
            "-",
        ),
        (
            "alter table entries add column x int; alter table entries add constraint k foreign key (x) references other(id) not valid",
            "-",
        ),
        ("create view v as select 1; drop view v", "-"),
        ("create table \"N\" (a int); create index i on n (a)", "B"),
        ("create table app.n (a int); create index i on n (a)", "B"),
    ]);
}

#[test]
fn a_long_statement_behind_a_strong_lock_blocks_like_the_lock() {
    assert_said(&[
        (
            "alter table entries add column x text; update entries set x = note",
            "B",
        ),
        (
            "alter table entries add constraint k check (kind > 0) not valid; alter table entries validate constraint k",
            "B",
        ),
        (
            "create table n (e bigint references entries); insert into n select id from entries",
            "B",
        ),
        (
            "create table n (e bigint); insert into n select id from entries",
            "-",
        ),
    ]);
    let text = "alter table entries add column x text;\nupdate entries set x = note";
    let catalogue = catalogue();
    let outside = read(text, false, &mut Schema::before(&catalogue));
    assert_eq!(letters(&outside.statements[1].changes), "-");
}

#[test]
fn a_statement_knows_its_place_and_its_text() {
    let text = "-- sluicegate: no-transaction\n/* ä */ select 1 ;;\n\n  -- why\n  drop table entries;\n-- end\n";
    let script = script(text);
    let places: Vec<(u64, u64, &str)> = script
        .statements
        .iter()
        .map(|statement| (statement.line, statement.column, statement.text.as_str()))
        .collect();
    assert_eq!(places, [(2, 9, "select 1"), (5, 3, "drop table entries")]);
}

#[test]
fn it_is_known_what_may_run_again() {
    for (text, expected) in [
        (
            "create index concurrently i on entries (note)",
            Repeat::Index("i".into()),
        ),
        (
            "create index concurrently \"I\" on app.entries (note)",
            Repeat::Index("app.\"I\"".into()),
        ),
        (
            "create index concurrently if not exists i on entries (note)",
            Repeat::Yes,
        ),
        ("create index concurrently on entries (note)", Repeat::No),
        ("drop index concurrently if exists i", Repeat::Yes),
        ("drop index concurrently i", Repeat::No),
        ("vacuum entries", Repeat::Yes),
        (
            "alter table entries add column if not exists x int",
            Repeat::Yes,
        ),
        (
            "alter table entries add column if not exists x int, add column y int",
            Repeat::No,
        ),
        ("alter table if exists entries add column x int", Repeat::No),
        ("insert into entries (id) values (1)", Repeat::No),
    ] {
        assert_eq!(script(text).statements[0].repeat, expected, "{text}");
    }
}

#[test]
fn a_sentence_names_the_object_and_its_size() {
    let script = script("alter table entries drop column note; create index i on entries (note)");
    let deeds: Vec<&str> = script
        .statements
        .iter()
        .map(|statement| statement.changes[0].deed.as_str())
        .collect();
    assert_eq!(
        deeds,
        [
            "drops column `note` of `entries`",
            "creates index `i` on `entries` (1 MiB)"
        ]
    );
}

#[test]
fn text_that_does_not_parse_is_a_problem_with_its_place() {
    for text in [
        "create tabel n (a int);",
        "select 1;\n\\connect other",
        "{{ template }}",
        "select (1",
    ] {
        assert!(!script(text).problems.is_empty(), "{text}");
    }
    assert_eq!(script("select 1;\nselect (1").problems[0].line, 2);
}

#[test]
fn only_blanks_comments_and_semicolons_are_no_statement() {
    for text in [
        "",
        "  \n",
        "-- a",
        "-- a\n/* b /* c */ d */ ;\n",
        ";",
        "/* open",
    ] {
        assert!(is_blank(text), "{text:?}");
    }
    for text in [
        "select 1",
        "-- a\nselect 1",
        "/* a */ b",
        "/* a /* b */ */ x",
    ] {
        assert!(!is_blank(text), "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,80}") {
        let _ = script(&text);
        let _ = is_blank(&text);
    }

    #[test]
    fn no_sequence_of_words_makes_the_reader_panic(
        words in proptest::collection::vec(
            "alter|table|entries|drop|column|add|constraint|check|\\(|\\)|create|index|on|;|select|--|/\\*|\\$\\$|'|not|null|default|update|set|=|1",
            0..24,
        )
    ) {
        let _ = script(&words.join(" "));
    }
}
