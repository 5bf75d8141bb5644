//! Apple's GPUs: all that is said of them alone. Nobody has compiled or run it yet.

use candle_core::Device;

/// The GPU, and the bytes that may still be taken of the memory it shares with the processor.
#[cfg(feature = "metal")]
pub(super) fn open() -> Result<(Device, usize), String> {
    let line = |error: candle_core::Error| super::device::first_line(&error.to_string());
    let device = Device::new_metal(0).map_err(line)?;
    let metal = device.as_metal_device().map_err(line)?.metal_device();
    let taken = metal.current_allocated_size();
    let free_bytes = metal.recommended_max_working_set_size().saturating_sub(taken);
    Ok((device, free_bytes))
}

#[cfg(not(feature = "metal"))]
pub(super) fn open() -> Result<(Device, usize), String> {
    Err("this program was built without it".to_owned())
}
