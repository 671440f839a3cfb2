//! Files for other systems, generated.
