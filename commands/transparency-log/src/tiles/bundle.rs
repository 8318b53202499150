//! Bundles of entries: each entry behind its length, two bytes, the more significant first.

/// The reason why a bundle or an entry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("an entry of {length} bytes is longer than 65,535")]
    TooLong { length: usize },
    #[error("the bundle ends within an entry")]
    Cut,
    #[error("the bundle has {found} entries in place of {wanted}")]
    WrongCount { wanted: u64, found: u64 },
}

/// Appends an entry to a bundle.
///
/// # Errors
/// [`BundleError::TooLong`].
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong { length: entry.len() })?;
    bundle.extend(length.to_be_bytes());
    bundle.extend(entry);
    Ok(())
}

/// Returns the entries of a bundle, which are `wanted` in number.
///
/// # Errors
/// [`BundleError::Cut`] or [`BundleError::WrongCount`].
pub fn entries(mut bundle: &[u8], wanted: u64) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk().ok_or(BundleError::Cut)?;
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(BundleError::Cut)?;
        entries.push(entry);
        bundle = rest;
    }
    let found = entries.len() as u64;
    if found == wanted { Ok(entries) } else { Err(BundleError::WrongCount { wanted, found }) }
}
