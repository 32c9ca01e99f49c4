//! `psql` commands; the password is a variable of the shell.

use shared::postgres::Address;
use shared::shell::quoted;

/// The command up to the statement, which follows quoted.
pub(crate) fn psql(address: &Address, raw: &str) -> String {
    let mut command = String::new();
    for (name, value) in address.variables() {
        match name {
            "PGPASSWORD" => command.push_str(&format!("PGPASSWORD=\"${}\" ", variable(raw))),
            "PGSSLMODE" if value.expose() != "prefer" => {
                command.push_str(&format!("PGSSLMODE={} ", quoted(value.expose())));
            }
            _ => {}
        }
    }
    let user = address.place();
    let user = user.rsplit_once('@').map_or("", |(user, _)| user);
    let host = address.host();
    command.push_str(&format!(
        "psql -h {} -p {} -U {} -d {} -c",
        quoted(&host),
        address.port(),
        quoted(user),
        quoted(address.name())
    ));
    command
}

/// The whole command.
pub(crate) fn statement(psql: &str, sql: &str) -> String {
    format!("{psql} {}", quoted(sql))
}

/// The variable of the URL that is its password, if it can be told.
fn variable(raw: &str) -> &str {
    let before_host = raw.rsplit_once('@').map_or("", |(before, _)| before);
    let password = before_host
        .rsplit_once(':')
        .map_or("", |(_, password)| password);
    let name = password
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    name.unwrap_or("PGPASSWORD")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::secret::Secret;

    #[test]
    fn the_password_is_a_variable_of_the_shell() {
        let url = "postgres://app:b4ttery-st4ple@db.example:5433/cal?sslmode=require";
        let address = Address::parse(&Secret::plain(url)).expect("is a URL");
        let raw = "postgres://app:${DB_PASSWORD}@db.example:5433/cal?sslmode=require";
        assert_eq!(
            statement(&psql(&address, raw), "SELECT 1"),
            "PGSSLMODE=require PGPASSWORD=\"$DB_PASSWORD\" psql -h db.example -p 5433 -U app -d \
             cal -c 'SELECT 1'"
        );
        assert!(psql(&address, "${DATABASE_URL}").contains("PGPASSWORD=\"$PGPASSWORD\""));
    }
}
