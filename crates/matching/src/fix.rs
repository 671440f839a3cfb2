use seaworthy_model::{Distribution, Inventory, Package, PackageType};

/// The command that upgrades packages of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OsTool {
    rpm: &'static str,
}

impl OsTool {
    /// Reads it from the distribution and, for the small images of the Red Hat family, from what
    /// is installed.
    pub(crate) fn of(inventory: &Inventory) -> Self {
        let usual = inventory
            .distribution
            .as_ref()
            .map_or("dnf upgrade", usual_rpm_tool);
        let has = |name: &str| {
            inventory
                .packages
                .iter()
                .any(|p| p.kind == PackageType::Rpm && p.name == name)
        };
        let small = usual == "dnf upgrade" && has("microdnf") && !has("dnf") && !has("dnf5");
        Self {
            rpm: if small { "microdnf upgrade" } else { usual },
        }
    }
}

fn usual_rpm_tool(distribution: &Distribution) -> &'static str {
    let major: u32 = distribution
        .version
        .split('.')
        .next()
        .and_then(|m| m.parse().ok())
        .unwrap_or(u32::MAX);
    match distribution.id.as_str() {
        "sled" | "suse" => "zypper update",
        id if ["sle", "sl-micro", "opensuse"]
            .iter()
            .any(|head| id.starts_with(head)) =>
        {
            "zypper update"
        }
        "photon" | "azurelinux" | "mariner" => "tdnf update",
        "rhel" | "centos" | "ol" | "almalinux" | "rocky" if major <= 7 => "yum update",
        "amzn" if major <= 2 || (2017..=2018).contains(&major) => "yum update",
        _ => "dnf upgrade",
    }
}

/// What to type to get a fixed version; none where there is no one command, or where the name is
/// not fit for a shell.
pub(crate) fn fix_command(package: &Package, version: &str, tool: OsTool) -> Option<String> {
    let name = package.name.as_str();
    if package.kind.is_os() {
        return os_upgrade(package.kind, &[name], tool);
    }
    if !is_fit(name) || !is_fit(version) {
        return None;
    }
    let bare = version.strip_prefix('v').unwrap_or(version);
    Some(match package.kind {
        PackageType::Npm => format!("npm install {}", quoted(&format!("{name}@{version}"))),
        PackageType::PyPi => format!("pip install {}", quoted(&format!("{name}>={version}"))),
        PackageType::Go if name == "stdlib" => {
            let bare = bare.strip_prefix("go").unwrap_or(bare);
            format!("go get {}", quoted(&format!("toolchain@go{bare}")))
        }
        PackageType::Go => format!("go get {}", quoted(&format!("{name}@v{bare}"))),
        PackageType::Cargo => {
            format!(
                "cargo update -p {} --precise {}",
                quoted(name),
                quoted(bare)
            )
        }
        PackageType::Maven => format!(
            "mvn versions:use-dep-version {} {}",
            quoted(&format!("-Dincludes={name}")),
            quoted(&format!("-DdepVersion={version}"))
        ),
        PackageType::Gem => format!("gem install {} -v {}", quoted(name), quoted(version)),
        PackageType::NuGet => format!(
            "dotnet add package {} --version {}",
            quoted(name),
            quoted(version)
        ),
        PackageType::Composer => {
            format!("composer require {}", quoted(&format!("{name}:^{bare}")))
        }
        PackageType::Pub => format!("dart pub add {}", quoted(&format!("{name}:^{bare}"))),
        PackageType::Hex => format!("mix deps.update {}", quoted(name)),
        PackageType::Swift => "swift package update".to_owned(),
        PackageType::Generic
        | PackageType::Apk
        | PackageType::Deb
        | PackageType::Rpm
        | PackageType::Alpm => return None,
    })
}

/// The command that upgrades several packages of the operating system at once.
pub(crate) fn os_upgrade(kind: PackageType, names: &[&str], tool: OsTool) -> Option<String> {
    let command = match kind {
        PackageType::Apk => "apk add --upgrade",
        PackageType::Deb => "apt-get install --only-upgrade",
        PackageType::Rpm => tool.rpm,
        // A part of the packages alone is never upgraded (Arch's wiki, "System maintenance").
        PackageType::Alpm => "pacman -Syu",
        _ => return None,
    };
    let mut text = command.to_owned();
    for name in names {
        if !is_fit(name) {
            return None;
        }
        text.push(' ');
        text.push_str(&quoted(name));
    }
    Some(text)
}

