use quick_xml::Reader;
use quick_xml::events::Event;

/// Elements inside each other.
const MAX_DEPTH: usize = 64;
/// Licences of one project.
const MAX_LICENSES: usize = 16;

/// The licences that a `pom.xml` declares, of which the user has the choice (Maven, "POM Reference",
/// "Licenses"): names, or addresses where there is no name. None for what is not readable: the
/// artifact is known without it.
pub(super) fn license(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let (mut name, mut url) = (String::new(), String::new());
    let mut found: Vec<String> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                if path.len() == MAX_DEPTH {
                    return None;
                }
                path.push(tag.local_name().as_ref().to_owned());
                value.clear();
            }
            Event::Text(text) => value.push_str(&text),
            Event::CData(text) => value.push_str(&text),
            Event::End(_) => {
                let path_now: Vec<&str> = path.iter().map(String::as_str).collect();
                match path_now[..] {
                    ["project", "licenses", "license", "name"] => {
                        value.trim().clone_into(&mut name)
                    }
                    ["project", "licenses", "license", "url"] => value.trim().clone_into(&mut url),
                    ["project", "licenses", "license"] => {
                        let one = if name.is_empty() { &url } else { &name };
                        if !one.is_empty() && found.len() < MAX_LICENSES {
                            found.push(one.split_whitespace().collect::<Vec<_>>().join(" "));
                        }
                        name.clear();
                        url.clear();
                    }
                    ["project", "licenses"] => break,
                    _ => {}
                }
                path.pop();
                value.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    (!found.is_empty()).then(|| found.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_a_choice() {
        for (text, expected) in [
            (
                "<project xmlns=\"x\"><licenses><license><name>Apache\n  2.0</name><url>u</url></license><license><url>https://example.org/l</url></license></licenses></project>",
                Some("Apache 2.0 OR https://example.org/l"),
            ),
            (
                "<project><licenses><license><name>MIT</name></license></licenses>",
                Some("MIT"),
            ),
            ("<project/>", None),
            ("<project><a></b>", None),
            ("", None),
        ] {
            assert_eq!(license(text).as_deref(), expected, "{text}");
        }
    }
}
