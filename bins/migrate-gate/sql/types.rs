//! Whether another type for a column leaves its rows as they are.

/// One type, as far as the rule needs it: base name and the numbers behind it.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    base: String,
    numbers: Vec<u32>,
}

/// Whether the change keeps every row as it is and accepts everything that the old type took.
/// Only pairs that PostgreSQL documents as binary coercible, or widens by a length alone.
pub(super) fn is_widening(old: &str, new: &str) -> bool {
    let (Some(old), Some(new)) = (parse(old), parse(new)) else {
        return false;
    };
    match (old.base.as_str(), new.base.as_str()) {
        ("varchar", "text") => true,
        ("text", "varchar") => new.numbers.is_empty(),
        ("varchar", "varchar") | ("varbit", "varbit") => {
            match (old.numbers.as_slice(), new.numbers.as_slice()) {
                (_, []) => true,
                ([], _) => false,
                ([old], [new]) => new >= old,
                _ => false,
            }
        }
        ("numeric", "numeric") => match (old.numbers.as_slice(), new.numbers.as_slice()) {
            (_, []) => true,
            ([old_precision, old_scale], [precision, scale]) => {
                scale == old_scale && precision >= old_precision
            }
            _ => false,
        },
        ("cidr", "inet") => true,
        (one, other) => one == other && old.numbers == new.numbers,
    }
}

fn parse(text: &str) -> Option<Kind> {
    let text = text.to_lowercase();
    if text.contains(['[', '"']) {
        return None;
    }
    let (base, rest) = text.split_once('(').unwrap_or((&text, ""));
    let numbers = match rest.split_once(')') {
        None => Vec::new(),
        // What stands behind the brackets belongs to the name: `timestamp(3) with time zone`.
        Some((_, tail)) if !tail.trim().is_empty() => return None,
        Some((numbers, _)) => {
            let parsed: Result<Vec<u32>, _> = numbers
                .split(',')
                .map(|number| number.trim().parse())
                .collect();
            parsed.ok()?
        }
    };
    let words = base.split_whitespace().collect::<Vec<_>>().join(" ");
    let base = match words.strip_prefix("pg_catalog.").unwrap_or(&words) {
        "character varying" => "varchar",
        "bit varying" => "varbit",
        "decimal" => "numeric",
        "int" | "int4" => "integer",
        "int8" => "bigint",
        "int2" => "smallint",
        "bool" => "boolean",
        "timestamptz" => "timestamp with time zone",
        other => other,
    };
    let mut numbers = numbers;
    if base == "numeric" && numbers.len() == 1 {
        numbers.push(0);
    }
    Some(Kind {
        base: base.to_owned(),
        numbers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_text_and_a_wider_number_keep_the_rows() {
        for (old, new) in [
            ("character varying(50)", "varchar(400)"),
            ("varchar(50)", "text"),
            ("varchar(50)", "varchar"),
            ("text", "character varying"),
            ("numeric(10,2)", "numeric(12, 2)"),
            ("numeric(10)", "decimal(12,0)"),
            ("numeric(10,2)", "numeric"),
            ("cidr", "inet"),
            ("integer", "INT4"),
        ] {
            assert!(is_widening(old, new), "{old} to {new}");
        }
    }

    #[test]
    fn everything_else_counts_as_a_rewrite() {
        for (old, new) in [
            ("varchar(50)", "varchar(40)"),
            ("varchar", "varchar(40)"),
            ("text", "varchar(40)"),
            ("integer", "bigint"),
            ("numeric(10,2)", "numeric(12,3)"),
            ("timestamp without time zone", "timestamptz"),
            ("text[]", "varchar[]"),
            ("timestamp(3) with time zone", "timestamp(6) with time zone"),
            ("\"Kind\"", "text"),
        ] {
            assert!(!is_widening(old, new), "{old} to {new}");
        }
    }
}
