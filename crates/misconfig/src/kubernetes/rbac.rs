//! Roles and bindings that give more than they should.

use crate::document::Node;
use crate::report::Report;
use crate::rule::rules;

use super::Object;

rules! { Kubernetes:
ALL_WILDCARD "SW-K8S-0060" Critical ["AVD-KSV-0044", "CIS-K8S-5.1.3", "CKV_K8S_49"]
    title "Role that may do everything"
    why "All verbs on all resources is cluster-admin by another name, and covers what is added to the cluster later."
    fix "List the resources and verbs that are used."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"*\"]\n  resources: [\"*\"]\n  verbs: [\"*\"]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"\"]\n  resources: [nodes]\n  verbs: [get, list]\n";
WILDCARD "SW-K8S-0061" High ["AVD-KSV-0045", "AVD-KSV-0046", "AVD-KSV-0112", "CIS-K8S-5.1.3", "CKV_K8S_49"]
    title "Wildcard in a role"
    why "A wildcard covers more than anybody has read, and grows with the cluster."
    fix "List the resources and verbs that are used."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [\"\"]\n  resources: [endpoints]\n  verbs: [\"*\"]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [\"\"]\n  resources: [endpoints]\n  verbs: [get, watch]\n";
SECRETS "SW-K8S-0062" High ["AVD-KSV-0041", "AVD-KSV-0113", "CIS-K8S-5.1.2", "CKV2_K8S_5"]
    title "Role that reads or changes secrets"
    why "Secrets hold the credentials of everything in the namespace, and of a ClusterRole in every namespace; `list` shows the contents too."
    fix "Name the secrets in `resourceNames`, or mount them instead of asking the API."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"\"]\n  resources: [secrets]\n  verbs: [list]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [\"\"]\n  resources: [secrets]\n  resourceNames: [app-tls]\n  verbs: [get]\n";
ESCALATE "SW-K8S-0063" Critical ["AVD-KSV-0051", "CIS-K8S-5.1.8", "CKV_K8S_157", "CKV_K8S_158"]
    title "Role that may escalate or bind"
    why "`escalate` and `bind` on roles lift the rule that nobody may grant rights that they do not have."
    fix "Remove the verbs `escalate` and `bind`."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [rbac.authorization.k8s.io]\n  resources: [clusterroles]\n  verbs: [escalate, bind]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [rbac.authorization.k8s.io]\n  resources: [clusterroles]\n  verbs: [get]\n";
IMPERSONATE "SW-K8S-0064" Critical ["AVD-KSV-0043", "CIS-K8S-5.1.8", "CKV2_K8S_3"]
    title "Role that may impersonate"
    why "Whoever may impersonate users, groups or service accounts has the rights of all of them."
    fix "Remove the verb `impersonate`, or name the identities in `resourceNames`."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"\"]\n  resources: [serviceaccounts]\n  verbs: [impersonate]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"\"]\n  resources: [serviceaccounts]\n  verbs: [get]\n";
EXEC "SW-K8S-0065" High ["AVD-KSV-0053", "AVD-KSV-0054", "CKV2_K8S_2"]
    title "Role that may enter pods"
    why "`pods/exec` and `pods/attach` run commands with the secrets and the service account of any pod in reach."
    fix "Remove `pods/exec` and `pods/attach`."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [\"\"]\n  resources: [pods/exec]\n  verbs: [create]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [\"\"]\n  resources: [pods/log]\n  verbs: [get]\n";
WORKLOADS "SW-K8S-0066" Medium ["AVD-KSV-0048", "CIS-K8S-5.1.4"]
    title "Role that creates or changes workloads"
    why "Whoever creates pods can mount any secret and use any service account of the namespace."
    fix "Leave deployments to the pipeline, and give the application read rights only."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [apps]\n  resources: [deployments]\n  verbs: [create]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [apps]\n  resources: [deployments]\n  verbs: [get, list]\n";
NODE_PROXY "SW-K8S-0067" High ["AVD-KSV-0047", "CIS-K8S-5.1.10", "CKV2_K8S_2"]
    title "Role that reaches the kubelets"
    why "`nodes/proxy` runs commands in every pod of a node, past admission control and the audit log."
    fix "Remove `nodes/proxy`; metrics need `nodes/metrics` only."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"\"]\n  resources: [nodes/proxy]\n  verbs: [get]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"\"]\n  resources: [nodes/metrics]\n  verbs: [get]\n";
WEBHOOKS "SW-K8S-0068" High ["AVD-KSV-0114", "CIS-K8S-5.1.12", "CKV_K8S_155"]
    title "Role that changes admission webhooks"
    why "An admission webhook sees every object that is written, secrets included, and may change it."
    fix "Give the right to the installer of the webhook only, by `resourceNames`."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [admissionregistration.k8s.io]\n  resources: [mutatingwebhookconfigurations]\n  verbs: [update]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [admissionregistration.k8s.io]\n  resources: [mutatingwebhookconfigurations]\n  verbs: [list]\n";
CERTIFICATES "SW-K8S-0069" High ["CIS-K8S-5.1.11", "CKV_K8S_156"]
    title "Role that approves certificates"
    why "An approved certificate request is an identity of the cluster, that of an administrator included."
    fix "Remove the right to approve or sign certificate requests."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [certificates.k8s.io]\n  resources: [certificatesigningrequests/approval]\n  verbs: [update]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [certificates.k8s.io]\n  resources: [certificatesigningrequests]\n  verbs: [create]\n";
ROLES "SW-K8S-0070" High ["AVD-KSV-0050", "AVD-KSV-0052", "AVD-KSV-0055", "CKV2_K8S_1"]
    title "Role that changes roles or bindings"
    why "Whoever writes bindings hands out rights, to themselves first."
    fix "Leave roles and bindings to the administrator's pipeline."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [rbac.authorization.k8s.io]\n  resources: [rolebindings]\n  verbs: [create]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [rbac.authorization.k8s.io]\n  resources: [rolebindings]\n  verbs: [list]\n";
TOKENS "SW-K8S-0071" High ["CIS-K8S-5.1.13"]
    title "Role that makes tokens of service accounts"
    why "`serviceaccounts/token` gives a token of any service account in reach."
    fix "Remove `serviceaccounts/token`, or name the account in `resourceNames`."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [\"\"]\n  resources: [serviceaccounts/token]\n  verbs: [create]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: app, namespace: shop}\nrules:\n- apiGroups: [\"\"]\n  resources: [serviceaccounts/token]\n  resourceNames: [app]\n  verbs: [create]\n";
CLUSTER_ADMIN "SW-K8S-0072" Critical ["AVD-KSV-0111", "CIS-K8S-5.1.1"]
    title "cluster-admin bound"
    why "cluster-admin may do everything in every namespace."
    fix "Bind a role that lists what is needed."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: app}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects:\n- {kind: ServiceAccount, name: app, namespace: shop}\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: app}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects:\n- {kind: ServiceAccount, name: app, namespace: shop}\n";
ANONYMOUS "SW-K8S-0073" Critical ["AVD-KSV-0122", "AVD-KSV-01011"]
    title "Rights for everybody"
    why "`system:anonymous`, `system:unauthenticated` and `system:authenticated` stand for anybody who reaches the API server, on some clouds with any account."
    fix "Bind the role to a user, group or service account of your own."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: app, namespace: shop}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: app}\nsubjects:\n- {kind: Group, name: \"system:unauthenticated\"}\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: app, namespace: shop}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: app}\nsubjects:\n- {kind: Group, name: shop-admins}\n";
DEFAULT_ACCOUNT "SW-K8S-0074" Medium ["CIS-K8S-5.1.5", "CKV_K8S_42"]
    title "Rights for a default service account"
    why "Every pod of the namespace without an account of its own gets these rights."
    fix "Make a service account for the application, and bind the role to it."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: app, namespace: shop}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: app}\nsubjects:\n- {kind: ServiceAccount, name: default, namespace: shop}\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: app, namespace: shop}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: app}\nsubjects:\n- {kind: ServiceAccount, name: app, namespace: shop}\n";
