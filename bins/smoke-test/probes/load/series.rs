//! The requests of a series: handed out when they are due, sent over connections that are kept.

use super::record::{Job, Record};
use super::timer::Deadline;
use crate::answer::{Break, NoAnswer};
use crate::client::{Client, Line, Questions};
use crate::facts::End;
use crate::plan::LoadPlan;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};
use tokio::time::Instant;

/// A series while it runs. Everything happens on one thread, so its parts share it without locks.
pub(super) struct Series<'a> {
    /// What was planned.
    pub(super) plan: &'a LoadPlan,
    /// Who asks.
    pub(super) client: &'a Client,
    /// When it began.
    pub(super) start: Instant,
    /// What it comes to so far.
    pub(super) record: RefCell<Record>,
    /// The most that were open at once.
    pub(super) most_open: Cell<usize>,
    /// How many connections were found closed, and opened again.
    pub(super) reopened: Cell<u64>,
    /// How many of them when a request had just been sent.
    pub(super) cut: Cell<u64>,
    /// How many had to wait until the environment allowed them.
    pub(super) held_back: Cell<u64>,
    questions: &'a Questions<'a>,
    /// Due, and waiting for a connection.
    queue: RefCell<VecDeque<Job>>,
    /// Connections that wait for a request. The last one that was used is the first to be used
    /// again, so that no more are kept than are needed.
    idle: RefCell<Vec<Waker>>,
    lines: RefCell<Vec<Line>>,
    open: Cell<usize>,
    is_closed: Cell<bool>,
}

impl<'a> Series<'a> {
    /// Begins, with a line when one is open already.
    pub(super) fn new(
        plan: &'a LoadPlan,
        client: &'a Client,
        questions: &'a Questions<'a>,
        line: Option<Line>,
    ) -> Self {
        Self {
            plan,
            client,
            start: Instant::now(),
            record: RefCell::default(),
            most_open: Cell::default(),
            reopened: Cell::default(),
            cut: Cell::default(),
            held_back: Cell::default(),
            questions,
            queue: RefCell::default(),
            idle: RefCell::default(),
            lines: RefCell::new(line.into_iter().collect()),
            open: Cell::default(),
            is_closed: Cell::default(),
        }
    }

    /// Whether something made it stop before its end.
    pub(super) fn is_stopped(&self) -> bool {
        self.record.borrow().stopped.is_some()
    }

    /// Stops it, for this reason.
    pub(super) fn stop(&self, reason: String) {
        self.record.borrow_mut().stopped.get_or_insert(reason);
    }

    /// A request had to wait until the environment allows it.
    pub(super) fn hold_back(&self) {
        self.held_back.set(self.held_back.get() + 1);
    }

    /// How many requests are under way.
    pub(super) fn open(&self) -> usize {
        self.open.get()
    }

    /// A line that is open already, or one that opens with its first request.
    pub(super) fn line(&self) -> Line {
        self.lines.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps a line for whoever needs one next.
    pub(super) fn keep(&self, line: Line) {
        self.lines.borrow_mut().push(line);
    }

    /// Hands out a request; whether nobody was free to take it.
    pub(super) fn give(&self, job: Job) -> bool {
        self.queue.borrow_mut().push_back(job);
        match self.idle.borrow_mut().pop() {
            Some(waker) => {
                waker.wake();
                false
            }
            None => true,
        }
    }

    /// Accepts requests.
    pub(super) fn begin(&self) {
        self.is_closed.set(false);
    }

    /// Hands out no more; what is queued is still sent.
    pub(super) fn close(&self) {
        self.is_closed.set(true);
        self.idle.borrow_mut().drain(..).for_each(Waker::wake);
    }

    /// Gives up what is still queued.
    pub(super) fn drop_queued(&self) {
        let (mut queue, mut record) = (self.queue.borrow_mut(), self.record.borrow_mut());
        for job in queue.drain(..) {
            // What was not sent because it was told to stop is no fault of the generator.
            if record.stopped.is_none() && !job.is_warm_up {
                record.misses(&job, self.start);
            }
        }
    }

    /// Sends what is handed out, until nothing is any more.
    pub(super) async fn work(&self) {
        let mut line = self.line();
        let mut deadline = Deadline::new(self.plan.within.duration());
        while let Some(job) = self.next().await {
            if self.allowed().await.is_err() {
                let end = End::Silent(Break::Allowance);
                let mut record = self.record.borrow_mut();
                record.ends(&job, Instant::now(), end, self.plan);
            } else if !self.is_stopped() {
                self.send(&job, &mut line, &mut deadline).await;
            }
        }
        self.keep(line);
    }

    /// Waits until the environment allows one more. What was due while the service kept every
    /// connection waiting must not be sent all at once afterwards.
    async fn allowed(&self) -> Result<(), NoAnswer> {
        let wait = self.client.reserve(Instant::now())?;
        if !wait.is_zero() {
            self.hold_back();
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    async fn next(&self) -> Option<Job> {
        poll_fn(|context| {
            if let Some(job) = self.queue.borrow_mut().pop_front() {
                return Poll::Ready(Some(job));
            }
            if self.is_closed.get() {
                return Poll::Ready(None);
            }
            self.idle.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Sends one request and records what comes of it.
    pub(super) async fn send(&self, job: &Job, line: &mut Line, deadline: &mut Deadline) {
        let sent = Instant::now();
        self.open.set(self.open.get() + 1);
        self.most_open
            .set(self.most_open.get().max(self.open.get()));
        self.record.borrow_mut().sends(job, self.start, sent);
        let number = usize::try_from(job.number).unwrap_or_default();
        let asked = deadline.limit(sent, line.ask(self.questions, number)).await;
        let add = |count: &Cell<u64>, more: &mut u64| count.set(count.get() + std::mem::take(more));
        add(&self.reopened, &mut line.reopened);
        add(&self.cut, &mut line.cut);
        let mut record = self.record.borrow_mut();
        let end = match asked {
            Some(Ok(reply)) => {
                record.hears(reply.status, line.said.as_deref());
                End::Status(reply.status)
            }
            Some(Err(silence)) => silence.into(),
            None => End::Silent(Break::Timeout),
        };
        record.ends(job, sent, end, self.plan);
        self.open.set(self.open.get() - 1);
    }
}
