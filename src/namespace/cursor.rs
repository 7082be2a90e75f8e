//! The cursor of a list of repos: opaque to callers, and good for the order that it was made in only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::call::{Direction, Position, Sort, SortKey};
use crate::durable::INTEGER_MAX;

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: Sort,
    direction: Direction,
    after: Position,
}

/// The cursor for what follows `after` in this order.
pub(crate) fn encode(sort: Sort, direction: Direction, after: &Position) -> String {
    let cursor = Cursor { sort, direction, after: after.clone() };
    // Plain structs of text and numbers always serialize.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
}

/// Where a cursor points, if it was made in this order.
pub(crate) fn decode(cursor: &str, sort: Sort, direction: Direction) -> Option<Position> {
    let cursor: Cursor = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let is_place = match cursor.after.key {
        SortKey::Name(_) => sort == Sort::Name,
        SortKey::Time(time) => sort != Sort::Name && time <= INTEGER_MAX,
    };
    (is_place && cursor.sort == sort && cursor.direction == direction).then_some(cursor.after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_in_its_order_only() {
        let orders = [
            (Sort::CreatedAt, Sort::UpdatedAt, SortKey::Time(1_760_000_000_000)),
            (Sort::Name, Sort::CreatedAt, SortKey::Name("a.b".into())),
        ];
        for (sort, other, key) in orders {
            let after = Position { key, repo_id: "0123456789abcdef".into() };
            let cursor = encode(sort, Direction::Asc, &after);
            assert_eq!(decode(&cursor, sort, Direction::Asc), Some(after));
            assert_eq!(decode(&cursor, sort, Direction::Desc), None);
            assert_eq!(decode(&cursor, other, Direction::Asc), None);
        }
    }

    #[test]
    fn a_cursor_whose_place_is_none_of_its_order_leads_nowhere() {
        for (sort, key) in [
            (Sort::Name, SortKey::Time(1)),
            (Sort::CreatedAt, SortKey::Name("a".into())),
            (Sort::CreatedAt, SortKey::Time(INTEGER_MAX + 1)),
        ] {
            let cursor = encode(sort, Direction::Asc, &Position { key, repo_id: String::new() });
            assert_eq!(decode(&cursor, sort, Direction::Asc), None);
        }
    }

    #[test]
    fn what_is_no_cursor_leads_nowhere() {
        for other in ["", "x", "e30", "////"] {
            assert_eq!(decode(other, Sort::Name, Direction::Asc), None);
        }
    }
}
