//! Registries, clusters and nodes of AWS.

use crate::cloud::{is_not_on, opened, public_statement};
use crate::document::{Node, Switch};
use crate::report::Report;
use crate::rule::rules;

use super::Resource;

rules! { Terraform:
ECR_MUTABLE "SW-TF-0001" High ["AVD-AWS-0031", "CKV_AWS_51"]
    title "ECR repository whose tags can be moved"
    why "Whoever may push can replace an image that was tested and signed off."
    fix "Set `image_tag_mutability = \"IMMUTABLE\"`."
    bad "resource \"aws_ecr_repository\" \"app\" {\n  name = \"app\"\n  image_scanning_configuration {\n    scan_on_push = true\n  }\n  encryption_configuration {\n    encryption_type = \"KMS\"\n  }\n}\n"
    good "resource \"aws_ecr_repository\" \"app\" {\n  name                 = \"app\"\n  image_tag_mutability = \"IMMUTABLE\"\n  image_scanning_configuration {\n    scan_on_push = true\n  }\n  encryption_configuration {\n    encryption_type = \"KMS\"\n  }\n}\n";
ECR_SCAN "SW-TF-0002" Medium ["AVD-AWS-0030", "CKV_AWS_163"]
    title "ECR repository that is not scanned"
    why "Images with known vulnerabilities are stored without anybody noticing."
    fix "Set `image_scanning_configuration { scan_on_push = true }`, or a scanning configuration for the registry."
    bad "resource \"aws_ecr_repository\" \"app\" {\n  name                 = \"app\"\n  image_tag_mutability = \"IMMUTABLE\"\n  image_scanning_configuration {\n    scan_on_push = false\n  }\n  encryption_configuration {\n    encryption_type = \"KMS\"\n  }\n}\n"
    good "resource \"aws_ecr_repository\" \"app\" {\n  name                 = \"app\"\n  image_tag_mutability = \"IMMUTABLE\"\n  image_scanning_configuration {\n    scan_on_push = true\n  }\n  encryption_configuration {\n    encryption_type = \"KMS\"\n  }\n}\n";
ECR_ENCRYPTION "SW-TF-0003" Low ["AVD-AWS-0033", "CKV_AWS_136"]
    title "ECR repository without a key of its own"
    why "With the service's own key, access to the key can be neither restricted nor audited nor revoked."
    fix "Set `encryption_configuration { encryption_type = \"KMS\" }` with your `kms_key`."
    bad "resource \"aws_ecr_repository\" \"app\" {\n  name                 = \"app\"\n  image_tag_mutability = \"IMMUTABLE\"\n  image_scanning_configuration {\n    scan_on_push = true\n  }\n}\n"
    good "resource \"aws_ecr_repository\" \"app\" {\n  name                 = \"app\"\n  image_tag_mutability = \"IMMUTABLE\"\n  image_scanning_configuration {\n    scan_on_push = true\n  }\n  encryption_configuration {\n    encryption_type = \"KMS\"\n    kms_key         = aws_kms_key.ecr.arn\n  }\n}\n";
ECR_PUBLIC "SW-TF-0004" Critical ["AVD-AWS-0032", "CKV_AWS_32"]
    title "ECR repository open to everybody"
    why "A policy for the principal `*` lets every AWS account pull, and with write actions replace, the images."
    fix "Name the accounts or roles in `Principal`, or add a condition on the organisation."
    bad "resource \"aws_ecr_repository_policy\" \"app\" {\n  repository = \"app\"\n  policy = jsonencode({\n    Statement = [{ Effect = \"Allow\", Principal = \"*\", Action = [\"ecr:BatchGetImage\"] }]\n  })\n}\n"
    good "resource \"aws_ecr_repository_policy\" \"app\" {\n  repository = \"app\"\n  policy = jsonencode({\n    Statement = [{ Effect = \"Allow\", Principal = { AWS = \"arn:aws:iam::111122223333:root\" }, Action = [\"ecr:BatchGetImage\"] }]\n  })\n}\n";
EKS_PUBLIC "SW-TF-0010" Critical ["AVD-AWS-0040", "AVD-AWS-0041", "CKV_AWS_38", "CKV_AWS_39"]
    title "EKS API server open to the internet"
    why "The endpoint is public by default, and every address may try."
    fix "Set `endpoint_public_access = false`, or list addresses in `public_access_cidrs`."
    bad "resource \"aws_eks_cluster\" \"main\" {\n  enabled_cluster_log_types = [\"api\", \"audit\", \"authenticator\", \"controllerManager\", \"scheduler\"]\n  encryption_config {\n    resources = [\"secrets\"]\n  }\n  vpc_config {\n    subnet_ids = var.subnets\n  }\n}\n"
    good "resource \"aws_eks_cluster\" \"main\" {\n  enabled_cluster_log_types = [\"api\", \"audit\", \"authenticator\", \"controllerManager\", \"scheduler\"]\n  encryption_config {\n    resources = [\"secrets\"]\n  }\n  vpc_config {\n    endpoint_public_access = false\n    subnet_ids             = var.subnets\n  }\n}\n";
EKS_SECRETS "SW-TF-0011" High ["AVD-AWS-0039", "CKV_AWS_58"]
    title "EKS secrets without a key of yours"
    why "Without envelope encryption the cluster's secrets are protected by the disk's key alone."
    fix "Add `encryption_config { resources = [\"secrets\"] }` with a KMS key."
    bad "resource \"aws_eks_cluster\" \"main\" {\n  enabled_cluster_log_types = [\"api\", \"audit\", \"authenticator\", \"controllerManager\", \"scheduler\"]\n  vpc_config {\n    endpoint_public_access = false\n  }\n}\n"
    good "resource \"aws_eks_cluster\" \"main\" {\n  enabled_cluster_log_types = [\"api\", \"audit\", \"authenticator\", \"controllerManager\", \"scheduler\"]\n  encryption_config {\n    resources = [\"secrets\"]\n    provider {\n      key_arn = aws_kms_key.eks.arn\n    }\n  }\n  vpc_config {\n    endpoint_public_access = false\n  }\n}\n";
EKS_LOGS "SW-TF-0012" Medium ["AVD-AWS-0038", "CKV_AWS_37"]
    title "EKS control plane without logs"
    why "Without the audit and authenticator logs nobody can tell who did what."
    fix "Set `enabled_cluster_log_types` to all five types."
    bad "resource \"aws_eks_cluster\" \"main\" {\n  enabled_cluster_log_types = [\"api\"]\n  encryption_config {\n    resources = [\"secrets\"]\n  }\n  vpc_config {\n    endpoint_public_access = false\n  }\n}\n"
    good "resource \"aws_eks_cluster\" \"main\" {\n  enabled_cluster_log_types = [\"api\", \"audit\", \"authenticator\", \"controllerManager\", \"scheduler\"]\n  encryption_config {\n    resources = [\"secrets\"]\n  }\n  vpc_config {\n    endpoint_public_access = false\n  }\n}\n";
EKS_SSH "SW-TF-0013" High ["CKV_AWS_100"]
    title "EKS nodes open for SSH"
    why "A key without a source security group opens port 22 of every node to the internet."
    fix "Set `source_security_group_ids`, or remove `remote_access` and use Session Manager."
    bad "resource \"aws_eks_node_group\" \"main\" {\n  remote_access {\n    ec2_ssh_key = \"ops\"\n  }\n}\n"
    good "resource \"aws_eks_node_group\" \"main\" {\n  remote_access {\n    ec2_ssh_key               = \"ops\"\n    source_security_group_ids = [aws_security_group.bastion.id]\n  }\n}\n";
IMDS "SW-TF-0014" High ["AVD-AWS-0028", "AVD-AWS-0130", "CKV_AWS_79"]
    title "Instance metadata without a session token"
    why "Version 1 of the metadata service gives the role's credentials to any request that a server can be tricked into sending."
    fix "Set `metadata_options { http_tokens = \"required\" }`."
    bad "resource \"aws_launch_template\" \"node\" {\n  image_id = \"ami-0123456789abcdef0\"\n}\n"
    good "resource \"aws_launch_template\" \"node\" {\n  image_id = \"ami-0123456789abcdef0\"\n  metadata_options {\n    http_tokens = \"required\"\n  }\n}\n";
IMDS_HOPS "SW-TF-0015" Low ["CKV_AWS_341"]
    title "Instance metadata within reach of containers"
    why "With more than one hop, a container gets the credentials of its node."
    fix "Set `http_put_response_hop_limit = 1`."
    bad "resource \"aws_launch_template\" \"node\" {\n  metadata_options {\n    http_tokens                 = \"required\"\n    http_put_response_hop_limit = 2\n  }\n}\n"
    good "resource \"aws_launch_template\" \"node\" {\n  metadata_options {\n    http_tokens                 = \"required\"\n    http_put_response_hop_limit = 1\n  }\n}\n";
}

