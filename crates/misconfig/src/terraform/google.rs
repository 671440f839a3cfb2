//! Artifact Registry and Kubernetes Engine of Google Cloud.

use crate::cloud::is_not_on;
use crate::document::{Node, Switch};
use crate::report::Report;
use crate::rule::rules;

use super::{Resource, block};

rules! { Terraform:
LEGACY_ABAC "SW-TF-0050" High ["AVD-GCP-0062", "CKV_GCP_7"]
    title "GKE cluster with legacy authorization"
    why "With ABAC every service account and user of the cluster may do nearly everything, whatever RBAC says."
    fix "Remove `enable_legacy_abac`."
    bad "resource \"google_container_cluster\" \"main\" {\n  enable_legacy_abac = true\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
PUBLIC_ENDPOINT "SW-TF-0051" High ["AVD-GCP-0053", "AVD-GCP-0061", "CKV_GCP_18", "CKV_GCP_20"]
    title "GKE API server open to the internet"
    why "Every address may try the API server."
    fix "Set `enable_private_endpoint`, or list addresses in `master_authorized_networks_config`."
    bad "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n  }\n  master_authorized_networks_config {\n    cidr_blocks {\n      cidr_block = \"192.0.2.0/24\"\n    }\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
PUBLIC_NODES "SW-TF-0052" Medium ["AVD-GCP-0059", "CKV_GCP_25", "CKV_GCP_64"]
    title "GKE nodes with public addresses"
    why "Nodes that the internet reaches are attacked from there."
    fix "Set `private_cluster_config { enable_private_nodes = true }`."
    bad "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
NETWORK_POLICY "SW-TF-0053" Medium ["AVD-GCP-0056", "CKV_GCP_12"]
    title "GKE cluster that enforces no network policy"
    why "NetworkPolicy objects are accepted and have no effect."
    fix "Set `datapath_provider = \"ADVANCED_DATAPATH\"`, or enable `network_policy`."
    bad "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  network_policy {\n    enabled = true\n  }\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
SECRETS "SW-TF-0054" Medium []
    title "GKE secrets without a key of yours"
    why "Secrets are protected by the provider's key alone, which you can neither audit nor revoke."
    fix "Set `database_encryption { state = \"ENCRYPTED\" }` with a key."
    bad "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
NO_LOGS "SW-TF-0055" Medium ["AVD-GCP-0060", "CKV_GCP_1"]
    title "GKE cluster without logs"
    why "Nobody can tell who did what."
    fix "Remove `logging_service = \"none\"`."
    bad "resource \"google_container_cluster\" \"main\" {\n  logging_service = \"none\"\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
CLIENT_CERTIFICATE "SW-TF-0056" High ["AVD-GCP-0064", "CKV_GCP_13"]
    title "GKE cluster with a client certificate or a password"
    why "Certificates and passwords of the cluster cannot be revoked and pass by the identity provider."
    fix "Set `issue_client_certificate = false`, and remove `master_auth` user and password."
    bad "resource \"google_container_cluster\" \"main\" {\n  master_auth {\n    client_certificate_config {\n      issue_client_certificate = true\n    }\n  }\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  master_auth {\n    client_certificate_config {\n      issue_client_certificate = false\n    }\n  }\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
BINARY_AUTHORIZATION "SW-TF-0057" Low ["CKV_GCP_66"]
    title "GKE cluster that runs any image"
    why "Without Binary Authorization, images are not checked for where they come from."
    fix "Set `binary_authorization { evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\" }`."
    bad "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
WORKLOAD_IDENTITY "SW-TF-0058" Medium ["CKV_GCP_69"]
    title "GKE pods with the credentials of their node"
    why "Without Workload Identity a pod asks the metadata server and is the node's service account."
    fix "Set `workload_identity_config { workload_pool = \"PROJECT.svc.id.goog\" }`."
    bad "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
SHIELDED "SW-TF-0059" Medium ["AVD-GCP-0055", "CKV_GCP_71"]
    title "GKE nodes that are not shielded"
    why "A node's identity and boot chain can be forged."
    fix "Remove `enable_shielded_nodes = false`."
    bad "resource \"google_container_cluster\" \"main\" {\n  enable_shielded_nodes = false\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n"
    good "resource \"google_container_cluster\" \"main\" {\n  private_cluster_config {\n    enable_private_nodes    = true\n    enable_private_endpoint = true\n  }\n  datapath_provider = \"ADVANCED_DATAPATH\"\n  database_encryption {\n    state    = \"ENCRYPTED\"\n    key_name = google_kms_crypto_key.gke.id\n  }\n  workload_identity_config {\n    workload_pool = \"shop.svc.id.goog\"\n  }\n  binary_authorization {\n    evaluation_mode = \"PROJECT_SINGLETON_POLICY_ENFORCE\"\n  }\n}\n";
DEFAULT_ACCOUNT "SW-TF-0060" High ["AVD-GCP-0050"]
    title "GKE nodes with the default service account"
    why "The default account of Compute Engine is often an editor of the whole project."
    fix "Set `service_account` to an account that may write logs and pull images."
    bad "resource \"google_container_node_pool\" \"main\" {\n  cluster = google_container_cluster.main.id\n  node_config {\n    machine_type = \"e2-medium\"\n  }\n}\n"
    good "resource \"google_container_node_pool\" \"main\" {\n  cluster = google_container_cluster.main.id\n  node_config {\n    service_account = google_service_account.nodes.email\n  }\n}\n";
NO_UPGRADE "SW-TF-0061" Medium ["AVD-GCP-0058", "AVD-GCP-0063", "CKV_GCP_9", "CKV_GCP_10"]
    title "GKE nodes without automatic upgrade or repair"
    why "Nodes keep their vulnerabilities until somebody remembers them."
    fix "Set `auto_upgrade` and `auto_repair` to true."
    bad "resource \"google_container_node_pool\" \"main\" {\n  cluster = google_container_cluster.main.id\n  management {\n    auto_upgrade = false\n    auto_repair  = true\n  }\n  node_config {\n    service_account = google_service_account.nodes.email\n  }\n}\n"
    good "resource \"google_container_node_pool\" \"main\" {\n  cluster = google_container_cluster.main.id\n  node_config {\n    service_account = google_service_account.nodes.email\n  }\n}\n";
REGISTRY_PUBLIC "SW-TF-0070" Critical ["CKV_GCP_101"]
    title "Artifact Registry repository open to everybody"
    why "`allUsers` and `allAuthenticatedUsers` stand for anybody, and with a writer's role for anybody who replaces images."
    fix "Name the service accounts or groups that pull."
    bad "resource \"google_artifact_registry_repository_iam_member\" \"app\" {\n  role   = \"roles/artifactregistry.reader\"\n  member = \"allUsers\"\n}\n"
    good "resource \"google_artifact_registry_repository_iam_member\" \"app\" {\n  role   = \"roles/artifactregistry.reader\"\n  member = \"serviceAccount:ci@shop.iam.gserviceaccount.com\"\n}\n";
REGISTRY_MUTABLE "SW-TF-0071" Medium []
    title "Artifact Registry repository whose tags can be moved"
    why "Whoever may push can replace an image that was tested and signed off."
    fix "Set `docker_config { immutable_tags = true }`."
    bad "resource \"google_artifact_registry_repository\" \"app\" {\n  format       = \"DOCKER\"\n  kms_key_name = google_kms_crypto_key.registry.id\n  docker_config {\n    immutable_tags = false\n  }\n}\n"
    good "resource \"google_artifact_registry_repository\" \"app\" {\n  format       = \"DOCKER\"\n  kms_key_name = google_kms_crypto_key.registry.id\n  docker_config {\n    immutable_tags = true\n  }\n}\n";
REGISTRY_KEY "SW-TF-0072" Low ["CKV_GCP_84"]
    title "Artifact Registry repository without a key of yours"
    why "With the provider's key, access to the key can be neither audited nor revoked."
    fix "Set `kms_key_name`."
    bad "resource \"google_artifact_registry_repository\" \"app\" {\n  format       = \"DOCKER\"\n  docker_config {\n    immutable_tags = true\n  }\n}\n"
    good "resource \"google_artifact_registry_repository\" \"app\" {\n  format       = \"DOCKER\"\n  kms_key_name = google_kms_crypto_key.registry.id\n  docker_config {\n    immutable_tags = true\n  }\n}\n";
REGISTRY_SCAN "SW-TF-0073" Medium []
    title "Artifact Registry repository that is not scanned"
    why "Images with known vulnerabilities are stored without anybody noticing."
    fix "Remove `vulnerability_scanning_config`, or set it to `INHERITED`."
    bad "resource \"google_artifact_registry_repository\" \"app\" {\n  format       = \"DOCKER\"\n  kms_key_name = google_kms_crypto_key.registry.id\n  vulnerability_scanning_config {\n    enablement_config = \"DISABLED\"\n  }\n  docker_config {\n    immutable_tags = true\n  }\n}\n"
    good "resource \"google_artifact_registry_repository\" \"app\" {\n  format       = \"DOCKER\"\n  kms_key_name = google_kms_crypto_key.registry.id\n  docker_config {\n    immutable_tags = true\n  }\n}\n";
}

