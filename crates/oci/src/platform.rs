use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Operating system, architecture and variant (OCI image specification, image-index.md).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`, `windows`.
    #[serde(default)]
    pub os: String,
    /// `amd64`, `arm64` (Go's names).
    #[serde(default)]
    pub architecture: String,
    /// `v7`, `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// A text that is no platform.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a platform of the form linux/amd64 or linux/arm/v7")]
pub struct InvalidPlatform(pub String);

impl Platform {
    /// Linux on the architecture that this program was built for.
    #[must_use]
    pub fn host() -> Self {
        let (architecture, variant) = canonical(std::env::consts::ARCH, None);
        Self {
            os: "linux".to_owned(),
            architecture,
            variant,
        }
    }

    /// How well an image for `self` serves a wish: 0 not at all, then better with each number.
    #[must_use]
    pub fn serves(&self, wish: &Self) -> u8 {
        let (have_arch, have_variant) = canonical(&self.architecture, self.variant.as_deref());
        let (wish_arch, wish_variant) = canonical(&wish.architecture, wish.variant.as_deref());
        if self.os != wish.os || have_arch != wish_arch {
            return 0;
        }
        match (have_variant, wish_variant) {
            (have, wish) if have == wish => 3,
            (None, _) => 2,
            // An older ARM variant runs on a newer processor.
            (Some(have), Some(wish)) if have_arch == "arm" && have < wish => 1,
            (Some(_), None) => 1,
            _ => 0,
        }
    }
}

/// Names that mean the same (containerd's platform normalisation).
fn canonical(architecture: &str, variant: Option<&str>) -> (String, Option<String>) {
    let variant = variant.filter(|v| !v.is_empty());
    let (architecture, variant) = match architecture {
        "x86_64" | "x86-64" => ("amd64", variant),
        "aarch64" => ("arm64", variant),
        "i386" | "x86" => ("386", variant),
        "armhf" => ("arm", variant.or(Some("v7"))),
        "armel" => ("arm", variant.or(Some("v6"))),
        other => (other, variant),
    };
    let variant = match (architecture, variant) {
        ("arm64", Some("v8" | "8")) | ("amd64", Some("v1")) => None,
        ("arm", None) => Some("v7"),
        (_, variant) => variant,
    };
    (architecture.to_owned(), variant.map(str::to_owned))
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, InvalidPlatform> {
        let invalid = || InvalidPlatform(text.chars().take(100).collect());
        let parts: Vec<&str> = text.trim().split('/').collect();
        let fits = parts.iter().all(|p| {
            !p.is_empty()
                && p.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        match (fits, parts.as_slice()) {
            (true, [architecture]) => Ok(Self {
                os: "linux".to_owned(),
                architecture: canonical(architecture, None).0,
                variant: None,
            }),
            (true, [os, architecture]) => Ok(Self {
                os: (*os).to_owned(),
                architecture: (*architecture).to_owned(),
                variant: None,
            }),
            (true, [os, architecture, variant]) => Ok(Self {
                os: (*os).to_owned(),
                architecture: (*architecture).to_owned(),
                variant: Some((*variant).to_owned()),
            }),
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_serve_wishes() {
        for (have, wish, score) in [
            ("linux/amd64", "linux/amd64", 3),
            ("linux/x86_64", "linux/amd64", 3),
            ("linux/arm64/v8", "linux/arm64", 3),
            ("linux/arm/v7", "linux/arm", 3),
            ("linux/arm/v6", "linux/arm/v7", 1),
            ("linux/arm/v7", "linux/arm/v6", 0),
            ("linux/amd64/v3", "linux/amd64", 1),
            ("windows/amd64", "linux/amd64", 0),
            ("linux/arm64", "linux/amd64", 0),
        ] {
            let have: Platform = have.parse().unwrap();
            assert_eq!(have.serves(&wish.parse().unwrap()), score, "{have} {wish}");
        }
    }

    #[test]
    fn texts_parse() {
        assert_eq!(
            "arm64".parse::<Platform>().unwrap().to_string(),
            "linux/arm64"
        );
        assert_eq!(
            "linux/arm/v7".parse::<Platform>().unwrap().to_string(),
            "linux/arm/v7"
        );
        for bad in ["", "/", "linux/", "a/b/c/d", "linux/a b"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }
}
