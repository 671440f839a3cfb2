//! Container Registry and Kubernetes Service of Azure.

use crate::cloud::is_not_on;
use crate::document::Switch;
use crate::report::Report;
use crate::rule::rules;

use super::Resource;

rules! { Terraform:
ACR_ADMIN "SW-TF-0080" High ["CKV_AZURE_137"]
    title "Azure registry with an admin account"
    why "One shared password with every right, which nobody's name stands behind."
    fix "Remove `admin_enabled`, and use identities with the roles AcrPull and AcrPush."
    bad "resource \"azurerm_container_registry\" \"app\" {\n  sku                           = \"Premium\"\n  admin_enabled                 = true\n  public_network_access_enabled = false\n}\n"
    good "resource \"azurerm_container_registry\" \"app\" {\n  sku                           = \"Premium\"\n  public_network_access_enabled = false\n}\n";
ACR_ANONYMOUS "SW-TF-0081" High ["CKV_AZURE_138"]
    title "Azure registry open to everybody"
    why "Anybody on the internet pulls the images."
    fix "Remove `anonymous_pull_enabled`."
    bad "resource \"azurerm_container_registry\" \"app\" {\n  sku                           = \"Premium\"\n  anonymous_pull_enabled        = true\n  public_network_access_enabled = false\n}\n"
    good "resource \"azurerm_container_registry\" \"app\" {\n  sku                           = \"Premium\"\n  public_network_access_enabled = false\n}\n";
ACR_PUBLIC "SW-TF-0082" Medium ["CKV_AZURE_139"]
    title "Azure registry on the public network"
    why "The registry is reachable from everywhere, so that a leaked credential is enough."
    fix "Set `public_network_access_enabled = false` and use a private endpoint, or a `network_rule_set` that denies by default."
    bad "resource \"azurerm_container_registry\" \"app\" {\n  sku                           = \"Premium\"\n}\n"
    good "resource \"azurerm_container_registry\" \"app\" {\n  sku                           = \"Premium\"\n  public_network_access_enabled = false\n}\n";
AKS_RBAC "SW-TF-0090" High ["AVD-AZU-0042", "CKV_AZURE_5"]
    title "AKS cluster without RBAC"
    why "Every user of the cluster may do everything."
    fix "Remove `role_based_access_control_enabled = false`."
    bad "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  role_based_access_control_enabled = false\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n"
    good "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n";
AKS_PUBLIC "SW-TF-0091" High ["AVD-AZU-0041", "CKV_AZURE_6", "CKV_AZURE_115"]
    title "AKS API server open to the internet"
    why "Every address may try the API server."
    fix "Set `private_cluster_enabled = true`, or `api_server_access_profile { authorized_ip_ranges = […] }`."
    bad "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n"
    good "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  api_server_access_profile {\n    authorized_ip_ranges = [\"192.0.2.0/24\"]\n  }\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n";
AKS_NETWORK_POLICY "SW-TF-0092" Medium ["AVD-AZU-0043", "CKV_AZURE_7"]
    title "AKS cluster that enforces no network policy"
    why "NetworkPolicy objects are accepted and have no effect."
    fix "Set `network_policy` in `network_profile`."
    bad "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n"
    good "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n";
AKS_LOCAL_ACCOUNT "SW-TF-0093" Medium ["CKV_AZURE_141"]
    title "AKS cluster with a local administrator"
    why "The local account passes by Entra ID, its conditions and its log."
    fix "Set `local_account_disabled = true`."
    bad "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n"
    good "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n";
AKS_LOGS "SW-TF-0094" Medium ["AVD-AZU-0040", "CKV_AZURE_4"]
    title "AKS cluster without logs"
    why "Nobody can tell who did what."
    fix "Add `oms_agent` with a workspace."
    bad "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n"
    good "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n";
AKS_POLICY "SW-TF-0095" Low ["CKV_AZURE_116"]
    title "AKS cluster without Azure Policy"
    why "Nothing checks what is deployed."
    fix "Set `azure_policy_enabled = true`, or install another admission controller and accept the rule with an ignore."
    bad "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n"
    good "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n";
AKS_NODE_ADDRESS "SW-TF-0096" Medium ["CKV_AZURE_143"]
    title "AKS nodes with public addresses"
    why "Nodes that the internet reaches are attacked from there."
    fix "Remove `node_public_ip_enabled`."
    bad "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  default_node_pool {\n    node_public_ip_enabled = true\n  }\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n"
    good "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n";
AKS_SECRETS "SW-TF-0097" Low []
    title "AKS secrets without a key of yours"
    why "Secrets are protected by the provider's key alone, which you can neither audit nor revoke."
    fix "Add `key_management_service` with a key."
    bad "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n}\n"
    good "resource \"azurerm_kubernetes_cluster\" \"main\" {\n  private_cluster_enabled = true\n  local_account_disabled  = true\n  azure_policy_enabled    = true\n  network_profile {\n    network_plugin = \"azure\"\n    network_policy = \"cilium\"\n  }\n  oms_agent {\n    log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id\n  }\n  key_management_service {\n    key_vault_key_id = azurerm_key_vault_key.aks.id\n  }\n}\n";
}

