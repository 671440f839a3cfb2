use std::cmp::Ordering;

use crate::numbers;

/// Deepest nesting of lists; each `-` opens one.
const MAX_DEPTH: usize = 64;

pub(crate) fn is_valid(version: &str) -> bool {
    version.bytes().all(|b| b.is_ascii_graphic())
        && version.bytes().any(|b| b.is_ascii_alphanumeric())
        && !version.starts_with(['[', '(', ','])
}

/// An item of `ComparableVersion` as Maven 3.9 has it (Maven reference, "Version Order
/// Specification").
#[derive(Debug)]
enum Item {
    Number(String),
    Text(String),
    List(Vec<Item>),
}

pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    lists(&parse(a), &parse(b))
}

fn parse(version: &str) -> Vec<Item> {
    let lower = version.to_ascii_lowercase();
    // Each entry is a list that still grows; the last one is the innermost.
    let mut stack: Vec<Vec<Item>> = vec![Vec::new()];
    let mut run = String::new();
    let mut run_is_number = false;
    let push = |stack: &mut Vec<Vec<Item>>, item: Item| {
        if let Some(list) = stack.last_mut() {
            list.push(item);
        }
    };
    let nest = |stack: &mut Vec<Vec<Item>>| {
        if stack.len() < MAX_DEPTH {
            stack.push(Vec::new());
        }
    };
    let nest_text = |stack: &mut Vec<Vec<Item>>| {
        if stack.last().is_some_and(|list| !list.is_empty()) {
            nest(stack);
        }
    };
    for byte in lower.bytes() {
        match byte {
            b'.' | b'-' => {
                if run.is_empty() {
                    push(&mut stack, Item::Number(String::new()));
                } else {
                    push(&mut stack, item(&run, run_is_number, false));
                    run.clear();
                }
                if byte == b'-' {
                    nest(&mut stack);
                }
            }
            _ => {
                let digit = byte.is_ascii_digit();
                if !run.is_empty() && digit != run_is_number {
                    // A change between letters and digits is the same as a hyphen, and `.x1` is
                    // the same as `-x1`.
                    if digit {
                        nest_text(&mut stack);
                    }
                    push(&mut stack, item(&run, run_is_number, digit));
                    run.clear();
                    nest(&mut stack);
                }
                run_is_number = digit;
                run.push(char::from(byte));
            }
        }
    }
    if !run.is_empty() {
        if !run_is_number {
            nest_text(&mut stack);
        }
        push(&mut stack, item(&run, run_is_number, false));
    }
    while stack.len() > 1 {
        let mut inner = stack.pop().unwrap_or_default();
        normalise(&mut inner);
        push(&mut stack, Item::List(inner));
    }
    let mut list = stack.pop().unwrap_or_default();
    normalise(&mut list);
    list
}

fn item(run: &str, number: bool, digit_follows: bool) -> Item {
    if number {
        return Item::Number(run.trim_start_matches('0').to_owned());
    }
    Item::Text(
        match run {
            "a" if digit_follows => "alpha",
            "b" if digit_follows => "beta",
            "m" if digit_follows => "milestone",
            "ga" | "final" | "release" => "",
            "cr" => "rc",
            other => other,
        }
        .to_owned(),
    )
}

fn is_null(item: &Item) -> bool {
    match item {
        Item::Number(number) => number.is_empty(),
        Item::Text(text) => text.is_empty(),
        Item::List(list) => list.is_empty(),
    }
}

/// Removes the nulls at the end, also those with only lists behind them.
fn normalise(list: &mut Vec<Item>) {
    let mut at = list.len();
    while at > 0 {
        at -= 1;
        if is_null(&list[at]) {
            list.remove(at);
        } else if !matches!(list[at], Item::List(_)) {
            break;
        }
    }
}

/// Known qualifiers in order; unknown ones come after them, by text.
fn qualifier(text: &str) -> (usize, &str) {
    const KNOWN: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
    KNOWN
        .iter()
        .position(|k| *k == text)
        .map_or((KNOWN.len(), text), |at| (at, ""))
}

fn against_nothing(item: &Item) -> Ordering {
    match item {
        Item::Number(number) => (!number.is_empty()).cmp(&false),
        Item::Text(text) => qualifier(text).cmp(&qualifier("")),
        Item::List(list) => list
            .iter()
            .map(against_nothing)
            .find(|o| o.is_ne())
            .unwrap_or(Ordering::Equal),
    }
}

fn items(a: &Item, b: &Item) -> Ordering {
    match (a, b) {
        (Item::Number(x), Item::Number(y)) => numbers(x, y),
        (Item::Text(x), Item::Text(y)) => qualifier(x).cmp(&qualifier(y)),
        (Item::List(x), Item::List(y)) => lists(x, y),
        // 1.1 > 1-1 > 1-sp
        (Item::Number(_), _) | (Item::List(_), Item::Text(_)) => Ordering::Greater,
        (_, Item::Number(_)) | (Item::Text(_), Item::List(_)) => Ordering::Less,
    }
}

fn lists(a: &[Item], b: &[Item]) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at), b.get(at)) {
            (Some(x), Some(y)) => items(x, y),
            (Some(x), None) => against_nothing(x),
            (None, Some(y)) => against_nothing(y).reverse(),
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}
