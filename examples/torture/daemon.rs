//! The daemon as a child process, and the other commands beside it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use shelfd::lab::config_file::{self, DaemonPorts};
use shelfd::lab::world::WorldDescription;

/// Short, as in the demo: a row counts after 300 ms, and Drive is asked as often.
const TIMING: &str = "settle_secs = 0.3\npoll_secs = 0.3";
/// A command that takes longer hangs.
const COMMAND_WITHIN: Duration = Duration::from_secs(120);
/// The daemon itself gives up draining after 20 s.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// A binary with a configuration and a ledger on disk.
pub struct Daemon {
    binary: PathBuf,
    config: PathBuf,
    dir: tempfile::TempDir,
}

/// How a command ended, and what it said.
pub struct Ended {
    status: ExitStatus,
    words: String,
}

impl Ended {
    /// An error unless it ended so.
    pub fn expect_exit(self, codes: &[i32]) -> anyhow::Result<Self> {
        ensure!(self.status.code().is_some_and(|code| codes.contains(&code)), "{}\n{}", self.status, self.words);
        Ok(self)
    }
}

impl Daemon {
    /// Write a configuration for a world.
    pub fn prepare(binary: &Path, world: &WorldDescription) -> anyhow::Result<Self> {
        ensure!(binary.is_file(), "{} is not there: build it first, or use `make torture`", binary.display());
        let dir = tempfile::tempdir()?;
        let ports = DaemonPorts { listener: port()?, admin: port()? };
        let config = config_file::write(world, dir.path(), ports)?;
        let text = std::fs::read_to_string(&config)?;
        ensure!(text.contains("\n[sheet]\n"), "the lab's configuration has no [sheet]");
        std::fs::write(&config, text.replace("\n[sheet]\n", &format!("\n[sheet]\n{TIMING}\n")))?;
        Ok(Self { binary: binary.to_owned(), config, dir })
    }

    /// The ledger file.
    pub fn ledger(&self) -> PathBuf {
        self.dir.path().join("shelfd.db")
    }

    /// Start the daemon. It is the caller's to end.
    pub fn start(&self) -> anyhow::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = self.binary(&["run"]);
        command.stdout(Stdio::null()).stderr(log).spawn().context("the daemon cannot be started")
    }

    /// Ask the daemon to end, and wait for it.
    pub async fn stop(&self, mut child: Child) -> anyhow::Result<()> {
        let signalled = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
        ensure!(signalled.success(), "the daemon could not be told to stop");
        let status = wait(&mut child, STOP_WITHIN).await?;
        ensure!(status.success(), "the daemon stopped with {status}\n{}", self.last_words());
        Ok(())
    }

    /// Run another command to its end. The lab goes on meanwhile.
    pub async fn command(&self, args: &[&str]) -> anyhow::Result<Ended> {
        let err = self.dir.path().join("command.err");
        let mut command = self.binary(args);
        let mut child = command.stdout(Stdio::null()).stderr(File::create(&err)?).spawn()?;
        let status = wait(&mut child, COMMAND_WITHIN).await.with_context(|| format!("shelfd {args:?}"))?;
        Ok(Ended { status, words: std::fs::read_to_string(err)? })
    }

    fn binary(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).arg("--config").arg(&self.config).stdin(Stdio::null()).env_remove("RUST_LOG");
        command
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("daemon.log")
    }

    /// Bytes logged so far.
    pub fn log_length(&self) -> u64 {
        std::fs::metadata(self.log()).map_or(0, |meta| meta.len())
    }

    /// Logged lines that name a SKU, from a place in the log on.
    pub fn log_lines(&self, from: u64, sku: &str) -> Vec<String> {
        let mut text = Vec::new();
        let read = File::open(self.log()).and_then(|mut log| {
            log.seek(SeekFrom::Start(from))?;
            log.read_to_end(&mut text)
        });
        if read.is_err() || sku.is_empty() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&text);
        // JSON lines start with the time, so they sort with the rest.
        let line = |line: &str| line.strip_prefix(r#"{"timestamp":""#).unwrap_or(line).to_owned();
        text.lines().filter(|line| line.contains(sku)).map(line).collect()
    }

    /// The end of the log.
    pub fn last_words(&self) -> String {
        let text = std::fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// Wait without holding up the lab. A child that takes too long is killed.
async fn wait(child: &mut Child, limit: Duration) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("did not end within {limit:?}");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A free port below those that outgoing connections get: it must be there again after each kill.
fn port() -> anyhow::Result<u16> {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000)?;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    static TAKEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let port = (start..32_000).find(|port| !taken.contains(port) && free(port)).context("no port is free")?;
    taken.push(port);
    Ok(port)
}
