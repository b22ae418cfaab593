/// Why an opened pipeline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PipelineFault {
    /// A part does not fit into memory.
    #[error(
        "the {part} of this pipeline needs about {shortage}; close other programs, or export the pipeline with fewer bits or use a \
         smaller one"
    )]
    Memory {
        /// Name of its folder.
        part: String,
        /// Both numbers: "18.0 GB, but only 5.2 GB are left".
        shortage: String,
    },
    /// A denoiser of other latents than the autoencoder's.
    #[error(
        "the parts of this pipeline do not fit: {denoiser} takes latents of {taken} channels, but its autoencoder makes {made}; use \
         parts that were exported together"
    )]
    Channels {
        /// Name of the denoiser's folder.
        denoiser: &'static str,
        /// Channels that it takes.
        taken: usize,
        /// Channels that the autoencoder makes.
        made: usize,
    },
    /// The network needs the whole text as one vector, and no encoder gives one.
    #[error(
        "the part {denoiser} takes the whole prompt as one vector ({port}), which the text encoders of this pipeline do not give; export \
         the pipeline again"
    )]
    NoPooled {
        /// Name of the denoiser's folder.
        denoiser: &'static str,
        /// Name, type and shape of the input.
        port: String,
    },
}
