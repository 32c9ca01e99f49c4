//! The first words with a mail server (RFC 5321), and TLS in the middle of them (RFC 3207).

mod reply;

use super::Ask;
use crate::answer::{Break, NoAnswer};
use crate::client::{Client, Tcp, milliseconds};
use crate::facts::smtp::{SmtpFault, SmtpSeen};
use crate::plan::SmtpPlan;
use reply::{Dialogue, Reply};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

/// What came of a conversation before its time was over.
struct Conversation {
    done: Vec<String>,
    waits_for: &'static str,
}

impl Ask for SmtpPlan {
    type Seen = SmtpSeen;

    async fn ask(&self, client: &Client) -> SmtpSeen {
        let allowed = client.allow().await;
        let start = Instant::now();
        let deadline = start + self.within.duration();
        let mut conversation = Conversation {
            done: Vec::new(),
            waits_for: "a greeting",
        };
        let opening = async {
            allowed?;
            client.tcp(self.host.real.expose(), self.port).await
        };
        let fault = match timeout_at(deadline, opening).await {
            Err(_) => {
                let reason = format!("no connection within {}", self.within);
                Some(SmtpFault::Unconnected(NoAnswer::new(
                    Break::Timeout,
                    reason,
                )))
            }
            Ok(Err(why)) => Some(SmtpFault::Unconnected(why)),
            Ok(Ok(tcp)) => {
                let talked = timeout_at(deadline, conversation.hold(tcp, self, client)).await;
                match talked {
                    Ok(Ok(())) => None,
                    Ok(Err(fault)) => Some(fault),
                    Err(_) => Some(SmtpFault::Slow(conversation.waits_for)),
                }
            }
        };
        SmtpSeen {
            done: conversation.done,
            fault,
            milliseconds: milliseconds(start.elapsed()),
        }
    }
}

impl Conversation {
    async fn hold(
        &mut self,
        mut tcp: Tcp,
        plan: &SmtpPlan,
        client: &Client,
    ) -> Result<(), SmtpFault> {
        let own = tcp.stream.local_addr();
        let own = own.map_or("[127.0.0.1]".to_owned(), |address| literal(address.ip()));
        let mut plain = Dialogue::new(&mut tcp.stream);
        let greeting = self.expect(plain.reply().await, 220, "a greeting with 220")?;
        self.done
            .push(format!("greeted with `{}`", greeting.shown()));
        let offers = self.hello(&mut plain, &own).await?;
        if !plan.has_starttls {
            return self.goodbye(&mut plain).await;
        }
        if !offers.has("STARTTLS") {
            return Err(SmtpFault::Wrong {
                observed: format!("`{}`", offers.shown()),
                expected: "STARTTLS among its extensions",
            });
        }
        self.waits_for = "an answer to STARTTLS";
        let agreed = plain.ask("STARTTLS").await;
        self.expect(agreed, 220, "220 to STARTTLS")?;
        // Whatever stands behind it was written without TLS, perhaps by somebody in between.
        if plain.has_more() {
            return Err(SmtpFault::Wrong {
                observed: "more text without TLS".into(),
                expected: "nothing behind 220 to STARTTLS",
            });
        }
        self.waits_for = "an agreement on TLS";
        let mut secure = match client.secure(tcp, plan.host.real.expose()).await {
            Ok(connected) => connected,
            Err(why) if matches!(why.at, Break::Tls | Break::Protocol) => {
                return Err(SmtpFault::Untrusted(why));
            }
            Err(why) => return Err(SmtpFault::Broken(why)),
        };
        let version = secure.tls_version().unwrap_or_default();
        self.done
            .push(format!("agreed on {version} after STARTTLS"));
        let mut dialogue = Dialogue::new(&mut secure.stream);
        self.hello(&mut dialogue, &own).await?;
        self.goodbye(&mut dialogue).await
    }

    async fn hello<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        dialogue: &mut Dialogue<'_, S>,
        own: &str,
    ) -> Result<Reply, SmtpFault> {
        self.waits_for = "an answer to EHLO";
        let answer = dialogue.ask(&format!("EHLO {own}")).await;
        let reply = self.expect(answer, 250, "250 to EHLO")?;
        let count = reply.extensions();
        self.done
            .push(format!("answered EHLO with {count} extensions"));
        Ok(reply)
    }

    /// The conversation was good without it: a server that hangs up early has said enough.
    async fn goodbye<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        dialogue: &mut Dialogue<'_, S>,
    ) -> Result<(), SmtpFault> {
        self.waits_for = "an answer to QUIT";
        match dialogue.ask("QUIT").await {
            Ok(reply) => self.expect(Ok(reply), 221, "221 to QUIT").map(drop),
            Err(SmtpFault::Broken(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    fn expect(
        &self,
        reply: Result<Reply, SmtpFault>,
        code: u16,
        expected: &'static str,
    ) -> Result<Reply, SmtpFault> {
        let reply = reply?;
        if reply.code == code {
            return Ok(reply);
        }
        Err(SmtpFault::Wrong {
            observed: format!("`{}`", reply.shown()),
            expected,
        })
    }
}

/// An address as a client without a name says it: RFC 5321, section 4.1.3.
fn literal(ip: std::net::IpAddr) -> String {
    match ip.to_canonical() {
        std::net::IpAddr::V4(ip) => format!("[{ip}]"),
        std::net::IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    }
}
