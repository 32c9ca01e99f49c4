//! A Redis server and what it must be.

use super::Planned;
use super::expectations::version_range;
use super::scope::Scope;
use crate::address::decoded;
use crate::predicate::Predicate;
use crate::reproduce::redis::{Cli, cli};
use shared::config::{
    CacheAuth, CacheKeys, CacheRole, Located, Name, Persistence, RedisProbe, Share, Span, Template,
    nearest_hint,
};
use shared::error::Result;
use shared::gate::Step;
use shared::secret::Secret;

/// What can be set: <https://redis.io/docs/latest/develop/reference/eviction/>.
const POLICIES: [&str; 8] = [
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];
/// More keys than these show nothing that fewer would not.
const MOST_SAMPLED: u32 = 1000;
/// More patterns would make a probe of it that burdens the server.
const MOST_PATTERNS: usize = 20;

/// A Redis server and what it must be.
#[derive(Clone, Debug)]
pub(crate) struct RedisPlan {
    /// What it is called.
    pub(crate) name: String,
    /// Where it is and who asks.
    pub(crate) server: CacheServer,
    /// Whether whoever has no password must be refused.
    pub(crate) auth: CacheAuth,
    /// Master or replica.
    pub(crate) role: Option<CacheRole>,
    /// The versions that will do.
    pub(crate) version: Option<Predicate>,
    /// What happens when the memory is full.
    pub(crate) policy: Option<String>,
    /// How data is kept.
    pub(crate) persistence: Option<Persistence>,
    /// The largest share of the memory that may be in use.
    pub(crate) memory: Option<Share>,
    /// Keys that must expire.
    pub(crate) keys: Vec<KeysPlan>,
    /// How long a connection may take.
    pub(crate) within: Span,
}

/// Where a Redis server is and who asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct CacheServer {
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// Whether TLS is spoken on it.
    pub(crate) is_secure: bool,
    /// The number of the database.
    pub(crate) database: u16,
    /// The user; none for the default one.
    pub(crate) user: Option<String>,
    /// The password.
    pub(crate) password: Option<Secret>,
    /// The variable that has the password, for commands that show the same by hand.
    pub(crate) variable: String,
}

/// Keys that must expire.
#[derive(Clone, Debug)]
pub(crate) struct KeysPlan {
    /// Which.
    pub(crate) pattern: String,
    /// How long any of them may still live.
    pub(crate) limit: Span,
    /// How many are looked at.
    pub(crate) sample: u32,
}

impl Planned for RedisPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn checks(&self) -> &'static [&'static str] {
        &["redis"]
    }

    fn steps(&self) -> Vec<Step> {
        let (name, place) = (&self.name, self.server.place());
        let mut commands = vec!["AUTH, PING, INFO".to_owned()];
        if self.persistence.is_some() {
            commands.push("CONFIG GET save".into());
        }
        let keys = self.keys.iter();
        commands
            .extend(keys.map(|keys| format!("SCAN {} and PTTL of {}", keys.pattern, keys.sample)));
        let mut steps = vec![Step::reads(
            format!("probe `{name}`: Redis answers within {}", self.within),
            format!("{place} {}", commands.join(", ")),
        )];
        if self.auth == CacheAuth::Required {
            steps.push(Step::reads(
                format!("probe `{name}`: Redis refuses whoever has no password"),
                format!("{place} PING"),
            ));
        }
        steps
    }

    fn requests(&self) -> u64 {
        1 + 2 * u64::from(self.auth == CacheAuth::Required)
    }
}

impl CacheServer {
    /// `redis://host:port/0`, without user and password.
    pub(crate) fn place(&self) -> String {
        let scheme = if self.is_secure { "rediss" } else { "redis" };
        format!("{scheme}://{}:{}/{}", self.host, self.port, self.database)
    }

    /// The command that sends the same by hand, with the password.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        cli(
            &Cli {
                server: self,
                has_password: true,
            },
            words,
        )
    }

    /// The same without the password.
    pub(crate) fn anonymous_command(&self, words: &[&str]) -> String {
        cli(
            &Cli {
                server: self,
                has_password: false,
            },
            words,
        )
    }
}

