//! The playhead and its movement, without a window: commands and elapsed time in, a position out.

use std::time::Duration;

/// Slowest and fastest playback, steps per second.
pub const SPEEDS: (f64, f64) = (0.1, 240.0);

/// The direction of playback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Motion {
    /// Not playing.
    #[default]
    Still,
    /// From noise to image.
    Forward,
    /// From image to noise.
    Backward,
}

/// A command to the playhead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlayheadCommand {
    /// Play from noise to image; at the end, from the start again.
    Play,
    /// Play from image to noise; at the start, from the end again.
    PlayBackward,
    /// Stop playing.
    Pause,
    /// Play forward, or stop if playing.
    Toggle,
    /// Go to a position, in steps from the noisiest state.
    Seek(f64),
    /// Go this many whole steps on.
    StepBy(isize),
    /// Go to the noisiest state.
    Home,
    /// Go to the last state so far, and follow a run in progress.
    End,
    /// Whether playback repeats.
    Loop(bool),
    /// Playback speed, steps per second.
    Speed(f64),
    /// Whether the playhead stays at the newest step of a run in progress.
    Follow(bool),
}

/// The playhead. Position `k` is state `k` of the run: 0 the initial noise, the number of finished steps the newest.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    position: f64,
    motion: Motion,
    looping: bool,
    speed: f64,
    follow: bool,
    /// Finished steps, the limit of the playhead.
    finished: usize,
    /// Steps of the whole run.
    total: usize,
    /// Whether the run is in progress.
    live: bool,
}

impl Default for Playback {
    fn default() -> Self {
        Self {
            position: 0.0,
            motion: Motion::Still,
            looping: false,
            speed: 8.0,
            follow: true,
            finished: 0,
            total: 0,
            live: false,
        }
    }
}

impl Playback {
    /// The position, in steps from the noisiest state; between two whole steps while it moves.
    #[must_use]
    pub const fn position(&self) -> f64 {
        self.position
    }

    /// The state shown: the last whole one at or before the position.
    #[must_use]
    pub fn state(&self) -> usize {
        // Positions are between 0 and the number of finished steps.
        #[allow(clippy::cast_sign_loss)]
        let state = self.position.floor() as usize;
        state.min(self.finished)
    }

    /// The finished step shown: the one that starts from the state, and at the end the last one. `None` before the first.
    #[must_use]
    pub fn step(&self) -> Option<usize> {
        self.finished.checked_sub(1).map(|last| self.state().min(last))
    }

