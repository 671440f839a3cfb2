use std::time::Duration;

use super::*;
use crate::sample;

fn written(report: &Report, options: &WriteOptions) -> String {
    let mut out = Vec::new();
    write(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn options(width: usize) -> WriteOptions {
    WriteOptions {
        width,
        elapsed: Some(Duration::from_millis(214)),
        db_age_days: Some(1),
        ..WriteOptions::default()
    }
}

#[test]
fn at_80_columns() {
    insta::assert_snapshot!(written(&sample::report(), &options(80)));
}

#[test]
fn at_120_columns() {
    insta::assert_snapshot!(written(&sample::report(), &options(120)));
}

#[test]
fn all_rows_in_ascii() {
    let options = WriteOptions {
        all: true,
        unicode: false,
        ..options(80)
    };
    let page = written(&sample::report(), &options);
    assert!(page.is_ascii());
    insta::assert_snapshot!(page);
}

#[test]
fn verdicts() {
    let mut pages = String::new();
    for report in [
        sample::clean(),
        sample::not_assessed(),
        sample::without_gate(),
    ] {
        pages.push_str(&written(&report, &options(80)));
        pages.push('\n');
    }
    insta::assert_snapshot!(pages);
}

#[test]
fn every_line_fits_and_the_first_screen_is_24_lines() {
    for report in [
        sample::report(),
        sample::hostile(),
        sample::many(500),
        sample::clean(),
    ] {
        for width in [60, 72, 80, 99, 100, 120, 200] {
            for unicode in [true, false] {
                let page = written(
                    &report,
                    &WriteOptions {
                        unicode,
                        ..options(width)
                    },
                );
                assert!(page.lines().count() <= SCREEN, "{page}");
                for line in page.lines() {
                    assert!(text::width(line) <= width, "{width}: {line}");
                }
            }
        }
    }
    let all = written(
        &sample::many(500),
        &WriteOptions {
            all: true,
            ..options(80)
        },
    );
    assert!(all.lines().count() > 500);
}

#[test]
fn colour_only_when_asked_and_never_from_the_image() {
    let hostile = sample::hostile();
    assert!(!written(&hostile, &options(80)).contains('\u{1b}'));
    let page = written(
        &hostile,
        &WriteOptions {
            color: true,
            all: true,
            ..options(200)
        },
    );
    for escape in page.split('\u{1b}').skip(1) {
        let code = escape.split('m').next().unwrap();
        assert!(
            code.starts_with('[') && code[1..].chars().all(|c| c.is_ascii_digit() || c == ';'),
            "{escape}"
        );
    }
    assert!(!page.contains(['\u{202e}', '\u{200b}', '\u{7}', '\u{9b}']));
}

#[test]
fn a_release_without_support_is_named() {
    let mut report = sample::report();
    assert!(!written(&report, &options(100)).contains("END OF LIFE"));
    report.support = Some(seaworthy_model::Support {
        end: "2024-05-23".to_owned(),
        ended: true,
    });
    assert!(
        written(&report, &options(100)).contains("gets no more security fixes since 2024-05-23")
    );
}

#[test]
fn approved_findings_stay_and_say_so() {
    let mut options = options(80);
    options.all = true;
    options.gitlab.approved.insert("CVE-2019-10744".to_owned());
    assert!(written(&sample::report(), &options).contains("approved"));
}
