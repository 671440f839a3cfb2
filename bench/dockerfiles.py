#!/usr/bin/env python3
"""Writes Dockerfiles that look like those people write, for measuring the linter.

    bench/dockerfiles.py DIRECTORY [COUNT] [SEED]

The same count and seed give the same bytes. Each file is put together from snippets made by hand:
base images, package managers, languages, users, copies, processes, and the habits, good and bad, that
go with them.
"""

import os
import random
import sys

IMAGES = {
    "debian": ["debian:12.7-slim", "debian:bookworm", "debian", "debian:latest", "ubuntu:22.04",
               "ubuntu", "node:22.3-bookworm", "python:3.12-slim", "ruby:3.3", "golang:1.22.4",
               "openjdk:17-jdk-slim", "nginx:1.27.0", "postgres:16.3", "php:8.3-apache", "node:20",
               "python:3", "rust:1.79", "buildpack-deps:bookworm",
               "debian@sha256:" + "ab" * 32, "quay.io/team/base:1.4", "registry.example.com/base/debian:12"],
    "alpine": ["alpine:3.20", "alpine", "alpine:latest", "node:22.3-alpine", "python:3.12-alpine3.20",
               "golang:1.22-alpine", "nginx:1.27-alpine", "php:8.3-fpm-alpine", "docker:27.0"],
    "yum": ["centos:7.9.2009", "centos:7", "amazonlinux:2", "centos:latest", "oraclelinux:7"],
    "dnf": ["fedora:40", "rockylinux:9.3", "almalinux:9", "fedora:latest", "amazonlinux:2023"],
    "microdnf": ["registry.access.redhat.com/ubi9/ubi-minimal:9.4", "redhat/ubi8-minimal:8.10"],
    "zypper": ["opensuse/leap:15.6", "opensuse/tumbleweed:latest", "registry.suse.com/bci/bci-base:15.6"],
}

PACKAGES = ["curl", "git", "ca-certificates", "build-essential", "wget", "unzip", "vim", "gnupg",
            "libpq-dev", "openssl", "jq", "make", "python3", "python3-pip", "tini", "tzdata", "bash"]

VERSIONS = ["1.2.3-4", "7.88.1-10+deb12u5", "2.4", "8.5.0-r0", "1:2.43.0-1"]


