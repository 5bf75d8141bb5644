//! GGUF files made for tests.

/// A GGUF file being made: version 3, one F32 tensor a model.
pub(super) struct Maker {
    pairs: Vec<Vec<u8>>,
    version: u32,
    tensors: Vec<(u32, u64)>,
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

impl Maker {
    pub(super) fn new(architecture: &str) -> Self {
        let maker = Self { pairs: Vec::new(), version: 3, tensors: vec![(0, 64)] };
        maker.with_text("general.architecture", architecture)
    }

    pub(super) fn without_architecture() -> Self {
        Self { pairs: Vec::new(), version: 3, tensors: vec![(0, 64)] }
    }

    pub(super) fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// Tensors of these ggml types and numbers of elements, one after another.
    pub(super) fn tensors(mut self, tensors: &[(u32, u64)]) -> Self {
        self.tensors = tensors.to_vec();
        self
    }

    pub(super) fn with_text(self, key: &str, value: &str) -> Self {
        let mut content = Vec::new();
        text(&mut content, value);
        self.with(key, 8, &content)
    }

    pub(super) fn with_number(self, key: &str, value: u32) -> Self {
        self.with(key, 4, &value.to_le_bytes())
    }

    /// A list of texts.
    pub(super) fn with_texts(self, key: &str, values: &[&str]) -> Self {
        let mut content = 8u32.to_le_bytes().to_vec();
        content.extend((values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| text(&mut content, value));
        self.with(key, 9, &content)
    }

    pub(super) fn with(mut self, key: &str, kind: u32, content: &[u8]) -> Self {
        let mut pair = Vec::new();
        text(&mut pair, key);
        pair.extend(kind.to_le_bytes());
        pair.extend(content);
        self.pairs.push(pair);
        self
    }

    /// The file. Weights take as many bytes as their types say, alignment is 32.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.pairs.len() as u64).to_le_bytes());
        bytes.extend(self.pairs.concat());
        let mut offset = 0u64;
        for (at, &(kind, elements)) in self.tensors.iter().enumerate() {
            text(&mut bytes, &format!("blk.{at}.weight"));
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(elements.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
            let size = match kind {
                0 => elements * 4,
                8 => elements / 32 * 34,
                12 => elements / 256 * 144,
                _ => 0,
            };
            offset += size.next_multiple_of(32);
        }
        let start = bytes.len().next_multiple_of(32);
        bytes.resize(start, 0);
        bytes.extend((0..offset).map(|at| at as u8));
        bytes
    }
}