const EKS_LOG_TYPES: [&str; 5] = [
    "api",
    "audit",
    "authenticator",
    "controllerManager",
    "scheduler",
];

pub(super) fn check(resource: &Resource<'_>, report: &mut Report<'_>) {
    match resource.kind {
        "aws_ecr_repository" => check_repository(resource, report),
        "aws_ecr_repository_policy" | "aws_ecr_registry_policy" => {
            if let Some(policy) = resource.body.get("policy") {
                check_policy(resource, policy, report);
            }
        }
        "aws_eks_cluster" => check_cluster(resource, report),
        "aws_eks_node_group" => {
            if let Some(access) = resource.block("remote_access")
                && access.has("ec2_ssh_key")
                && !access.has("source_security_group_ids")
            {
                let message = "the SSH port of the nodes is open to every address";
                resource.report(&EKS_SSH, Some(access), report, message);
            }
        }
        "aws_instance" | "aws_launch_template" | "aws_launch_configuration" => {
            check_metadata(resource, report);
        }
        _ => {}
    }
}

fn check_repository(resource: &Resource<'_>, report: &mut Report<'_>) {
    let mutability = resource.body.get("image_tag_mutability");
    if mutability.is_none_or(|node| {
        node.text()
            .is_some_and(|text| !text.starts_with("IMMUTABLE"))
    }) {
        resource.report(&ECR_MUTABLE, mutability, report, "tags can be moved");
    }
    let scanning = resource.block("image_scanning_configuration");
    let scan = scanning.map_or(Switch::Absent, |node| node.switch("scan_on_push"));
    if is_not_on(scan) {
        let message = "images are not scanned when they are pushed";
        resource.report(&ECR_SCAN, scanning, report, message);
    }
    let encryption = resource.block("encryption_configuration");
    let kind = encryption.and_then(|node| node.get("encryption_type"));
    if kind.is_none_or(|node| node.text().is_some_and(|text| !text.starts_with("KMS"))) {
        let message = "images are encrypted with the service's own key";
        resource.report(&ECR_ENCRYPTION, kind.or(encryption), report, message);
    }
}

