//! Instructions, directives, continuations and here-documents.

use crate::{
    Base, Body, DiagnosticKind, Dockerfile, Form, Healthcheck, Instruction, Keyword, TokenKind,
    parse, parse_bytes,
};

fn first(text: &str) -> Instruction {
    let (file, _) = parse(text);
    file.instructions()[0].clone()
}

fn kinds(text: &str) -> Vec<DiagnosticKind> {
    parse(text).1.into_iter().map(|d| d.kind).collect()
}

fn rests(file: &Dockerfile) -> Vec<&str> {
    file.instructions().iter().map(|i| i.rest.text()).collect()
}

#[test]
fn continued_lines_are_joined_without_comments() {
    let text = "FROM a\nRUN one \\\n  # why\n\n  two \\  \n  three\nUSER 1\n";
    let (file, diagnostics) = parse(text);
    assert_eq!(rests(&file), ["a", "one   two   three", "1"]);
    let run = &file.instructions()[1];
    assert_eq!((run.line, run.end_line), (2, 6));
    assert_eq!(file.comments()[0].inside, Some(1));
    assert_eq!(diagnostics[0].kind, DiagnosticKind::EmptyContinuation);
    assert_eq!(diagnostics[0].position.line, 4);
    assert!(run.empty_continuation.is_some());
}

#[test]
fn the_escape_directive_changes_continuations() {
    let text = "# escape=`\nFROM a\nRUN dir C:\\`\n && x\nCOPY a C:\\\nUSER b\n";
    let (file, _) = parse(text);
    assert_eq!(file.escape(), '`');
    assert_eq!(rests(&file), ["a", "dir C:\\ && x", "a C:\\", "b"]);
}

#[test]
fn directives_come_first_or_not_at_all() {
    let (file, _) = parse("#syntax = docker/dockerfile:1\n# check=skip=all\n# escape=`\nFROM a\n");
    let names: Vec<_> = file.directives().iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["syntax", "check", "escape"]);
    assert_eq!(file.directives()[1].value, "skip=all");
    let (file, _) = parse("# a comment\n# escape=`\nFROM a\n");
    assert_eq!(file.escape(), '\\');
    assert_eq!(file.comments().len(), 2);
    assert_eq!(
        kinds("# escape=x\n# escape=`\nFROM a\n"),
        [DiagnosticKind::InvalidDirective; 2]
    );
}

#[test]
fn a_doubled_escape_continues_nothing() {
    let (file, _) = parse("FROM a\nRUN x \\\\\nUSER 1\n");
    assert_eq!(file.instructions().len(), 3);
}

