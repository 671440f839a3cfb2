//! Which files are read, and what their first bytes say about them.

use crate::assign::Values;
use crate::rules::Rules;
use crate::scan::Traits;

/// First bytes that tell a kind of file; a tar's own mark lies at 257.
pub(crate) const HEAD: usize = 512;

/// What a file is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Utf16 {
        big: bool,
    },
    /// No text, but strings may stand in it.
    Binary,
    Gzip,
    Zip,
    Tar,
    /// Nothing that a credential is written in.
    Skip,
}

/// First bytes of formats that are not looked into.
const SKIPPED: &[&[u8]] = &[
    b"\x7fELF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"RIFF",
    b"OggS",
    b"ID3",
    b"fLaC",
    b"\x00\x00\x01\x00",
    b"wOFF",
    b"wOF2",
    b"\x00\x01\x00\x00\x00",
    b"OTTO",
    b"ttcf",
    b"true\x00",
    b"%PDF",
    b"\xfd7zXZ\x00",
    b"BZh",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x04\x22\x4d\x18",
    b"!<arch>",
    b"MZ",
    b"\xfe\xed\xfa",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\x00asm",
    b"\xde\x12\x04\x95",
    b"\x95\x04\x12\xde",
    b"TZif",
    b"\x1a\x01",
    b"\x1e\x02",
    b"BC\xc0\xde",
    b"\xed\xab\xee\xdb",
    b"\x1f\x9d",
    b"\x00\x00\x00\x1cftyp",
    b"\x00\x00\x00\x18ftyp",
    b"\x00\x00\x00\x20ftyp",
    b"\x1aE\xdf\xa3",
    b"\x93NUMPY",
    b"\x89HDF",
];

/// The kind of a file that begins with `head`.
pub(crate) fn of(path: &str, head: &[u8]) -> Kind {
    match head {
        [0xff, 0xfe, 0, 0, ..] => return Kind::Skip,
        [0xff, 0xfe, ..] => return Kind::Utf16 { big: false },
        [0xfe, 0xff, ..] => return Kind::Utf16 { big: true },
        [0x1f, 0x8b, 8, ..] => return Kind::Gzip,
        [b'P', b'K', 3, 4, ..] => return Kind::Zip,
        _ => {}
    }
    if head.get(257..262) == Some(b"ustar") {
        return Kind::Tar;
    }
    let binary = head.contains(&0);
    // `BM` and `MZ` may begin a text too.
    if SKIPPED
        .iter()
        .any(|magic| head.starts_with(magic) && (magic.len() > 2 || binary))
    {
        return Kind::Skip;
    }
    if binary || extension(path).is_some_and(|e| e == b"pyc") {
        Kind::Binary
    } else {
        Kind::Text
    }
}

