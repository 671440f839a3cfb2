use seaworthy_analysis::{Account, AnalyzeError, Analyzer, Content, Facts, FileMeta};

/// Reads which numbers the users of the system have (passwd(5)): an image that runs as a named user
/// runs as that number.
pub(crate) struct Accounts;

impl Analyzer for Accounts {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, file: &FileMeta<'_>) -> bool {
        file.path == "etc/passwd"
    }

    fn max_size(&self) -> u64 {
        1 << 20
    }

    fn analyze(
        &self,
        _: &FileMeta<'_>,
        content: &mut Content<'_>,
        facts: &mut Facts,
    ) -> Result<(), AnalyzeError> {
        let text = String::from_utf8_lossy(content.bytes()?);
        facts.accounts.extend(text.lines().filter_map(account));
        Ok(())
    }
}

/// `name:password:number:…`; comments and what is damaged are passed over, as by those who start
/// containers.
fn account(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?.trim();
    let id = fields.nth(1)?.trim().parse().ok()?;
    let is_name = !name.is_empty() && !name.starts_with(['#', '+', '-']);
    is_name.then(|| Account {
        name: name.to_owned(),
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;

    #[test]
    fn users_have_their_numbers() {
        let text = b"root:x:0:0:root:/root:/bin/sh\n# x:x:1:1\n\ntoor:x:0:0::/:/bin/sh\napp::65532\nbad:x:many:1\nshort:x\n:x:5:5\n+::7:7\nbig:x:4294967296:1\n\xff:x:8:8\n";
        let facts = run(&Accounts, "etc/passwd", text).expect("readable");
        let found: Vec<_> = (facts.accounts.iter())
            .map(|account| (account.name.as_str(), account.id))
            .collect();
        assert_eq!(
            found,
            [("root", 0), ("toor", 0), ("app", 65532), ("\u{fffd}", 8)]
        );
    }
}
