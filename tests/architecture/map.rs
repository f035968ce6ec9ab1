//! The table of rooms in ARCHITECTURE.md against the folders of `src/`.

use crate::rooms;
use crate::violation::Violation;

/// The rooms that are only on the map, only a folder, or not in the table of imports.
pub fn violations(map: &str, folders: &[String]) -> Vec<Violation> {
    let listed = listed(map);
    let mut violations = vec![];
    for (room, line) in &listed {
        if !folders.contains(room) {
            let remedy = format!("add the folder `src/{room}`, or take the row out");
            violations.push(violation(*line, format!("`{room}` is no folder of src/"), remedy));
        }
    }
    for folder in folders {
        if !listed.iter().any(|(room, _)| room == folder) {
            let remedy = format!("add a row that starts with | `{folder}` |");
            violations.push(violation(1, format!("`src/{folder}` is not in the table"), remedy));
        }
        if rooms::imports(folder).is_none() {
            let remedy = "say in tests/architecture/rooms.rs what it may import".to_owned();
            violations.push(violation(
                1,
                format!("`src/{folder}` has no row in the table of imports"),
                remedy,
            ));
        }
    }
    violations
}

/// The rooms and their lines: of every table whose first column is called `room`, the names in
/// backticks in that column.
fn listed(map: &str) -> Vec<(String, usize)> {
    let mut rooms = vec![];
    let mut column: Option<&str> = None;
    for (at, line) in map.lines().enumerate() {
        let cell = line.trim().strip_prefix('|').and_then(|row| row.split('|').next()).map(str::trim);
        // The first row of a table names its columns.
        column = cell.map(|cell| column.unwrap_or(cell));
        let name = cell.and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
        if let (Some(column), Some(name)) = (column, name)
            && column.eq_ignore_ascii_case("room")
        {
            rooms.push((name.trim_end_matches('/').to_owned(), at + 1));
        }
    }
    rooms
}

fn violation(line: usize, found: String, remedy: String) -> Violation {
    Violation { file: "ARCHITECTURE.md".to_owned(), line, rule: "map", found, remedy }
}

#[cfg(test)]
mod tests {
    use crate::map;

    #[track_caller]
    fn check(map: &str, folders: &[&str], want: &[&str]) {
        let folders: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
        let found: Vec<String> =
            map::violations(map, &folders).into_iter().map(|violation| violation.found).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn a_room_is_on_the_map_and_a_folder() {
        let map = "| room | what |\n|---|---|\n| `units` | amounts, `Nanos` |\n| `ttf` | the tax |\n";
        check(map, &["units", "ttf"], &[]);
        check(map, &["units"], &["`ttf` is no folder of src/"]);
        check(map, &["units", "ttf", "ledger"], &["`src/ledger` is not in the table"]);
        check(
            "| word | meaning |\n|---|---|\n| `win` | told so |\n\n| Room |\n|---|\n| `units` |",
            &["units"],
            &[],
        );
        check("no table, but `units`", &["units"], &["`src/units` is not in the table"]);
    }

    #[test]
    fn a_room_without_imports_stated_is_refused() {
        check(
            "| room |\n|---|\n| `attic` |",
            &["attic"],
            &["`src/attic` has no row in the table of imports"],
        );
    }
}
