//! CloudFormation templates, in YAML and JSON: registries, clusters, nodes and task definitions.

use crate::Rule;
use crate::cloud::{TaskRules, check_container, is_not_on, opened, public_statement};
use crate::document::{Node, Switch};
use crate::hints;
use crate::report::Report;
use crate::rule::rules as rule_table;

/// The rules of this kind.
pub(crate) fn rules() -> Vec<&'static Rule> {
    RULES.to_vec()
}

rule_table! { Cloudformation:
ECR_MUTABLE "SW-CFN-0001" High ["AVD-AWS-0031", "CKV_AWS_51"]
    title "ECR repository whose tags can be moved"
    why "Whoever may push can replace an image that was tested and signed off."
    fix "Set `ImageTagMutability: IMMUTABLE`."
    bad "Resources:\n  App:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageScanningConfiguration: {ScanOnPush: true}\n      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}\n"
    good "Resources:\n  App:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n      ImageScanningConfiguration: {ScanOnPush: true}\n      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}\n";
ECR_SCAN "SW-CFN-0002" Medium ["AVD-AWS-0030", "CKV_AWS_163"]
    title "ECR repository that is not scanned"
    why "Images with known vulnerabilities are stored without anybody noticing."
    fix "Set `ImageScanningConfiguration: {ScanOnPush: true}`."
    bad "Resources:\n  App:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}\n"
    good "Resources:\n  App:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n      ImageScanningConfiguration: {ScanOnPush: true}\n      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}\n";
ECR_ENCRYPTION "SW-CFN-0003" Low ["AVD-AWS-0033", "CKV_AWS_136"]
    title "ECR repository without a key of its own"
    why "With the service's own key, access to the key can be neither restricted nor audited nor revoked."
    fix "Set `EncryptionConfiguration: {EncryptionType: KMS}` with your `KmsKey`."
    bad "Resources:\n  App:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n      ImageScanningConfiguration: {ScanOnPush: true}\n"
    good "Resources:\n  App:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n      ImageScanningConfiguration: {ScanOnPush: true}\n      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}\n";
ECR_PUBLIC "SW-CFN-0004" Critical ["AVD-AWS-0032", "CKV_AWS_32"]
    title "ECR repository open to everybody"
    why "A policy for the principal `*` lets every AWS account pull, and with write actions replace, the images."
    fix "Name the accounts or roles in `Principal`, or add a condition on the organisation."
    bad "Resources:\n  App:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n      ImageScanningConfiguration: {ScanOnPush: true}\n      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}\n      RepositoryPolicyText:\n        Statement:\n        - Effect: Allow\n          Principal: \"*\"\n          Action: [ecr:BatchGetImage]\n"
    good "Resources:\n  App:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n      ImageScanningConfiguration: {ScanOnPush: true}\n      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}\n      RepositoryPolicyText:\n        Statement:\n        - Effect: Allow\n          Principal: {AWS: !Sub \"arn:aws:iam::${AWS::AccountId}:root\"}\n          Action: [ecr:BatchGetImage]\n";
EKS_PUBLIC "SW-CFN-0010" Critical ["AVD-AWS-0040", "AVD-AWS-0041"]
    title "EKS API server open to the internet"
    why "The endpoint is public by default, and every address may try."
    fix "Set `EndpointPublicAccess: false`, or list addresses in `PublicAccessCidrs`."
    bad "Resources:\n  Main:\n    Type: AWS::EKS::Cluster\n    Properties:\n      ResourcesVpcConfig: {SubnetIds: !Ref Subnets}\n      EncryptionConfig:\n      - Resources: [secrets]\n        Provider: {KeyArn: !GetAtt Key.Arn}\n      Logging:\n        ClusterLogging:\n          EnabledTypes:\n          - {Type: api}\n          - {Type: audit}\n          - {Type: authenticator}\n          - {Type: controllerManager}\n          - {Type: scheduler}\n"
    good "Resources:\n  Main:\n    Type: AWS::EKS::Cluster\n    Properties:\n      ResourcesVpcConfig: {PublicAccessCidrs: [192.0.2.0/24], SubnetIds: !Ref Subnets}\n      EncryptionConfig:\n      - Resources: [secrets]\n        Provider: {KeyArn: !GetAtt Key.Arn}\n      Logging:\n        ClusterLogging:\n          EnabledTypes:\n          - {Type: api}\n          - {Type: audit}\n          - {Type: authenticator}\n          - {Type: controllerManager}\n          - {Type: scheduler}\n";
EKS_SECRETS "SW-CFN-0011" High ["AVD-AWS-0039", "CKV_AWS_58"]
    title "EKS secrets without a key of yours"
    why "Without envelope encryption the cluster's secrets are protected by the disk's key alone."
    fix "Add `EncryptionConfig` for `secrets` with a KMS key."
    bad "Resources:\n  Main:\n    Type: AWS::EKS::Cluster\n    Properties:\n      ResourcesVpcConfig: {EndpointPublicAccess: false, SubnetIds: !Ref Subnets}\n      Logging:\n        ClusterLogging:\n          EnabledTypes:\n          - {Type: api}\n          - {Type: audit}\n          - {Type: authenticator}\n          - {Type: controllerManager}\n          - {Type: scheduler}\n"
    good "Resources:\n  Main:\n    Type: AWS::EKS::Cluster\n    Properties:\n      ResourcesVpcConfig: {EndpointPublicAccess: false, SubnetIds: !Ref Subnets}\n      EncryptionConfig:\n      - Resources: [secrets]\n        Provider: {KeyArn: !GetAtt Key.Arn}\n      Logging:\n        ClusterLogging:\n          EnabledTypes:\n          - {Type: api}\n          - {Type: audit}\n          - {Type: authenticator}\n          - {Type: controllerManager}\n          - {Type: scheduler}\n";
EKS_LOGS "SW-CFN-0012" Medium ["AVD-AWS-0038"]
    title "EKS control plane without logs"
    why "Without the audit and authenticator logs nobody can tell who did what."
    fix "List all five types in `Logging.ClusterLogging.EnabledTypes`."
    bad "Resources:\n  Main:\n    Type: AWS::EKS::Cluster\n    Properties:\n      ResourcesVpcConfig: {EndpointPublicAccess: false, SubnetIds: !Ref Subnets}\n      EncryptionConfig:\n      - Resources: [secrets]\n        Provider: {KeyArn: !GetAtt Key.Arn}\n      Logging:\n        ClusterLogging:\n          EnabledTypes:\n          - {Type: api}\n          - {Type: authenticator}\n          - {Type: controllerManager}\n          - {Type: scheduler}\n"
    good "Resources:\n  Main:\n    Type: AWS::EKS::Cluster\n    Properties:\n      ResourcesVpcConfig: {EndpointPublicAccess: false, SubnetIds: !Ref Subnets}\n      EncryptionConfig:\n      - Resources: [secrets]\n        Provider: {KeyArn: !GetAtt Key.Arn}\n      Logging:\n        ClusterLogging:\n          EnabledTypes:\n          - {Type: api}\n          - {Type: audit}\n          - {Type: authenticator}\n          - {Type: controllerManager}\n          - {Type: scheduler}\n";
EKS_SSH "SW-CFN-0013" High ["CKV_AWS_100"]
    title "EKS nodes open for SSH"
    why "A key without a source security group opens port 22 of every node to the internet."
    fix "Set `SourceSecurityGroups`, or remove `RemoteAccess` and use Session Manager."
    bad "Resources:\n  Nodes:\n    Type: AWS::EKS::Nodegroup\n    Properties:\n      RemoteAccess:\n        Ec2SshKey: ops\n"
    good "Resources:\n  Nodes:\n    Type: AWS::EKS::Nodegroup\n    Properties:\n      RemoteAccess:\n        Ec2SshKey: ops\n        SourceSecurityGroups: [!Ref Bastion]\n";
IMDS "SW-CFN-0014" High ["AVD-AWS-0130", "CKV_AWS_79"]
    title "Instance metadata without a session token"
    why "Version 1 of the metadata service gives the role's credentials to any request that a server can be tricked into sending."
    fix "Set `MetadataOptions: {HttpTokens: required}`."
    bad "Resources:\n  Node:\n    Type: AWS::EC2::LaunchTemplate\n    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: optional}\n"
    good "Resources:\n  Node:\n    Type: AWS::EC2::LaunchTemplate\n    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: required}\n";
IMDS_HOPS "SW-CFN-0015" Low ["CKV_AWS_341"]
    title "Instance metadata within reach of containers"
    why "With more than one hop, a container gets the credentials of its node."
    fix "Set `HttpPutResponseHopLimit: 1`."
    bad "Resources:\n  Node:\n    Type: AWS::EC2::LaunchTemplate\n    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 2}\n"
    good "Resources:\n  Node:\n    Type: AWS::EC2::LaunchTemplate\n    Properties:\n      LaunchTemplateData:\n        MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}\n";
PRIVILEGED "SW-CFN-0020" Critical []
    title "Privileged container of a task"
    why "A privileged container has every capability and device of its instance: whoever breaks into it owns the instance."
    fix "Remove `Privileged`, and add the one capability or device that is needed."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        Privileged: true\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        Privileged: false\n        LogConfiguration: {LogDriver: awslogs}\n";
ROOT "SW-CFN-0021" Medium []
    title "Container of a task runs as root"
    why "Root in the container is root towards the kernel and the mounted files."
    fix "Set `User` to a number other than 0."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        User: root\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        User: \"65532\"\n        LogConfiguration: {LogDriver: awslogs}\n";
WRITABLE "SW-CFN-0022" Low []
    title "Container of a task with a writable root"
    why "An intruder can bring tools and change the program."
    fix "Set `ReadonlyRootFilesystem: true`, and mount a volume where the program writes."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n";
SECRET "SW-CFN-0023" High ["AVD-AWS-0036"]
    title "Secret in the environment of a task"
    why "The value stands in the template and in the console, for everybody who may describe the task."
    fix "Use `Secrets` with `ValueFrom` of Secrets Manager or the Parameter Store."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        Environment:\n        - {Name: DB_PASSWORD, Value: example}\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        Secrets:\n        - {Name: DB_PASSWORD, ValueFrom: !Ref DbPassword}\n        LogConfiguration: {LogDriver: awslogs}\n";
NO_LOG "SW-CFN-0024" Low []
    title "Container of a task without logs"
    why "What the container says is lost with it."
    fix "Set `LogConfiguration`."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n";
MOVING_TAG "SW-CFN-0025" Medium []
    title "Task with an image without a version"
    why "`latest`, or no tag, is another image tomorrow: what was tested is not what runs."
    fix "Name a version, best with its digest."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:latest\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n";
CAPABILITY "SW-CFN-0026" High []
    title "Capability added to a container of a task"
    why "Capabilities beyond the default set are ways out of the container or into the traffic of others."
    fix "Remove the capability from `LinuxParameters.Capabilities.Add`."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LinuxParameters: {Capabilities: {Add: [SYS_ADMIN]}}\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LinuxParameters: {Capabilities: {Drop: [ALL]}}\n        LogConfiguration: {LogDriver: awslogs}\n";
HOST_NAMESPACE "SW-CFN-0027" High []
    title "Task in a namespace of its host"
    why "With the host's network, processes or shared memory a container reaches what belongs to others."
    fix "Use `NetworkMode: awsvpc`, and remove `PidMode` and `IpcMode`."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      NetworkMode: host\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      NetworkMode: awsvpc\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n";
HOST_SOCKET "SW-CFN-0028" Critical []
    title "Task with the socket of the container runtime"
    why "Whoever can talk to the container runtime owns the instance."
    fix "Remove the volume."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Volumes:\n      - {Name: docker, Host: {SourcePath: /var/run/docker.sock}}\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Volumes:\n      - {Name: data}\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n";
EFS "SW-CFN-0029" Medium ["AVD-AWS-0035", "CKV_AWS_97"]
    title "EFS volume of a task without encryption in transit"
    why "Files travel in clear text between the task and the file system."
    fix "Set `TransitEncryption: ENABLED`."
    bad "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Volumes:\n      - Name: data\n        EFSVolumeConfiguration: {FilesystemId: !Ref Data}\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Volumes:\n      - Name: data\n        EFSVolumeConfiguration: {FilesystemId: !Ref Data, TransitEncryption: ENABLED}\n      ContainerDefinitions:\n      - Name: app\n        Image: \"app:1.2.3\"\n        ReadonlyRootFilesystem: true\n        LogConfiguration: {LogDriver: awslogs}\n";
PUBLIC_ADDRESS "SW-CFN-0030" Medium []
    title "Service with public addresses"
    why "Each task is reachable from the internet past the load balancer."
    fix "Set `AssignPublicIp: DISABLED`, and put a load balancer in front."
    bad "Resources:\n  App:\n    Type: AWS::ECS::Service\n    Properties:\n      NetworkConfiguration:\n        AwsvpcConfiguration: {AssignPublicIp: ENABLED}\n"
    good "Resources:\n  App:\n    Type: AWS::ECS::Service\n    Properties:\n      NetworkConfiguration:\n        AwsvpcConfiguration: {AssignPublicIp: DISABLED}\n";
INSIGHTS "SW-CFN-0031" Negligible ["AVD-AWS-0034", "CKV_AWS_65"]
    title "Cluster without container insights"
    why "Nobody sees that a task restarts in a loop or uses what it never used before."
    fix "Add the cluster setting `containerInsights: enabled`."
    bad "Resources:\n  Main:\n    Type: AWS::ECS::Cluster\n    Properties:\n      ClusterSettings:\n      - {Name: containerInsights, Value: disabled}\n"
    good "Resources:\n  Main:\n    Type: AWS::ECS::Cluster\n    Properties:\n      ClusterSettings:\n      - {Name: containerInsights, Value: enabled}\n";
}

