//! Type checking of expressions when the policy is loaded.
//!
//! The interpreter finds a mistyped field only when it meets it; a gate must not find out then.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};

use super::types::{Type, Variable};
use crate::error::nearest;

/// What is wrong, and with which node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeError {
    pub(crate) node: u64,
    pub(crate) message: String,
}

type Checked = Result<Type, TypeError>;

fn wrong<T>(node: u64, message: impl Into<String>) -> Result<T, TypeError> {
    Err(TypeError {
        node,
        message: message.into(),
    })
}

/// The type of an expression with these variables.
pub(crate) fn check(expression: &IdedExpr, variables: &[(&'static str, Variable)]) -> Checked {
    let mut scope = Scope {
        variables,
        local: Vec::new(),
        lists: 0,
    };
    scope.expression(expression)
}

struct Scope<'v> {
    variables: &'v [(&'static str, Variable)],
    /// Variables of comprehensions, innermost last.
    local: Vec<(String, Type)>,
    /// How many lists of the report's are gone through within each other here.
    lists: usize,
}

/// Most lists of the report's within each other: three lists of thousands take hours.
const MAX_LISTS: usize = 2;

impl Scope<'_> {
    fn expression(&mut self, node: &IdedExpr) -> Checked {
        match &node.expr {
            Expr::Literal(literal) => Ok(literal_type(literal)),
            Expr::Ident(name) => self.variable(node.id, name),
            Expr::Select(select) => {
                let operand = self.expression(&select.operand)?;
                let field = field(node.id, &operand, &select.field)?;
                Ok(if select.test { Type::Bool } else { field })
            }
            Expr::List(list) => {
                let mut item: Option<Type> = None;
                for element in &list.elements {
                    let found = self.expression(element)?;
                    item = Some(match item {
                        Some(before) => join(before, found),
                        None => found,
                    });
                }
                Ok(Type::List(Box::new(item.unwrap_or(Type::Dyn))))
            }
            Expr::Map(map) => {
                let (mut key, mut value) = (None, None);
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        let (k, v) = (self.expression(&entry.key)?, self.expression(&entry.value)?);
                        key = Some(key.map_or(k.clone(), |before| join(before, k)));
                        value = Some(value.map_or(v.clone(), |before| join(before, v)));
                    }
                }
                Ok(Type::Map(
                    Box::new(key.unwrap_or(Type::Dyn)),
                    Box::new(value.unwrap_or(Type::Dyn)),
                ))
            }
            Expr::Call(call) => self.call(node.id, call),
            Expr::Comprehension(comprehension) => self.comprehension(node.id, comprehension),
            Expr::Struct(_) => wrong(node.id, "messages cannot be built here"),
            Expr::Unspecified => wrong(node.id, "an empty expression"),
        }
    }

    fn variable(&self, id: u64, name: &str) -> Checked {
        if let Some((_, local)) = self.local.iter().rev().find(|(n, _)| n == name) {
            return Ok(local.clone());
        }
        match self.variables.iter().find(|(n, _)| *n == name) {
            Some((_, variable)) => Ok(variable.type_of()),
            None => {
                let names = || self.variables.iter().map(|(n, _)| *n);
                let hint = match nearest(name, names()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("there is {}", names().collect::<Vec<_>>().join(", ")),
                };
                wrong(id, format!("no variable `{name}`; {hint}"))
            }
        }
    }

    fn comprehension(&mut self, id: u64, c: &ComprehensionExpr) -> Checked {
        let range = self.expression(&c.iter_range)?;
        let (first, second) = match range {
            Type::List(item) => (*item, None),
            Type::Map(key, value) => (*key, Some(*value)),
            Type::Dyn => (Type::Dyn, None),
            other => {
                return wrong(
                    id,
                    format!("cannot go through {other}, only lists and maps"),
                );
            }
        };
        let initial = self.expression(&c.accu_init)?;
        let is_list = usize::from(matches!(first, Type::Object(_)));
        self.lists += is_list;
        if self.lists > MAX_LISTS {
            return wrong(
                id,
                format!("more than {MAX_LISTS} lists are gone through within each other"),
            );
        }
        let depth = self.local.len();
        match &c.iter_var2 {
            Some(two) => {
                self.local.push((c.iter_var.clone(), first.clone()));
                self.local.push((two.clone(), second.unwrap_or(first)));
            }
            None => self.local.push((c.iter_var.clone(), first)),
        }
        self.local.push((c.accu_var.clone(), initial.clone()));
        self.expression(&c.loop_cond)?;
        let step = self.expression(&c.loop_step)?;
        self.lists -= is_list;
        let accumulated = if matches!(initial, Type::List(_)) {
            step
        } else {
            initial
        };
        self.local.truncate(depth);
        self.local.push((c.accu_var.clone(), accumulated));
        let result = self.expression(&c.result);
        self.local.truncate(depth);
        result
    }

    /// Refuses to compare a field of few values with a text that it never is.
    fn words(&mut self, field: &IdedExpr, with: &IdedExpr) -> Result<(), TypeError> {
        let Expr::Select(select) = &field.expr else {
            return Ok(());
        };
        let Type::Object(object) = self.expression(&select.operand)? else {
            return Ok(());
        };
        let Some(words) = object.words(&select.field) else {
            return Ok(());
        };
        let texts = match &with.expr {
            Expr::List(list) => list.elements.as_slice(),
            _ => std::slice::from_ref(with),
        };
        for node in texts {
            let Expr::Literal(LiteralValue::String(text)) = &node.expr else {
                continue;
            };
            let text = text.inner();
            if !words.contains(&text) {
                let hint = match nearest(text, words.iter().copied()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("it is one of {}", words.join(", ")),
                };
                let text = crate::read::shown(text);
                return wrong(
                    node.id,
                    format!("`{}` is never `{text}`; {hint}", select.field),
                );
            }
        }
        Ok(())
    }

    fn call(&mut self, id: u64, call: &CallExpr) -> Checked {
        let mut arguments = Vec::new();
        if let Some(target) = &call.target {
            arguments.push(self.expression(target)?);
        }
        for argument in &call.args {
            arguments.push(self.expression(argument)?);
        }
        let name = call.func_name.as_str();
        if let (operators::EQUALS | operators::NOT_EQUALS | operators::IN, [a, b]) =
            (name, call.args.as_slice())
        {
            self.words(a, b)?;
            self.words(b, a)?;
        }
        match (name, arguments.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [a, b]) => {
                for (side, argument) in [a, b].into_iter().zip(&call.args) {
                    boolean(side, argument.id)?;
                }
                Ok(Type::Bool)
            }
            (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [a]) => {
                boolean(a, call.args.first().map_or(id, |n| n.id))?;
                Ok(Type::Bool)
            }
            (operators::CONDITIONAL, [condition, yes, no]) => {
                boolean(condition, call.args.first().map_or(id, |n| n.id))?;
                Ok(join(yes.clone(), no.clone()))
            }
            (operators::EQUALS | operators::NOT_EQUALS, [a, b]) => {
                if a.fits(b) {
                    Ok(Type::Bool)
                } else {
                    wrong(id, format!("{a} and {b} are never equal"))
                }
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [a, b],
            ) => {
                let ordered = |t: &Type| {
                    t.is_number() || matches!(t, Type::Text | Type::Bytes | Type::Bool | Type::Dyn)
                };
                if ordered(a) && ordered(b) && a.fits(b) {
                    Ok(Type::Bool)
                } else {
                    wrong(id, format!("{a} and {b} have no order"))
                }
            }
            (operators::IN, [item, list]) => match list {
                Type::List(of) if of.fits(item) => Ok(Type::Bool),
                Type::Map(key, _) if key.fits(item) => Ok(Type::Bool),
                Type::Dyn => Ok(Type::Bool),
                other => wrong(id, format!("{item} is never in {other}")),
            },
            (operators::INDEX, [of, index]) => index_type(id, of, index),
            (operators::NEGATE, [a]) => arithmetic(id, "-", a, a),
            (operators::ADD, [a, b]) => match (a, b) {
                (Type::Text, Type::Text) => Ok(Type::Text),
                (Type::Bytes, Type::Bytes) => Ok(Type::Bytes),
                (Type::List(x), Type::List(y)) => {
                    Ok(Type::List(Box::new(join((**x).clone(), (**y).clone()))))
                }
                _ => arithmetic(id, "+", a, b),
            },
            (operators::SUBSTRACT, [a, b]) => arithmetic(id, "-", a, b),
            (operators::MULTIPLY, [a, b]) => arithmetic(id, "*", a, b),
            (operators::DIVIDE, [a, b]) => arithmetic(id, "/", a, b),
            (operators::MODULO, [a, b]) => arithmetic(id, "%", a, b),
            _ => function(id, call, &arguments),
        }
    }
}

