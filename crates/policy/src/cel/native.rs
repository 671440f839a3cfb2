//! Expressions that only compare fields of one row are translated once, so that a rule costs
//! nanoseconds per finding; everything else goes through the interpreter.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use regex::Regex;
use rustc_hash::FxHashSet;
use seaworthy_model::{Severity, State};

use super::types::{Field, Member, Variable};
use crate::policy::{Bits, Selector};
use crate::row::Row;

/// Something that is true or false of a row.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Const(bool),
    Flag(Field),
    /// `has(finding.age_days)`
    Has(Field),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    If(Box<Self>, Box<Self>, Box<Self>),
    Text(Text, Compare, Text),
    Number(Number, Compare, Number),
    OneOf(Text, FxHashSet<String>),
    InField(Text, Field),
    HasLabel(Text),
    Starts(Text, Text),
    Ends(Text, Text),
    Contains(Text, Text),
    Matches(Text, Box<Regex>),
}

#[derive(Debug, Clone)]
pub(crate) enum Text {
    Literal(String),
    Field(Field),
}

#[derive(Debug, Clone)]
pub(crate) enum Number {
    Literal(f64),
    Field(Field),
    /// Length of a list.
    Length(Field),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => a < b,
            Self::LessEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterEqual => a >= b,
        }
    }
}

impl Text {
    fn get<'r>(&'r self, row: &Row<'r>) -> Result<&'r str, Field> {
        match self {
            Self::Literal(text) => Ok(text),
            Self::Field(field) => known(*field, row).map(|field| row.text(field)),
        }
    }
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "lists are short")]
    fn get(&self, row: &Row<'_>) -> Result<f64, Field> {
        match self {
            Self::Literal(number) => Ok(*number),
            Self::Field(field) => known(*field, row).map(|field| row.number(field)),
            Self::Length(field) => Ok(row.list(*field).len() as f64),
        }
    }
}

/// The field, when it has a value here.
fn known(field: Field, row: &Row<'_>) -> Result<Field, Field> {
    if row.knows(field) {
        Ok(field)
    } else {
        Err(field)
    }
}

impl Test {
    /// Whether it holds, or the field that would have to be known. As in the interpreter, what is not
    /// known does not matter where the other side of `&&` or `||` decides.
    pub(crate) fn holds(&self, row: &Row<'_>) -> Result<bool, Field> {
        match self {
            Self::Const(value) => Ok(*value),
            Self::Flag(field) => known(*field, row).map(|field| row.flag(field)),
            Self::Has(field) => Ok(row.knows(*field)),
            Self::Not(a) => a.holds(row).map(|holds| !holds),
            Self::And(a, b) => decided(a, b, row, false),
            Self::Or(a, b) => decided(a, b, row, true),
            Self::If(condition, yes, no) => {
                if condition.holds(row)? {
                    yes.holds(row)
                } else {
                    no.holds(row)
                }
            }
            Self::Text(a, compare, b) => Ok(compare.holds(a.get(row)?, b.get(row)?)),
            Self::Number(a, compare, b) => Ok(compare.holds(a.get(row)?, b.get(row)?)),
            Self::OneOf(a, set) => Ok(set.contains(a.get(row)?)),
            Self::InField(a, field) => {
                let text = a.get(row)?;
                Ok(row.list(*field).iter().any(|item| item == text))
            }
            Self::HasLabel(a) => {
                known(Field::ImageLabels, row)?;
                let text = a.get(row)?;
                Ok(row.labels().is_some_and(|l| l.contains_key(text)))
            }
            Self::Starts(a, b) => Ok(a.get(row)?.starts_with(b.get(row)?)),
            Self::Ends(a, b) => Ok(a.get(row)?.ends_with(b.get(row)?)),
            Self::Contains(a, b) => Ok(a.get(row)?.contains(b.get(row)?)),
            Self::Matches(a, regex) => Ok(regex.is_match(a.get(row)?)),
        }
    }
}

/// `&&` and `||`: one side that is `deciding` decides, whatever the other is.
fn decided(a: &Test, b: &Test, row: &Row<'_>, deciding: bool) -> Result<bool, Field> {
    let first = a.holds(row);
    if first == Ok(deciding) {
        return first;
    }
    match b.holds(row) {
        second if second == Ok(deciding) => second,
        second => first.and(second),
    }
}

impl Test {
    /// Narrows a selector by what must hold for the test to hold, so that most findings are passed
    /// over without running it.
    pub(crate) fn narrow(&self, select: &mut Selector) {
        match self {
            Self::And(a, b) => {
                a.narrow(select);
                b.narrow(select);
            }
            Self::Flag(Field::Fixable) if select.fixable.is_none() => select.fixable = Some(true),
            Self::Flag(Field::Exploited) if select.exploited.is_none() => {
                select.exploited = Some(true);
            }
            Self::Text(Text::Field(Field::Severity), Compare::Equal, Text::Literal(word)) => {
                let same = Severity::WORST_FIRST
                    .into_iter()
                    .filter(|s| s.name() == word);
                select.severities.0 &= Bits::severities(same).0;
            }
            Self::OneOf(Text::Field(Field::Severity), words) => {
                let same = Severity::WORST_FIRST
                    .into_iter()
                    .filter(|s| words.contains(s.name()));
                select.severities.0 &= Bits::severities(same).0;
            }
            Self::Text(Text::Field(Field::State), Compare::Equal, Text::Literal(word)) => {
                let same = State::ALL.into_iter().filter(|s| s.name() == word);
                select.states.0 &= Bits::states(same).0;
            }
            _ => {}
        }
    }
}

