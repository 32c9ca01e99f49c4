//! What a statement does to others: whom it blocks, what it destroys, what it takes from the live
//! release.

/// One thing that a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In words that can stand behind "it": `drops column `note` of `entries``.
    pub deed: String,
    /// How it stops reads or writes for long.
    pub blocks: Option<Hazard>,
    /// What is gone afterwards.
    pub loses: Option<String>,
    /// What it means for the live release.
    pub service: Service,
    /// Why it cannot be judged.
    pub unread: Option<String>,
    /// How it goes together with a transaction.
    pub transaction: Transaction,
    /// The strong lock that it keeps until its transaction ends, in words.
    pub holds: Option<String>,
    /// Whether it goes through many rows.
    pub is_long: bool,
}

/// What goes wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hazard {
    /// Behind the deed: `which blocks writes to `entries` while the index is built`.
    pub effect: String,
    /// What to write instead.
    pub advice: String,
}

/// How a change goes together with a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// Inside and outside.
    Any,
    /// PostgreSQL refuses it inside.
    Outside,
    /// It begins or ends one by itself.
    Controls,
}

/// What a change means for the release that runs while it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// Only adds or permits; the live release does not notice.
    Expand,
    /// Breaks nothing by itself, but a release that goes back may meet what it does not know.
    Doubt(String),
    /// Removes, renames or narrows what the live release may use.
    Contract(Hazard),
}

impl Change {
    /// A change that hurts nobody, until one of the others is said of it.
    pub fn new(deed: impl Into<String>) -> Self {
        Self {
            deed: deed.into(),
            blocks: None,
            loses: None,
            service: Service::Expand,
            unread: None,
            transaction: Transaction::Any,
            holds: None,
            is_long: false,
        }
    }

    /// A statement whose effect cannot be known from its text.
    pub fn unread(deed: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            unread: Some(why.into()),
            ..Self::new(deed)
        }
    }

    /// It stops others for long.
    #[must_use]
    pub fn blocking(mut self, effect: impl Into<String>, advice: impl Into<String>) -> Self {
        self.blocks = Some(Hazard {
            effect: effect.into(),
            advice: advice.into(),
        });
        self
    }

    /// It destroys something.
    #[must_use]
    pub fn losing(mut self, what: impl Into<String>) -> Self {
        self.loses = Some(what.into());
        self
    }

    /// It takes something from the live release.
    #[must_use]
    pub fn contracting(mut self, effect: impl Into<String>, advice: impl Into<String>) -> Self {
        self.service = Service::Contract(Hazard {
            effect: effect.into(),
            advice: advice.into(),
        });
        self
    }

    /// It leaves open whether an older release works afterwards.
    #[must_use]
    pub fn doubtful(mut self, why: impl Into<String>) -> Self {
        self.service = Service::Doubt(why.into());
        self
    }

    /// PostgreSQL refuses it inside a transaction.
    #[must_use]
    pub fn outside_transaction(mut self) -> Self {
        self.transaction = Transaction::Outside;
        self
    }

    /// It begins or ends a transaction by itself.
    #[must_use]
    pub fn controlling_transaction(mut self) -> Self {
        self.transaction = Transaction::Controls;
        self
    }

    /// It keeps a strong lock to the end of its transaction.
    #[must_use]
    pub fn holding(mut self, lock: impl Into<String>) -> Self {
        self.holds = Some(lock.into());
        self
    }

    /// It goes through many rows.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.is_long = true;
        self
    }
}

/// Whether the release before this one works on the schema afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RollbackSafe {
    /// Every statement only adds or permits.
    Yes,
    /// At least one statement leaves it open.
    Unknown,
    /// At least one statement takes or destroys something.
    No,
}

impl RollbackSafe {
    /// What the changes mean together; the worst wins.
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        changes
            .into_iter()
            .map(Self::one)
            .max()
            .unwrap_or(Self::Yes)
    }

    fn one(change: &Change) -> Self {
        let takes = matches!(change.service, Service::Contract(_)) || change.loses.is_some();
        let is_open = matches!(change.service, Service::Doubt(_)) || change.unread.is_some();
        match (takes, is_open) {
            (true, _) => Self::No,
            (false, true) => Self::Unknown,
            (false, false) => Self::Yes,
        }
    }

    /// `yes`, `no` or `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Unknown => "unknown",
            Self::No => "no",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_change_decides_whether_a_rollback_is_safe() {
        let adds = Change::new("adds");
        let doubtful = Change::new("changes values").doubtful("they may be read");
        let unread = Change::unread("runs a block", "its text is not read");
        let drops = Change::new("drops").contracting("may still read it", "later");
        let loses = Change::new("deletes").losing("rows are gone");
        assert_eq!(RollbackSafe::of([]), RollbackSafe::Yes);
        assert_eq!(RollbackSafe::of([&adds]), RollbackSafe::Yes);
        assert_eq!(RollbackSafe::of([&adds, &doubtful]), RollbackSafe::Unknown);
        assert_eq!(RollbackSafe::of([&unread, &adds]), RollbackSafe::Unknown);
        assert_eq!(RollbackSafe::of([&unread, &drops]), RollbackSafe::No);
        assert_eq!(RollbackSafe::of([&loses]), RollbackSafe::No);
    }
}
