//! The downloads of set-up, pinned by version and hash. Nothing else is ever unpacked.

use std::path::Path;

/// The version of ONNX Runtime that set-up fetches.
pub const VERSION: &str = "1.31.1";

/// A system for which there are ready-made libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Linux on x86-64 with glibc 2.28 or newer.
    LinuxX86_64,
    /// Linux on 64-bit ARM with glibc 2.28 or newer.
    LinuxAarch64,
    /// macOS 14 or newer on Apple silicon.
    MacArm64,
    /// Windows on x86-64.
    WindowsX86_64,
}

impl Platform {
    /// The one this program was built for, if it is among them.
    #[must_use]
    pub const fn current() -> Option<Self> {
        let x86_64 = cfg!(target_arch = "x86_64");
        let aarch64 = cfg!(target_arch = "aarch64");
        if cfg!(all(target_os = "linux", target_env = "gnu")) && x86_64 {
            Some(Self::LinuxX86_64)
        } else if cfg!(all(target_os = "linux", target_env = "gnu")) && aarch64 {
            Some(Self::LinuxAarch64)
        } else if cfg!(target_os = "macos") && aarch64 {
            Some(Self::MacArm64)
        } else if cfg!(windows) && x86_64 {
            Some(Self::WindowsX86_64)
        } else {
            None
        }
    }

    /// The wheel tag, such as `manylinux_2_28_x86_64`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::LinuxX86_64 => "manylinux_2_28_x86_64",
            Self::LinuxAarch64 => "manylinux_2_28_aarch64",
            Self::MacArm64 => "macosx_14_0_arm64",
            Self::WindowsX86_64 => "win_amd64",
        }
    }

    /// The one wheel for the CPU.
    #[must_use]
    pub const fn cpu(self) -> &'static [Wheel] {
        match self {
            Self::LinuxX86_64 => LINUX_X86_64,
            Self::LinuxAarch64 => LINUX_AARCH64,
            Self::MacArm64 => MAC_ARM64,
            Self::WindowsX86_64 => WINDOWS_X86_64,
        }
    }

    /// The wheels for an NVIDIA GPU, ONNX Runtime's first; `None` if there are none.
    #[must_use]
    pub const fn cuda(self) -> Option<&'static [Wheel]> {
        match self {
            Self::LinuxX86_64 => Some(LINUX_CUDA),
            Self::WindowsX86_64 => Some(WINDOWS_CUDA),
            Self::LinuxAarch64 | Self::MacArm64 => None,
        }
    }
}

/// One file on the package index, and what of it is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wheel {
    /// The package's name.
    pub package: &'static str,
    /// Its version.
    pub version: &'static str,
    /// pip's `--python-version`: the wheel is chosen by this, whatever python runs pip.
    pub python: &'static str,
    /// pip's `--platform`.
    pub platform: &'static str,
    /// Bytes of the wheel.
    pub size: u64,
    /// SHA-256 of the wheel.
    pub sha256: &'static str,
    /// The members to take out.
    pub take: Take,
}

/// Which members of a wheel are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Take {
    /// Exactly these, the library itself first.
    Members(&'static [&'static str]),
    /// Every shared library below this folder.
    Libraries(&'static str),
}

impl Take {
    /// Whether the member `name` is wanted.
    #[must_use]
    pub fn wants(self, name: &str) -> bool {
        match self {
            Self::Members(members) => members.contains(&name),
            Self::Libraries(folder) => {
                let file = Path::new(name);
                let end = file.extension().unwrap_or_default();
                let versioned = file.file_name().is_some_and(|file| file.to_string_lossy().contains(".so."));
                name.starts_with(folder) && (end == "so" || end == "dll" || versioned)
            }
        }
    }
}

const fn runtime(python: &'static str, platform: &'static str, take: Take, size: u64, sha256: &'static str) -> Wheel {
    Wheel { package: "onnxruntime", version: VERSION, python, platform, size, sha256, take }
}

const LINUX_X86_64: &[Wheel] = &[runtime(
    "3.11",
    "manylinux_2_28_x86_64",
    Take::Members(&["onnxruntime/capi/libonnxruntime.so.1.31.1"]),
    23_753_652,
    "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
)];

const LINUX_AARCH64: &[Wheel] = &[runtime(
    "3.13",
    "manylinux_2_28_aarch64",
    Take::Members(&["onnxruntime/capi/libonnxruntime.so.1.31.1"]),
    21_420_628,
    "dcaedc50333876f3829ab966b242147f0e548229e29c36fe44622ecf748c25ee",
)];

const MAC_ARM64: &[Wheel] = &[runtime(
    "3.13",
    "macosx_14_0_arm64",
    Take::Members(&["onnxruntime/capi/libonnxruntime.1.31.1.dylib"]),
    20_881_825,
    "e4ad067d36e2220218e085d7223283b2ee1bc73d887e811fd14d21cf901a11ee",
)];

const WINDOWS_X86_64: &[Wheel] = &[runtime(
    "3.13",
    "win_amd64",
    Take::Members(&["onnxruntime/capi/onnxruntime.dll"]),
    14_888_304,
    "0558f29d5f6ac09957390c9c5495931485ee8ae7f0ce781ccee86a0ae5c2348b",
)];

/// A package of NVIDIA's, of which every shared library is taken.
const fn nvidia(
    package: &'static str,
    version: &'static str,
    platform: &'static str,
    size: u64,
    sha256: &'static str,
) -> Wheel {
    Wheel { package, version, python: "3.13", platform, size, sha256, take: Take::Libraries("nvidia/") }
}

