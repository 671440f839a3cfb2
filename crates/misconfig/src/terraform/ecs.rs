//! Task definitions, services and clusters of Amazon ECS.

use crate::cloud::{TaskRules, check_container, opened};
use crate::document::Node;
use crate::hints;
use crate::report::Report;
use crate::rule::rules;

use super::{Resource, block};

rules! { Terraform:
PRIVILEGED "SW-TF-0020" Critical ["CKV_AWS_334"]
    title "Privileged container of a task"
    why "A privileged container has every capability and device of its instance: whoever breaks into it owns the instance."
    fix "Remove `privileged`, and add the one capability or device that is needed."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    privileged             = true\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    privileged             = false\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n";
ROOT "SW-TF-0021" Medium []
    title "Container of a task runs as root"
    why "Root in the container is root towards the kernel and the mounted files."
    fix "Set `user` to a number other than 0."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    user                   = \"root\"\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    user                   = \"65532\"\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n";
WRITABLE "SW-TF-0022" Low ["CKV_AWS_336"]
    title "Container of a task with a writable root"
    why "An intruder can bring tools and change the program."
    fix "Set `readonlyRootFilesystem = true`, and mount a volume where the program writes."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name             = \"app\"\n    image            = \"app:1.2.3\"\n    logConfiguration = { logDriver = \"awslogs\" }\n  }])\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n";
SECRET "SW-TF-0023" High ["AVD-AWS-0036"]
    title "Secret in the environment of a task"
    why "The value stands in the file, in the state and in the console, for everybody who may describe the task."
    fix "Use `secrets` with `valueFrom` of Secrets Manager or the Parameter Store."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    environment            = [{ name = \"DB_PASSWORD\", value = \"example\" }]\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    secrets                = [{ name = \"DB_PASSWORD\", valueFrom = aws_ssm_parameter.db.arn }]\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n";
NO_LOG "SW-TF-0024" Low []
    title "Container of a task without logs"
    why "What the container says is lost with it."
    fix "Set `logConfiguration`."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    readonlyRootFilesystem = true\n  }])\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n";
MOVING_TAG "SW-TF-0025" Medium []
    title "Task with an image without a version"
    why "`latest`, or no tag, is another image tomorrow: what was tested is not what runs."
    fix "Name a version, best with its digest."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:latest\"\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n";
