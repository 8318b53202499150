//! lame, a local program that encodes WAV as MP3: an eleventh of the size, and playable in every browser.

use std::{io, process::Stdio, time::Duration};

use super::{
    launcher::Launcher,
    speech_program::{confined, output_of},
};

const PROGRAM: &str = "lame";
/// One channel at a constant 32 kbit/s, as Google's voices come; from a constant rate players know the length, and below
/// it lame would change the sampling rate, which takes longer. No tag, because it would be written over the beginning at
/// the end, when that has already been read. The gain of replay would stand in that tag: lame 3.100 analyses it all the
/// same, in over half of its time, unless told not to. Quality 7 encodes a single channel to the same bytes as 9.
const ARGUMENTS: [&str; 11] = ["--quiet", "-q", "7", "-m", "m", "-b", "32", "-t", "--noreplaygain", "-", "-"];
/// The limit for one recording; the program works more than a hundred times faster than a person speaks.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Whether the bytes begin like MP3, with a tag or a frame. Web pages and errors in JSON do not.
pub(super) fn is_mp3(bytes: &[u8]) -> bool {
    bytes.starts_with(b"ID3") || matches!(bytes, [0xFF, second, ..] if second & 0xE0 == 0xE0)
}

/// The program lame.
#[derive(Debug, Clone)]
pub struct Mp3Encoder(Launcher);

impl Mp3Encoder {
    /// Looks for lame on this machine; `None` if it is not installed.
    pub async fn of_this_machine(launcher: Launcher) -> Option<Self> {
        let asked = confined(&launcher, PROGRAM).arg("--version").stdin(Stdio::null()).output();
        let output = tokio::time::timeout(TIME_LIMIT, asked).await.ok()?.ok()?;
        output.status.success().then_some(Self(launcher))
    }

    /// Encodes a WAV file as MP3.
    ///
    /// # Errors
    /// An [`io::Error`] if the program cannot be started, fails, or takes longer than 30 seconds.
    pub async fn encode(&self, wav: &[u8]) -> io::Result<Vec<u8>> {
        output_of(&self.0, PROGRAM, &ARGUMENTS, wav, TIME_LIMIT).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::espeak::Espeak;
    use ports::{SpeechRequest, TextToSpeech};

    /// The duration in seconds of a WAV file of one channel with two bytes a sample.
    fn length(wav: &[u8]) -> f64 {
        let number = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().expect("four bytes"));
        f64::from(number(40)) / 2.0 / f64::from(number(24))
    }

    #[test]
    fn what_is_no_sound_is_not_taken_for_mp3() {
        for sound in [b"ID3\x04".as_slice(), b"\xFF\xFB\x90", b"\xFF\xF3\x40"] {
            assert!(is_mp3(sound), "{sound:?}");
        }
        for other in [b"<html>login</html>".as_slice(), b"{\"error\":{}}", b"", b"\xFF", b"\xFF\xD8\xFF", b"RIFF"] {
            assert!(!is_mp3(other), "{other:?}");
        }
    }

    /// `scripts/setup.sh test` installs both programs.
    #[tokio::test]
    async fn speech_as_mp3_is_a_small_part_of_the_size_and_lasts_as_long() {
        let espeak = Espeak::of_this_machine(Launcher::unconfined()).await.expect("espeak-ng is installed");
        let text = "Give ten to twenty milligrams of zinc a day for fourteen days. ".repeat(9);
        let request = SpeechRequest { text: &text, language: "en", api_key: None };
        let wav = espeak.clone().without_encoder().speak(request.clone()).await.expect("it speaks");
        let mp3 = espeak.speak(request).await.expect("it speaks");
        assert_eq!((wav.extension, mp3.extension), ("wav", "mp3"));
        assert_eq!((is_mp3(&wav.bytes), is_mp3(&mp3.bytes)), (false, true));
        assert!(mp3.bytes.len() * 10 < wav.bytes.len(), "{} of {} bytes", mp3.bytes.len(), wav.bytes.len());
        // The first frame of MPEG-2, layer III, is at the first byte.
        assert!(mp3.bytes.starts_with(&[0xff, 0xf3]), "{:?}", &mp3.bytes[..4]);

        let arguments = ["--quiet", "--decode", "--mp3input", "-", "-"];
        let mut decoded = output_of(&Launcher::unconfined(), PROGRAM, &arguments, &mp3.bytes, TIME_LIMIT)
            .await
            .expect("it can be decoded");
        // The decoder writes the header before it knows the length.
        let size = u32::try_from(decoded.len() - 44).expect("it fits");
        decoded[40..44].copy_from_slice(&size.to_le_bytes());
        assert!(
            (length(&decoded) - length(&wav.bytes)).abs() < 0.2,
            "{} s, {} s",
            length(&decoded),
            length(&wav.bytes)
        );
    }

    #[tokio::test]
    async fn what_is_no_sound_is_an_error() {
        let encoder = Mp3Encoder::of_this_machine(Launcher::unconfined()).await.expect("lame is installed");
        encoder.encode(b"RIFF and so on").await.expect_err("it is no WAV file");
    }
}
