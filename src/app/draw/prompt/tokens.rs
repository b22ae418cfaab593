//! The tokens of prompts, found on a thread of their own.

use crate::model::pipeline::{EncoderPart, Family};
use crate::model::text::editing::Texts;
use crate::model::text::{FEW_SHOWN, Tokenizer, Tokens};
use crate::runtime::{AnalysisPool, Wake, Weigh};
use crate::words::sentence;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Memory for tokens that are kept, bytes.
const BUDGET: usize = 4 << 20;
/// Tokenizers that are kept open: those of one pipeline.
const MOST_OPEN: usize = 4;

/// A token of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TokenChip {
    pub text: String,
    pub id: i64,
    pub weight: f64,
    /// Whether it goes on with the word of the one before it.
    pub joins: bool,
}

/// The tokens of a prompt as one encoder reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TokensShown {
    pub chips: Vec<TokenChip>,
    /// With those at the start and at the end.
    pub count: usize,
    pub limit: usize,
    /// What whoever wrote the prompt must know, such as the words that fell off.
    pub notes: Vec<String>,
    /// The text that these are of, if the prompt is several over the run.
    pub text: Option<String>,
}

impl TokensShown {
    fn of(prompt: &TokensKey, tokenizer: &Tokenizer) -> Self {
        let texts = Texts::of(&[&prompt.text], prompt.steps);
        let text = texts.at(0, prompt.step).and_then(|number| texts.texts.get(number)).unwrap_or(&prompt.text);
        let tokens = tokenizer.encode(text);
        let Tokens { pieces, found, .. } = &tokens;
        let ends = std::iter::once(0).chain(pieces.iter().map(|piece| piece.span.end));
        let chips = pieces.iter().zip(ends).enumerate().map(|(index, (piece, end))| TokenChip {
            text: piece.text.clone(),
            id: piece.id,
            weight: piece.weight,
            joins: index > 0 && piece.span.start == end,
        });
        Self {
            chips: chips.collect(),
            count: found + tokenizer.limit() - tokenizer.room(),
            limit: tokenizer.limit(),
            notes: tokens.notes(&[], FEW_SHOWN).iter().map(|note| sentence(note)).collect(),
            text: texts.change().then(|| text.clone()),
        }
    }
}

/// The answer of the thread.
#[derive(Debug)]
pub(super) struct TokensMade(pub Result<TokensShown, String>);

impl Weigh for TokensMade {
    fn bytes(&self) -> usize {
        let chips = self.0.iter().flat_map(|shown| &shown.chips);
        chips.map(|chip| size_of_val(chip) + chip.text.len()).sum::<usize>() + 256
    }
}

/// The encoder that reads the tokens, in the family of its pipeline.
type Encoder = (Family, EncoderPart);

/// All inputs of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct TokensKey {
    encoder: Encoder,
    text: String,
    /// The step at which the prompt is looked at, of all, for one that changes over the run.
    step: usize,
    steps: usize,
}

/// What a field shows: the question, and the last answer until the next one arrives.
struct FieldTokens {
    key: TokensKey,
    is_answered: bool,
    shown: Option<Arc<TokensMade>>,
}

/// The open tokenizers; only the thread waits for them.
type OpenTokenizers = Arc<Mutex<HashMap<Encoder, Arc<Tokenizer>>>>;

/// Finds the tokens of prompts.
pub struct TokenDesk {
    wake: Wake,
    /// Begins with the first prompt; without the thread there are no tokens.
    pool: Option<AnalysisPool<TokensKey, TokensMade>>,
    has_begun: bool,
    open: OpenTokenizers,
    fields: HashMap<String, FieldTokens>,
}

impl TokenDesk {
    /// `wake` is called when tokens are found.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self { wake, pool: None, has_begun: false, open: OpenTokenizers::default(), fields: HashMap::new() }
    }

    /// The tokens of a field's text, and whether they are of the text before. `at`: the step at which a prompt that changes
    /// is looked at, of all.
    pub(super) fn tokens(
        &mut self,
        field: &str,
        (family, encoder): (Family, &EncoderPart),
        text: &str,
        at: (usize, usize),
    ) -> Option<(Arc<TokensMade>, bool)> {
        // Only what stands in brackets can change.
        let (step, steps) = if text.contains('[') { at } else { (0, 1) };
        let is_same = |known: &FieldTokens| {
            let key = &known.key;
            (key.step, key.steps) == (step, steps)
                && key.text == text
                && key.encoder.0 == family
                && key.encoder.1 == *encoder
        };
        if !self.fields.get(field).is_some_and(is_same) {
            let key = TokensKey { encoder: (family, encoder.clone()), text: text.into(), step, steps };
            let shown = self.fields.remove(field).and_then(|known| known.shown);
            self.fields.insert(field.to_owned(), FieldTokens { key, is_answered: false, shown });
        }
        let known = self.fields.get_mut(field)?;
        if !known.is_answered {
            let (asked, open) = (known.key.clone(), &self.open);
            let job = || -> Option<crate::runtime::Job<TokensMade>> {
                let open = Arc::clone(open);
                Some(Box::new(move || answer(&asked, &open)))
            };
            if !std::mem::replace(&mut self.has_begun, true) {
                self.pool = AnalysisPool::start("chromascope-tokens", BUDGET, Arc::clone(&self.wake)).ok();
            }
            if let Some(made) = self.pool.as_ref().and_then(|pool| pool.get(&known.key, job)) {
                (known.is_answered, known.shown) = (true, Some(made));
            }
        }
        known.shown.as_ref().map(|shown| (Arc::clone(shown), !known.is_answered))
    }
}

