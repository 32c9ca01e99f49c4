//! What the database has before the pending files, and what they have made of it so far.

use super::names::Name;
use std::collections::{BTreeMap, BTreeSet};

/// What the database has now. Keys are names as a statement may write them: `entries` when the
/// search path finds it, and always `public.entries`.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Tables, views, sequences and the like.
    pub relations: BTreeMap<String, Relation>,
    /// Indexes.
    pub indexes: BTreeMap<String, Index>,
}

/// A table or something like it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// Everything it takes on disk, indexes included.
    pub bytes: u64,
    /// Its columns.
    pub columns: BTreeMap<String, Column>,
    /// Its constraints.
    pub constraints: BTreeMap<String, Constraint>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// As PostgreSQL writes it: `character varying(50)`.
    pub kind: String,
    /// Whether it refuses NULL.
    pub is_not_null: bool,
}

/// A constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraint {
    /// `c` check, `f` foreign key, `p` primary key, `u` unique, `x` exclusion.
    pub kind: String,
    /// Whether every row was looked at.
    pub is_validated: bool,
    /// As PostgreSQL writes it.
    pub definition: String,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Whether it refuses equal values.
    pub is_unique: bool,
    /// Its columns, the expressions left out.
    pub columns: Vec<String>,
}

/// The catalogue as it changes while the pending files are read in their order.
#[derive(Clone, Debug)]
pub struct Schema<'a> {
    catalogue: &'a Catalogue,
    made: BTreeSet<Name>,
    new_columns: BTreeSet<(Name, String)>,
    kinds: BTreeMap<(Name, String), String>,
}

impl<'a> Schema<'a> {
    /// Before the first pending file.
    pub fn before(catalogue: &'a Catalogue) -> Self {
        Self {
            catalogue,
            made: BTreeSet::new(),
            new_columns: BTreeSet::new(),
            kinds: BTreeMap::new(),
        }
    }

    /// Remembers an object that the pending files make; with `IF NOT EXISTS` only one that the
    /// database does not have yet.
    pub fn make(&mut self, name: Option<Name>, is_conditional: bool) {
        if let Some(name) = name {
            let is_there = self.catalogue.relations.contains_key(name.as_str())
                || self.catalogue.indexes.contains_key(name.as_str());
            if !is_conditional || !is_there {
                self.made.insert(name);
            }
        }
    }

    /// Remembers a column that the pending files add.
    pub fn add_column(&mut self, table: &Name, column: String, kind: String) {
        if self.column(table, &column).is_none() {
            self.new_columns.insert((table.clone(), column.clone()));
        }
        self.kinds.insert((table.clone(), column), kind);
    }

    /// Whether the pending files make the object: nobody uses it yet.
    pub fn is_made(&self, name: &Name) -> bool {
        self.made.contains(name)
    }

    /// Whether the pending files add the column, or its table.
    pub fn is_new_column(&self, table: &Name, column: &str) -> bool {
        self.is_made(table)
            || self
                .new_columns
                .contains(&(table.clone(), column.to_owned()))
    }

    /// The type of a column, when it is known.
    pub fn kind(&self, table: &Name, column: &str) -> Option<&str> {
        let made = self.kinds.get(&(table.clone(), column.to_owned()));
        made.map(String::as_str)
            .or_else(|| Some(self.column(table, column)?.kind.as_str()))
    }

    /// The type of a column after the pending files changed it.
    pub fn set_kind(&mut self, table: &Name, column: &str, kind: String) {
        self.kinds.insert((table.clone(), column.to_owned()), kind);
    }

    /// A column that the database has.
    pub fn column(&self, table: &Name, column: &str) -> Option<&'a Column> {
        self.catalogue
            .relations
            .get(table.as_str())?
            .columns
            .get(column)
    }

    /// A constraint that the database has.
    pub fn constraint(&self, table: &Name, constraint: &str) -> Option<&'a Constraint> {
        self.catalogue
            .relations
            .get(table.as_str())?
            .constraints
            .get(constraint)
    }

    /// An index that the database has.
    pub fn index(&self, name: &Name) -> Option<&'a Index> {
        self.catalogue.indexes.get(name.as_str())
    }

    /// Whether a validated constraint of the database proves that the column has no NULL: then
    /// `SET NOT NULL` does not look at the rows, and nobody can write NULL already.
    pub fn is_proven_not_null(&self, table: &Name, column: &str) -> bool {
        let Some(relation) = self.catalogue.relations.get(table.as_str()) else {
            return false;
        };
        let proof = [column.to_owned(), format!("\"{column}\"")]
            .map(|column| format!("CHECK (({column} IS NOT NULL))"));
        relation
            .columns
            .get(column)
            .is_some_and(|column| column.is_not_null)
            || relation
                .constraints
                .values()
                .any(|constraint| constraint.is_validated && proof.contains(&constraint.definition))
    }

    /// The name with its size, when the database has it.
    pub fn sized(&self, name: &Name) -> String {
        match self.catalogue.relations.get(name.as_str()) {
            Some(relation) => format!("{name} ({})", size(relation.bytes)),
            None => name.to_string(),
        }
    }
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    // A size for people: the digits that are lost here are not shown.
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value.fract() < 0.05 || unit == "bytes" {
        format!("{value:.0} {unit}")
    } else {
        format!("{value:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_for_people() {
        assert_eq!(
            [0, 800, 8192, 1_600_000, 5 << 30].map(size),
            ["0 bytes", "800 bytes", "8 KiB", "1.5 MiB", "5 GiB"]
        );
    }

    #[test]
    fn a_conditional_creation_of_what_is_there_makes_nothing_new() {
        let mut catalogue = Catalogue::default();
        catalogue
            .relations
            .insert("entries".into(), Relation::default());
        let mut schema = Schema::before(&catalogue);
        schema.make(Some(Name::new("entries")), true);
        schema.make(Some(Name::new("notes")), true);
        assert!(!schema.is_made(&Name::new("entries")));
        assert!(schema.is_made(&Name::new("notes")));
    }

    #[test]
    fn a_validated_check_proves_that_there_is_no_null() {
        let constraint = Constraint {
            kind: "c".into(),
            is_validated: true,
            definition: "CHECK ((note IS NOT NULL))".into(),
        };
        let mut relation = Relation::default();
        relation.constraints.insert("k".into(), constraint);
        let mut catalogue = Catalogue::default();
        catalogue.relations.insert("entries".into(), relation);
        let schema = Schema::before(&catalogue);
        assert!(schema.is_proven_not_null(&Name::new("entries"), "note"));
        assert!(!schema.is_proven_not_null(&Name::new("entries"), "other"));
    }
}
