//! Redis answers, only to those with the password, and is as declared.

mod declared;

use crate::answer::{Break, NoAnswer};
use crate::facts::{CacheSaid, Facts, RedisSeen, Sampled};
use crate::judged::{self, Judged, attempts};
use crate::plan::{KeysPlan, RedisPlan};
use crate::redis::Reply;
use shared::check::Check;
use shared::verdict::{Finding, Outcome, Severity};

pub(crate) const CHECK: Check<Facts> = Check {
    id: "redis",
    title: "Redis answers, only to those with the password, and is as declared",
    why: "`redis-cli ping` ends with success even where the password is refused, and a cache that \
          anyone may read, that never lets go of a key or follows a lost master looks healthy",
    fix: "compare the finding with the server's configuration (`requirepass` or its ACL, \
          `maxmemory`, `appendonly`) and with the URL under the environment's `caches`",
    severity: Severity::Error,
    run: check,
};

fn check(facts: &Facts) -> Outcome {
    judged::each(&facts.probes.redis, "redis", judge)
}

fn judge(plan: &RedisPlan, seen: &RedisSeen, judged: &mut Judged) {
    let is_up = matches!(&seen.said, Ok(said) if is_up(said));
    anonymous(plan, seen, is_up, judged);
    made_up(plan, seen, is_up, judged);
    let said = match &seen.said {
        Ok(said) => said,
        Err(no_answer) => {
            return unanswered(plan, seen.attempts, no_answer, judged);
        }
    };
    if !is_up {
        return refused(plan, said, judged);
    }
    let (name, place) = (&plan.name, plan.server.place());
    let (time, count) = (said.milliseconds, attempts(seen.attempts));
    judged.holds(format!(
        "`{name}`: {place} answered PONG, and all in {time:.1} ms ({count})"
    ));
    match &said.info {
        Some(Ok(info)) => declared::judge(plan, info, said, judged),
        Some(Err(why)) if is_info_needed(plan) => judged.open(format!("`{name}`: {why}")),
        Some(Err(_)) | None => {}
    }
    for (keys, sampled) in plan.keys.iter().zip(&said.keys) {
        match sampled {
            Ok(sampled) => lives(plan, keys, sampled, judged),
            Err(why) => judged.open(format!("`{name}`: {why}")),
        }
    }
}

/// In time, and from somebody who can be trusted, is part of what is expected; everything else may
/// as well be the network of this machine.
fn unanswered(plan: &RedisPlan, count: u32, no_answer: &NoAnswer, judged: &mut Judged) {
    let (name, reason, within) = (&plan.name, &no_answer.reason, plan.within);
    let (message, wanted) = match no_answer.at {
        Break::Tls => (
            format!("`{name}` cannot be trusted: {reason}"),
            "TLS with a certificate that this machine trusts".to_owned(),
        ),
        Break::Timeout => (
            format!(
                "`{name}` had no whole answer in time, and {within} are allowed ({})",
                attempts(count)
            ),
            format!("an answer within {within}"),
        ),
        Break::Refused
        | Break::Unreachable
        | Break::Closed
        | Break::Name
        | Break::Protocol
        | Break::Machine
        | Break::Private
        | Break::Allowance
        | Break::Other => return judged.silent(name, count, no_answer),
    };
    judged.wrong(finding(plan, message, reason, wanted, &["PING"]));
}

fn is_up(said: &CacheSaid) -> bool {
    let is_selected = !matches!(said.select, Some(Reply::Error(_)));
    is_selected && said.ping == Some(Reply::Simple("PONG".into()))
}

fn is_info_needed(plan: &RedisPlan) -> bool {
    plan.role.is_some()
        || plan.version.is_some()
        || plan.policy.is_some()
        || plan.persistence.is_some()
        || plan.memory.is_some()
}

fn finding(
    plan: &RedisPlan,
    message: impl Into<String>,
    observed: &str,
    expected: impl Into<String>,
    words: &[&str],
) -> Finding {
    Finding::new(message)
        .on(plan.server.place())
        .compared(observed, expected)
        .reproduce(plan.server.command(words))
}

