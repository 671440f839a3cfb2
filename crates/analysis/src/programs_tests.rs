use super::*;
use crate::tar::tests::header;
use crate::{
    AnalysisOptions, AnalyzeError, Analyzer, Content, Facts, FileMeta, LayerBytes, LayerRequest,
    NoObserver, analyze_image,
};

/// Looks for `pm` in folders `bin`, and for `pm.js` anywhere.
struct Finder;

impl Analyzer for Finder {
    fn name(&self) -> &'static str {
        "finder"
    }
    fn version(&self) -> u32 {
        1
    }
    fn wants(&self, _: &FileMeta<'_>) -> bool {
        false
    }
    fn programs(&self) -> Option<FindProgram> {
        Some(|folder, name| match name {
            "pm" if folder.ends_with("bin") => Some(Runs::Itself),
            "pm.js" => Some(Runs::ByInterpreter),
            _ => None,
        })
    }
    fn analyze(
        &self,
        _: &FileMeta<'_>,
        _: &mut Content<'_>,
        _: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        Ok(())
    }
}

/// Writes a layer of lines: `755 PATH`, `PATH -> TARGET`, `755 PATH = FIRST` for a hard link,
/// `empty PATH`, `PATH/` for a folder.
fn layer(lines: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut entry = |path: &str, kind, mode, link, content: &[u8]| {
        out.extend(header(path, kind, content.len() as u64, mode, link));
        out.extend(content);
        out.resize(out.len().next_multiple_of(512), 0);
    };
    for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if let Some((path, target)) = line.split_once(" -> ") {
            entry(path, b'2', 0o777, target, b"");
        } else if let Some(path) = line.strip_prefix("empty ") {
            entry(path, b'0', 0o755, "", b"");
        } else if line.ends_with('/') {
            entry(line, b'5', 0o755, "", b"");
        } else {
            let (mode, rest) = line.split_once(' ').unwrap();
            let mode = u32::from_str_radix(mode, 8).unwrap();
            match rest.split_once(" = ") {
                Some((path, first)) => entry(path, b'1', mode, first, b""),
                None => entry(rest, b'0', mode, "", b"x"),
            }
        }
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// The programs of an image of layers separated by `---`; a layer `missing` cannot be read.
fn programs(layers: &str) -> Option<Vec<String>> {
    let layers: Vec<&str> = layers.split("---").collect();
    let requests: Vec<LayerRequest<'_>> = layers
        .iter()
        .map(|lines| LayerRequest {
            name: "layer",
            diff_id: "",
            size: 1,
            unavailable: (lines.trim() == "missing").then_some("not there"),
        })
        .collect();
    let run = |streamed: bool| {
        let open = |at: usize| {
            let bytes = layer(layers[at]);
            Ok(if streamed {
                LayerBytes::Stream(Box::new(std::io::Cursor::new(bytes)))
            } else {
                LayerBytes::Random(Box::new(bytes))
            })
        };
        analyze_image(
            &requests,
            &open,
            &[Box::new(Finder)],
            &AnalysisOptions::default(),
            &NoObserver,
        )
        .unwrap()
        .programs
    };
    let programs = run(false);
    assert_eq!(programs, run(true));
    programs
}

fn check(cases: &[(&str, &str, &[&str])]) {
    for (what, layers, expected) in cases {
        let found = programs(layers).unwrap();
        assert_eq!(found, *expected, "{what}");
    }
}

#[test]
fn programs_are_found_where_they_can_run() {
    check(&[
        ("nothing", "755 usr/bin/ls", &[]),
        ("a program", "755 ./usr/bin/pm", &["usr/bin/pm"]),
        ("anybody may run it", "711 bin/pm", &["bin/pm"]),
        ("nobody may", "644 usr/bin/pm", &[]),
        ("emptied", "empty usr/bin/pm", &[]),
        ("a folder of that name", "usr/bin/pm/", &[]),
        ("elsewhere", "755 etc/cron.daily/pm", &[]),
        ("a script needs no mode", "644 lib/pm.js", &["lib/pm.js"]),
        (
            "two names of one file",
            "755 bin/a\n755 bin/pm = bin/a",
            &["bin/pm"],
        ),
        ("the last of a name", "755 bin/pm\nbin/pm -> nothing", &[]),
    ]);
}

#[test]
fn links_are_programs_where_they_lead_to_one() {
    check(&[
        ("beside it", "bin/pm -> pm-3\n755 bin/pm-3", &["bin/pm"]),
        (
            "relative",
            "usr/bin/pm -> ../lib/x/cli.js\n755 usr/lib/x/cli.js",
            &["usr/bin/pm"],
        ),
        (
            "absolute, from the image's root and not the host's",
            "bin/pm -> /opt/./x//cli\n755 opt/x/cli",
            &["bin/pm"],
        ),
        ("to nothing", "bin/pm -> gone", &[]),
        (
            "to what nobody may run",
            "bin/pm -> pm-3\n644 bin/pm-3",
            &[],
        ),
        ("to a folder", "bin/pm -> ../x\n755 x/y", &[]),
        ("through a file", "bin/pm -> ../x/y\n755 x", &[]),
        ("back from a file", "bin/pm -> ../x/../y\n755 x\n755 y", &[]),
        (
            "through others",
            "bin/pm -> /etc/alternatives/pm\netc/alternatives/pm -> /usr/bin/pm-3\n755 usr/bin/pm-3",
            &["bin/pm"],
        ),
        (
            "through links of folders",
            "usr/bin/pm -> /bin/pm-3\nbin -> usr/bin\n755 usr/bin/pm-3",
            &["usr/bin/pm"],
        ),
        (
            "beyond a link, `..` is the folder that it leads to",
            "bin/pm -> ../a/../cli\na -> b/c\nb/c/\n755 b/cli",
            &["bin/pm"],
        ),
        (
            "above the root is the root",
            "bin/pm -> ../../../../x\n755 x",
            &["bin/pm"],
        ),
        ("in a circle", "bin/pm -> pm2\nbin/pm2 -> pm", &[]),
        ("to itself", "bin/pm -> pm", &[]),
        ("to its own folder", "bin/pm -> .", &[]),
    ]);
}

#[test]
fn later_layers_delete_and_replace() {
    check(&[
        ("deleted", "755 bin/pm\n---\n644 bin/.wh.pm", &[]),
        (
            "deleted and back",
            "755 bin/pm\n---\n644 bin/.wh.pm\n---\n755 bin/pm",
            &["bin/pm"],
        ),
        (
            "deleted and back in one layer",
            "755 bin/pm\n---\n644 bin/.wh.pm\n755 bin/pm",
            &["bin/pm"],
        ),
        ("with its folder", "755 usr/bin/pm\n---\n644 .wh.usr", &[]),
        (
            "its folder hides what was there",
            "755 bin/pm\n755 x/bin/pm\n---\n644 bin/.wh..wh..opq\n755 bin/sh",
            &["x/bin/pm"],
        ),
        ("the root hides", "755 bin/pm\n---\n644 .wh..wh..opq", &[]),
        (
            "its folder became a link",
            "755 bin/pm\n---\nbin -> usr/bin",
            &[],
        ),
        ("made unusable", "755 bin/pm\n---\n644 bin/pm", &[]),
        ("emptied", "755 bin/pm\n---\nempty bin/pm", &[]),
        ("made usable", "644 bin/pm\n---\n755 bin/pm", &["bin/pm"]),
        (
            "the target of a link is deleted",
            "755 lib/pm\nbin/pm -> ../lib/pm\n---\n644 lib/.wh.pm",
            &[],
        ),
        (
            "the target comes later",
            "bin/pm -> ../lib/pm\n---\n755 lib/pm",
            &["bin/pm"],
        ),
        (
            "the link on the way is turned",
            "bin/pm -> /x/pm\nx -> a\n755 a/pm\n---\nx -> b",
            &[],
        ),
        (
            "a neighbour's name is not it",
            "755 bin/pm\n---\n644 bin/.wh.pm2\n644 .wh.bi",
            &["bin/pm"],
        ),
        (
            "the first name of a hard link is deleted",
            "755 bin/a\n755 bin/pm = bin/a\n---\n644 bin/.wh.a",
            &["bin/pm"],
        ),
    ]);
}

#[test]
fn names_of_busybox_are_not_the_programs_of_that_name() {
    check(&[
        ("a link", "755 bin/busybox\nbin/pm -> busybox", &[]),
        (
            "a static one",
            "755 bin/busybox.static\nbin/pm -> /bin/busybox.static",
            &[],
        ),
        (
            "a hard link",
            "755 bin/busybox\n755 bin/pm = bin/busybox",
            &[],
        ),
        (
            "hard links of another first name",
            "755 bin/[\n755 bin/busybox = bin/[\n755 bin/pm = bin/[",
            &[],
        ),
        (
            "the first name",
            "755 bin/pm\n755 bin/busybox = bin/pm",
            &[],
        ),
        (
            "a real one beside",
            "755 bin/busybox\n755 bin/pm",
            &["bin/pm"],
        ),
    ]);
}

#[test]
fn what_cannot_be_told_counts() {
    check(&[
        (
            "the target may be in a layer that is not there",
            "missing\n---\nbin/pm -> ../lib/pm",
            &["bin/pm"],
        ),
        ("nothing can be said of it", "missing---755 bin/sh", &[]),
    ]);
    assert_eq!(programs("missing"), None);
}

#[test]
fn hostile_layers_end_at_the_limits() {
    // Links of links: each name costs what the limit allows, all together end soon.
    let mut lines = String::new();
    for at in 0..60 {
        lines.push_str(&format!("l{at} -> l{}\n", at + 1));
    }
    lines.push_str("bin/pm -> ../l0\n755 l60\nx/bin/pm -> ../../l30\n");
    assert_eq!(programs(&lines).unwrap(), ["x/bin/pm"]);

    let mut programs = Programs::new(Finder.programs());
    for at in 0..=MAX_FOUND {
        programs.file(&format!("{at}/bin/pm"), 0o755, None);
    }
    for at in 0..70 {
        programs.link(&format!("{at}"), &"x".repeat(MAX_PATH));
        programs.link(&format!("{at}"), &"x".repeat(MAX_PATH + 1));
    }
    assert_eq!(programs.targets.len(), 70);
    programs.seal();
    let levels = [Level::new(programs, Vec::new(), &[], &[])];
    let (found, gaps) = Levels::programs(&levels);
    assert_eq!(found.unwrap().len(), MAX_FOUND);
    assert_eq!(gaps.len(), 1);

    // Work that has no end ends, and what was not told counts.
    let deep = "d/".repeat(2000);
    let mut programs = Programs::new(Finder.programs());
    for at in 0..200 {
        programs.link(&format!("{at}/bin/pm"), &deep);
    }
    programs.seal();
    let levels = [Level::new(programs, Vec::new(), &[], &[])];
    assert_eq!(Levels::programs(&levels).0.unwrap().len(), 200);
}

proptest::proptest! {
    #[test]
    fn no_names_panic(
        names in proptest::collection::vec(("[./a-c]{0,12}", "[./a-c]{0,12}", 0..4_u8), 0..20),
    ) {
        let mut programs = Programs::new(Some(|_, _| Some(Runs::Itself)));
        for (path, target, what) in &names {
            match what {
                0 => programs.link(path, target),
                1 => programs.file(path, 0o755, None),
                2 => programs.file(path, 0o755, Some(7)),
                _ => programs.file(path, 0o644, None),
            }
        }
        programs.seal();
        let paths: Vec<String> = names.into_iter().map(|(path, _, _)| path).collect();
        let hidden = Level::new(Programs::default(), Vec::new(), &paths, &paths);
        let levels = [Level::new(programs, Vec::new(), &[], &[]), hidden];
        let found = Levels::programs(&levels).0;
        proptest::prop_assert!(found.unwrap_or_default().is_empty());
        proptest::prop_assert!(Levels::programs(&levels[..1]).0.is_some());
    }
}
