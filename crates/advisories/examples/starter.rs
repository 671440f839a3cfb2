//! Writes `data/starter.tsv` from a built database: `cargo run --example starter -- DB data/starter.tsv`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(database), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: starter DB OUT".into());
    };
    seaworthy_advisories::write_starter(database.as_ref(), out.as_ref())?;
    Ok(())
}
