//! The directory that pm serves: socket and logs, and with `--remove` everything in it for a limited time.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use support::account::is_root;
use support::deadline::wait_until;
use support::{Error, Result, protocol};
use tokio::net::UnixListener;

const REMOVAL_DEADLINE: Duration = Duration::from_secs(5);

/// The directory of one pm.
#[derive(Debug)]
pub(crate) struct Home {
    directory: PathBuf,
    is_throwaway: bool,
}

impl Home {
    /// A directory that stays.
    pub(crate) fn lasting(directory: &Path) -> Result<Self> {
        Ok(Self {
            directory: made(directory)?,
            is_throwaway: false,
        })
    }

    /// A directory that is removed at the end, and therefore must hold nothing at the start.
    pub(crate) fn throwaway(directory: &Path) -> Result<Self> {
        if fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
            let shown = directory.display();
            return Err(Error::new(format!(
                "`{shown}` is not empty, so `--remove` is refused"
            )));
        }
        Ok(Self {
            directory: made(directory)?,
            is_throwaway: true,
        })
    }

    /// The directory itself, absolute.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The socket, ready for orders.
    pub(crate) fn listener(&self) -> Result<UnixListener> {
        let socket = protocol::socket(&self.directory);
        if UnixStream::connect(&socket).is_ok() {
            let shown = self.directory.display();
            return Err(Error::new(format!("another pm already serves `{shown}`")));
        }
        // A pm that was killed leaves its socket file behind.
        let _ = fs::remove_file(&socket);
        UnixListener::bind(&socket)
            .map_err(|why| Error::new(format!("cannot listen on `{}`: {why}", socket.display())))
    }

    /// Removes the socket, or the whole directory if it was made to be thrown away.
    pub(crate) fn leave(&self) -> Result<()> {
        let _ = fs::remove_file(protocol::socket(&self.directory));
        if !self.is_throwaway {
            return Ok(());
        }
        let what = format!("cannot remove `{}`", self.directory.display());
        wait_until(&what, REMOVAL_DEADLINE, || {
            match fs::remove_dir_all(&self.directory) {
                Err(why) if self.directory.exists() => Err(why.to_string()),
                Ok(()) | Err(_) => Ok(()),
            }
        })
    }
}

fn made(directory: &Path) -> Result<PathBuf> {
    let failed = |why| Error::new(format!("cannot make `{}`: {why}", directory.display()));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(failed)?;
    if is_root() {
        // Children of root may run as other users, who must be able to pass through.
        let mut permissions = fs::metadata(directory).map_err(failed)?.permissions();
        permissions.set_mode(permissions.mode() | 0o011);
        fs::set_permissions(directory, permissions).map_err(failed)?;
    }
    let directory = directory.canonicalize().map_err(failed)?;
    fs::create_dir_all(directory.join("log")).map_err(failed)?;
    Ok(directory)
}
