//! A growing list in pages of fixed size: it never copies what it holds and never doubles, so that memory follows content.

/// A list of `T` in pages of `PAGE` elements.
pub(crate) struct Paged<T, const PAGE: usize = 8192> {
    pages: Vec<Vec<T>>,
}

impl<T, const PAGE: usize> Default for Paged<T, PAGE> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T, const PAGE: usize> Paged<T, PAGE> {
    pub(crate) fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE + last.len())
    }

    pub(crate) fn push(&mut self, value: T) {
        match self.pages.last_mut() {
            Some(page) if page.len() < PAGE => page.push(value),
            _ => {
                let mut page = Vec::with_capacity(PAGE);
                page.push(value);
                self.pages.push(page);
            }
        }
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.pages.get(at / PAGE)?.get(at % PAGE)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.pages.get_mut(at / PAGE)?.get_mut(at % PAGE)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_their_place_across_pages() {
        let mut list = Paged::<usize, 4>::default();
        for n in 0..10 {
            assert_eq!(list.len(), n);
            list.push(n);
        }
        assert_eq!((list.get(3), list.get(4), list.get(9), list.get(10)), (Some(&3), Some(&4), Some(&9), None));
        *list.get_mut(5).unwrap() = 50;
        assert_eq!(list.iter().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 50, 6, 7, 8, 9]);
    }
}
