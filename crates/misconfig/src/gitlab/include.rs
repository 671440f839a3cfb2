//! What a pipeline takes in from elsewhere.

use crate::document::Node;
use crate::report::Report;
use crate::rule::rules;

rules! { GitlabCi:
REMOTE "SW-CI-0020" High []
    title "Remote file included without a pin"
    why "Whoever controls that address runs code in the pipeline, with its secrets."
    fix "Add `integrity: sha256-…`, or use an address with a commit hash in it, or copy the file."
    bad "include:\n- remote: https://example.com/ci/build.yml\n"
    good "include:\n- remote: https://example.com/ci/build.yml\n  integrity: \"sha256-0123456789abcdef0123456789abcdef0123456789ab=\"\n";
PROJECT "SW-CI-0021" Medium []
    title "Project included without a pin"
    why "Without `ref`, or with a branch, every push to that project changes this pipeline."
    fix "Set `ref` to a tag or, better, a commit hash."
    bad "include:\n- project: ops/ci\n  file: /build.yml\n"
    good "include:\n- project: ops/ci\n  ref: 0123456789abcdef0123456789abcdef01234567\n  file: /build.yml\n";
COMPONENT "SW-CI-0022" Medium []
    title "Component included without a version"
    why "`~latest` or a branch changes the pipeline with every release or push of the component."
    fix "Name a version or a commit hash behind the `@`."
    bad "include:\n- component: gitlab.com/components/sast/sast@~latest\n"
    good "include:\n- component: gitlab.com/components/sast/sast@2.0.1\n";
LATEST_TEMPLATE "SW-CI-0023" Low []
    title "Latest template included"
    why "`latest` templates change in breaking ways in any release of GitLab."
    fix "Include the stable template, without `.latest`."
    bad "include:\n- template: Jobs/SAST.latest.gitlab-ci.yml\n"
    good "include:\n- template: Jobs/SAST.gitlab-ci.yml\n";
}

pub(super) fn check(document: &Node, report: &mut Report<'_>) {
    let Some(include) = document.get("include") else {
        return;
    };
    for item in include.one_or_many() {
        // A string alone is a local file, or an address.
        match item.text() {
            Some(text) => check_remote(text, item, item, report),
            None => check_item(item, report),
        }
    }
}

fn check_item(item: &Node, report: &mut Report<'_>) {
    if let Some(remote) = item.get("remote")
        && let Some(address) = remote.text()
        && !item.has("integrity")
    {
        check_remote(address, remote, item, report);
    }
    if let Some(project) = item.get("project")
        && let Some(name) = project.text()
    {
        let reference = item.text_at("ref").unwrap_or_default();
        if is_moving(reference) {
            let how = if reference.is_empty() {
                "without `ref`".to_owned()
            } else {
                format!("at the branch `{reference}`")
            };
            let place = item.get("ref").unwrap_or(project);
            report.add(
                &PROJECT,
                place,
                "include",
                format!("`{name}` is included {how}"),
            );
        }
    }
    if let Some(component) = item.get("component")
        && let Some((name, version)) = component.text().and_then(|text| text.rsplit_once('@'))
        && (is_moving(version) || version == "~latest")
    {
        report.add(
            &COMPONENT,
            component,
            "include",
            format!("`{name}` is included at `{version}`"),
        );
    }
    if let Some(template) = item.get("template")
        && let Some(name) = template.text().filter(|name| name.contains(".latest."))
    {
        report.add(
            &LATEST_TEMPLATE,
            template,
            "include",
            format!("includes `{name}`"),
        );
    }
}

fn check_remote(address: &str, node: &Node, item: &Node, report: &mut Report<'_>) {
    let is_remote = address.starts_with("https://") || address.starts_with("http://");
    if is_remote && !item.has("integrity") && !has_commit(address) {
        report.add(
            &REMOTE,
            node,
            "include",
            format!("`{address}` is included without a pin"),
        );
    }
}

/// Whether a part of the address is a commit hash.
fn has_commit(address: &str) -> bool {
    address
        .split(['/', '?', '=', '&'])
        .any(|part| matches!(part.len(), 40 | 64) && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_moving(reference: &str) -> bool {
    [
        "",
        "main",
        "master",
        "HEAD",
        "develop",
        "dev",
        "trunk",
        "stable",
        "latest",
        "production",
    ]
    .contains(&reference)
}