pub(super) fn check(resource: &Resource<'_>, report: &mut Report<'_>) {
    match resource.kind {
        "google_container_cluster" => {
            check_access(resource, report);
            let nodes = resource.block("node_config");
            if nodes.is_some_and(|node| !node.has("service_account")) {
                let message = "nodes run as the default service account";
                resource.report(&DEFAULT_ACCOUNT, nodes, report, message);
            }
            check_cluster(resource, report);
        }
        "google_container_node_pool" => check_pool(resource, report),
        "google_artifact_registry_repository" => check_registry(resource, report),
        "google_artifact_registry_repository_iam_member"
        | "google_artifact_registry_repository_iam_binding" => check_members(resource, report),
        _ => {}
    }
}

fn check_access(resource: &Resource<'_>, report: &mut Report<'_>) {
    let body = resource.body;
    if body.is_true("enable_legacy_abac") {
        let node = body.get("enable_legacy_abac");
        resource.report(&LEGACY_ABAC, node, report, "`enable_legacy_abac` is true");
    }
    let private = resource.block("private_cluster_config");
    let is_off = |field: &str| is_not_on(private.map_or(Switch::Absent, |node| node.switch(field)));
    let allowed = resource.block("master_authorized_networks_config");
    let is_open_range = allowed.is_some_and(|config| {
        config
            .get("cidr_blocks")
            .map_or(&[][..], Node::one_or_many)
            .iter()
            .any(|range| matches!(range.text_at("cidr_block"), Some("0.0.0.0/0" | "::/0")))
    });
    if is_off("enable_private_endpoint") && (allowed.is_none() || is_open_range) {
        let message = "every address reaches the API server";
        resource.report(&PUBLIC_ENDPOINT, allowed, report, message);
    }
    if is_off("enable_private_nodes") {
        resource.report(
            &PUBLIC_NODES,
            private,
            report,
            "nodes have public addresses",
        );
    }
    let Some(auth) = resource.block("master_auth") else {
        return;
    };
    let certificate = block(auth, "client_certificate_config");
    let has_certificate = certificate.is_some_and(|c| c.is_true("issue_client_certificate"));
    if has_certificate || auth.has("password") {
        let message = "a client certificate or a password opens the cluster";
        resource.report(&CLIENT_CERTIFICATE, Some(auth), report, message);
    }
}

