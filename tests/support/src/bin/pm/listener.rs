//! Takes orders from the socket, each on its own connection and within the deadline.

use std::rc::Rc;

use support::protocol::{DEADLINE, Order, Reply};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::keeper::Keeper;

const LONGEST_ORDER: u64 = 1024 * 1024;
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// Serves orders; never ends by itself.
pub(crate) async fn serve(listener: UnixListener, keeper: &Rc<Keeper>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let keeper = Rc::clone(keeper);
                tokio::task::spawn_local(async move {
                    // Who asked has the same deadline and has gone away by now.
                    let _ = timeout(DEADLINE, converse(stream, &keeper)).await;
                });
            }
            // Out of file descriptors, mostly: accepting again at once would only spin.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn converse(stream: UnixStream, keeper: &Rc<Keeper>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader.take(LONGEST_ORDER)).lines();
    while let Some(line) = lines.next_line().await? {
        let reply = match serde_json::from_str(&line) {
            Ok(order) => obey(order, keeper).await,
            Err(why) => Reply::Refused(format!("no order: {why}")),
        };
        let mut line = serde_json::to_string(&reply)?;
        line.push('\n');
        writer.write_all(line.as_bytes()).await?;
    }
    Ok(())
}

async fn obey(order: Order, keeper: &Rc<Keeper>) -> Reply {
    // A task of its own: a child whose start has begun must be known even if the asker goes away.
    let keeper = Rc::clone(keeper);
    let done = tokio::task::spawn_local(async move {
        match order {
            Order::Start(child) => keeper.start(child).await.map(Reply::Started),
            Order::Stop(name) => keeper.stop(&name).await.map(|()| Reply::Stopped),
            Order::List => Ok(Reply::Children(keeper.children())),
        }
    });
    match done.await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => Reply::Refused(error.to_string()),
        Err(why) => Reply::Refused(format!("the order was not carried out: {why}")),
    }
}
