use super::*;
use crate::testing::run;

fn recognised(files: &[(&str, &str)]) -> Recognition {
    let mut release = None;
    let mut hints = Vec::new();
    for (path, text) in files {
        let facts = run(&Release, path, text.as_bytes()).expect("readable");
        release = release.or(facts.os_release);
        hints.extend(facts.release_hints);
    }
    recognise(release.as_ref(), &hints)
}

#[test]
fn distributions_are_known_by_their_files() {
    for (files, key, name) in [
        (
            &[(
                "etc/os-release",
                "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.18.4\n",
            )][..],
            "alpine:3.18",
            "Alpine 3.18.4",
        ),
        (
            &[
                (
                    "usr/lib/os-release",
                    "ID=alpine\nVERSION_ID=3.21.0_alpha20240807\n",
                ),
                ("etc/alpine-release", "3.21.0_alpha20240807\n"),
            ],
            "alpine:edge",
            "Alpine 3.21.0_alpha20240807",
        ),
        (
            &[
                ("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
                ("etc/debian_version", "12.5\n"),
            ],
            "debian:12",
            "Debian 12.5",
        ),
        (
            &[
                ("usr/lib/os-release", "ID=debian\nVERSION_CODENAME=trixie\n"),
                ("etc/debian_version", "trixie/sid\n"),
            ],
            "debian:13",
            "Debian 13",
        ),
        (
            &[(
                "usr/lib/os-release",
                "PRETTY_NAME=\"Distroless\"\nID=\"debian\"\nVERSION_ID=\"12\"\n",
            )],
            "debian:12",
            "Debian 12 (distroless)",
        ),
        (
            &[("etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n")],
            "ubuntu:22.04",
            "Ubuntu 22.04",
        ),
        (
            &[
                ("etc/os-release", "ID=\"centos\"\nVERSION_ID=\"7\"\n"),
                (
                    "etc/centos-release",
                    "CentOS Linux release 7.9.2009 (Core)\n",
                ),
            ],
            "rhel:7",
            "CentOS 7.9.2009",
        ),
        (
            &[("etc/redhat-release", "AlmaLinux release 9.3 (Shamrock)\n")],
            "almalinux:9",
            "AlmaLinux 9.3",
        ),
        (
            &[("etc/os-release", "ID=\"amzn\"\nVERSION_ID=\"2023\"\n")],
            "amazon:2023",
            "Amazon Linux 2023",
        ),
        (
            &[("etc/os-release", "ID='opensuse-leap'\nVERSION_ID='15.5'\n")],
            "opensuse-leap:15.5",
            "openSUSE Leap 15.5",
        ),
        (
            &[("etc/os-release", "ID=wolfi\nVERSION_ID=20230201\n")],
            "wolfi",
            "Wolfi 20230201",
        ),
        (
            &[("etc/alpine-release", "3.4.6\n")],
            "alpine:3.4",
            "Alpine 3.4.6",
        ),
    ] {
        let Recognition::Known(distribution) = recognised(files) else {
            panic!("{name} is not known");
        };
        assert_eq!(distribution.shard_key().as_deref(), Some(key));
        assert_eq!(distribution.name, name);
    }
}

#[test]
fn every_distribution_has_its_shard() {
    for (text, key, name) in [
        (
            "ID=alpine\nVERSION_ID=3.22_alpha20250108",
            "alpine:edge",
            "Alpine 3.22_alpha20250108",
        ),
        ("ID=arch\nBUILD_ID=rolling", "arch", "Arch Linux"),
        (
            "ID=bottlerocket\nVERSION_ID=1.20.0",
            "bottlerocket",
            "Bottlerocket 1.20.0",
        ),
        (
            "ID=cleanstart\nVERSION_ID=1.0",
            "cleanstart",
            "CleanStart 1.0",
        ),
        (
            "ID=minimos\nVERSION_ID=20241031",
            "minimos",
            "MinimOS 20241031",
        ),
        ("ID=wolfi\nVERSION_ID=20230201", "wolfi", "Wolfi 20230201"),
        (
            "ID=chainguard\nVERSION_ID=20230214",
            "chainguard",
            "Chainguard 20230214",
        ),
        ("ID=photon\nVERSION_ID=5.0", "photon:5.0", "Photon OS 5.0"),
        (
            "ID=azurelinux\nVERSION_ID=\"3.0\"",
            "azurelinux:3.0",
            "Azure Linux 3.0",
        ),
        (
            "ID=mariner\nVERSION_ID=\"2.0\"",
            "mariner:2.0",
            "CBL-Mariner 2.0",
        ),
        (
            "ID=\"sle-micro\"\nVERSION_ID=\"5.5\"",
            "sle-micro:5.5",
            "SUSE Linux Enterprise Micro 5.5",
        ),
        (
            "ID=\"sle-micro-rancher\"\nVERSION_ID=\"5.4\"",
            "sle-micro:5.4",
            "SUSE Linux Enterprise Micro 5.4",
        ),
        (
            "ID=\"sl-micro\"\nVERSION_ID=\"6.0\"",
            "sle-micro:6.0",
            "SUSE Linux Micro 6.0",
        ),
        (
            "ID=\"sles\"\nVERSION_ID=\"15.5\"",
            "sles:15.5",
            "SUSE Linux Enterprise Server 15.5",
        ),
        (
            "ID=\"sles\"\nVERSION_ID=\"16.0\"",
            "sles:16.0",
            "SUSE Linux Enterprise Server 16.0",
        ),
        (
            "ID=\"sles_sap\"\nVERSION_ID=\"15.4\"",
            "sles:15.4",
            "SUSE Linux Enterprise Server for SAP Applications 15.4",
        ),
        (
            "ID=\"sle_hpc\"\nVERSION_ID=\"15.3\"",
            "sles:15.3",
            "SUSE Linux Enterprise High Performance Computing 15.3",
        ),
        (
            "ID=\"sled\"\nVERSION_ID=\"15.5\"",
            "sles:15.5",
            "SUSE Linux Enterprise Desktop 15.5",
        ),
        (
            "ID=\"opensuse-leap\"\nVERSION_ID=\"15.6\"",
            "opensuse-leap:15.6",
            "openSUSE Leap 15.6",
        ),
        (
            "ID=opensuse\nVERSION_ID=\"42.3\"",
            "opensuse-leap:42.3",
            "openSUSE Leap 42.3",
        ),
        (
            "ID=\"opensuse-tumbleweed\"\nVERSION_ID=\"20240501\"",
            "opensuse-tumbleweed",
            "openSUSE Tumbleweed 20240501",
        ),
        (
            "ID=\"opensuse-microos\"\nVERSION_ID=\"20240501\"",
            "opensuse-tumbleweed",
            "openSUSE MicroOS 20240501",
        ),
        (
            "ID=\"amzn\"\nVERSION_ID=\"2018.03\"",
            "amazon:1",
            "Amazon Linux 2018.03",
        ),
        (
            "ID=\"amzn\"\nVERSION_ID=\"2\"",
            "amazon:2",
            "Amazon Linux 2",
        ),
        (
            "ID=\"ol\"\nVERSION_ID=\"9.3\"",
            "oracle:9",
            "Oracle Linux 9.3",
        ),
        (
            "ID=\"rocky\"\nVERSION_ID=\"9.3\"",
            "rocky:9",
            "Rocky Linux 9.3",
        ),
        (
            "ID=\"almalinux\"\nVERSION_ID=\"10.0\"",
            "almalinux:10",
            "AlmaLinux 10.0",
        ),
        (
            "ID=\"rhel\"\nVERSION_ID=\"8.10\"",
            "rhel:8",
            "Red Hat Enterprise Linux 8.10",
        ),
        (
            "ID=\"rhel\"\nVARIANT_ID=coreos\nVERSION_ID=\"4.15\"\nRHEL_VERSION=\"9.2\"",
            "rhel:9",
            "Red Hat Enterprise Linux 9.2 (CoreOS)",
        ),
        (
            "ID=\"rhcos\"\nVERSION_ID=\"4.12\"\nRHEL_VERSION=\"8.6\"",
            "rhel:8",
            "Red Hat Enterprise Linux 8.6 (CoreOS)",
        ),
        ("ID=fedora\nVERSION_ID=40", "fedora:40", "Fedora 40"),
        (
            "ID=ubuntu\nVERSION_ID=\"24.04\"\nUBUNTU_CODENAME=noble",
            "ubuntu:24.04",
            "Ubuntu 24.04",
        ),
        (
            "ID=debian\nVERSION_CODENAME=forky",
            "debian:14",
            "Debian 14",
        ),
        ("ID=debian", "debian:sid", "Debian"),
        (
            "NAME=\"Docker Hardened Images/Debian GNU/Linux\"\nID=debian\nVERSION_ID=13",
            "debian:13",
            "Debian 13 (Docker hardened)",
        ),
    ] {
        let Recognition::Known(distribution) = recognised(&[("etc/os-release", text)]) else {
            panic!("{text} is not known");
        };
        assert_eq!(distribution.shard_key().as_deref(), Some(key), "{text}");
        assert_eq!(distribution.name, name, "{text}");
    }
}

#[test]
fn old_images_are_known_without_os_release() {
    for (path, text, key) in [
        (
            "etc/system-release",
            "Amazon Linux AMI release 2018.03\n",
            "amazon:1",
        ),
        (
            "etc/system-release",
            "Amazon Linux release 2 (Karoo)\n",
            "amazon:2",
        ),
        (
            "etc/oracle-release",
            "Oracle Linux Server release 6.8\n",
            "oracle:6",
        ),
        (
            "etc/redhat-release",
            "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n",
            "rhel:6",
        ),
        (
            "etc/centos-release",
            "CentOS release 6.10 (Final)\n",
            "rhel:6",
        ),
        (
            "etc/fedora-release",
            "Fedora release 40 (Forty)\n",
            "fedora:40",
        ),
        (
            "etc/photon-release",
            "VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=1\n",
            "photon:4.0",
        ),
        ("etc/mariner-release", "CBL-Mariner 2.0.2\n", "mariner:2.0"),
        (
            "etc/SuSE-release",
            "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
            "sles:11.4",
        ),
    ] {
        let Recognition::Known(distribution) = recognised(&[(path, text)]) else {
            panic!("{text} is not known");
        };
        assert_eq!(distribution.shard_key().as_deref(), Some(key), "{text}");
    }
    // Oracle keeps Red Hat's file beside its own.
    let both = [
        ("etc/oracle-release", "Oracle Linux Server release 6.8\n"),
        (
            "etc/redhat-release",
            "Red Hat Enterprise Linux Server release 6.8 (Santiago)\n",
        ),
    ];
    assert!(matches!(recognised(&both), Recognition::Known(d) if d.id == "ol"));
    assert_eq!(
        recognised(&[("etc/SuSE-release", "openSUSE 13.2\n")]),
        Recognition::None
    );
}

#[test]
fn relatives_borrow_only_what_they_say_they_are_made_of() {
    for (text, key, relative) in [
        (
            "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=21.2\nPRETTY_NAME=\"Linux Mint 21.2\"\nVERSION_CODENAME=victoria\nUBUNTU_CODENAME=jammy",
            "ubuntu:22.04",
            "Linux Mint 21.2",
        ),
        (
            "ID=linuxmint\nID_LIKE=debian\nVERSION_ID=6\nPRETTY_NAME=\"LMDE 6\"\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm",
            "debian:12",
            "LMDE 6",
        ),
        (
            "ID=pop\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=22.04\nPRETTY_NAME=\"Pop!_OS 22.04 LTS\"\nUBUNTU_CODENAME=jammy",
            "ubuntu:22.04",
            "Pop!_OS 22.04 LTS",
        ),
        (
            "ID=raspbian\nID_LIKE=debian\nVERSION_ID=11\nPRETTY_NAME=\"Raspbian GNU/Linux 11\"\nVERSION_CODENAME=bullseye",
            "debian:11",
            "Raspbian GNU/Linux 11",
        ),
        (
            "NAME=\"CentOS Stream\"\nID=centos\nID_LIKE=\"rhel fedora\"\nVERSION_ID=9",
            "rhel:9",
            "CentOS Stream 9",
        ),
        (
            "ID=manjaro\nID_LIKE=arch\nPRETTY_NAME=\"Manjaro Linux\"",
            "arch",
            "Manjaro Linux",
        ),
        ("ID=archarm\nID_LIKE=arch", "arch", "archarm"),
    ] {
        let Recognition::Borrowed {
            distribution,
            relative: found,
            ..
        } = recognised(&[("etc/os-release", text)])
        else {
            panic!("{text} is no relative");
        };
        assert_eq!(distribution.shard_key().as_deref(), Some(key), "{text}");
        assert_eq!(found, relative);
    }
    for (text, id) in [
        (
            "ID=kali\nID_LIKE=debian\nVERSION_ID=2024.1\nVERSION_CODENAME=kali-rolling",
            "kali",
        ),
        (
            "ID=devuan\nID_LIKE=debian\nVERSION_ID=5\nVERSION_CODENAME=daedalus",
            "devuan",
        ),
        ("ID=mine\nVERSION_CODENAME=bookworm", "mine"),
        (
            "ID=cloudlinux\nID_LIKE=\"rhel fedora centos\"\nVERSION_ID=8.8",
            "cloudlinux",
        ),
        ("ID=steamos\nID_LIKE=arch\nVERSION_ID=3.6", "steamos"),
    ] {
        assert_eq!(
            recognised(&[("etc/os-release", text)]),
            Recognition::UnknownDistribution(id.to_owned()),
            "{text}"
        );
    }
    // Which release is inside is not OpenShift's version.
    let coreos = recognised(&[("etc/os-release", "ID=rhcos\nVERSION_ID=4.9\n")]);
    assert!(
        matches!(coreos, Recognition::UnknownRelease(_)),
        "{coreos:?}"
    );
}

#[test]
fn what_is_not_known_is_never_guessed() {
    assert_eq!(
        recognised(&[(
            "etc/os-release",
            "ID=kali\nID_LIKE=debian\nVERSION_ID=2024.1\n"
        )]),
        Recognition::UnknownDistribution("kali".to_owned())
    );
    let unknown = recognised(&[("etc/os-release", "ID=rhel\n")]);
    assert!(
        matches!(unknown, Recognition::UnknownRelease(_)),
        "{unknown:?}"
    );
    assert_eq!(recognised(&[]), Recognition::None);
    assert_eq!(
        recognised(&[("etc/os-release", "\u{0}\u{1}garbage==\n==")]),
        Recognition::None
    );
}

#[test]
fn a_hint_that_contradicts_os_release_is_not_believed() {
    let Recognition::Known(distribution) = recognised(&[
        ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
        ("etc/debian_version", "11.3\n"),
    ]) else {
        panic!("not known");
    };
    assert_eq!(distribution.version, "12");
}

#[test]
fn ubuntu_is_not_taken_for_the_debian_it_descends_from() {
    let Recognition::Known(distribution) = recognised(&[
        ("etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n"),
        ("etc/debian_version", "bookworm/sid\n"),
    ]) else {
        panic!("not known");
    };
    assert_eq!(distribution.version, "22.04");
}
