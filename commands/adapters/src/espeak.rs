//! espeak-ng, a local program that speaks many languages in a plain voice: speech without an account or network. The
//! result is MP3 if lame is installed too, else WAV.

use std::{collections::BTreeSet, process::Stdio, time::Duration};

use async_trait::async_trait;

use super::{
    launcher::Launcher,
    mp3::Mp3Encoder,
    speech_program::{confined, output_of},
};
use ports::{ProviderError, Speech, SpeechRequest, TextToSpeech};

const PROGRAM: &str = "espeak-ng";
/// The limit for one answer; the program speaks about a hundred times faster than a person.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The offsets in a WAV header of the size of the file and of the size of its sound.
const RIFF_SIZE: usize = 4;
const DATA_NAME: usize = 36;
const DATA_SIZE: usize = 40;

/// The program with the languages that it has voices for.
#[derive(Debug, Clone)]
pub struct Espeak {
    launcher: Launcher,
    languages: BTreeSet<String>,
    encoder: Option<Mp3Encoder>,
}

impl Espeak {
    /// Looks for espeak-ng on this machine; `None` if it is not installed.
    pub async fn of_this_machine(launcher: Launcher) -> Option<Self> {
        let listed = confined(&launcher, PROGRAM).arg("--voices").stdin(Stdio::null()).output();
        let output = tokio::time::timeout(TIME_LIMIT, listed).await.ok()?.ok()?;
        let languages = languages(&String::from_utf8_lossy(&output.stdout));
        if languages.is_empty() {
            return None;
        }
        let encoder = Mp3Encoder::of_this_machine(launcher.clone()).await;
        Some(Self { launcher, languages, encoder })
    }

    /// The same as on a machine without lame.
    #[cfg(test)]
    pub(super) fn without_encoder(self) -> Self {
        Self { encoder: None, ..self }
    }

    async fn compressed(&self, wav: Vec<u8>) -> Speech {
        if let Some(encoder) = &self.encoder {
            match encoder.encode(&wav).await {
                Ok(bytes) => return Speech { bytes, extension: "mp3" },
                Err(error) => tracing::warn!(%error, "speech could not be made smaller"),
            }
        }
        Speech { bytes: wav, extension: "wav" }
    }
}

/// The languages in the second column of the list of voices, without regions (`en-gb` is `en`).
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
        // The name becomes an argument of the program, so only names from its own list are passed.
        let voice = self.languages.get(&language).ok_or_else(|| ProviderError::refused("no voice for the language"))?;
        // Text within double brackets would be read as phonemes.
        let text = request.text.replace("[[", "[ [");
        let arguments = ["-b", "1", "-v", voice, "--stdin", "--stdout"];
        let wav = output_of(&self.launcher, PROGRAM, &arguments, text.as_bytes(), TIME_LIMIT).await;
        let wav = wav.map_err(|error| ProviderError::unavailable(error.to_string()))?;
        let wav =
            with_true_sizes(wav).ok_or_else(|| ProviderError::unavailable(format!("{PROGRAM} wrote no WAV file")))?;
        Ok(self.compressed(wav).await)
    }
}

/// Writes the real sizes into the header, which the program writes before it knows the length.
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
        Espeak::of_this_machine(Launcher::unconfined()).await.expect("espeak-ng is installed")
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
        let speech = espeak().await.without_encoder().speak(request("Drink clean water.", "en")).await?;
        let bytes = &speech.bytes;
        assert_eq!(speech.extension, "wav");
        assert_eq!((&bytes[..4], &bytes[8..12]), (b"RIFF".as_slice(), b"WAVE".as_slice()));
        assert_eq!((number(bytes, RIFF_SIZE), number(bytes, DATA_SIZE)), (bytes.len() - 8, bytes.len() - 44));
        // At least half a second of sound, with two bytes a sample.
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

    /// The phonemes that the voice speaks, in espeak's notation.
    async fn sounds(text: &str, language: &str) -> String {
        let text = knowledge::markdown::spoken(text, language);
        let arguments = ["-q", "-x", "-v", language, "--stdin"];
        let written = output_of(&Launcher::unconfined(), PROGRAM, &arguments, text.as_bytes(), TIME_LIMIT).await;
        // Without stress marks, which depend on the neighbouring words.
        String::from_utf8_lossy(&written.expect("the voice speaks")).replace(['\'', ','], "")
    }

    #[tokio::test]
    async fn what_differs_in_a_sign_sounds_different_in_each_language() {
        let pairs = [
            ("SpO2 < 94 %", "SpO2 > 94 %"),
            ("< 94", "94"),
            ("≥ 94", "more than 94"),
            ("≥ 94", "> 94"),
            ("≤ 94", "< 94"),
            ("≥ 94", "≤ 94"),
            ("-5", "5"),
            ("5-10 mg", "5 10 mg"),
            ("1-0-1", "101"),
            ("10⁹", "10 9"),
            ("B₁₂", "B"),
            ("a → b", "a b"),
            ("5 ± 1", "5 1"),
            ("5 × 3", "5 3"),
            ("≈ 5", "5"),
            ("a = b", "a b"),
            ("a ≠ b", "a = b"),
            ("5 + 5", "5 5"),
            ("¼", "¾"),
            ("5 mcg", "5 mg"),
            ("5 °C", "5 °F"),
            ("5°", "5"),
            ("5 ‰", "5 %"),
            ("☐ a", "☑ a"),
            ("1:1000", "1 1000"),
            (".5 mg", "5 mg"),
            ("0,5", "0 5"),
            ("1/2", "1 2"),
            ("5 mg BD", "5 mg TDS"),
            ("5 m²", "5 m³"),
            ("൫ mg", "൬ mg"),
            ("५ mg", "६ mg"),
        ];
        let mut alike = Vec::new();
        for language in ["en", "hi", "ml", "ta", "te", "kn", "mr", "pa", "gu", "bn"] {
            for (one, other) in pairs {
                if sounds(one, language).await == sounds(other, language).await {
                    alike.push((language, one, other));
                }
            }
            for (text, part) in [("10⁹", "9"), ("B₁₂", "12"), ("1,00,000 mg", "100000"), ("1-0-1", "0")] {
                let (text, part) = (sounds(text, language).await, sounds(part, language).await);
                assert!(text.contains(part.trim()), "{language}: {text} has no {part}");
            }
        }
        assert_eq!(alike, Vec::new());
    }

    #[test]
    fn what_is_no_wav_file_is_no_speech() {
        assert_eq!(with_true_sizes(b"".to_vec()), None);
        assert_eq!(with_true_sizes(vec![0; 100]), None);
    }
}