fn check_policy(resource: &Resource<'_>, policy: &Node, report: &mut Report<'_>) {
    let opened = opened(policy);
    if let Some(statement) = public_statement(&opened) {
        let message = "the policy allows every AWS account";
        resource.report(&ECR_PUBLIC, Some(statement), report, message);
    }
}

/// The same policy, written as a data source.
pub(super) fn check_data(data: &Resource<'_>, report: &mut Report<'_>) {
    if data.kind != "aws_iam_policy_document" {
        return;
    }
    for statement in data
        .body
        .get("statement")
        .map_or(&[][..], Node::one_or_many)
    {
        let is_about_ecr = statement
            .items_at("actions")
            .iter()
            .any(|action| action.text().is_some_and(|text| text.starts_with("ecr:")));
        let is_deny = statement
            .text_at("effect")
            .is_some_and(|effect| effect.eq_ignore_ascii_case("deny"));
        let everybody = statement
            .get("principals")
            .map_or(&[][..], Node::one_or_many)
            .iter()
            .flat_map(|principals| principals.items_at("identifiers"))
            .any(|identifier| identifier.text() == Some("*"));
        if is_about_ecr && everybody && !is_deny && !statement.has("condition") {
            let message = "the policy allows every AWS account";
            data.report(&ECR_PUBLIC, Some(statement), report, message);
        }
    }
}

fn check_cluster(resource: &Resource<'_>, report: &mut Report<'_>) {
    let network = resource.block("vpc_config");
    let access = network.map_or(Switch::Absent, |node| node.switch("endpoint_public_access"));
    let ranges = network.and_then(|node| node.get("public_access_cidrs"));
    let is_open_range = ranges.is_none_or(|node| {
        node.items()
            .iter()
            .any(|range| matches!(range.text(), Some("0.0.0.0/0" | "::/0")))
    });
    if matches!(access, Switch::Absent | Switch::On) && is_open_range {
        let message = "every address reaches the API server";
        resource.report(&EKS_PUBLIC, ranges.or(network), report, message);
    }
    if resource.block("encryption_config").is_none() {
        let message = "has no `encryption_config` for secrets";
        resource.report(&EKS_SECRETS, None, report, message);
    }
    let logs = resource.body.get("enabled_cluster_log_types");
    if logs.is_some_and(Node::is_unknown) {
        return;
    }
    let enabled: Vec<&str> = logs
        .map(|node| node.items().iter().filter_map(Node::text).collect())
        .unwrap_or_default();
    let missing: Vec<&str> = EKS_LOG_TYPES
        .into_iter()
        .filter(|kind| !enabled.contains(kind))
        .collect();
    if !missing.is_empty() {
        let message = format!("does not log {}", missing.join(", "));
        resource.report(&EKS_LOGS, logs, report, message);
    }
}

fn check_metadata(resource: &Resource<'_>, report: &mut Report<'_>) {
    let options = resource.block("metadata_options");
    let field = |name: &str| options.and_then(|node| node.get(name));
    if field("http_endpoint").and_then(Node::text) == Some("disabled") {
        return;
    }
    let tokens = field("http_tokens");
    if tokens.is_none_or(|node| node.text().is_some_and(|text| text != "required")) {
        let message = "the metadata service answers without a session token";
        resource.report(&IMDS, tokens.or(options), report, message);
    }
    if let Some(hops) = field("http_put_response_hop_limit")
        && hops.integer().is_some_and(|n| n > 1)
    {
        let message = "containers reach the metadata service";
        resource.report(&IMDS_HOPS, Some(hops), report, message);
    }
}
