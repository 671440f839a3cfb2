use std::io::Write as _;
use std::sync::atomic::AtomicU64;

use seaworthy_model::{Package, PackageType};

use super::*;
use crate::tar::tests::tar;
use crate::{AnalyzeError, Content, Facts, FileMeta, StreamAnalyzer, owned_path_hash};

/// Reads files `*.pkg` of lines `NAME VERSION`; `!own PATH` owns a path, `!bad` is damage,
/// and `*.list` are databases.
struct Lines;

impl Analyzer for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }
    fn version(&self) -> u32 {
        1
    }
    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.path.ends_with(".pkg") && file.is_executable()
    }
    fn max_size(&self) -> u64 {
        10_000
    }
    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        for line in std::str::from_utf8(content.bytes()?).unwrap().lines() {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("!own", path) => facts.owned.push(owned_path_hash(path)),
                ("!bad", _) => return Err(AnalyzeError::File("bad line".to_owned())),
                (name, version) => facts.packages.push(Package::new(
                    if file.path.starts_with("db") {
                        PackageType::Deb
                    } else {
                        PackageType::Npm
                    },
                    name,
                    version,
                    file.path,
                )),
            }
        }
        Ok(())
    }
    fn stream(&self, file: &FileMeta<'_>) -> Option<Box<dyn StreamAnalyzer>> {
        file.path
            .contains("stream")
            .then(|| Box::new(Count(0)) as Box<dyn StreamAnalyzer>)
    }
}

struct Count(usize);