#[test]
fn heredocs_end_at_their_names() {
    let text = "FROM a\nRUN <<EOF cat > /x <<-\"B C\"\nFROM not\nEOF\n\tmore\n\tB C\nUSER 1\n";
    let (file, diagnostics) = parse(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(file.instructions().len(), 3);
    let run = &file.instructions()[1];
    assert_eq!(run.heredocs.len(), 2);
    assert_eq!(file.source(run.heredocs[0].body), "FROM not\n");
    assert_eq!(run.heredocs[1].name, "B C");
    assert!(!run.heredocs[1].expand && run.heredocs[1].strip_tabs);
    assert_eq!(run.end_line, 6);
}

#[test]
fn what_looks_like_a_heredoc_and_is_none() {
    for text in [
        "FROM a\nRUN cat <<< word\nUSER 1\n",
        "FROM a\nRUN echo \"<<EOF\"\nUSER 1\n",
        "FROM a\nRUN echo $((1<<2))\nUSER 1\n",
        "FROM a\nENV X=<<EOF\nUSER 1\n",
    ] {
        let (file, _) = parse(text);
        assert_eq!(file.instructions().len(), 3, "{text}");
    }
    assert_eq!(
        kinds("FROM a\nRUN <<EOF\nx\n"),
        [DiagnosticKind::UnterminatedHeredoc]
    );
}

#[test]
fn copy_takes_heredocs_as_sources() {
    let copy = first("COPY --chown=1:1 <<A <<B /dir/\none\nA\ntwo\nB\n");
    assert_eq!(copy.heredocs.len(), 2);
    assert_eq!(copy.flag_value("chown"), Some("1:1"));
    let Body::Copy(transfer) = copy.body else {
        panic!("not a COPY")
    };
    assert_eq!(transfer.sources.len(), 2);
    assert_eq!(transfer.destination.expect("is there").text, "/dir/");
}

#[test]
fn forms_are_told_apart() {
    let form = |text: &str| match first(text).body {
        Body::Cmd(form) => form,
        other => panic!("{other:?}"),
    };
    let exec = |text: &str| matches!(form(text), Form::Exec(_));
    assert!(exec("CMD [\"a\", \"b\"]"));
    assert!(exec("CMD [ \\\n \"a\", \\\n \"b\" ]"));
    assert!(!exec("CMD ['a']"));
    assert!(!exec("CMD a [\"b\"]"));
    assert_eq!(
        kinds("FROM a\nCMD ['a', 'b']\n"),
        [DiagnosticKind::BrokenJson]
    );
    assert!(kinds("FROM a\nCMD [ -f x ] && y\n").is_empty());
}

#[test]
fn pairs_and_arguments() {
    let Body::Env(pairs) = first("ENV A=b C=\"d e\" F=g\\ h").body else {
        panic!("not an ENV")
    };
    let values: Vec<_> = pairs.iter().map(|p| p.value.unquoted('\\')).collect();
    assert_eq!(values, ["b", "d e", "g h"]);
    let Body::Env(pairs) = first("ENV A b c").body else {
        panic!("not an ENV")
    };
    assert!(pairs[0].legacy);
    assert_eq!(pairs[0].value.text, "b c");
    let Body::Arg(arguments) = first("ARG A B=\"x y\"").body else {
        panic!("not an ARG")
    };
    assert_eq!(arguments.len(), 2);
    assert!(arguments[0].default.is_none());
    assert_eq!(
        kinds("FROM a\nLABEL a=b c\nENV A\n"),
        [DiagnosticKind::InvalidPair; 2]
    );
}

#[test]
fn onbuild_holds_an_instruction() {
    let onbuild = first("ONBUILD RUN --network=none echo hi\n");
    let Body::Onbuild(Some(inner)) = onbuild.body else {
        panic!("holds nothing")
    };
    assert_eq!(inner.keyword, Keyword::Run);
    assert_eq!(inner.flag_value("network"), Some("none"));
    assert_eq!(inner.rest.text(), "echo hi");
    assert_eq!(
        kinds("FROM a\nONBUILD FROM b\n"),
        [DiagnosticKind::InvalidOnbuild]
    );
    assert_eq!(
        kinds("FROM a\nONBUILD\n"),
        [DiagnosticKind::MissingArguments]
    );
}

#[test]
fn healthchecks() {
    let check = |text: &str| match first(text).body {
        Body::Healthcheck(check) => check,
        other => panic!("{other:?}"),
    };
    assert_eq!(check("HEALTHCHECK none"), Healthcheck::None);
    assert!(matches!(
        check("HEALTHCHECK --interval=5s CMD [\"x\"]"),
        Healthcheck::Command(Form::Exec(_))
    ));
    assert_eq!(check("HEALTHCHECK x"), Healthcheck::Invalid);
}

#[test]
fn stages_know_their_bases() {
    let text = "ARG V=12\nARG NO\nFROM debian:${V} AS Build\nRUN a\nFROM build\nFROM scratch\n\
                FROM x:$NO\nFROM y:${NO:-1}\n";
    let (file, _) = parse(text);
    let stages = file.stages();
    let bases: Vec<_> = stages.iter().map(|s| s.base.clone()).collect();
    assert_eq!(
        bases,
        [
            Base::Image("debian:12".to_owned()),
            Base::Stage(0),
            Base::Scratch,
            Base::Unknown("x:$NO".to_owned()),
            Base::Image("y:1".to_owned()),
        ]
    );
    assert_eq!(stages[0].name.as_deref(), Some("build"));
    assert_eq!(stages[0].instructions, 3..4);
}

#[test]
fn faults_are_located() {
    let (_, diagnostics) = parse("FROM a\n  RUNN x\nCOPY a\n");
    let shown: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "line 2, column 3: `RUNN` is not an instruction",
            "line 3, column 1: COPY needs a source and a destination"
        ]
    );
    assert_eq!(kinds(""), [DiagnosticKind::NoFrom]);
    assert_eq!(kinds("RUN x\nFROM a\n"), [DiagnosticKind::BeforeFrom]);
    assert_eq!(
        kinds("FROM a\nRUN x \\\n"),
        [DiagnosticKind::EndsInContinuation]
    );
    assert_eq!(kinds("FROM a as\n"), [DiagnosticKind::TooManyArguments]);
    assert_eq!(
        kinds("FROM a\nSHELL /bin/sh\n"),
        [DiagnosticKind::JsonRequired]
    );
}

#[test]
fn bytes_that_are_not_utf8_are_located() {
    let (file, diagnostics) = parse_bytes(b"FROM a\nRUN \xFF x\n");
    assert_eq!(diagnostics[0].kind, DiagnosticKind::InvalidEncoding);
    assert_eq!(diagnostics[0].position.line, 2);
    assert_eq!(diagnostics[0].position.column, 5);
    assert_eq!(file.instructions().len(), 2);
    let (_, diagnostics) = parse_bytes(b"\xFF\xFEF\0R\0");
    assert!(diagnostics[0].message.contains("UTF-16"));
}

#[test]
fn tokens_name_their_kind() {
    let (file, _) = parse("\u{feff}# syntax=x\nCOPY --from=b a \\\n  c\r\n# end");
    let tokens: Vec<_> = file
        .tokens()
        .iter()
        .filter(|t| t.kind != TokenKind::Whitespace)
        .map(|t| (t.kind, file.source(t.span)))
        .collect();
    assert_eq!(
        tokens,
        [
            (TokenKind::ByteOrderMark, "\u{feff}"),
            (TokenKind::Directive, "# syntax=x"),
            (TokenKind::Newline, "\n"),
            (TokenKind::Keyword, "COPY"),
            (TokenKind::Flag, "--from=b"),
            (TokenKind::Text, "a "),
            (TokenKind::Continuation, "\\\n"),
            (TokenKind::Text, "c"),
            (TokenKind::Newline, "\r\n"),
            (TokenKind::Comment, "# end"),
        ]
    );
}
