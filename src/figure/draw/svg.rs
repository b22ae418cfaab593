//! A scene as SVG 1.1: paths and embedded pictures only, so it looks the same wherever it is opened.

use super::scene::{Colour, Ink, Item, Path, PathSegment, Rect, Scene};
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use std::fmt::Write;

/// Writes the scene.
pub(super) fn write(scene: &Scene) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_into(scene, &mut out);
    out
}

fn write_into(scene: &Scene, out: &mut String) -> std::fmt::Result {
    let (width, height) = (number(scene.size.0), number(scene.size.1));
    let mut items = scene.groups.iter().flat_map(|group| &group.items);
    let pictures = items.any(|item| matches!(item.ink, Ink::Picture(..)));
    let links = if pictures { " xmlns:xlink=\"http://www.w3.org/1999/xlink\"" } else { "" };
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\"{links} width=\"{width}pt\" height=\"{height}pt\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title desc\">"
    )?;
    writeln!(out, "<title id=\"title\">{}</title>", escaped(&scene.title))?;
    writeln!(out, "<desc id=\"desc\">{}</desc>", escaped(&scene.description))?;
    let clips = clips(scene);
    if !clips.is_empty() {
        out.push_str("<defs>\n");
        for (index, clip) in clips.iter().enumerate() {
            writeln!(out, "<clipPath id=\"clip-{index}\">{}</clipPath>", rect(*clip, ""))?;
        }
        out.push_str("</defs>\n");
    }
    let whole = Rect { left: 0.0, top: 0.0, right: scene.size.0, bottom: scene.size.1 };
    writeln!(out, "{}", rect(whole, &format!(" fill=\"{}\"", hex(scene.background))))?;
    for group in &scene.groups {
        let (id, label) = (escaped(&group.id), escaped(&group.label));
        writeln!(out, "<g id=\"{id}\" role=\"group\" aria-label=\"{label}\">")?;
        for item in &group.items {
            write_item(item, &clips, out)?;
        }
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    Ok(())
}

fn write_item(item: &Item, clips: &[Rect], out: &mut String) -> std::fmt::Result {
    out.push_str(if matches!(item.ink, Ink::Picture(..)) { "<image" } else { "<path" });
    if let Some(id) = &item.id {
        write!(out, " id=\"{}\"", escaped(id))?;
    }
    if !item.label.is_empty() {
        write!(out, " role=\"img\" aria-label=\"{}\"", escaped(&item.label))?;
    }
    if let Some(index) = item.clip.and_then(|clip| clips.iter().position(|&other| other == clip)) {
        write!(out, " clip-path=\"url(#clip-{index})\"")?;
    }
    match &item.ink {
        Ink::Fill(colour) => write!(out, " fill=\"{}\"", hex(*colour))?,
        Ink::Stroke { colour, width, dash } => {
            let (colour, width) = (hex(*colour), number(*width));
            write!(out, " fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"")?;
            if !dash.is_empty() {
                let dash: Vec<String> = dash.iter().map(|&length| number(length)).collect();
                write!(out, " stroke-dasharray=\"{}\"", dash.join(" "))?;
            }
        }
        Ink::Picture(rect, picture) => {
            let [x, y, width, height] = [rect.left, rect.top, rect.width(), rect.height()].map(number);
            let data = base64(&png_of(&picture.embedded(*rect)));
            return writeln!(
                out,
                " x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
                 image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\" \
                 xlink:href=\"data:image/png;base64,{data}\"/>"
            );
        }
    }
    let data = if matches!(item.ink, Ink::Fill(_)) { outline(&item.path) } else { data(&item.path) };
    writeln!(out, " d=\"{data}\"/>")
}

/// An image as the bytes of a PNG; `None` if it has no pixels.
fn png_of(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, PngFilter::Adaptive);
    // Writing to memory fails only for an empty image.
    let _ = encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8);
    bytes
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for digit in 0..4 {
            let digits = DIGITS[(word >> (18 - 6 * digit)) as usize & 63];
            out.push(if digit > chunk.len() { '=' } else { char::from(digits) });
        }
    }
    out
}

/// The clips of a scene, each once.
fn clips(scene: &Scene) -> Vec<Rect> {
    let mut clips = Vec::new();
    for clip in scene.groups.iter().flat_map(|group| &group.items).filter_map(|item| item.clip) {
        if !clips.contains(&clip) {
            clips.push(clip);
        }
    }
    clips
}

