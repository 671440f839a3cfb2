//! Shell texts.

use crate::shell::{Connector, Script, parse};
use crate::{Body, Keyword};

/// The commands, words joined by `_`, arguments of each in order.
fn check(text: &str, expected: &[&str]) {
    let shown: Vec<String> = parse(text)
        .commands
        .iter()
        .filter(|c| !c.words.is_empty())
        .map(|c| {
            let words: Vec<_> = c.words.iter().map(|w| w.text.as_str()).collect();
            words.join("_")
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn lists_and_pipelines() {
    check(
        "a b && c || d; e & f | g",
        &["a_b", "c", "d", "e", "f", "g"],
    );
    let script = parse("a && b | c; d");
    let connectors: Vec<_> = script.commands.iter().map(|c| c.connector).collect();
    assert_eq!(
        connectors,
        [
            Connector::Sequence,
            Connector::And,
            Connector::Pipe,
            Connector::Sequence
        ]
    );
    assert_eq!(script.commands[1].pipeline, script.commands[2].pipeline);
    assert_eq!(script.pipes.len(), 1);
}

#[test]
fn quotes_and_escapes() {
    check(
        r#"echo 'a b' "c d" e\ f "g\"h" $'i\'j'"#,
        &["echo_a b_c d_e f_g\"h_i'j"],
    );
    check("echo 'unclosed && x", &["echo_unclosed && x"]);
    check("echo a#b # not this", &["echo_a#b"]);
    check("x=1 y='2 3' cmd z=4", &["cmd_z=4"]);
    check("echo \"$A\"/b ${C:-d}", &["echo_$A/b_${C:-d}"]);
}

#[test]
fn substitutions_are_read() {
    check(
        "echo \"$(a b)\" `c d` $((1 + 2)) <(e)",
        &["echo_$(a b)_`c d`_$((1 + 2))_<(e)", "a_b", "c_d", "e"],
    );
    check("X=$(curl -s y | sh)", &["curl_-s_y", "sh"]);
}

#[test]
fn compound_commands_are_flattened() {
    check(
        "if a; then b; elif c; then d; else e; fi && f",
        &["a", "b", "c", "d", "e", "f"],
    );
    check("for i in 1 2 $(x); do y \"$i\"; done", &["x", "y_$i"]);
    check("while read l; do z; done < f", &["read_l", "z"]);
    check("case \"$a\" in x|y) b ;; *) c;; esac; d", &["b", "c", "d"]);
    check(
        "f() { a; }; function g { b; }; (c && d)",
        &["a", "b", "c", "d"],
    );
    check("[[ a && b ]] && c", &["[[_a_b_]]", "c"]);
    check("! a | { b; }", &["a", "b"]);
    check("arr=(a b c) && d", &["d"]);
}

#[test]
fn redirections() {
    let script = parse("a > b 2>&1 <<EOF >>c &>d");
    let operators: Vec<_> = script.commands[0]
        .redirects
        .iter()
        .map(|r| (r.operator, r.descriptor, r.target.text.as_str()))
        .collect();
    assert_eq!(
        operators,
        [
            (">", None, "b"),
            (">&", Some(2), "1"),
            ("<<", None, "EOF"),
            (">>", None, "c"),
            ("&>", None, "d")
        ]
    );
    check("cat <<EOF > x\nnot a command\nEOF\nb", &["cat", "b"]);
    check("cat <<-'E O'\n\tx\n\tE O\nb", &["cat", "b"]);
}

#[test]
fn spans_lead_to_the_source() {
    let text =
        "FROM a\nRUN apk add \\\n  # why\n  curl && \\\n  rm x\nRUN <<EOF\n#!/bin/sh\nls -l\nEOF\n";
    let (file, _) = crate::parse(text);
    let words = |script: &Script| {
        let all = script.commands.iter().flat_map(|c| &c.words);
        all.map(|w| &text[w.span.range()]).collect::<Vec<_>>()
    };
    let run = &file.instructions()[1];
    assert_eq!(run.keyword, Keyword::Run);
    let Body::Run(form) = &run.body else {
        panic!("not a RUN")
    };
    assert_eq!(
        words(&Script::of_form(form, &run.rest)),
        ["apk", "add", "curl", "rm", "x"]
    );
    let scripts = Script::of_heredocs(&file.instructions()[2], text);
    assert_eq!(words(&scripts[0]), ["ls", "-l"]);
}

#[test]
fn a_script_in_another_language_is_not_read() {
    let (file, _) = crate::parse("FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF\n");
    assert!(Script::of_heredocs(&file.instructions()[1], file.text()).is_empty());
    let (file, _) = crate::parse("FROM a\nRUN python3 <<EOF\nprint(1)\nEOF\n");
    assert!(Script::of_heredocs(&file.instructions()[1], file.text()).is_empty());
}

#[test]
fn a_shell_reads_its_script_from_a_heredoc() {
    let scripts = |line: &str| {
        let (file, _) = crate::parse(&format!("FROM a\nRUN {line}\nls\nEOF\n"));
        Script::of_heredocs(&file.instructions()[1], file.text()).len()
    };
    assert_eq!(scripts("<<EOF"), 1);
    assert_eq!(scripts("bash -ex <<EOF"), 1);
    assert_eq!(scripts("<<EOF /bin/sh"), 1);
    assert_eq!(scripts("bash -c x <<EOF"), 0);
    assert_eq!(scripts("bash x.sh <<EOF"), 0);
    assert_eq!(scripts("<<EOF cat > x"), 0);
    assert_eq!(scripts("a && <<EOF"), 0);
}
