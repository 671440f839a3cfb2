use super::check;

#[test]
fn go_mod() {
    check(
        &[(
            "go.mod",
            "module example.com/shop\n\ngo 1.21\n\ntoolchain go1.22.1\n\nrequire github.com/gin-gonic/gin v1.9.0 // a note\n\nrequire (\n\tgolang.org/x/net v0.7.0 // indirect\n\texample.com/local v1.0.0\n\texample.com/old v1.0.0\n\texample.com/other v1.0.0\n)\n\nreplace golang.org/x/net => golang.org/x/net v0.8.0\n\nreplace (\n\texample.com/local => ../local\n\texample.com/old v1.0.0 => example.com/new v2.0.0\n\texample.com/other v9.0.0 => example.com/no v1.0.0\n)\n\nexclude golang.org/x/net v0.6.0\n\nretract [v1.0.0, v1.1.0]\n",
        )],
        &[
            "github.com/gin-gonic/gin v1.9.0 :7 direct",
            "golang.org/x/net v0.8.0 :10 transitive",
            "example.com/new v2.0.0 :12 direct",
            "example.com/other v1.0.0 :13 direct",
        ],
    );
    check(
        &[(
            "go.mod",
            "module x\ngo 1.16\nrequire a.b/c v1.0.0\nwhat is this\n",
        )],
        &[
            "a.b/c v1.0.0 :3 direct",
            "! line 4: `what` is not understood",
            "! a go.mod for Go before 1.17 does not list what its modules need in turn; `go mod tidy -go=1.17` or later adds it",
        ],
    );
}

#[test]
fn cargo_lock() {
    let lock = "version = 4\n\n[[package]]\nname = \"memchr\"\nversion = \"2.7.0\"\nsource = \"registry+https://example.org/index\"\n\n[[package]]\nname = \"regex\"\nversion = \"1.9.0\"\nsource = \"registry+https://example.org/index\"\ndependencies = [\n \"memchr\",\n]\n\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\ndependencies = [\n \"regex\",\n \"shop-core\",\n \"tempfile 3.0.0\",\n]\n\n[[package]]\nname = \"shop-core\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"tempfile\"\nversion = \"3.0.0\"\nsource = \"registry+https://example.org/index\"\n\n[[package]]\nname = \"tempfile\"\nversion = \"2.0.0\"\nsource = \"registry+https://example.org/index\"\n";
    check(
        &[("Cargo.lock", lock)],
        &[
            "memchr 2.7.0 :3 transitive <regex@1.9.0>",
            "regex 1.9.0 :8 direct",
            "tempfile 3.0.0 :29 direct",
            "tempfile 2.0.0 :34 transitive",
        ],
    );
    let manifest = "[package]\nname = \"shop\"\n[dependencies]\nregex = \"1\"\n[target.'cfg(unix)'.dev-dependencies]\ntmp = { package = \"tempfile\", version = \"3\" }\n";
    let expected = [
        "memchr 2.7.0 :3 transitive production <regex@1.9.0>",
        "regex 1.9.0 :8 direct production",
        "tempfile 3.0.0 :29 direct development",
        "tempfile 2.0.0 :34 transitive",
    ];
    check(
        &[("a/Cargo.lock", lock), ("a/Cargo.toml", manifest)],
        &expected,
    );
    check(
        &[
            ("Cargo.lock", lock),
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
            ("crates/shop/Cargo.toml", manifest),
        ],
        &expected,
    );
}

#[test]
fn gemfile_lock() {
    let lock = "GIT\n  remote: https://example.org/g\n  specs:\n    g (0.1.0)\n\nPATH\n  remote: .\n  specs:\n    own (0.1.0)\n      rack (>= 2)\n\nGEM\n  remote: https://example.org/\n  specs:\n    nokogiri (1.13.0-x86_64-linux)\n      racc (~> 1.4)\n    nokogiri (1.13.0)\n      racc (~> 1.4)\n    racc (1.6.0)\n    rack (2.2.0)\n    rspec (3.0.0)\n    odd\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  g!\n  nokogiri\n  own!\n  rspec (~> 3.0)\n\nBUNDLED WITH\n   2.3.0\n";
    check(
        &[
            ("Gemfile.lock", lock),
            (
                "Gemfile",
                "source 'https://example.org'\ngem 'g', git: 'x'\ngem \"nokogiri\"\ngroup :development, :test do\n  gem 'rspec', '~> 3.0' # tests\nend\ngem 'z'\n",
            ),
        ],
        &[
            "g 0.1.0 :4 direct production",
            "nokogiri 1.13.0 :15 direct production",
            "racc 1.6.0 :19 transitive production <nokogiri@1.13.0>",
            "rack 2.2.0 :20 direct production",
            "rspec 3.0.0 :21 direct development",
            "! line 22: `odd` has no version",
        ],
    );
}

