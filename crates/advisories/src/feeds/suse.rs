//! SUSE's names of products, which its OSV, CSAF, OVAL and CVRF files share.

/// The shard that a product's packages are looked up in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) shard: String,
    /// Whether its updates are for subscribers of long-term support only.
    pub(crate) subscription: bool,
}

/// Ends of product names that mean support beyond the general one, for those who pay.
const SUBSCRIPTIONS: [&str; 6] = [
    "-LTSS",
    "-ESPOS",
    "-BCL",
    "-TERADATA",
    "-LTSS-EXTENDED-SECURITY",
    "-LTSS-SAP",
];

/// Reads `SUSE Linux Enterprise Module for Basesystem 15 SP4`, `openSUSE Leap 15.5`,
/// `SUSE Linux Enterprise Server 12 SP5-LTSS`. Products that are no base system of containers
/// (Manager, Storage, CaaS) are none.
pub(crate) fn product(name: &str) -> Option<Product> {
    let name = name.trim();
    let plain = |shard: String| {
        Some(Product {
            shard,
            subscription: false,
        })
    };
    if let Some(rest) = name.strip_prefix("openSUSE ") {
        if rest == "Tumbleweed" {
            return plain("opensuse-tumbleweed".to_owned());
        }
        let release = rest.strip_prefix("Leap ").filter(|r| is_release(r))?;
        return plain(format!("opensuse-leap:{release}"));
    }
    let rest = name.strip_prefix("SUSE ")?;
    let micro = rest
        .strip_prefix("Linux Enterprise Micro ")
        .or_else(|| rest.strip_prefix("Linux Micro "));
    if let Some(release) = micro {
        return is_release(release).then(|| Product {
            shard: format!("sle-micro:{release}"),
            subscription: false,
        });
    }
    let rest = rest
        .strip_prefix("Linux Enterprise ")
        .or_else(|| rest.strip_prefix("Package Hub ").map(|_| rest))?;
    // Live patches carry versions of their own kind; real-time and SAP builds are other products
    // with the same packages.
    if rest.contains("Live Patching") {
        return None;
    }
    let ending = SUBSCRIPTIONS
        .iter()
        .find(|ending| rest.to_ascii_uppercase().ends_with(**ending));
    let bare = ending.map_or(rest, |ending| {
        rest.get(..rest.len() - ending.len()).unwrap_or(rest)
    });
    // "LTSS" stands in the middle of newer names: `Server LTSS 15 SP3`.
    let subscription = ending.is_some() || bare.contains(" LTSS ");
    let mut words = bare.split_whitespace().rev();
    let last = words.next()?;
    let release = match last.strip_prefix("SP") {
        Some(pack) if is_release(pack) => {
            format!("{}.{pack}", words.next().filter(|w| is_release(w))?)
        }
        _ if is_release(last) => last.to_owned(),
        _ => return None,
    };
    Some(Product {
        shard: format!("sles:{release}"),
        subscription,
    })
}

fn is_release(text: &str) -> bool {
    !text.is_empty() && text.len() < 8 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_lead_to_shards() {
        for (name, shard, subscription) in [
            (
                "SUSE Linux Enterprise Server 15 SP4",
                Some("sles:15.4"),
                false,
            ),
            (
                "SUSE Linux Enterprise Module for Basesystem 15 SP4",
                Some("sles:15.4"),
                false,
            ),
            (
                "SUSE Linux Enterprise Server 12 SP5-LTSS",
                Some("sles:12.5"),
                true,
            ),
            (
                "SUSE Linux Enterprise Server LTSS 15 SP3",
                Some("sles:15.3"),
                true,
            ),
            (
                "SUSE Linux Enterprise High Performance Computing 15 SP1-ESPOS",
                Some("sles:15.1"),
                true,
            ),
            ("SUSE Linux Enterprise Server 15", Some("sles:15"), false),
            (
                "SUSE Linux Enterprise Server 16.0",
                Some("sles:16.0"),
                false,
            ),
            ("SUSE Package Hub 15 SP5", Some("sles:15.5"), false),
            (
                "SUSE Linux Enterprise Micro 5.3",
                Some("sle-micro:5.3"),
                false,
            ),
            ("SUSE Linux Micro 6.0", Some("sle-micro:6.0"), false),
            ("openSUSE Leap 15.5", Some("opensuse-leap:15.5"), false),
            ("openSUSE Tumbleweed", Some("opensuse-tumbleweed"), false),
            ("openSUSE Leap Micro 5.2", None, false),
            ("SUSE Linux Enterprise Live Patching 15 SP4", None, false),
            ("SUSE Manager Server 4.3", None, false),
            ("SUSE CaaS Platform 4.0", None, false),
            ("", None, false),
        ] {
            let found = product(name);
            assert_eq!(found.as_ref().map(|p| p.shard.as_str()), shard, "{name}");
            assert_eq!(
                found.is_some_and(|p| p.subscription),
                subscription,
                "{name}"
            );
        }
    }
}
