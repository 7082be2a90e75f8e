//! What makes one tree of another: entries that are kept, left out and put in, from the first to the last.

use super::TreeItem;

/// Changes to the entries of a tree. What stands behind the last of them is kept.
///
/// As numbers, each change begins with how many items are kept before it, doubled. One more than that: the next item names
/// another object, which follows. Else how many items are left out, how many put in, and those.
#[derive(Default)]
pub(crate) struct Edit {
    numbers: Vec<u32>,
    n_kept: u32,
    n_left_out: u32,
    put_in: Vec<TreeItem>,
}

impl Edit {
    pub(crate) fn clear(&mut self) {
        self.numbers.clear();
        self.put_in.clear();
        (self.n_kept, self.n_left_out) = (0, 0);
    }

    /// The next item of the base is kept.
    pub(crate) fn keep(&mut self) {
        self.end_change();
        self.n_kept += 1;
    }

    /// The next item of the base is left out.
    pub(crate) fn leave_out(&mut self) {
        self.n_left_out += 1;
    }

    /// This item comes next.
    pub(crate) fn put_in(&mut self, item: TreeItem) {
        self.put_in.push(item);
    }

    /// The next item of the base names this object instead of its own. Most changes are such.
    pub(crate) fn replace(&mut self, item: TreeItem) {
        self.end_change();
        self.numbers.extend([2 * self.n_kept + 1, small(item)]);
        self.n_kept = 0;
    }

    fn end_change(&mut self) {
        if self.n_left_out > 0 || !self.put_in.is_empty() {
            let n_put_in = u32::try_from(self.put_in.len()).unwrap_or(u32::MAX);
            self.numbers.extend([2 * self.n_kept, self.n_left_out, n_put_in]);
            self.numbers.extend(self.put_in.drain(..).flat_map(|item| [item.name, small(item)]));
            (self.n_kept, self.n_left_out) = (0, 0);
        }
    }

    /// The whole of it as numbers, small ones for the most part.
    pub(super) fn finish(&mut self) -> &[u32] {
        self.end_change();
        &self.numbers
    }
}

/// The bit for a tree goes last, so that small numbers stay small.
fn small(item: TreeItem) -> u32 {
    item.object.rotate_left(1)
}

/// The items that the edit of these numbers makes of `base`.
pub(super) fn apply(base: &[TreeItem], mut numbers: impl Iterator<Item = u32>) -> Vec<TreeItem> {
    let (mut items, mut rest) = (Vec::with_capacity(base.len()), base);
    while let (Some(first), Some(second)) = (numbers.next(), numbers.next()) {
        let (kept, tail) = rest.split_at_checked(first as usize / 2).unwrap_or((rest, &[]));
        items.extend_from_slice(kept);
        if first % 2 == 1 {
            let replaced = tail.first().map(|item| TreeItem { name: item.name, object: second.rotate_right(1) });
            items.extend(replaced);
            rest = tail.get(1..).unwrap_or_default();
            continue;
        }
        rest = tail.get(second as usize..).unwrap_or_default();
        for _ in 0..numbers.next().unwrap_or(0) {
            let (Some(name), Some(object)) = (numbers.next(), numbers.next()) else { break };
            items.push(TreeItem { name, object: object.rotate_right(1) });
        }
    }
    items.extend_from_slice(rest);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_makes_what_it_was_made_from() {
        let item = |n| TreeItem::new(n, n + 100, n % 2 == 0);
        let base: Vec<_> = (0..6).map(item).collect();
        let mut edit = Edit::default();
        let check = |edit: &mut Edit, expected: &[u32]| {
            let numbers = edit.finish().to_vec();
            let items = apply(&base, numbers.into_iter());
            assert_eq!(items, expected.iter().copied().map(item).collect::<Vec<_>>());
            edit.clear();
        };
        check(&mut edit, &[0, 1, 2, 3, 4, 5]);
        edit.put_in(item(9));
        edit.keep();
        edit.leave_out();
        edit.put_in(item(7));
        edit.leave_out();
        edit.keep();
        check(&mut edit, &[9, 0, 7, 3, 4, 5]);
        let other = TreeItem::new(1, 1 << 20, false);
        edit.keep();
        edit.replace(other);
        edit.replace(item(2));
        edit.leave_out();
        let items = apply(&base, edit.finish().to_vec().into_iter());
        assert_eq!(items, [item(0), other, item(2), item(4), item(5)]);
        edit.clear();
        (0..6).for_each(|_| edit.leave_out());
        check(&mut edit, &[]);
    }
}
