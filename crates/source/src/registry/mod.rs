//! The client of container registries (OCI distribution specification 1.1, "Pull"). Everything
//! that comes over the network is checked against its digest while it comes.

mod blob;
mod challenge;
mod login;
mod referrers;
mod session;
mod store;
mod upload;

use std::sync::Arc;

use reqwest::Method;
use seaworthy_oci::{
    Digest, DigestReader, Document, ImageConfig, ImageSource, LayerData, MAX_CONFIG, MAX_MANIFEST,
    Manifest, MediaType, Platform, Reference, parse_document,
};
use tokio::runtime::Runtime;

use login::Login;
use session::Session;

use crate::image::{Image, layers_of};
use crate::net::{self, Asked, Failure, Network, What};
use crate::{Error, Progress, SourceOptions};

pub(crate) use referrers::{fallback_tag, select};
pub use store::registry_store;

/// Indexes in indexes; one level is usual.
const MAX_DEPTH: u32 = 3;

/// Opens an image in a registry: manifest and configuration.
pub(crate) fn open(
    reference: &Reference,
    options: &SourceOptions,
    progress: &dyn Progress,
) -> Result<Box<dyn ImageSource>, Error> {
    progress.start(&reference.to_string(), None);
    let image = open_with(reference, options);
    progress.finish();
    image
}

fn open_with(
    reference: &Reference,
    options: &SourceOptions,
) -> Result<Box<dyn ImageSource>, Error> {
    let target = reference.to_string();
    let network = Network::new(options)?;
    let runtime = &network.runtime;
    let mut first_error = None;
    for place in places(reference, options) {
        let opened = runtime.block_on(async {
            let session = place.session(&network, options).await?;
            Fetch {
                session,
                reference,
                options,
                target: &target,
            }
            .image(runtime)
            .await
        });
        match opened {
            Ok(image) => return Ok(Box::new(image)),
            // The registry itself comes last and its word counts.
            Err(error) => first_error = Some(error),
        }
    }
    Err(first_error.unwrap_or_else(|| Error::operation(target, "no registry to ask")))
}

/// A host that may have the image.
struct Place {
    /// As in references and in `config.json`.
    registry: String,
    host: String,
    bases: Vec<String>,
    repository: String,
    /// Whether the credentials of the command line belong to it.
    named: bool,
}

impl Place {
    async fn session(
        &self,
        network: &Network,
        options: &SourceOptions,
    ) -> Result<Arc<Session>, Error> {
        let login = self.login(options).await?;
        Ok(Session::new(
            network,
            &self.bases,
            &self.host,
            &self.repository,
            login,
        ))
    }

    async fn login(&self, options: &SourceOptions) -> Result<Option<Login>, Error> {
        if let Some(credentials) = options.credentials.as_ref().filter(|_| self.named) {
            return Ok(Some(Login::Password(credentials.clone())));
        }
        login::find(
            options.docker_config.as_deref(),
            &self.registry,
            &self.repository,
        )
        .await
    }
}

/// The mirrors, then the registry itself.
fn places(reference: &Reference, options: &SourceOptions) -> Vec<Place> {
    let mut places: Vec<Place> = options
        .mirrors
        .iter()
        .filter(|mirror| mirror.registry == reference.registry)
        .map(|mirror| {
            let (scheme, location) = match mirror.location.split_once("://") {
                Some((scheme, location)) => (Some(scheme), location),
                None => (None, mirror.location.as_str()),
            };
            let location = location.trim_end_matches('/');
            let (host, prefix) = location.split_once('/').unwrap_or((location, ""));
            let repository = if prefix.is_empty() {
                reference.repository.clone()
            } else {
                format!("{prefix}/{}", reference.repository)
            };
            // Credentials in the location are sent by it, and shown nowhere.
            let shown = host.rsplit('@').next().unwrap_or(host);
            Place {
                registry: shown.to_owned(),
                host: shown.to_owned(),
                bases: match scheme {
                    Some(scheme) => vec![format!("{scheme}://{host}")],
                    None => bases(host, options),
                },
                repository,
                named: false,
            }
        })
        .collect();
    let host = reference.registry_host();
    places.push(Place {
        registry: reference.registry.clone(),
        host: host.to_owned(),
        bases: bases(host, options),
        repository: reference.repository.clone(),
        named: true,
    });
    places
}

/// HTTPS; HTTP when asked for, and as a second try where Docker does so too: on this machine, and
/// for registries that are declared insecure.
fn bases(host: &str, options: &SourceOptions) -> Vec<String> {
    let (https, http) = (format!("https://{host}"), format!("http://{host}"));
    if options.plain_http {
        return vec![http];
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let local = name == "localhost" || name.starts_with("127.") || name == "[::1]";
    if local || options.insecure {
        vec![https, http]
    } else {
        vec![https]
    }
}

struct Fetch<'a> {
    session: Arc<Session>,
    reference: &'a Reference,
    options: &'a SourceOptions,
    target: &'a str,
}