/// Checks a probe of the file.
pub(super) fn of(scope: &Scope<'_>, probe: &RedisProbe) -> Result<RedisPlan> {
    let server = server(scope, &probe.cache)?;
    if probe.auth == CacheAuth::Required && server.password.is_none() {
        let cache = &probe.cache.value;
        let message = format!("needs a password in the `url` of the cache `{cache}`");
        let hint = "add `${PASSWORD}` to it, or say `auth: optional`";
        return Err(scope.refuse_at(&probe.cache, message).hint(hint));
    }
    if probe.within.duration().is_zero() {
        return Err(scope.refuse("has a `within` of 0"));
    }
    if probe.memory.is_some_and(|share| share.fraction() <= 0.0) {
        return Err(scope.refuse("has a `memory` of 0%, which no server keeps"));
    }
    if probe.keys.len() > MOST_PATTERNS {
        return Err(scope.refuse(format!("has more than {MOST_PATTERNS} patterns of `keys`")));
    }
    let keys = probe.keys.iter().map(|keys| keys_plan(scope, keys));
    Ok(RedisPlan {
        name: probe.name.value.clone(),
        server,
        auth: probe.auth,
        role: probe.role,
        version: probe
            .version
            .as_ref()
            .map(|range| version_range(scope, range))
            .transpose()?,
        policy: probe
            .policy
            .as_ref()
            .map(|word| policy(scope, word))
            .transpose()?,
        persistence: probe.persistence,
        memory: probe.memory,
        keys: keys.collect::<Result<_>>()?,
        within: probe.within,
    })
}

fn server(scope: &Scope<'_>, name: &Located<Name>) -> Result<CacheServer> {
    let caches = &scope.context.place().caches;
    let Some(cache) = caches.get(&name.value) else {
        let names: Vec<&str> = caches.keys().map(Name::as_str).collect();
        let environment = &scope.context.environment;
        let message = format!(
            "asks the cache `{}`, which environment `{environment}` does not have",
            name.value
        );
        let hint = if names.is_empty() {
            format!("add it under `environments.{environment}.caches`")
        } else {
            nearest_hint(name.value.as_str(), &names)
        };
        return Err(scope.refuse_at(name, message).hint(hint));
    };
    let real = scope.resolve(&cache.url)?;
    let refuse = |why: &str| {
        let message = format!("the `url` of the cache `{}` {why}", name.value);
        let hint = "write `redis://user:${PASSWORD}@host:6379/0`, or `rediss://` for TLS";
        cache.url.refuse(scope.file(), message).hint(hint)
    };
    parse(real.expose(), &cache.url).map_err(refuse)
}

/// The parser's own message may quote the URL, password included, so there are only our words.
fn parse(real: &str, template: &Template) -> std::result::Result<CacheServer, &'static str> {
    let url = reqwest::Url::parse(real).map_err(|_| "does not parse")?;
    let is_secure = match url.scheme() {
        "redis" => false,
        "rediss" => true,
        _ => return Err("must start with `redis://` or `rediss://`"),
    };
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or("names no host")?.to_owned();
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end before `?` and `#`");
    }
    let database = match url.path().trim_matches('/') {
        "" => 0,
        number => number
            .parse()
            .map_err(|_| "must end in the number of a database")?,
    };
    let password = url.password().map(|password| {
        let _masked = Secret::new(password);
        Secret::new(decoded(password))
    });
    if password.is_none() && !url.username().is_empty() {
        return Err("names a user without a password (`redis://:${PASSWORD}@…` for none)");
    }
    let user = Some(decoded(url.username())).filter(|user| !user.is_empty());
    Ok(CacheServer {
        host,
        port: url.port().unwrap_or(6379),
        is_secure,
        database,
        user,
        password,
        variable: variable(template),
    })
}

