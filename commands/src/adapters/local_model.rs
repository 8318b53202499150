//! An embedding model on this machine: a program that reads texts and writes vectors, in processes of its own.
//!
//! `make models` makes the folder: the program `embed` (`scripts/models/embed.c` says what is written and read) with the weights of
//! multilingual-e5-small. A process that fails or hangs is killed, and the next request starts another one.

use std::{path::PathBuf, process::Stdio, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Mutex, Semaphore},
    time::timeout,
};

use crate::ports::{Embedder, ProviderError, TextKind};

/// Stored with every vector. Another model, or another way to read texts, needs another name.
pub const MODEL: &str = "local-multilingual-e5-small-1";
/// The program in the folder.
const PROGRAM: &str = "embed";
/// Texts a request: few, so that several processes share the passages of one document.
const BATCH: usize = 8;
/// Processes that embed passages; questions have one of their own, and never wait behind a long document.
const PASSAGE_PROCESSES: usize = 2;
/// For the start of a process, and for each text: many times what they take.
const START_PATIENCE: Duration = Duration::from_secs(60);
const TEXT_PATIENCE: Duration = Duration::from_secs(15);
/// More dimensions than any model has: what claims more is no vector.
const MOST_DIMENSIONS: u32 = 16_384;

/// A folder with a model and its program.
pub struct LocalModel {
    folder: PathBuf,
    questions: Processes,
    passages: Processes,
}

/// Some processes at most, started when they are needed.
struct Processes {
    permits: Semaphore,
    idle: Mutex<Vec<Process>>,
}

impl Processes {
    fn at_most(count: usize) -> Self {
        Self { permits: Semaphore::new(count), idle: Mutex::default() }
    }
}

struct Process {
    /// Killed when it is dropped.
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl LocalModel {
    /// # Errors
    /// If the folder has no program.
    pub fn in_folder(folder: PathBuf) -> std::io::Result<Self> {
        std::fs::metadata(folder.join(PROGRAM))?;
        Ok(Self { folder, questions: Processes::at_most(1), passages: Processes::at_most(PASSAGE_PROCESSES) })
    }

    fn start(&self) -> std::io::Result<Process> {
        let mut command = Command::new(self.folder.join(PROGRAM));
        command.arg(&self.folder).env_clear().kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("the process has no pipes"));
        };
        Ok(Process { _child: child, input, output: BufReader::new(output) })
    }

    async fn embed_batch(&self, processes: &Processes, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ProviderError> {
        let _permit = processes.permits.acquire().await.map_err(failed)?;
        let idle = processes.idle.lock().await.pop();
        let mut process = idle.map_or_else(|| self.start(), Ok).map_err(failed)?;
        let patience = START_PATIENCE + TEXT_PATIENCE * u32::try_from(texts.len()).unwrap_or(u32::MAX);
        // On every way out but the last one the process is dropped.
        let vectors = timeout(patience, process.embed(&texts)).await.map_err(failed)?.map_err(failed)?;
        processes.idle.lock().await.push(process);
        Ok(vectors)
    }
}

fn failed(error: impl std::fmt::Display) -> ProviderError {
    ProviderError::unavailable(format!("the local model: {error}"))
}

impl Process {
    async fn embed(&mut self, texts: &[String]) -> std::io::Result<Vec<Vec<f32>>> {
        let length = |bytes: usize| u32::try_from(bytes).map_err(std::io::Error::other);
        let mut request = length(texts.len())?.to_le_bytes().to_vec();
        for text in texts {
            request.extend(length(text.len())?.to_le_bytes());
            request.extend(text.as_bytes());
        }
        self.input.write_all(&request).await?;
        self.input.flush().await?;
        let (count, dimensions) = (self.output.read_u32_le().await?, self.output.read_u32_le().await?);
        if usize::try_from(count).ok() != Some(texts.len()) || !(1..=MOST_DIMENSIONS).contains(&dimensions) {
            return Err(std::io::Error::other("its answer is not one vector a text"));
        }
        let mut vectors = Vec::with_capacity(texts.len());
        for _ in texts {
            let mut vector = Vec::new();
            for _ in 0..dimensions {
                vector.push(self.output.read_f32_le().await?);
            }
            vectors.push(vector);
        }
        Ok(vectors)
    }
}

#[async_trait]
impl Embedder for LocalModel {
    fn model(&self) -> &str {
        MODEL
    }

    async fn embed(&self, texts: &[String], kind: TextKind) -> Result<Vec<Vec<f32>>, ProviderError> {
        // The model was trained with these words before its texts.
        let (processes, role) = match kind {
            TextKind::Question => (&self.questions, "query: "),
            TextKind::Passage => (&self.passages, "passage: "),
        };
        let batches = texts.chunks(BATCH).map(|some| some.iter().map(|text| format!("{role}{text}")).collect());
        let requests: Vec<_> = batches.map(|some| self.embed_batch(processes, some)).collect();
        let batches: Vec<Vec<Vec<f32>>> = stream::iter(requests).buffered(PASSAGE_PROCESSES).try_collect().await?;
        Ok(batches.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use tempfile::TempDir;

    use super::*;

    /// A program in the place of the model's.
    fn model(script: &str) -> (TempDir, LocalModel) {
        let folder = TempDir::new().expect("made");
        let program = folder.path().join(PROGRAM);
        fs::write(&program, format!("#!/usr/bin/python3\nimport struct, sys\n{script}")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let model = LocalModel::in_folder(folder.path().to_owned()).expect("there is a program");
        (folder, model)
    }

    /// Answers with the length of each text, and dies of the text that tells it to.
    const LENGTHS: &str = r#"
read = sys.stdin.buffer.read
while head := read(4):
    texts = [read(struct.unpack("<I", read(4))[0]) for _ in range(struct.unpack("<I", head)[0])]
    if any(b"die" in text for text in texts): sys.exit(1)
    answer = struct.pack("<II", len(texts), 2) + b"".join(struct.pack("<ff", len(text), 0.5) for text in texts)
    sys.stdout.buffer.write(answer); sys.stdout.buffer.flush()
"#;

    async fn lengths(model: &LocalModel, texts: &[&str], kind: TextKind) -> Option<Vec<f32>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Some(model.embed(&texts, kind).await.ok()?.iter().map(|vector| vector[0]).collect())
    }

    #[tokio::test]
    async fn each_text_gets_its_vector_in_order_and_is_read_as_what_it_is() {
        let (_folder, model) = model(LENGTHS);
        let many: Vec<String> = (0..30).map(|n| "x".repeat(n)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let expected: Vec<f32> = (0..30_u8).map(|n| f32::from(n + 9)).collect();
        assert_eq!(lengths(&model, &many, TextKind::Passage).await, Some(expected));
        assert_eq!(lengths(&model, &["ज"], TextKind::Question).await, Some(vec![7.0 + 3.0]));
        assert_eq!(lengths(&model, &[], TextKind::Passage).await, Some(vec![]));
    }

    #[tokio::test]
    async fn a_process_that_died_is_replaced() {
        let (_folder, model) = model(LENGTHS);
        assert_eq!(lengths(&model, &["die"], TextKind::Question).await, None);
        assert_eq!(lengths(&model, &["live"], TextKind::Question).await, Some(vec![11.0]));
    }

    #[tokio::test]
    async fn nonsense_is_no_vector() {
        let (_folder, model) = model("sys.stdout.buffer.write(struct.pack('<II', 0xffffffff, 0)); sys.stdout.flush()");
        assert_eq!(lengths(&model, &["x"], TextKind::Question).await, None);
        assert!(LocalModel::in_folder("/nowhere".into()).is_err());
    }
}
