//! Figures under each other.

use crate::receipt::Table;
use crate::report::plain::plain_line;

/// The table's lines, headings first; columns of figures are set to the right.
pub(super) fn lines(table: &Table) -> Vec<String> {
    let clean = |cells: &[String]| cells.iter().map(|cell| plain_line(cell)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&table.columns)
        .chain(&table.rows)
        .map(|row| clean(row))
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let layout: Vec<(usize, bool)> = (0..columns)
        .map(|column| {
            let width = widest(cells(column).map(String::as_str));
            (width, cells(column).skip(1).all(|cell| is_figure(cell)))
        })
        .collect();
    let aligned = |(cell, (width, is_right)): (&String, &(usize, bool))| {
        if *is_right {
            format!("{cell:>width$}")
        } else {
            format!("{cell:<width$}")
        }
    };
    rows.iter()
        .map(|row| {
            row.iter()
                .zip(&layout)
                .map(aligned)
                .collect::<Vec<_>>()
                .join("  ")
        })
        .collect()
}

/// The columns that the widest of them takes.
pub(super) fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// Whether the cell is a number with or without a unit: `12,480`, `0.12 %`, `840 ms`, or empty.
fn is_figure(cell: &str) -> bool {
    let number = cell.split(' ').next().unwrap_or_default().replace(',', "");
    let number = number.trim_end_matches(|c: char| c == '%' || c == 'x' || c.is_ascii_lowercase());
    cell.is_empty() || cell == "-" || number.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_are_figures_and_versions_are_words() {
        for cell in [
            "12,480", "0.12 %", "10%", "840 ms", "4 min", "1.25x", "-3", "", "-",
        ] {
            assert!(is_figure(cell), "{cell}");
        }
        for cell in ["1.1.0", "2026-11-21T10:00:00Z", "go on", "web"] {
            assert!(!is_figure(cell), "{cell}");
        }
    }

    #[test]
    fn a_row_with_other_cells_than_columns_is_still_shown() {
        let mut table = Table::new("t", &["a"]);
        table.row(["x".to_owned(), "y".to_owned()]);
        table.row([]);
        assert_eq!(lines(&table), ["a", "x  y", ""]);
    }
}
