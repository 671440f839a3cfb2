use super::{check, format_of};

#[test]
fn requirements_are_told_by_name() {
    for (path, wanted) in [
        ("requirements.txt", true),
        ("a/dev-requirements.txt", true),
        ("a/requirements-test.txt", true),
        ("requirements/base.txt", true),
        ("a/requirements/prod.txt", true),
        ("a/robots.txt", false),
        ("requirements.in", false),
        ("node_modules/x/requirements.txt", false),
    ] {
        assert_eq!(format_of(path).is_some(), wanted, "{path}");
    }
}

#[test]
fn requirements() {
    check(
        &[(
            "requirements.txt",
            "# shop\nFlask[async] == 2.0.1 ; python_version > '3'\nrequests==2.31.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nurllib3>=1.26\n-r base/requirements.txt\n-r other.in\n-e .\n./local\nfoo @ https://example.org/foo-1.zip\nDjango===4.2  # pinned\nbar==1.*\n--index-url https://example.org\n",
        )],
        &[
            "flask 2.0.1 :2",
            "requests 2.31.0 :3",
            "django 4.2 :12",
            "! line 6: `urllib3` is not pinned with `==`, so its version is not known; `pip freeze` or `pip-compile` pins it",
            "! line 8: the included file `other.in` is not read: its name does not say that it lists requirements",
            "! line 11: `foo` is not pinned with `==`, so its version is not known; `pip freeze` or `pip-compile` pins it",
            "! line 13: `bar` is not pinned with `==`, so its version is not known; `pip freeze` or `pip-compile` pins it",
        ],
    );
    // The comments of pip-compile.
    check(
        &[(
            "dev-requirements.txt",
            "flask==2.0.1\n    # via -r requirements.in\njinja2==3.0.0\n    # via flask\nmarkupsafe==2.0.0\n    # via\n    #   jinja2\n    #   werkzeug\nwerkzeug==2.0.0 # via flask\n",
        )],
        &[
            "flask 2.0.1 :1 direct development",
            "jinja2 3.0.0 :3 transitive development <flask@2.0.1>",
            "markupsafe 2.0.0 :5 transitive development <flask@2.0.1 jinja2@3.0.0>",
            "werkzeug 2.0.0 :9 transitive development <flask@2.0.1>",
        ],
    );
}

#[test]
fn pipfile_lock() {
    let lock = "{\n  \"_meta\": {\"hash\": {}},\n  \"default\": {\n    \"flask\": {\n      \"version\": \"==2.0.1\"\n    },\n    \"Jinja2\": {\"version\": \"==3.0.0\"},\n    \"g\": {\"git\": \"https://example.org/g\", \"ref\": \"1\"},\n    \"own\": {\"editable\": true, \"path\": \".\"}\n  },\n  \"develop\": {\n    \"pytest\": {\"version\": \"==7.0.0\"}\n  }\n}";
    let gap = "! line 8: `g` has no version of a registry";
    check(
        &[("Pipfile.lock", lock)],
        &[
            "jinja2 3.0.0 :7 production",
            "flask 2.0.1 :4 production",
            "pytest 7.0.0 :12 development",
            gap,
        ],
    );
    check(
        &[
            ("Pipfile.lock", lock),
            (
                "Pipfile",
                "[packages]\nFlask = \"*\"\n[dev-packages]\npytest = \"*\"\n",
            ),
        ],
        &[
            "jinja2 3.0.0 :7 transitive production",
            "flask 2.0.1 :4 direct production",
            "pytest 7.0.0 :12 direct development",
            gap,
        ],
    );
}

#[test]
fn poetry_lock() {
    let lock = "[[package]]\nname = \"Flask\"\nversion = \"2.0.1\"\noptional = false\n\n[package.dependencies]\nJinja2 = \">=3\"\n\n[[package]]\nname = \"jinja2\"\nversion = \"3.0.0\"\n\n[[package]]\nname = \"pytest\"\nversion = \"7.0.0\"\ngroups = [\"dev\"]\n\n[[package]]\nname = \"old\"\nversion = \"1\"\ncategory = \"dev\"\n\n[[package]]\nname = \"bad\"\n\n[metadata]\nlock-version = \"2.1\"\n";
    check(
        &[("poetry.lock", lock)],
        &[
            "flask 2.0.1 :1 direct",
            "jinja2 3.0.0 :9 <flask@2.0.1>",
            "pytest 7.0.0 :13 direct development",
            "old 1 :18 direct development",
            "! line 23: a package without name or version",
        ],
    );
    check(
        &[
            ("a/poetry.lock", lock),
            (
                "a/pyproject.toml",
                "[project]\ndependencies = [\"flask>=2\"]\n[tool.poetry.group.dev.dependencies]\npytest = \"*\"\n",
            ),
        ],
        &[
            "flask 2.0.1 :1 direct production",
            "jinja2 3.0.0 :9 transitive production <flask@2.0.1>",
            "pytest 7.0.0 :13 direct development",
            "old 1 :18 transitive development",
            "! line 23: a package without name or version",
        ],
    );
}

#[test]
fn uv_lock() {
    check(
        &[(
            "uv.lock",
            "version = 1\n\n[[package]]\nname = \"flask\"\nversion = \"2.0.1\"\nsource = { registry = \"https://example.org/simple\" }\ndependencies = [\n    { name = \"jinja2\" },\n]\n\n[[package]]\nname = \"jinja2\"\nversion = \"3.0.0\"\nsource = { registry = \"https://example.org/simple\" }\n\n[[package]]\nname = \"pytest\"\nversion = \"7.0.0\"\nsource = { registry = \"https://example.org/simple\" }\n\n[[package]]\nname = \"rich\"\nversion = \"13.0\"\nsource = { registry = \"https://example.org/simple\" }\n\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\ndependencies = [\n    { name = \"flask\" },\n]\n\n[package.optional-dependencies]\nextra = [\n    { name = \"rich\" },\n]\n\n[package.dev-dependencies]\ndev = [\n    { name = \"pytest\" },\n]\n",
        )],
        &[
            "flask 2.0.1 :3 direct production",
            "jinja2 3.0.0 :11 transitive production <flask@2.0.1>",
            "pytest 7.0.0 :16 direct development",
            "rich 13.0 :21 direct optional",
        ],
    );
}

#[test]
fn pylock() {
    check(
        &[(
            "pylock.dev.toml",
            "lock-version = \"1.0\"\n\n[[packages]]\nname = \"Flask\"\nversion = \"2.0.1\"\ndependencies = [{name = \"jinja2\"}]\n\n[[packages]]\nname = \"jinja2\"\nversion = \"3.0.0\"\n\n[[packages]]\nname = \"g\"\nvcs = {type = \"git\"}\n\n[[packages]]\nname = \"own\"\ndirectory = {path = \".\"}\n",
        )],
        &[
            "flask 2.0.1 :3 direct",
            "jinja2 3.0.0 :8 <flask@2.0.1>",
            "! line 12: `g` has no version",
        ],
    );
}
