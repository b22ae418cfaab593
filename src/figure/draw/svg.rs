//! A scene as SVG 1.1: paths only, so it looks the same wherever it is opened.

use super::scene::{Colour, Ink, Item, Path, Rect, Scene, Segment};
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
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" \
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
    out.push_str("<path");
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
    }
    writeln!(out, " d=\"{}\"/>", data(&item.path))
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
    let segment = |segment: &Segment| match *segment {
        Segment::Move(end) => format!("M{}", pair(end)),
        Segment::Line(end) => format!("L{}", pair(end)),
        Segment::Quad(control, end) => format!("Q{} {}", pair(control), pair(end)),
        Segment::Cubic(first, second, end) => format!("C{} {} {}", pair(first), pair(second), pair(end)),
        Segment::Close => "Z".to_owned(),
    };
    path.0.iter().map(segment).collect()
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

/// Text as it may stand in an element or a quoted attribute; what XML cannot hold is left out.
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
    fn text_is_escaped_and_numbers_are_short() {
        assert_eq!(escaped("a<b & \"c\"\u{0}\u{1b}>"), "a&lt;b &amp; &quot;c&quot;&gt;");
        assert_eq!([0.0, -0.0001, 1.5, 12.0, -3.1419].map(number), ["0", "0", "1.5", "12", "-3.142"]);
        let path = Path::polyline([[0.0, 1.0], [2.0, f64::NAN], [3.0, 4.0], [5.0, 6.5]]);
        assert_eq!(data(&path), "M0 1M3 4L5 6.5");
    }
}