/// A refusal counts only when the same server answers whoever has the password.
fn anonymous(plan: &RedisPlan, seen: &RedisSeen, is_up: bool, judged: &mut Judged) {
    let name = &plan.name;
    let reply = match &seen.anonymous {
        None => return,
        Some(Ok(reply)) => reply,
        Some(Err(no_answer)) => {
            let reason = &no_answer.reason;
            return judged.open(format!(
                "`{name}` did not answer without a password: {reason}"
            ));
        }
    };
    let shown = reply.shown();
    let has_no_password = match reply {
        Reply::Simple(text) => text == "PONG",
        // Protected mode is on only as long as there is no password, and only for other machines.
        Reply::Error(text) => text.starts_with("DENIED"),
        Reply::Integer(_) | Reply::Text(_) | Reply::Null | Reply::Array(_) => false,
    };
    if has_no_password {
        let message =
            format!("`{name}` needs no password: `PING` without one was answered `{shown}`");
        let finding = finding(plan, message, &shown, "-NOAUTH", &[]);
        return judged.wrong(finding.reproduce(plan.server.anonymous_command(&["PING"])));
    }
    match reply {
        Reply::Error(text) if text.starts_with("NOAUTH") => {
            if is_up {
                judged.holds(format!(
                    "`{name}`: without a password `PING` was refused (NOAUTH)"
                ));
            }
        }
        other => {
            let shown = other.shown();
            judged.open(format!(
                "`{name}` answered `PING` without a password with `{shown}`, neither PONG nor NOAUTH"
            ));
        }
    }
}

/// A password that was made up must not open, or none is needed.
fn made_up(plan: &RedisPlan, seen: &RedisSeen, is_up: bool, judged: &mut Judged) {
    let name = &plan.name;
    let reply = match &seen.made_up {
        None => return,
        Some(Ok(reply)) => reply,
        Some(Err(no_answer)) => {
            let reason = &no_answer.reason;
            return judged.open(format!(
                "`{name}` did not answer to a password that was made up: {reason}"
            ));
        }
    };
    let shown = reply.shown();
    match reply {
        Reply::Simple(text) if text == "OK" => {
            let message =
                format!("`{name}` takes any password: one that was made up was answered `{shown}`");
            let user = plan.server.user.as_deref();
            let words: Vec<&str> = ["AUTH"]
                .into_iter()
                .chain(user)
                .chain(["made-up"])
                .collect();
            let finding = finding(plan, message, &shown, "-WRONGPASS", &[]);
            judged.wrong(finding.reproduce(plan.server.anonymous_command(&words)));
        }
        // Before Redis 6 it was "ERR invalid password". That there is none at all is found without.
        Reply::Error(text)
            if ["WRONGPASS", "ERR invalid password"]
                .iter()
                .any(|word| text.starts_with(word)) =>
        {
            if is_up {
                judged.holds(format!("`{name}`: a password that was made up was refused"));
            }
        }
        // Whoever needs no password is found without one.
        Reply::Error(_) if matches!(&seen.anonymous, Some(Ok(Reply::Simple(_)))) => {}
        other => judged.open(format!(
            "`{name}` answered a password that was made up with `{}`, which is no refusal",
            other.shown()
        )),
    }
}

fn refused(plan: &RedisPlan, said: &CacheSaid, judged: &mut Judged) {
    let name = &plan.name;
    let (asked, reply) = match (&said.auth, &said.select, &said.ping) {
        (Some(reply @ Reply::Error(_)), _, _) => ("AUTH", reply),
        (_, Some(reply @ Reply::Error(_)), _) => ("SELECT", reply),
        (_, _, Some(reply)) => ("PING", reply),
        (_, _, None) => return judged.open(format!("`{name}` was not asked for `PING`")),
    };
    let shown = reply.shown();
    let wanted = if asked == "PING" { "PONG" } else { "OK" };
    if let Reply::Error(text) = reply {
        // What passes by itself: a start, a script that runs too long.
        let passes = ["LOADING", "BUSY", "TRYAGAIN"];
        if passes.iter().any(|word| text.starts_with(word)) {
            return judged.open(format!("`{name}` answered `{asked}` with `{shown}`"));
        }
    }
    let message = match asked {
        "AUTH" => format!("`{name}` does not take the password of its `url`: `{shown}`"),
        _ => format!("`{name}` answered `{asked}` with `{shown}`, not {wanted}"),
    };
    judged.wrong(finding(plan, message, &shown, wanted, &["PING"]));
}