/// The variable of the URL that is its password, if it can be told.
fn variable(template: &Template) -> String {
    let raw = template.raw();
    let before_host = raw.rsplit_once('@').map_or("", |(before, _)| before);
    let password = before_host
        .rsplit_once(':')
        .map_or("", |(_, password)| password);
    let name = password
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    name.unwrap_or("REDIS_PASSWORD").to_owned()
}

fn policy(scope: &Scope<'_>, word: &Located<String>) -> Result<String> {
    if POLICIES.contains(&word.value.as_str()) {
        return Ok(word.value.clone());
    }
    let message = format!(
        "wants the policy `{}`, which Redis does not have",
        word.value
    );
    let hint = nearest_hint(&word.value, &POLICIES);
    Err(scope.refuse_at(word, message).hint(hint))
}

fn keys_plan(scope: &Scope<'_>, keys: &CacheKeys) -> Result<KeysPlan> {
    let refuse = |why: &str| Err(scope.refuse_at(&keys.pattern, format!("has `keys` {why}")));
    if keys.pattern.value.is_empty() {
        return refuse("with an empty `pattern`, which no key has");
    }
    if keys.sample == 0 || keys.sample > MOST_SAMPLED {
        return refuse(&format!("that need a `sample` from 1 to {MOST_SAMPLED}"));
    }
    if keys.ttl_at_most.duration().is_zero() {
        return refuse("with a `ttl_at_most` of 0, which no key keeps");
    }
    Ok(KeysPlan {
        pattern: keys.pattern.value.clone(),
        limit: keys.ttl_at_most,
        sample: keys.sample,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(raw: &str) -> Template {
        serde_saphyr::from_str(&format!("{raw:?}")).expect("is a text")
    }

    #[test]
    fn an_address_is_taken_apart_and_its_password_masked() {
        let raw = template("rediss://app:${CACHE_PASSWORD}@cache.example:6380/2");
        let server = parse("rediss://app:k33p%2Fout@cache.example:6380/2", &raw).expect("is one");
        assert_eq!(server.place(), "rediss://cache.example:6380/2");
        assert_eq!(server.user.as_deref(), Some("app"));
        let password = server.password.as_ref().map(Secret::expose);
        assert_eq!(password, Some("k33p/out"));
        assert_eq!(shared::secret::redact("k33p/out k33p%2Fout"), "*** ***");
        assert_eq!(
            server.command(&["PING"]),
            "REDISCLI_AUTH=\"$CACHE_PASSWORD\" redis-cli -h cache.example -p 6380 --tls --user app \
             -n 2 PING"
        );
        assert_eq!(
            server.anonymous_command(&["PING"]),
            "redis-cli -h cache.example -p 6380 --tls PING"
        );
    }

    #[test]
    fn the_usual_port_and_the_first_database_need_not_be_said() {
        let raw = template("redis://:${A}@cache");
        let server = parse("redis://:secret@cache", &raw).expect("is one");
        assert_eq!(server.place(), "redis://cache:6379/0");
        assert_eq!((server.user, server.variable.as_str()), (None, "A"));
        let whole = template("${REDIS_URL}");
        assert_eq!(variable(&whole), "REDIS_PASSWORD");
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused_without_being_quoted() {
        for (url, why) in [
            (
                "http://cache:6379",
                "must start with `redis://` or `rediss://`",
            ),
            ("redis://", "names no host"),
            ("redis://a b", "does not parse"),
            (
                "redis://cache/first",
                "must end in the number of a database",
            ),
            ("redis://cache/0?x=1", "must end before `?` and `#`"),
            ("redis://app@cache/0", "names a user without a password"),
        ] {
            let refused = parse(url, &template("x")).expect_err(url);
            assert!(refused.starts_with(why), "{url}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,60}", tail in "[a-z0-9:@/%$?{}]{0,40}") {
            let _ = parse(&text, &template("x"));
            let _ = parse(&format!("redis://{tail}"), &template(&format!("redis://{tail}")));
        }
    }
}