#[test]
fn composer_lock() {
    let lock = "{\n \"packages\": [\n  {\n   \"name\": \"monolog/monolog\",\n   \"version\": \"v2.0.0\",\n   \"require\": {\"php\": \">=7\", \"Psr/Log\": \"^1\"},\n   \"license\": [\"MIT\"]\n  },\n  {\n   \"name\": \"psr/log\",\n   \"version\": \"1.1.0\"\n  },\n  {}\n ],\n \"packages-dev\": [\n  {\n   \"name\": \"phpunit/phpunit\",\n   \"version\": \"9.0.0\"\n  }\n ]\n}";
    for (files, monolog) in [
        (vec![("composer.lock", lock)], "direct"),
        (
            vec![
                ("composer.lock", lock),
                (
                    "composer.json",
                    r#"{"require":{"Monolog/monolog":"^2"},"require-dev":{"phpunit/phpunit":"^9"}}"#,
                ),
            ],
            "direct",
        ),
    ] {
        let log = if files.len() == 1 { "" } else { " transitive" };
        check(
            &files,
            &[
                &format!("monolog/monolog 2.0.0 :4 {monolog} production"),
                &format!("psr/log 1.1.0 :10{log} production <monolog/monolog@2.0.0>"),
                "phpunit/phpunit 9.0.0 :17 direct development",
                "! a package of `packages` without name or version",
            ],
        );
    }
}

#[test]
fn pom() {
    let parent = "<project>\n<groupId>com.acme</groupId><artifactId>parent</artifactId><version>3.0</version>\n<properties><jackson>2.13.0</jackson><deep>${jackson}</deep></properties>\n<modules><module>web</module><module>bom</module></modules>\n<dependencyManagement><dependencies>\n<dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId><version>${deep}</version></dependency>\n<dependency><groupId>com.acme</groupId><artifactId>bom</artifactId><version>3.0</version><type>pom</type><scope>import</scope></dependency>\n<dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.12</version><scope>test</scope></dependency>\n</dependencies></dependencyManagement>\n</project>";
    let bom = "<project><parent><groupId>com.acme</groupId><artifactId>parent</artifactId><version>3.0</version></parent><artifactId>bom</artifactId><dependencyManagement><dependencies><dependency><groupId>io.netty</groupId><artifactId>netty-all</artifactId><version>4.1.0</version></dependency></dependencies></dependencyManagement></project>";
    let web = "<?xml version=\"1.0\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n<parent><groupId>com.acme</groupId><artifactId>parent</artifactId><version>3.0</version></parent>\n<artifactId>web</artifactId>\n<dependencies>\n<!-- note -->\n<dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId></dependency>\n<dependency><groupId>junit</groupId><artifactId>junit</artifactId></dependency>\n<dependency><groupId>io.netty</groupId><artifactId>netty-all</artifactId></dependency>\n<dependency><groupId>${project.groupId}</groupId><artifactId>core</artifactId><version>${project.version}</version></dependency>\n<dependency><groupId>a</groupId><artifactId>b</artifactId><version>[1.0,2.0)</version><optional>true</optional></dependency>\n<dependency><groupId>a</groupId><artifactId>c</artifactId><version>[1.5]</version><optional>true</optional></dependency>\n</dependencies>\n<build><plugins><plugin><dependencies><dependency><groupId>p</groupId><artifactId>p</artifactId><version>1</version></dependency></dependencies></plugin></plugins></build>\n<profiles><profile><dependencies><dependency><groupId>q</groupId><artifactId>q</artifactId><version>1</version></dependency></dependencies></profile></profiles>\n</project>";
    let end = "! a pom.xml names only what the project asks for itself; what that needs in turn is known to Maven alone, so scan what was built, or a bill of materials that Maven made";
    check(
        &[
            ("web/pom.xml", web),
            ("pom.xml", parent),
            ("bom/pom.xml", bom),
        ],
        &[
            "com.fasterxml.jackson.core:jackson-databind 2.13.0 :7 direct production",
            "junit:junit 4.12 :8 direct development",
            "io.netty:netty-all 4.1.0 :9 direct production",
            "com.acme:core 3.0 :10 direct production",
            "a:c 1.5 :12 direct optional",
            "! line 11: `a:b` has the version `[1.0,2.0)`, which is not one, nor in the files of this tree",
            end,
        ],
    );
    check(
        &[("pom.xml", web)],
        &[
            "com.acme:core 3.0 :10 direct production",
            "a:c 1.5 :12 direct optional",
            "! line 7: `com.fasterxml.jackson.core:jackson-databind` has no version here, and the parent com.acme:parent:3.0 is not in the tree",
            "! line 8: `junit:junit` has no version here, and the parent com.acme:parent:3.0 is not in the tree",
            "! line 9: `io.netty:netty-all` has no version here, and the parent com.acme:parent:3.0 is not in the tree",
            "! line 11: `a:b` has the version `[1.0,2.0)`, which is not one, and the parent com.acme:parent:3.0 is not in the tree",
            end,
        ],
    );
}

#[test]
fn gradle() {
    check(
        &[(
            "gradle.lockfile",
            "# This is a Gradle generated file\ncom.google.guava:guava:31.0-jre=compileClasspath,runtimeClasspath\njunit:junit:4.12=testCompileClasspath,testRuntimeClasspath\nodd\nempty=annotationProcessor\n",
        )],
        &[
            "com.google.guava:guava 31.0-jre :2 production",
            "junit:junit 4.12 :3 development",
            "! line 4: `odd` is not group:artifact:version",
        ],
    );
    check(
        &[("gradle/dependency-locks/testRuntime.lockfile", "a:b:1\n")],
        &["a:b 1 :1 development"],
    );
}