VOLUMES "SW-K8S-0075" High ["CIS-K8S-5.1.9"]
    title "Role that creates persistent volumes"
    why "A PersistentVolume may be a directory of a node: whoever creates volumes reads and writes the files of the nodes, past every policy for pods."
    fix "Leave volumes to a StorageClass and its provisioner."
    bad "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"\"]\n  resources: [persistentvolumes]\n  verbs: [create]\n"
    good "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: app}\nrules:\n- apiGroups: [\"\"]\n  resources: [persistentvolumeclaims]\n  verbs: [create]\n";
}

const WRITE: [&str; 4] = ["create", "update", "patch", "delete"];

pub(super) fn check(object: &Object<'_>, report: &mut Report<'_>) {
    // Other APIs have roles of their own: those of clouds, for instance.
    if !matches!(
        object.group(),
        "rbac.authorization.k8s.io" | "authorization.openshift.io"
    ) {
        return;
    }
    match object.kind {
        "Role" | "ClusterRole" => {
            for rule in object.node.items_at("rules") {
                check_rule(object, rule, report);
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => check_binding(object, report),
        _ => {}
    }
}

/// What one rule of a role grants.
struct Grant<'n> {
    resources: Vec<&'n str>,
    verbs: Vec<&'n str>,
    is_named: bool,
}

impl Grant<'_> {
    fn may(&self, verbs: &[&str], resources: &[&str]) -> bool {
        self.verbs.iter().any(|verb| verbs.contains(verb))
            && self
                .resources
                .iter()
                .any(|resource| resources.contains(resource))
    }
}

