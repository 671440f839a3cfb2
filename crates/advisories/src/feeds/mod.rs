//! The upstream formats, one reader each.

pub(crate) mod alpine;
pub(crate) mod debian;
pub(crate) mod debian_dsa;
pub(crate) mod debian_tracker;
pub(crate) mod eol;
pub(crate) mod epss;
pub(crate) mod kev;
pub(crate) mod osv;
pub(crate) mod redhat_api;
pub(crate) mod rustsec;
pub(crate) mod ubuntu_tracker;
pub(crate) mod vulnrichment;
