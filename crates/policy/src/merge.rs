//! Laying one file over another: includes under the file that includes them, an environment over
//! the rest.

use crate::error::Problems;
use crate::yaml::{Entry, Node, Value};

/// The sections of `policies`, which may stand at the top as well.
pub(crate) const SECTIONS: [&str; 11] = [
    "vulnerabilities",
    "base_images",
    "security_requirements",
    "runtime_security",
    "image",
    "secrets",
    "misconfigurations",
    "licenses",
    "signatures",
    "attestations",
    "coverage",
];

/// Moves sections that stand at the top under `policies`, in the file and in its environments.
pub(crate) fn normalise(entries: &mut Vec<Entry>, problems: &mut Problems) {
    let mut moved = Vec::new();
    let mut at = 0;
    while at < entries.len() {
        if SECTIONS.contains(&entries[at].key.as_str()) {
            moved.push(entries.remove(at));
        } else {
            at += 1;
        }
    }
    for entry in entries.iter_mut().filter(|e| e.key == "environments") {
        if let Value::Map(environments) = &mut entry.value.value {
            for environment in environments {
                if let Value::Map(inner) = &mut environment.value.value {
                    normalise(inner, problems);
                }
            }
        }
    }
    let Some(first) = moved.first() else {
        return;
    };
    let place = first.place.clone();
    if let Some(policies) = entries.iter_mut().find(|e| e.key == "policies") {
        match &mut policies.value.value {
            Value::Map(inner) => {
                for entry in moved {
                    if inner.iter().any(|e| e.key == entry.key) {
                        problems.add(
                            &entry.place,
                            format!("`{}` stands here and under `policies`; keep one", entry.key),
                        );
                    } else {
                        inner.push(entry);
                    }
                }
            }
            other => {
                if *other == Value::Null {
                    *other = Value::Map(moved);
                }
            }
        }
    } else {
        entries.push(Entry {
            key: "policies".to_owned(),
            place: place.clone(),
            value: Node {
                place,
                value: Value::Map(moved),
            },
        });
    }
}

/// The second tree over the first: mappings are joined, `rules` joined by their `id`, `waivers` and
/// `rego` appended, everything else replaced. A mapping over a plain value keeps that as its
/// `value`, so that `max_high: {action: warn}` changes only the action.
pub(crate) fn merge(under: Node, over: Node) -> Node {
    match (under.value, over.value) {
        (Value::Map(mut entries), Value::Map(changes)) => {
            for change in changes {
                match entries.iter_mut().find(|e| e.key == change.key) {
                    Some(entry) => {
                        let old = std::mem::replace(
                            &mut entry.value,
                            Node {
                                place: change.place.clone(),
                                value: Value::Null,
                            },
                        );
                        entry.place = change.place;
                        entry.value = merge_value(&change.key, old, change.value);
                    }
                    None => entries.push(change),
                }
            }
            Node {
                place: over.place,
                value: Value::Map(entries),
            }
        }
        (_, value) => Node {
            place: over.place,
            value,
        },
    }
}

fn merge_value(key: &str, under: Node, over: Node) -> Node {
    match (key, under.value, over.value) {
        ("rules", Value::List(items), Value::List(changes)) => Node {
            place: over.place,
            value: Value::List(by_id(items, changes)),
        },
        ("waivers" | "rego", Value::List(mut items), Value::List(more)) => {
            items.extend(more);
            Node {
                place: over.place,
                value: Value::List(items),
            }
        }
        (_, plain, Value::Map(mut changes))
            if !matches!(plain, Value::Map(_) | Value::Null)
                && !changes.iter().any(|e| e.key == "value") =>
        {
            changes.push(Entry {
                key: "value".to_owned(),
                place: under.place.clone(),
                value: Node {
                    place: under.place,
                    value: plain,
                },
            });
            Node {
                place: over.place,
                value: Value::Map(changes),
            }
        }
        (_, value, change) => merge(
            Node {
                place: under.place,
                value,
            },
            Node {
                place: over.place,
                value: change,
            },
        ),
    }
}

fn by_id(mut items: Vec<Node>, changes: Vec<Node>) -> Vec<Node> {
    for change in changes {
        let id = change.get("id").map(|n| n.value.clone());
        let same = items
            .iter()
            .position(|i| id.is_some() && i.get("id").map(|n| &n.value) == id.as_ref());
        match same {
            Some(at) => {
                let old = items.remove(at);
                items.insert(at, merge(old, change));
            }
            None => items.push(change),
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn tree(text: &str) -> Node {
        parse(&"t".into(), text.as_bytes()).unwrap()
    }

    fn plain(node: &Node) -> String {
        match &node.value {
            Value::Null => "~".to_owned(),
            Value::Bool(b) => b.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Float(n) => n.to_string(),
            Value::Text(text, _) => text.clone(),
            Value::List(items) => {
                format!(
                    "[{}]",
                    items.iter().map(plain).collect::<Vec<_>>().join(",")
                )
            }
            Value::Map(entries) => {
                let mut all: Vec<_> = entries
                    .iter()
                    .map(|e| format!("{}:{}", e.key, plain(&e.value)))
                    .collect();
                all.sort();
                format!("{{{}}}", all.join(","))
            }
        }
    }

    #[test]
    fn trees_are_laid_over_each_other() {
        for (under, over, expected) in [
            ("a: 1\nb: 2", "b: 3\nc: 4", "{a:1,b:3,c:4}"),
            ("a: {x: 1}", "a: {y: 2}", "{a:{x:1,y:2}}"),
            ("a: 1", "a: {action: warn}", "{a:{action:warn,value:1}}"),
            ("a: 1", "a: {value: 2}", "{a:{value:2}}"),
            ("a: {value: 1, action: warn}", "a: 5", "{a:5}"),
            ("a: [1]", "a: [2]", "{a:[2]}"),
            ("a: 1", "a: ~", "{a:~}"),
            (
                "rules: [{id: x, max: 1}, {id: y}]",
                "rules: [{id: x, max: 2}, {id: z}]",
                "{rules:[{id:x,max:2},{id:y},{id:z}]}",
            ),
            ("waivers: [1]", "waivers: [2]", "{waivers:[1,2]}"),
        ] {
            assert_eq!(plain(&merge(tree(under), tree(over))), expected, "{over}");
        }
    }

    #[test]
    fn sections_at_the_top_move_under_policies() {
        let mut root = tree(
            "vulnerabilities: {max_critical: 0}\nenvironments: {dev: {image: {max_age_days: 3}}}",
        );
        let mut problems = Problems::default();
        if let Value::Map(entries) = &mut root.value {
            normalise(entries, &mut problems);
        }
        assert_eq!(
            plain(&root),
            "{environments:{dev:{policies:{image:{max_age_days:3}}}},policies:{vulnerabilities:{max_critical:0}}}"
        );
        let mut both = tree("image: {}\npolicies: {image: {}}");
        if let Value::Map(entries) = &mut both.value {
            normalise(entries, &mut problems);
        }
        assert!(problems.finish(()).is_err());
    }
}
