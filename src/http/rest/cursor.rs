//! The cursor of a list of repos: opaque to callers, and good for the order that it was made in only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::namespace::call::{Direction, Position, Sort};

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: Sort,
    direction: Direction,
    after: Position,
}

/// The cursor for what follows `after` in this order.
pub(super) fn encode(sort: Sort, direction: Direction, after: &Position) -> String {
    let cursor = Cursor { sort, direction, after: after.clone() };
    // Plain structs of text and numbers always serialize.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
}

/// Where a cursor points, if it was made in this order.
pub(super) fn decode(cursor: &str, sort: Sort, direction: Direction) -> Option<Position> {
    let cursor: Cursor = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    (cursor.sort == sort && cursor.direction == direction).then_some(cursor.after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::namespace::call::SortKey;

    #[test]
    fn a_cursor_leads_back_to_its_place_in_its_order_only() {
        for key in [SortKey::Time(1_760_000_000_000), SortKey::Name("a.b".into())] {
            let after = Position { key, repo_id: "0123456789abcdef".into() };
            let cursor = encode(Sort::Name, Direction::Asc, &after);
            assert_eq!(decode(&cursor, Sort::Name, Direction::Asc), Some(after));
            assert_eq!(decode(&cursor, Sort::Name, Direction::Desc), None);
            assert_eq!(decode(&cursor, Sort::CreatedAt, Direction::Asc), None);
        }
    }

    #[test]
    fn what_is_no_cursor_leads_nowhere() {
        for other in ["", "x", "e30", "////"] {
            assert_eq!(decode(other, Sort::Name, Direction::Asc), None);
        }
    }
}
