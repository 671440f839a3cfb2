//! The rules of Compose files.

use crate::rule::rules;

rules! { Compose:
PRIVILEGED "SW-CMP-0001" Critical ["CIS-DOCKER-5.5"]
    title "Privileged container"
    why "A privileged container has every capability and every device of its host: whoever breaks into it owns the host."
    fix "Remove `privileged: true`, and add the one capability or device that is needed."
    bad "services:\n  app:\n    privileged: true\n"
    good "services:\n  app:\n    privileged: false\n";
HOST_NETWORK "SW-CMP-0002" High ["CIS-DOCKER-5.10"]
    title "Container in the network of its host"
    why "The container sees the traffic of the host and reaches what listens on its loopback address."
    fix "Remove `network_mode: host`, and publish the ports that are needed."
    bad "services:\n  app:\n    network_mode: host\n"
    good "services:\n  app:\n    ports: [\"8080:8080\"]\n";
HOST_PID "SW-CMP-0003" High ["CIS-DOCKER-5.16"]
    title "Container sees the processes of its host"
    why "It can read the environment of every process, signal it, and with ptrace take it over."
    fix "Remove `pid: host`."
    bad "services:\n  app:\n    pid: host\n"
    good "services:\n  app:\n    init: true\n";
HOST_IPC "SW-CMP-0004" High ["CIS-DOCKER-5.17"]
    title "Container shares the memory segments of its host"
    why "It reads and writes the shared memory, semaphores and message queues of every process on the host."
    fix "Remove `ipc: host`; containers that share memory share it with `ipc: service:NAME`."
    bad "services:\n  app:\n    ipc: host\n"
    good "services:\n  app:\n    ipc: private\n";
RUNTIME_SOCKET "SW-CMP-0005" Critical ["CIS-DOCKER-5.32"]
    title "Socket of the container runtime mounted"
    why "Whoever can talk to the container runtime can start a privileged container, and so owns the host; `:ro` does not change that."
    fix "Remove the mount, or put a proxy that allows single calls in between."
    bad "services:\n  app:\n    volumes:\n    - /var/run/docker.sock:/var/run/docker.sock:ro\n"
    good "services:\n  app:\n    volumes:\n    - data:/data\n";
SENSITIVE_PATH "SW-CMP-0006" High ["CIS-DOCKER-5.6"]
    title "Sensitive directory of the host mounted"
    why "The root, /etc, /proc and their like hold the keys of the host."
    fix "Remove the mount, or mount the one file that is needed, read-only."
    bad "services:\n  app:\n    volumes:\n    - /etc:/host/etc\n"
    good "services:\n  app:\n    volumes:\n    - ./config:/etc/app:ro\n";
CAPABILITIES "SW-CMP-0007" High ["CIS-DOCKER-5.4"]
    title "Dangerous capability added"
    why "Capabilities such as SYS_ADMIN, SYS_PTRACE or NET_ADMIN are ways out of the container or into the traffic of others."
    fix "Remove the capability from `cap_add`."
    bad "services:\n  app:\n    cap_add: [SYS_ADMIN]\n"
    good "services:\n  app:\n    cap_add: [NET_BIND_SERVICE]\n";
NEW_PRIVILEGES "SW-CMP-0008" Medium ["CIS-DOCKER-5.26"]
    title "Privilege escalation allowed"
    why "Without `no-new-privileges` a process gains rights through setuid programs and file capabilities."
    fix "Add `security_opt: [\"no-new-privileges:true\"]`."
    bad "services:\n  app:\n    security_opt: []\n"
    good "services:\n  app:\n    security_opt: [\"no-new-privileges:true\"]\n";
READ_ONLY "SW-CMP-0009" Low ["CIS-DOCKER-5.13"]
    title "Writable root file system"
    why "An intruder can bring tools and change the program; a read-only root takes that away."
    fix "Set `read_only: true`, and add a `tmpfs` or a volume where the program writes."
    bad "services:\n  app:\n    read_only: false\n"
    good "services:\n  app:\n    read_only: true\n    tmpfs: [/tmp]\n";
ROOT "SW-CMP-0010" Medium ["CIS-DOCKER-4.1"]
    title "Runs as root"
    why "Root in the container is root towards the kernel and the mounted files; every escape begins there."
    fix "Set `user` to a number other than 0."
    bad "services:\n  app:\n    user: root\n"
    good "services:\n  app:\n    user: \"65532:65532\"\n";
MOVING_TAG "SW-CMP-0011" Medium ["CIS-DOCKER-5.28"]
    title "Image without a version"
    why "`latest`, or no tag, is another image tomorrow: what was tested is not what runs."
    fix "Name a version, best with its digest."
    bad "services:\n  app:\n    image: nginx\n"
    good "services:\n  app:\n    image: nginx:1.27.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
NO_DIGEST "SW-CMP-0012" Negligible []
    title "Image without a digest"
    why "A tag can be moved to another image; a digest cannot."
    fix "Append the digest: `image:tag@sha256:…`."
    bad "services:\n  app:\n    image: nginx:1.27.3\n"
    good "services:\n  app:\n    image: nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
OPEN_DATABASE "SW-CMP-0013" High ["CIS-DOCKER-5.14"]
    title "Database published on every interface"
    why "Published ports pass the host's firewall: the database is open to whoever reaches the host."
    fix "Remove the port, since services of the same network reach it without, or publish it on 127.0.0.1."
    bad "services:\n  app:\n    ports: [\"5432:5432\"]\n"
    good "services:\n  app:\n    ports: [\"127.0.0.1:5432:5432\"]\n";
ENV_SECRET "SW-CMP-0014" High []
    title "Secret in an environment variable"
    why "The value stands in the file, in version control and in the output of `docker inspect`."
    fix "Use `secrets:`, and let the program read the file under /run/secrets."
    bad "services:\n  app:\n    environment:\n      POSTGRES_PASSWORD: example\n"
    good "services:\n  app:\n    environment:\n      POSTGRES_PASSWORD_FILE: /run/secrets/db\n";
MEMORY_LIMIT "SW-CMP-0015" Low ["CIS-DOCKER-5.11"]
    title "No memory limit"
    why "A leak or an attack takes the memory of the host and with it everything else."
    fix "Set `mem_limit` or `deploy.resources.limits.memory`."
    bad "services:\n  app:\n    mem_limit: 0\n"
    good "services:\n  app:\n    mem_limit: null\n    deploy:\n      resources:\n        limits: {memory: 128M}\n";
HEALTHCHECK "SW-CMP-0016" Negligible ["CIS-DOCKER-5.27"]
    title "No health check"
    why "A container that hangs stays up, and services that depend on it start too early, unless the image brings a check."
    fix "Add a `healthcheck`."
    bad "services:\n  app:\n    healthcheck: {disable: true}\n"
    good "services:\n  app:\n    healthcheck: {test: [CMD, /app, health]}\n";
SECCOMP_OFF "SW-CMP-0017" High ["CIS-DOCKER-5.22"]
    title "Seccomp switched off"
    why "Without its profile a container may use every system call of the kernel, those with known holes included."
    fix "Remove `seccomp:unconfined`; the runtime's default profile applies then."
    bad "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"seccomp:unconfined\"]\n"
    good "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"seccomp:app.json\"]\n";
DROP_ALL "SW-CMP-0018" Low ["CIS-DOCKER-5.4"]
    title "Default capabilities kept"
    why "A container starts with some fourteen capabilities, CHOWN, SETUID and NET_RAW among them, that hardly any program needs."
    fix "Add `cap_drop: [ALL]`, and `cap_add` what is missed."
    bad "services:\n  app:\n    cap_drop: null\n"
    good "services:\n  app:\n    cap_drop: [ALL]\n";
PIDS_LIMIT "SW-CMP-0019" Negligible ["CIS-DOCKER-5.29"]
    title "No limit on processes"
    why "A fork bomb takes the process table of the host."
    fix "Set `pids_limit`."
    bad "services:\n  app:\n    pids_limit: -1\n"
    good "services:\n  app:\n    pids_limit: 100\n";
OBSOLETE_VERSION "SW-CMP-0020" Negligible []
    title "Obsolete `version`"
    why "Compose ignores the field and warns about it at every call."
    fix "Remove `version`."
    bad "version: \"3.8\"\nservices:\n  app: {}\n"
    good "services:\n  app: {}\n";
BUILD_SECRET "SW-CMP-0021" High ["CIS-DOCKER-4.10"]
    title "Secret in a build argument"
    why "Build arguments stay in the history of the image, for everybody who can pull it."
    fix "Use `build.secrets` and `RUN --mount=type=secret`."
    bad "services:\n  app:\n    build:\n      context: .\n      args: {NPM_TOKEN: example}\n"
    good "services:\n  app:\n    build:\n      context: .\n      secrets: [npm]\n";
SHARED_MOUNT "SW-CMP-0022" Medium ["CIS-DOCKER-5.20"]
    title "Mount that propagates to the host"
    why "With shared propagation what the container mounts appears on the host."
    fix "Use `rprivate`, the default."
    bad "services:\n  app:\n    volumes:\n    - {type: bind, source: ./data, target: /data, bind: {propagation: rshared}}\n"
    good "services:\n  app:\n    volumes:\n    - {type: bind, source: ./data, target: /data}\n";
HOST_UTS "SW-CMP-0023" Medium ["CIS-DOCKER-5.21"]
    title "Container may rename its host"
    why "With the host's UTS namespace the container sees the host's name, and with SYS_ADMIN changes it for everybody."
    fix "Remove `uts: host`, and set `hostname` if the program needs a name."
    bad "services:\n  app:\n    uts: host\n"
    good "services:\n  app:\n    hostname: app\n";
HOST_USERS "SW-CMP-0024" Medium ["CIS-DOCKER-5.31"]
    title "Container in the user namespace of its host"
    why "Where the daemon maps users (`userns-remap`), this container is left out: its root is root of the host."
    fix "Remove `userns_mode: host`."
    bad "services:\n  app:\n    userns_mode: host\n"
    good "services:\n  app:\n    user: \"65532\"\n";
HOST_CGROUP "SW-CMP-0025" Medium []
    title "Container sees the cgroups of its host"
    why "In the host's cgroup namespace the container sees how everything on the host is grouped and limited, and may write there if it is privileged."
    fix "Remove `cgroup: host`."
    bad "services:\n  app:\n    cgroup: host\n"
    good "services:\n  app:\n    cgroup: private\n";
CGROUP_PARENT "SW-CMP-0026" Low ["CIS-DOCKER-5.25"]
    title "Container in a cgroup of its own choice"
    why "Under another parent the limits of that group apply, not those that the administrator set for containers."
    fix "Remove `cgroup_parent`, and set the limits on the service."
    bad "services:\n  app:\n    cgroup_parent: /system.slice\n"
    good "services:\n  app:\n    mem_limit: 128m\n";
APPARMOR_OFF "SW-CMP-0027" Medium ["CIS-DOCKER-5.2"]
    title "AppArmor switched off"
    why "The profile keeps a container from mounts, from /proc and /sys, and from tracing others; without it only seccomp and capabilities stand in the way."
    fix "Remove `apparmor:unconfined`; the runtime's default profile applies then."
    bad "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"apparmor:unconfined\"]\n"
    good "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"apparmor:app\"]\n";
SELINUX_OFF "SW-CMP-0028" Medium ["CIS-DOCKER-5.3"]
    title "SELinux switched off"
    why "Without its label a process that leaves the container may touch every file that its user may."
    fix "Remove `label:disable`; mark shared files with `:z` or `:Z` at the volume instead."
    bad "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"label:disable\"]\n"
    good "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"label:type:container_t\"]\n";
UNMASKED "SW-CMP-0029" Medium []
    title "Unmasked /proc and /sys"
    why "The paths that the runtime hides tell about the kernel and the hardware, and some of them change the host when they are written."
    fix "Remove `systempaths=unconfined`."
    bad "services:\n  app:\n    security_opt: [\"no-new-privileges:true\", \"systempaths=unconfined\"]\n"
    good "services:\n  app:\n    security_opt: [\"no-new-privileges:true\"]\n";
CPU_LIMIT "SW-CMP-0030" Negligible ["CIS-DOCKER-5.12"]
    title "No CPU limit"
    why "A busy container slows everything else on its host down; some teams accept that where all services share alike."
    fix "Set `cpus`, `cpu_shares` or `deploy.resources.limits.cpus`."
    bad "services:\n  app:\n    cpus: 0\n"
    good "services:\n  app:\n    cpus: null\n    deploy:\n      resources:\n        limits: {cpus: \"0.5\"}\n";
RESTART "SW-CMP-0031" Negligible ["CIS-DOCKER-5.15"]
    title "Restarts without end"
    why "A container that fails at its start is started for ever: it takes the time of the host, and nobody looks into why it fails."
    fix "Set `restart: on-failure:5`, or `deploy.restart_policy` with `max_attempts`; services that must come back after a reboot may accept the rule with an ignore."
    bad "services:\n  app:\n    restart: always\n"
    good "services:\n  app:\n    restart: on-failure:5\n";
DEVICE "SW-CMP-0032" Medium ["CIS-DOCKER-5.18"]
    title "Device of the host handed over"
    why "A device is the hardware or the kernel behind it: a disk holds the files of all, /dev/mem the memory."
    fix "Remove the device, or hand it over read-only (`/dev/x:/dev/x:r`) if the program cannot do without, and accept the rule with an ignore."
    bad "services:\n  app:\n    devices: [\"/dev/sda:/dev/sda:rwm\"]\n"
    good "services:\n  app:\n    devices: []\n";
PRIVILEGED_PORT "SW-CMP-0033" Negligible ["CIS-DOCKER-5.8"]
    title "Privileged port of the host published"
    why "Below 1024 are the ports that users of the host trust to be the system's; a container there stands in for a service of the host."
    fix "Publish a port from 1024 on; 80 and 443 are not reported."
    bad "services:\n  app:\n    ports: [\"25:2525\"]\n"
    good "services:\n  app:\n    ports: [\"443:8443\"]\n";
SSH "SW-CMP-0034" Medium ["CIS-DOCKER-5.7"]
    title "SSH port published"
    why "A second way in with keys and passwords of its own, that nobody patches or logs like the first."
    fix "Remove the port, and use `docker compose exec`."
    bad "services:\n  app:\n    ports: [\"2222:22\"]\n"
    good "services:\n  app:\n    ports: [\"8080:8080\"]\n";
DEFAULT_BRIDGE "SW-CMP-0035" Low ["CIS-DOCKER-5.30"]
    title "Container on the default bridge"
    why "All containers on docker0 reach each other, also those of other projects, and the project's own network does not apply."
    fix "Remove `network_mode: bridge`; Compose makes a network for the project."
    bad "services:\n  app:\n    network_mode: bridge\n"
    good "services:\n  app:\n    networks: [backend]\n";
}
