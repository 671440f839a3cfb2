use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use seaworthy_vulndb::{Database, file_name};

use super::*;
use crate::testing::{NOW, PATIENCE, database, shard};

/// The marks of a database's shards: one and the same in a generation.
fn marks(root: &Path) -> BTreeSet<String> {
    let opened = Database::open_dir(root).unwrap();
    opened
        .keys()
        .filter_map(|key| opened.shard(key))
        .flat_map(|shard| {
            let row = shard.lookup("p0").next().unwrap();
            row.advisory().map(str::to_owned)
        })
        .collect()
}

fn next(directory: &Directory, shards: &[(&str, usize, &str)]) -> Committed {
    let lock = directory.lock(PATIENCE, "test", &|_| {}).unwrap();
    let stage = directory.stage(&lock).unwrap();
    for (key, rows, mark) in shards {
        write_atomically(&stage.path().join(file_name(key)), &shard(key, *rows, mark)).unwrap();
    }
    stage.commit_built(NOW, &|_| None).unwrap()
}

#[test]
fn generations_replace_each_other_and_one_is_kept_to_go_back_to() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let directory = database(root, &[("debian:12", 2, "one"), ("npm", 3, "one")], NOW);
    let first = directory.manifest().unwrap().unwrap();
    assert_eq!((first.generation, first.shards.len()), (1, 2));
    assert_eq!(first.entry("npm").unwrap().rows, 3);
    let done = next(&directory, &[("npm", 4, "two")]);
    assert!(done.changed);
    assert_eq!(done.manifest.generation, 2);
    assert_eq!(
        done.manifest.entry("debian:12"),
        first.entry("debian:12"),
        "what is not new stays"
    );
    assert_eq!(marks(root), ["one".to_owned(), "two".to_owned()].into());
    next(&directory, &[("npm", 5, "three")]);
    let generations = entries(&root.join(GENERATIONS)).unwrap();
    assert_eq!(generations.len(), 2, "{generations:?}");

    let lock = directory.lock(PATIENCE, "test", &|_| {}).unwrap();
    assert_eq!(directory.roll_back(&lock).unwrap().generation, 2);
    assert_eq!(marks(root), ["one".to_owned(), "two".to_owned()].into());
    let error = directory.roll_back(&lock).unwrap_err();
    assert!(matches!(error, Error::NoPrevious { .. }), "{error}");
    drop(lock);
    // Forward again, and numbers do not come twice.
    next(&directory, &[("npm", 6, "four")]);
    assert!(marks(root).contains("four"));
}

#[test]
fn nothing_is_replaced_when_nothing_changed() {
    let folder = tempfile::tempdir().unwrap();
    let directory = database(folder.path(), &[("npm", 3, "one")], NOW);
    let before = directory.manifest().unwrap().unwrap();
    let lock = directory.lock(PATIENCE, "test", &|_| {}).unwrap();
    let commit = |checked: &dyn Fn(&str) -> Option<String>| {
        let stage = directory.stage(&lock).unwrap();
        stage.commit_built("2027-01-01T00:00:00Z", checked).unwrap()
    };
    let same = commit(&|_| None);
    assert!(!same.changed);
    assert_eq!(same.manifest, before);
    // A day on which it was checked is noted without a new generation.
    let checked = commit(&|_| Some("2027-01-01".to_owned()));
    assert!(!checked.changed);
    assert_eq!(checked.manifest.generation, 1);
    let opened = Database::open_dir(folder.path()).unwrap();
    assert_eq!(opened.shard("npm").unwrap().meta().date(), "2027-01-01");
    assert_ne!(
        directory.manifest().unwrap().unwrap().digest(),
        before.digest()
    );
    assert_eq!(
        entries(&folder.path().join(GENERATIONS)).unwrap().len(),
        1,
        "the stages are gone"
    );
}

