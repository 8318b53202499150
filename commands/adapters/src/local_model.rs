//! An embedding model on this machine: a program that reads texts and writes vectors, in processes of its own.
//!
//! `make models` makes the folder: the program `embed` (`scripts/models/embed.c` documents its protocol) with the
//! weights of multilingual-e5-small. A process that fails or hangs is killed, and the next request starts another one.
//!
//! The model's vectors all point into nearly the same direction, so that unrelated texts seem alike, and languages are
//! separated along it. That direction, the mean of everyday texts, is subtracted from each vector (Mu and Viswanath,
//! "All-but-the-Top", 2018): questions in other languages find more, and the scores of unrelated texts are near 0.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout},
    sync::{Mutex, OnceCell, Semaphore},
    time::timeout,
};

use super::launcher::Launcher;
use crate::sandbox::Confinement;
use ports::{Embedder, ProviderError, TextKind};

/// The model's name, which is stored with every vector. Another model, or another way to read texts, needs another
/// name.
pub const MODEL: &str = "local-multilingual-e5-small-2";
/// The program's name in the folder.
const PROGRAM: &str = "embed";
/// Sentences of nurses about many subjects, one a line, in English, Hindi and Malayalam: the mean of their vectors is
/// the shared direction.
const EVERYDAY_TEXTS: &str = include_str!("local_model/everyday_texts.txt");
/// Texts in a request: few, so that several processes share the passages of one document.
const BATCH: usize = 8;
/// Processes that embed passages. Questions have a process of their own, and never wait behind a long document.
const PASSAGE_PROCESSES: usize = 2;
/// The time limits for the start of a process and for each text: many times what they need.
const START_PATIENCE: Duration = Duration::from_mins(1);
const TEXT_PATIENCE: Duration = Duration::from_secs(15);
/// Bytes that a process may fill: several times the size of the weights.
const MEMORY: u64 = 2_048 * 1_048_576;
/// Dimensions of a vector, at most; no model has as many, so that a larger number is a protocol error.
const MOST_DIMENSIONS: u32 = 16_384;

/// A folder with a model and its program.
pub struct LocalModel {
    launcher: Launcher,
    folder: PathBuf,
    questions: Processes,
    passages: Processes,
    /// The shared direction, of length 1; computed before the first vector is returned.
    shared_direction: OnceCell<Vec<f32>>,
}

/// A pool of processes that are started when they are needed, up to a limit.
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
    /// Kept because dropping it kills the process.
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl LocalModel {
    /// Uses the model in this folder.
    ///
    /// # Errors
    /// An error of the operating system if the folder does not contain the program.
    pub fn in_folder(folder: &Path, launcher: Launcher) -> std::io::Result<Self> {
        std::fs::metadata(folder.join(PROGRAM))?;
        Ok(Self {
            launcher,
            folder: folder.canonicalize()?,
            questions: Processes::at_most(1),
            passages: Processes::at_most(PASSAGE_PROCESSES),
            shared_direction: OnceCell::new(),
        })
    }

    fn start(&self) -> std::io::Result<Process> {
        let readable = vec![self.folder.clone()];
        let confinement = Confinement { memory: MEMORY, readable, ..Confinement::default() };
        // Started with its own folder as working directory: the folders above may be inaccessible to the process's
        // user.
        let mut command = self.launcher.program(&Path::new(".").join(PROGRAM), &confinement);
        command.current_dir(&self.folder).arg(".");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("the process has no pipes"));
        };
        Ok(Process { _child: child, input, output: BufReader::new(output) })
    }

    /// The vectors as the model returns them, with the shared direction.
    async fn embed_plainly(&self, texts: &[String], kind: TextKind) -> Result<Vec<Vec<f32>>, ProviderError> {
        // The model was trained with these prefixes.
        let (processes, role) = match kind {
            TextKind::Question => (&self.questions, "query: "),
            TextKind::Passage => (&self.passages, "passage: "),
        };
        let batches = texts.chunks(BATCH).map(|some| some.iter().map(|text| format!("{role}{text}")).collect());
        let requests: Vec<_> = batches.map(|some| self.embed_batch(processes, some)).collect();
        let batches: Vec<Vec<Vec<f32>>> = stream::iter(requests).buffered(PASSAGE_PROCESSES).try_collect().await?;
        Ok(batches.into_iter().flatten().collect())
    }

    async fn embed_batch(&self, processes: &Processes, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ProviderError> {
        let _permit = processes.permits.acquire().await.map_err(failed)?;
        let idle = processes.idle.lock().await.pop();
        let mut process = idle.map_or_else(|| self.start(), Ok).map_err(failed)?;
        let patience = START_PATIENCE + TEXT_PATIENCE * u32::try_from(texts.len()).unwrap_or(u32::MAX);
        // On every path but the last, the process is dropped and so killed.
        let vectors = timeout(patience, process.embed(&texts)).await.map_err(failed)?.map_err(failed)?;
        processes.idle.lock().await.push(process);
        Ok(vectors)
    }
}

