//! What a Dockerfile consists of.

use std::ops::Range;

use crate::{LineIndex, Logical, Position, Span};

/// What a piece of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// A byte order mark at the very start.
    ByteOrderMark,
    /// Blanks.
    Whitespace,
    /// The end of a line, `\n` or `\r\n`.
    Newline,
    /// A parser directive, from `#` to the end of the line.
    Directive,
    /// A comment, from `#` to the end of the line.
    Comment,
    /// The name of an instruction.
    Keyword,
    /// A flag of an instruction, `--from=build`.
    Flag,
    /// Arguments.
    Text,
    /// The escape character at the end of a line, blanks behind it and the end of the line.
    Continuation,
    /// The lines of a here-document.
    HeredocBody,
    /// The line that ends a here-document, without the end of the line.
    HeredocEnd,
}

/// A piece of the text. All tokens together are the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Kind.
    pub kind: TokenKind,
    /// Where.
    pub span: Span,
}

/// A parser directive (Dockerfile reference, "Parser directives").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Name in lower case: `syntax`, `escape`, `check`.
    pub name: String,
    /// Value.
    pub value: String,
    /// From `#` to the end of the line.
    pub span: Span,
}

/// A comment, on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// What stands behind the `#`, trimmed.
    pub text: String,
    /// From `#` to the end of the line.
    pub span: Span,
    /// Its line, from 1.
    pub line: u32,
    /// Index of the instruction that it stands in, when it stands between continued lines.
    pub inside: Option<usize>,
}

/// A word as it is written, quotes and variables included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// Where.
    pub span: Span,
    /// As written, continuations joined; in the JSON form what the JSON string means.
    pub text: String,
}

impl Word {
    /// The word without its quotes and escapes (Dockerfile reference, "Environment replacement");
    /// variables stay as they are.
    #[must_use]
    pub fn unquoted(&self, escape: char) -> String {
        crate::words::unquote(&self.text, escape)
    }
}

/// A flag of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Name without dashes: `from`.
    pub name: String,
    /// What stands behind the `=`, quotes removed; none for `--link`.
    pub value: Option<String>,
    /// The whole flag.
    pub span: Span,
}

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminator.
    pub name: String,
    /// Whether variables are expanded in it: the name is not quoted.
    pub expand: bool,
    /// Whether leading tabs are removed: `<<-`.
    pub strip_tabs: bool,
    /// The file descriptor in front of `<<`.
    pub descriptor: Option<u32>,
    /// The word `<<EOF`.
    pub span: Span,
    /// The lines, with their line ends, without the terminator's.
    pub body: Span,
    /// Whether the terminator was found.
    pub terminated: bool,
}

/// The two forms of a command (Dockerfile reference, "Shell and exec form").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A JSON array.
    Exec(Vec<Word>),
    /// Text for a shell.
    Shell(Word),
}

/// `FROM image [AS name]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct From {
    /// The image, with variables.
    pub image: Word,
    /// The word `AS`.
    pub as_keyword: Option<Word>,
    /// The stage's name.
    pub name: Option<Word>,
}

/// What `COPY` and `ADD` take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transfer {
    /// Sources, here-documents included as their `<<EOF`.
    pub sources: Vec<Word>,
    /// Destination; none when there are fewer than two words.
    pub destination: Option<Word>,
    /// Whether it is a JSON array.
    pub exec: bool,
}

/// One pair of `ENV` or `LABEL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Key, with quotes.
    pub key: Word,
    /// Value, with quotes.
    pub value: Word,
    /// The old form `ENV KEY VALUE`.
    pub legacy: bool,
}

/// One variable of `ARG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Name.
    pub name: Word,
    /// What stands behind the `=`.
    pub default: Option<Word>,
}

/// What `HEALTHCHECK` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthcheck {
    /// `NONE`.
    None,
    /// `CMD …`.
    Command(Form),
    /// Neither.
    Invalid,
}

