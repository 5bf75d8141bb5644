//! GGUF files made for tests: whole, small or not so small, and without meaning.

use sha2::{Digest as _, Sha256};

/// A GGUF file that says it is of `architecture`, with at least `bytes` of weights that do not pack.
pub(crate) fn gguf(architecture: &str, bytes: usize) -> Vec<u8> {
    let mut file = b"GGUF".to_vec();
    file.extend(3u32.to_le_bytes());
    file.extend(1u64.to_le_bytes());
    file.extend(3u64.to_le_bytes());
    for (key, value) in [("general.architecture", architecture), ("general.license", "apache-2.0")]
    {
        text(&mut file, key);
        file.extend(8u32.to_le_bytes());
        text(&mut file, value);
    }
    text(&mut file, &format!("{architecture}.context_length"));
    file.extend(4u32.to_le_bytes());
    file.extend(2_048u32.to_le_bytes());
    text(&mut file, "token_embd.weight");
    file.extend(1u32.to_le_bytes());
    let elements = bytes.div_ceil(4);
    file.extend((elements as u64).to_le_bytes());
    file.extend(0u32.to_le_bytes());
    file.extend(0u64.to_le_bytes());
    file.resize(file.len().next_multiple_of(32), 0);
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..elements {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        file.extend(((seed >> 32) as u32).to_le_bytes());
    }
    file
}

fn text(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

/// 64 hex digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
