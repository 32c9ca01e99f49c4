//! What the members behind a load balancer answered.

use crate::answer::Asked;

/// What members answered, and what stands in front of them.
#[derive(Debug)]
pub(crate) struct MembersSeen {
    /// In the order of the plan.
    pub(crate) members: Vec<MemberSeen>,
    /// Through the front; none when it was not asked.
    pub(crate) front: Option<Asked>,
    /// HAProxy's statistics; none when they were not asked for.
    pub(crate) haproxy: Option<Asked>,
}

/// What one member answered.
#[derive(Debug)]
pub(crate) struct MemberSeen {
    /// To the probe's path.
    pub(crate) asked: Asked,
    /// The release that it says, or why it says none.
    pub(crate) release: Result<String, String>,
}