pub(super) fn check(resource: &Resource<'_>, report: &mut Report<'_>) {
    match resource.kind {
        "azurerm_container_registry" => check_registry(resource, report),
        "azurerm_kubernetes_cluster" => {
            check_access(resource, report);
            check_cluster(resource, report);
        }
        _ => {}
    }
}

fn check_registry(resource: &Resource<'_>, report: &mut Report<'_>) {
    let body = resource.body;
    for (rule, field) in [
        (&ACR_ADMIN, "admin_enabled"),
        (&ACR_ANONYMOUS, "anonymous_pull_enabled"),
    ] {
        if body.is_true(field) {
            let message = format!("`{field}` is true");
            resource.report(rule, body.get(field), report, message);
        }
    }
    let public = body.switch("public_network_access_enabled");
    let denies = resource
        .block("network_rule_set")
        .is_some_and(|rules| rules.text_at("default_action") == Some("Deny"));
    if matches!(public, Switch::Absent | Switch::On) && !denies {
        let node = body.get("public_network_access_enabled");
        resource.report(
            &ACR_PUBLIC,
            node,
            report,
            "the public network reaches the registry",
        );
    }
}

fn check_access(resource: &Resource<'_>, report: &mut Report<'_>) {
    let body = resource.body;
    let rbac = body.get("role_based_access_control_enabled");
    let old = resource.block("role_based_access_control");
    let is_off = body.switch("role_based_access_control_enabled") == Switch::Off
        || old.is_some_and(|node| node.switch("enabled") == Switch::Off);
    if is_off {
        resource.report(&AKS_RBAC, rbac.or(old), report, "RBAC is off");
    }
    let ranges = body.has("api_server_authorized_ip_ranges")
        || resource
            .block("api_server_access_profile")
            .is_some_and(|profile| profile.has("authorized_ip_ranges"));
    if is_not_on(body.switch("private_cluster_enabled")) && !ranges {
        let node = body.get("private_cluster_enabled");
        resource.report(
            &AKS_PUBLIC,
            node,
            report,
            "every address reaches the API server",
        );
    }
    if is_not_on(body.switch("local_account_disabled")) {
        let node = body.get("local_account_disabled");
        resource.report(
            &AKS_LOCAL_ACCOUNT,
            node,
            report,
            "the local account is there",
        );
    }
    let pool = resource.block("default_node_pool");
    for field in ["node_public_ip_enabled", "enable_node_public_ip"] {
        if let Some(pool) = pool.filter(|pool| pool.is_true(field)) {
            let message = format!("`{field}` is true");
            resource.report(&AKS_NODE_ADDRESS, pool.get(field), report, message);
        }
    }
}

fn check_cluster(resource: &Resource<'_>, report: &mut Report<'_>) {
    let body = resource.body;
    let network = resource.block("network_profile");
    if network.is_none_or(|profile| !profile.has("network_policy")) {
        let message = "network policies have no effect";
        resource.report(&AKS_NETWORK_POLICY, network, report, message);
    }
    if resource.block("oms_agent").is_none() && resource.block("monitor_metrics").is_none() {
        resource.report(&AKS_LOGS, None, report, "has no `oms_agent`");
    }
    if is_not_on(body.switch("azure_policy_enabled")) {
        let node = body.get("azure_policy_enabled");
        resource.report(&AKS_POLICY, node, report, "Azure Policy is off");
    }
    if resource.block("key_management_service").is_none() {
        let message = "secrets are not encrypted with a key of yours";
        resource.report(&AKS_SECRETS, None, report, message);
    }
}