/// Names come from files of the image: one that would be read as an option, or that could move a
/// terminal, gets no command.
fn is_fit(word: &str) -> bool {
    !word.is_empty() && !word.starts_with('-') && !word.chars().any(char::is_control)
}

/// The word as a POSIX shell takes it literally.
fn quoted(word: &str) -> String {
    let plain = word
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"@/._+:=^,-".contains(&b));
    if plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_command() {
        let tool = OsTool { rpm: "dnf upgrade" };
        for (kind, name, version, expected) in [
            (
                PackageType::Apk,
                "busybox",
                "1.36.1-r7",
                "apk add --upgrade busybox",
            ),
            (
                PackageType::Deb,
                "libssl3",
                "3.0.13-1",
                "apt-get install --only-upgrade libssl3",
            ),
            (
                PackageType::Rpm,
                "openssl-libs",
                "1:3-1",
                "dnf upgrade openssl-libs",
            ),
            (PackageType::Alpm, "openssl", "3.2-1", "pacman -Syu openssl"),
            (PackageType::Npm, "@a/b", "1.2.3", "npm install @a/b@1.2.3"),
            (
                PackageType::PyPi,
                "jinja2",
                "2.11.3",
                "pip install 'jinja2>=2.11.3'",
            ),
            (
                PackageType::Go,
                "golang.org/x/net",
                "0.23.0",
                "go get golang.org/x/net@v0.23.0",
            ),
            (
                PackageType::Go,
                "stdlib",
                "1.21.4",
                "go get toolchain@go1.21.4",
            ),
            (
                PackageType::Cargo,
                "time",
                "0.2.23",
                "cargo update -p time --precise 0.2.23",
            ),
            (
                PackageType::Maven,
                "g:a",
                "2.15.0",
                "mvn versions:use-dep-version -Dincludes=g:a -DdepVersion=2.15.0",
            ),
            (
                PackageType::Gem,
                "rack",
                "2.2.3",
                "gem install rack -v 2.2.3",
            ),
            (
                PackageType::NuGet,
                "A.B",
                "13.0.1",
                "dotnet add package A.B --version 13.0.1",
            ),
            (
                PackageType::Composer,
                "a/b",
                "v1.2.3",
                "composer require a/b:^1.2.3",
            ),
            (
                PackageType::Pub,
                "http",
                "0.13.3",
                "dart pub add http:^0.13.3",
            ),
            (PackageType::Hex, "plug", "1.2.3", "mix deps.update plug"),
            (PackageType::Swift, "x", "1.0.0", "swift package update"),
        ] {
            let package = Package::new(kind, name, "1", "x");
            assert_eq!(
                fix_command(&package, version, tool).as_deref(),
                Some(expected)
            );
        }
        let binary = Package::new(PackageType::Generic, "node", "1", "x");
        assert_eq!(fix_command(&binary, "2", tool), None);
    }

    #[test]
    fn hostile_names_stay_words() {
        let tool = OsTool { rpm: "dnf upgrade" };
        for (name, expected) in [
            ("a; rm -rf /", Some("npm install 'a; rm -rf /@1'")),
            ("a'$(id)", Some(r"npm install 'a'\''$(id)@1'")),
            ("--registry=x", None),
            ("a\u{1b}[2J", None),
        ] {
            let package = Package::new(PackageType::Npm, name, "0", "x");
            assert_eq!(fix_command(&package, "1", tool).as_deref(), expected);
        }
        assert_eq!(os_upgrade(PackageType::Deb, &["a", "-b"], tool), None);
    }

    #[test]
    fn the_rpm_tool_is_the_distributions() {
        for (id, version, installed, expected) in [
            ("rhel", "9.3", "microdnf", "microdnf upgrade"),
            ("rhel", "9.3", "dnf", "dnf upgrade"),
            ("centos", "7", "yum", "yum update"),
            ("amzn", "2", "yum", "yum update"),
            ("amzn", "2023", "dnf", "dnf upgrade"),
            ("opensuse-leap", "15.5", "zypper", "zypper update"),
            ("photon", "4.0", "tdnf", "tdnf update"),
        ] {
            let inventory = Inventory {
                distribution: Some(Distribution {
                    id: id.to_owned(),
                    version: version.to_owned(),
                    name: String::new(),
                }),
                packages: vec![Package::new(PackageType::Rpm, installed, "1-1", "x")],
                ..Inventory::default()
            };
            assert_eq!(OsTool::of(&inventory).rpm, expected, "{id} {version}");
        }
    }
}
