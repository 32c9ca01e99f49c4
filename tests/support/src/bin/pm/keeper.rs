//! All children by name: starts them, stops them, and at the end stops all in reverse order.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use support::protocol::{Child, ChildState};
use support::{Error, Result};
use tokio::sync::Mutex;

use crate::child::KeptChild;

/// The children of one pm.
#[derive(Debug)]
pub(crate) struct Keeper {
    directory: PathBuf,
    children: RefCell<BTreeMap<String, Rc<KeptChild>>>,
    // Orders for one name wait for each other; orders for different names do not.
    turns: RefCell<BTreeMap<String, Rc<Mutex<()>>>>,
    started: Cell<u64>,
    is_closing: Cell<bool>,
}

impl Keeper {
    /// A keeper without children.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            children: RefCell::default(),
            turns: RefCell::default(),
            started: Cell::new(0),
            is_closing: Cell::new(false),
        }
    }

    /// Starts a child, after the end of the one that ran under its name.
    pub(crate) async fn start(&self, child: Child) -> Result<u32> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if child.name.trim_matches('.').is_empty() || !child.name.chars().all(is_plain) {
            return Err(Error::new(format!(
                "`{}` is no name: use letters, digits, `.`, `_`, `-`",
                child.name
            )));
        }
        let turn = self.turn(&child.name);
        let _turn = turn.lock().await;
        self.stop_kept(&child.name).await?;
        // From here to the insertion nothing waits, so `stop_all` sees the child or prevents it.
        if self.is_closing.get() {
            return Err(Error::new("pm is ending"));
        }
        self.started.set(self.started.get() + 1);
        let kept = KeptChild::spawn(&child, &self.directory, self.started.get())?;
        let pid = kept.pid();
        self.children.borrow_mut().insert(child.name, Rc::new(kept));
        Ok(pid)
    }

    /// Stops the child with this name, if it runs.
    pub(crate) async fn stop(&self, name: &str) -> Result<()> {
        let turn = self.turn(name);
        let _turn = turn.lock().await;
        self.stop_kept(name).await
    }

    /// Every child in the order of start.
    pub(crate) fn children(&self) -> Vec<ChildState> {
        let children = self.children.borrow();
        let mut ordered: Vec<_> = children.iter().collect();
        ordered.sort_by_key(|(_, child)| child.sequence());
        ordered
            .into_iter()
            .map(|(name, child)| ChildState {
                name: name.clone(),
                pid: child.pid(),
                state: child.state(),
            })
            .collect()
    }

    /// Stops all children, the last one started first, and starts no more.
    pub(crate) async fn stop_all(&self) -> Result<()> {
        self.is_closing.set(true);
        let mut outcome = Ok(());
        for child in self.children().into_iter().rev() {
            outcome = self.stop(&child.name).await.and(outcome);
        }
        outcome
    }

    fn turn(&self, name: &str) -> Rc<Mutex<()>> {
        Rc::clone(self.turns.borrow_mut().entry(name.to_owned()).or_default())
    }

    async fn stop_kept(&self, name: &str) -> Result<()> {
        let kept = self.children.borrow().get(name).cloned();
        match kept {
            Some(child) => {
                let stopped = child.stop().await;
                stopped.map_err(|error| Error::new(format!("cannot stop `{name}`: {error}")))
            }
            None => Ok(()),
        }
    }
}
