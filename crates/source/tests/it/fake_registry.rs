//! A registry of one image on a port of this machine, that can be made to misbehave.

use std::collections::BTreeMap;

use seaworthy_oci::Digest;
use seaworthy_oci::layout::BuiltImage;

use super::server::Server;
pub use super::server::{Reply, Request};

pub struct FakeRegistry(Server);

impl std::ops::Deref for FakeRegistry {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl FakeRegistry {
    /// `misbehave` gives an answer, or none to be answered as a well-behaved registry would.
    pub fn serve(
        image: &BuiltImage,
        misbehave: impl Fn(&Request, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let content = content(image);
        Self(Server::start(move |request, number| {
            misbehave(request, number).unwrap_or_else(|| behave(request, &content))
        }))
    }

    pub fn target(&self) -> String {
        format!("registry:{}/shop/web:1.8", self.address)
    }
}

fn content(image: &BuiltImage) -> BTreeMap<String, (String, Vec<u8>)> {
    let mut content = BTreeMap::new();
    let manifest_type = "application/vnd.oci.image.manifest.v1+json".to_owned();
    let digest = Digest::of(&image.manifest);
    for name in ["1.8", digest.as_str()] {
        content.insert(
            format!("/v2/shop/web/manifests/{name}"),
            (manifest_type.clone(), image.manifest.clone()),
        );
    }
    let octets = "application/octet-stream".to_owned();
    content.insert(
        format!("/v2/shop/web/blobs/{}", Digest::of(&image.config)),
        (octets.clone(), image.config.clone()),
    );
    for layer in &image.layers {
        content.insert(
            format!("/v2/shop/web/blobs/{}", layer.digest),
            (octets.clone(), layer.blob.clone()),
        );
    }
    content
}

fn behave(request: &Request, content: &BTreeMap<String, (String, Vec<u8>)>) -> Reply {
    let Some((media_type, body)) = content.get(request.path()) else {
        return Reply::new(
            404,
            r#"{"errors":[{"code":"NAME_UNKNOWN","message":"not known here"}]}"#,
        );
    };
    let from = request.from().unwrap_or(0);
    if from > 0 {
        return Reply::new(206, &body[from..]).with(
            "Content-Range",
            format!("bytes {from}-{}/{}", body.len() - 1, body.len()),
        );
    }
    Reply::new(200, body.clone()).with("Content-Type", media_type.clone())
}
