//! What a merge reads, in the order of the plan, however little may be held.

use futures_util::TryStreamExt;
use git_core::pack::merge;
use git_core::pack::select::Plan;

use super::*;
use crate::config::{GATHER_LIMITS, GatherLimits, OBJECT_RESIDENT_MAX};
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::compact::gather;
use crate::ops::upload_pack::stored_ranges;
use crate::store::bytes::Bytes;

/// Limits below which a few small pushes already take several sections, of several parts.
const NARROW: GatherLimits = GatherLimits { dealt_len: 4_000, section_len: 12_000, buffers_len: 6_000, n_jumps: 0 };

type Catalog<'a> = LoadedCatalog<'a, MemoryPacks>;

fn plan(catalog: &Catalog<'_>) -> Plan {
    merge::plan(&catalog.packs, &(0..catalog.packs.packs().len()), None, OBJECT_RESIDENT_MAX)
}

/// The bytes that the plan takes, each range read by itself.
fn planned(catalog: &Catalog<'_>, plan: &Plan) -> Vec<u8> {
    let ranges = stored_ranges(&catalog.packs, plan).map(Result::unwrap);
    ranges.flat_map(|(pack, range)| concat(&block_on(catalog.read(pack, range)).unwrap())).collect()
}

fn concat(pieces: &[Bytes]) -> Vec<u8> {
    pieces.iter().flat_map(Bytes::to_vec).collect()
}

/// The bytes that are gathered, and how many parts of them went to the store.
fn gathered(catalog: &Catalog<'_>, server: &Server, limits: GatherLimits) -> Result<(Vec<u8>, usize), Failure> {
    let gathered = block_on(gather(catalog, &*server.store, &plan(catalog), ("repo", "upload"), limits))?;
    let stretches: Vec<_> = block_on(gathered.stretches.try_collect())?;
    Ok((stretches.iter().flat_map(|(_, pieces)| concat(pieces)).collect(), gathered.part_keys.len()))
}

/// With the packs of a repo into which versions of the same few files, large enough for R2, were pushed one after the other.
fn with_scattered(name: &str, test: impl FnOnce(&Server, &Catalog<'_>)) {
    let (server, work) = (Server::new(&format!("repo-of-test-{name}")), Work::new(name));
    for step in 0..6_u8 {
        for file in 0..8 {
            std::fs::write(
                work.0.join(format!("file-{file}")),
                [text(file * 100 + usize::from(step)), hex::encode(noise(7, 30_000))].concat(),
            )
            .unwrap();
        }
        server.push(&work, &work.commit("large", noise(step.into(), 300_000))).unwrap();
    }
    let opened = server.open(View::Fetch);
    test(&server, &block_on(LoadedCatalog::load(&opened, &*server.store)).unwrap());
}

#[test]
fn what_is_gathered_is_what_was_planned() {
    with_scattered("gat", |server, catalog| {
        let planned = planned(catalog, &plan(catalog));
        let (all, n_parts) = gathered(catalog, server, NARROW).unwrap();
        assert!(n_parts > 3, "{n_parts} parts");
        assert!(all == planned, "{} bytes for {}", all.len(), planned.len());
        // In memory alone, and without anything dealt out.
        for limits in [GatherLimits { n_jumps: 0, ..GATHER_LIMITS }, GATHER_LIMITS] {
            assert!(gathered(catalog, server, limits).unwrap() == (planned.clone(), 0));
        }
    });
}

#[test]
fn the_packs_are_read_once_however_the_plan_jumps() {
    with_scattered("jum", |server, catalog| {
        let n_read = |limits| {
            server.store.n_read.set(0);
            let (all, _) = gathered(catalog, server, limits).unwrap();
            (server.store.n_read.get(), all.len())
        };
        let (n_bytes, len) = n_read(GatherLimits { n_jumps: 0, ..GATHER_LIMITS });
        assert!(n_bytes < len + len / 10, "{n_bytes} bytes read for {len}");
        let (n_bytes, len) = n_read(NARROW);
        assert!(n_bytes < 2 * len + len / 10, "{n_bytes} bytes read for {len}: what went to the store is read back");
    });
}

#[test]
fn a_store_that_fails_while_something_is_gathered_is_reported() {
    with_scattered("gaf", |server, catalog| {
        let mut n_failures = 0;
        for n in 0.. {
            server.store.fails_after.set(Some(n));
            let result = gathered(catalog, server, NARROW);
            server.store.fails_after.set(None);
            if result.is_ok() {
                break;
            }
            n_failures += 1;
        }
        assert!(n_failures > 10);
    });
}
