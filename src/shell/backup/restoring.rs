//! A backup is put back: every byte of it as its manifest says, into a folder where nothing lies.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::path::Path;

use crate::shell::backup::contents::{ARCHIVES, KEYS, LEDGER, SIDE_FILES, WHOLE_FILES};
use crate::shell::backup::copying::{CopyError, copy_whole};
use crate::shell::backup::draft::Draft;
use crate::shell::backup::error::{DraftError, RestoreError};
use crate::shell::backup::manifest::Manifest;

/// Puts the backup in `from` into the data folder `data`, which must not be there, or be empty; what its manifest says.
/// The files are held against their hashes while they are copied.
///
/// # Errors
///
/// [`RestoreError`]; then there is nothing in the data folder.
pub fn restore(from: &Path, data: &Path) -> Result<Manifest, RestoreError> {
    let none = |why| RestoreError::None { folder: from.to_owned(), why };
    let manifest = Manifest::read(from).map_err(none)?;
    if let Some(file) = manifest.files.iter().find(|file| !is_known(&file.name)) {
        return Err(none(format!("this encan does not know its `{}`", file.name)));
    }
    if !manifest.files.iter().any(|file| file.name == LEDGER) {
        return Err(none(format!("it has no `{LEDGER}`")));
    }
    let draft = Draft::begin(data, true).map_err(|error| match error {
        DraftError::Exists { folder } => RestoreError::NotEmpty { data: folder },
        error => error.into(),
    })?;
    let archives = draft.folder().join(ARCHIVES);
    let has_archives = manifest.files.iter().any(|file| is_archive(&file.name));
    let unwritten = |source| RestoreError::Unwritten { file: archives.clone(), source };
    if has_archives {
        DirBuilder::new().mode(0o700).create(&archives).map_err(unwritten)?;
    }
    let mut wrong = Vec::new();
    for file in &manifest.files {
        let to = draft.folder().join(&file.name);
        match copy_whole(&from.join(&file.name), &to) {
            Ok(digested) if digested.bytes == file.bytes && digested.hex() == file.blake3 => {}
            Ok(_) => wrong.push(format!("`{}` has other bytes", file.name)),
            Err(CopyError::Source(why)) => wrong.push(format!("`{}`: {why}", file.name)),
            Err(CopyError::Target(source)) => return Err(RestoreError::Unwritten { file: to, source }),
        }
    }
    if !wrong.is_empty() {
        return Err(RestoreError::Altered { wrong });
    }
    if has_archives {
        File::open(&archives).and_then(|folder| folder.sync_all()).map_err(unwritten)?;
    }
    give(draft.folder(), data)
        .map_err(|source| RestoreError::Unwritten { file: draft.folder().to_owned(), source })?;
    draft.name()?;
    Ok(manifest)
}

/// Gives what was restored to whom the empty data folder belongs, or else the folder above it: an operator's command must
/// not lock the server out.
fn give(restored: &Path, data: &Path) -> std::io::Result<()> {
    let above = data.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let owner = std::fs::metadata(data).or_else(|_| std::fs::metadata(above))?;
    if restored.metadata()?.uid() == owner.uid() {
        return Ok(());
    }
    let archives = restored.join(ARCHIVES);
    for folder in [restored, archives.as_path()].into_iter().filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(folder)? {
            chown(entry?.path(), Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    chown(restored, Some(owner.uid()), Some(owner.gid()))
}

/// True if a file of that name lies in a data folder: a manifest may have been written by anybody.
fn is_known(name: &str) -> bool {
    [LEDGER, KEYS].contains(&name)
        || SIDE_FILES.iter().chain(&WHOLE_FILES).any(|(known, _)| *known == name)
        || is_archive(name)
}

fn is_archive(name: &str) -> bool {
    let of_archive = name.strip_prefix(ARCHIVES).and_then(|rest| rest.strip_prefix('/'));
    of_archive.is_some_and(|own| !own.starts_with('.') && !own.is_empty() && !own.contains(['/', '\\', '\0']))
}

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn a_manifest_names_files_of_a_data_folder_and_no_others() {
        for name in
            ["ledger.sqlite", "secret", "journeys.sqlite", "model.3", "archive/2026-08-01_2026-08-31.sqlite"]
        {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "",
            "/etc/passwd",
            "../secret",
            "archive",
            "archive/",
            "archive/..",
            "archive/../secret",
            "archive/a/b",
            "lock",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }
}
