//! Bytes that need not enter wasm: what R2 and clients send stays in JavaScript's memory until somebody looks into it.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use js_sys::Uint8Array;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static HIGH: Cell<usize> = const { Cell::new(0) };
}

/// Bytes of JavaScript buffers that this instance holds.
pub(crate) fn js_bytes() -> usize {
    LIVE.get()
}

/// The most bytes of JavaScript buffers that this instance has held at once.
pub(crate) fn js_bytes_high() -> usize {
    HIGH.get()
}

/// A JavaScript buffer that counts while it lives.
#[derive(Debug)]
struct JsBuffer {
    array: Uint8Array,
    len: usize,
}

impl JsBuffer {
    fn new(array: Uint8Array) -> Self {
        let len = array.length() as usize;
        LIVE.set(LIVE.get() + len);
        HIGH.set(HIGH.get().max(LIVE.get()));
        Self { array, len }
    }
}

impl Drop for JsBuffer {
    fn drop(&mut self) {
        LIVE.set(LIVE.get() - self.len);
    }
}

#[derive(Debug, Clone)]
enum Memory {
    Js(Rc<JsBuffer>),
    Wasm(Rc<Vec<u8>>),
}

/// A piece of shared bytes.
#[derive(Debug, Clone)]
pub(crate) struct Bytes {
    memory: Memory,
    range: Range<usize>,
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { memory: Memory::Wasm(Rc::new(bytes)), range }
    }
}

impl From<Uint8Array> for Bytes {
    fn from(array: Uint8Array) -> Self {
        let range = 0..array.length() as usize;
        Self { memory: Memory::Js(Rc::new(JsBuffer::new(array))), range }
    }
}

impl Bytes {
    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// A part of it, cut off at its end.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let end = self.range.start.saturating_add(range.end).min(self.range.end);
        let start = self.range.start.saturating_add(range.start).min(end);
        Self { memory: self.memory.clone(), range: start..end }
    }

    /// Replaces the content of `out` with these bytes.
    pub(crate) fn read_into(&self, out: &mut Vec<u8>) {
        out.clear();
        self.append_to(out);
    }

    /// Adds these bytes to `out`.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        match &self.memory {
            Memory::Wasm(bytes) => out.extend_from_slice(bytes.get(self.range.clone()).unwrap_or_default()),
            Memory::Js(_) => {
                let start = out.len();
                out.resize(start + self.len(), 0);
                self.to_js().copy_to(out.get_mut(start..).unwrap_or_default());
            }
        }
    }

    /// A copy that keeps nothing else in memory.
    pub(crate) fn copied(&self) -> Self {
        match &self.memory {
            Memory::Js(_) => Self::from(self.to_js().slice(0, js32(self.len()))),
            Memory::Wasm(_) => Self::from(self.to_vec()),
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.read_into(&mut out);
        out
    }

    /// The same in JavaScript's memory.
    pub(crate) fn out_of_wasm(self) -> Self {
        match self.memory {
            Memory::Js(_) => self,
            Memory::Wasm(_) => Self::from(self.to_js()),
        }
    }

    /// As JavaScript sees it: a view, or a copy of what is in wasm.
    pub(crate) fn to_js(&self) -> Uint8Array {
        match &self.memory {
            Memory::Js(buffer) => buffer.array.subarray(js32(self.range.start), js32(self.range.end)),
            Memory::Wasm(bytes) => Uint8Array::from(bytes.get(self.range.clone()).unwrap_or_default()),
        }
    }
}

/// Bytes being gathered, up to a fixed length.
#[derive(Debug)]
pub(crate) struct Buffer {
    memory: Gathered,
    len: usize,
}

#[derive(Debug)]
enum Gathered {
    Js(JsBuffer),
    Wasm(Vec<u8>),
}

impl Buffer {
    /// An empty buffer; in the Worker it is JavaScript's, in native tests ours.
    pub(crate) fn new(len_max: usize) -> Self {
        let memory = if cfg!(target_arch = "wasm32") {
            Gathered::Js(JsBuffer::new(Uint8Array::new_with_length(js32(len_max))))
        } else {
            Gathered::Wasm(vec![0; len_max])
        };
        Self { memory, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Room left, in bytes.
    pub(crate) fn room(&self) -> usize {
        match &self.memory {
            Gathered::Js(buffer) => buffer.len - self.len,
            Gathered::Wasm(bytes) => bytes.len() - self.len,
        }
    }

    /// Adds what fits of `bytes` and gives back the rest.
    pub(crate) fn add(&mut self, bytes: &Bytes) -> Bytes {
        let n = bytes.len().min(self.room());
        let part = bytes.slice(0..n);
        if let (Gathered::Js(buffer), Memory::Js(_)) = (&self.memory, &part.memory) {
            buffer.array.set(&part.to_js(), js32(self.len));
            self.len += n;
        } else {
            self.write(&part.to_vec());
        }
        bytes.slice(n..bytes.len())
    }

    /// Adds what fits of `bytes` and gives back the rest.
    pub(crate) fn add_slice<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (part, rest) = bytes.split_at_checked(self.room()).unwrap_or((bytes, &[]));
        self.write(part);
        rest
    }

    fn write(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        match &mut self.memory {
            Gathered::Js(buffer) => buffer.array.subarray(js32(self.len), js32(end)).copy_from(bytes),
            Gathered::Wasm(memory) => {
                if let Some(out) = memory.get_mut(self.len..end) {
                    out.copy_from_slice(bytes);
                }
            }
        }
        self.len = end;
    }

    /// What has been gathered.
    pub(crate) fn finish(self) -> Bytes {
        let range = 0..self.len;
        let memory = match self.memory {
            Gathered::Js(buffer) => Memory::Js(Rc::new(buffer)),
            Gathered::Wasm(bytes) => Memory::Wasm(Rc::new(bytes)),
        };
        Bytes { memory, range }
    }
}

/// Buffers here are far below 4 GiB.
fn js32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_cut_off_at_the_end() {
        let bytes = Bytes::from(b"0123456789".to_vec()).slice(2..8);
        assert_eq!(bytes.slice(1..3).to_vec(), b"34");
        assert_eq!(bytes.slice(4..100).to_vec(), b"67");
        assert!(bytes.slice(9..100).is_empty());
    }

    #[test]
    fn a_buffer_takes_what_fits_and_gives_back_the_rest() {
        let mut buffer = Buffer::new(5);
        assert!(buffer.add(&Bytes::from(b"abc".to_vec())).is_empty());
        assert_eq!(buffer.room(), 2);
        assert_eq!(buffer.add(&Bytes::from(b"d".to_vec())).to_vec(), b"");
        assert_eq!(buffer.add_slice(b"efg"), b"fg");
        assert_eq!(buffer.finish().to_vec(), b"abcde");
    }
}
