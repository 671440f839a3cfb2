/// UTF-16 that arrives in pieces, to UTF-8.
pub(crate) struct Utf16 {
    big: bool,
    /// An odd byte at the end of the piece before.
    half: Option<u8>,
    /// The first of two surrogates.
    high: Option<u16>,
    start: bool,
}

impl Utf16 {
    pub(crate) const fn new(big: bool) -> Self {
        Self {
            big,
            half: None,
            high: None,
            start: true,
        }
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        if let Some(half) = self.half.take() {
            let Some((next, rest)) = bytes.split_first() else {
                self.half = Some(half);
                return;
            };
            self.unit([half, *next], out);
            bytes = rest;
        }
        let mut pairs = bytes.chunks_exact(2);
        for pair in &mut pairs {
            self.unit([pair[0], pair[1]], out);
        }
        self.half = pairs.remainder().first().copied();
    }

    fn unit(&mut self, pair: [u8; 2], out: &mut Vec<u8>) {
        let unit = if self.big {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        };
        if std::mem::take(&mut self.start) && unit == 0xfeff {
            return;
        }
        let high = self.high.take();
        let c = match (high, unit) {
            (_, 0xd800..=0xdbff) => {
                self.high = Some(unit);
                return;
            }
            (Some(high), 0xdc00..=0xdfff) => {
                let code = 0x10000 + (u32::from(high) - 0xd800) * 0x400 + u32::from(unit) - 0xdc00;
                char::from_u32(code)
            }
            _ => char::from_u32(u32::from(unit)),
        };
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_in_pieces_of_any_size() {
        let text = "päss=\u{1f511}x\n";
        for big in [false, true] {
            let bytes: Vec<u8> = std::iter::once(0xfeff)
                .chain(text.encode_utf16())
                .flat_map(|u| {
                    if big {
                        u.to_be_bytes()
                    } else {
                        u.to_le_bytes()
                    }
                })
                .collect();
            for size in 1..6 {
                let mut decoder = Utf16::new(big);
                let mut out = Vec::new();
                bytes.chunks(size).for_each(|c| decoder.push(c, &mut out));
                assert_eq!(String::from_utf8(out).unwrap(), text);
            }
        }
    }
}
