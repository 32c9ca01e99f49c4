//! Records, as they are sent.

/// A record.
#[derive(Clone, Debug)]
pub struct Record {
    pub(super) owner: String,
    pub(super) kind: u16,
    ttl: u32,
    pub(super) data: Vec<u8>,
}

impl Record {
    /// An IPv4 address.
    pub fn a(owner: &str, ip: [u8; 4]) -> Self {
        Self::of(owner, 1, ip.to_vec())
    }

    /// An IPv6 address.
    pub fn aaaa(owner: &str, ip: std::net::Ipv6Addr) -> Self {
        Self::of(owner, 28, ip.octets().to_vec())
    }

    /// A name server of a zone.
    pub fn ns(owner: &str, server: &str) -> Self {
        Self::of(owner, 2, name(server))
    }

    /// What a name stands for.
    pub fn cname(owner: &str, target: &str) -> Self {
        Self::of(owner, 5, name(target))
    }

    /// Where mail goes.
    pub fn mx(owner: &str, preference: u16, host: &str) -> Self {
        let data = [&preference.to_be_bytes()[..], &name(host)].concat();
        Self::of(owner, 15, data)
    }

    /// A text in pieces.
    pub fn txt(owner: &str, pieces: &[&[u8]]) -> Self {
        let piece = |piece: &&[u8]| [&[piece.len() as u8][..], piece].concat();
        Self::of(owner, 16, pieces.iter().flat_map(piece).collect())
    }

    /// Who may issue certificates.
    pub fn caa(owner: &str, flags: u8, tag: &str, value: &str) -> Self {
        let head = [flags, tag.len() as u8];
        let data = [&head[..], tag.as_bytes(), value.as_bytes()].concat();
        Self::of(owner, 257, data)
    }

    /// The same that may be kept for so many seconds.
    #[must_use]
    pub fn ttl(mut self, seconds: u32) -> Self {
        self.ttl = seconds;
        self
    }

    fn of(owner: &str, kind: u16, data: Vec<u8>) -> Self {
        Self {
            owner: owner.to_owned(),
            kind,
            ttl: 300,
            data,
        }
    }

    /// Writes it behind what is there: RFC 1035, section 3.2.1.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&name(&self.owner));
        bytes.extend_from_slice(&self.kind.to_be_bytes());
        bytes.extend_from_slice(&1_u16.to_be_bytes());
        bytes.extend_from_slice(&self.ttl.to_be_bytes());
        bytes.extend_from_slice(&(self.data.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&self.data);
    }
}

/// A name as it is sent: each label behind its length.
fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').filter(|label| !label.is_empty());
    let label = |label: &str| [&[label.len() as u8][..], label.as_bytes()].concat();
    let mut bytes: Vec<u8> = labels.flat_map(label).collect();
    bytes.push(0);
    bytes
}
