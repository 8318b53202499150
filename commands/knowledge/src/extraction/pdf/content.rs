//! The content of a file's streams, within limits.

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use hayro_syntax::{
    Filter,
    object::{Array, Dict, Stream},
};

/// The content of a page, which may be divided among several streams.
pub(super) fn contents(page: &Dict<'_>, bytes: &mut u64) -> Vec<u8> {
    if let Some(stream) = page.get::<Stream<'_>>(b"Contents") {
        return decoded(&stream, bytes);
    }
    let mut all = Vec::new();
    let streams = page.get::<Array<'_>>(b"Contents");
    for stream in streams.iter().flat_map(Array::iter::<Stream<'_>>) {
        all.append(&mut decoded(&stream, bytes));
        all.push(b' ');
    }
    all
}

/// The decoded content of a stream, up to the limit: a small stream may be made to fill all memory.
pub(super) fn decoded(stream: &Stream<'_>, bytes: &mut u64) -> Vec<u8> {
    let filters = stream.filters();
    let parameters = stream.dict().get::<Dict<'_>>(b"DecodeParms");
    let is_plain = parameters.and_then(|it| it.get::<i32>(b"Predictor")).is_none_or(|it| it < 2);
    let raw = stream.raw_data();
    let data = match filters.as_slice() {
        [] => raw.into_owned(),
        [Filter::FlateDecode] if is_plain => inflated(&raw, *bytes),
        [Filter::Ascii85Decode, Filter::FlateDecode] if is_plain => inflated(&of_ascii85(&raw), *bytes),
        // These filters expand little: a thousand times at most.
        [Filter::Ascii85Decode | Filter::AsciiHexDecode] => stream.decoded_data().unwrap_or_default().into_owned(),
        [Filter::LzwDecode | Filter::RunLengthDecode] if raw.len() < 65_536 => {
            stream.decoded_data().unwrap_or_default().into_owned()
        }
        _ => Vec::new(),
    };
    let size = data.len() as u64;
    if size > *bytes {
        return Vec::new();
    }
    *bytes -= size;
    data
}

fn inflated(raw: &[u8], limit: u64) -> Vec<u8> {
    let mut data = Vec::new();
    // The data before an error is kept.
    let _ = ZlibDecoder::new(raw).take(limit).read_to_end(&mut data);
    data
}

/// Decodes ASCII85: five characters for four bytes.
fn of_ascii85(text: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(text.len() / 5 * 4);
    let (mut value, mut digits) = (0_u32, 0_usize);
    for byte in text {
        match byte {
            b'z' if digits == 0 => data.extend([0; 4]),
            b'!'..=b'u' => {
                value = value.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                digits += 1;
            }
            b'~' => break,
            _ => {}
        }
        if digits == 5 {
            data.extend(value.to_be_bytes());
            (value, digits) = (0, 0);
        }
    }
    if digits > 1 {
        for _ in digits..5 {
            value = value.wrapping_mul(85).wrapping_add(84);
        }
        data.extend(&value.to_be_bytes()[..digits - 1]);
    }
    data
}
