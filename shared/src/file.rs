//! Files of any kind, read without trusting their size.

use crate::release::Digest;
use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

/// The bytes of a file that may have at most so many. A device or a pipe, which may never end, is
/// read no further than that.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("it is larger than {} KiB", most / 1024);
        return Err(Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// The same as UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    String::from_utf8(read(path, most)?)
        .map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The digest of a regular file of any size, read piece by piece.
pub fn digest(path: &Path) -> Result<Digest> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    Digest::of_reader(&mut file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_read_no_further_than_allowed() {
        let error = read(Path::new("/dev/zero"), 2048).expect_err("it never ends");
        assert_eq!(error.to_string(), "it is larger than 2 KiB");
        assert!(digest(Path::new("/dev/zero")).is_err());
    }

    #[test]
    fn the_digest_of_a_file_is_that_of_its_bytes() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("file");
        let bytes = vec![7; 200_000];
        std::fs::write(&path, &bytes).expect("is writable");
        assert_eq!(digest(&path).expect("is readable"), Digest::of(&bytes));
        assert!(read_text(&path, 1 << 20).is_ok());
    }
}