fn rect(rect: Rect, more: &str) -> String {
    let [x, y, width, height] = [rect.left, rect.top, rect.width(), rect.height()].map(number);
    format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{more}/>")
}

fn data(path: &Path) -> String {
    let pair = |[x, y]: [f64; 2]| format!("{} {}", number(x), number(y));
    let segment = |segment: &PathSegment| match *segment {
        PathSegment::Move(end) => format!("M{}", pair(end)),
        PathSegment::Line(end) => format!("L{}", pair(end)),
        PathSegment::Quad(control, end) => format!("Q{} {}", pair(control), pair(end)),
        PathSegment::Cubic(first, second, end) => format!("C{} {} {}", pair(first), pair(second), pair(end)),
        PathSegment::Close => "Z".to_owned(),
    };
    path.0.iter().map(segment).collect()
}

/// The path of a filled shape, mostly letters, in few bytes: hundredths of a point, each position relative to the one before.
fn outline(path: &Path) -> String {
    let mut out = String::new();
    let whole = |[x, y]: [f64; 2]| [x, y].map(|value| (100.0 * value).round());
    let (mut at, mut begin, mut last) = ([0.0; 2], [0.0; 2], ' ');
    for segment in &path.0 {
        let (letter, places): (char, Vec<[f64; 2]>) = match *segment {
            PathSegment::Move(end) => ('m', vec![end]),
            PathSegment::Line(end) => ('l', vec![end]),
            PathSegment::Quad(control, end) => ('q', vec![control, end]),
            PathSegment::Cubic(first, second, end) => ('c', vec![first, second, end]),
            PathSegment::Close => ('z', Vec::new()),
        };
        // A repeated command letter is omitted after the first; but after m an omitted one would mean l.
        let again = letter == last && letter != 'm';
        if !again {
            out.push(letter);
        }
        for (index, place) in places.into_iter().map(whole).enumerate() {
            for (axis, (here, there)) in at.iter().zip(place).enumerate() {
                if index + axis > 0 || again {
                    out.push(' ');
                }
                out.push_str(&hundredths(there - here));
            }
            if index + 1 == end_of(letter) {
                at = place;
            }
        }
        match letter {
            'm' => begin = at,
            'z' => at = begin,
            _ => {}
        }
        last = letter;
    }
    out
}

/// Number of points per path command; the last is its end.
const fn end_of(letter: char) -> usize {
    match letter {
        'q' => 2,
        'c' => 3,
        _ => 1,
    }
}

/// Hundredths as units, without the zero before the point.
fn hundredths(value: f64) -> String {
    let text = number(value / 100.0);
    match text.strip_prefix("-0.") {
        Some(rest) => format!("-.{rest}"),
        None => text.strip_prefix("0.").map_or_else(|| text.clone(), |rest| format!(".{rest}")),
    }
}

/// Thousandths of a point.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

fn hex([r, g, b]: Colour) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Escaped text for an element or a quoted attribute, without characters that XML does not allow.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            control if control.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_text() {
        let vectors = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (bytes, text) in vectors {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xFB, 0xEF, 0xFF]), "++//");
    }

    #[test]
    fn text_is_escaped_and_numbers_are_short() {
        assert_eq!(escaped("a<b & \"c\"\u{0}\u{1b}>"), "a&lt;b &amp; &quot;c&quot;&gt;");
        assert_eq!([0.0, -0.0001, 1.5, 12.0, -3.1419].map(number), ["0", "0", "1.5", "12", "-3.142"]);
        let path = Path::polyline([[0.0, 1.0], [2.0, f64::NAN], [3.0, 4.0], [5.0, 6.5]]);
        assert_eq!(data(&path), "M0 1M3 4L5 6.5");
        assert_eq!(outline(&path), "m0 1m3 3l2 2.5");
        let (quad, line) = (|to: f64| PathSegment::Quad([0.5, to], [1.0, to]), PathSegment::Line([2.25, 2.0]));
        let letter = [PathSegment::Move([1.004, 1.0]), quad(1.5), quad(0.5), PathSegment::Close, line, line];
        assert_eq!(outline(&Path(letter.to_vec())), "m1 1q-.5 .5 0 .5 -.5 -1 0 -1zl1.25 1 0 0");
    }
}
