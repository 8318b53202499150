//! espeak-ng, a program of this machine that speaks many languages in a plain voice: speech without account or network.

use std::{collections::BTreeSet, io, process::Stdio, time::Duration};

use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use super::web_service::MAX_AUDIO_BYTES;
use crate::ports::{ProviderError, Speech, SpeechRequest, TextToSpeech};

const PROGRAM: &str = "espeak-ng";
/// It speaks about a hundred times faster than a person.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Where a WAV file says how long it is, and how much of that is sound.
const RIFF_SIZE: usize = 4;
const DATA_NAME: usize = 36;
const DATA_SIZE: usize = 40;

/// The program, with the languages that it has voices for.
#[derive(Debug, Clone)]
pub struct Espeak {
    languages: BTreeSet<String>,
}

impl Espeak {
    /// `None` if this machine has no espeak-ng.
    pub async fn of_this_machine() -> Option<Self> {
        let listed = Command::new(PROGRAM).arg("--voices").stdin(Stdio::null()).kill_on_drop(true).output();
        let output = tokio::time::timeout(TIME_LIMIT, listed).await.ok()?.ok()?;
        let languages = languages(&String::from_utf8_lossy(&output.stdout));
        (!languages.is_empty()).then_some(Self { languages })
    }
}

/// The second column of the list of voices, without regions (`en-gb` is `en`).
fn languages(voices: &str) -> BTreeSet<String> {
    voices
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().nth(1)?.split('-').next().map(str::to_owned))
        .collect()
}

#[async_trait]
impl TextToSpeech for Espeak {
    fn speaks(&self, language: &str) -> bool {
        self.languages.contains(&language.to_ascii_lowercase())
    }

    async fn speak(&self, request: SpeechRequest<'_>) -> Result<Speech, ProviderError> {
        let language = request.language.to_ascii_lowercase();
        // The name becomes an argument: only those of the program's own list do.
        let voice = self.languages.get(&language).ok_or_else(|| ProviderError::refused("no voice for the language"))?;
        // What is between double brackets would be read as phonemes.
        let text = request.text.replace("[[", "[ [");
        match tokio::time::timeout(TIME_LIMIT, wav(voice, text)).await {
            Ok(Ok(bytes)) => Ok(Speech { bytes, extension: "wav" }),
            Ok(Err(error)) => Err(ProviderError::unavailable(error.to_string())),
            Err(_) => Err(ProviderError::unavailable("no speech in time")),
        }
    }
}

async fn wav(voice: &str, text: String) -> io::Result<Vec<u8>> {
    let mut child = Command::new(PROGRAM)
        .args(["-b", "1", "-v", voice, "--stdin", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let write = async {
        if let Some(mut stdin) = stdin.take() {
            stdin.write_all(text.as_bytes()).await?;
        }
        Ok::<_, io::Error>(())
    };
    let read = async {
        let mut bytes = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MAX_AUDIO_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
        }
        Ok::<_, io::Error>(bytes)
    };
    let ((), bytes) = tokio::try_join!(write, read)?;
    if bytes.len() > MAX_AUDIO_BYTES {
        return Err(io::Error::other("the speech is too long"));
    }
    let status = child.wait().await?;
    if !status.success() {
        return Err(io::Error::other(format!("{PROGRAM} ended with {status}")));
    }
    with_true_sizes(bytes).ok_or_else(|| io::Error::other(format!("{PROGRAM} wrote no WAV file")))
}

/// The program writes the header before it knows the length.
fn with_true_sizes(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let length = u32::try_from(bytes.len()).ok()?;
    let is_wav = bytes.starts_with(b"RIFF") && bytes.get(DATA_NAME..DATA_SIZE)? == b"data" && length > 44;
    if !is_wav {
        return None;
    }
    bytes[RIFF_SIZE..RIFF_SIZE + 4].copy_from_slice(&(length - 8).to_le_bytes());
    bytes[DATA_SIZE..DATA_SIZE + 4].copy_from_slice(&(length - 44).to_le_bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scripts/setup.sh test` installs the program.
    async fn espeak() -> Espeak {
        Espeak::of_this_machine().await.expect("espeak-ng is installed")
    }

    fn request<'a>(text: &'a str, language: &'a str) -> SpeechRequest<'a> {
        SpeechRequest { text, language, api_key: None }
    }

    fn number(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")).try_into().expect("fits")
    }

    #[tokio::test]
    async fn it_speaks_the_languages_of_the_wards() {
        let espeak = espeak().await;
        for language in ["en", "hi", "ml", "ta", "te", "kn", "mr", "pa", "gu", "bn"] {
            assert!(espeak.speaks(language), "{language}");
        }
        assert!(!espeak.speaks("xx") && !espeak.speaks("-w/tmp/x") && !espeak.speaks(""));
    }

    #[tokio::test]
    async fn speech_is_a_wav_file_that_says_how_long_it_is() -> Result<(), ProviderError> {
        let speech = espeak().await.speak(request("Drink clean water.", "en")).await?;
        let bytes = &speech.bytes;
        assert_eq!(speech.extension, "wav");
        assert_eq!((&bytes[..4], &bytes[8..12]), (b"RIFF".as_slice(), b"WAVE".as_slice()));
        assert_eq!((number(bytes, RIFF_SIZE), number(bytes, DATA_SIZE)), (bytes.len() - 8, bytes.len() - 44));
        // Half a second of sound at least, at two bytes a sample.
        assert!(number(bytes, DATA_SIZE) > number(bytes, 24));
        Ok(())
    }

    #[tokio::test]
    async fn a_text_like_options_or_markup_is_only_spoken() -> Result<(), ProviderError> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let target = folder.path().join("x.wav");
        let text = format!("-w {}\n<audio src=\"/etc/passwd\"/> [[_^_en]]", target.display());
        assert!(!espeak().await.speak(request(&text, "en")).await?.bytes.is_empty());
        assert!(!target.exists());
        Ok(())
    }

    #[tokio::test]
    async fn a_language_without_a_voice_is_refused_without_a_process() {
        let error = espeak().await.speak(request("x", "--path=/tmp")).await.err();
        assert!(matches!(error, Some(ProviderError::Refused(_))), "{error:?}");
    }

    #[test]
    fn what_is_no_wav_file_is_no_speech() {
        assert_eq!(with_true_sizes(b"".to_vec()), None);
        assert_eq!(with_true_sizes(vec![0; 100]), None);
    }
}