CAPABILITY "SW-TF-0026" High []
    title "Capability added to a container of a task"
    why "Capabilities beyond the default set are ways out of the container or into the traffic of others."
    fix "Remove the capability from `linuxParameters.capabilities.add`."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    linuxParameters        = { capabilities = { add = [\"SYS_ADMIN\"] } }\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = jsonencode([{\n    name                   = \"app\"\n    image                  = \"app:1.2.3\"\n    linuxParameters        = { capabilities = { drop = [\"ALL\"] } }\n    readonlyRootFilesystem = true\n    logConfiguration       = { logDriver = \"awslogs\" }\n  }])\n}\n";
HOST_NAMESPACE "SW-TF-0027" High ["CKV_AWS_335"]
    title "Task in a namespace of its host"
    why "With the host's network, processes or shared memory a container reaches what belongs to others."
    fix "Use `network_mode = \"awsvpc\"`, and remove `pid_mode` and `ipc_mode`."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  network_mode          = \"host\"\n  container_definitions = file(\"app.json\")\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  network_mode          = \"awsvpc\"\n  container_definitions = file(\"app.json\")\n}\n";
HOST_SOCKET "SW-TF-0028" Critical []
    title "Task with the socket of the container runtime"
    why "Whoever can talk to the container runtime owns the instance."
    fix "Remove the volume."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = file(\"app.json\")\n  volume {\n    name      = \"docker\"\n    host_path = \"/var/run/docker.sock\"\n  }\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = file(\"app.json\")\n  volume {\n    name = \"data\"\n  }\n}\n";
EFS "SW-TF-0029" Medium ["AVD-AWS-0035", "CKV_AWS_97"]
    title "EFS volume of a task without encryption in transit"
    why "Files travel in clear text between the task and the file system."
    fix "Set `transit_encryption = \"ENABLED\"`."
    bad "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = file(\"app.json\")\n  volume {\n    name = \"data\"\n    efs_volume_configuration {\n      file_system_id = aws_efs_file_system.data.id\n    }\n  }\n}\n"
    good "resource \"aws_ecs_task_definition\" \"app\" {\n  container_definitions = file(\"app.json\")\n  volume {\n    name = \"data\"\n    efs_volume_configuration {\n      file_system_id     = aws_efs_file_system.data.id\n      transit_encryption = \"ENABLED\"\n    }\n  }\n}\n";
PUBLIC_ADDRESS "SW-TF-0030" Medium ["CKV_AWS_333"]
    title "Service with public addresses"
    why "Each task is reachable from the internet past the load balancer."
    fix "Set `assign_public_ip = false`, and put a load balancer in front."
    bad "resource \"aws_ecs_service\" \"app\" {\n  network_configuration {\n    assign_public_ip = true\n  }\n}\n"
    good "resource \"aws_ecs_service\" \"app\" {\n  network_configuration {\n    assign_public_ip = false\n  }\n}\n";
INSIGHTS "SW-TF-0031" Negligible ["AVD-AWS-0034", "CKV_AWS_65"]
    title "Cluster without container insights"
    why "Nobody sees that a task restarts in a loop or uses what it never used before."
    fix "Add a `setting` block with the name `containerInsights` and the value `enabled`."
    bad "resource \"aws_ecs_cluster\" \"main\" {\n  name = \"main\"\n}\n"
    good "resource \"aws_ecs_cluster\" \"main\" {\n  name = \"main\"\n  setting {\n    name  = \"containerInsights\"\n    value = \"enabled\"\n  }\n}\n";
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

pub(super) fn check(resource: &Resource<'_>, report: &mut Report<'_>) {
    match resource.kind {
        "aws_ecs_task_definition" => check_task(resource, report),
        "aws_ecs_service" => {
            if let Some(network) = resource.block("network_configuration")
                && network.is_true("assign_public_ip")
            {
                let node = network.get("assign_public_ip");
                resource.report(&PUBLIC_ADDRESS, node, report, "tasks get public addresses");
            }
        }
        "aws_ecs_cluster" => {
            let settings = resource
                .body
                .get("setting")
                .map_or(&[][..], Node::one_or_many);
            let is_on = settings.iter().any(|setting| {
                setting.text_at("name") == Some("containerInsights")
                    && setting.text_at("value") != Some("disabled")
            });
            if !is_on {
                resource.report(&INSIGHTS, None, report, "container insights are off");
            }
        }
        _ => {}
    }
}

fn check_task(resource: &Resource<'_>, report: &mut Report<'_>) {
    let label = resource.label();
    if let Some(definitions) = resource.body.get("container_definitions") {
        let opened = opened(definitions);
        for container in opened.one_or_many() {
            check_container(container, &label, &TASK_RULES, report);
        }
    }
    for field in ["network_mode", "pid_mode", "ipc_mode"] {
        if let Some(node) = resource
            .body
            .get(field)
            .filter(|n| n.text() == Some("host"))
        {
            let message = format!("`{field}` is `host`");
            resource.report(&HOST_NAMESPACE, Some(node), report, message);
        }
    }
    for volume in resource
        .body
        .get("volume")
        .map_or(&[][..], Node::one_or_many)
    {
        if let Some(path) = volume.get("host_path")
            && path.text().is_some_and(hints::is_runtime_socket)
        {
            let message = "mounts the socket of the container runtime";
            resource.report(&HOST_SOCKET, Some(path), report, message);
        }
        if let Some(efs) = block(volume, "efs_volume_configuration") {
            let transit = efs.get("transit_encryption");
            if transit.is_none_or(|node| node.text().is_some_and(|text| text != "ENABLED")) {
                let message = "encryption in transit is off";
                resource.report(&EFS, transit.or(Some(efs)), report, message);
            }
        }
    }
}
