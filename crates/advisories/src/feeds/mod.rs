//! The upstream formats, one reader each.

pub(crate) mod alpine;
pub(crate) mod arch;
mod cpe;
pub(crate) mod csaf;
pub(crate) mod cvrf;
pub(crate) mod debian;
pub(crate) mod debian_dsa;
pub(crate) mod debian_support;
pub(crate) mod debian_tracker;
pub(crate) mod distro_info;
pub(crate) mod elixir;
pub(crate) mod eol;
pub(crate) mod epss;
mod errata;
pub(crate) mod errata_json;
pub(crate) mod friendsofphp;
pub(crate) mod kev;
pub(crate) mod node_wg;
pub(crate) mod nvd;
pub(crate) mod openvex;
pub(crate) mod osv;
mod osv_record;
pub(crate) mod oval;
mod oval_claims;
pub(crate) mod oval_json;
pub(crate) mod photon;
pub(crate) mod project_kb;
mod redhat;
pub(crate) mod redhat_api;
pub(crate) mod repositories;
pub(crate) mod retirejs;
pub(crate) mod rubysec;
pub(crate) mod rustsec;
mod spans;
mod suse;
pub(crate) mod toml_markdown;
mod ubuntu;
pub(crate) mod ubuntu_tracker;
pub(crate) mod updateinfo;
pub(crate) mod vulnrichment;
pub(crate) mod xml;

#[cfg(test)]
mod published_tests;
