//! Names in a statement: as they are compared, and as people read them.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, NameLike as _};

/// A table, index or other object as a statement names it: parts folded as PostgreSQL folds them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// From parts that are folded already.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The parts joined by dots.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From a reference.
    pub fn of_reference(path: Option<ast::PathRef>) -> Option<Self> {
        let path = path?;
        let segment = path.segment()?.text();
        Some(
            match path
                .qualifier()
                .and_then(|qualifier| Self::of_reference(Some(qualifier)))
            {
                Some(qualifier) => Self(format!("{}.{segment}", qualifier.0)),
                None => Self(segment),
            },
        )
    }

    /// From a definition.
    pub fn of_definition(path: Option<ast::Path>) -> Option<Self> {
        let path = path?;
        let segment = path.segment()?.text();
        let qualifier = path
            .qualifier()
            .and_then(|qualifier| Self::of_reference(Some(qualifier)));
        Some(match qualifier {
            Some(qualifier) => Self(format!("{}.{segment}", qualifier.0)),
            None => Self(segment),
        })
    }

    /// From a table that a statement works on.
    pub fn of_table(relation: Option<ast::TableRelationName>) -> Option<Self> {
        Self::of_reference(relation?.table_name_ref()?.path_ref())
    }

    /// From a table or view that a statement reads or writes.
    pub fn of_relation(relation: Option<ast::RelationName>) -> Option<Self> {
        Self::of_reference(relation?.relation_name_ref()?.path_ref())
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "`{}`", self.0)
    }
}

/// The columns that are named anywhere under a node, folded.
pub fn columns_under(node: &SyntaxNode) -> Vec<String> {
    node.descendants()
        .filter_map(|node| {
            ast::ColumnNameRef::cast(node.clone())
                .map(|name| name.text())
                .or_else(|| ast::NameRef::cast(node).map(|name| name.text()))
        })
        .collect()
}

/// The text of a node on one line, cut when it is long.
pub fn shown(node: &SyntaxNode) -> String {
    const LONGEST: usize = 60;
    let text = node.text().to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain("…".chars()).collect()
}
