use std::sync::{Mutex, PoisonError};

use seaworthy_analysis::{
    Account, AnalysisOptions, FileAnalysis, FileFacts, FileMeta, LayerBytes, LayerRequest, Merged,
    Observer, Programs, Wanted, analyze_image, merge_tree,
};
use seaworthy_model::{
    Coverage, CoverageEntry, CoverageKind, ImageFacts, Inventory, Layer, LicenseFinding,
    Misconfiguration, Secret, Target, TargetKind,
};
use seaworthy_oci::{ImageSource, LayerData};
use seaworthy_packages::Recognition;
use seaworthy_source::{Opened, Progress, SourceOptions, TargetRef, Tree, TreeEntry, TreeItem};

use crate::base::base_layers;
use crate::{Error, PackageTypes, Scanners};

/// Told how the work gets on.
pub trait Watcher: Progress + Observer {}

impl<T: Progress + Observer> Watcher for T {}

/// A target and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// What was read.
    pub target: Target,
    /// What is in it.
    pub inventory: Inventory,
    /// Credentials in it.
    pub secrets: Vec<Secret>,
    /// Unsafe configuration in it and of it.
    pub misconfigurations: Vec<Misconfiguration>,
    /// Licences of its packages and texts.
    pub licenses: Vec<LicenseFinding>,
}

/// How targets are read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Where they come from.
    pub source: SourceOptions,
    /// The pass over the layers.
    pub analysis: AnalysisOptions,
    /// Which packages are collected.
    pub packages: PackageTypes,
    /// What is looked for besides.
    pub scanners: Scanners,
}

/// Reads a target: the one pass from which everything else follows.
///
/// # Errors
/// When the target cannot be opened or is damaged. What is only missing becomes coverage.
pub fn read(
    target: &TargetRef,
    options: &ReadOptions,
    watcher: &dyn Watcher,
) -> Result<Scanned, Error> {
    match seaworthy_source::open(target, &options.source, watcher)? {
        Opened::Image(image) => read_image(&*image, options, watcher),
        Opened::Tree(tree) => read_tree(&tree, options),
        Opened::Sbom { name, bytes } => read_sbom(&name, &bytes, options),
    }
}

fn read_image(
    image: &dyn ImageSource,
    options: &ReadOptions,
    watcher: &dyn Watcher,
) -> Result<Scanned, Error> {
    let requests: Vec<LayerRequest<'_>> = image
        .layers()
        .iter()
        .map(|layer| LayerRequest {
            name: layer.digest.as_deref().unwrap_or(&layer.diff_id),
            diff_id: &layer.diff_id,
            size: layer.size,
            unavailable: layer.unavailable.as_deref(),
        })
        .collect();
    let open = |index: usize| {
        Ok(match image.open_layer(index)? {
            LayerData::Stream(stream) => LayerBytes::Stream(stream),
            LayerData::Random(bytes) => LayerBytes::Random(bytes),
        })
    };
    let mut merged = analyze_image(
        &requests,
        &open,
        &options
            .scanners
            .analyzers(options.packages, TargetKind::Image),
        &options.analysis,
        watcher,
    )
    .map_err(|cause| Error::Analysis {
        target: image.name().to_owned(),
        cause,
    })?;
    look_into_configuration(image, &options.scanners, &mut merged);
    let target = Target {
        name: image.name().to_owned(),
        kind: TargetKind::Image,
        source: image.kind().to_owned(),
    };
    let facts = image_facts(image, &merged.accounts);
    Ok(scanned(target, merged, Some(facts), options))
}

/// What the image's own configuration gives away or gets wrong.
fn look_into_configuration(image: &dyn ImageSource, scanners: &Scanners, merged: &mut Merged) {
    let config = image.config();
    if let Some(rules) = &scanners.secrets {
        let labels = config.config.labels.iter();
        let history = config.history.iter();
        merged.secrets.extend(
            seaworthy_secrets::scan_environment(
                rules,
                config.config.env.iter().map(String::as_str),
            )
            .into_iter()
            .chain(seaworthy_secrets::scan_labels(
                rules,
                labels.map(|(name, value)| (name.as_str(), value.as_str())),
            ))
            .chain(seaworthy_secrets::scan_history(
                rules,
                history.map(|entry| entry.created_by.as_deref().unwrap_or_default()),
            )),
        );
    }
    if let Some(options) = scanners.configuration_of(TargetKind::Image) {
        let input = seaworthy_misconfig::ImageInput {
            config,
            name: (image.kind() == "registry").then(|| image.name()),
        };
        let (found, gaps) = seaworthy_misconfig::check_image(&input, &options);
        merged.misconfigurations.extend(found);
        merged.coverage.extend(gaps);
    }
}

