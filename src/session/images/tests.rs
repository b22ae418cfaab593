use super::*;
use image::{DynamicImage, ImageFormat, Rgb, Rgba, RgbaImage};
use std::io::Cursor;
use std::path::Path;

/// Pixels without repetition, so that no part of them is like another.
fn picture() -> DynamicImage {
    let value = |x: u32, y: u32, c: u32| ((x * 41 + y * 73 + c * 29 + x * y * 7) % 251) as u8;
    DynamicImage::from(RgbImage::from_fn(37, 23, |x, y| Rgb([0, 1, 2].map(|c| value(x, y, c)))))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Files by name: what Rust encodes, and what only others do.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = [
        ("a.png", ImageFormat::Png),
        ("a.jpg", ImageFormat::Jpeg),
        ("a.gif", ImageFormat::Gif),
        ("a.webp", ImageFormat::WebP),
        ("a.bmp", ImageFormat::Bmp),
        ("a.tiff", ImageFormat::Tiff),
        ("a.tga", ImageFormat::Tga),
        ("a.qoi", ImageFormat::Qoi),
        ("a.ppm", ImageFormat::Pnm),
    ]
    .map(|(name, format)| (name.to_owned(), encoded(&picture(), format)))
    .into();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/images")).unwrap() {
        let path = entry.unwrap().path();
        files.push((path.file_name().unwrap().to_str().unwrap().into(), std::fs::read(&path).unwrap()));
    }
    assert_eq!(files.len(), 16);
    files
}

/// A cut file is refused, or it has every pixel of the whole one: some formats end in what no pixel needs.
#[test]
fn a_file_that_decodes_in_part_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (name, bytes) in files() {
        let path = folder.path().join(&name);
        std::fs::write(&path, &bytes).unwrap();
        let whole = read_at_size(&path, None).unwrap();
        let mut refused = 0;
        let cuts = (1..bytes.len()).filter(|cut| bytes.len() - cut < 20 || cut % 61 == 0);
        for cut in cuts.clone() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            match read_at_size(&path, None) {
                Ok(image) if image == whole => {}
                Err(reason) if reason.starts_with("it is ") => refused += 1,
                _ => wrong.push(format!("{name} from {cut} of {} bytes", bytes.len())),
            }
        }
        assert!(4 * refused > 3 * cuts.count(), "{name}: only {refused} are refused");
    }
    assert_eq!(wrong, [""; 0]);
}

/// What follows the end belongs to no pixel, as the videos that telephones put there.
#[test]
fn a_jpeg_with_more_after_its_end_is_whole() {
    for (name, bytes) in files().into_iter().filter(|(name, _)| Path::new(name).extension() == Some("jpg".as_ref())) {
        let longer = [&bytes[..], b"more of another kind, \xFF\xDA too"].concat();
        assert!(jpeg::decode(&longer).unwrap() == jpeg::decode(&bytes).unwrap(), "{name}");
    }
}

/// The same pixels as other decoders of whole files.
#[test]
fn every_kind_of_jpeg_has_its_pixels() {
    for (name, bytes) in files().into_iter().filter(|(name, _)| Path::new(name).extension() == Some("jpg".as_ref())) {
        let ours = jpeg::decode(&bytes).unwrap();
        let theirs = image::load_from_memory(&bytes).unwrap();
        assert_eq!(ours.color(), theirs.color(), "{name}");
        assert!(ours.as_bytes() == theirs.as_bytes(), "{name}");
    }
}

#[test]
fn transparent_pixels_are_laid_on_white() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    RgbaImage::from_fn(8, 8, |x, _| Rgba([0, 100, 255, if x < 4 { 0 } else { 128 }])).save(&path).unwrap();
    let image = read_at_size(&path, None).unwrap();
    assert_eq!((image[(0, 0)].0, image[(7, 0)].0), ([255; 3], [127, 177, 255]));
    assert_eq!(dimensions(&path), Ok((8, 8)));
}