fn check_cluster(resource: &Resource<'_>, report: &mut Report<'_>) {
    let body = resource.body;
    // Autopilot has a network policy, Workload Identity and shielded nodes in any case.
    let is_autopilot = body.is_true("enable_autopilot");
    let enforces_policy = body
        .get("datapath_provider")
        .is_some_and(|node| node.is_unknown() || node.text() == Some("ADVANCED_DATAPATH"))
        || resource
            .block("network_policy")
            .is_some_and(|n| !is_not_on(n.switch("enabled")));
    if !enforces_policy && !is_autopilot {
        resource.report(
            &NETWORK_POLICY,
            None,
            report,
            "network policies have no effect",
        );
    }
    let encryption = resource
        .block("database_encryption")
        .and_then(|node| node.get("state"));
    if encryption.is_none_or(|node| node.text() == Some("DECRYPTED")) {
        let message = "secrets are not encrypted with a key of yours";
        resource.report(&SECRETS, encryption, report, message);
    }
    if let Some(logs) = body
        .get("logging_service")
        .filter(|n| n.text() == Some("none"))
    {
        resource.report(&NO_LOGS, Some(logs), report, "logs are off");
    }
    let authorization = resource.block("binary_authorization");
    let mode = authorization.and_then(|node| node.get("evaluation_mode"));
    let is_off = authorization.is_none_or(|node| {
        mode.is_some_and(|mode| mode.text() == Some("DISABLED"))
            || (mode.is_none() && is_not_on(node.switch("enabled")))
    });
    if is_off && is_not_on(body.switch("enable_binary_authorization")) {
        let message = "images are not checked before they run";
        resource.report(&BINARY_AUTHORIZATION, authorization, report, message);
    }
    if resource.block("workload_identity_config").is_none() && !is_autopilot {
        resource.report(&WORKLOAD_IDENTITY, None, report, "Workload Identity is off");
    }
    if body.switch("enable_shielded_nodes") == Switch::Off {
        let node = body.get("enable_shielded_nodes");
        resource.report(&SHIELDED, node, report, "nodes are not shielded");
    }
}

