//! The client of container registries (OCI distribution specification 1.1, "Pull"). Everything
//! that comes over the network is checked against its digest while it comes.

mod blob;
mod challenge;
mod failure;
mod login;
mod session;

use std::sync::Arc;

use reqwest::Method;
use seaworthy_oci::{
    Digest, DigestReader, Document, ImageConfig, ImageSource, LayerData, MAX_CONFIG, MAX_MANIFEST,
    Manifest, MediaType, Platform, Reference, parse_document,
};
use tokio::runtime::Runtime;

use failure::Failure;
use login::Login;
use session::{Session, Timing};

use crate::image::{Image, layers_of};
use crate::{Error, Progress, SourceOptions};

/// Indexes in indexes; one level is usual.
const MAX_DEPTH: u32 = 3;

/// Opens an image in a registry: manifest and configuration.
pub(crate) fn open(
    reference: &Reference,
    options: &SourceOptions,
    progress: &dyn Progress,
) -> Result<Box<dyn ImageSource>, Error> {
    progress.start(&reference.to_string(), None);
    let image = open_with(reference, options, Timing::default());
    progress.finish();
    image
}

fn open_with(
    reference: &Reference,
    options: &SourceOptions,
    timing: Timing,
) -> Result<Box<dyn ImageSource>, Error> {
    let target = reference.to_string();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Error::operation(&*target, format!("no runtime: {e}")))?;
    let runtime = Arc::new(runtime);
    let http = client(options, timing)?;
    let mut first_error = None;
    for place in places(reference, options) {
        let opened = runtime.block_on(async {
            let login = place.login(options).await?;
            let session = Session::new(
                http.clone(),
                &place.bases,
                &place.host,
                &place.repository,
                login,
                timing,
            );
            Fetch {
                session,
                reference,
                options,
                target: &target,
            }
            .image(&runtime)
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

/// How patient requests are that no registry answers.
pub(crate) fn quick() -> Timing {
    Timing::default()
}

pub(crate) fn client(options: &SourceOptions, timing: Timing) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .connect_timeout(timing.connect)
        .read_timeout(timing.read)
        .referer(false)
        .redirect(reqwest::redirect::Policy::custom(|attempt| {
            let downgrade = attempt
                .previous()
                .last()
                .is_some_and(|from| from.scheme() == "https" && attempt.url().scheme() != "https");
            if downgrade {
                attempt.error("a redirect to plain HTTP")
            } else if attempt.previous().len() > 5 {
                attempt.error("too many redirects")
            } else {
                attempt.follow()
            }
        }));
    if options.insecure {
        builder = builder.danger_accept_invalid_certs(true);
    }
    for path in &options.ca_files {
        let pem = crate::disk::read_limited(path, 16 << 20)?;
        let bad = |why: String| {
            Error::usage(
                crate::error::shown(path),
                format!("holds no certificates: {why}"),
            )
            .with_hint("--ca-cert takes a file of certificates in PEM")
        };
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| bad(e.to_string()))?;
        if certificates.is_empty() {
            return Err(bad("it has no PEM block".to_owned()));
        }
        for certificate in certificates {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder
        .build()
        .map_err(|e| Error::operation("network", format!("cannot be used: {e}")))
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
            Place {
                registry: host.to_owned(),
                host: host.to_owned(),
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
        failure.into_error(self.target, &self.session.host)
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
                let stream = blob::open(&runtime, &session, text, layer.size);
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
            let bytes = session::read(response, MAX_MANIFEST)
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
        let bytes = session::read(response, MAX_CONFIG)
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