#[test]
fn nuget() {
    check(
        &[(
            "packages.lock.json",
            "{\n \"version\": 1,\n \"dependencies\": {\n  \"net6.0\": {\n   \"Serilog\": {\n    \"type\": \"Direct\", \"resolved\": \"2.10.0\",\n    \"dependencies\": {\"system.memory\": \"4.5.0\"}\n   },\n   \"System.Memory\": {\n    \"type\": \"Transitive\", \"resolved\": \"4.5.0\"\n   },\n   \"core\": {\n    \"type\": \"Project\", \"dependencies\": {\"Dapper\": \"2.0\"}\n   },\n   \"Dapper\": {\n    \"type\": \"Transitive\", \"resolved\": \"2.0.0\"\n   },\n   \"Odd\": {\"type\": \"Direct\"}\n  }\n }\n}",
        )],
        &[
            "Dapper 2.0.0 :15 direct",
            "Serilog 2.10.0 :5 direct",
            "System.Memory 4.5.0 :9 transitive <Serilog@2.10.0>",
            "! line 18: `Odd` has no version",
        ],
    );
}

#[test]
fn mix() {
    check(
        &[(
            "mix.lock",
            "%{\n  \"mime\": {:hex, :mime, \"2.0.0\", \"aa\", [:mix], [], \"hexpm\", \"bb\"},\n  \"plug\": {:hex, :plug, \"1.14.0\", \"aa\", [:mix], [{:mime, \"~> 1.0 or ~> 2.0\", [hex: :mime, repo: \"hexpm\", optional: false]}], \"hexpm\", \"bb\"},\n  \"g\": {:git, \"https://example.org/g\", \"abc\", []},\n}\n",
        )],
        &[
            "mime 2.0.0 :2 <plug@1.14.0>",
            "plug 1.14.0 :3 direct",
            "! line 4: `g` does not come from a registry",
        ],
    );
}

#[test]
fn pubspec() {
    check(
        &[(
            "pubspec.lock",
            "# Generated by pub\npackages:\n  http:\n    dependency: \"direct main\"\n    description:\n      name: http\n      url: \"https://example.org\"\n    source: hosted\n    version: \"0.13.0\"\n  flutter:\n    dependency: \"direct main\"\n    description: flutter\n    source: sdk\n    version: \"0.0.0\"\n  lints:\n    dependency: \"direct dev\"\n    source: hosted\n    version: \"2.0.0\"\n  meta:\n    dependency: transitive\n    source: hosted\n    version: \"1.8.0\"\n  g:\n    dependency: transitive\n    source: git\n    version: \"1.0.0\"\nsdks:\n  dart: \">=2.17.0\"\n",
        )],
        &[
            "http 0.13.0 :3 direct production",
            "lints 2.0.0 :15 direct development",
            "meta 1.8.0 :19 transitive",
            "! line 23: `g` does not come from a registry",
        ],
    );
}

#[test]
fn swift() {
    check(
        &[(
            "Package.resolved",
            "{\n \"pins\": [\n  {\n   \"identity\": \"swift-nio\",\n   \"location\": \"https://github.com/apple/swift-nio.git\",\n   \"state\": {\"revision\": \"aa\", \"version\": \"2.40.0\"}\n  },\n  {\n   \"location\": \"git@example.org:x/y.git\",\n   \"state\": {\"branch\": \"main\"}\n  }\n ],\n \"version\": 2\n}",
        )],
        &[
            "github.com/apple/swift-nio 2.40.0 :5",
            "! line 9: `git@example.org:x/y.git` is pinned to a branch or revision, not to a version",
        ],
    );
    check(
        &[(
            "Package.resolved",
            "{\"object\": {\"pins\": [{\"package\": \"A\",\n\"repositoryURL\": \"https://example.org/a\", \"state\": {\"version\": \"1.0.0\"}}]}, \"version\": 1}",
        )],
        &["example.org/a 1.0.0 :2"],
    );
}

#[test]
fn conan() {
    check(
        &[(
            "conan.lock",
            r#"{"version": "0.5", "requires": ["zlib/1.2.13#aa%16"], "build_requires": ["cmake/3.25.0"], "python_requires": []}"#,
        )],
        &["zlib 1.2.13 production", "cmake 3.25.0 development"],
    );
    check(
        &[(
            "conan.lock",
            r#"{"graph_lock": {"nodes": {"0": {"requires": ["1"]}, "1": {"ref": "zlib/1.2.13@user/stable#aa"}}}}"#,
        )],
        &["zlib 1.2.13 production"],
    );
    check(
        &[(
            "conanfile.txt",
            "[requires]\nzlib/1.2.13\nfmt/[>8]\n[generators]\ncmake\n",
        )],
        &[
            "zlib 1.2.13 :2 direct production",
            "! line 3: `fmt/[>8]` has no exact version",
        ],
    );
}
