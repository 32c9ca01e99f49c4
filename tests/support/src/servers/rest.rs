//! Rows of a real database over HTTP, as PostgREST gives them: each request is one transaction under
//! the role `authenticated`, so that the database itself decides who sees what.

use super::{Reply, Request};
use crate::postgres::Session;
use crate::{Error, Result};
use serde_json::{Map, Value, json};

/// Whose token it is; the subject is what the policies compare.
pub struct Holder {
    /// The token.
    pub token: String,
    /// The claim `sub`.
    pub subject: String,
}

/// A database and who may ask for it.
pub struct Rest {
    /// The database.
    pub database: Session,
    /// Everybody who is known.
    pub holders: Vec<Holder>,
}

impl Rest {
    /// Answers a request for `/`, which tells the tables, or for `/table`.
    pub fn answer(&self, request: &Request) -> Reply {
        let authorization = request.headers().get("authorization");
        let authorization = authorization.and_then(|value| value.to_str().ok());
        let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
        let holder = self
            .holders
            .iter()
            .find(|holder| Some(holder.token.as_str()) == token);
        let Some(holder) = holder else {
            let mut reply = reply(401, &json!({"message": "JWT invalid"}));
            let challenge = hyper::header::HeaderValue::from_static("Bearer");
            reply.headers_mut().insert("www-authenticate", challenge);
            return reply;
        };
        match request.uri().path().trim_start_matches('/') {
            "" => self.described(holder),
            table => self.rows(holder, table, request),
        }
    }

    fn described(&self, holder: &Holder) -> Reply {
        let sql = "SELECT json_object_agg('/' || relname, '{}'::json) FROM pg_class WHERE \
                   relnamespace = 'public'::regnamespace AND relkind = 'r' AND \
                   has_table_privilege(oid, 'SELECT')";
        match self.asked(holder, sql) {
            Ok(paths) => reply(200, &json!({"swagger": "2.0", "paths": paths})),
            Err(why) => reply(500, &json!({"message": why.to_string()})),
        }
    }

    fn rows(&self, holder: &Holder, table: &str, request: &Request) -> Reply {
        let sql = statement(table, request);
        let status = match request.method().as_str() {
            "POST" => 201,
            _ => 200,
        };
        match sql.and_then(|sql| self.asked(holder, &sql)) {
            Ok(rows) => reply(status, &rows),
            Err(why) => {
                // 42501 is what a policy says that lets nothing be written.
                let status = if why.to_string().contains("42501") {
                    403
                } else {
                    400
                };
                reply(status, &json!({"message": why.to_string()}))
            }
        }
    }

    /// The last value that these statements give.
    fn asked(&self, holder: &Holder, sql: &str) -> Result<Value> {
        let subject = text(&holder.subject);
        let sql = format!(
            "BEGIN; SET LOCAL ROLE authenticated; \
             SELECT set_config('request.jwt.claim.sub', {subject}, true); {sql}; COMMIT"
        );
        let rows = self.database.query_strings(&sql)?;
        let value = rows.last().and_then(|row| row.first()).cloned().flatten();
        serde_json::from_str(&value.unwrap_or_default())
            .map_err(|why| Error::new(format!("no JSON: {why}")))
    }
}

fn statement(table: &str, request: &Request) -> Result<String> {
    let table = name(table)?;
    let wanted = filter(request.uri().query().unwrap_or_default())?;
    let change = match request.method().as_str() {
        "GET" => {
            return Ok(format!(
                "SELECT coalesce(json_agg(found), '[]') FROM \
                 (SELECT * FROM {table} WHERE {wanted} LIMIT 100) AS found"
            ));
        }
        "POST" => inserted(&table, request.body())?,
        "PATCH" => updated(&table, request.body(), &wanted)?,
        "DELETE" => format!("DELETE FROM {table} WHERE {wanted}"),
        other => return Err(Error::new(format!("`{other}` is not known"))),
    };
    // What is given back must be seen as well, which is another policy.
    let prefer = request.headers().get("prefer");
    Ok(match prefer {
        Some(prefer) if prefer == "return=representation" => format!(
            "WITH changed AS ({change} RETURNING *) \
             SELECT coalesce(json_agg(changed), '[]') FROM changed"
        ),
        Some(_) | None => format!("{change}; SELECT '[]'"),
    })
}

fn inserted(table: &str, body: &[u8]) -> Result<String> {
    let rows = match parsed(body)? {
        Value::Array(rows) => rows,
        row => vec![row],
    };
    let first = rows.first().and_then(Value::as_object);
    let columns = columns(first.unwrap_or(&Map::new()))?.join(", ");
    let rows = text(&Value::Array(rows).to_string());
    Ok(format!(
        "INSERT INTO {table} ({columns}) \
         SELECT {columns} FROM json_populate_recordset(NULL::{table}, {rows})"
    ))
}

fn updated(table: &str, body: &[u8], wanted: &str) -> Result<String> {
    let row = parsed(body)?;
    let columns = columns(row.as_object().unwrap_or(&Map::new()))?;
    let row = text(&row.to_string());
    let sets = columns.iter().map(|column| {
        format!("{column} = (SELECT {column} FROM json_populate_record(NULL::{table}, {row}))")
    });
    let sets = sets.collect::<Vec<_>>().join(", ");
    Ok(format!("UPDATE {table} SET {sets} WHERE {wanted}"))
}

fn parsed(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body).map_err(|why| Error::new(format!("no JSON: {why}")))
}

fn columns(row: &Map<String, Value>) -> Result<Vec<String>> {
    row.keys().map(|key| name(key)).collect()
}

/// `id=eq.7&done=is.true`.
fn filter(query: &str) -> Result<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut wanted = vec!["true".to_owned()];
    for (column, value) in pairs.filter(|(column, _)| *column != "limit") {
        let column = name(column)?;
        wanted.push(match value.split_once('.') {
            Some(("eq", value)) => format!("{column}::text = {}", text(value)),
            Some(("is", "true")) => format!("{column} IS TRUE"),
            _ => return Err(Error::new(format!("`{value}` is no filter"))),
        });
    }
    Ok(wanted.join(" AND "))
}

fn name(word: &str) -> Result<String> {
    let is_name = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_name {
        Ok(word.to_owned())
    } else {
        Err(Error::new(format!("`{word}` is no name")))
    }
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn reply(status: u16, body: &Value) -> Reply {
    let mut reply = Reply::new(body.to_string().into());
    *reply.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let kind = hyper::header::HeaderValue::from_static("application/json");
    reply.headers_mut().insert("content-type", kind);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_quoted_and_names_are_checked() {
        let wanted = filter("domain_id=eq.1'--&done=is.true&limit=20").expect("is a filter");
        assert_eq!(
            wanted,
            "true AND domain_id::text = '1''--' AND done IS TRUE"
        );
        assert!(filter("a;b=eq.1").is_err());
        assert!(filter("id=like.1").is_err());
    }
}
