//! Expressions of the [Common Expression Language](https://github.com/google/cel-spec): parsed and
//! type-checked when a policy is loaded, then run per finding.

mod check;
mod native;
mod types;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use cel::common::ast::Expr;
use cel::{IdedExpr, Program};

use crate::error::{Place, Problems};
use crate::include::Sources;
use crate::policy::{On, Selector};
use crate::row::{Row, World};
use crate::yaml::{Node, Value, place_within};
use native::Test;
use types::{Type, Variable};

pub(crate) use types::Field;
pub(crate) use value::Interpreter;

/// Longest expression in bytes.
const MAX_LENGTH: usize = 8192;

/// A checked expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) text: String,
    pub(crate) place: Place,
    program: Arc<Program>,
    native: Option<Test>,
    /// The variables that it reads, which the interpreter must be given.
    used: Vec<(&'static str, Variable)>,
}

impl Expression {
    /// Reads the expression of a rule.
    pub(crate) fn read(
        node: &Node,
        on: On,
        sources: &Sources,
        problems: &mut Problems,
    ) -> Option<Self> {
        let text = node.text(problems)?;
        let source = sources.get(&node.place.file).map_or("", String::as_str);
        match Self::compile(&text, on) {
            Ok((program, native, used)) => Some(Self {
                text,
                place: node.place.clone(),
                program: Arc::new(program),
                native,
                used,
            }),
            Err(errors) => {
                for (offset, message) in errors {
                    let place = match &node.value {
                        Value::Text(..) => place_within(source, node, offset),
                        _ => node.place.clone(),
                    };
                    problems.add(&place, message);
                }
                None
            }
        }
    }

    /// What is wrong comes with the byte at which it stands.
    #[expect(
        clippy::type_complexity,
        reason = "the parts of an expression, used once"
    )]
    fn compile(
        text: &str,
        on: On,
    ) -> Result<(Program, Option<Test>, Vec<(&'static str, Variable)>), Vec<(usize, String)>> {
        if text.len() > MAX_LENGTH {
            return Err(vec![(
                0,
                format!("an expression has at most {MAX_LENGTH} bytes"),
            )]);
        }
        let program = Program::compile(text).map_err(|errors| {
            errors
                .errors
                .iter()
                .map(|e| {
                    let message = e.msg.lines().next().unwrap_or_default();
                    (
                        offset_of(text, e.pos),
                        format!("not an expression: {}", crate::read::shown(message)),
                    )
                })
                .collect::<Vec<_>>()
        })?;
        let variables = types::variables(on);
        let at = |node: u64| {
            let characters = program
                .source_info()
                .offset_for(node)
                .map_or(0, |(start, _)| start as usize);
            text.char_indices()
                .nth(characters)
                .map_or(text.len(), |(byte, _)| byte)
        };
        let root = program.expression();
        let found = check::check(root, &variables).map_err(|e| vec![(at(e.node), e.message)])?;
        if !matches!(found, Type::Bool | Type::Dyn) {
            return Err(vec![(
                0,
                format!("an expression must be true or false, this is {found}"),
            )]);
        }
        bad_pattern(root).map_or(Ok(()), |(node, why)| Err(vec![(at(node), why)]))?;
        let native = native::translate(root, &variables);
        let mut used = variables;
        used.retain(|(name, _)| program.references().has_variable(name));
        Ok((program, native, used))
    }

    /// Whether it holds for a row.
    ///
    /// The error is the interpreter's: an index out of bounds, a missing label.
    pub(crate) fn holds<'w>(
        &self,
        row: &Row<'w>,
        interpreter: &mut Interpreter<'w>,
    ) -> Result<bool, String> {
        match &self.native {
            Some(test) => test
                .holds(row)
                .map_err(|field| format!("`{}` is not known; ask has() first", field.path())),
            None => interpreter.run(&self.program, &self.used, row),
        }
    }

    /// The kinds of lists and counts that it reads besides its own item.
    pub(crate) fn reads(&self) -> impl Iterator<Item = On> {
        self.used.iter().filter_map(|(_, variable)| match variable {
            Variable::One(types::Member::Object(types::Object::Counts)) => Some(On::Vulnerability),
            Variable::Many(object) => object.on(),
            Variable::One(_) => None,
        })
    }

    /// Narrows the selector of a rule on vulnerabilities by what the expression demands anyway.
    pub(crate) fn narrow(&self, select: &mut Selector) {
        if let Some(test) = &self.native {
            test.narrow(select);
        }
    }

    /// Whether it runs without the interpreter.
    #[cfg(test)]
    pub(crate) const fn is_native(&self) -> bool {
        self.native.is_some()
    }

    /// The interpreter for all expressions of one evaluation.
    pub(crate) fn interpreter<'w>(world: &'w World<'w>) -> Interpreter<'w> {
        Interpreter::new(world)
    }
}

/// Line and column, counted from 1, as a byte of the text.
fn offset_of(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let mut start = 0;
    for (index, content) in text.split_inclusive('\n').enumerate() {
        if index == line {
            return start
                + content
                    .char_indices()
                    .nth(column)
                    .map_or(content.len(), |(byte, _)| byte);
        }
        start += content.len();
    }
    text.len()
}

/// A literal pattern of `matches` that is no regular expression.
fn bad_pattern(node: &IdedExpr) -> Option<(u64, String)> {
    use cel::common::ast::LiteralValue;
    match &node.expr {
        Expr::Call(call) => {
            if call.func_name == "matches"
                && let Some(last) = call.args.last()
                && let Expr::Literal(LiteralValue::String(pattern)) = &last.expr
                && let Err(error) = regex::Regex::new(pattern.inner())
            {
                let text = error.to_string();
                let why = text.lines().last().unwrap_or_default();
                return Some((last.id, format!("not a regular expression: {why}")));
            }
            call.target
                .iter()
                .map(|b| &**b)
                .chain(&call.args)
                .find_map(bad_pattern)
        }
        Expr::List(list) => list.elements.iter().find_map(bad_pattern),
        Expr::Select(select) => bad_pattern(&select.operand),
        Expr::Comprehension(c) => [&c.iter_range, &c.loop_cond, &c.loop_step, &c.result]
            .into_iter()
            .find_map(bad_pattern),
        _ => None,
    }
}