static TASK_RULES: TaskRules = TaskRules {
    privileged: &PRIVILEGED,
    root: &ROOT,
    writable: &WRITABLE,
    secret: &SECRET,
    no_log: &NO_LOG,
    moving_tag: &MOVING_TAG,
    capability: &CAPABILITY,
};

const EKS_LOG_TYPES: [&str; 5] = [
    "api",
    "audit",
    "authenticator",
    "controllerManager",
    "scheduler",
];

/// Whether a document is a template (Template anatomy).
pub(crate) fn is_template(document: &Node) -> bool {
    document.get("AWSTemplateFormatVersion").is_some()
        || document.get("Resources").is_some_and(|resources| {
            resources.entries().any(|(_, resource)| {
                resource
                    .text_at("Type")
                    .is_some_and(|kind| kind.starts_with("AWS::"))
            })
        })
}

/// Checks one template.
pub(crate) fn check(document: &Node, report: &mut Report<'_>) {
    let resources = document.get("Resources");
    for (name, node) in resources.into_iter().flat_map(Node::entries) {
        let resource = Resource {
            label: name,
            properties: node.get("Properties").unwrap_or(node),
        };
        match node.text_at("Type").unwrap_or_default() {
            "AWS::ECR::Repository" => resource.repository(report),
            "AWS::ECR::RegistryPolicy" => resource.policy("PolicyText", report),
            "AWS::EKS::Cluster" => resource.cluster(report),
            "AWS::EKS::Nodegroup" => resource.node_group(report),
            "AWS::EC2::LaunchTemplate" => {
                let data = resource.properties.get("LaunchTemplateData");
                resource.metadata(data, report);
            }
            "AWS::AutoScaling::LaunchConfiguration" => {
                resource.metadata(Some(resource.properties), report);
            }
            "AWS::ECS::TaskDefinition" => resource.task(report),
            "AWS::ECS::Service" => resource.service(report),
            "AWS::ECS::Cluster" => resource.insights(report),
            _ => {}
        }
    }
}

