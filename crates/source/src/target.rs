use std::fmt;
use std::path::{Path, PathBuf};

use seaworthy_oci::Reference;

use crate::Error;

/// What the user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetRef {
    /// An image in a registry: `registry:REF`, or a bare reference.
    Registry(Reference),
    /// An image that Docker's daemon holds: `docker:REF`.
    Docker(String),
    /// An image that Podman holds: `podman:REF`.
    Podman(String),
    /// What `docker save` writes: `docker-archive:FILE`.
    DockerArchive(PathBuf),
    /// A tar of an OCI layout: `oci-archive:FILE`.
    OciArchive(PathBuf),
    /// An OCI layout: `oci-dir:DIR[:TAG]`.
    OciDir {
        /// Its directory.
        path: PathBuf,
        /// Which of several images.
        tag: Option<String>,
    },
    /// A root file system: `rootfs:DIR`.
    Rootfs(PathBuf),
    /// A directory of sources: `dir:DIR`.
    Dir(PathBuf),
    /// A bill of materials: `sbom:FILE`.
    Sbom(PathBuf),
}

const SCHEMES: &str =
    "registry:, docker:, podman:, docker-archive:, oci-archive:, oci-dir:, rootfs:, dir:, sbom:";

impl TargetRef {
    /// Reads a target as users write it. A bare path is recognised by what lies there; everything
    /// else is an image in a registry.
    ///
    /// # Errors
    /// When it is neither, or is there and cannot be told what it is.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::usage("target", "is empty")
                .with_hint(format!("name an image, a path, or one of {SCHEMES}")));
        }
        if let Some((scheme, rest)) = text.split_once(':')
            && let Some(target) = Self::of_scheme(scheme, rest)
        {
            return target;
        }
        let path = Path::new(text);
        if path.exists() {
            return Self::recognise(path);
        }
        // `DIR:TAG` of a layout, as skopeo writes it.
        if let Some((dir, tag)) = text.rsplit_once(':')
            && Path::new(dir).join("oci-layout").is_file()
        {
            return Ok(Self::OciDir {
                path: dir.into(),
                tag: Some(tag.to_owned()),
            });
        }
        let looks_like_path = text.starts_with(['/', '.', '~']) || text.ends_with(".tar");
        if looks_like_path {
            return Err(Error::target(text, "no such file or directory"));
        }
        text.parse()
            .map(Self::Registry)
            .map_err(|e| Error::usage(text, e.to_string()).with_hint(format!("targets: {SCHEMES}")))
    }

    fn of_scheme(scheme: &str, rest: &str) -> Option<Result<Self, Error>> {
        let path = || {
            if rest.is_empty() {
                Err(Error::usage(scheme, "names no path"))
            } else {
                Ok(PathBuf::from(rest))
            }
        };
        let name = || {
            rest.parse::<Reference>()
                .map(|_| rest.to_owned())
                .map_err(|e| Error::usage(rest, e.to_string()))
        };
        Some(match scheme {
            "registry" => rest
                .parse()
                .map(Self::Registry)
                .map_err(|e| Error::usage(rest, e.to_string())),
            "docker" => name().map(Self::Docker),
            "podman" => name().map(Self::Podman),
            "docker-archive" => path().map(Self::DockerArchive),
            "oci-archive" => path().map(Self::OciArchive),
            "oci-dir" => path().map(|path| {
                // A tag has no slash; a path with a colon in it that is there wins.
                match rest.rsplit_once(':') {
                    Some((dir, tag)) if !tag.contains('/') && !path.is_dir() => Self::OciDir {
                        path: dir.into(),
                        tag: Some(tag.to_owned()),
                    },
                    _ => Self::OciDir { path, tag: None },
                }
            }),
            "rootfs" => path().map(Self::Rootfs),
            "dir" => path().map(Self::Dir),
            "sbom" => path().map(Self::Sbom),
            _ => return None,
        })
    }

    /// Tells by its content what lies at a path.
    fn recognise(path: &Path) -> Result<Self, Error> {
        let owned = path.to_owned();
        if path.is_dir() {
            let layout = path.join("oci-layout").is_file() || path.join("index.json").is_file();
            if layout {
                return Ok(Self::OciDir {
                    path: owned,
                    tag: None,
                });
            }
            let root = [
                "etc/os-release",
                "usr/lib/os-release",
                "lib/apk/db",
                "var/lib/dpkg",
            ]
            .iter()
            .any(|inner| path.join(inner).exists());
            return Ok(if root {
                Self::Rootfs(owned)
            } else {
                Self::Dir(owned)
            });
        }
        match crate::archive::kind(path)? {
            crate::archive::Kind::Docker => Ok(Self::DockerArchive(owned)),
            crate::archive::Kind::Oci => Ok(Self::OciArchive(owned)),
            crate::archive::Kind::Json => Ok(Self::Sbom(owned)),
            crate::archive::Kind::Other => Err(Error::usage(
                crate::error::shown(path),
                "is neither an image archive nor a bill of materials",
            )
            .with_hint(format!("say what it is with one of {SCHEMES}"))),
        }
    }
}