/// Puts together what the pass found.
fn scanned(
    target: Target,
    mut merged: Merged,
    image: Option<ImageFacts>,
    options: &ReadOptions,
) -> Scanned {
    let mut secrets = std::mem::take(&mut merged.secrets);
    let mut misconfigurations = std::mem::take(&mut merged.misconfigurations);
    let texts = std::mem::take(&mut merged.licenses);
    let inventory = inventory(merged, image);
    let licenses = match &options.scanners.licenses {
        Some(policy) => seaworthy_licenses::licenses(&inventory, texts, policy),
        None => Vec::new(),
    };
    secrets.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    misconfigurations.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    Scanned {
        target,
        inventory,
        secrets,
        misconfigurations,
        licenses,
    }
}

/// The number of a user that has a name: `app`, `app:group`.
fn user_id(user: &str, accounts: &[Account]) -> Option<u32> {
    let name = user.split(':').next().unwrap_or(user);
    // A number stands for itself, whatever is called like it.
    if name.parse::<u32>().is_ok() {
        return None;
    }
    accounts
        .iter()
        .find(|account| account.name == name)
        .map(|account| account.id)
}

fn image_facts(image: &dyn ImageSource, accounts: &[Account]) -> ImageFacts {
    let config = image.config();
    let base = base_layers(config).unwrap_or(0);
    ImageFacts {
        manifest_digest: image.manifest_digest().map(str::to_owned),
        config_digest: image.config_digest().map(str::to_owned),
        platform: config.platform().to_string(),
        user: config.config.user.clone(),
        user_id: user_id(&config.config.user, accounts),
        created: config.created.clone().filter(|time| !time.is_empty()),
        labels: config.config.labels.clone(),
        layers: image
            .layers()
            .iter()
            .enumerate()
            .map(|(index, layer)| Layer {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                digest: layer.digest.clone(),
                diff_id: layer.diff_id.clone(),
                size: layer.size,
                created_by: layer.created_by.clone(),
                base: index < base,
            })
            .collect(),
    }
}

/// Files of a tree that wait for a worker.
const QUEUE: usize = 256;

/// What one worker found in a tree.
#[derive(Default)]
struct Share {
    files: Vec<FileFacts>,
    coverage: Vec<CoverageEntry>,
    failure: Option<Error>,
}

impl Share {
    /// Looks into one file.
    fn take(
        &mut self,
        analysis: &FileAnalysis<'_>,
        entry: &TreeEntry,
        wanted: Wanted,
        scratch: &mut Vec<u8>,
    ) {
        let meta = meta_of(entry);
        let result = entry
            .open()
            .and_then(|file| analysis.random(&meta, wanted, &file, 0, scratch));
        match result {
            Ok(facts) if facts.is_empty() => {}
            Ok(facts) => self.files.push(FileFacts {
                path: meta.path.to_owned(),
                facts,
            }),
            // Files of a live system come and go, and some belong to others.
            Err(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied
                ) =>
            {
                self.coverage.push(CoverageEntry::new(
                    CoverageKind::SkippedFile,
                    meta.path,
                    format!("cannot be opened: {e}"),
                ));
            }
            Err(cause) => {
                self.failure.get_or_insert(Error::Io {
                    path: meta.path.to_owned(),
                    cause,
                });
            }
        }
    }
}

fn meta_of(entry: &TreeEntry) -> FileMeta<'_> {
    FileMeta {
        path: entry.path(),
        size: entry.size(),
        mode: entry.mode(),
    }
}

/// What a walk through a tree found.
struct Walked {
    files: Vec<FileFacts>,
    programs: Programs,
    coverage: Vec<CoverageEntry>,
}

/// Walks a tree in one thread and looks into its files in several; what they find is sorted by
/// path, so the order in which they finish changes nothing.
fn walk(tree: &Tree, analysis: &FileAnalysis<'_>, threads: usize) -> Result<Walked, Error> {
    // Sources are not a system that has programs.
    let mut programs = match tree.target_kind() {
        TargetKind::RootFs => analysis.programs(),
        _ => Programs::default(),
    };
    let (sender, receiver) = std::sync::mpsc::sync_channel::<(TreeEntry, Wanted)>(QUEUE);
    let receiver = Mutex::new(receiver);
    let work = || {
        let mut share = Share::default();
        let mut scratch = Vec::new();
        loop {
            let next = receiver
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((entry, wanted)) = next else {
                return share;
            };
            share.take(analysis, &entry, wanted, &mut scratch);
        }
    };
    let (gaps, shares) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, 64))
            .map(|_| scope.spawn(work))
            .collect();
        let gaps = tree.walk(&mut |item| match item {
            TreeItem::Link { path, target } => programs.link(&path, &target),
            TreeItem::File(entry) => {
                let meta = meta_of(&entry);
                if meta.size > 0 {
                    programs.file(meta.path, meta.mode, entry.shared_number());
                }
                let wanted = analysis.wanted(&meta);
                if !wanted.is_nobody() {
                    // The workers hear until this end is gone.
                    let _ = sender.send((entry, wanted));
                }
            }
        });
        drop(sender);
        let shares: Vec<Share> = workers
            .into_iter()
            .map(|worker| match worker.join() {
                Ok(share) => share,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect();
        (gaps, shares)
    });
    let gaps = gaps?;
    let mut files = Vec::new();
    let mut coverage = Vec::new();
    for share in shares {
        if let Some(error) = share.failure {
            return Err(error);
        }
        files.extend(share.files);
        coverage.extend(share.coverage);
    }
    coverage.extend(gaps);
    Ok(Walked {
        files,
        programs,
        coverage,
    })
}