fn words<'n>(rule: &'n Node, list: &str) -> Vec<&'n str> {
    rule.items_at(list).iter().filter_map(Node::text).collect()
}

fn check_rule(object: &Object<'_>, rule: &Node, report: &mut Report<'_>) {
    let label = object.label();
    let grant = Grant {
        resources: words(rule, "resources"),
        verbs: words(rule, "verbs"),
        is_named: rule.has("resourceNames"),
    };
    let all_verbs = grant.verbs.contains(&"*");
    let all_resources = grant.resources.contains(&"*");
    if all_verbs && all_resources {
        report.add(
            &ALL_WILDCARD,
            rule,
            &label,
            "grants every verb on every resource",
        );
        return;
    }
    if all_verbs || all_resources {
        let what = if all_verbs {
            format!("grants every verb on {}", grant.resources.join(", "))
        } else {
            format!("grants {} on every resource", grant.verbs.join(", "))
        };
        // Rules without resources are about URLs.
        if !grant.resources.is_empty() {
            report.add(&WILDCARD, rule, &label, what);
        }
        return;
    }
    check_grant(&grant, rule, &label, report);
}

fn check_grant(grant: &Grant<'_>, rule: &Node, label: &str, report: &mut Report<'_>) {
    let roles = ["roles", "clusterroles"];
    let bindings = [
        "roles",
        "clusterroles",
        "rolebindings",
        "clusterrolebindings",
    ];
    let identities = ["users", "groups", "serviceaccounts", "userextras", "uids"];
    let workloads = [
        "pods",
        "deployments",
        "statefulsets",
        "daemonsets",
        "replicasets",
        "replicationcontrollers",
        "jobs",
        "cronjobs",
    ];
    let webhooks = [
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
    ];
    let certificates = ["certificatesigningrequests/approval", "signers"];
    let read = ["get", "list", "watch"];
    let any = ["get", "create", "update", "patch", "delete"];
    let checks = [
        (&ESCALATE, grant.may(&["escalate", "bind"], &roles)),
        (&IMPERSONATE, grant.may(&["impersonate"], &identities)),
        (
            &EXEC,
            grant.may(&["create", "get"], &["pods/exec", "pods/attach"]),
        ),
        (
            &WORKLOADS,
            grant.may(&["create", "update", "patch"], &workloads),
        ),
        (&NODE_PROXY, grant.may(&any, &["nodes/proxy"])),
        (&WEBHOOKS, grant.may(&WRITE, &webhooks)),
        (
            &CERTIFICATES,
            grant.may(&["update", "patch", "approve", "sign"], &certificates),
        ),
        (&ROLES, grant.may(&["create", "update", "patch"], &bindings)),
        (&VOLUMES, grant.may(&["create"], &["persistentvolumes"])),
        (&TOKENS, grant.may(&["create"], &["serviceaccounts/token"])),
        (
            &SECRETS,
            grant.may(&read, &["secrets"]) || grant.may(&WRITE, &["secrets"]),
        ),
    ];
    for (check, is_granted) in checks {
        // A right on named objects was thought about; `create` cannot be narrowed by name, save for
        // the token of a named account (Using RBAC Authorization, "Referring to resources").
        if is_granted && !grant.is_named {
            report.add(
                check,
                rule,
                label,
                format!(
                    "grants {} on {}",
                    grant.verbs.join(", "),
                    grant.resources.join(", ")
                ),
            );
        }
    }
}

fn check_binding(object: &Object<'_>, report: &mut Report<'_>) {
    let label = object.label();
    let subjects = object.node.items_at("subjects");
    if let Some(name) = object.node.at("roleRef.name")
        && matches!(name.text(), Some("cluster-admin" | "admin"))
        && (object.kind == "ClusterRoleBinding" || name.text() == Some("cluster-admin"))
        // The binding that every cluster starts with.
        && !subjects.iter().all(|s| s.text_at("name") == Some("system:masters"))
    {
        let role = name.text().unwrap_or_default();
        report.add(&CLUSTER_ADMIN, name, &label, format!("binds `{role}`"));
    }
    for subject in subjects {
        let name = subject.text_at("name").unwrap_or_default();
        match (subject.text_at("kind").unwrap_or_default(), name) {
            ("User", "system:anonymous")
            | ("Group", "system:unauthenticated" | "system:authenticated") => {
                report.add(
                    &ANONYMOUS,
                    subject,
                    &label,
                    format!("gives rights to `{name}`"),
                );
            }
            ("ServiceAccount", "default") => {
                report.add(
                    &DEFAULT_ACCOUNT,
                    subject,
                    &label,
                    "gives rights to the service account `default`",
                );
            }
            _ => {}
        }
    }
}
