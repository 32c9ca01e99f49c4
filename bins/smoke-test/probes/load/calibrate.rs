//! How far times are off that have nothing to do with any service: timers that ring late, and an
//! echo on this machine.

use super::timer::Timer;
use crate::client::milliseconds;
use crate::facts::Calibration;
use crate::spread::Spread;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// Each round rests for a millisecond, as requests come after a rest and not in a rush: about 300 ms
/// in all, of which hardly any is processor time.
const ROUNDS: u32 = 250;
const REST: Duration = Duration::from_millis(1);
/// Longer than this no machine needs, however busy.
const LONGEST: Duration = Duration::from_secs(5);

/// Measures the instrument itself; none where this machine cannot talk to itself.
pub(crate) async fn calibrate() -> Option<Calibration> {
    let measured = tokio::time::timeout(LONGEST, measured()).await;
    measured.ok()?.ok()
}

async fn measured() -> std::io::Result<Calibration> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (asking, answering) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (asking, (mut answering, _)) = (asking?, answering?);
    asking.set_nodelay(true)?;
    answering.set_nodelay(true)?;
    let echo = async {
        let mut byte = [0];
        while answering.read(&mut byte).await? > 0 {
            answering.write_all(&byte).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    let (times, ended) = tokio::join!(rounds(asking), echo);
    ended?;
    let (rings, echoes) = times?;
    Ok(Calibration {
        timer: rings.value(0.99),
        echo: echoes.value(0.5),
        slowest_echo: echoes.value(0.99),
    })
}

/// How late each timer rang, and how long each echo took.
async fn rounds(mut asking: TcpStream) -> std::io::Result<(Spread, Spread)> {
    let timer = Timer::new();
    let (mut rings, mut echoes) = (Vec::new(), Vec::new());
    let mut byte = [0];
    for _ in 0..ROUNDS {
        let at = Instant::now() + REST;
        timer.until(at).await;
        let start = Instant::now();
        rings.push(milliseconds(start - at));
        asking.write_all(&byte).await?;
        asking.read_exact(&mut byte).await?;
        echoes.push(milliseconds(start.elapsed()));
    }
    Ok((
        Spread::of(rings.into_iter()),
        Spread::of(echoes.into_iter()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_measured() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let found = runtime
            .expect("a runtime can be made")
            .block_on(calibrate());
        let found = found.expect("there is a loopback");
        assert!(
            found.echo > 0.0 && found.echo <= found.slowest_echo,
            "{found:?}"
        );
        assert!(found.jitter() >= found.timer, "{found:?}");
    }
}
