use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Block;

/// The working memory of password hashes, kept from one to the next.
///
/// A hash needs 19 MiB. Left to itself, each would allocate them, and the allocator would keep them for every thread that
/// ever hashed; here there are never more than hashes that run at once.
#[derive(Clone, Default)]
pub(super) struct Workspaces(Arc<Mutex<Vec<Vec<Block>>>>);

impl Workspaces {
    /// Lends `blocks` blocks to `work`.
    pub(super) fn lend<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let mut workspace = self.free().pop().unwrap_or_default();
        workspace.resize(blocks, Block::default());
        let done = work(&mut workspace);
        self.free().push(workspace);
        done
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Workspaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workspaces({} free)", self.free().len())
    }
}

#[cfg(test)]
mod tests {
    use super::Workspaces;

    #[test]
    fn memory_is_used_again() {
        let workspaces = Workspaces::default();
        let first = workspaces.lend(8, |blocks| blocks.as_ptr() as usize);
        let again = workspaces.lend(8, |blocks| blocks.as_ptr() as usize);
        assert_eq!(first, again);
        workspaces.lend(8, |_| {
            workspaces.lend(8, |blocks| assert_eq!(blocks.len(), 8))
        });
        assert_eq!(workspaces.free().len(), 2, "as many as ran at once");
    }
}