fn read_tree(tree: &Tree, options: &ReadOptions) -> Result<Scanned, Error> {
    let analyzers = options
        .scanners
        .analyzers(options.packages, tree.target_kind());
    let analysis = FileAnalysis::new(&analyzers);
    let mut walked = walk(tree, &analysis, options.analysis.threads)?;
    if tree.target_kind() == TargetKind::Directory {
        seaworthy_packages::join_siblings(&mut walked.files, &|path| tree.read(path));
    }
    let merged = merge_tree(
        walked.files,
        walked.programs,
        walked.coverage,
        options.analysis.keep_os_owned,
    );
    let target = Target {
        name: tree.name().to_owned(),
        kind: tree.target_kind(),
        source: tree.kind().to_owned(),
    };
    Ok(scanned(target, merged, None, options))
}

fn read_sbom(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Scanned, Error> {
    let read = seaworthy_sbom::read(bytes).map_err(|cause| Error::Sbom {
        path: name.to_owned(),
        cause,
    })?;
    let mut inventory = read.inventory;
    for scanner in ["secret", "config"] {
        if options.scanners.names().contains(&scanner) {
            inventory.coverage.add(CoverageEntry::new(
                CoverageKind::ScannerMissing,
                scanner,
                "a bill of materials holds no files to look into; scan the image itself",
            ));
        }
    }
    inventory.coverage.normalise();
    let licenses = match &options.scanners.licenses {
        Some(policy) => seaworthy_licenses::licenses(&inventory, Vec::new(), policy),
        None => Vec::new(),
    };
    Ok(Scanned {
        secrets: Vec::new(),
        misconfigurations: Vec::new(),
        licenses,
        target: Target {
            name: if read.target_name.is_empty() {
                name.to_owned()
            } else {
                read.target_name
            },
            kind: TargetKind::Sbom,
            source: "sbom".to_owned(),
        },
        inventory,
    })
}

/// Names the distribution, or says in the coverage why that was not possible.
fn inventory(merged: Merged, image: Option<ImageFacts>) -> Inventory {
    let mut coverage = Coverage {
        entries: merged.coverage,
    };
    let os_packages = merged.packages.iter().filter(|p| p.kind.is_os()).count();
    let recognition =
        seaworthy_packages::recognise(merged.os_release.as_ref(), &merged.release_hints);
    let distribution = match recognition {
        Recognition::Known(distribution) => Some(distribution),
        Recognition::Borrowed {
            distribution,
            relative,
            limit,
        } => {
            coverage.add(CoverageEntry::new(
                CoverageKind::ThirdPartyPackage,
                relative,
                limit,
            ));
            Some(distribution)
        }
        Recognition::UnknownRelease(distribution) => {
            coverage.add(CoverageEntry::new(
                CoverageKind::UnknownRelease,
                distribution.distro_qualifier(),
                format!(
                    "{} does not say which release it is, so no advisories fit its {os_packages} packages; --allow-unknown accepts that",
                    distribution.name
                ),
            ));
            Some(distribution)
        }
        Recognition::UnknownDistribution(id) => {
            coverage.add(CoverageEntry::new(
                CoverageKind::UnknownDistribution,
                id.as_str(),
                format!(
                    "no advisories are known for this distribution, so its {os_packages} packages were not assessed; --allow-unknown accepts that"
                ),
            ));
            None
        }
        Recognition::None => {
            if os_packages > 0 {
                coverage.add(CoverageEntry::new(
                    CoverageKind::UnknownDistribution,
                    "no os-release",
                    format!(
                        "nothing names the distribution of {os_packages} packages, so they were not assessed; --allow-unknown accepts that"
                    ),
                ));
            }
            None
        }
    };
    coverage.normalise();
    Inventory {
        distribution,
        packages: merged.packages,
        image,
        content_sets: merged.content_sets,
        package_managers: merged.programs,
        coverage,
    }
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;
