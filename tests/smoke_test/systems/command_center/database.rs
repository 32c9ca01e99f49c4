//! The database: two domains, their tasks and events, and policies that keep them apart.

use super::Fault;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use support::postgres::Postgres;
use support::process_manager::ProcessManager;

/// What the policies compare with a row's domain.
pub const OWNER_SUBJECT: &str = "ada";
pub const STRANGER_SUBJECT: &str = "bob";
pub const PASSWORD: &str = "password-of-the-authenticator";

const SCHEMA: &str = "
CREATE TABLE members (subject text, domain_id int);
INSERT INTO members VALUES ('ada', 1), ('bob', 2);
CREATE TABLE tasks (id serial PRIMARY KEY, domain_id int NOT NULL, title text, done bool NOT NULL DEFAULT false);
CREATE TABLE events (id serial PRIMARY KEY, domain_id int NOT NULL, title text, starts_at timestamptz);
INSERT INTO tasks (domain_id, title) VALUES (1, 'of ada'), (2, 'of bob');
INSERT INTO events (domain_id, title, starts_at) VALUES (1, 'of ada', now()), (2, 'of bob', now());
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks, events TO authenticated;
GRANT SELECT ON members TO authenticated;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO authenticated;
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON members USING (subject = current_setting('request.jwt.claim.sub'));
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tasks USING (domain_id IN (SELECT domain_id FROM members));
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON events USING (domain_id IN (SELECT domain_id FROM members));
";

/// One cluster for all tests of the system.
pub fn cluster() -> &'static Postgres {
    static CLUSTER: OnceLock<(ProcessManager, Postgres)> = OnceLock::new();
    let (_, postgres) = CLUSTER.get_or_init(|| {
        let processes = ProcessManager::start_temporary().expect("pm starts");
        let postgres = Postgres::start(&processes).expect("PostgreSQL starts");
        let roles = format!(
            "CREATE ROLE authenticated NOLOGIN; \
             CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD '{PASSWORD}'; \
             GRANT authenticated TO authenticator"
        );
        postgres.execute("postgres", &roles).expect("is SQL");
        (processes, postgres)
    });
    postgres
}

/// A new database with this fault; its name.
pub fn create(fault: Fault) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("command_center{}", COUNT.fetch_add(1, Ordering::SeqCst));
    let cluster = cluster();
    let create = format!("CREATE DATABASE {name}");
    cluster.execute("postgres", &create).expect("is new");
    let more = match fault {
        // It is on, but one policy lets everybody through.
        Fault::OpenPolicy => "CREATE POLICY everybody ON events FOR SELECT USING (true)",
        Fault::WritablePolicy => "CREATE POLICY everybody ON tasks FOR INSERT WITH CHECK (true)",
        Fault::NoRowSecurity => "CREATE TABLE comments (id int, domain_id int)",
        Fault::TasksNotWritable => "REVOKE DELETE ON tasks FROM authenticated",
        _ => "",
    };
    let all = format!("{SCHEMA}{more}");
    cluster.execute(&name, &all).expect("is SQL");
    name
}
