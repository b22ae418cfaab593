//! JPEG files, whole ones only: other decoders fill what is missing with grey and say nothing.

use image::{DynamicImage, GrayImage, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The pixels; `None` where they are not all there.
pub(super) fn decode(bytes: &[u8]) -> Option<DynamicImage> {
    if !has_end(bytes) {
        return None;
    }
    decode_as(bytes, true).or_else(|error| if is_harmless(&error) { decode_as(bytes, false) } else { Err(error) }).ok()
}

fn decode_as(bytes: &[u8], strict: bool) -> Result<DynamicImage, DecodeErrors> {
    let options =
        DecoderOptions::default().set_strict_mode(strict).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers()?;
    let grey = matches!(decoder.input_colorspace(), Some(ColorSpace::Luma));
    let space = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    let options = decoder.options().jpeg_set_out_colorspace(space);
    decoder.set_options(options);
    let pixels = decoder.decode()?;
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let (width, height) = decoder.dimensions().map(|(w, h)| (side(w), side(h))).unwrap_or_default();
    let image = if grey {
        GrayImage::from_raw(width, height, pixels).map(DynamicImage::from)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::from)
    };
    image.ok_or(DecodeErrors::ExhaustedData)
}

/// Whether a strict decoder refuses what leaves every pixel as it is: stray bytes between the headers.
fn is_harmless(error: &DecodeErrors) -> bool {
    matches!(error, DecodeErrors::FormatStatic(text) if text.starts_with("[strict-mode]"))
}

/// Whether the marker of the end of the image comes, outside of what other segments hold, such as a preview's.
fn has_end(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        // To the next marker: in the data of a scan, 0xFF 0x00 is a byte of it and restarts belong to it.
        let Some(at) = rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF | 0xD0..=0xD8))
        else {
            return false;
        };
        let (marker, after) = (rest[at + 1], &rest[at + 2..]);
        if marker == 0xD9 {
            return true;
        }
        let Some((length, _)) = after.split_first_chunk::<2>() else { return false };
        // The length counts itself. After a scan's header comes its data, which has no length.
        let Some(next) = after.get(usize::from(u16::from_be_bytes(*length))..) else { return false };
        rest = next;
    }
}
