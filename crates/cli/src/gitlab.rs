use crate::args::{GitlabScanArgs, Global};
use crate::exit::{Failure, Outcome};

pub(crate) fn run(_args: GitlabScanArgs, _global: &Global) -> Outcome {
    Err(Failure::failed("not built yet"))
}
