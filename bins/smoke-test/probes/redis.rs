//! Asks a Redis server: without the password, and with it.

mod session;

use super::Ask;
use crate::answer::{Break, NoAnswer};
use crate::client::{Client, Limited, Stream, milliseconds};
use crate::facts::{CacheSaid, RedisSeen, Sampled};
use crate::plan::{CacheServer, KeysPlan, RedisPlan};
use crate::redis::Reply;
use session::Session;
use shared::config::{CacheAuth, Persistence};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// So many keys are looked through at a time, and so many times at most: a large server is not
/// kept busy for a sample.
const KEYS_AT_A_TIME: &str = "1000";
const MOST_SCANS: u32 = 200;

type Talk = Session<Limited<Stream>>;

impl Ask for RedisPlan {
    type Seen = RedisSeen;

    async fn ask(&self, client: &Client) -> RedisSeen {
        let within = self.within.duration();
        let (anonymous, made_up) = match self.auth {
            CacheAuth::Optional => (None, None),
            CacheAuth::Required => {
                let server = &self.server;
                let asked = client.again(within, async || anonymous(client, server).await);
                let anonymous = asked.await.1;
                let asked = client.again(within, async || made_up(client, server).await);
                (Some(anonymous), Some(asked.await.1))
            }
        };
        let (attempts, said) = client
            .again(within, async || talk(client, self).await)
            .await;
        RedisSeen {
            anonymous,
            made_up,
            attempts,
            said,
        }
    }
}

async fn open(client: &Client, server: &CacheServer) -> Result<Talk, NoAnswer> {
    let tcp = client.tcp(&server.host, server.port).await?;
    let connected = if server.is_secure {
        client.secure(tcp, &server.host).await?
    } else {
        tcp.plain()
    };
    Ok(Session::new(Limited::new(connected.stream)))
}

async fn anonymous(client: &Client, server: &CacheServer) -> Result<Reply, NoAnswer> {
    open(client, server).await?.ask(&["PING"]).await
}

/// A user with `nopass` is let in with any password: <https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/>.
async fn made_up(client: &Client, server: &CacheServer) -> Result<Reply, NoAnswer> {
    let random = getrandom::u64()
        .map_err(|error| NoAnswer::new(Break::Machine, format!("no random numbers: {error}")))?;
    let password = format!("sluicegate-{random:016x}");
    let mut session = open(client, server).await?;
    match &server.user {
        Some(user) => session.ask(&["AUTH", user, &password]).await,
        None => session.ask(&["AUTH", &password]).await,
    }
}

/// Stops at the first answer that is a no: nothing behind it would say more.
async fn talk(client: &Client, plan: &RedisPlan) -> Result<CacheSaid, NoAnswer> {
    let start = Instant::now();
    let server = &plan.server;
    let mut session = open(client, server).await?;
    let mut said = CacheSaid::default();
    if let Some(password) = &server.password {
        let reply = match &server.user {
            Some(user) => session.ask(&["AUTH", user, password.expose()]).await?,
            None => session.ask(&["AUTH", password.expose()]).await?,
        };
        let is_refused = matches!(reply, Reply::Error(_));
        said.auth = Some(reply);
        if is_refused {
            return Ok(said);
        }
    }
    if server.database > 0 {
        let number = server.database.to_string();
        said.select = Some(session.ask(&["SELECT", &number]).await?);
    }
    let reply = session.ask(&["PING"]).await?;
    let is_up = reply == Reply::Simple("PONG".into());
    said.ping = Some(reply);
    if is_up {
        said.info = Some(info(&session.ask(&["INFO"]).await?));
        if plan
            .persistence
            .is_some_and(|kept| kept != Persistence::Aof)
        {
            said.save = Some(save(&session.ask(&["CONFIG", "GET", "save"]).await?));
        }
        for keys in &plan.keys {
            said.keys.push(sampled(&mut session, keys).await?);
        }
    }
    said.milliseconds = milliseconds(start.elapsed());
    Ok(said)
}

fn info(reply: &Reply) -> Result<BTreeMap<String, String>, String> {
    let Some(text) = reply.text() else {
        return Err(format!("`INFO` was answered with `{}`", reply.shown()));
    };
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let fields = lines.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
    Ok(fields.collect())
}

fn save(reply: &Reply) -> Result<String, String> {
    let value = match reply {
        Reply::Array(members) => members.get(1).and_then(Reply::text),
        other => {
            return Err(format!(
                "`CONFIG GET save` was answered with `{}`",
                other.shown()
            ));
        }
    };
    value.ok_or_else(|| "`CONFIG GET save` was answered with nothing".into())
}

/// Looks through the keys until there are enough of them or there were enough looks.
async fn sampled(session: &mut Talk, plan: &KeysPlan) -> Result<Result<Sampled, String>, NoAnswer> {
    let (mut cursor, mut keys) = ("0".to_owned(), Vec::new());
    let mut is_whole = false;
    for _ in 0..MOST_SCANS {
        let words = [
            "SCAN",
            &cursor,
            "MATCH",
            &plan.pattern,
            "COUNT",
            KEYS_AT_A_TIME,
        ];
        let reply = session.ask(&words).await?;
        let Some((next, found)) = scanned(&reply) else {
            return Ok(Err(format!("`SCAN` was answered with `{}`", reply.shown())));
        };
        // A key may be found twice while the server grows or shrinks its table.
        for key in found {
            if keys.len() < plan.sample as usize && !keys.contains(&key) {
                keys.push(key);
            }
        }
        is_whole = next == "0";
        if is_whole || keys.len() >= plan.sample as usize {
            break;
        }
        cursor = next;
    }
    let commands: Vec<Vec<&[u8]>> = keys.iter().map(|key| vec![&b"PTTL"[..], key]).collect();
    let replies = session.ask_all(&commands).await?;
    let mut sampled = Sampled {
        is_whole,
        ..Sampled::default()
    };
    for reply in replies {
        match reply {
            // It expired in between, as it should.
            Reply::Integer(-2) => {}
            Reply::Integer(-1) => sampled.lives.push(None),
            Reply::Integer(life) => sampled.lives.push(Some(life.unsigned_abs())),
            other => return Ok(Err(format!("`PTTL` was answered with `{}`", other.shown()))),
        }
    }
    Ok(Ok(sampled))
}

/// The next cursor and some keys.
fn scanned(reply: &Reply) -> Option<(String, Vec<Vec<u8>>)> {
    let Reply::Array(parts) = reply else {
        return None;
    };
    let [cursor, Reply::Array(keys)] = &parts[..] else {
        return None;
    };
    let mut found = Vec::new();
    for key in keys {
        if let Reply::Text(bytes) = key {
            found.push(bytes.clone());
        }
    }
    Some((cursor.text()?, found))
}
