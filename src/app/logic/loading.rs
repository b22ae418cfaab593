//! What is told while the parts of a pipeline are loaded.

use crate::app::App;
use crate::app::fetching::Fetching;
use crate::session::prepare::PartTask;
use crate::words::sentence;

impl App {
    /// The progress of loading a pipeline, once that takes a while. Encoding has no bar: it has one step.
    pub(in crate::app) fn loading(&self, ctx: &egui::Context) -> Option<Fetching> {
        let part = self.state.opening.as_ref()?.part.as_ref()?;
        if part.task == PartTask::Encode || !self.is_stale(ctx) {
            return None;
        }
        let text = format!("{} · {}", sentence(&part.in_words()), part.sizes_in_words());
        Some(Fetching { text, share: Some((part.number as f32 - 0.5) / part.of.max(1) as f32) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Launch;
    use crate::runtime::{RunEnd, RunNews};
    use crate::session::RunSettings;
    use crate::session::action::Action;
    use crate::session::prepare::LoadingPart;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use std::time::{Duration, Instant};

    #[test]
    fn parts_that_take_a_while_are_told_until_the_run_is_over() {
        let source = ModelSource::Model("gaussian-64".into());
        let run = RunSettings { provider: ProviderChoice::Rust, ..RunSettings::new(source) };
        let ctx = egui::Context::default();
        let launch = Launch { first: vec![Action::SetRun(Box::new(run))], ..Launch::default() };
        let mut app = App::new(&ctx, launch, false).unwrap();
        let id = app.runtime.newest().unwrap();
        let (bytes, in_use) = (3_400_000_000, Some(1_200_000_000));
        let part = |task| LoadingPart { task, name: "unet".into(), number: 3, of: 4, bytes, in_use };
        app.take_run_news(id, RunNews::Loading(part(PartTask::Open)));
        assert!(app.loading(&ctx).is_none(), "not at once");
        let long_ago = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        app.state.opening.as_mut().unwrap().since = long_ago;
        let told = app.loading(&ctx).unwrap();
        assert_eq!(told.text, "Opening unet, part 3 of 4 · 3.4 GB; 1.2 GB of memory in use");
        assert!(told.share.is_some_and(|share| (0.5..0.75).contains(&share)), "{told:?}");
        assert!(app.status().starts_with("opening unet, part 3 of 4"));
        app.take_run_news(id, RunNews::Loading(part(PartTask::Encode)));
        assert!(app.loading(&ctx).is_none(), "encoding has no bar");
        assert!(app.status().starts_with("encoding the prompts with unet"));
        app.take_run_news(id, RunNews::Ended { end: RunEnd::Stopped, seconds: 0.0 });
        assert!(app.state.opening.is_none());
    }
}