fn lives(plan: &RedisPlan, keys: &KeysPlan, sampled: &Sampled, judged: &mut Judged) {
    let (name, pattern, limit) = (&plan.name, &keys.pattern, keys.limit);
    let total = sampled.lives.len();
    if total == 0 {
        let why = if sampled.is_whole {
            "there is none"
        } else {
            "none was among those looked through"
        };
        return judged.open(format!(
            "`{name}`: no key of `{pattern}` could be looked at: {why}"
        ));
    }
    // The names of keys may hold tokens or addresses of people, so they are not shown.
    let forever = sampled.lives.iter().filter(|life| life.is_none()).count();
    let most = limit.duration().as_millis() as u64;
    let lives = sampled.lives.iter().flatten();
    let long = lives.clone().filter(|life| **life > most).count();
    let longest = lives.max().copied().unwrap_or_default() as f64 / 1000.0;
    let words = ["--scan", "--pattern", pattern.as_str()];
    if forever > 0 {
        let message = format!("`{name}`: {forever} of {total} keys of `{pattern}` never expire");
        let observed = format!("{forever} of {total} without a TTL");
        judged.wrong(finding(
            plan,
            message,
            &observed,
            format!("a TTL up to {limit}"),
            &words,
        ));
    }
    if long > 0 {
        let message = format!(
            "`{name}`: {long} of {total} keys of `{pattern}` live longer than {limit}, one of them \
             for {longest:.0} s"
        );
        let observed = format!("{longest:.0} s");
        judged.wrong(finding(
            plan,
            message,
            &observed,
            format!("up to {limit}"),
            &words,
        ));
    }
    if forever == 0 && long == 0 {
        judged.holds(format!(
            "`{name}`: {total} keys of `{pattern}` expire within {longest:.0} s, at most {limit} \
             allowed"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::plan::CacheServer;
    use crate::sample;
    use shared::config::{CacheAuth, CacheRole, Persistence, Share, Span};
    use shared::secret::Secret;

    const INFO: &str = "redis_version:7.0.15 role:master maxmemory_policy:allkeys-lru \
                        used_memory:600 maxmemory:1000 aof_enabled:1 aof_last_write_status:ok \
                        rdb_last_bgsave_status:ok";

    fn plan() -> RedisPlan {
        RedisPlan {
            name: "cache".into(),
            server: CacheServer {
                host: "h".into(),
                port: 6379,
                password: Some(Secret::plain("x")),
                variable: "PW".into(),
                ..CacheServer::default()
            },
            auth: CacheAuth::Required,
            role: None,
            version: None,
            policy: None,
            persistence: None,
            memory: None,
            keys: Vec::new(),
            within: Span::seconds(5),
        }
    }

    fn simple(text: &str) -> Reply {
        Reply::Simple(text.into())
    }

    fn error(text: &str) -> Reply {
        Reply::Error(text.into())
    }

    fn said(info: &str) -> CacheSaid {
        let fields = info
            .split_whitespace()
            .filter_map(|field| field.split_once(':'));
        let fields = fields.map(|(key, value)| (key.to_owned(), value.to_owned()));
        CacheSaid {
            auth: Some(simple("OK")),
            ping: Some(simple("PONG")),
            info: Some(Ok(fields.collect())),
            milliseconds: 1.5,
            ..CacheSaid::default()
        }
    }

    fn seen(said: CacheSaid) -> RedisSeen {
        RedisSeen {
            anonymous: Some(Ok(error("NOAUTH Authentication required."))),
            made_up: Some(Ok(error("WRONGPASS invalid username-password pair"))),
            attempts: 1,
            said: Ok(said),
        }
    }

    fn outcome(plan: RedisPlan, seen: RedisSeen) -> Outcome {
        let mut facts = sample::facts();
        let seen = Ok(seen);
        facts.probes.redis.push(Fact { plan, seen });
        check(&facts)
    }

    #[track_caller]
    fn fails(plan: RedisPlan, seen: RedisSeen, message: &str) {
        let Outcome::Fail { findings } = outcome(plan, seen) else {
            panic!("should fail: {message}");
        };
        assert_eq!(findings[0].message, message);
        assert!(
            findings[0]
                .reproduce
                .as_ref()
                .is_some_and(|c| c.contains("redis-cli -h h"))
        );
    }

    #[track_caller]
    fn is_open(plan: RedisPlan, seen: RedisSeen, reason: &str) {
        assert_eq!(outcome(plan, seen), Outcome::unknown(reason));
    }

    #[test]
    fn what_is_as_declared_passes_with_its_numbers() {
        let mut plan = plan();
        plan.role = Some(CacheRole::Master);
        plan.version = Some(sample::predicate("{version: '>=6'}"));
        plan.policy = Some("allkeys-lru".into());
        plan.memory = Some(Share::percent(80.0));
        plan.persistence = Some(Persistence::Aof);
        plan.keys = vec![keys()];
        let mut said = said(INFO);
        said.keys = vec![Ok(Sampled {
            lives: vec![Some(1000), Some(3_599_000)],
            is_whole: true,
        })];
        let Outcome::Pass { evidence } = outcome(plan, seen(said)) else {
            panic!("all is as declared");
        };
        assert_eq!(
            evidence,
            [
                "`cache`: without a password `PING` was refused (NOAUTH)",
                "`cache`: a password that was made up was refused",
                "`cache`: redis://h:6379/0 answered PONG, and all in 1.5 ms (1 attempt)",
                "`cache`: version 7.0.15",
                "`cache`: is a master",
                "`cache`: maxmemory-policy is allkeys-lru",
                "`cache`: uses 600 B of 1000 B (60.0%), at most 80% allowed",
                "`cache`: appends its writes to a file",
                "`cache`: 2 keys of `user:*` expire within 3599 s, at most 1h allowed",
            ]
        );
    }

    fn keys() -> KeysPlan {
        KeysPlan {
            pattern: "user:*".into(),
            limit: Span::seconds(3600),
            sample: 20,
        }
    }

    #[test]
    fn an_answer_without_a_password_fails() {
        for (reply, message) in [
            (
                simple("PONG"),
                "`cache` needs no password: `PING` without one was answered `+PONG`",
            ),
            (
                error("DENIED Redis is running in protected mode"),
                "`cache` needs no password: `PING` without one was answered `-DENIED Redis is \
                 running in protected mode`",
            ),
        ] {
            let mut seen = seen(said(INFO));
            seen.anonymous = Some(Ok(reply));
            fails(plan(), seen, message);
        }
    }

    #[test]
    fn a_user_who_is_let_in_with_any_password_fails() {
        let with = |reply| RedisSeen {
            made_up: Some(Ok(reply)),
            ..seen(said(INFO))
        };
        fails(
            plan(),
            with(simple("OK")),
            "`cache` takes any password: one that was made up was answered `+OK`",
        );
        let old = outcome(plan(), with(error("ERR invalid password")));
        assert_eq!(old.word(), "pass", "{old:?}");
        is_open(
            plan(),
            with(error("LOADING wait")),
            "`cache` answered a password that was made up with `-LOADING wait`, which is no refusal",
        );
    }

    #[test]
    fn a_last_write_of_which_nothing_is_said_is_unknown() {
        for (kept, key) in [
            (Persistence::Aof, "aof_last_write_status"),
            (Persistence::Rdb, "rdb_last_bgsave_status"),
        ] {
            let mut plan = plan();
            plan.persistence = Some(kept);
            let mut said = said("aof_enabled:1");
            said.save = Some(Ok("3600 1".into()));
            let reason = format!("`cache`: its `INFO` has no `{key}`");
            is_open(plan, seen(said), &reason);
        }
    }

    #[test]
    fn a_refusal_without_its_positive_control_is_no_pass() {
        let mut seen = seen(said(INFO));
        seen.said = Err(NoAnswer::new(Break::Refused, "connection refused"));
        is_open(
            plan(),
            seen,
            "`cache` had no answer (1 attempt): connection refused",
        );
    }

    #[test]
    fn a_wrong_password_and_an_answer_that_is_not_pong_fail() {
        let mut refused = said("");
        refused.auth = Some(error("WRONGPASS invalid"));
        refused.ping = None;
        let message = "`cache` does not take the password of its `url`: `-WRONGPASS invalid`";
        fails(plan(), seen(refused), message);
        let mut odd = said("");
        odd.ping = Some(simple("PONG!"));
        fails(
            plan(),
            seen(odd),
            "`cache` answered `PING` with `+PONG!`, not PONG",
        );
        let mut other = said("");
        other.select = Some(error("ERR DB index is out of range"));
        let message = "`cache` answered `SELECT` with `-ERR DB index is out of range`, not OK";
        fails(plan(), seen(other), message);
    }

    #[test]
    fn an_untrusted_certificate_and_a_late_answer_fail_and_a_server_that_loads_is_unknown() {
        let mut untrusted = seen(said(INFO));
        untrusted.said = Err(NoAnswer::new(Break::Tls, "unknown issuer"));
        fails(
            plan(),
            untrusted,
            "`cache` cannot be trusted: unknown issuer",
        );
        let mut late = seen(said(INFO));
        late.said = Err(NoAnswer::new(Break::Timeout, "no answer within 5 s"));
        let message = "`cache` had no whole answer in time, and 5s are allowed (1 attempt)";
        fails(plan(), late, message);
        let mut loading = said("");
        loading.ping = Some(error("LOADING Redis is loading"));
        let reason = "`cache` answered `PING` with `-LOADING Redis is loading`";
        is_open(plan(), seen(loading), reason);
    }

    #[test]
    fn each_thing_that_is_not_as_declared_fails() {
        type Change = fn(&mut RedisPlan);
        let cases: [(Change, &str, &str); 11] = [
            (
                |plan| plan.version = Some(sample::predicate("{version: '>=8'}")),
                INFO,
                "`cache` has version 7.0.15, which must be a version in `>=8`",
            ),
            (
                |plan| plan.role = Some(CacheRole::Replica),
                INFO,
                "`cache` is a master, not a replica",
            ),
            (
                |plan| plan.role = Some(CacheRole::Replica),
                "role:slave master_link_status:down",
                "`cache` is a replica whose link to its master is down",
            ),
            (
                |plan| plan.role = Some(CacheRole::Master),
                "role:slave",
                "`cache` is a replica, not a master",
            ),
            (
                |plan| plan.policy = Some("noeviction".into()),
                INFO,
                "`cache` has the maxmemory-policy `allkeys-lru`, not `noeviction`",
            ),
            (
                |plan| plan.memory = Some(Share::percent(50.0)),
                INFO,
                "`cache` uses 600 B of 1000 B (60.0%) of its memory, and 50% are allowed",
            ),
            (
                |plan| plan.memory = Some(Share::percent(50.0)),
                "used_memory:1 maxmemory:0",
                "`cache` has no `maxmemory`: it may take all memory of its machine",
            ),
            (
                |plan| plan.persistence = Some(Persistence::Aof),
                "aof_enabled:0",
                "`cache` does not append its writes to a file",
            ),
            (
                |plan| plan.persistence = Some(Persistence::Aof),
                "aof_enabled:1 aof_last_write_status:err",
                "`cache` could not append its last writes to its file",
            ),
            (
                |plan| plan.persistence = Some(Persistence::Rdb),
                "aof_enabled:0",
                "`cache` writes no snapshots",
            ),
            (
                |plan| plan.persistence = Some(Persistence::None),
                INFO,
                "`cache` keeps its data (appendonly on, save ``)",
            ),
        ];
        for (change, info, message) in cases {
            let mut plan = plan();
            change(&mut plan);
            let mut said = said(info);
            said.save = Some(Ok(String::new()));
            fails(plan, seen(said), message);
        }
    }

    #[test]
    fn snapshots_that_fail_fail_and_those_that_cannot_be_asked_for_are_unknown() {
        let mut plan = plan();
        plan.persistence = Some(Persistence::Rdb);
        let mut said = said("aof_enabled:0 rdb_last_bgsave_status:err");
        said.save = Some(Ok("900 1".into()));
        fails(
            plan.clone(),
            seen(said.clone()),
            "`cache` could not write its last snapshot",
        );
        said.save = Some(Err("`CONFIG GET save` was answered with `-NOPERM`".into()));
        is_open(
            plan,
            seen(said),
            "`cache`: `CONFIG GET save` was answered with `-NOPERM`",
        );
    }

    #[test]
    fn keys_that_never_expire_or_live_too_long_fail_and_none_at_all_are_unknown() {
        let mut plan = plan();
        plan.keys = vec![keys()];
        let sampled = |lives: &[Option<u64>]| {
            let mut said = said(INFO);
            said.keys = vec![Ok(Sampled {
                lives: lives.to_vec(),
                is_whole: true,
            })];
            seen(said)
        };
        let forever = sampled(&[None, Some(1)]);
        fails(
            plan.clone(),
            forever,
            "`cache`: 1 of 2 keys of `user:*` never expire",
        );
        let long = sampled(&[Some(7_200_000)]);
        fails(
            plan.clone(),
            long,
            "`cache`: 1 of 1 keys of `user:*` live longer than 1h, one of them for 7200 s",
        );
        let none = sampled(&[]);
        is_open(
            plan,
            none,
            "`cache`: no key of `user:*` could be looked at: there is none",
        );
    }

    #[test]
    fn what_info_does_not_say_is_unknown() {
        let mut plan = plan();
        plan.role = Some(CacheRole::Master);
        is_open(
            plan.clone(),
            seen(said("")),
            "`cache`: its `INFO` has no `role`",
        );
        let mut denied = said("");
        denied.info = Some(Err("`INFO` was answered with `-NOPERM`".into()));
        is_open(
            plan,
            seen(denied),
            "`cache`: `INFO` was answered with `-NOPERM`",
        );
    }

    #[test]
    fn no_probe_is_skipped() {
        let skipped = Outcome::skipped("no probe of the kind `redis` is configured");
        assert_eq!(check(&sample::facts()), skipped);
    }
}