#[test]
fn a_plain_directory_of_shards_becomes_the_generation_before() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write_atomically(&root.join("npm.swdb"), &shard("npm", 3, "plain")).unwrap();
    write_atomically(&root.join("go.swdb"), &shard("go", 1, "plain")).unwrap();
    let directory = Directory::at(root);
    assert_eq!(directory.manifest().unwrap().unwrap().shards.len(), 2);
    next(&directory, &[("npm", 3, "new")]);
    assert_eq!(marks(root), ["new".to_owned(), "plain".to_owned()].into());
    assert!(!root.join("npm.swdb").exists());
    let lock = directory.lock(PATIENCE, "test", &|_| {}).unwrap();
    directory.roll_back(&lock).unwrap();
    assert_eq!(marks(root), ["plain".to_owned()].into());
}

#[test]
fn the_list_of_a_plain_directory_follows_its_shards() {
    let folder = tempfile::tempdir().unwrap();
    write_atomically(&folder.path().join("npm.swdb"), &shard("npm", 3, "a")).unwrap();
    let first = write_manifest(folder.path(), NOW).unwrap();
    let later = "2027-01-01T00:00:00Z";
    assert_eq!(write_manifest(folder.path(), later).unwrap(), first);
    write_atomically(&folder.path().join("npm.swdb"), &shard("npm", 3, "b")).unwrap();
    let second = write_manifest(folder.path(), later).unwrap();
    assert_eq!((second.generation, second.created.as_str()), (2, later));
    write_atomically(&folder.path().join("go.swdb"), b"SWDB cut").unwrap();
    let error = write_manifest(folder.path(), later)
        .unwrap_err()
        .to_string();
    assert!(error.contains("go.swdb"), "{error}");
}

#[test]
fn one_writes_and_the_other_waits_or_says_for_whom() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::at(&folder.path().join("new/db"));
    let lock = directory.lock(PATIENCE, "process 7", &|_| {}).unwrap();
    let error = directory.lock(Duration::ZERO, "me", &|_| {}).unwrap_err();
    assert!(error.to_string().contains("by process 7"), "{error}");
    let told = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            directory
                .lock(PATIENCE, "second", &|who| {
                    assert_eq!(who, "process 7");
                    told.fetch_add(1, Ordering::Relaxed);
                })
                .map(drop)
        });
        while told.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        drop(lock);
        assert!(waiter.join().unwrap().is_ok());
    });
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
fn what_a_dead_process_left_is_removed_and_never_read() {
    let folder = tempfile::tempdir().unwrap();
    let directory = database(folder.path(), &[("npm", 3, "one")], NOW);
    let left = folder.path().join(GENERATIONS).join(".new-dead");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("npm.swdb"), b"half").unwrap();
    assert_eq!(marks(folder.path()), ["one".to_owned()].into());
    next(&directory, &[("npm", 3, "two")]);
    assert!(!left.exists());
    // A stage with a damaged shard is not taken.
    let lock = directory.lock(PATIENCE, "test", &|_| {}).unwrap();
    let stage = directory.stage(&lock).unwrap();
    write_atomically(&stage.path().join("go.swdb"), b"SWDB half").unwrap();
    assert!(stage.commit_built(NOW, &|_| None).is_err());
    assert_eq!(marks(folder.path()), ["two".to_owned()].into());
}

#[test]
fn twenty_readers_see_one_generation_each_while_updates_replace_it() {
    let folder = tempfile::tempdir().unwrap();
    let keys = ["debian:11", "debian:12", "npm", "go", "pypi", "maven"];
    let shards = |mark: &'static str| keys.map(|key| (key, 20, mark));
    let directory = database(folder.path(), &shards("a"), NOW);
    let done = AtomicBool::new(false);
    let opened = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let database = Database::open_dir(folder.path()).unwrap();
                    assert_eq!(database.keys().count(), keys.len());
                    let marks: BTreeSet<String> = keys
                        .iter()
                        .flat_map(|key| database.shard(key).unwrap().lookup("p7"))
                        .map(|row| row.advisory().unwrap().to_owned())
                        .collect();
                    assert_eq!(marks.len(), 1, "of two generations: {marks:?}");
                    opened.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for mark in ["b", "c", "d", "e"].into_iter().cycle().take(24) {
            next(&directory, &shards(mark));
        }
        while opened.load(Ordering::Relaxed) < 200 {
            std::thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
    });
}
