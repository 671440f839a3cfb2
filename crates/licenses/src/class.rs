//! How much a licence asks: its class.

use seaworthy_model::LicenseClass;

use crate::expression::License;

/// Families of ids by how they begin, in their order: the first that fits decides. A `=` before it
/// means the whole id.
const FAMILIES: &[(LicenseClass, &[&str])] = {
    use LicenseClass::{Forbidden, Notice, Permissive, Reciprocal, Restricted, Unencumbered};
    &[
        (
            Forbidden,
            &[
                "AGPL-",
                "SSPL-",
                "BUSL-",
                "CC-BY-NC",
                "Elastic-",
                "PolyForm-",
                "FSL-",
                "SUL-",
                "Hippocratic-",
                "=Aladdin",
                "=Parity-6.0.0",
                "=Parity-7.0.0",
                "CAL-",
                "=C-UDA-1.0",
                "NCGL-",
                "=NPOSL-3.0",
                "=UnRAR",
                "=JPNIC",
                "=MPEG-SSG",
                "=FDK-MPEG-H",
                "=Zed",
                "=BSD-3-Clause-No-Military-License",
                "=BSD-3-Clause-OpenWebUI",
                "=CPOL-1.02",
                "=ESA-PL-strong-copyleft-2.4",
            ],
        ),
        (
            Restricted,
            &[
                "GPL-",
                "LGPL-",
                "GFDL-",
                "CC-BY-SA",
                "CC-BY-ND",
                "CC-SA-",
                "OSL-",
                "QPL-",
                "=Sleepycat",
                "copyleft-next",
                "=CECILL-1.0",
                "=CECILL-1.1",
                "=CECILL-2.0",
                "=CECILL-2.1",
                "EUPL-",
                "RPL-",
                "=SimPL-2.0",
                "=NGPL",
                "ODbL-",
                "=LiLiQ-Rplus-1.1",
                "TGPPL-",
                "YPL-",
                "CERN-OHL-S",
                "CERN-OHL-1",
                "=MMPL-1.0.1",
                "=SMAIL-GPL",
                "BitTorrent-",
                "=LGPLLR",
                "=TAPR-OHL-1.0",
                "CDLA-Sharing",
                "=Arphic-1999",
                "=D-FSL-1.0",
                "=Linux-man-pages-copyleft",
                "Linux-man-pages-copyleft-",
            ],
        ),
        (
            Reciprocal,
            &[
                "MPL-",
                "EPL-",
                "CDDL-",
                "CPL-",
                "IPL-",
                "APSL-",
                "CPAL-",
                "MS-RL",
                "MS-LPL",
                "=CECILL-C",
                "OFL-",
                "ErlPL-",
                "SPL-",
                "SISSL",
                "NPL-",
                "=Nokia",
                "OCLC-",
                "RSCPL",
                "RPSL-",
                "=Motosoto",
                "LPPL-",
                "CUA-OPL",
                "=Watcom-1.0",
                "gSOAP-",
                "LPL-",
                "Interbase",
                "SugarCRM",
                "=NASA-1.3",
                "=IPA",
                "=LiLiQ-R-1.1",
                "=Frameworx-1.0",
                "=CATOSL-1.1",
                "=OPL-1.0",
                "OSET-PL",
                "=ESA-PL-weak-copyleft-2.4",
                "CERN-OHL-W",
                "=eCos-2.0",
                "RHeCos-",
                "Artistic-",
                "=ClArtistic",
                "=Ruby",
                "=NOSL",
                "Zimbra-",
                "=OCCT-PL",
                "=Vim",
                "=UCL-1.0",
                "=wxWindows",
                "=OSC-1.0",
            ],
        ),
        (
            Unencumbered,
            &[
                "=CC0-1.0",
                "=Unlicense",
                "Unlicense-",
                "=0BSD",
                "PDDL-",
                "CC-PD",
                "=blessing",
                "SAX-PD",
                "=NIST-PD",
                "NIST-PD-",
                "=NCBI-PD",
                "=NTIA-PD",
                "ANTLR-PD",
                "=libselinux-1.0",
                "=LicenseRef-public-domain",
                "DL-DE-ZERO",
            ],
        ),
        (
            Permissive,
            &[
                "=MIT-0",
                "=BSL-1.0",
                "FSFAP",
                "FSFUL",
                "=WTFPL",
                "=WTFNMFPL",
                "=Beerware",
                "=Fair",
                "=NTP-0",
                "=Giftware",
                "=GLWTPL",
                "=diffmark",
                "=snprintf",
                "=ulem",
                "=mailprio",
                "=Linux-man-pages-1-para",
                "=psfrag",
            ],
        ),
        (
            Notice,
            &[
                "MIT",
                "BSD-",
                "Apache-",
                "ISC",
                "=Zlib",
                "zlib-ack",
                "=curl",
                "HPND",
                "AFL-",
                "=AAL",
                "PHP-",
                "Python-",
                "PSF-",
                "CNRI-",
                "=PostgreSQL",
                "=OpenSSL",
                "OpenSSL-",
                "SSLeay-",
                "SSH-",
                "=NCSA",
                "=NTP",
                "=Net-SNMP",
                "=NetCDF",
                "OLDAP-",
                "=FTL",
                "=ICU",
                "IJG",
                "Unicode-",
                "UPL-",
                "W3C",
                "X11",
                "XFree86-",
                "=Xnet",
                "ZPL-",
                "Zend-",
                "bzip2-",
                "=Libpng",
                "libpng-",
                "=libtiff",
                "=JSON",
                "=TCL",
                "=SMLNJ",
                "=StandardML-NJ",
                "MS-PL",
                "ECL-",
                "EFL-",
                "=Entessa",
                "=Intel",
                "=Info-ZIP",
                "=ImageMagick",
                "=Imlib2",
                "BlueOak-",
                "MulanPSL-",
                "=MirOS",
                "CC-BY-1",
                "CC-BY-2",
                "CC-BY-3",
                "CC-BY-4",
                "=CECILL-B",
                "CDLA-Permissive",
                "=RSA-MD",
                "SGI-B-",
                "=SGI-OpenGL",
                "=SunPro",
                "Spencer-",
                "=Sendmail",
                "Sendmail-",
                "=UCAR",
                "=Naumen",
                "=Multics",
                "=VSL-1.0",
                "=Xerox",
                "=Xfig",
                "=xpp",
                "=Adobe-2006",
                "Adobe-",
                "=AMDPLPA",
                "=Boehm-GC",
                "Boehm-GC-",
                "=Bitstream-Vera",
                "Bitstream-",
                "=Brian-Gladman-2-Clause",
                "Brian-Gladman-",
                "=CFITSIO",
                "CMU-Mach",
                "DEC-3-Clause",
                "=DOC",
                "=EUDatagrid",
                "=eGenix",
                "=etalab-2.0",
                "=FreeBSD-DOC",
                "=FreeImage",
                "=GD",
                "=HDF5",
                "=HaskellReport",
                "=HTMLTIDY",
                "Inner-Net-",
                "JasPer-",
                "=Latex2e",
                "=Leptonica",
                "Linux-OpenIB",
                "=lsof",
                "MIPS",
                "=mpich2",
                "=MITNFA",
                "NIST-Software",
                "NICTA-",
                "OGC-",
                "=OFFIS",
                "=OML",
                "OPUBL-",
                "=Plexus",
                "=Qhull",
                "=Rdisc",
                "=SCEA",
                "=TCP-wrappers",
                "TU-Berlin-",
                "UMich-Merit",
                "=Vixie-Cron",
                "=Wsuipa",
                "=Minpack",
                "=dtoa",
                "=Mackerras-3-Clause",
                "Mackerras-",
                "=bcrypt-Solar-Designer",
                "=check-cvs",
                "=Kazlib",
                "=Clips",
                "Caldera",
                "=Cube",
                "=radvd",
                "=metamail",
                "=psutils",
                "=xinetd",
                "=xlock",
                "=python-ldap",
                "=UnixCrypt",
                "=TermReadKey",
                "=NRL",
                "=Symlinks",
                "=TTWL",
                "=swrule",
                "=softSurfer",
                "OGL-",
                "NLOD-",
                "DL-DE-BY",
                "O-UDA",
                "ODC-By",
                "LZMA-SDK",
                "OAR",
                "=SWL",
                "=Noweb",
                "=Newsletr",
            ],
        ),
    ]
};