fn literal_type(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Bytes(_) => Type::Bytes,
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(_) => Type::Text,
        LiteralValue::UInt(_) => Type::Uint,
    }
}

fn join(a: Type, b: Type) -> Type {
    if a == b { a } else { Type::Dyn }
}

fn boolean(found: &Type, node: u64) -> Result<(), TypeError> {
    match found {
        Type::Bool | Type::Dyn => Ok(()),
        other => wrong(node, format!("expected bool, found {other}")),
    }
}

fn field(id: u64, operand: &Type, name: &str) -> Checked {
    match operand {
        Type::Object(object) => match object.member(name) {
            Some(member) => Ok(member.type_of()),
            None => {
                let names = || object.fields().iter().map(|(n, _)| *n);
                let hint = match nearest(name, names()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
                };
                wrong(
                    id,
                    format!("`{}` has no field `{name}`; {hint}", object.name()),
                )
            }
        },
        Type::Map(key, value) if key.fits(&Type::Text) => Ok((**value).clone()),
        Type::Dyn => Ok(Type::Dyn),
        other => wrong(id, format!("{other} has no field `{name}`")),
    }
}

fn index_type(id: u64, of: &Type, index: &Type) -> Checked {
    match of {
        Type::List(item) if index.is_number() || *index == Type::Dyn => Ok((**item).clone()),
        Type::Map(key, value) if key.fits(index) => Ok((**value).clone()),
        Type::Dyn => Ok(Type::Dyn),
        other => wrong(id, format!("{other} has no element at {index}")),
    }
}