/// The arguments of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `FROM`.
    From(From),
    /// `RUN`.
    Run(Form),
    /// `CMD`.
    Cmd(Form),
    /// `ENTRYPOINT`.
    Entrypoint(Form),
    /// `COPY`.
    Copy(Transfer),
    /// `ADD`.
    Add(Transfer),
    /// `ENV`.
    Env(Vec<Pair>),
    /// `LABEL`.
    Label(Vec<Pair>),
    /// `ARG`.
    Arg(Vec<Argument>),
    /// `EXPOSE`.
    Expose(Vec<Word>),
    /// `VOLUME`.
    Volume(Vec<Word>),
    /// `USER`.
    User(Word),
    /// `WORKDIR`.
    Workdir(Word),
    /// `STOPSIGNAL`.
    Stopsignal(Word),
    /// `MAINTAINER`.
    Maintainer(Word),
    /// `SHELL`.
    Shell(Vec<Word>),
    /// `HEALTHCHECK`.
    Healthcheck(Healthcheck),
    /// `ONBUILD`, with the instruction that it holds.
    Onbuild(Option<Box<Instruction>>),
    /// Not an instruction.
    Unknown,
}

/// The names of the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "the names are those of the Dockerfile reference"
)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// Any other word.
    Unknown,
}

impl Keyword {
    /// The instruction with that name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        const NAMES: [(&str, Keyword); 18] = [
            ("ADD", Keyword::Add),
            ("ARG", Keyword::Arg),
            ("CMD", Keyword::Cmd),
            ("COPY", Keyword::Copy),
            ("ENTRYPOINT", Keyword::Entrypoint),
            ("ENV", Keyword::Env),
            ("EXPOSE", Keyword::Expose),
            ("FROM", Keyword::From),
            ("HEALTHCHECK", Keyword::Healthcheck),
            ("LABEL", Keyword::Label),
            ("MAINTAINER", Keyword::Maintainer),
            ("ONBUILD", Keyword::Onbuild),
            ("RUN", Keyword::Run),
            ("SHELL", Keyword::Shell),
            ("STOPSIGNAL", Keyword::Stopsignal),
            ("USER", Keyword::User),
            ("VOLUME", Keyword::Volume),
            ("WORKDIR", Keyword::Workdir),
        ];
        NAMES
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(name))
            .map_or(Self::Unknown, |(_, keyword)| *keyword)
    }
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// What it is.
    pub keyword: Keyword,
    /// Its name as written.
    pub name: Word,
    /// From the name to the end of the last line, here-documents included, without the line end.
    pub span: Span,
    /// The line of the name, from 1.
    pub line: u32,
    /// The last line, from 1.
    pub end_line: u32,
    /// Flags.
    pub flags: Vec<Flag>,
    /// What follows the name and the flags, joined.
    pub rest: Logical,
    /// Here-documents, in order.
    pub heredocs: Vec<Heredoc>,
    /// Arguments.
    pub body: Body,
    /// Comments that stand on the lines right above, as indexes into [`Dockerfile::comments`].
    pub comments: Range<usize>,
    /// The first empty line inside.
    pub empty_continuation: Option<Span>,
}

impl Instruction {
    /// The first flag with that name.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|f| f.name == name)
    }

    /// The value of the first flag with that name.
    #[must_use]
    pub fn flag_value(&self, name: &str) -> Option<&str> {
        self.flag(name).and_then(|f| f.value.as_deref())
    }
}

/// A Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    pub(crate) text: String,
    pub(crate) index: LineIndex,
    pub(crate) tokens: Vec<Token>,
    pub(crate) directives: Vec<Directive>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) escape: char,
}

impl Dockerfile {
    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tokens' texts, one behind the other: the same text again.
    #[must_use]
    pub fn print(&self) -> String {
        self.tokens.iter().map(|t| self.source(t.span)).collect()
    }

    /// All pieces in order.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Parser directives in order.
    #[must_use]
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// Comments in order.
    #[must_use]
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// Instructions in order.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The escape character: `\`, or `` ` `` by directive.
    #[must_use]
    pub const fn escape(&self) -> char {
        self.escape
    }

    /// The text of a span; empty when it is none of this text.
    #[must_use]
    pub fn source(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// Line and column of a byte.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        self.index.position(&self.text, offset)
    }

    /// Lines of the text.
    #[must_use]
    pub const fn lines(&self) -> &LineIndex {
        &self.index
    }
}