/// Exceptions that let other work be put together with the software without its terms: what is
/// linked, generated or run with it stays free of them, changes to itself do not.
const LINKING: &[&str] = &[
    "Autoconf-",
    "Bison-",
    "Bootloader-exception",
    "CGAL-linking-exception",
    "CLISP-",
    "Classpath-",
    "FLTK-exception",
    "Fawkes-",
    "Font-exception",
    "GCC-exception",
    "GNAT-exception",
    "GNU-compiler-exception",
    "GPL-3.0-linking",
    "GPL-3.0-interface-exception",
    "Independent-modules-",
    "LGPL-3.0-linking-exception",
    "LLGPL",
    "LZMA-exception",
    "Libtool-exception",
    "Linux-syscall-note",
    "Nokia-Qt-",
    "OCCT-exception",
    "OCaml-LGPL-linking-exception",
    "OpenJDK-assembly-exception",
    "PS-or-PDF-font-exception",
    "Qt-",
    "Digia-Qt-",
    "Qwt-exception",
    "SWI-exception",
    "SANE-exception",
    "Simple-Library-Usage-exception",
    "Swift-exception",
    "Texinfo-exception",
    "UBDL-exception",
    "WxWindows-",
    "eCos-exception",
    "erlang-otp-linking-exception",
    "fmt-exception",
    "freertos-exception",
    "gnu-javamail-exception",
    "i2p-gpl-java-exception",
    "mif-exception",
    "mxml-exception",
    "polyparse-exception",
    "u-boot-exception",
];

