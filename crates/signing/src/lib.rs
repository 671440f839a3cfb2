//! Signatures and attestations of what lies in a store.
