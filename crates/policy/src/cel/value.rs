//! Rows as the interpreter's values; only what an expression reads is built.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Program, Value};

use super::types::{Field, Member, Object, Variable};
use crate::row::{Item, Row, World};

/// Runs expressions that are not native.
pub(crate) struct Interpreter<'w> {
    world: &'w World<'w>,
    env: Arc<Env>,
    /// What is the same for all rows: built once, when first read.
    shared: HashMap<&'static str, Value>,
}

impl<'w> Interpreter<'w> {
    pub(crate) fn new(world: &'w World<'w>) -> Self {
        Self {
            world,
            env: Arc::new(Env::stdlib()),
            shared: HashMap::new(),
        }
    }

    pub(crate) fn run(
        &mut self,
        program: &Program,
        used: &[(&'static str, Variable)],
        row: &Row<'w>,
    ) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        for (name, variable) in used {
            context.add_variable_from_value(*name, self.variable(name, *variable, row));
        }
        match program.execute(&context) {
            Ok(Value::Bool(value)) => Ok(value),
            Ok(other) => Err(format!(
                "the expression is {:?}, neither true nor false",
                other.type_of()
            )),
            Err(ExecutionError::NoSuchKey(key)) => Err(format!(
                "`{}` is not known; ask has() or `in` first",
                crate::read::shown(&key)
            )),
            Err(error) => Err(crate::read::shown(&error.to_string())),
        }
    }

    fn variable(&mut self, name: &'static str, variable: Variable, row: &Row<'w>) -> Value {
        match variable {
            Variable::One(member @ Member::Object(Object::Image | Object::Counts))
            | Variable::One(member @ Member::Text(_)) => self
                .shared
                .entry(name)
                .or_insert_with(|| value(member, row))
                .clone(),
            Variable::One(member) => value(member, row),
            Variable::Many(object) => {
                let world = self.world;
                self.shared
                    .entry(name)
                    .or_insert_with(|| list(object, world))
                    .clone()
            }
        }
    }
}

fn list<'w>(of: Object, world: &'w World<'w>) -> Value {
    let object_of = |item| object(of, &Row { world, item });
    let items: Vec<Value> = match of {
        Object::Finding => world
            .findings
            .iter()
            .map(|row| object_of(Item::Finding(row)))
            .collect(),
        Object::Secret => world
            .secrets
            .iter()
            .map(|(_, s)| object_of(Item::Secret(s)))
            .collect(),
        Object::Misconfiguration => world
            .misconfigurations
            .iter()
            .map(|(_, m)| object_of(Item::Misconfiguration(m)))
            .collect(),
        Object::License => world
            .licenses
            .iter()
            .map(|(_, l)| object_of(Item::License(l)))
            .collect(),
        Object::Package => world
            .packages()
            .iter()
            .map(|p| object_of(Item::Package(p)))
            .collect(),
        Object::Image | Object::Counts => Vec::new(),
    };
    Value::List(Arc::new(items))
}

fn object(object: Object, row: &Row<'_>) -> Value {
    let map: HashMap<Key, Value> = object
        .fields()
        .iter()
        .filter(|(_, member)| member.field().is_none_or(|field| row.knows(field)))
        .map(|(name, member)| (key(name), value(*member, row)))
        .collect();
    Value::Map(Map { map: Arc::new(map) })
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

fn text(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "integer fields hold integers far below 2^53"
)]
fn value(member: Member, row: &Row<'_>) -> Value {
    match member {
        Member::Text(field) => text(row.text(field)),
        Member::Bool(field) => Value::Bool(row.flag(field)),
        Member::Int(field) => Value::Int(row.number(field) as i64),
        Member::Double(field) => Value::Float(row.number(field)),
        Member::Texts(field) => {
            Value::List(Arc::new(row.list(field).iter().map(|t| text(t)).collect()))
        }
        Member::Labels(Field::ImageLabels) => Value::Map(Map {
            map: Arc::new(
                row.labels()
                    .into_iter()
                    .flatten()
                    .map(|(k, v)| (key(k), text(v)))
                    .collect(),
            ),
        }),
        Member::Labels(_) => Value::Map(Map {
            map: Arc::new(HashMap::new()),
        }),
        Member::Object(inner) => object(inner, row),
    }
}