    /// The position as a fraction of the whole run, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.position / self.total as f64 }
    }

    /// Finished steps.
    #[must_use]
    pub const fn finished(&self) -> usize {
        self.finished
    }

    /// Steps of the whole run.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// The direction of playback.
    #[must_use]
    pub const fn motion(&self) -> Motion {
        self.motion
    }

    /// Whether playback repeats.
    #[must_use]
    pub const fn looping(&self) -> bool {
        self.looping
    }

    /// Steps per second.
    #[must_use]
    pub const fn speed(&self) -> f64 {
        self.speed
    }

    /// Whether the playhead stays at the newest step of a run in progress.
    #[must_use]
    pub const fn follows(&self) -> bool {
        self.follow
    }

    /// Begins a new run: the playhead returns to the noise and follows.
    pub fn begin(&mut self, total: usize) {
        self.total = total;
        self.finished = 0;
        self.position = 0.0;
        self.motion = Motion::Still;
        self.follow = true;
        self.live = true;
    }

    /// The number of finished steps that a replacement run of `total` steps needs for the playhead to keep its position:
    /// up to the step shown, or all if it is at the end.
    #[must_use]
    pub fn needs(&self, total: usize) -> usize {
        if self.is_at_the_end() { total } else { (self.state() + 1).min(total) }
    }

    /// Replaces the run by another in progress with `finished` steps. The playhead stays at its step,
    /// or at the end if it was there, and keeps moving.
    pub fn replace(&mut self, total: usize, finished: usize) {
        let at_the_end = self.is_at_the_end();
        self.total = total;
        self.finished = finished.min(total);
        self.live = true;
        if at_the_end {
            self.position = self.finished as f64;
        }
        self.clamp();
    }

    fn is_at_the_end(&self) -> bool {
        self.follow || self.position >= self.total as f64
    }

    /// Sets the number of finished steps.
    pub fn finish_steps(&mut self, finished: usize) {
        self.finished = finished.min(self.total);
        if self.follow && self.live {
            self.position = self.finished as f64;
        }
    }

    /// The run is complete or was stopped.
    pub fn end(&mut self) {
        self.live = false;
        self.clamp();
    }

    /// Executes a command.
    pub fn command(&mut self, command: PlayheadCommand) {
        match command {
            PlayheadCommand::Play => self.play(Motion::Forward),
            PlayheadCommand::PlayBackward => self.play(Motion::Backward),
            PlayheadCommand::Toggle if self.motion == Motion::Still => self.play(Motion::Forward),
            PlayheadCommand::Pause | PlayheadCommand::Toggle => self.motion = Motion::Still,
            PlayheadCommand::Seek(position) => self.seek(position),
            PlayheadCommand::StepBy(steps) => {
                self.motion = Motion::Still;
                // Between two steps, moving to the nearer one counts as one step, in either direction.
                let base = if steps < 0 { self.position.ceil() } else { self.position.floor() };
                self.seek(base + steps as f64);
            }
            PlayheadCommand::Home => {
                self.motion = Motion::Still;
                self.seek(0.0);
            }
            PlayheadCommand::End => {
                self.motion = Motion::Still;
                self.seek(self.finished as f64);
                self.follow = true;
            }
            PlayheadCommand::Loop(looping) => self.looping = looping,
            PlayheadCommand::Speed(speed) if speed.is_finite() => self.speed = speed.clamp(SPEEDS.0, SPEEDS.1),
            PlayheadCommand::Speed(_) => {}
            PlayheadCommand::Follow(follow) => {
                self.follow = follow;
                if follow && self.live {
                    self.motion = Motion::Still;
                    self.position = self.finished as f64;
                }
            }
        }
    }

    fn play(&mut self, motion: Motion) {
        let end = self.finished as f64;
        match motion {
            Motion::Forward if self.position >= end && !self.live => self.position = 0.0,
            Motion::Backward if self.position <= 0.0 => self.position = end,
            _ => {}
        }
        self.follow = false;
        self.motion = motion;
    }

    fn seek(&mut self, position: f64) {
        if position.is_finite() {
            self.position = position;
            self.follow = false;
            self.clamp();
        }
    }

    fn clamp(&mut self) {
        self.position = self.position.clamp(0.0, self.finished as f64);
    }

    /// Moves the playhead by the elapsed time. Returns whether it moved.
    pub fn advance(&mut self, elapsed: Duration) -> bool {
        let before = self.position;
        let by = self.speed * elapsed.as_secs_f64();
        let end = self.finished as f64;
        match self.motion {
            Motion::Still => return false,
            Motion::Forward => {
                self.position += by;
                if self.position >= end {
                    self.at_the_end(if self.looping { self.position.rem_euclid(end.max(1.0)) } else { end });
                }
            }
            Motion::Backward => {
                self.position -= by;
                if self.position <= 0.0 {
                    self.at_the_end(if self.looping { self.position.rem_euclid(end.max(1.0)) } else { 0.0 });
                }
            }
        }
        self.clamp();
        self.position != before
    }

    /// Handles the end of the finished steps: forward playback waits there for the next step of a run in progress.
    fn at_the_end(&mut self, position: f64) {
        let waits = self.live && self.motion == Motion::Forward;
        self.position = if waits { self.finished as f64 } else { position };
        if !waits && !self.looping {
            self.motion = Motion::Still;
        }
    }

    /// Time until the shown state changes by playback; `None` if it does not. The window sleeps that long.
    #[must_use]
    pub fn next_change(&self) -> Option<Duration> {
        let to_next = match self.motion {
            Motion::Still => return None,
            Motion::Forward if self.live && self.position >= self.finished as f64 => return None,
            Motion::Forward => self.position.floor() + 1.0 - self.position,
            Motion::Backward => self.position - (self.position.ceil() - 1.0),
        };
        Some(Duration::from_secs_f64((to_next / self.speed).max(0.001)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of 10 steps with this many finished, no longer in progress.
    fn over(finished: usize) -> Playback {
        let mut playback = Playback::default();
        playback.begin(10);
        playback.finish_steps(finished);
        playback.end();
        playback
    }

    fn second(playback: &mut Playback) -> f64 {
        playback.advance(Duration::from_secs(1));
        playback.position()
    }

    #[test]
    fn the_playhead_follows_a_run_until_it_is_moved() {
        let mut playback = Playback::default();
        playback.begin(10);
        assert_eq!((playback.position(), playback.step()), (0.0, None));
        playback.finish_steps(3);
        assert_eq!((playback.position(), playback.state(), playback.step()), (3.0, 3, Some(2)));
        playback.command(PlayheadCommand::Seek(1.5));
        playback.finish_steps(4);
        assert_eq!((playback.position(), playback.state(), playback.step()), (1.5, 1, Some(1)));
        playback.command(PlayheadCommand::End);
        playback.finish_steps(5);
        assert_eq!(playback.position(), 5.0);
        playback.command(PlayheadCommand::Seek(9.0));
        assert_eq!(playback.position(), 5.0, "not beyond the finished steps");
        playback.command(PlayheadCommand::Seek(f64::NAN));
        assert_eq!(playback.position(), 5.0);
    }

    #[test]
    fn playback_ends_at_the_end_and_begins_again() {
        let mut playback = over(10);
        playback.command(PlayheadCommand::Speed(4.0));
        playback.command(PlayheadCommand::Toggle);
        assert_eq!([second(&mut playback), second(&mut playback), second(&mut playback)], [4.0, 8.0, 10.0]);
        assert_eq!((playback.motion(), playback.next_change()), (Motion::Still, None));
        assert!(!playback.advance(Duration::from_secs(1)));
        playback.command(PlayheadCommand::PlayBackward);
        assert_eq!([second(&mut playback), second(&mut playback), second(&mut playback)], [6.0, 2.0, 0.0]);
        assert_eq!(playback.motion(), Motion::Still);
    }

    #[test]
    fn a_loop_goes_round_both_ways() {
        let mut playback = over(10);
        playback.command(PlayheadCommand::Loop(true));
        playback.command(PlayheadCommand::Speed(6.0));
        playback.command(PlayheadCommand::Play);
        assert_eq!([second(&mut playback), second(&mut playback)], [6.0, 2.0]);
        playback.command(PlayheadCommand::PlayBackward);
        assert_eq!(second(&mut playback), 6.0);
        assert_eq!(playback.motion(), Motion::Backward);
        let mut empty = over(0);
        empty.command(PlayheadCommand::Loop(true));
        empty.command(PlayheadCommand::Play);
        assert_eq!(second(&mut empty), 0.0);
    }

    #[test]
    fn single_steps_land_on_whole_ones() {
        let mut playback = over(10);
        playback.command(PlayheadCommand::Seek(3.5));
        playback.command(PlayheadCommand::StepBy(1));
        assert_eq!(playback.position(), 4.0);
        playback.command(PlayheadCommand::Seek(3.5));
        playback.command(PlayheadCommand::StepBy(-1));
        assert_eq!(playback.position(), 3.0);
        playback.command(PlayheadCommand::Home);
        playback.command(PlayheadCommand::StepBy(-1));
        assert_eq!(playback.position(), 0.0);
        playback.command(PlayheadCommand::End);
        playback.command(PlayheadCommand::StepBy(5));
        assert_eq!((playback.position(), playback.step()), (10.0, Some(9)));
    }

    #[test]
    fn playback_that_caught_up_with_a_run_waits_for_it() {
        let mut playback = Playback::default();
        playback.begin(10);
        playback.finish_steps(2);
        playback.command(PlayheadCommand::Home);
        playback.command(PlayheadCommand::Play);
        assert_eq!(second(&mut playback), 2.0);
        assert_eq!((playback.motion(), playback.next_change()), (Motion::Forward, None));
        playback.finish_steps(5);
        assert!(playback.next_change().is_some());
        assert_eq!(second(&mut playback), 5.0);
    }

    #[test]
    fn a_run_made_again_keeps_the_place() {
        let mut playback = over(10);
        playback.command(PlayheadCommand::Seek(5.0));
        assert_eq!((playback.needs(20), playback.needs(4)), (6, 4));
        playback.replace(20, 6);
        assert_eq!((playback.position(), playback.step(), playback.total()), (5.0, Some(5), 20));
        playback.finish_steps(20);
        playback.end();
        assert_eq!(playback.position(), 5.0);
        playback.replace(3, 3);
        assert_eq!((playback.position(), playback.step()), (3.0, Some(2)), "no further than the run goes");
        // At the end it stays at the end, whether it followed or was moved there.
        for brought in [false, true] {
            let mut playback = over(10);
            if brought {
                playback.command(PlayheadCommand::Seek(10.0));
            }
            assert_eq!(playback.needs(20), 20);
            playback.replace(20, 20);
            playback.end();
            assert_eq!((playback.position(), playback.step()), (20.0, Some(19)));
        }
    }

    #[test]
    fn a_window_sleeps_until_the_next_state() {
        let mut playback = over(10);
        playback.command(PlayheadCommand::Speed(2.0));
        playback.command(PlayheadCommand::Seek(3.0));
        playback.command(PlayheadCommand::Play);
        assert_eq!(playback.next_change(), Some(Duration::from_millis(500)));
        playback.command(PlayheadCommand::Seek(3.75));
        assert_eq!(playback.next_change(), Some(Duration::from_millis(125)));
        playback.command(PlayheadCommand::Speed(f64::NAN));
        playback.command(PlayheadCommand::Speed(1e9));
        assert_eq!(playback.speed(), SPEEDS.1);
    }
}