fn arithmetic(id: u64, operator: &str, a: &Type, b: &Type) -> Checked {
    match (a, b) {
        (Type::Dyn, other) | (other, Type::Dyn) if other.is_number() || *other == Type::Dyn => {
            Ok(other.clone())
        }
        (a, b) if a == b && a.is_number() => Ok(a.clone()),
        (a, b) if a.is_number() && b.is_number() => wrong(
            id,
            format!("`{operator}` mixes {a} and {b}; convert with double() or int()"),
        ),
        _ => wrong(id, format!("`{operator}` has no meaning for {a} and {b}")),
    }
}

/// The functions: name, whether the first argument stands before the dot, arguments, result.
const FUNCTIONS: [&str; 10] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "dyn",
];

fn function(id: u64, call: &CallExpr, arguments: &[Type]) -> Checked {
    let name = call.func_name.as_str();
    let is_text = |t: &Type| matches!(t, Type::Text | Type::Dyn);
    match (name, arguments) {
        ("size", [of]) => match of {
            Type::Text | Type::Bytes | Type::List(_) | Type::Map(..) | Type::Dyn => Ok(Type::Int),
            other => wrong(id, format!("size() has no meaning for {other}")),
        },
        ("contains" | "startsWith" | "endsWith", [of, what]) if call.target.is_some() => {
            if is_text(of) && is_text(what) {
                Ok(Type::Bool)
            } else {
                wrong(
                    id,
                    format!("{name}() is for strings, not {of} and {what}; for lists use `in`"),
                )
            }
        }
        ("matches", [of, pattern]) => {
            if is_text(of) && is_text(pattern) {
                Ok(Type::Bool)
            } else {
                wrong(
                    id,
                    format!("matches() is for strings, not {of} and {pattern}"),
                )
            }
        }
        ("int" | "uint" | "double", [of]) if call.target.is_none() => {
            if of.is_number() || is_text(of) {
                Ok(match name {
                    "int" => Type::Int,
                    "uint" => Type::Uint,
                    _ => Type::Double,
                })
            } else {
                wrong(id, format!("{name}() has no meaning for {of}"))
            }
        }
        ("string", [of]) if call.target.is_none() => match of {
            Type::List(_) | Type::Map(..) | Type::Object(_) => {
                wrong(id, format!("string() has no meaning for {of}"))
            }
            _ => Ok(Type::Text),
        },
        _ if FUNCTIONS.contains(&name) => wrong(id, format!("{name}() is not called like this")),
        _ => {
            let hint = match nearest(name, FUNCTIONS) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!(
                    "there is {}, has, all, exists, exists_one, filter and map",
                    FUNCTIONS[..FUNCTIONS.len() - 1].join(", ")
                ),
            };
            wrong(id, format!("no function `{name}`; {hint}"))
        }
    }
}
