use std::path::Path;

use seaworthy_oci::{ArtifactStore, Reference};
use seaworthy_source::SourceOptions;
use seaworthy_source::http::Client;

use crate::Error;
use crate::web::{Download, Downloaded, Network, Progress, list_local, local};

/// The network of this machine, with its proxies and the user's certificate authorities.
pub struct Internet {
    client: Client,
    options: SourceOptions,
}

impl Internet {
    /// A network that trusts, and logs in, as the options say.
    ///
    /// # Errors
    /// When a file of certificate authorities cannot be used.
    pub fn new(options: &SourceOptions) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(options).map_err(|e| failed("network", &e))?,
            options: options.clone(),
        })
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
        self.client.get(url, limit).map_err(|e| failed(url, &e))
    }

    fn post_json(&self, url: &str, body: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
        self.client
            .post_json(url, body, limit)
            .map_err(|e| failed(url, &e))
    }

    fn download(
        &self,
        request: &Download<'_>,
        progress: &dyn Progress,
    ) -> Result<Downloaded, Error> {
        self.client
            .download(request, progress)
            .map_err(|e| failed(request.url, &e))
    }

    fn registry(&self, reference: &Reference) -> Result<Box<dyn ArtifactStore>, Error> {
        seaworthy_source::registry_store(reference, &self.options)
            .map_err(|e| failed(&reference.to_string(), &e))
    }

    fn layout(&self, path: &Path) -> Result<Box<dyn ArtifactStore>, Error> {
        seaworthy_source::layout_store(path).map_err(|e| failed(&path.display().to_string(), &e))
    }
}
