//! What Redis says of itself in `INFO` and `CONFIG` is as declared.

use super::finding;
use crate::facts::CacheSaid;
use crate::judged::Judged;
use crate::plan::RedisPlan;
use serde_json::Value;
use shared::config::{CacheRole, Persistence, Share, Size};
use std::collections::BTreeMap;

/// Judges all of it.
pub(super) fn judge(
    plan: &RedisPlan,
    info: &BTreeMap<String, String>,
    said: &CacheSaid,
    judged: &mut Judged,
) {
    let name = &plan.name;
    let field = |key: &str, judged: &mut Judged| {
        let value = info.get(key).cloned();
        if value.is_none() {
            judged.open(format!("`{name}`: its `INFO` has no `{key}`"));
        }
        value
    };
    if let Some(range) = &plan.version
        && let Some(version) = field("redis_version", judged)
    {
        match range.refuses(&Value::String(version.clone()), jiff::Timestamp::UNIX_EPOCH) {
            None => judged.holds(format!("`{name}`: version {version}")),
            Some(broken) => {
                let message = format!("`{name}` has version {version}, which must {broken}");
                judged.wrong(finding(
                    plan,
                    message,
                    &version,
                    broken,
                    &["INFO", "server"],
                ));
            }
        }
    }
    if let Some(wanted) = plan.role
        && let Some(role) = field("role", judged)
    {
        is_role(plan, wanted, &role, info, judged);
    }
    if let Some(wanted) = &plan.policy
        && let Some(policy) = field("maxmemory_policy", judged)
    {
        if policy == *wanted {
            judged.holds(format!("`{name}`: maxmemory-policy is {policy}"));
        } else {
            let message = format!("`{name}` has the maxmemory-policy `{policy}`, not `{wanted}`");
            judged.wrong(finding(plan, message, &policy, wanted, &["INFO", "memory"]));
        }
    }
    if let Some(share) = plan.memory
        && let (Some(used), Some(most)) = (field("used_memory", judged), field("maxmemory", judged))
    {
        memory(plan, share, &used, &most, judged);
    }
    if let Some(wanted) = plan.persistence
        && let Some(aof) = field("aof_enabled", judged)
    {
        persistence(
            plan,
            wanted,
            &Kept {
                is_aof: aof == "1",
                info,
                save: &said.save,
            },
            judged,
        );
    }
}

fn is_role(
    plan: &RedisPlan,
    wanted: CacheRole,
    role: &str,
    info: &BTreeMap<String, String>,
    judged: &mut Judged,
) {
    let name = &plan.name;
    // The word in `INFO` is still the old one: <https://redis.io/docs/latest/commands/info/>.
    let (word, said) = match wanted {
        CacheRole::Master => ("master", "master"),
        CacheRole::Replica => ("replica", "slave"),
    };
    let words = ["INFO", "replication"];
    let shown = if role == "slave" { "replica" } else { role };
    if role != said {
        let message = format!("`{name}` is a {shown}, not a {word}");
        return judged.wrong(finding(plan, message, shown, word, &words));
    }
    let link = info.get("master_link_status").map(String::as_str);
    match (wanted, link) {
        (CacheRole::Master, _) => judged.holds(format!("`{name}`: is a master")),
        (CacheRole::Replica, Some("up")) => {
            judged.holds(format!("`{name}`: is a replica, and its master is reached"));
        }
        (CacheRole::Replica, link) => {
            let link = link.unwrap_or("unknown");
            let message = format!("`{name}` is a replica whose link to its master is {link}");
            judged.wrong(finding(plan, message, link, "up", &words));
        }
    }
}

fn memory(plan: &RedisPlan, share: Share, used: &str, most: &str, judged: &mut Judged) {
    let name = &plan.name;
    let (Ok(used), Ok(most)) = (used.parse::<u64>(), most.parse::<u64>()) else {
        return judged.open(format!(
            "`{name}`: its `INFO` has a memory of `{used}` of `{most}`"
        ));
    };
    let words = ["INFO", "memory"];
    if most == 0 {
        let message = format!("`{name}` has no `maxmemory`: it may take all memory of its machine");
        return judged.wrong(finding(plan, message, "0", "a `maxmemory`", &words));
    }
    let taken = used as f64 / most as f64;
    let (used, most) = (Size::of_bytes(used), Size::of_bytes(most));
    let observed = format!("{used} of {most} ({:.1}%)", taken * 100.0);
    if taken <= share.fraction() {
        judged.holds(format!(
            "`{name}`: uses {observed}, at most {share} allowed"
        ));
    } else {
        let message = format!("`{name}` uses {observed} of its memory, and {share} are allowed");
        judged.wrong(finding(
            plan,
            message,
            &observed,
            format!("at most {share}"),
            &words,
        ));
    }
}

/// How a server keeps its data.
struct Kept<'a> {
    is_aof: bool,
    info: &'a BTreeMap<String, String>,
    save: &'a Option<Result<String, String>>,
}

fn persistence(plan: &RedisPlan, wanted: Persistence, kept: &Kept<'_>, judged: &mut Judged) {
    let name = &plan.name;
    let status = match wanted {
        Persistence::Aof => Some("aof_last_write_status"),
        Persistence::Rdb => Some("rdb_last_bgsave_status"),
        Persistence::None => None,
    };
    let last = status.and_then(|key| kept.info.get(key));
    let is_well = last.is_some_and(|last| last == "ok");
    let words = ["INFO", "persistence"];
    let mut wrong = |message: String, observed: &str, expected: &str| {
        judged.wrong(finding(plan, message, observed, expected, &words));
    };
    let saves = match (wanted, kept.save) {
        (Persistence::Aof, _) => String::new(),
        (_, Some(Ok(save))) => save.clone(),
        (_, Some(Err(why))) => return judged.open(format!("`{name}`: {why}")),
        (_, None) => return judged.open(format!("`{name}` was not asked for its snapshots")),
    };
    let aof = if kept.is_aof { "on" } else { "off" };
    match wanted {
        Persistence::Aof if !kept.is_aof => {
            wrong(
                format!("`{name}` does not append its writes to a file"),
                "appendonly off",
                "on",
            );
        }
        Persistence::Rdb if saves.is_empty() => {
            wrong(
                format!("`{name}` writes no snapshots"),
                "no `save`",
                "a `save`",
            );
        }
        Persistence::Aof | Persistence::Rdb if last.is_none() => {
            let status = status.unwrap_or_default();
            judged.open(format!("`{name}`: its `INFO` has no `{status}`"));
        }
        Persistence::Aof if !is_well => {
            wrong(
                format!("`{name}` could not append its last writes to its file"),
                "err",
                "ok",
            );
        }
        Persistence::Aof => judged.holds(format!("`{name}`: appends its writes to a file")),
        Persistence::Rdb if !is_well => {
            wrong(
                format!("`{name}` could not write its last snapshot"),
                "err",
                "ok",
            );
        }
        Persistence::Rdb => judged.holds(format!("`{name}`: writes snapshots (`save {saves}`)")),
        Persistence::None if kept.is_aof || !saves.is_empty() => {
            let observed = format!("appendonly {aof}, save `{saves}`");
            wrong(
                format!("`{name}` keeps its data ({observed})"),
                &observed,
                "neither",
            );
        }
        Persistence::None => judged.holds(format!("`{name}`: keeps no data over a restart")),
    }
}