fn answer(key: &TokensKey, open: &OpenTokenizers) -> TokensMade {
    let known = open.lock().unwrap_or_else(PoisonError::into_inner).get(&key.encoder).cloned();
    let (family, part) = &key.encoder;
    let tokenizer = match known.map_or_else(|| Tokenizer::of_encoder(*family, part).map(Arc::new), Ok) {
        Ok(tokenizer) => tokenizer,
        Err(error) => return TokensMade(Err(sentence(&error.to_string()))),
    };
    let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
    if open.len() >= MOST_OPEN && !open.contains_key(&key.encoder) {
        open.clear();
    }
    open.insert(key.encoder.clone(), Arc::clone(&tokenizer));
    drop(open);
    TokensMade(Ok(TokensShown::of(key, &tokenizer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pipeline::PipelinePackage;
    use crate::model::text::PromptEncoder;
    use std::path::Path;
    use std::time::{Duration, Instant};

    fn pipeline(name: &str) -> PipelinePackage {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines").join(name);
        PipelinePackage::read(&folder).unwrap().unwrap()
    }

    fn encoder() -> EncoderPart {
        pipeline("sd15").encoders.remove(0)
    }

    fn key(text: &str, step: usize) -> TokensKey {
        TokensKey { encoder: (Family::StableDiffusion, encoder()), text: text.into(), step, steps: 10 }
    }

    fn shown(text: &str, step: usize) -> TokensShown {
        answer(&key(text, step), &OpenTokenizers::default()).0.unwrap()
    }

    #[test]
    fn a_token_has_its_letters_and_its_weight() {
        let tokens = shown("a (red:1.5) bird", 0);
        let whole: String = tokens.chips.iter().map(|chip| chip.text.as_str()).collect();
        assert_eq!(whole, "aredbird");
        for chip in &tokens.chips {
            let is_red = "red".contains(&chip.text) && chip.text != "d" || chip.weight > 1.0;
            assert_eq!(chip.weight, if is_red { 1.5 } else { 1.0 }, "{chip:?}");
        }
        assert!(!tokens.chips[0].joins && !tokens.chips[1].joins, "words stand apart: {:?}", tokens.chips);
        assert_eq!((tokens.count, tokens.limit, tokens.notes.len()), (tokens.chips.len() + 2, 77, 0));
        assert_eq!(shown("", 0).count, 2, "start and end");
    }

    #[test]
    fn a_prompt_that_changes_is_read_as_it_is_at_the_step() {
        let texts = [0, 3, 4, 9].map(|step| shown("a [cat:dog:0.4]", step).text.unwrap());
        assert_eq!(texts, ["a cat", "a cat", "a dog", "a dog"]);
        assert_eq!(shown("a cat", 0).text, None);
    }

    #[test]
    fn words_that_fell_off_are_told() {
        let tokens = shown(&format!("{} the last words", "bird ".repeat(90)), 0);
        assert!(tokens.count > tokens.limit);
        assert!(
            tokens.notes[0].contains("left out") && tokens.notes[0].ends_with("the last words\""),
            "{:?}",
            tokens.notes
        );
    }

    #[test]
    fn every_encoder_shows_as_many_tokens_as_it_is_given() {
        let long = "bird ".repeat(600);
        let mut limits = Vec::new();
        for name in ["sd15", "sdxl", "sd3", "flux"] {
            let pipeline = pipeline(name);
            let given = PromptEncoder::open(&pipeline).unwrap().tokens(&long);
            for (part, (name_of_part, tokens)) in pipeline.encoders.iter().zip(given) {
                let key = TokensKey { encoder: (pipeline.family, part.clone()), ..key(&long, 0) };
                let shown = answer(&key, &OpenTokenizers::default()).0.unwrap();
                assert_eq!((shown.limit, shown.chips.len()), (tokens.ids.len(), tokens.pieces.len()), "{name_of_part}");
                limits.push((name, shown.limit));
            }
        }
        // T5 reads what its pipeline gives it, whatever its tokenizer says.
        assert!(limits.contains(&("sd3", 256)) && limits.contains(&("flux", 512)), "{limits:?}");
    }

    #[test]
    fn a_folder_without_a_tokenizer_is_named() {
        let nowhere = EncoderPart { tokenizer: "/nowhere".into(), ..encoder() };
        let key = TokensKey { encoder: (Family::StableDiffusion, nowhere), ..key("a", 0) };
        let told = answer(&key, &OpenTokenizers::default()).0.unwrap_err();
        assert!(told.contains("/nowhere"), "{told}");
    }

    #[test]
    fn a_desk_answers_the_newest_text_and_keeps_the_old_until_then() {
        let (woken, wakes) = std::sync::mpsc::channel();
        let mut desk = TokenDesk::new(Arc::new(move || woken.send(()).unwrap_or_default()));
        let encoder = encoder();
        let mut ask = |text: &str| desk.tokens("field", (Family::StableDiffusion, &encoder), text, (0, 1));
        let long = "bird ".repeat(10_000);
        let began = Instant::now();
        assert!(ask(&long).is_none());
        assert!(began.elapsed() < Duration::from_millis(50), "asking takes no time: {:?}", began.elapsed());
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        let (first, is_old) = ask(&long).unwrap();
        assert!(!is_old && first.0.as_ref().unwrap().chips.len() == 75);
        let (kept, is_old) = ask("a cat").unwrap();
        assert!(is_old && Arc::ptr_eq(&kept, &first));
        wakes.recv_timeout(Duration::from_secs(20)).unwrap();
        let (next, is_old) = ask("a cat").unwrap();
        assert!(!is_old && next.0.as_ref().unwrap().count < 20);
    }
}