impl Fetch<'_> {
    fn error(&self, failure: Failure) -> Error {
        failure.into_error(&Asked {
            target: self.target,
            host: &self.session.host,
            what: What::Image,
            now: self.options.now,
        })
    }

    fn wrong(&self, message: impl Into<String>) -> Error {
        Error::target(self.target, message)
    }

    async fn image(self, runtime: &Arc<Runtime>) -> Result<Image, Error> {
        let (manifest_digest, manifest) = self.manifest().await?;
        let config_raw = self.config(&manifest).await?;
        let config = ImageConfig::parse(&config_raw).map_err(|e| self.wrong(e.to_string()))?;
        let mut layers = layers_of(&manifest, &config).map_err(|e| self.wrong(e))?;
        for layer in &mut layers {
            let foreign = MediaType::of(&layer.media_type) == MediaType::NonDistributableLayer;
            if foreign && let Some(digest) = &layer.digest {
                let path = format!("blobs/{digest}");
                match self.session.get(Method::HEAD, &path, None, 0).await {
                    Ok(_) => {}
                    Err(failure) if failure.is_missing() => {
                        layer.unavailable = Some(
                            "the layer is not distributable and is not in the registry".to_owned(),
                        );
                    }
                    Err(failure) => return Err(self.error(failure)),
                }
            }
        }
        let opener = {
            let layers = layers.clone();
            let session = Arc::clone(&self.session);
            let runtime = Arc::clone(runtime);
            Box::new(move |index: usize| {
                let layer = &layers[index];
                let text = layer.digest.as_deref().unwrap_or_default();
                let digest: Digest = text.parse().map_err(std::io::Error::other)?;
                let stream = blob::open(
                    &runtime,
                    &session,
                    blob::Wanted::whole(text, layer.size),
                    None,
                );
                Ok(LayerData::Stream(Box::new(DigestReader::new(
                    stream,
                    digest,
                    Some(layer.size),
                ))))
            })
        };
        Ok(Image {
            name: self.target.to_owned(),
            kind: "registry",
            manifest_digest: Some(manifest_digest),
            config_digest: Some(manifest.config.digest.clone()),
            config,
            config_raw,
            layers,
            opener,
        })
    }

    /// The manifest of the wanted platform, through indexes.
    async fn manifest(&self) -> Result<(String, Manifest), Error> {
        let mut name = self.reference.manifest_name().to_owned();
        for _ in 0..=MAX_DEPTH {
            let response = self
                .session
                .get(
                    Method::GET,
                    &format!("manifests/{name}"),
                    Some(MediaType::ACCEPT),
                    0,
                )
                .await
                .map_err(|f| self.error(f))?;
            let media_type = response
                .headers()
                .get(reqwest::header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let bytes = net::read(response, MAX_MANIFEST)
                .await
                .map_err(|f| self.error(f))?;
            let digest = match name.parse::<Digest>() {
                Ok(digest) if digest.matches(&bytes) => digest,
                Ok(digest) => {
                    return Err(
                        self.wrong(format!("the manifest does not have the digest {digest}"))
                    );
                }
                Err(_) => Digest::of(&bytes),
            };
            match parse_document(&bytes, media_type.as_deref())
                .map_err(|e| self.wrong(e.to_string()))?
            {
                Document::Manifest(manifest) => return Ok((digest.to_string(), manifest)),
                Document::Index(index) => {
                    let wish = self.options.platform.clone().unwrap_or_else(Platform::host);
                    let chosen = index.choose(&wish).ok_or_else(|| {
                        self.wrong(format!("no image for {wish}"))
                            .with_hint(format!("--platform takes one of: {}", index.platforms()))
                    })?;
                    name = chosen
                        .digest()
                        .map_err(|e| self.wrong(e.to_string()))?
                        .to_string();
                }
            }
        }
        Err(self.wrong("its indexes are nested too deeply"))
    }

    async fn config(&self, manifest: &Manifest) -> Result<Vec<u8>, Error> {
        let digest = manifest
            .config
            .digest()
            .map_err(|e| self.wrong(e.to_string()))?;
        let response = self
            .session
            .get(Method::GET, &format!("blobs/{digest}"), None, 0)
            .await
            .map_err(|f| self.error(f))?;
        let bytes = net::read(response, MAX_CONFIG)
            .await
            .map_err(|f| self.error(f))?;
        if !digest.matches(&bytes) {
            return Err(self.wrong(format!(
                "the configuration does not have the digest {digest}"
            )));
        }
        Ok(bytes)
    }
}