/// What is known of a text by its path.
pub(crate) fn traits(path: &str, kind: Kind) -> Traits {
    Traits {
        binary: kind == Kind::Binary,
        config: is_config(path),
        values: Values::Words,
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The extension in small letters, when it is one of at most eight bytes.
fn extension(path: &str) -> Option<Extension> {
    let (stem, extension) = file_name(path).rsplit_once('.')?;
    if stem.is_empty() && extension.len() > 3 || extension.is_empty() || extension.len() > 8 {
        return None;
    }
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(extension.bytes()) {
        *to = from.to_ascii_lowercase();
    }
    Some(Extension {
        bytes,
        len: extension.len(),
    })
}

#[derive(Clone, Copy)]
struct Extension {
    bytes: [u8; 8],
    len: usize,
}

impl std::ops::Deref for Extension {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl PartialEq<[u8; 3]> for Extension {
    fn eq(&self, other: &[u8; 3]) -> bool {
        **self == other[..]
    }
}

impl PartialEq<&[u8; 3]> for Extension {
    fn eq(&self, other: &&[u8; 3]) -> bool {
        **self == other[..]
    }
}

/// Whether values stand without quotes in files of this name. Program texts are not configuration:
/// what stands there without quotes is an expression.
fn is_config(path: &str) -> bool {
    if path.starts_with(".env") || path.contains("/.env") {
        return true;
    }
    match extension(path).as_deref() {
        None => true,
        Some(e) => {
            matches!(
                e,
                b"env"
                    | b"yaml"
                    | b"yml"
                    | b"props"
                    | b"ini"
                    | b"conf"
                    | b"cfg"
                    | b"cnf"
                    | b"config"
                    | b"xml"
                    | b"sh"
                    | b"bash"
                    | b"zsh"
                    | b"profile"
                    | b"tfvars"
                    | b"service"
                    | b"txt"
                    | b"log"
                    | b"sql"
                    | b"list"
                    | b"md"
                    | b"rc"
                    | b"local"
                    | b"prod"
                    | b"dev"
                    | b"bak"
                    | b"old"
                    | b"orig"
                    | b"netrc"
                    | b"npmrc"
                    | b"pypirc"
                    | b"secret"
                    | b"creds"
                    | b"cred"
                    | b"tmpl"
                    | b"tpl"
                    | b"j2"
                    | b"hcl"
            ) || path.ends_with(".properties")
        }
    }
}

/// Extensions of what no credential is written in, or what is not looked into.
fn is_skipped_extension(extension: &[u8]) -> bool {
    matches!(
        extension,
        b"png"
            | b"jpg"
            | b"jpeg"
            | b"gif"
            | b"ico"
            | b"bmp"
            | b"webp"
            | b"tif"
            | b"tiff"
            | b"svg"
            | b"svgz"
            | b"woff"
            | b"woff2"
            | b"ttf"
            | b"otf"
            | b"eot"
            | b"ttc"
            | b"pfb"
            | b"afm"
            | b"mp3"
            | b"mp4"
            | b"ogg"
            | b"wav"
            | b"flac"
            | b"avi"
            | b"mov"
            | b"webm"
            | b"mkv"
            | b"so"
            | b"a"
            | b"o"
            | b"ko"
            | b"lo"
            | b"la"
            | b"dll"
            | b"exe"
            | b"dylib"
            | b"class"
            | b"wasm"
            | b"mo"
            | b"gmo"
            | b"po"
            | b"pot"
            | b"xz"
            | b"bz2"
            | b"zst"
            | b"lz4"
            | b"7z"
            | b"rar"
            | b"lzma"
            | b"deb"
            | b"rpm"
            | b"apk"
            | b"udeb"
            | b"pdf"
            | b"h"
            | b"hpp"
            | b"hxx"
            | b"inc"
            | b"pak"
            | b"dat"
            | b"md5sums"
            | b"whl"
            | b"gem"
            | b"crl"
            | b"cldr"
            | b"hyb"
            | b"icc"
            | b"xsd"
            | b"dtd"
            | b"css"
    )
}

/// Directories of a distribution that hold documentation, translations and headers.
const SKIPPED_DIRECTORIES: &[&str] = &[
    "usr/share/doc/",
    "usr/share/man/",
    "usr/share/info/",
    "usr/share/locale/",
    "usr/share/i18n/",
    "usr/share/zoneinfo/",
    "usr/share/terminfo/",
    "usr/share/icons/",
    "usr/share/fonts/",
    "usr/share/mime/",
    "usr/share/gtk-doc/",
    "usr/share/help/",
    "usr/share/licenses/",
    "usr/share/common-licenses/",
    "usr/share/lintian/",
    "usr/share/bug/",
    "usr/share/perl/",
    "usr/share/perl5/",
    "usr/share/vim/",
    "usr/share/emacs/",
    "usr/share/X11/",
    "usr/share/unicode/",
    "usr/share/javascript/",
    "usr/share/ca-certificates/",
    "usr/share/bash-completion/",
    "usr/share/zsh/",
    "usr/share/gcc/",
    "usr/share/gdb/",
    "usr/share/cmake",
    "usr/share/aclocal",
    "usr/include/",
    "usr/lib/locale/",
    "usr/lib/modules/",
    "lib/modules/",
    "usr/lib/firmware/",
    "lib/firmware/",
    "usr/lib/terminfo/",
    "lib/terminfo/",
    "etc/terminfo/",
    "usr/lib/gcc/",
    "usr/lib/debug/",
    "usr/lib/perl5/",
    "usr/src/linux",
    "var/lib/apt/lists/",
    "var/lib/dpkg/info/",
    "var/cache/",
    "var/lib/rpm/",
    "usr/lib/sysimage/rpm/",
    "lib/apk/db/",
    "usr/local/share/man/",
    "usr/local/share/doc/",
    "usr/local/include/",
    "usr/share/nodejs/npm/node_modules/",
    "usr/local/lib/node_modules/npm/",
    "usr/lib/node_modules/npm/",
    "opt/yarn-",
    "proc/",
    "sys/",
    "dev/",
];

/// Directories of installed dependencies: within them, tests and documentation hold made-up keys.
const DEPENDENCIES: &[&str] = &[
    "/node_modules/",
    "/site-packages/",
    "/dist-packages/",
    "/vendor/bundle/",
    "/gems/",
    "/pkg/mod/",
    "/python3",
    "/python2",
    "/ruby/",
    "/.cargo/registry/",
    "/vendor/github.com/",
    "/vendor/golang.org/",
];

/// Directories of tests and documentation.
const TESTS: &[&str] = &[
    "/test/",
    "/tests/",
    "/testing/",
    "/testdata/",
    "/__tests__/",
    "/spec/",
    "/specs/",
    "/fixtures/",
    "/fixture/",
    "/examples/",
    "/example/",
    "/docs/",
    "/doc/",
    "/man/",
    "/benchmarks/",
    "/locale/",
    "/locales/",
    "/i18n/",
];

/// Whether a file is looked at; asked for every file, so it looks at the path and size only.
pub(crate) fn is_read(rules: &Rules, path: &str, size: u64) -> bool {
    // The shortest credential and its name.
    if size < 10 {
        return false;
    }
    if rules.exclude.iter().any(|p| p.is_match(path.as_bytes())) || rules.allow.path(path) {
        return false;
    }
    if !rules.default_excludes {
        return true;
    }
    if extension(path).is_some_and(|e| is_skipped_extension(&e)) || is_versioned_library(path) {
        return false;
    }
    if SKIPPED_DIRECTORIES.iter().any(|dir| path.starts_with(dir)) {
        return false;
    }
    if is_standard_library(path) {
        return false;
    }
    !DEPENDENCIES.iter().any(|dir| {
        memchr::memmem::find(path.as_bytes(), dir.as_bytes()).is_some_and(|at| {
            let rest = &path[at + dir.len() - 1..];
            TESTS.iter().any(|test| rest.contains(test))
        })
    })
}

/// Python's own modules, whose documentation shows passwords; what is installed stands elsewhere.
fn is_standard_library(path: &str) -> bool {
    ["usr/lib/python3.", "usr/local/lib/python3."]
        .iter()
        .any(|dir| path.starts_with(dir))
        && !path.contains("-packages/")
}

/// `libssl.so.3`, `libz.so.1.2.13`.
fn is_versioned_library(path: &str) -> bool {
    file_name(path).split_once(".so.").is_some_and(|(_, rest)| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_first_bytes() {
        let check =
            |path: &str, head: &[u8], kind: Kind| assert_eq!(of(path, head), kind, "{path}");
        check("a", b"hello", Kind::Text);
        check("a", b"BMW=1", Kind::Text);
        check("a", b"\x7fELF\x02\x01", Kind::Skip);
        check("a", b"\xff\xfea\0", Kind::Utf16 { big: false });
        check("a", b"\xfe\xff\0a", Kind::Utf16 { big: true });
        check("a", b"\x1f\x8b\x08\0", Kind::Gzip);
        check("a", b"PK\x03\x04", Kind::Zip);
        check("a.pyc", b"\xcb\x0d\x0d\x0a", Kind::Binary);
        check("a", b"ab\0cd", Kind::Binary);
        check("a", b"", Kind::Text);
        let mut tar = [0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        check("a", &tar, Kind::Tar);
    }

    #[test]
    fn paths_that_are_read() {
        let rules = Rules::with_file(
            "own.yaml",
            "exclude: [srv/logs/**]\nallow: {paths: ['*.sample']}\n",
        )
        .unwrap();
        let check =
            |path: &str, expected: bool| assert_eq!(is_read(&rules, path, 100), expected, "{path}");
        check("app/.env", true);
        check("app/test/settings.py", true);
        check("usr/share/nginx/html/config.js", true);
        check("usr/share/doc/x/readme", false);
        check("app/logo.PNG", false);
        check("usr/lib/x86_64-linux-gnu/libssl.so.3", false);
        check("usr/lib/python3/dist-packages/x/tests/key.pem", false);
        check("usr/lib/python3/dist-packages/x/key.pem", true);
        check("usr/lib/python3.11/urllib/request.py", false);
        check("usr/lib/python3.11/site-packages/x/y.py", true);
        check("app/node_modules/x/test/fixtures/k.pem", false);
        check("srv/logs/a", false);
        check("a/env.sample", false);
        assert!(!is_read(&rules, "app/.env", 3));
        let all = Rules::with_file("own.yaml", "default-excludes: false\n").unwrap();
        assert!(is_read(&all, "usr/share/doc/x/readme", 100));
    }

    #[test]
    fn configuration_by_name() {
        for (path, expected) in [
            ("app/.env", true),
            ("app/.env.production", true),
            ("a/b.yaml", true),
            ("a.properties", true),
            ("root/.netrc", true),
            ("Dockerfile", true),
            ("a.py", false),
            ("b.js", false),
            ("c.go", false),
        ] {
            assert_eq!(is_config(path), expected, "{path}");
        }
    }
}
