//! Which device does a writer run on?
//!
//! What the build has, the user asks for, opens, and has room: a GPU, else the processor. That the
//! processor stands in is no error, and said in [`DeviceUse::instead`].

use candle_core::Device;

use super::metal;
use crate::engine::Error;

/// What the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceWish {
    /// A GPU where the build has one and it can be used.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
    /// An Apple GPU.
    Metal,
}

/// Where a writer runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceUse {
    /// `cpu`, `cuda` or `metal`.
    pub name: &'static str,
    /// Why it is the processor although a GPU was asked for, or the build has one.
    pub instead: Option<String>,
}

/// How the decoder attends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By our own loops over memory: [`ops`](super::ops), on a processor alone.
    Loops,
    /// By candle's operations: [`tensors`](super::tensors), on any device.
    Tensors,
}

/// A device, and how to use it.
#[derive(Debug, Clone)]
pub(super) struct Backend {
    pub(super) name: &'static str,
    pub(super) device: Device,
    pub(super) way: Way,
}

impl Backend {
    /// The processor.
    pub(super) fn cpu() -> Self {
        Self { name: "cpu", device: Device::Cpu, way: Way::Loops }
    }
}

/// Reads on the GPU that was found, else, or when that does not succeed, on the processor.
///
/// # Errors
///
/// When it cannot be read on the processor either.
pub(super) fn read_on<T>(
    found: Result<Option<Backend>, String>,
    read: impl Fn(&Backend) -> Result<T, Error>,
) -> Result<(T, DeviceUse), Error> {
    let instead = match found {
        Ok(None) => None,
        Ok(Some(gpu)) => match read(&gpu) {
            Ok(value) => return Ok((value, DeviceUse { name: gpu.name, instead: None })),
            Err(error) => Some(format!("{}: {}", gpu.name, chain(&error))),
        },
        Err(why) => Some(why),
    };
    Ok((read(&Backend::cpu())?, DeviceUse { name: "cpu", instead }))
}

/// The GPU to use for a model that needs so many bytes of its memory; nothing when none is asked
/// for, or the build has none and the choice is free. The error says why there is none.
pub(super) fn gpu(wish: DeviceWish, needed_bytes: usize) -> Result<Option<Backend>, String> {
    let (name, opened) = match wish {
        DeviceWish::Cuda => ("cuda", cuda()),
        DeviceWish::Metal => ("metal", metal::open()),
        DeviceWish::Auto if cfg!(feature = "cuda") => ("cuda", cuda()),
        DeviceWish::Auto if cfg!(feature = "metal") => ("metal", metal::open()),
        DeviceWish::Auto | DeviceWish::Cpu => return Ok(None),
    };
    let (device, free_bytes) = opened.map_err(|why| format!("{name}: {why}"))?;
    room(free_bytes, needed_bytes).map_err(|why| format!("{name}: {why}"))?;
    Ok(Some(Backend { name, device, way: Way::Tensors }))
}

fn room(free_bytes: usize, needed_bytes: usize) -> Result<(), String> {
    if free_bytes >= needed_bytes {
        return Ok(());
    }
    let megabytes = |bytes: usize| bytes.div_ceil(1_000_000);
    let (free, needed) = (megabytes(free_bytes), megabytes(needed_bytes));
    Err(format!("the model needs about {needed} MB of its memory, and {free} MB are free"))
}

/// The first NVIDIA GPU, and the bytes free in it.
#[cfg(feature = "cuda")]
fn cuda() -> Result<(Device, usize), String> {
    let device = Device::new_cuda(0).map_err(|error| first_line(&error.to_string()))?;
    let cuda = device.as_cuda_device().map_err(|error| first_line(&error.to_string()))?;
    let (free_bytes, _) =
        cuda.cuda_stream().context().mem_get_info().map_err(|error| error.to_string())?;
    Ok((device, free_bytes))
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<(Device, usize), String> {
    Err("this program was built without it".to_owned())
}

/// candle's errors may carry a trace, line by line.
pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = first_line(&error.to_string());
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&first_line(&error.to_string()));
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> Backend {
        Backend { name: "cuda", device: Device::Cpu, way: Way::Tensors }
    }

    fn full(backend: &Backend) -> Result<Way, Error> {
        match backend.way {
            Way::Loops => Ok(Way::Loops),
            Way::Tensors => {
                let source = candle_core::Error::msg("out of memory\n   0: a trace");
                Err(Error::Decode { tokens: 2, source })
            }
        }
    }

    #[test]
    fn a_gpu_that_is_full_leaves_it_to_the_processor_and_says_why() {
        let (way, used) = read_on(Ok(Some(tensors())), full).expect("the processor");
        assert_eq!((way, used.name), (Way::Loops, "cpu"));
        let why = used.instead.expect("a reason");
        assert_eq!(why, "cuda: running the writer over 2 tokens: out of memory");
    }

    #[test]
    fn a_gpu_that_is_there_is_used_and_one_that_is_not_is_named() {
        let way = |backend: &Backend| Ok(backend.way);
        let (used_way, used) = read_on(Ok(Some(tensors())), way).expect("a device");
        assert_eq!((used_way, used.name, used.instead), (Way::Tensors, "cuda", None));
        let (used_way, used) = read_on(Err("cuda: gone".to_owned()), way).expect("a device");
        assert_eq!((used_way, used.instead.as_deref()), (Way::Loops, Some("cuda: gone")));
        let (_, used) = read_on(Ok(None), way).expect("a device");
        assert_eq!(used, DeviceUse { name: "cpu", instead: None });
    }

    #[test]
    fn a_fault_of_the_file_is_an_error_on_every_device() {
        let bad = |_: &Backend| -> Result<(), Error> { Err(Error::NoHeads) };
        assert!(read_on(Ok(Some(tensors())), bad).is_err());
    }

    #[test]
    fn too_little_memory_is_told_in_megabytes() {
        assert!(room(5_000_000, 5_000_000).is_ok());
        let why = room(1_000_000, 5_200_000_000).expect_err("too little");
        assert_eq!(why, "the model needs about 5200 MB of its memory, and 1 MB are free");
    }

    #[test]
    fn the_processor_needs_no_reason_and_what_is_not_built_in_is_named() {
        assert!(matches!(gpu(DeviceWish::Cpu, 1), Ok(None)));
        if !cfg!(feature = "metal") {
            let why = gpu(DeviceWish::Metal, 1).expect_err("not built in");
            assert_eq!(why, "metal: this program was built without it");
        }
        if !cfg!(any(feature = "cuda", feature = "metal")) {
            assert!(matches!(gpu(DeviceWish::Auto, usize::MAX), Ok(None)));
            assert!(gpu(DeviceWish::Cuda, 1).is_err());
        }
    }
}
