//! Imports that would go on for ever come to an end, and say why.

use super::*;
use crate::config::{IMPORT_DOWNLOADS_MAX, IMPORT_REFS_MAX};
use crate::maintenance::{self, Tools};
use crate::objects::UPLOAD_GRACE_MS;

fn tools<'a, R>(importer: &'a Importer, remote: &'a R) -> Tools<'a, MemoryPacks, R> {
    Tools { store: &importer.store, remote, limits: Limits { repo_storage_max: 1 << 40, patience_ms: 1 } }
}

#[test]
fn an_import_whose_packs_lapse_before_they_are_taken_in_ends() {
    let work = upstream("import-lapses");
    let n_packs = Cell::new(0);
    let remote = MemoryRemote::new(100_000, |request| {
        n_packs.set(n_packs.get() + u64::from(is_fetch(request)));
        Ok(backend(&work, request))
    });
    let importer = Importer::new();
    let server = importer.begin(&remote, wanted(None, None, false)).unwrap();
    let mut n_steps = 0;
    while importer.step(&server, &remote, 1 << 40).unwrap() != Step::Over {
        importer.objects.wait(UPLOAD_GRACE_MS);
        n_steps += 1;
        assert!(n_steps < 10, "{n_packs:?} packs have come");
    }
    assert_eq!(n_packs.get(), IMPORT_DOWNLOADS_MAX);
    assert!(importer.failure().contains("it is not complete"), "{}", importer.failure());
}

#[test]
fn an_import_that_is_killed_for_as_long_as_its_pack_is_there_ends() {
    let work = upstream("import-killed-for-long");
    let remote = MemoryRemote::new(100_000, |request| Ok(backend(&work, request)));
    let importer = Importer::new();
    importer.begin(&remote, wanted(None, None, false)).unwrap();
    let db = importer.objects.maintenance_database(&names().0, &names().1);
    let tools = tools(&importer, &remote);
    let mut n_attempts = 0;
    while let Some(at) = db.take_alarm() {
        importer.objects.wait(at.saturating_sub(importer.objects.now()));
        let job = maintenance::take(&*db, importer.objects.now()).unwrap().unwrap();
        n_attempts += 1;
        assert!(n_attempts < 100);
        // Each pack comes, and every step that takes it in is killed until it has lapsed.
        if n_attempts % 8 == 1 {
            let now = || importer.objects.now();
            block_on(maintenance::perform(&*db, &*importer.objects, &tools, job, now)).unwrap();
        } else {
            importer.objects.wait(UPLOAD_GRACE_MS / 6);
        }
    }
    assert!(importer.failure().contains("it is not complete"), "{}", importer.failure());
}

#[test]
fn a_server_that_is_never_silent_and_never_done_is_given_up_whichever_question_it_answers() {
    let work = upstream("import-drips");
    let is_slow = Cell::new(false);
    let remote = MemoryRemote::new(10, |request| {
        Ok(MemoryAnswer { stalls: is_slow.get() && request.body.is_some(), ..backend(&work, request) })
    });
    let importer = Importer::new();
    let server = importer.begin(&remote, wanted(None, None, false)).unwrap();
    is_slow.set(true);
    let steps: Vec<_> = (0..4).map(|_| importer.step(&server, &remote, 1 << 40).unwrap()).collect();
    assert_eq!(steps, [Step::Again, Step::Again, Step::Again, Step::Over]);
    assert_eq!(importer.failure(), "the remote took longer than 120 seconds to tell its refs");
}

#[test]
fn a_server_of_old_that_tells_of_too_many_refs_is_refused_before_it_is_done() {
    let mut body = Vec::new();
    for n in 0..=IMPORT_REFS_MAX {
        write_line(&mut body, &[format!("{} refs/pull/{n}/head", "1".repeat(40)).as_bytes()]);
    }
    let remote = MemoryRemote::new(1 << 20, |_| Ok(MemoryAnswer { stalls: true, ..MemoryAnswer::ok(body.clone()) }));
    match Importer::new().begin(&remote, wanted(None, None, false)).map(drop) {
        Err(Error::Import(ImportFault::Unsound(what))) => assert!(what.contains("131072"), "{what}"),
        other => panic!("{other:?}"),
    }
}
