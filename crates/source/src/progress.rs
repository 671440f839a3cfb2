/// Told about work that takes time before the layers are read.
pub trait Progress: Send + Sync {
    /// Something begins; `total` in bytes where it is known.
    fn start(&self, label: &str, total: Option<u64>);

    /// So many more bytes.
    fn advance(&self, bytes: u64);

    /// It is done.
    fn finish(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn start(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn finish(&self) {}
}
