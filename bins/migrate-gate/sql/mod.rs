//! What the statements of a migration do, read from their text with the parser of squawk. Pure.

mod change;
mod column;
mod column_alter;
mod constraint;
mod expression;
mod index;
mod names;
mod object;
mod rows;
mod schema;
mod session;
mod statement;
mod table;
mod types;

pub use change::{Change, Hazard, RollbackSafe, Service, Transaction};
pub use schema::{Catalogue, Column, Constraint, Index, Relation, Schema};

use squawk_syntax::ast::{AstNode as _, Stmt};
use squawk_syntax::{SourceFile, SyntaxNode};

/// A file as the parser read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// What could not be parsed; the statements are then not to be relied on.
    pub problems: Vec<Problem>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it begins, from 1.
    pub line: u64,
    /// Where it begins, from 1, in characters.
    pub column: u64,
    /// Its text, without what is around it.
    pub text: String,
    /// What it does.
    pub changes: Vec<Change>,
    /// Whether it may run again when it is not known whether it ran.
    pub repeat: Repeat,
}

/// Whether a statement may run again when it is not known whether it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Twice does no more than once.
    Yes,
    /// It builds the index of this name: when that is valid, it is done.
    Index(String),
    /// Only a person can find out.
    No,
}

/// Something that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// The parser's message.
    pub message: String,
}

/// Reads a file; `schema` knows afterwards what the file makes.
pub fn read(text: &str, is_transactional: bool, schema: &mut Schema) -> Script {
    let parsed = SourceFile::parse(text);
    let mut problems: Vec<Problem> = parsed
        .errors()
        .iter()
        .map(|error| problem(text, usize::from(error.range().start()), error.message()))
        .collect();
    let mut statements = Vec::new();
    for element in parsed.syntax_node().children_with_tokens() {
        let start = usize::from(element.text_range().start());
        match (element.as_node(), element.as_token()) {
            (Some(node), _) => match Stmt::cast(node.clone()) {
                Some(Stmt::EmptyStmt(_)) => {}
                Some(statement) => statements.push(one(text, node, &statement, schema)),
                None => problems.push(problem(text, start, "this is no statement")),
            },
            (None, Some(token)) => {
                let is_between = token.text().trim().is_empty()
                    || token.text() == ";"
                    || token.text().starts_with("--")
                    || token.text().starts_with("/*");
                if !is_between {
                    problems.push(problem(text, start, "this is outside of any statement"));
                }
            }
            (None, None) => {}
        }
    }
    if is_transactional {
        mark_held_locks(&mut statements);
    }
    Script {
        statements,
        problems,
    }
}

/// Whether a text has nothing but blanks, comments and semicolons.
pub fn is_blank(text: &str) -> bool {
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
    while !rest.is_empty() {
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if rest.starts_with("/*") {
            behind_comment(rest)
        } else {
            return false;
        };
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
    }
    true
}

/// Line and column, both from 1, of a place in a text.
pub fn position(text: &str, offset: usize) -> (u64, u64) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() as u64 + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    (line, before[start..].chars().count() as u64 + 1)
}

/// Behind a comment that may have others inside, as PostgreSQL allows.
fn behind_comment(text: &str) -> &str {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return &text[at..];
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    ""
}

fn one(text: &str, node: &SyntaxNode, statement: &Stmt, schema: &mut Schema) -> Statement {
    let is_code = |token: &squawk_syntax::SyntaxToken| {
        let text = token.text();
        !(text.trim().is_empty() || text.starts_with("--") || text.starts_with("/*"))
    };
    let mut tokens = node
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(is_code);
    let first = tokens.next();
    let last = tokens.last().or_else(|| first.clone());
    let start = first.map_or(node.text_range().start(), |token| {
        token.text_range().start()
    });
    let end = last.map_or(node.text_range().end(), |token| token.text_range().end());
    let (line, column) = position(text, usize::from(start));
    let code = text
        .get(usize::from(start)..usize::from(end))
        .unwrap_or_default();
    Statement {
        line,
        column,
        text: code.trim_end_matches(';').trim_end().to_owned(),
        changes: statement::changes(statement, schema),
        repeat: statement::repeat(statement),
    }
}

/// A lock is kept until the transaction ends: what takes long behind a strong one blocks as long
/// as the strong one would.
fn mark_held_locks(statements: &mut [Statement]) {
    let mut held: Option<(String, u64)> = None;
    for statement in statements {
        for change in &mut statement.changes {
            if let (Some((lock, line)), true, None) = (&held, change.is_long, &change.blocks) {
                let effect = format!("while the transaction keeps {lock} from line {line}");
                let advice = "put it into a file of its own behind this one";
                change.blocks = Some(Hazard {
                    effect,
                    advice: advice.into(),
                });
            }
            if held.is_none() {
                held = change.holds.clone().map(|lock| (lock, statement.line));
            }
        }
    }
}

fn problem(text: &str, offset: usize, message: &str) -> Problem {
    let (line, column) = position(text, offset);
    Problem {
        line,
        column,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