/// Translates a checked expression; none when it does more than compare fields.
pub(crate) fn translate(node: &IdedExpr, variables: &[(&'static str, Variable)]) -> Option<Test> {
    match &node.expr {
        Expr::Literal(LiteralValue::Boolean(b)) => Some(Test::Const(*b.inner())),
        Expr::Select(select) if select.test => match member(&select.operand, variables)? {
            Member::Object(object) => object.member(&select.field)?.field().map(Test::Has),
            _ => None,
        },
        Expr::Select(_) | Expr::Ident(_) => match member(node, variables)? {
            Member::Bool(field) => Some(Test::Flag(field)),
            _ => None,
        },
        Expr::Call(call) => translate_call(call, variables),
        _ => None,
    }
}

fn translate_call(call: &CallExpr, variables: &[(&'static str, Variable)]) -> Option<Test> {
    let test = |node: &IdedExpr| translate(node, variables).map(Box::new);
    let text = |node: &IdedExpr| text(node, variables);
    match (
        call.func_name.as_str(),
        call.target.as_deref(),
        call.args.as_slice(),
    ) {
        (operators::LOGICAL_AND, None, [a, b]) => Some(Test::And(test(a)?, test(b)?)),
        (operators::LOGICAL_OR, None, [a, b]) => Some(Test::Or(test(a)?, test(b)?)),
        (operators::LOGICAL_NOT, None, [a]) => Some(Test::Not(test(a)?)),
        (operators::CONDITIONAL, None, [c, a, b]) => Some(Test::If(test(c)?, test(a)?, test(b)?)),
        (operators::IN, None, [item, list]) => one_of(item, list, variables),
        ("startsWith", Some(a), [b]) => Some(Test::Starts(text(a)?, text(b)?)),
        ("endsWith", Some(a), [b]) => Some(Test::Ends(text(a)?, text(b)?)),
        ("contains", Some(a), [b]) => Some(Test::Contains(text(a)?, text(b)?)),
        ("matches", Some(a), [b]) | ("matches", None, [a, b]) => match text(b)? {
            Text::Literal(pattern) => Some(Test::Matches(
                text(a)?,
                Box::new(Regex::new(&pattern).ok()?),
            )),
            Text::Field(_) => None,
        },
        (name, None, [a, b]) => {
            let compare = match name {
                operators::EQUALS => Compare::Equal,
                operators::NOT_EQUALS => Compare::NotEqual,
                operators::LESS => Compare::Less,
                operators::LESS_EQUALS => Compare::LessEqual,
                operators::GREATER => Compare::Greater,
                operators::GREATER_EQUALS => Compare::GreaterEqual,
                _ => return None,
            };
            if let (Some(a), Some(b)) = (text(a), text(b)) {
                return Some(Test::Text(a, compare, b));
            }
            Some(Test::Number(
                number(a, variables)?,
                compare,
                number(b, variables)?,
            ))
        }
        _ => None,
    }
}

fn one_of(
    item: &IdedExpr,
    list: &IdedExpr,
    variables: &[(&'static str, Variable)],
) -> Option<Test> {
    let item = text(item, variables)?;
    if let Expr::List(list) = &list.expr {
        let texts: Option<FxHashSet<String>> = list
            .elements
            .iter()
            .map(|e| match text(e, variables)? {
                Text::Literal(text) => Some(text),
                Text::Field(_) => None,
            })
            .collect();
        return Some(Test::OneOf(item, texts?));
    }
    match member(list, variables)? {
        Member::Texts(field) => Some(Test::InField(item, field)),
        Member::Labels(_) => Some(Test::HasLabel(item)),
        _ => None,
    }
}

fn text(node: &IdedExpr, variables: &[(&'static str, Variable)]) -> Option<Text> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(Text::Literal(text.inner().to_owned())),
        Expr::Select(_) | Expr::Ident(_) => match member(node, variables)? {
            Member::Text(field) => Some(Text::Field(field)),
            _ => None,
        },
        _ => None,
    }
}

/// Integers up to this one are exact as floating-point numbers.
const EXACT: i64 = 1 << 53;

#[expect(clippy::cast_precision_loss, reason = "bounded by EXACT")]
fn number(node: &IdedExpr, variables: &[(&'static str, Variable)]) -> Option<Number> {
    match &node.expr {
        Expr::Literal(LiteralValue::Int(n)) => {
            let n = *n.inner();
            (-EXACT..=EXACT)
                .contains(&n)
                .then_some(Number::Literal(n as f64))
        }
        Expr::Literal(LiteralValue::Double(n)) => Some(Number::Literal(*n.inner())),
        Expr::Select(_) | Expr::Ident(_) => match member(node, variables)? {
            Member::Int(field) | Member::Double(field) => Some(Number::Field(field)),
            _ => None,
        },
        Expr::Call(call) if call.func_name == "size" => {
            let of = match (&call.target, call.args.as_slice()) {
                (Some(of), []) => of,
                (None, [of]) => of,
                _ => return None,
            };
            match member(of, variables)? {
                Member::Texts(field) => Some(Number::Length(field)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The field that a chain of selections names: `finding.pkg.name`.
fn member(node: &IdedExpr, variables: &[(&'static str, Variable)]) -> Option<Member> {
    match &node.expr {
        Expr::Ident(name) => match variables.iter().find(|(n, _)| n == name)?.1 {
            Variable::One(member) => Some(member),
            Variable::Many(_) => None,
        },
        Expr::Select(select) if !select.test => match member(&select.operand, variables)? {
            Member::Object(object) => object.member(&select.field),
            _ => None,
        },
        _ => None,
    }
}