fn check_pool(resource: &Resource<'_>, report: &mut Report<'_>) {
    let config = resource.block("node_config");
    if config.is_none_or(|node| !node.has("service_account")) {
        let message = "nodes run as the default service account";
        resource.report(&DEFAULT_ACCOUNT, config, report, message);
    }
    let Some(management) = resource.block("management") else {
        return;
    };
    for field in ["auto_upgrade", "auto_repair"] {
        if management.switch(field) == Switch::Off {
            let message = format!("`{field}` is false");
            resource.report(&NO_UPGRADE, management.get(field), report, message);
        }
    }
}

fn check_registry(resource: &Resource<'_>, report: &mut Report<'_>) {
    let body = resource.body;
    let docker = resource.block("docker_config");
    let immutable = docker.map_or(Switch::Absent, |node| node.switch("immutable_tags"));
    // Remote and virtual repositories hold no tags of their own.
    let is_standard = !matches!(
        body.text_at("mode"),
        Some("REMOTE_REPOSITORY" | "VIRTUAL_REPOSITORY")
    );
    if body.text_at("format") == Some("DOCKER") && is_standard && is_not_on(immutable) {
        resource.report(&REGISTRY_MUTABLE, docker, report, "tags can be moved");
    }
    if !body.has("kms_key_name") {
        let message = "images are encrypted with the provider's key";
        resource.report(&REGISTRY_KEY, None, report, message);
    }
    let scanning = resource
        .block("vulnerability_scanning_config")
        .and_then(|node| node.get("enablement_config"));
    if let Some(node) = scanning.filter(|node| node.text() == Some("DISABLED")) {
        resource.report(&REGISTRY_SCAN, Some(node), report, "scanning is off");
    }
}

fn check_members(resource: &Resource<'_>, report: &mut Report<'_>) {
    let members = ["member", "members"]
        .iter()
        .filter_map(|field| resource.body.get(field))
        .flat_map(Node::one_or_many);
    for member in members {
        if let Some(name @ ("allUsers" | "allAuthenticatedUsers")) = member.text() {
            let message = format!("`{name}` has access");
            resource.report(&REGISTRY_PUBLIC, Some(member), report, message);
        }
    }
}
