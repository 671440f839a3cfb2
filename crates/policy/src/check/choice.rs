//! Licences that are offered for choice: `MIT OR GPL-3.0-only` is fine where MIT is.

/// Longest expression in words, and deepest nesting, that is followed.
const MAX_WORDS: usize = 500;
const MAX_DEPTH: usize = 32;

/// Whether an SPDX expression (SPDX specification 2.3, annex D) can be met with licences that are
/// fine. None where it is no expression.
pub(super) fn can_be_met(expression: &str, is_fine: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    if words.len() > MAX_WORDS {
        return None;
    }
    let mut parser = Parser {
        words: &words,
        is_fine,
    };
    let met = parser.any(0)?;
    parser.words.is_empty().then_some(met)
}

struct Parser<'e> {
    words: &'e [&'e str],
    is_fine: &'e dyn Fn(&str) -> bool,
}

impl<'e> Parser<'e> {
    fn next(&mut self) -> Option<&'e str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// Takes an operator, whatever its case.
    fn takes(&mut self, operator: &str) -> bool {
        let is_next = self
            .words
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case(operator));
        if is_next {
            self.words = self.words.get(1..).unwrap_or_default();
        }
        is_next
    }

    fn any(&mut self, depth: usize) -> Option<bool> {
        let mut met = self.all(depth)?;
        while self.takes("OR") {
            met |= self.all(depth)?;
        }
        Some(met)
    }

    fn all(&mut self, depth: usize) -> Option<bool> {
        let mut met = self.one(depth)?;
        while self.takes("AND") {
            met &= self.one(depth)?;
        }
        Some(met)
    }

    fn one(&mut self, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.next()? {
            "(" => {
                let met = self.any(depth + 1)?;
                (self.next()? == ")").then_some(met)
            }
            ")" => None,
            word if ["AND", "OR", "WITH"]
                .iter()
                .any(|w| word.eq_ignore_ascii_case(w)) =>
            {
                None
            }
            license => {
                if self.takes("WITH") {
                    let exception = self.next()?;
                    let both = format!("{license} WITH {exception}");
                    return Some((self.is_fine)(&both) || (self.is_fine)(license));
                }
                Some((self.is_fine)(license))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_met_by_one_of_its_licences() {
        for (expression, expected) in [
            ("MIT", Some(true)),
            ("GPL-3.0-only", Some(false)),
            ("GPL-3.0-only OR MIT", Some(true)),
            ("GPL-3.0-only or MIT", Some(true)),
            ("GPL-3.0-only AND MIT", Some(false)),
            ("(GPL-3.0-only AND MIT) OR Apache-2.0", Some(true)),
            ("(GPL-3.0-only OR MIT) AND BSD-3-Clause", Some(false)),
            ("MIT OR GPL-3.0-only AND BSD-3-Clause", Some(true)),
            ("GPL-2.0-only WITH Classpath-exception-2.0", Some(true)),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT Apache-2.0", None),
            ("", None),
        ] {
            let fine = [
                "MIT",
                "Apache-2.0",
                "GPL-2.0-only WITH Classpath-exception-2.0",
            ];
            let met = can_be_met(expression, &|id| fine.contains(&id));
            assert_eq!(met, expected, "{expression}");
        }
        assert_eq!(can_be_met(&"(".repeat(400), &|_| true), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[A-Z() -]{0,60}") {
            let _ = can_be_met(&text, &|_| true);
        }
    }
}
