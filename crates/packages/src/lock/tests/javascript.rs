use super::{check, facts};

const LOCK3: &str = r#"{
  "name": "shop", "lockfileVersion": 3,
  "packages": {
    "": {
      "dependencies": {"a": "^1", "ws": "*"},
      "devDependencies": {"t": "^3"},
      "optionalDependencies": {"o": "1"}
    },
    "node_modules/a": {
      "version": "1.0.0", "license": "MIT",
      "dependencies": {"b": "^1"}
    },
    "node_modules/a/node_modules/b": {
      "version": "1.5.0",
      "dependencies": {"@s/c": "*"}
    },
    "node_modules/@s/c": {
      "version": "2.0.0"
    },
    "node_modules/b": {
      "version": "2.0.0", "dev": true
    },
    "node_modules/t": {
      "version": "3.0.0", "dev": true,
      "dependencies": {"b": "2"}, "devDependencies": {"a": "1"}
    },
    "node_modules/o": {
      "version": "1.0.0", "optional": true
    },
    "node_modules/alias": {
      "name": "real", "version": "4.0.0"
    },
    "node_modules/g": {
      "resolved": "git+ssh://x"
    },
    "node_modules/ws": {"resolved": "packages/ws", "link": true},
    "packages/ws": {"name": "ws", "dependencies": {"d": "1"}},
    "node_modules/d": {
      "version": "1.0.0"
    },
    "node_modules/broken": 7
  }
}"#;

const FOUND: [&str; 10] = [
    "@s/c 2.0.0 :17 transitive production <a@1.0.0 b@1.5.0>",
    "a 1.0.0 :9 direct production",
    "b 1.5.0 :13 transitive production <a@1.0.0>",
    "real 4.0.0 :30 transitive production",
    "b 2.0.0 :20 transitive development <t@3.0.0>",
    "d 1.0.0 :38 direct production",
    "o 1.0.0 :27 direct optional",
    "t 3.0.0 :23 direct development",
    "! line 41: `node_modules/broken` is no object",
    "! line 33: the version of g is not that of a registry (none)",
];

#[test]
fn npm_versions_2_and_3() {
    for path in ["web/package-lock.json", "npm-shrinkwrap.json"] {
        check(&[(path, LOCK3)], &FOUND);
    }
    assert_eq!(
        facts(&[("package-lock.json", LOCK3)]).packages[1].licenses,
        ["MIT"]
    );
}

#[test]
fn npm_version_1_alone_and_with_its_manifest() {
    let lock = r#"{
  "lockfileVersion": 1,
  "dependencies": {
    "a": {
      "version": "1.0.0",
      "requires": {"b": "^1"},
      "dependencies": {
        "b": {
          "version": "1.5.0"
        }
      }
    },
    "b": {
      "version": "2.0.0",
      "dev": true
    },
    "x": {
      "version": "npm:y@3.0.0"
    },
    "g": {
      "version": "github:a/b#1"
    }
  }
}"#;
    let gap = "! line 20: the version of g is not that of a registry (github:a/b#1)";
    check(
        &[("package-lock.json", lock)],
        &[
            "a 1.0.0 :4 direct production",
            "b 1.5.0 production <a@1.0.0>",
            "b 2.0.0 direct development",
            "y 3.0.0 :17 direct production",
            gap,
        ],
    );
    check(
        &[
            ("a/package-lock.json", lock),
            (
                "a/package.json",
                r#"{"dependencies":{"a":"1"},"devDependencies":{"b":"2"}}"#,
            ),
        ],
        &[
            "a 1.0.0 :4 direct production",
            "b 1.5.0 transitive production <a@1.0.0>",
            "b 2.0.0 direct development",
            "y 3.0.0 :17 transitive production",
            gap,
        ],
    );
}

#[test]
fn yarn_1() {
    let lock = "# yarn lockfile v1\n\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\n  version \"1.2.0\"\n  resolved \"https://example.org/a.tgz#1\"\n  dependencies:\n    b \"^2.0.0\"\n\nb@^2.0.0:\n  version \"2.1.0\"\n\n\"l@npm:lodash@4.17.20\":\n  version \"4.17.20\"\n\nbad@1:\n  resolved \"x\"\n\nt@3:\n  version \"3.0.0\"\n";
    check(
        &[("yarn.lock", lock)],
        &[
            "@s/a 1.2.0 :4 direct",
            "b 2.1.0 :10 <@s/a@1.2.0>",
            "lodash 4.17.20 :13 direct",
            "t 3.0.0 :19 direct",
            "! line 16: `bad@1` has no version",
        ],
    );
    check(
        &[
            ("yarn.lock", lock),
            (
                "package.json",
                r#"{"dependencies":{"@s/a":"^1.1.0","l":"npm:lodash@4.17.20"},"devDependencies":{"t":"3"}}"#,
            ),
        ],
        &[
            "@s/a 1.2.0 :4 direct production",
            "b 2.1.0 :10 transitive production <@s/a@1.2.0>",
            "lodash 4.17.20 :13 direct production",
            "t 3.0.0 :19 direct development",
            "! line 16: `bad@1` has no version",
        ],
    );
}

