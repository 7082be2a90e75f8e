//! How an object that is too large to hold is made: which of its bases are held whole all the same, and what it takes.
//!
//! A delta copies from anywhere in its base. What it copies is made from the base's first byte on, and made again when the delta
//! goes back, together with all that the base is a delta of. Deltas of large files mostly go forward; those that do not are
//! known by their instructions, before anything has been sent.

use git_core::pack::copies::Passes;

use crate::config::PlanLimits;

/// What is known of one of the entries that an object is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// Bytes of the delta, or of the whole object.
    pub(super) data_len: u64,
    /// Bytes of the object that it makes.
    pub(super) object_len: u64,
    /// How it goes through the next one, if it is a delta.
    pub(super) passes: Option<Passes>,
}

/// How it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// For each link whether it is made once and held.
    pub(super) is_held: Vec<bool>,
    /// Bytes of all that are held.
    pub(super) held_len: u64,
}

/// The plan for the links of an object, the whole one last; `None` when more would be made again than may be.
pub(super) fn plan(links: &[Link], limits: &PlanLimits) -> Option<Plan> {
    let mut plan = Plan { is_held: vec![false; links.len()], held_len: 0 };
    while again(links, &plan.is_held) > limits.again_free {
        let room = limits.held_max - plan.held_len;
        // The object itself is sent as it is made.
        let fitting = links.iter().enumerate().skip(1).filter(|(_, link)| link.object_len <= room);
        let candidates = fitting.filter(|&(at, _)| plan.is_held.get(at) == Some(&false)).map(|(at, link)| {
            let is_held: Vec<_> = plan.is_held.iter().enumerate().map(|(n, is_held)| *is_held || n == at).collect();
            (again(links, &is_held), Plan { is_held, held_len: plan.held_len + link.object_len })
        });
        match candidates.min_by_key(|(again, _)| *again) {
            Some((less, better)) if less < again(links, &plan.is_held) => plan = better,
            _ => break,
        }
    }
    (again(links, &plan.is_held) <= limits.again_max).then_some(plan)
}

/// Bytes that are made beyond what it takes to make each link once.
fn again(links: &[Link], is_held: &[bool]) -> u64 {
    let once: u64 = links.iter().map(Link::made_len).fold(0, u64::saturating_add);
    // What the link below takes, made from its first byte to its last, and whether it is whole and how it is come by.
    let (mut all, mut below) = (0u64, None);
    for (link, is_held) in links.iter().zip(is_held).rev() {
        let base = match (link.passes, below) {
            (Some(_), Some(Below { is_held: true, .. })) | (None, _) | (_, None) => 0,
            (Some(passes), Some(Below { is_whole: true, .. })) => passes.len,
            (Some(passes), Some(Below { pass, .. })) => passes.n.saturating_mul(pass),
        };
        let pass = link.made_len().saturating_add(base);
        if *is_held {
            all = all.saturating_add(pass);
        }
        below = Some(Below { pass, is_whole: link.passes.is_none(), is_held: *is_held });
    }
    let top = below.map_or(0, |top| top.pass);
    all.saturating_add(top).saturating_sub(once)
}

#[derive(Clone, Copy)]
struct Below {
    pass: u64,
    is_whole: bool,
    is_held: bool,
}

impl Link {
    /// Bytes that one pass makes: what is inflated, and what a delta copies.
    fn made_len(&self) -> u64 {
        if self.passes.is_some() { self.data_len.saturating_add(self.object_len) } else { self.object_len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PlanLimits = PlanLimits { held_max: 100, again_max: 1000, again_free: 50 };

    fn whole(len: u64) -> Link {
        Link { data_len: len, object_len: len, passes: None }
    }

    fn delta(object_len: u64, n: u64, len: u64) -> Link {
        Link { data_len: 5, object_len, passes: Some(Passes { n, len }) }
    }

    fn held(links: &[Link]) -> Option<Vec<bool>> {
        plan(links, &LIMITS).map(|plan| plan.is_held)
    }

    #[test]
    fn what_goes_forward_is_made_of_anything_of_any_length() {
        assert_eq!(held(&[whole(1 << 40)]), Some(vec![false]));
        assert_eq!(held(&[delta(1 << 40, 1, 1 << 40), whole(1 << 40)]), Some(vec![false, false]));
        let links = [delta(1 << 40, 1, 1 << 40), delta(1 << 40, 1, 1 << 40), whole(1 << 40)];
        assert_eq!(held(&links), Some(vec![false; 3]));
    }

    #[test]
    fn a_base_is_held_when_much_of_it_would_be_made_again() {
        assert_eq!(held(&[delta(100, 2, 150), whole(100)]), Some(vec![false, false]));
        let links = [delta(100, 40, 2000), whole(100)];
        assert_eq!(plan(&links, &LIMITS), Some(Plan { is_held: vec![false, true], held_len: 100 }));
    }

    #[test]
    fn what_cannot_be_held_is_made_again_up_to_a_bound() {
        assert_eq!(held(&[delta(101, 11, 1101), whole(101)]), Some(vec![false, false]));
        assert_eq!(held(&[delta(101, 11, 1102), whole(101)]), None);
    }

    #[test]
    fn of_several_that_are_made_again_those_are_held_that_save_most() {
        // Each goes twice through the next. To hold the middle one keeps the lowest from being made often, and the highest.
        let links = [delta(60, 2, 90), delta(60, 2, 90), delta(60, 2, 90), whole(60)];
        assert_eq!(held(&links), Some(vec![false, false, true, false]));
        let links = [delta(60, 2, 90), delta(60, 2, 90), delta(40, 2, 60), whole(60)];
        assert_eq!(plan(&links, &LIMITS), Some(Plan { is_held: vec![false, true, true, false], held_len: 100 }));
    }

    #[test]
    fn numbers_without_end_come_to_one() {
        let links = [delta(1 << 40, u64::MAX, u64::MAX), delta(1 << 40, u64::MAX, u64::MAX), whole(1 << 40)];
        assert_eq!(held(&links), None);
    }
}
