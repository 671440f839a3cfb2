//! What holds for any text.

use proptest::prelude::*;

use crate::shell::{self, Script};
use crate::{Body, Edit, Edits, Form, parse, parse_bytes};

/// Pieces that, put together at random, reach the odd corners of the format.
fn dockerfile_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "FROM a AS b\n",
        "from $X\n",
        "RUN ",
        "RUN <<EOF\n",
        "EOF\n",
        "COPY <<A <<-'B' /x/\n",
        "A\n",
        "\tB\n",
        "\\\n",
        "\\ \n",
        "`\n",
        "# escape=`\n",
        "#c\n",
        "\n",
        "\r\n",
        " ",
        "\t",
        "\"",
        "'",
        "$(",
        ")",
        "`",
        "((",
        "))",
        "${A:-",
        "}",
        "[\"a\", ",
        "\"b\"]",
        "]",
        "&&",
        "||",
        "|",
        ";",
        ";;",
        "case x in\n",
        "esac",
        "for i in ",
        "do ",
        "done",
        "ENV A=b C=\"d e\"\n",
        "ENV A b c\n",
        "--mount=type=bind,src=\"a b\" ",
        "--",
        "ONBUILD ",
        "HEALTHCHECK --interval=1s CMD ",
        "ä",
        "\u{feff}",
        "cat <<X > y",
        "[[ a && b ]]",
        "f() {",
        ">",
        "2>&1",
        "<",
        "<<",
        "<<<",
        "=",
        "\u{0}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn check_lossless(text: &str) {
    let (file, _) = parse(text);
    assert_eq!(file.print(), text);
    let mut at = 0;
    for token in file.tokens() {
        assert_eq!(
            token.span.start, at,
            "tokens have gaps or overlap in {text:?}"
        );
        assert!(token.span.end > at);
        at = token.span.end;
    }
    assert_eq!(at, text.len());
    for instruction in file.instructions() {
        assert!(text.get(instruction.span.range()).is_some(), "{text:?}");
        check_spans(text, instruction);
    }
    let _ = file.stages();
    assert_eq!(Edits::new(&file).apply(), text);
}

fn check_spans(text: &str, instruction: &crate::Instruction) {
    if let Body::Run(form) = &instruction.body {
        if let Form::Shell(word) = form {
            assert!(instruction.rest.text().ends_with(&word.text));
        }
        let scripts = std::iter::once(Script::of_form(form, &instruction.rest))
            .chain(Script::of_heredocs(instruction, text));
        for command in scripts.flat_map(|s| s.commands) {
            assert!(
                text.get(command.span.range()).is_some(),
                "{text:?} {command:?}"
            );
            for word in command.words {
                assert!(text.get(word.span.range()).is_some(), "{text:?} {word:?}");
            }
        }
    }
    for flag in &instruction.flags {
        assert!(
            text.get(flag.span.range())
                .is_some_and(|t| t.starts_with("--") || t.contains('\n'))
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_kept(text in "\\PC*") {
        check_lossless(&text);
    }

    #[test]
    fn dockerfiles_are_kept(text in dockerfile_like()) {
        check_lossless(&text);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (file, _) = parse_bytes(&bytes);
        prop_assert_eq!(file.print(), String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_shell_text_is_read(text in dockerfile_like()) {
        for command in shell::parse(&text).commands {
            prop_assert!(text.get(command.span.range()).is_some());
        }
    }

    #[test]
    fn an_insertion_changes_nothing_else(text in dockerfile_like(), at in 0_usize..400) {
        let (file, _) = parse(&text);
        let mut edits = Edits::new(&file);
        if edits.add(Edit::insert(at, "#x\n")).is_ok() {
            let changed = edits.apply();
            prop_assert_eq!(changed.len(), text.len() + 3);
            prop_assert!(changed.starts_with(&text[..at]) && changed.ends_with(&text[at..]));
        }
    }
}

#[test]
fn hostile_texts_take_linear_time() {
    let deep = format!("FROM a\nRUN {}", "$(".repeat(200_000));
    let pipes = format!("FROM a\nRUN {}", "(( | ".repeat(100_000));
    let heredocs = format!(
        "FROM a\nRUN {}\n{}",
        "<<A ".repeat(50_000),
        "x\n".repeat(50_000)
    );
    let ticks = format!("FROM a\nRUN {}", "`\"".repeat(200_000));
    let braces = format!("FROM a\nENV A={}", "${A:-".repeat(100_000));
    let lines = format!("FROM a\nRUN x{}", " \\\n#c\n y".repeat(100_000));
    let (file, _) = parse(&braces);
    let value = file.instructions()[1].rest.text();
    assert!(crate::references(value, '\\').is_empty());
    let _ = crate::expand(value, '\\', &|_| None);
    for text in [deep, pipes, heredocs, ticks, braces, lines] {
        check_lossless(&text);
    }
}
