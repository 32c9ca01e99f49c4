//! Which functions an expression calls, and what is known of them.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

/// Functions of PostgreSQL itself that give one value for the whole statement (`pg_proc.provolatile`
/// is not `v`): a column with such a default is added without writing its rows.
const STEADY: [&str; 86] = [
    "abs",
    "age",
    "array_agg",
    "array_append",
    "array_length",
    "array_remove",
    "array_to_string",
    "avg",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "current_database",
    "current_schema",
    "current_setting",
    "date_part",
    "date_trunc",
    "decode",
    "dense_rank",
    "encode",
    "extract",
    "first_value",
    "floor",
    "format",
    "greatest",
    "initcap",
    "json_agg",
    "json_build_object",
    "jsonb_agg",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_each",
    "jsonb_object_agg",
    "jsonb_set",
    "jsonb_strip_nulls",
    "jsonb_typeof",
    "lag",
    "lead",
    "least",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "make_interval",
    "max",
    "md5",
    "min",
    "mod",
    "now",
    "nullif",
    "pg_get_serial_sequence",
    "power",
    "rank",
    "regexp_replace",
    "repeat",
    "replace",
    "right",
    "round",
    "row_number",
    "rpad",
    "rtrim",
    "split_part",
    "statement_timestamp",
    "string_agg",
    "string_to_array",
    "substr",
    "sum",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "transaction_timestamp",
    "upper",
];

/// Functions of PostgreSQL and its usual extensions that give another value for every row, and do
/// nothing besides.
const VARYING: [&str; 13] = [
    "clock_timestamp",
    "currval",
    "gen_random_bytes",
    "gen_random_uuid",
    "generate_series",
    "lastval",
    "nextval",
    "random",
    "setval",
    "unnest",
    "uuid_generate_v1",
    "uuid_generate_v4",
    "uuidv7",
];

/// The first function under the node that may give another value for every row: none of those
/// that are known to be steady.
pub(super) fn varying_call(node: &SyntaxNode) -> Option<String> {
    calls(node).find(|name| !STEADY.contains(&plain(name)))
}

/// The first function under the node of which it is not known what it does.
pub(super) fn foreign_call(node: &SyntaxNode) -> Option<String> {
    calls(node).find(|name| {
        let name = plain(name);
        !STEADY.contains(&name) && !VARYING.contains(&name)
    })
}

fn plain(name: &str) -> &str {
    name.strip_prefix("pg_catalog.").unwrap_or(name)
}

/// The names of the functions that are called under the node. Special forms such as `extract(…)`
/// and `trim(…)` have no name and are PostgreSQL's own.
fn calls(node: &SyntaxNode) -> impl Iterator<Item = String> {
    node.descendants()
        .filter_map(ast::CallExpr::cast)
        .filter_map(|call| match call.expr()? {
            ast::Expr::NameRef(name) => Some(name.text()),
            other => Some(other.syntax().text().to_string().to_lowercase()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use squawk_syntax::SourceFile;

    fn node(sql: &str) -> SyntaxNode {
        SourceFile::parse(sql).syntax_node()
    }

    #[test]
    fn the_lists_are_sorted_and_have_nothing_twice() {
        for list in [&STEADY[..], &VARYING[..]] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
        }
    }

    #[test]
    fn steady_functions_are_known_and_others_are_named() {
        assert_eq!(
            varying_call(&node("select now(), coalesce(a, lower(b)), 1")),
            None
        );
        assert_eq!(varying_call(&node("select PG_CATALOG.now()")), None);
        assert_eq!(
            varying_call(&node("select random()")).as_deref(),
            Some("random")
        );
        assert_eq!(
            varying_call(&node("select app.now()")).as_deref(),
            Some("app.now")
        );
    }

    #[test]
    fn a_function_of_the_project_is_foreign() {
        assert_eq!(
            foreign_call(&node("select setval('s', 1), gen_random_uuid()")),
            None
        );
        assert_eq!(
            foreign_call(&node("select run_anything('drop table t')")).as_deref(),
            Some("run_anything")
        );
        assert_eq!(
            foreign_call(&node("update t set a = (select f(b))")).as_deref(),
            Some("f")
        );
    }

    #[test]
    fn special_forms_are_postgresqls_own() {
        for sql in [
            "select extract(year from a)",
            "select trim(a)",
            "select substring(a from 2)",
            "select exists(select 1)",
        ] {
            assert_eq!(foreign_call(&node(sql)), None, "{sql}");
        }
    }
}