class Writer:
    """One Dockerfile."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = []

    def pick(self, items):
        return self.rng.choice(items)

    def chance(self, part):
        return self.rng.random() < part

    def add(self, text):
        self.lines.append(text)

    def packages(self, most=4):
        return self.rng.sample(PACKAGES, self.rng.randint(1, most))

    def pinned(self, name, sign):
        return f"{name}{sign}{self.pick(VERSIONS)}" if self.chance(0.35) else name


def join(w, commands):
    """Commands of one RUN, in one of the usual layouts."""
    style = w.rng.randint(0, 4)
    if style == 0 or len(commands) == 1:
        return "RUN " + " && ".join(commands)
    if style == 1:
        return "RUN " + " && \\\n    ".join(commands)
    if style == 2:
        return "RUN " + " \\\n  && ".join(commands)
    if style == 3:
        return "RUN set -eux; \\\n    " + "; \\\n    ".join(commands)
    return "RUN " + " && \\\n    # next\n    ".join(commands)


def apt(w):
    commands = []
    env = w.pick(["", "", "", "DEBIAN_FRONTEND=noninteractive "])
    tool = w.pick(["apt-get"] * 9 + ["apt"])
    if w.chance(0.9):
        commands.append(f"{tool} update" + w.pick(["", "", " -y", " -qq"]))
    if w.chance(0.1):
        commands.append(f"{tool} " + w.pick(["upgrade -y", "dist-upgrade -y", "-y upgrade"]))
    yes = w.pick([" -y", " -y", " -y", "", " -yq", " -qqy", " --yes", " -qq", " --assume-yes"])
    recommends = w.pick([" --no-install-recommends", " --no-install-recommends", "", " -o APT::Install-Recommends=false"])
    release = w.pick([""] * 9 + [" -t bookworm-backports"])
    before = w.chance(0.15)
    names = [w.pinned(p, "=") for p in w.packages()]
    if w.chance(0.05):
        names.append(w.pick(["./local.deb", "/tmp/app.deb", "$EXTRA", "nginx/stable"]))
    layout = w.pick([" ", " ", " \\\n        "])
    head = f"{env}{tool}{yes} install" if before else f"{env}{tool} install{yes}"
    commands.append(f"{head}{recommends}{release} " + layout.join(names))
    if w.chance(0.5):
        commands.append(w.pick(["rm -rf /var/lib/apt/lists/*", "rm -rf /var/lib/apt/lists/*",
                                "apt-get clean && rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*",
                                "apt-get clean", "apt-get autoremove -y && rm -r /var/lib/apt/lists/*"]))
    mount = ""
    if w.chance(0.05):
        mount = "--mount=type=cache,target=/var/cache/apt --mount=type=cache,target=/var/lib/apt "
    w.add(join(w, commands).replace("RUN ", f"RUN {mount}", 1))


def apk(w):
    flags = w.pick([" --no-cache", " --no-cache", " --no-cache", "", " --update", " -U", " --no-cache --virtual .build",
                    " -t .deps --no-cache", " --no-cache --repository=https://dl.example.com/edge"])
    names = [w.pick([w.pinned(p, "="), w.pinned(p, "~="), p, f"'{p}<9'" if w.chance(0.2) else p]) for p in w.packages()]
    commands = []
    if w.chance(0.2):
        commands.append(w.pick(["apk update", "apk upgrade --no-cache", "apk --no-cache upgrade"]))
    head = "apk --no-cache add" if w.chance(0.1) else f"apk add{flags}"
    commands.append(f"{head} " + w.pick([" ", " \\\n    "]).join(names))
    if w.chance(0.3):
        commands.append(w.pick(["rm -rf /var/cache/apk/*", "apk del .build", "update-ca-certificates"]))
    mount = "--mount=type=cache,target=/var/cache/apk " if w.chance(0.04) else ""
    w.add(join(w, commands).replace("RUN ", f"RUN {mount}", 1))


def rpm(w, tool):
    commands = []
    if w.chance(0.3):
        commands.append(f"{tool} " + w.pick(["update -y", "-y update", "upgrade -y", "makecache", "install -y epel-release"]))
    yes = w.pick([" -y", " -y", " -y", "", " --assumeyes"])
    names = [f"{p}-{w.pick(['1.2.3', '7.61.1-30.el8', '2.43'])}" if w.chance(0.35) else p for p in w.packages()]
    extra = w.pick([""] * 8 + [" --setopt=install_weak_deps=False", " --nodocs"])
    commands.append(f"{tool} install{yes}{extra} " + " ".join(names))
    if w.chance(0.1):
        commands.append(f"{tool} " + w.pick(["groupinstall -y 'Development Tools'", "groupinstall development", "module install -y nodejs:18", "module enable nodejs"]))
    if w.chance(0.5):
        commands.append(w.pick([f"{tool} clean all", f"{tool} clean all", f"rm -rf /var/cache/{'yum' if tool == 'yum' else 'dnf'}", f"{tool} clean all && rm -rf /var/cache/*"]))
    w.add(join(w, commands))


def zypper(w):
    head = w.pick(["zypper install -y", "zypper -n install", "zypper --non-interactive in", "zypper in", "zypper install", "zypper in --no-confirm"])
    names = [w.pinned(p, "=") for p in w.packages()]
    commands = [f"{head} " + " ".join(names)]
    if w.chance(0.2):
        commands.insert(0, w.pick(["zypper refresh", "zypper -n update", "zypper dup -y", "zypper patch -y"]))
    if w.chance(0.5):
        commands.append(w.pick(["zypper clean", "zypper clean --all", "zypper cc -a"]))
    w.add(join(w, commands))


def system(w, family):
    if family == "debian":
        apt(w)
    elif family == "alpine":
        apk(w)
    elif family == "zypper":
        zypper(w)
    else:
        rpm(w, family)


def python(w):
    pip = w.pick(["pip", "pip", "pip3", "python -m pip", "python3 -m pip"])
    cache = w.pick([" --no-cache-dir", " --no-cache-dir", "", ""])
    what = w.pick(["-r requirements.txt", "-r requirements.txt", "flask==3.0.3 gunicorn==22.0.0", "flask", "--upgrade pip",
                   ".", "-e .", "'django>=5,<6'", "-U pip setuptools wheel", "git+https://git.example.com/x/y@v1.0",
                   "git+https://git.example.com/x/y", "uvicorn[standard]==0.30.1", "/wheels/*", "-c constraints.txt flask",
                   "--index-url https://pypi.example.com/simple app==1.0", "poetry==$POETRY_VERSION", "requests==2.32.3 numpy"])
    if w.chance(0.15):
        w.add(w.pick(["ENV PIP_NO_CACHE_DIR=1", "ENV PIP_NO_CACHE_DIR=off", "ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1", "ENV PIP_NO_CACHE_DIR true"]))
    if w.chance(0.3):
        w.add("COPY requirements.txt ." if w.chance(0.5) else "COPY requirements.txt /app/")
    mount = "--mount=type=cache,target=/root/.cache/pip " if w.chance(0.12) else ""
    commands = [f"{pip} install{cache} {what}"]
    if w.chance(0.3):
        commands.append(w.pick(["python manage.py collectstatic --noinput", "pip check", "python -m compileall ."]))
    w.add(join(w, commands).replace("RUN ", f"RUN {mount}", 1))


def node(w):
    if w.chance(0.5):
        w.add(w.pick(["COPY package*.json ./", "COPY package.json yarn.lock ./", "COPY package.json package-lock.json /app/"]))
    w.add(join(w, w.pick([
        ["npm ci"], ["npm ci --omit=dev", "npm cache clean --force"], ["npm install"], ["npm install --production"],
        ["npm install -g pm2"], ["npm install -g pm2@5.4.0 yarn@1.22.22"], ["npm install --global @angular/cli"],
        ["npm install @nestjs/cli@10.3.2", "npm run build"], ["yarn install --frozen-lockfile"],
        ["yarn install --production", "yarn cache clean"], ["yarn", "yarn build"], ["yarn install", "yarn build", "yarn cache clean"],
        ["npm install git+https://git.example.com/x/y.git#v1"], ["npm install express lodash@4.17.21"],
        ["corepack enable", "pnpm install --frozen-lockfile"], ["npm ci", "npm run build", "npm prune --production"],
    ])))


def golang(w):
    if w.chance(0.6):
        w.add("COPY go.mod go.sum ./")
        w.add(w.pick(["RUN go mod download", "RUN --mount=type=cache,target=/go/pkg/mod go mod download"]))
    if w.chance(0.5):
        w.add(w.pick(["RUN go install github.com/example/tool@v1.2.3", "RUN go install github.com/example/tool@latest",
                      "RUN go get github.com/example/lib", "RUN go install ./...", "RUN go get -u github.com/example/x@v2", "RUN go get -d -v ./..."]))
    w.add("COPY . ." if w.chance(0.7) else "COPY . /src")
    w.add(w.pick(["RUN CGO_ENABLED=0 go build -o /app ./cmd/app", "RUN go build -ldflags=\"-s -w -X main.version=$VERSION\" -o app .",
                  "RUN GOOS=linux GOARCH=$TARGETARCH go build -o /out/app . && go test ./..."]))


def ruby(w):
    w.add(w.pick(["RUN gem install bundler", "RUN gem install bundler:2.5.11", "RUN gem install rails -v 7.1.3 --no-document",
                  "RUN gem install puma sinatra:4.0.0", "RUN gem update --system && gem install bundler --version \"$BUNDLER\""]))
    if w.chance(0.6):
        w.add("COPY Gemfile Gemfile.lock ./")
        w.add("RUN bundle install --jobs 4")


def java(w):
    w.add(w.pick(["COPY target/*.jar app.jar", "COPY --chown=1000:1000 build/libs/app.jar /opt/app.jar", "ADD target/app.jar /app.jar",
                  "ARG JAR_FILE=target/app.jar\nCOPY ${JAR_FILE} /app.jar"]))
    if w.chance(0.3):
        w.add(w.pick(["RUN ./mvnw -q package", "RUN ./gradlew bootJar --no-daemon && mv build/libs/*.jar /app.jar", "RUN mvn -B -DskipTests package"]))


def download(w):
    w.add(w.pick([
        "RUN curl -fsSL https://example.com/install.sh | bash",
        "RUN curl -sSL https://example.com/key.asc | gpg --dearmor -o /usr/share/keyrings/x.gpg",
        "RUN wget https://example.com/app-1.0.tar.gz && tar xzf app-1.0.tar.gz && rm app-1.0.tar.gz",
        "RUN wget -q https://example.com/app.zip && unzip app.zip && rm app.zip",
        "RUN wget -nv -O /tmp/app.deb https://example.com/app.deb && dpkg -i /tmp/app.deb && rm /tmp/app.deb",
        "RUN wget --progress=dot:giga https://example.com/big.iso",
        "RUN wget -qO- https://example.com/app.tgz | tar xz -C /opt",
        "RUN set -o pipefail && curl https://example.com/a.tgz | tar -xz",
        "RUN curl -Lo /usr/local/bin/tool https://example.com/tool && chmod +x /usr/local/bin/tool",
        "RUN curl -k https://example.com/tool -o /tool && chmod 777 /tool",
        "RUN bash -c \"$(curl -fsSL https://example.com/i.sh)\"",
        "ADD https://example.com/app.tar.gz /opt/",
        "ADD --checksum=sha256:" + "12" * 32 + " https://example.com/app.tar.gz /opt/app.tar.gz",
        "RUN cd /tmp && curl -O https://example.com/src.tar.gz && tar xf src.tar.gz && cd src && ./configure && make && make install",
        "RUN git clone https://git.example.com/x/y.git /src && cd /src && make",
        "RUN wget http://example.com/a -O /a && curl http://example.com/b -o /b",
        "RUN curl -fsSL https://example.com/setup_22.x | bash - && node --version",
    ]))


def account(w, family):
    create = w.pick([
        "RUN useradd -m app", "RUN useradd -u 10001 -r app", "RUN useradd -l -u 123456 app", "RUN useradd -u 1234567 app",
        "RUN groupadd -r app && useradd -r -g app app", "RUN adduser --disabled-password --gecos '' app",
        "RUN echo 'app ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers", "RUN echo \"root:example\" | chpasswd",
    ]) if family != "alpine" else w.pick(["RUN adduser -D -u 10001 app", "RUN addgroup -S app && adduser -S app -G app"])
    if w.chance(0.6):
        w.add(create)
    w.add(w.pick(["USER app", "USER 10001", "USER 10001:10001", "USER root", "USER app:app", "USER nobody", "USER 0", "USER 1000",
                  "USER nonroot", "ARG UID=1000\nUSER ${UID}"]))


def copies(w):
    for _ in range(w.rng.randint(1, 2)):
        w.add(w.pick([
            "COPY . .", "COPY . /app", "COPY src/ /app/src/", "ADD . /app", "ADD config.yaml /etc/app/config.yaml", "COPY a.txt b.txt /data",
            "COPY a.txt b.txt /data/", "COPY [\"my file.txt\", \"/data/\"]", "COPY --chown=app:app . /home/app/", "COPY --chmod=755 entrypoint.sh /entrypoint.sh",
            "ADD rootfs.tar.xz /", "ADD site.tar.gz /usr/share/nginx/html/", "COPY nginx.conf /etc/nginx/nginx.conf", "COPY docker-entrypoint.sh /usr/local/bin/",
            "COPY .env /app/.env", "COPY id_rsa /root/.ssh/id_rsa", "COPY app.tar.gz /tmp/\nRUN tar -xzf /tmp/app.tar.gz -C /opt", "COPY $CONFIG /etc/app/",
            "COPY data data", "COPY ./scripts ./scripts",
        ]))


def settings(w):
    for _ in range(w.rng.randint(0, 3)):
        w.add(w.pick([
            "ENV NODE_ENV=production", "ENV LANG=C.UTF-8 LC_ALL=C.UTF-8", "ENV PATH=/opt/app/bin:$PATH", "ENV APP_HOME /app", "ENV A=1 B=$A",
            "ENV HOME=/home/app \\\n    DATA=/data \\\n    CONFIG=$DATA/config", "ARG VERSION=1.0", "ARG BUILD_DATE", "LABEL version=\"1.0\" maintainer=\"jo@example.com\"",
            "LABEL org.opencontainers.image.title=\"app\"", "LABEL Description=\"the app\" Vendor=\"Example\"", "LABEL com.example.build-date=$BUILD_DATE",
            "MAINTAINER Jo Doe <jo@example.com>", "ENV DB_PASSWORD=example", "ARG NPM_TOKEN", "ENV API_KEY=abc", "EXPOSE 8080", "EXPOSE 80 443", "EXPOSE 22",
            "EXPOSE 8080/tcp 9090/udp", "EXPOSE 99999", "EXPOSE $PORT", "VOLUME /data", "VOLUME [\"/data\", \"/logs\"]", "STOPSIGNAL SIGTERM",
            "WORKDIR /app", "WORKDIR /usr/src/app", "WORKDIR app/src", "WORKDIR $APP_HOME", "WORKDIR \"/srv/app\"",
            "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]", "SHELL [\"/bin/ash\", \"-eo\", \"pipefail\", \"-c\"]", "SHELL [\"/bin/bash\", \"-c\"]",
            "ONBUILD COPY . /app", "ONBUILD RUN make", "# hadolint ignore=DL3003\nRUN cd /opt && ls", "# hadolint ignore=DL3059\nRUN ldconfig",
            "# a comment\n# hadolint ignore=DL3008,DL3015\nRUN apt-get install -y tree", "RUN ln -sf /bin/bash /bin/sh", "RUN ln -s /usr/bin/python3 /usr/bin/python",
        ]))


def commands(w):
    w.add(w.pick([
        "RUN mkdir -p /data", "RUN chmod +x /entrypoint.sh", "RUN chown -R app:app /app && chmod -R 777 /app", "RUN sudo mkdir /x", "RUN cd /app && make",
        "RUN (cd /app; make)", "RUN make -C /app", "RUN service nginx start", "RUN ps aux", "RUN if [ -f x ]; then rm x; fi", "RUN for f in *.sh; do chmod +x \"$f\"; done",
        "RUN cat /etc/os-release | grep VERSION", "RUN echo \"deb https://deb.example.com/ x main\" > /etc/apt/sources.list.d/x.list", "RUN [\"mkdir\", \"/y\"]",
        "RUN ls -la || true", "RUN locale-gen en_US.UTF-8", "RUN ./configure --prefix=/usr && make -j\"$(nproc)\" && make install", "RUN echo 'cd /app' >> ~/.bashrc",
        "RUN export V=$(curl -s https://example.com/version) && echo \"$V\"", "RUN case \"$(uname -m)\" in x86_64) A=amd64;; aarch64) A=arm64;; esac && echo \"$A\"",
        "RUN find / -perm /6000 -type f -exec chmod a-s {} \\; || true", "RUN kill -0 1", "RUN rm -rf /tmp/* && \\\n    # keep the cache\n    ls /var/cache",
        "RUN --mount=type=secret,id=npmrc,target=/root/.npmrc cat /root/.npmrc", "RUN --mount=type=bind,source=.,target=/src cd /src && make", "RUN mkdir /a\nRUN mkdir /b",
        "RUN mkdir /c && touch /c/d\nRUN touch /e", "RUN which wget curl", "RUN test -x /usr/bin/tini", "RUN ln -s a b && { cd /b; ls; }",
    ]))


def process(w):
    if w.chance(0.25):
        w.add(w.pick(["HEALTHCHECK CMD curl -f http://localhost/ || exit 1", "HEALTHCHECK --interval=30s --timeout=3s CMD [\"app\", \"ping\"]", "HEALTHCHECK NONE",
                      "HEALTHCHECK --interval=5m \\\n  CMD wget -qO- http://localhost:8080/health || exit 1"]))
    if w.chance(0.4):
        w.add(w.pick(["ENTRYPOINT [\"/entrypoint.sh\"]", "ENTRYPOINT [\"tini\", \"--\"]", "ENTRYPOINT /app/run.sh", "ENTRYPOINT exec java -jar /app.jar"]))
    w.add(w.pick(["CMD [\"app\", \"--serve\"]", "CMD [\"node\", \"server.js\"]", "CMD npm start", "CMD python app.py", "CMD [\"nginx\", \"-g\", \"daemon off;\"]",
                  "CMD ['app']", "CMD [\"gunicorn\", \\\n     \"app:app\"]", "CMD exec gunicorn --bind :$PORT app:app", "CMD [\"a\"]\nCMD [\"b\"]"]))


LANGUAGES = [python, node, golang, ruby, java]


def base(w, family, name=None):
    image = w.pick(IMAGES[family])
    flag = w.pick([""] * 12 + ["--platform=linux/amd64 ", "--platform=$BUILDPLATFORM ", "--platform=$TARGETPLATFORM "])
    keyword = w.pick(["AS", "AS", "AS", "as"])
    w.add(f"FROM {flag}{image}" + (f" {keyword} {name}" if name else ""))


def single(w):
    family = w.pick(list(IMAGES))
    if w.chance(0.15):
        w.add("# syntax=docker/dockerfile:1")
    if w.chance(0.2):
        w.add("# the service")
    if w.chance(0.12):
        tag = w.pick(["12.7-slim", "latest"])
        w.add(f"ARG TAG={tag}\nFROM " + w.pick(["debian:${TAG}", "debian:$TAG"]))
        family = "debian"
    else:
        base(w, family)
    settings(w)
    parts = [lambda: system(w, family), lambda: w.pick(LANGUAGES)(w), lambda: commands(w), lambda: copies(w)]
    if w.chance(0.4):
        parts.append(lambda: download(w))
    if w.chance(0.4):
        parts.append(lambda: commands(w))
    for part in parts:
        part()
    settings(w)
    if w.chance(0.6):
        account(w, family)
    process(w)


def staged(w):
    family = w.pick(["debian", "alpine", "debian", "dnf"])
    if w.chance(0.3):
        w.add("# syntax=docker/dockerfile:1.7")
    build = w.pick(["build", "builder", "Build"])
    base(w, family, build)
    w.add("WORKDIR /src" if w.chance(0.8) else "RUN mkdir /src")
    system(w, family)
    w.pick(LANGUAGES)(w)
    commands(w)
    if w.chance(0.3):
        base(w, w.pick(["debian", "alpine"]), w.pick(["deps", "test", build]))
        w.pick(LANGUAGES)(w)
    final = w.rng.randint(0, 5)
    if final == 0:
        w.add("FROM scratch")
    elif final == 1:
        w.add(f"FROM {build}" + w.pick(["", " AS final"]))
    elif final == 2:
        w.add("FROM gcr.io/distroless/static:nonroot")
    else:
        family = w.pick(["debian", "alpine"])
        base(w, family, w.pick([None, "runtime"]))
        if w.chance(0.5):
            system(w, family)
    settings(w)
    w.add(w.pick([f"COPY --from={build} /src/app /app", "COPY --from=0 /src/app /usr/local/bin/app", f"COPY --from={build} / /",
                  "COPY --from=nginx:1.27.0 /etc/nginx/nginx.conf /etc/nginx/", "COPY --from=biuld /x /y", f"COPY --from={build} --chown=10001 /src/dist ./dist",
                  "COPY --from=runtime /a /b", f"COPY --from={build} /src/app /src/lib /opt/"]))
    if w.chance(0.5):
        account(w, "scratch")
    process(w)


def windows(w):
    w.add("# escape=`")
    w.add(w.pick(["FROM mcr.microsoft.com/windows/servercore:ltsc2022", "FROM mcr.microsoft.com/powershell:7.4-nanoserver-ltsc2022"]))
    if w.chance(0.7):
        w.add(w.pick(["SHELL [\"powershell\", \"-Command\", \"$ErrorActionPreference = 'Stop';\"]", "SHELL [\"pwsh\", \"-Command\"]"]))
        w.add("RUN Invoke-WebRequest https://example.com/a.zip -OutFile a.zip ; `\n    Expand-Archive a.zip C:\\app ; `\n    Remove-Item a.zip")
        w.add("RUN Get-Process | Where-Object { $_.CPU -gt 1 } | Stop-Process")
    else:
        w.add("RUN mkdir C:\\app && `\n    dir C:\\")
    w.add(w.pick(["WORKDIR C:\\app", "WORKDIR C:/app", "WORKDIR \"C:\\\\app\""]))
    w.add(w.pick(["COPY app.exe C:/app/", "COPY . .", "COPY a.txt b.txt C:\\app\\"]))
    w.add(w.pick(["CMD [\"app.exe\"]", "ENTRYPOINT [\"C:\\\\app\\\\app.exe\"]", "CMD app.exe"]))


def heredoc(w):
    base(w, w.pick(["debian", "alpine"]))
    settings(w)
    w.add("WORKDIR /srv")
    # Nothing may follow the here-document, or hadolint cannot read the file.
    w.add(w.pick([
        "RUN <<EOF\napt-get update\napt-get install -y curl\nrm -rf /var/lib/apt/lists/*\nEOF",
        "RUN <<EOF\nset -e\ncd /opt\nmake\nEOF",
        "RUN <<'EOF'\ncurl -fsS https://example.com/x | tar xz\npip install flask\nEOF",
        "RUN cat <<EOF > /etc/app.conf\ncd /not/a/command\nEOF",
        "RUN python3 <<EOF\nimport os\nprint(os.name)\nEOF",
        "COPY <<EOF /etc/motd\nwelcome, sudo users\nEOF",
    ]))


def odd(w):
    """Corners of the format."""
    w.add(w.pick([
        "FROM debian:12\nRUN apt-get update && \\\n\n    apt-get install -y curl",
        "FROM debian:12\nRUN echo a \\\n  # sudo is not run\n  && cd /tmp",
        "from debian:12\nrun apt-get update\ncopy a b\ncmd app",
        "FROM debian:12\nRUN echo 'it''s' \"a \\\" b\" && cd /x",
        "FROM debian:12\nRUN echo \\$HOME `cd /a` $(cd /b)",
        "FROM debian:12\nCOPY [\"a\", \"b\", \"/c\"]\nCMD [ \"a\" , \"b\" ]",
        "ENV A=b\nFROM debian:12\nRUN ls",
        "FROM debian:12 AS a\nFROM debian:12 AS a\nCOPY --from=a /x /y",
        "FROM debian:12 AS scratch\nFROM debian:12 AS context\nRUN ls",
        "ARG IMAGE=debian\nARG TAG\nFROM ${IMAGE}:${TAG:-12}\nARG TAG\nLABEL tag=$TAG",
        "# escape=`\nFROM debian:12\nRUN apt-get update `\n  && apt-get install -y curl",
        "FROM debian:12\nONBUILD RUN cd /x\nONBUILD ONBUILD RUN y\nUSER 1",
        "FROM debian:12\nHEALTHCHECK CMD a\nHEALTHCHECK NONE\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]",
        "\n\n# late\nFROM debian:12\n\n\nRUN a\n\n# why\nRUN b\n",
        "FROM debian:12\nRUN a; b & c | d || e",
        "FROM debian:12\nRUN { apt-get update; } && ( apt-get install curl )",
        "FROM debian:12\nRUN if true; then apt-get update; else cd /y; fi",
        "FROM debian:12\nLABEL a..b=c _x=y com.docker.z=1 ok=1\nLABEL Foo bar",
        "FROM debian:12\nENV A=1 B='$A' C=\"${A}/c\" D=${E}",
        "FROM debian:12\nRUN --mount=type=cache,target=/x --network=none ls\nRUN --mount=type=cache,target=/x --network=none pwd",
        "# hadolint global ignore=DL3008,DL3009\nFROM debian:12\nRUN apt-get update && apt-get install -y curl",
        "FROM debian:12\nRUN while read -r l; do cd \"$l\"; done < list",
        "FROM debian:12\nRUN f() { cd /x; } && f",
        "FROM debian:12\nRUN FOO=bar sudo -E make",
    ]))
    if w.chance(0.5):
        w.add("CMD [\"x\"]")


def dockerfile(seed):
    rng = random.Random(seed)
    w = Writer(rng)
    kind = rng.random()
    if kind < 0.55:
        single(w)
    elif kind < 0.82:
        staged(w)
    elif kind < 0.87:
        windows(w)
    elif kind < 0.91:
        heredoc(w)
    else:
        odd(w)
    text = ""
    for line in w.lines:
        text += line + "\n" + ("\n" if rng.random() < 0.3 and "<<" not in line else "")
    if "<<" in text:
        text = text.rstrip("\n") + "\n"
    return text.replace("\n", "\r\n") if rng.random() < 0.03 else text


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    directory = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    os.makedirs(directory, exist_ok=True)
    for number in range(count):
        path = os.path.join(directory, f"{number:04}.Dockerfile")
        with open(path, "w", newline="") as file:
            file.write(dockerfile(seed * 1_000_000 + number))


if __name__ == "__main__":
    main()