/// The mean of the vectors, scaled to length 1.
fn direction_of(vectors: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for vector in vectors {
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
    }
    to_length_one(&mut sum);
    sum
}

/// The vector without its component along the direction, scaled to length 1.
fn without(direction: &[f32], mut vector: Vec<f32>) -> Vec<f32> {
    let share: f32 = vector.iter().zip(direction).map(|(x, along)| x * along).sum();
    vector.iter_mut().zip(direction).for_each(|(x, along)| *x -= share * along);
    to_length_one(&mut vector);
    vector
}

fn to_length_one(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        for x in vector {
            *x /= length;
        }
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
        let find = || async {
            let everyday: Vec<String> = EVERYDAY_TEXTS.lines().map(str::to_owned).collect();
            Ok::<_, ProviderError>(direction_of(&self.embed_plainly(&everyday, TextKind::Question).await?))
        };
        let shared = self.shared_direction.get_or_try_init(find).await?;
        let vectors = self.embed_plainly(texts, kind).await?;
        Ok(vectors.into_iter().map(|vector| without(shared, vector)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use tempfile::TempDir;

    use super::*;

    /// A script in place of the model's program.
    fn model(script: &str) -> (TempDir, LocalModel) {
        let folder = TempDir::new().expect("made");
        let program = folder.path().join(PROGRAM);
        fs::write(&program, format!("#!/usr/bin/python3\nimport struct, sys\n{script}")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let model = LocalModel::in_folder(folder.path(), Launcher::unconfined()).expect("there is a program");
        (folder, model)
    }

    /// Answers with the length of each text, and exits on a text that requests it.
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
        Some(model.embed_plainly(&texts, kind).await.ok()?.iter().map(|vector| vector[0]).collect())
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

    /// All vectors point along the first axis, and slightly to a side that the text names.
    const SIDES: &str = r#"
read = sys.stdin.buffer.read
while head := read(4):
    texts = [read(struct.unpack("<I", read(4))[0]) for _ in range(struct.unpack("<I", head)[0])]
    sides = [0.1 if b"left" in text else -0.1 if b"right" in text else 0 for text in texts]
    answer = struct.pack("<II", len(texts), 2) + b"".join(struct.pack("<ff", 5, side) for side in sides)
    sys.stdout.buffer.write(answer); sys.stdout.buffer.flush()
"#;

    #[tokio::test]
    async fn what_all_vectors_share_is_taken_out_of_each() {
        let (_folder, model) = model(SIDES);
        let texts = ["left", "right"].map(str::to_owned);
        for kind in [TextKind::Question, TextKind::Passage] {
            assert_eq!(model.embed(&texts, kind).await.expect("it works"), [[0.0, 1.0], [0.0, -1.0]]);
        }
    }

    #[tokio::test]
    async fn nonsense_is_no_vector() {
        let (_folder, model) = model("sys.stdout.buffer.write(struct.pack('<II', 0xffffffff, 0)); sys.stdout.flush()");
        assert_eq!(lengths(&model, &["x"], TextKind::Question).await, None);
        assert!(LocalModel::in_folder("/nowhere".as_ref(), Launcher::unconfined()).is_err());
    }
}