impl StreamAnalyzer for Count {
    fn push(&mut self, chunk: &[u8]) {
        self.0 += chunk.len();
    }
    fn finish(self: Box<Self>, facts: &mut Facts) -> Result<(), AnalyzeError> {
        facts.packages.push(Package::new(
            PackageType::Generic,
            "streamed",
            self.0.to_string(),
            "stream",
        ));
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Random,
    Stream,
    Gzip,
    Zstd,
    GzipOnDisk,
}

const WAYS: [Way; 5] = [
    Way::Random,
    Way::Stream,
    Way::Gzip,
    Way::Zstd,
    Way::GzipOnDisk,
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn serve(tar: &[u8], way: Way) -> LayerBytes {
    match way {
        Way::Random => LayerBytes::Random(Box::new(tar.to_vec())),
        Way::Stream => LayerBytes::Stream(Box::new(io::Cursor::new(tar.to_vec()))),
        Way::Gzip => LayerBytes::Stream(Box::new(io::Cursor::new(gzip(tar)))),
        Way::Zstd => LayerBytes::Stream(Box::new(io::Cursor::new(
            zstd::stream::encode_all(tar, 1).unwrap(),
        ))),
        Way::GzipOnDisk => LayerBytes::Random(Box::new(gzip(tar))),
    }
}

fn run(layers: &[Vec<u8>], way: Way, options: &AnalysisOptions) -> Result<Merged, Error> {
    let requests: Vec<LayerRequest<'_>> = layers
        .iter()
        .map(|tar| LayerRequest {
            name: "sha256:layer",
            diff_id: "sha256:wrong",
            size: tar.len() as u64,
            unavailable: None,
        })
        .collect();
    analyze_image(
        &requests,
        &|index| Ok(serve(&layers[index], way)),
        &[Box::new(Lines)],
        options,
        &NoObserver,
    )
}

fn names(merged: &Merged) -> Vec<String> {
    merged
        .packages
        .iter()
        .map(|p| {
            format!(
                "{} {} {}@{}",
                p.name,
                p.version,
                p.evidence.path,
                p.evidence.layer.map_or("-".to_owned(), |l| l.to_string())
            )
        })
        .collect()
}

type File<'a> = (&'a str, u8, &'a [u8], &'a str);
/// What the case shows, the layers, the packages that remain.
type Case<'a> = (&'a str, &'a [&'a [File<'a>]], &'a [&'a str]);

#[test]
fn layers_merge_as_they_would_unpack() {
    let cases: &[Case<'_>] = &[
        (
            "a package stays with the layer that first installed it, an upgrade moves it",
            &[
                &[("db.pkg", b'0', b"libc 1\nzlib 1", "")],
                &[("db.pkg", b'0', b"libc 1\nzlib 2\ncurl 1", "")],
                &[("db.pkg", b'0', b"libc 1\nzlib 2\ncurl 1\nvim 9", "")],
            ],
            &[
                "curl 1 db.pkg@1",
                "libc 1 db.pkg@0",
                "vim 9 db.pkg@2",
                "zlib 2 db.pkg@1",
            ],
        ),
        (
            "removed and installed again belongs to the layer of the second time",
            &[
                &[("db.pkg", b'0', b"a 1", "")],
                &[("db.pkg", b'0', b"b 1", "")],
                &[("db.pkg", b'0', b"a 1", "")],
            ],
            &["a 1 db.pkg@2"],
        ),
        (
            "a whiteout deletes a file",
            &[
                &[
                    ("app/a.pkg", b'0', b"a 1", ""),
                    ("app/b.pkg", b'0', b"b 1", ""),
                ],
                &[("app/.wh.a.pkg", b'0', b"", "")],
            ],
            &["b 1 app/b.pkg@0"],
        ),
        (
            "a whiteout deletes a directory, not its name's neighbours",
            &[
                &[
                    ("app/x/a.pkg", b'0', b"a 1", ""),
                    ("app/x-y/b.pkg", b'0', b"b 1", ""),
                ],
                &[("app/.wh.x", b'0', b"", "")],
            ],
            &["b 1 app/x-y/b.pkg@0"],
        ),
        (
            "an opaque directory hides lower files and keeps its own layer's",
            &[
                &[("app/a.pkg", b'0', b"a 1", ""), ("b.pkg", b'0', b"b 1", "")],
                &[
                    ("app/c.pkg", b'0', b"c 1", ""),
                    ("app/.wh..wh..opq", b'0', b"", ""),
                ],
            ],
            &["b 1 b.pkg@0", "c 1 app/c.pkg@1"],
        ),
        (
            "a file that nobody wants replaces one that gave facts",
            &[
                &[("app/a.pkg", b'0', b"a 1", "")],
                &[("app/a.pkg", b'2', b"", "elsewhere")],
            ],
            &[],
        ),
        (
            "a symlink in place of a directory takes what was beneath",
            &[
                &[("app/x/a.pkg", b'0', b"a 1", "")],
                &[("app", b'2', b"", "srv")],
            ],
            &[],
        ),
        (
            "a directory entry replaces nothing",
            &[
                &[("app/x/a.pkg", b'0', b"a 1", "")],
                &[("app/x/", b'5', b"", "")],
            ],
            &["a 1 app/x/a.pkg@0"],
        ),
        (
            "the last of two entries in one layer counts",
            &[&[("a.pkg", b'0', b"a 1", ""), ("a.pkg", b'0', b"a 2", "")]],
            &["a 2 a.pkg@0"],
        ),
        (
            "a hard link keeps what its first name lost",
            &[
                &[("a.pkg", b'0', b"a 1", ""), ("b.pkg", b'1', b"", "a.pkg")],
                &[(".wh.a.pkg", b'0', b"", "")],
            ],
            &["a 1 b.pkg@0"],
        ),
        (
            "files of an OS package are not language findings",
            &[
                &[("usr/lib/node/a.pkg", b'0', b"a 1", "")],
                &[("db.pkg", b'0', b"node 1\n!own /lib/node/a.pkg", "")],
            ],
            &["node 1 db.pkg@1"],
        ),
        (
            "paths are cleaned",
            &[&[("./app//a.pkg", b'0', b"a 1", "")]],
            &["a 1 app/a.pkg@0"],
        ),
    ];
    for (what, layers, expected) in cases {
        let layers: Vec<Vec<u8>> = layers.iter().map(|files| tar(files)).collect();
        for way in WAYS {
            let merged = run(&layers, way, &AnalysisOptions::default()).unwrap();
            assert_eq!(names(&merged), *expected, "{what} ({way:?})");
        }
    }
}

#[test]
fn gaps_are_coverage() {
    let big = vec![b' '; 10_001];
    let layer = tar(&[
        ("a.pkg", b'0', b"a 1\n!bad", ""),
        ("../../escape.pkg", b'0', b"a 1", ""),
        ("big.pkg", b'0', &big, ""),
        ("stream.pkg", b'0', &big, ""),
        ("sparse.pkg", b'S', b"a 1", ""),
    ]);
    for way in WAYS {
        let merged = run(
            std::slice::from_ref(&layer),
            way,
            &AnalysisOptions::default(),
        )
        .unwrap();
        assert_eq!(names(&merged), ["a 1 a.pkg@0", "streamed 10001 stream@0"]);
        let mut gaps: Vec<_> = merged.coverage.iter().map(|c| c.subject.as_str()).collect();
        gaps.sort_unstable();
        assert_eq!(
            gaps,
            ["../../escape.pkg", "a.pkg", "big.pkg", "sparse.pkg"],
            "{way:?}"
        );
    }
}

#[test]
fn a_small_memory_ceiling_skips_instead_of_growing() {
    let layer = tar(&[
        ("a.pkg", b'0', b"package 1", ""),
        ("b.pkg", b'0', b"b 1", ""),
    ]);
    let options = AnalysisOptions {
        max_memory: 8,
        ..AnalysisOptions::default()
    };
    let merged = run(&[layer], Way::Gzip, &options).unwrap();
    assert_eq!(names(&merged), ["b 1 b.pkg@0"]);
    assert!(merged.coverage[0].detail.contains("--max-memory"));
}

#[test]
fn damaged_layers_are_errors_that_name_the_layer() {
    let good = tar(&[("a.pkg", b'0', &[b' '; 700], "")]);
    let cut = good[..900].to_vec();
    for way in WAYS {
        let error = run(
            &[good.clone(), cut.clone()],
            way,
            &AnalysisOptions::default(),
        )
        .unwrap_err()
        .to_string();
        assert!(error.starts_with("cannot read layer 1"), "{way:?}: {error}");
        assert!(error.contains("ends inside of `a.pkg`"), "{way:?}: {error}");
    }
    let mut bad_gzip = gzip(&good);
    bad_gzip.truncate(bad_gzip.len() - 10);
    let error = run(&[bad_gzip], Way::Stream, &AnalysisOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Layer { index: 0, .. }));
    let error = run(
        &[b"BZh91AY".to_vec()],
        Way::Stream,
        &AnalysisOptions::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("bzip2"), "{error}");
    assert!(
        run(
            &[vec![b'x'; 2000]],
            Way::Stream,
            &AnalysisOptions::default()
        )
        .is_err()
    );
}

#[test]
fn bombs_end_at_the_limits() {
    let options = AnalysisOptions {
        limits: Limits {
            entries: 3,
            expanded: 1 << 20,
            coverage: 2,
        },
        ..AnalysisOptions::default()
    };
    let many = tar(&[("a", b'0', b"".as_slice(), ""); 5]);
    for way in WAYS {
        let error = run(std::slice::from_ref(&many), way, &options).unwrap_err();
        assert!(error.to_string().contains("more than 3 entries"), "{error}");
    }
    let zeros = tar(&[("zeros", b'0', &vec![0; 2 << 20], "")]);
    let error = run(&[zeros], Way::Gzip, &options).unwrap_err();
    assert!(error.to_string().contains("expands to more"), "{error}");
    let escapes = tar(&[("../a", b'0', b"".as_slice(), ""); 3]);
    let merged = run(&[escapes], Way::Random, &options).unwrap();
    assert_eq!(merged.coverage.len(), 3);
    assert_eq!(merged.coverage[2].subject, "1 more");
}

#[test]
fn verify_reads_everything_and_compares() {
    let layer = tar(&[("a.pkg", b'0', b"a 1", "")]);
    let options = AnalysisOptions {
        verify: true,
        ..AnalysisOptions::default()
    };
    for way in WAYS {
        let error = run(std::slice::from_ref(&layer), way, &options).unwrap_err();
        let Error::DiffId { found, wanted, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(wanted, "sha256:wrong");
        let request = LayerRequest {
            name: "l",
            diff_id: &found,
            size: 0,
            unavailable: None,
        };
        let merged = analyze_image(
            &[request],
            &|_| Ok(serve(&layer, way)),
            &[Box::new(Lines)],
            &options,
            &NoObserver,
        );
        assert_eq!(names(&merged.unwrap()), ["a 1 a.pkg@0"]);
    }
}

#[test]
fn an_unavailable_layer_is_a_gap_and_progress_adds_up() {
    struct Sum(AtomicU64);
    impl Observer for Sum {
        fn layer_advanced(&self, _: usize, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }
    }
    let layer = tar(&[
        ("a.pkg", b'0', b"a 1", ""),
        ("rest", b'0', &vec![1; 3 << 20], ""),
    ]);
    let request = |unavailable| LayerRequest {
        name: "sha256:x",
        diff_id: "",
        size: 1,
        unavailable,
    };
    let sum = Sum(AtomicU64::new(0));
    let merged = analyze_image(
        &[request(Some("non-distributable")), request(None)],
        &|_| Ok(serve(&layer, Way::Stream)),
        &[Box::new(Lines)],
        &AnalysisOptions::default(),
        &sum,
    )
    .unwrap();
    assert_eq!(merged.coverage[0].kind, CoverageKind::SkippedLayer);
    assert_eq!(names(&merged), ["a 1 a.pkg@1"]);
    assert_eq!(sum.0.into_inner(), layer.len() as u64);
}
