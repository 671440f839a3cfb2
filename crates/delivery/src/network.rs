use std::path::Path;
use std::sync::OnceLock;

use seaworthy_oci::{ArtifactStore, Reference};
use seaworthy_source::http::Client;
use seaworthy_source::{SourceOptions, TargetRef};

use crate::Error;
use crate::web::{Download, Downloaded, Network, Progress, list_local, local};

/// The network of this machine, with its proxies and the user's certificate authorities.
pub struct Internet {
    client: OnceLock<Client>,
    options: SourceOptions,
    /// The registry that the credentials are for; none for whichever is asked.
    registry: Option<String>,
}

impl Internet {
    /// A network that trusts, and logs in, as the options say.
    ///
    /// # Errors
    /// When a file of certificate authorities cannot be used.
    pub fn new(options: &SourceOptions) -> Result<Self, Error> {
        let internet = Self {
            client: OnceLock::new(),
            options: options.clone(),
            registry: None,
        };
        internet.client()?;
        Ok(internet)
    }

    /// A network for one who scans a target and may have to fetch shards. The credentials are the
    /// target's: they go to its registry and to no other. Nothing is set up before something is
    /// asked for, for most scans ask for nothing.
    #[must_use]
    pub fn of_scan(options: &SourceOptions, target: Option<&TargetRef>) -> Self {
        let registry = match target {
            Some(TargetRef::Registry(reference)) => Some(reference.registry.clone()),
            _ => None,
        };
        let mut options = options.clone();
        if registry.is_none() {
            options.credentials = None;
        }
        Self {
            client: OnceLock::new(),
            options,
            registry,
        }
    }

    fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::new(&self.options).map_err(|e| failed("network", &e))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// The options for a registry: without credentials that are another's.
    fn options_for(&self, reference: &Reference) -> SourceOptions {
        let mut options = self.options.clone();
        if self
            .registry
            .as_ref()
            .is_some_and(|registry| *registry != reference.registry)
        {
            options.credentials = None;
        }
        options
    }
}

fn failed(url: &str, error: &seaworthy_source::Error) -> Error {
    let text = error.to_string();
    // Both name the address.
    let message = text
        .strip_prefix(url)
        .and_then(|rest| rest.strip_prefix(": "))
        .unwrap_or(&text)
        .to_owned();
    Error::Network {
        url: url.to_owned(),
        message,
        hint: error.hint(),
        missing: error.is_missing(),
    }
}

impl Network for Internet {
    fn get(&self, url: &str, limit: u64) -> Result<Vec<u8>, Error> {
        if let Some(path) = local(url).filter(|path| path.is_dir()) {
            return list_local(&path);
        }
        self.client()?.get(url, limit).map_err(|e| failed(url, &e))
    }

    fn post_json(&self, url: &str, body: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
        self.client()?
            .post_json(url, body, limit)
            .map_err(|e| failed(url, &e))
    }

    fn download(
        &self,
        request: &Download<'_>,
        progress: &dyn Progress,
    ) -> Result<Downloaded, Error> {
        self.client()?
            .download(request, progress)
            .map_err(|e| failed(request.url, &e))
    }

    fn registry(&self, reference: &Reference) -> Result<Box<dyn ArtifactStore>, Error> {
        seaworthy_source::registry_store(reference, &self.options_for(reference))
            .map_err(|e| failed(&reference.to_string(), &e))
    }

    fn layout(&self, path: &Path) -> Result<Box<dyn ArtifactStore>, Error> {
        seaworthy_source::layout_store(path).map_err(|e| failed(&path.display().to_string(), &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_source::Credentials;

    #[test]
    fn the_credentials_of_a_target_go_to_its_registry_only() {
        let options = SourceOptions {
            credentials: Some(Credentials {
                username: "ci".to_owned(),
                password: "job".to_owned(),
            }),
            ..SourceOptions::default()
        };
        let given = |target: Option<&str>, asked: &str| {
            let target = target.map(|text| TargetRef::parse(text).unwrap());
            Internet::of_scan(&options, target.as_ref())
                .options_for(&asked.parse().unwrap())
                .credentials
                .is_some()
        };
        let target = Some("registry:registry.example.com/shop/web:1");
        assert!(given(target, "registry.example.com/security/advisories"));
        assert!(!given(target, "registry.example.net/security/advisories"));
        assert!(!given(Some("dir:."), "registry.example.com/advisories"));
        assert!(!given(None, "registry.example.com/advisories"));
    }
}
