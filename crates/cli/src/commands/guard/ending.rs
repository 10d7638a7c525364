//! An orderly end: what is under way has its time, and no more.

use std::future::Future;
use std::io;
use std::time::Duration;

use gatepass_gateway::Gate;
use gatepass_listen::{Door, serve_until};
use tokio::sync::oneshot;

/// Serves at this door until `stop` is done, then lets requests, streams and WebSockets end for as long as the settings say
/// at that moment.
///
/// # Errors
///
/// The listener broke.
pub(super) async fn serve(
    door: Door,
    gate: &Gate,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let (tell, told) = oneshot::channel::<Duration>();
    let stop = async move {
        stop.await;
        let patience = gate.patience();
        tracing::info!(?patience, "ending; what is under way may go on for so long");
        let _ = tell.send(patience);
        patience
    };
    let websockets = async {
        match told.await {
            Ok(patience) => gate.end(patience).await,
            // The listener broke, so nobody waits for anything.
            Err(_) => 0,
        }
    };
    let (connections, websockets) = tokio::join!(serve_until([door], stop), websockets);
    let connections = connections?;
    if connections + websockets > 0 {
        tracing::warn!(connections, websockets, "cut what had not ended in time");
    }
    Ok(())
}
