//! Accounts of the machine, because PostgreSQL refuses to run as root.

use crate::{Error, Result};

/// The numbers of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The user id.
    pub user: u32,
    /// The id of its own group.
    pub group: u32,
}

impl Account {
    /// The account with this name, from `/etc/passwd`.
    pub fn named(name: &str) -> Result<Self> {
        let table = std::fs::read_to_string("/etc/passwd")
            .map_err(|why| Error::new(format!("cannot read `/etc/passwd`: {why}")))?;
        find(&table, name).ok_or_else(|| Error::new(format!("`/etc/passwd` has no user `{name}`")))
    }
}

/// Whether this process may switch to other accounts.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn find(table: &str, name: &str) -> Option<Account> {
    let line = table
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2);
    let user = numbers.next()?.parse().ok()?;
    let group = numbers.next()?.parse().ok()?;
    Some(Account { user, group })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "root:x:0:0:root:/root:/bin/bash\npostgres:x:104:107::/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(
            find(TABLE, "postgres"),
            Some(Account {
                user: 104,
                group: 107
            })
        );
        assert_eq!(find(TABLE, "post"), None);
    }
}
