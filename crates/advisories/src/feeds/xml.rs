//! The XML of advisory feeds: chosen elements, one after the other, each as a small tree.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

/// How deep elements may be nested; OVAL's criteria are the deepest honest ones.
const MAX_DEPTH: usize = 64;

/// One element with what is in it. Prefixes of names are left out.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    text: String,
    pub(crate) children: Vec<Self>,
}

impl Element {
    fn open(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|e| e.to_string())?;
            let key = attribute.key.local_name().into_inner().to_owned();
            attributes.push((key, value.into_owned()));
        }
        Ok(Self {
            name: start.local_name().into_inner().to_owned(),
            attributes,
            ..Self::default()
        })
    }

    /// The text of the element itself, trimmed.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// An attribute; empty when it is not there.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// The children of a name.
    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name; empty when there is none.
    pub(crate) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", Self::text)
    }

    /// Every element of a name below this one, in document order.
    pub(crate) fn below<'e>(&'e self, name: &str, found: &mut Vec<&'e Self>) {
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            child.below(name, found);
        }
    }
}

/// Hands every element of these names to `visit`; those inside of one belong to it.
pub(crate) fn each(
    bytes: &[u8],
    names: &[&str],
    visit: &mut dyn FnMut(Element),
) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = quick_xml::Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    // Start tags without their end; none after at least one is a whole document.
    let mut unended: Option<usize> = None;
    loop {
        let event = reader
            .read_event()
            .map_err(|e| format!("byte {}: {e}", reader.error_position()))?;
        match event {
            Event::Start(start) => {
                unended = Some(unended.unwrap_or(0) + 1);
                if !open.is_empty() || names.contains(&start.local_name().into_inner()) {
                    if open.len() >= MAX_DEPTH {
                        return Err("elements are nested too deep".to_owned());
                    }
                    open.push(Element::open(&start)?);
                }
            }
            Event::Empty(start) => {
                unended = unended.or(Some(0));
                let wanted = names.contains(&start.local_name().into_inner());
                match open.last_mut() {
                    Some(parent) => parent.children.push(Element::open(&start)?),
                    None if wanted => visit(Element::open(&start)?),
                    None => {}
                }
            }
            Event::End(_) => {
                unended = unended.map(|n| n.saturating_sub(1));
                if let Some(done) = open.pop() {
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => visit(done),
                    }
                }
            }
            Event::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(element) = open.last_mut() {
                    let known = quick_xml::escape::resolve_predefined_entity(&reference);
                    match (reference.resolve_char_ref(), known) {
                        (Ok(Some(c)), _) => element.text.push(c),
                        (_, Some(text)) => element.text.push_str(text),
                        _ => {}
                    }
                }
            }
            Event::Eof if unended != Some(0) => {
                return Err("the document is cut off".to_owned());
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The name of the root element, as far as the head of a file tells.
pub(crate) fn root(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(16 << 10))?;
    let head = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    let mut reader = quick_xml::Reader::from_str(head.trim_start_matches('\u{feff}'));
    loop {
        match reader.read_event() {
            Ok(Event::Start(start) | Event::Empty(start)) => {
                return Some(start.local_name().into_inner().to_owned());
            }
            Ok(Event::Eof) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_elements_come_as_trees() {
        let text = "<?xml version=\"1.0\"?><o:root xmlns:o=\"x\"><a n='1 &amp; 2'><b>x &lt; y</b><b><![CDATA[<z>]]></b><a/></a><a/><c/></o:root>";
        let mut seen = Vec::new();
        each(text.as_bytes(), &["a"], &mut |element| {
            let texts: Vec<&str> = element.all("b").map(Element::text).collect();
            seen.push(format!(
                "{} {texts:?} {}",
                element.attribute("n"),
                element.children.len()
            ));
        })
        .unwrap();
        assert_eq!(seen, ["1 & 2 [\"x < y\", \"<z>\"] 3", " [] 0"]);
        assert_eq!(root(text.as_bytes()).as_deref(), Some("root"));
    }

    #[test]
    fn damage_is_an_error() {
        let deep = "<a>".repeat(100);
        for bad in ["", "text", "<a>", "<a></b>", "<a b=></a", &deep] {
            assert!(each(bad.as_bytes(), &["a"], &mut |_| {}).is_err(), "{bad}");
        }
        assert!(each(b"\xff<a/>", &["a"], &mut |_| {}).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = each(&bytes, &["a"], &mut |_| {});
            let _ = root(&bytes);
        }
    }
}