struct Resource<'n> {
    label: &'n str,
    properties: &'n Node,
}

/// A known text that is not the wanted one; a reference is neither.
fn differs(node: Option<&Node>, wanted: &str) -> bool {
    node.is_none_or(|node| node.text().is_some_and(|text| !text.starts_with(wanted)))
}

/// The state of a switch; an intrinsic function is not known before the deployment.
fn switch(node: Option<&Node>) -> Switch {
    match node {
        None => Switch::Absent,
        Some(node) => match node.boolean() {
            Some(true) => Switch::On,
            Some(false) => Switch::Off,
            None => Switch::Unknown,
        },
    }
}

impl Resource<'_> {
    fn add(
        &self,
        rule: &Rule,
        field: Option<&Node>,
        report: &mut Report<'_>,
        message: impl Into<String>,
    ) {
        report.add(rule, field.unwrap_or(self.properties), self.label, message);
    }

    fn repository(&self, report: &mut Report<'_>) {
        let mutability = self.properties.get("ImageTagMutability");
        if differs(mutability, "IMMUTABLE") {
            self.add(&ECR_MUTABLE, mutability, report, "tags can be moved");
        }
        let scan = self.properties.at("ImageScanningConfiguration.ScanOnPush");
        if is_not_on(switch(scan)) {
            let message = "images are not scanned when they are pushed";
            self.add(&ECR_SCAN, scan, report, message);
        }
        let encryption = self.properties.at("EncryptionConfiguration.EncryptionType");
        if differs(encryption, "KMS") {
            let message = "images are encrypted with the service's own key";
            self.add(&ECR_ENCRYPTION, encryption, report, message);
        }
        self.policy("RepositoryPolicyText", report);
    }

    fn policy(&self, field: &str, report: &mut Report<'_>) {
        let Some(policy) = self.properties.get(field) else {
            return;
        };
        let policy = opened(policy);
        if let Some(statement) = public_statement(&policy) {
            let message = "the policy allows every AWS account";
            self.add(&ECR_PUBLIC, Some(statement), report, message);
        }
    }

    fn cluster(&self, report: &mut Report<'_>) {
        let network = self.properties.get("ResourcesVpcConfig");
        let access = switch(network.and_then(|node| node.get("EndpointPublicAccess")));
        let ranges = network.and_then(|node| node.get("PublicAccessCidrs"));
        let is_open_range = ranges.is_none_or(|node| {
            node.items()
                .iter()
                .any(|range| matches!(range.text(), Some("0.0.0.0/0" | "::/0")))
        });
        if matches!(access, Switch::Absent | Switch::On) && is_open_range {
            let message = "every address reaches the API server";
            self.add(&EKS_PUBLIC, ranges.or(network), report, message);
        }
        if !self.properties.has("EncryptionConfig") {
            let message = "has no `EncryptionConfig` for secrets";
            self.add(&EKS_SECRETS, None, report, message);
        }
        let types = self.properties.at("Logging.ClusterLogging.EnabledTypes");
        if types.is_some_and(Node::is_map) {
            // A function decides.
            return;
        }
        let enabled: Vec<&str> = types
            .map(|node| {
                node.items()
                    .iter()
                    .filter_map(|t| t.text_at("Type"))
                    .collect()
            })
            .unwrap_or_default();
        let missing: Vec<&str> = EKS_LOG_TYPES
            .into_iter()
            .filter(|kind| !enabled.contains(kind))
            .collect();
        if !missing.is_empty() {
            let message = format!("does not log {}", missing.join(", "));
            self.add(&EKS_LOGS, types, report, message);
        }
    }

    fn node_group(&self, report: &mut Report<'_>) {
        if let Some(access) = self.properties.get("RemoteAccess")
            && access.has("Ec2SshKey")
            && !access.has("SourceSecurityGroups")
        {
            let message = "the SSH port of the nodes is open to every address";
            self.add(&EKS_SSH, Some(access), report, message);
        }
    }

    fn metadata(&self, data: Option<&Node>, report: &mut Report<'_>) {
        let options = data.and_then(|node| node.get("MetadataOptions"));
        let field = |name: &str| options.and_then(|node| node.get(name));
        if field("HttpEndpoint").and_then(Node::text) == Some("disabled") {
            return;
        }
        let tokens = field("HttpTokens");
        if differs(tokens, "required") {
            let message = "the metadata service answers without a session token";
            self.add(&IMDS, tokens.or(options), report, message);
        }
        if let Some(hops) = field("HttpPutResponseHopLimit")
            && hops.integer().is_some_and(|n| n > 1)
        {
            let message = "containers reach the metadata service";
            self.add(&IMDS_HOPS, Some(hops), report, message);
        }
    }

    fn task(&self, report: &mut Report<'_>) {
        for container in self.properties.items_at("ContainerDefinitions") {
            check_container(container, self.label, &TASK_RULES, report);
        }
        for field in ["NetworkMode", "PidMode", "IpcMode"] {
            let node = self.properties.get(field);
            if let Some(node) = node.filter(|n| n.text() == Some("host")) {
                let message = format!("`{field}` is `host`");
                self.add(&HOST_NAMESPACE, Some(node), report, message);
            }
        }
        for volume in self.properties.items_at("Volumes") {
            if let Some(path) = volume.at("Host.SourcePath")
                && path.text().is_some_and(hints::is_runtime_socket)
            {
                let message = "mounts the socket of the container runtime";
                self.add(&HOST_SOCKET, Some(path), report, message);
            }
            if let Some(efs) = volume.get("EFSVolumeConfiguration") {
                let transit = efs.get("TransitEncryption");
                if differs(transit, "ENABLED") {
                    let message = "encryption in transit is off";
                    self.add(&EFS, transit.or(Some(efs)), report, message);
                }
            }
        }
    }

    fn service(&self, report: &mut Report<'_>) {
        let address = self
            .properties
            .at("NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp");
        if let Some(node) = address.filter(|node| node.text() == Some("ENABLED")) {
            self.add(
                &PUBLIC_ADDRESS,
                Some(node),
                report,
                "tasks get public addresses",
            );
        }
    }

    fn insights(&self, report: &mut Report<'_>) {
        let is_on = self
            .properties
            .items_at("ClusterSettings")
            .iter()
            .any(|setting| {
                setting.text_at("Name") == Some("containerInsights")
                    && setting.text_at("Value") != Some("disabled")
            });
        if !is_on {
            self.add(&INSIGHTS, None, report, "container insights are off");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, lint_file};

    fn check(path: &str, text: &str, expected: &[&str]) {
        let (findings, coverage) = lint_file(path, text.as_bytes(), &Options::default());
        assert_eq!(coverage, [], "{text}");
        let found: Vec<String> = findings
            .into_iter()
            .map(|f| format!("{} {} {}", f.rule, f.location.start_line, f.object))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn functions_are_not_judged() {
        let text = "Resources:\n  A:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: !Ref Mutability\n      ImageScanningConfiguration: {ScanOnPush: !If [Prod, true, false]}\n      EncryptionConfiguration: {EncryptionType: !FindInMap [A, B, C]}\n";
        check("a.yaml", text, &[]);
    }

    #[test]
    fn json_and_yaml_are_one() {
        let text = "{\"Resources\": {\"A\": {\"Type\": \"AWS::ECS::Service\", \"Properties\": {\n\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"AssignPublicIp\": \"ENABLED\"}}}}}}";
        check("a.json", text, &["SW-CFN-0030 2 A"]);
        check("a.template", text, &["SW-CFN-0030 2 A"]);
    }
}
