use seaworthy_analysis::{AnalyzeError, Analyzer, Content, Facts, FileMeta};
use seaworthy_model::{Package, PackageType};

/// Reads the specifications of installed gems (RubyGems guides, "Specification Reference"), as
/// RubyGems itself writes them on installation.
pub(crate) struct Gem;

impl Analyzer for Gem {
    fn name(&self) -> &'static str {
        "gem"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        let Some((folder, name)) = file.path.rsplit_once('/') else {
            return false;
        };
        name.ends_with(".gemspec")
            && (folder.ends_with("specifications") || folder.ends_with("specifications/default"))
    }

    fn max_size(&self) -> u64 {
        8 << 20
    }

    fn analyze(
        &self,
        file: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let mut name = None;
        let mut version = None;
        let mut licenses = Vec::new();
        for line in content.bytes()?.split(|b| *b == b'\n') {
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            let line = line.trim();
            // `# stub: NAME VERSION PLATFORM PATHS`, for RubyGems' own quick look.
            if let Some(stub) = line.strip_prefix("# stub: ") {
                let mut words = stub.split_whitespace();
                name = name.or(words.next().map(str::to_owned));
                version = version.or(words.next().map(str::to_owned));
                continue;
            }
            // `s.name = "rake".freeze`
            let Some((key, value)) = line
                .split_once('=')
                .and_then(|(key, value)| Some((key.trim().split_once('.')?.1, value)))
            else {
                continue;
            };
            match key {
                "name" if name.is_none() => name = quoted(value).next().map(str::to_owned),
                "version" if version.is_none() => {
                    version = quoted(value).next().map(str::to_owned);
                }
                "license" | "licenses" if licenses.is_empty() => {
                    licenses = quoted(value).map(str::to_owned).collect();
                }
                _ => {}
            }
        }
        let (Some(name), Some(version)) = (name, version) else {
            return Err(AnalyzeError::File(
                "the specification of a gem names no gem and version".to_owned(),
            ));
        };
        let mut package = Package::new(PackageType::Gem, name, version, file.path);
        package.licenses = licenses;
        facts.packages.push(package);
        Ok(())
    }
}

/// The quoted texts of a line of Ruby.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.find(['"', '\''])?;
        let quote = char::from(rest.as_bytes()[start]);
        let inner = &rest[start + 1..];
        let end = inner.find(quote)?;
        rest = &inner[end + 1..];
        Some(&inner[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{names, run, wants};

    const FOLDER: &str = "usr/local/bundle/specifications";

    #[test]
    fn specifications_as_rubygems_writes_them_are_read() {
        let facts = run(
            &Gem,
            &format!("{FOLDER}/nokogiri-1.13.1-x86_64-linux.gemspec"),
            b"# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.13.1 x86_64-linux lib\n\nGem::Specification.new do |s|\n  s.name = \"nokogiri\".freeze\n  s.version = \"1.13.1\"\n  s.platform = \"x86_64-linux\".freeze\n  s.licenses = [\"MIT\".freeze, \"Ruby\".freeze]\nend\n",
        )
        .expect("readable");
        assert_eq!(names(&facts), ["nokogiri 1.13.1"]);
        assert_eq!(facts.packages[0].licenses, ["MIT", "Ruby"]);
    }

    #[test]
    fn specifications_without_a_stub_are_read() {
        let facts = run(
            &Gem,
            &format!("{FOLDER}/default/json-2.6.1.gemspec"),
            b"Gem::Specification.new do |spec|\n  spec.name = 'json'\n  spec.version = '2.6.1'\n  spec.license = 'Ruby'\n",
        )
        .expect("readable");
        assert_eq!(names(&facts), ["json 2.6.1"]);
        assert_eq!(facts.packages[0].licenses, ["Ruby"]);
    }

    #[test]
    fn a_gems_own_source_is_not_an_installation() {
        assert!(!wants(&Gem, "usr/local/bundle/gems/rake-13/rake.gemspec"));
        assert!(matches!(
            run(&Gem, &format!("{FOLDER}/x.gemspec"), b"\xff\nputs 'hi'\n"),
            Err(AnalyzeError::File(_))
        ));
    }
}