const LINUX_CUDA: &[Wheel] = &[
    Wheel {
        package: "onnxruntime-gpu",
        version: VERSION,
        python: "3.13",
        platform: "manylinux_2_28_x86_64",
        size: 255_567_609,
        sha256: "f659529e07c21ec6b6179fd1bfaf82ffb7c3dc9c0916e18f6f313f9a690891be",
        take: Take::Members(&[
            "onnxruntime/capi/libonnxruntime.so.1.31.1",
            "onnxruntime/capi/libonnxruntime_providers_shared.so",
            "onnxruntime/capi/libonnxruntime_providers_cuda.so",
        ]),
    },
    nvidia(
        "nvidia-cublas",
        "13.10.0.20",
        "manylinux1_x86_64",
        444_289_903,
        "dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84",
    ),
    nvidia(
        "nvidia-cuda-nvrtc",
        "13.5.37",
        "manylinux2010_x86_64",
        58_185_930,
        "86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc",
    ),
    nvidia(
        "nvidia-cuda-runtime",
        "13.5.37",
        "manylinux2014_x86_64",
        2_504_024,
        "df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d",
    ),
    nvidia(
        "nvidia-cudnn-cu13",
        "9.28.1.4",
        "manylinux_2_27_x86_64",
        516_817_937,
        "a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec",
    ),
    nvidia(
        "nvidia-cufft",
        "12.5.0.14",
        "manylinux2014_x86_64",
        165_072_555,
        "b8be26837a5abad2b5b74f3e92dd29f622a42934b355be0961a48712cbba23ad",
    ),
    nvidia(
        "nvidia-curand",
        "10.4.5.25",
        "manylinux_2_27_x86_64",
        77_113_015,
        "22bb226a857e5888fe6b54ae465fc4371296bcff13a35f79e19691bcf454f529",
    ),
    nvidia(
        "nvidia-nvjitlink",
        "13.5.37",
        "manylinux2010_x86_64",
        46_642_491,
        "280d7cb9649704145f074b8dbde500de04ce02d0872e066e20a83c17bcaa93eb",
    ),
];

const WINDOWS_CUDA: &[Wheel] = &[
    Wheel {
        package: "onnxruntime-gpu",
        version: VERSION,
        python: "3.13",
        platform: "win_amd64",
        size: 168_097_596,
        sha256: "1a667241591c89c516b43689a0ae38c4d99d0cb45a2220e95a9f822aeb6887c4",
        take: Take::Members(&[
            "onnxruntime/capi/onnxruntime.dll",
            "onnxruntime/capi/onnxruntime_providers_shared.dll",
            "onnxruntime/capi/onnxruntime_providers_cuda.dll",
        ]),
    },
    nvidia(
        "nvidia-cublas",
        "13.10.0.20",
        "win_amd64",
        427_284_863,
        "c310b749eea855b88fafb906de08d6819b87216c6711640771764fea5dcd8546",
    ),
    nvidia(
        "nvidia-cuda-nvrtc",
        "13.5.37",
        "win_amd64",
        49_248_991,
        "e8e6c10b251385707ae3abd7b4ee118de6736fd7678d0f0f4eab4d759f679c21",
    ),
    nvidia(
        "nvidia-cuda-runtime",
        "13.5.37",
        "win_amd64",
        2_780_254,
        "f225d3fa5ea6bfbb58fc4979ef72375cbe661d9107f0d8a4ff22cc151525e4a9",
    ),
    nvidia(
        "nvidia-cudnn-cu13",
        "9.28.1.4",
        "win_amd64",
        407_065_099,
        "73d874c6bd8a1c75ca040228f77c4e163efe9bab3b65bd85914e2b7334ac68ee",
    ),
    nvidia(
        "nvidia-cufft",
        "12.5.0.14",
        "win_amd64",
        164_476_208,
        "78e7585159ecf37d73af1ce43a5dea7fd3360e1af71cde08f070c07966a336bc",
    ),
    nvidia(
        "nvidia-curand",
        "10.4.5.25",
        "win_amd64",
        77_330_709,
        "f6a02a70f5b9715235df31a164a4bf3237a45be1600a5f435f5e4a0d8682eb22",
    ),
    nvidia(
        "nvidia-nvjitlink",
        "13.5.37",
        "win_amd64",
        41_467_665,
        "4465d4e8f2212118220b580c82523c5654f93a62906bd51d29d79bdfc12376c1",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wheel_is_pinned_and_yields_the_library_first() {
        let all = [Platform::LinuxX86_64, Platform::LinuxAarch64, Platform::MacArm64, Platform::WindowsX86_64];
        for wheels in all.iter().map(|platform| platform.cpu()).chain(all.iter().filter_map(|platform| platform.cuda()))
        {
            for wheel in wheels {
                assert!(wheel.sha256.len() == 64 && wheel.sha256.chars().all(|c| c.is_ascii_hexdigit()), "{wheel:?}");
                assert!(wheel.size > 1_000_000, "{wheel:?}");
            }
            let Take::Members(members) = wheels[0].take else { panic!("{:?}", wheels[0]) };
            assert!(members[0].ends_with("onnxruntime.dll") || members[0].contains(VERSION), "{members:?}");
        }
    }

    #[test]
    fn only_shared_libraries_are_taken_from_a_folder() {
        let take = Take::Libraries("nvidia/");
        assert!(take.wants("nvidia/cu13/lib/libcublas.so.13"));
        assert!(take.wants("nvidia/cu13/bin/x86_64/cublas64_13.dll"));
        assert!(!take.wants("nvidia/cu13/include/cublas.h"));
        assert!(!take.wants("elsewhere/libcublas.so.13"));
    }
}