/// The class of a licence.
///
/// After [Google's classification](https://opensource.google/documentation/reference/thirdparty/licenses),
/// with what it does not name put where its terms belong.
#[must_use]
pub fn class_of(license: &License) -> LicenseClass {
    if !license.is_known() {
        return LicenseClass::Unknown;
    }
    let class = class_of_id(license.name());
    match license.exception() {
        Some(exception)
            if class == LicenseClass::Restricted
                && LINKING.iter().any(|head| exception.starts_with(head)) =>
        {
            LicenseClass::Reciprocal
        }
        _ => class,
    }
}

fn class_of_id(id: &str) -> LicenseClass {
    for (class, heads) in FAMILIES {
        let fits = |head: &&str| match head.strip_prefix('=') {
            Some(whole) => whole == id,
            None => id.starts_with(*head),
        };
        if heads.iter().any(fits) {
            return *class;
        }
    }
    // What the list itself says of the rest.
    match spdx::license_id(id) {
        Some(known) if known.is_copyleft() => LicenseClass::Restricted,
        Some(known) if known.is_osi_approved() || known.is_fsf_free_libre() => LicenseClass::Notice,
        _ => LicenseClass::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expression;

    fn class(text: &str) -> LicenseClass {
        match Expression::parse(text) {
            Expression::License(license) => class_of(&license),
            other => panic!("{other} is several"),
        }
    }

    #[test]
    fn classes() {
        use LicenseClass::*;
        for (text, expected) in [
            ("AGPL-3.0-only", Forbidden),
            ("SSPL-1.0", Forbidden),
            ("CC-BY-NC-SA-4.0", Forbidden),
            ("BUSL-1.1", Forbidden),
            ("GPL-2.0-or-later", Restricted),
            ("LGPL-2.1-only", Restricted),
            ("CC-BY-SA-4.0", Restricted),
            ("OSL-3.0", Restricted),
            ("GPL-2.0-only WITH Classpath-exception-2.0", Reciprocal),
            ("GPL-3.0-or-later WITH GCC-exception-3.1", Reciprocal),
            ("GPL-2.0-only WITH Linux-syscall-note", Reciprocal),
            (
                "GPL-2.0-or-later WITH openvpn-openssl-exception",
                Restricted,
            ),
            ("GPL-2.0-or-later WITH something", Restricted),
            ("Apache-2.0 WITH LLVM-exception", Notice),
            ("MPL-2.0", Reciprocal),
            ("EPL-2.0", Reciprocal),
            ("OFL-1.1", Reciprocal),
            ("MIT", Notice),
            ("Apache-2.0", Notice),
            ("BSD-3-Clause", Notice),
            ("Zlib", Notice),
            ("CC-BY-4.0", Notice),
            ("MIT-0", Permissive),
            ("BSL-1.0", Permissive),
            ("CC0-1.0", Unencumbered),
            ("0BSD", Unencumbered),
            ("public domain", Unencumbered),
            ("Proprietary", Unknown),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn every_entry_of_the_table_names_a_licence() {
        for (_, heads) in FAMILIES {
            for head in *heads {
                let fits = |id: &str| match head.strip_prefix('=') {
                    Some(whole) => whole == id,
                    None => id.starts_with(head),
                };
                let any = spdx::identifiers::LICENSES.iter().any(|l| fits(l.name));
                assert!(any || fits(crate::normalise::PUBLIC_DOMAIN), "{head}");
            }
        }
        for head in LINKING {
            let any = spdx::identifiers::EXCEPTIONS
                .iter()
                .any(|e| e.name.starts_with(head));
            assert!(any, "{head}");
        }
    }

    #[test]
    fn every_approved_licence_has_a_class() {
        for license in spdx::identifiers::LICENSES {
            let approved =
                spdx::license_id(license.name).is_some_and(spdx::LicenseId::is_osi_approved);
            if approved {
                assert_ne!(
                    class_of_id(license.name),
                    LicenseClass::Unknown,
                    "{}",
                    license.name
                );
            }
        }
    }
}