#[test]
fn yarn_berry() {
    let lock = "# generated\n\n__metadata:\n  version: 6\n\n\"a@npm:^1.0.0, a@npm:^1.1.0\":\n  version: 1.2.0\n  resolution: \"a@npm:1.2.0\"\n  dependencies:\n    b: ^2.0.0\n  checksum: 10/abc\n  languageName: node\n  linkType: hard\n\n\"b@npm:^2.0.0\":\n  version: 2.1.0\n  resolution: \"b@npm:2.1.0\"\n\n\"b@patch:b@^2.0.0#~builtin<x>\":\n  version: 2.1.0\n  resolution: \"b@patch:b@npm%3A2.1.0#~builtin<x>::version=2.1.0\"\n\n\"shop@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"shop@workspace:.\"\n  dependencies:\n    a: \"npm:^1.0.0\"\n    t: \"npm:3\"\n  linkType: soft\n\n\"t@npm:3\":\n  version: 3.0.0\n  resolution: \"t@npm:3.0.0\"\n";
    check(
        &[("yarn.lock", lock)],
        &[
            "a 1.2.0 :6 direct",
            "b 2.1.0 :15 transitive <a@1.2.0>",
            "t 3.0.0 :31 direct",
        ],
    );
    check(
        &[
            ("x/yarn.lock", lock),
            (
                "x/package.json",
                r#"{"dependencies":{"a":"^1.0.0"},"devDependencies":{"t":"3"}}"#,
            ),
        ],
        &[
            "a 1.2.0 :6 direct production",
            "b 2.1.0 :15 transitive production <a@1.2.0>",
            "t 3.0.0 :31 direct development",
        ],
    );
}

#[test]
fn pnpm_5_6_and_9() {
    let expected = |lines: [u32; 3], scopes: [&str; 3]| {
        [
            format!("@s/b 2.0.0 :{} transitive{} <a@1.0.0>", lines[0], scopes[0]),
            format!("a 1.0.0 :{} direct{}", lines[1], scopes[1]),
            format!("t 3.0.0 :{} direct{}", lines[2], scopes[2]),
        ]
    };
    let scopes = [" production", " production", " development"];
    for (lock, lines) in [
        (
            "lockfileVersion: 5.4\n\nspecifiers:\n  a: ^1.0.0\n\ndependencies:\n  a: 1.0.0_t@3.0.0\n\ndevDependencies:\n  t: 3.0.0\n\npackages:\n\n  /@s/b/2.0.0:\n    resolution: {integrity: sha512-x==}\n    dev: false\n\n  /a/1.0.0_t@3.0.0:\n    resolution: {integrity: sha512-y==}\n    peerDependencies:\n      t: '3'\n    dependencies:\n      '@s/b': 2.0.0\n    dev: false\n\n  /t/3.0.0:\n    resolution: {integrity: sha512-z==}\n    dev: true\n",
            [14, 18, 26],
        ),
        (
            "lockfileVersion: '6.0'\n\ndependencies:\n  a:\n    specifier: ^1.0.0\n    version: 1.0.0(t@3.0.0)\n\ndevDependencies:\n  t:\n    specifier: '3'\n    version: 3.0.0\n\npackages:\n\n  /@s/b@2.0.0:\n    resolution: {integrity: sha512-x==}\n\n  /a@1.0.0(t@3.0.0):\n    resolution: {integrity: sha512-y==}\n    dependencies:\n      '@s/b': 2.0.0\n\n  /t@3.0.0:\n    resolution: {integrity: sha512-z==}\n",
            [15, 18, 23],
        ),
        (
            "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.0.0(t@3.0.0)\n      ws:\n        specifier: workspace:*\n        version: link:packages/ws\n    devDependencies:\n      t:\n        specifier: '3'\n        version: 3.0.0\n\npackages:\n\n  '@s/b@2.0.0':\n    resolution: {integrity: sha512-x==}\n\n  a@1.0.0:\n    resolution: {integrity: sha512-y==}\n    deprecated: >-\n      use: something\n      else\n\n  t@3.0.0:\n    resolution: {integrity: sha512-z==}\n\nsnapshots:\n\n  '@s/b@2.0.0': {}\n\n  a@1.0.0(t@3.0.0):\n    dependencies:\n      '@s/b': 2.0.0\n      t: 3.0.0\n\n  t@3.0.0: {}\n",
            [20, 23, 29],
        ),
    ] {
        let mut expected = expected(lines, scopes);
        if lock.contains("9.0") {
            // A peer that production needs is there in production.
            expected[2] = "t 3.0.0 :29 direct production".to_owned();
        }
        check(
            &[("pnpm-lock.yaml", lock)],
            &expected.each_ref().map(String::as_str),
        );
    }
}

#[test]
fn bun() {
    let lock = r#"{
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "shop",
      "dependencies": { "a": "^1", },
      "devDependencies": { "t": "3", },
    },
  },
  "packages": {
    "a": ["a@1.0.0", "", { "dependencies": { "b": "^1" } }, "sha512-x=="],

    "a/b": ["b@1.5.0", "", {}, "sha512-x=="],

    "b": ["b@2.0.0", "", {}, "sha512-x=="],

    "t": ["t@3.0.0", "", { "dependencies": { "b": "2" } }, "sha512-x=="],

    "g": ["g@github:x/y#1", {}, "z"],

    "ws": ["ws@workspace:packages/ws"],
  }
}"#;
    check(
        &[("bun.lock", lock)],
        &[
            "a 1.0.0 :11 direct production",
            "b 1.5.0 :13 transitive production <a@1.0.0>",
            "b 2.0.0 :15 transitive development <t@3.0.0>",
            "t 3.0.0 :17 direct development",
            "! line 19: the version of g is not that of a registry (github:x/y#1)",
        ],
    );
}
