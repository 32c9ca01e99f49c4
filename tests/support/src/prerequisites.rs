//! What must be on the machine before a stand can be put up.

use std::path::PathBuf;

use crate::program;

/// A program that the stand needs, and the packages that bring it.
#[derive(Debug, Clone, Copy)]
pub struct Prerequisite {
    /// The name of the program.
    pub program: &'static str,
    /// Where it is besides PATH.
    pub directories: fn() -> Vec<PathBuf>,
    /// The package of Debian and Ubuntu.
    pub apt: &'static str,
    /// The formula of Homebrew.
    pub brew: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
}

/// Everything that the stand and the demo need.
pub const PREREQUISITES: [Prerequisite; 5] = [
    Prerequisite {
        program: "initdb",
        directories: program::postgres_directories,
        apt: "postgresql",
        brew: "postgresql@17",
        purpose: "the databases of both environments",
    },
    Prerequisite {
        program: "pg_dump",
        directories: program::postgres_directories,
        apt: "postgresql-client",
        brew: "postgresql@17",
        purpose: "backups before migrations",
    },
    Prerequisite {
        program: "nginx",
        directories: program::nginx_directories,
        apt: "nginx-light",
        brew: "nginx",
        purpose: "the router that splits the traffic",
    },
    Prerequisite {
        program: "git",
        directories: Vec::new,
        apt: "git",
        brew: "git",
        purpose: "the commits that are promoted",
    },
    Prerequisite {
        program: "curl",
        directories: Vec::new,
        apt: "curl",
        brew: "curl",
        purpose: "the commands of the demo's configuration",
    },
];

/// What the tests need besides.
pub const TEST_PREREQUISITES: [Prerequisite; 9] = [
    Prerequisite {
        program: "node",
        directories: Vec::new,
        apt: "nodejs",
        brew: "node",
        purpose: "the tests of the action and the workflows",
    },
    Prerequisite {
        program: "npm",
        directories: Vec::new,
        apt: "npm",
        brew: "node",
        purpose: "GitHub's own parser of workflows",
    },
    Prerequisite {
        program: "python3",
        directories: Vec::new,
        apt: "python3-venv",
        brew: "python3",
        purpose: "the linters of scripts and workflows",
    },
    Prerequisite {
        program: "openssl",
        directories: Vec::new,
        apt: "openssl",
        brew: "openssl",
        purpose: "certificates of the tests' own servers",
    },
    Prerequisite {
        program: "dnsmasq",
        directories: program::system_directories,
        apt: "dnsmasq-base",
        brew: "dnsmasq",
        purpose: "the name server that smoke-test asks",
    },
    Prerequisite {
        program: "redis-server",
        directories: Vec::new,
        apt: "redis-server",
        brew: "redis",
        purpose: "the caches that probes ask",
    },
    Prerequisite {
        program: "haproxy",
        directories: program::nginx_directories,
        apt: "haproxy",
        brew: "haproxy",
        purpose: "the load balancer whose members are probed",
    },
    Prerequisite {
        program: "chromium",
        directories: Vec::new,
        apt: "chromium",
        brew: "chromium",
        purpose: "pages as a browser shows them",
    },
    Prerequisite {
        program: "caddy",
        directories: Vec::new,
        apt: "caddy",
        brew: "caddy",
        purpose: "a second web server with TLS",
    },
];

/// Those that the machine does not have.
pub fn missing(prerequisites: &[Prerequisite]) -> Vec<Prerequisite> {
    let is_missing =
        |one: &&Prerequisite| program::find(one.program, &(one.directories)()).is_none();
    prerequisites.iter().filter(is_missing).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_missing() {
        let present = Prerequisite {
            program: "sh",
            ..PREREQUISITES[3]
        };
        let absent = Prerequisite {
            program: "no-such-program",
            ..PREREQUISITES[3]
        };
        let names: Vec<_> = missing(&[present, absent])
            .iter()
            .map(|one| one.program)
            .collect();
        assert_eq!(names, ["no-such-program"]);
    }
}
