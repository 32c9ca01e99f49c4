//! `redis-cli` commands; the password is a variable of the shell.

use crate::plan::CacheServer;
use shared::shell::quoted;

/// Who asks what.
pub(crate) struct Cli<'a> {
    /// The server.
    pub(crate) server: &'a CacheServer,
    /// Whether the password is sent.
    pub(crate) has_password: bool,
}

/// A command with these words.
pub(crate) fn cli(asked: &Cli<'_>, words: &[&str]) -> String {
    let CacheServer {
        host,
        port,
        is_secure,
        database,
        user,
        password,
        variable,
    } = asked.server;
    let mut command = String::new();
    let sends_password = asked.has_password && password.is_some();
    if sends_password {
        // From the environment, so that it is in no list of processes.
        command.push_str(&format!("REDISCLI_AUTH=\"${variable}\" "));
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    command.push_str(&format!("redis-cli -h {} -p {port}", quoted(host)));
    if *is_secure {
        command.push_str(" --tls");
    }
    if let Some(user) = user.as_ref().filter(|_| sends_password) {
        command.push_str(&format!(" --user {}", quoted(user)));
    }
    if *database > 0 && sends_password {
        command.push_str(&format!(" -n {database}"));
    }
    for word in words {
        command.push_str(&format!(" {}", quoted(word)));
    }
    command
}
