//! Messages of the window: each has a kind, a place and an end. No GUI.

use crate::app::pane_id::PaneId;
use std::time::{Duration, Instant};

/// How long a message without required action stays.
const READING: Duration = Duration::from_secs(40);

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A request is done.
    Success,
    /// Useful information.
    Note,
    /// Something differs from the request, but the program continues.
    Warning,
    /// A request failed.
    Failure,
}

impl MessageKind {
    /// Whether it needs no action, so that it ends by itself.
    const fn passes(self) -> bool {
        matches!(self, Self::Success | Self::Note)
    }
}

/// The place of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// Below the top bar, above everything else.
    Bar,
    /// At the foot of the pane it is about.
    Pane(PaneId),
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its kind.
    pub kind: MessageKind,
    /// Its place.
    pub spot: Spot,
    /// Its text.
    pub text: String,
}

impl Message {
    /// A message about a pane.
    #[must_use]
    pub fn of_pane(pane: PaneId, kind: MessageKind, text: impl Into<String>) -> Self {
        Self { kind, spot: Spot::Pane(pane), text: text.into() }
    }

    /// A message about the whole program.
    #[must_use]
    pub fn of_program(kind: MessageKind, text: impl Into<String>) -> Self {
        Self { kind, spot: Spot::Bar, text: text.into() }
    }
}

/// Identifies a message while it is shown.
pub type MessageId = u64;

/// A message on screen.
#[derive(Clone, Debug)]
pub struct ShownMessage {
    /// Its id.
    pub id: MessageId,
    /// The message.
    pub message: Message,
    /// When it disappears by itself; others stay until you close them.
    ends: Option<Instant>,
}

/// All messages on screen. A pane has one at most, the newest.
#[derive(Clone, Debug, Default)]
pub struct Board {
    said: Vec<ShownMessage>,
    last: MessageId,
}

impl Board {
    /// Shows a message, in place of the previous one of the same pane.
    pub fn say(&mut self, message: Message) {
        self.say_at(message, Instant::now());
    }

    fn say_at(&mut self, message: Message, now: Instant) {
        match message.spot {
            Spot::Pane(pane) => self.clear(pane),
            // A repeated text adds nothing.
            Spot::Bar => self.said.retain(|said| said.message != message),
        }
        self.last += 1;
        let ends = message.kind.passes().then(|| now + READING);
        self.said.push(ShownMessage { id: self.last, message, ends });
    }

    /// Removes a message that was closed.
    pub fn dismiss(&mut self, id: MessageId) {
        self.said.retain(|said| said.id != id);
    }

    /// Removes the message of a pane, because something else is done there now.
    pub fn clear(&mut self, pane: PaneId) {
        self.said.retain(|said| said.message.spot != Spot::Pane(pane));
    }

    /// Removes messages whose time is over. Returns the time until the next one ends.
    pub fn end(&mut self, now: Instant) -> Option<Duration> {
        self.said.retain(|said| said.ends.is_none_or(|ends| ends > now));
        self.said.iter().filter_map(|said| said.ends).min().map(|ends| ends - now)
    }

    /// The message of a pane.
    #[must_use]
    pub fn of_pane(&self, pane: PaneId) -> Option<&ShownMessage> {
        self.said.iter().find(|said| said.message.spot == Spot::Pane(pane))
    }

    /// The messages about the program, oldest first.
    pub fn of_program(&self) -> impl Iterator<Item = &ShownMessage> {
        self.said.iter().filter(|said| said.message.spot == Spot::Bar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAB: PaneId = PaneId::new("lab");
    const MEASURE: PaneId = PaneId::new("measure");

    #[test]
    fn each_message_stays_in_its_place_and_ends() {
        let mut board = Board::default();
        let began = Instant::now();
        let text = |board: &Board, pane| board.of_pane(pane).map(|said| said.message.text.clone());
        board.say_at(Message::of_pane(LAB, MessageKind::Success, "Saved as a: b cannot c"), began);
        board.say_at(Message::of_pane(MEASURE, MessageKind::Failure, "nothing there"), began);
        board.say_at(Message::of_program(MessageKind::Warning, "read me"), began);
        board.say_at(Message::of_program(MessageKind::Warning, "read me"), began);
        assert_eq!(board.of_program().count(), 1, "once is enough");
        assert_eq!(text(&board, LAB).as_deref(), Some("Saved as a: b cannot c"));
        assert_eq!(board.of_pane(LAB).unwrap().message.kind, MessageKind::Success, "whatever its words");
        assert_eq!(text(&board, PaneId::new("spectrum")), None);
        // A success disappears; a failure stays until it is closed or something else is done in its pane.
        assert_eq!(board.end(began), Some(READING));
        assert_eq!(board.end(began + READING), None);
        assert_eq!(text(&board, LAB), None);
        assert_eq!(text(&board, MEASURE).as_deref(), Some("nothing there"));
        board.say(Message::of_pane(MEASURE, MessageKind::Success, "Saved"));
        assert_eq!(text(&board, MEASURE).as_deref(), Some("Saved"));
        let read = board.of_program().next().unwrap().id;
        board.dismiss(read);
        assert_eq!(board.of_program().count(), 0);
    }
}
