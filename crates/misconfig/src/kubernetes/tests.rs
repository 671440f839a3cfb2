use crate::{Options, lint_file};

/// `RULE LINE object` of each finding whose rule starts with one of the prefixes.
fn found(text: &str, prefixes: &[&str]) -> Vec<String> {
    let (findings, coverage) = lint_file("a.yaml", text.as_bytes(), &Options::default());
    assert_eq!(coverage, []);
    findings
        .into_iter()
        .filter(|f| prefixes.iter().any(|p| f.rule.starts_with(p)))
        .map(|f| format!("{} {} {}", f.rule, f.location.start_line, f.object))
        .collect()
}

#[test]
fn every_kind_of_container_is_looked_at() {
    let text = "\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: a
            securityContext: {privileged: true}
          initContainers:
          - name: b
            securityContext: {privileged: yes}
          ephemeralContainers:
          - name: c
            securityContext: {privileged: true}
";
    assert_eq!(
        found(text, &["SW-K8S-0005"]),
        [
            "SW-K8S-0005 11 CronJob/nightly, container a",
            "SW-K8S-0005 14 CronJob/nightly, init container b",
            "SW-K8S-0005 17 CronJob/nightly, ephemeral container c",
        ]
    );
    assert_eq!(
        found(text, &["SW-K8S-0053"]),
        Vec::<String>::new(),
        "a job is not probed"
    );
}

#[test]
fn what_the_pod_says_counts_for_its_containers_and_theirs_counts_more() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: inherits
  - name: differs
    securityContext: {runAsNonRoot: false, seccompProfile: {type: Unconfined}}
";
    assert_eq!(
        found(text, &["SW-K8S-0022", "SW-K8S-0013", "SW-K8S-0024"]),
        [
            "SW-K8S-0022 9 Pod/p, container differs",
            "SW-K8S-0013 9 Pod/p, container differs",
        ]
    );
}

#[test]
fn windows_pods_are_exempt_from_linux_controls() {
    let pod = |os: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  os: {{name: {os}}}\n  securityContext: {{runAsNonRoot: true}}\n  containers:\n  - name: a\n"
        )
    };
    let linux = ["SW-K8S-0021", "SW-K8S-0024", "SW-K8S-0025", "SW-K8S-0030"];
    assert_eq!(found(&pod("linux"), &linux).len(), 4);
    assert_eq!(found(&pod("windows"), &linux), Vec::<String>::new());
}

#[test]
fn lists_are_looked_into() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n  spec: {hostIPC: true}\n";
    assert_eq!(found(text, &["SW-K8S-0004"]), ["SW-K8S-0004 7 Pod/p"]);
}

#[test]
fn annotations_of_old_are_read() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  template:
    metadata:
      annotations:
        container.apparmor.security.beta.kubernetes.io/a: unconfined
        seccomp.security.alpha.kubernetes.io/pod: unconfined
    spec: {containers: [{name: a}]}
";
    assert_eq!(
        found(text, &["SW-K8S-0010", "SW-K8S-0013"]),
        ["SW-K8S-0010 8 Deployment/d", "SW-K8S-0013 9 Deployment/d"]
    );
}

#[test]
fn kinds_of_other_apis_are_left_alone() {
    let text = "apiVersion: config.openshift.io/v1\nkind: Ingress\nmetadata: {name: cluster}\nspec: {domain: example.com}\n---\napiVersion: iam.aws.crossplane.io/v1beta1\nkind: Role\nmetadata: {name: r}\nrules: [{resources: ['*'], verbs: ['*']}]\n";
    assert_eq!(found(text, &["SW-"]), Vec::<String>::new());
}

#[test]
fn a_number_is_no_run_as_non_root() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  securityContext: {runAsUser: 65532}\n  containers:\n  - name: a\n";
    assert_eq!(
        found(text, &["SW-K8S-0022"]),
        ["SW-K8S-0022 7 Pod/p, container a"]
    );
}
