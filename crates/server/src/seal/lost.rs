//! A master key that is gone.

use gatepass_proto::decide::record::Kind;
use gatepass_store::Store;

use crate::config::{Config, KeySource};
use crate::given;
use crate::listen::StartError;

/// Where keys lie sealed already, a new master key opens none of them, and only hides that the right one is lost. The
/// database is asked first, for of nodes that start at once another may be making both.
pub(crate) async fn refuse_lost(config: &Config, store: &dyn Store) -> Result<(), StartError> {
    let Some(KeySource::File(file)) = given::key_source(config)? else {
        return Ok(());
    };
    let sealed = store.list(Kind::SealedKey).await?;
    if sealed.is_empty() || file.exists() || file.is_symlink() {
        return Ok(());
    }
    Err(StartError::Keys(format!(
        "the master key file {} is not there, and the database holds keys that nothing else opens; restore it from a backup",
        file.display()
    )))
}