/// As it is written with its scheme.
impl fmt::Display for TargetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => write!(f, "registry:{reference}"),
            Self::Docker(name) => write!(f, "docker:{name}"),
            Self::Podman(name) => write!(f, "podman:{name}"),
            Self::DockerArchive(path) => write!(f, "docker-archive:{}", path.display()),
            Self::OciArchive(path) => write!(f, "oci-archive:{}", path.display()),
            Self::OciDir { path, tag: None } => write!(f, "oci-dir:{}", path.display()),
            Self::OciDir {
                path,
                tag: Some(tag),
            } => write!(f, "oci-dir:{}:{tag}", path.display()),
            Self::Rootfs(path) => write!(f, "rootfs:{}", path.display()),
            Self::Dir(path) => write!(f, "dir:{}", path.display()),
            Self::Sbom(path) => write!(f, "sbom:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_say_what_a_target_is() {
        for text in [
            "registry:example.com:5000/shop/web:1.8",
            "docker:web:1.8",
            "podman:localhost/web",
            "docker-archive:web.tar",
            "oci-archive:/tmp/web.tar",
            "oci-dir:image",
            "oci-dir:image:1.8",
            "rootfs:/",
            "dir:src",
            "sbom:web.json",
        ] {
            assert_eq!(TargetRef::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn bare_references_are_images_in_a_registry() {
        assert_eq!(
            TargetRef::parse("alpine").expect("a reference").to_string(),
            "registry:docker.io/library/alpine:latest"
        );
    }

    #[test]
    fn bare_paths_are_recognised() {
        let dir = tempfile::tempdir().expect("a directory");
        let parse = |path: &Path| {
            TargetRef::parse(path.to_str().expect("text"))
                .map(|t| t.to_string().split(':').next().map(str::to_owned))
        };
        assert_eq!(parse(dir.path()).expect("is there").as_deref(), Some("dir"));
        std::fs::create_dir(dir.path().join("etc")).expect("writable");
        std::fs::write(dir.path().join("etc/os-release"), "ID=x\n").expect("writable");
        assert_eq!(
            parse(dir.path()).expect("is there").as_deref(),
            Some("rootfs")
        );
        let json = dir.path().join("x.json");
        std::fs::write(&json, " {\"bomFormat\": 1}").expect("writable");
        assert_eq!(parse(&json).expect("is there").as_deref(), Some("sbom"));
        let other = dir.path().join("x.bin");
        std::fs::write(&other, "nothing").expect("writable");
        assert!(parse(&other).is_err());
        std::fs::write(dir.path().join("oci-layout"), "{}").expect("writable");
        assert_eq!(
            parse(dir.path()).expect("is there").as_deref(),
            Some("oci-dir")
        );
        let tagged = format!("{}:1.8", dir.path().display());
        assert_eq!(
            parse(Path::new(&tagged)).expect("is there").as_deref(),
            Some("oci-dir")
        );
    }

    #[test]
    fn nonsense_is_met_with_the_choices() {
        for text in [
            "",
            "  ",
            "UPPER/Case",
            "rootfs:",
            "./nowhere",
            "nowhere.tar",
        ] {
            let error = TargetRef::parse(text).expect_err("nonsense");
            assert!(!error.to_string().is_empty());
        }
    }
}
