//! The pack engine as a wasm module of its own: `run.mjs` drives it under Node and prints what it costs.
//!
//! JavaScript keeps the pack and the spills and answers for both; the machines run here.

use std::collections::BTreeMap;

use git_core::ObjectId;
use git_core::object::fsck::MsgIds;
use git_core::pack::index::{IndexWriter, PackIndex};
use git_core::pack::inflate::DataInflater;
use git_core::pack::introduce::{self, Introducer, ParentCommit};
use git_core::pack::receive::Receiver;
use git_core::pack::resolve::{Resolver, Step, SuppliedBase};
use git_core::pack::{Limits, entry};
use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

const MIB: usize = 1 << 20;

/// The limits of the Worker.
fn limits() -> Limits {
    Limits {
        n_objects_max: 1_000_000,
        notes_max: 48 * MIB,
        tree_cache_max: 8 * MIB,
        n_compared_max: 8 << 30,
        object_resident_max: 8 << 20,
        pack_resident_max: 4 * MIB,
        cache_max: 10 * MIB,
        block_len: MIB,
        n_blocks_max: 3,
        n_introduced_max: 2_000_000,
        delta_depth_max: 4096,
        rebuilt_bytes_max: 8 << 30,
        hash_key: 0x9e37_79b9_7f4a_7c15,
    }
}

/// One pack being taken in.
#[wasm_bindgen]
pub struct Ingest {
    receiver: Option<Receiver>,
    buffer: Vec<u8>,
}

/// What JavaScript answers for.
#[wasm_bindgen]
pub struct Host {
    read_pack: Function,
    write_spill: Function,
    read_spill: Function,
    base_pack: Option<(PackIndex, Function)>,
}

fn failed(error: impl std::fmt::Display) -> JsValue {
    JsValue::from_str(&error.to_string())
}

/// Packs here are below 4 GiB.
fn number(n: impl TryInto<u32>) -> JsValue {
    n.try_into().unwrap_or(u32::MAX).into()
}

fn bytes(call: Result<JsValue, JsValue>) -> Result<Vec<u8>, JsValue> {
    Ok(Uint8Array::from(call?).to_vec())
}

#[wasm_bindgen]
impl Host {
    /// Functions `(offset, len) => bytes`, `(spill, bytes)`, `(spill, offset, len) => bytes`.
    #[wasm_bindgen(constructor)]
    pub fn new(read_pack: Function, write_spill: Function, read_spill: Function) -> Self {
        Self { read_pack, write_spill, read_spill, base_pack: None }
    }

    /// A stored pack that thin ones build on: its index, and `(offset, len) => bytes` for the pack.
    #[wasm_bindgen(js_name = setBasePack)]
    pub fn set_base_pack(&mut self, index: Vec<u8>, read: Function) -> Result<(), JsValue> {
        self.base_pack = Some((PackIndex::parse(index).map_err(failed)?, read));
        Ok(())
    }

    /// A whole object of the base pack, inflated into a spill as it is read.
    fn spill_base(&self, resolver: &mut Resolver, id: ObjectId) -> Result<SuppliedBase, JsValue> {
        let Some((index, read)) = &self.base_pack else { return Ok(SuppliedBase::Missing) };
        let Some(found) = index.find(id).and_then(|number| index.entry(number)) else {
            return Ok(SuppliedBase::Missing);
        };
        let spill = resolver.new_spill();
        let read_at = |at: u64| bytes(read.call2(&JsValue::NULL, &number(at), &number(64u32 << 10)));
        let mut input = read_at(found.offset)?;
        let entry::Decoded::Value(_, header_len) = entry::decode_entry_header(&input).map_err(failed)? else {
            return Err(failed("short entry"));
        };
        let mut inflater = DataInflater::default();
        inflater.begin_streamed(found.offset, found.object_len);
        let (mut input_at, mut offset, mut out) = (header_len, found.offset, Vec::new());
        loop {
            let rest = input.get(input_at..).unwrap_or_default();
            let (used, whole) = inflater.feed(rest, &mut |data| out.extend_from_slice(data)).map_err(failed)?;
            input_at += used;
            if whole || out.len() >= MIB {
                self.write(spill, &out)?;
                out.clear();
            }
            if whole {
                return Ok(SuppliedBase::Spilled { kind: found.kind, spill, len: found.object_len });
            }
            if input_at == input.len() {
                offset += input.len() as u64;
                (input, input_at) = (read_at(offset)?, 0);
            }
        }
    }

    fn write(&self, spill: u32, data: &[u8]) -> Result<(), JsValue> {
        self.write_spill.call2(&JsValue::NULL, &spill.into(), &Uint8Array::from(data)).map(|_| ())
    }
}

#[wasm_bindgen]
impl Ingest {
    /// Begins.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self { receiver: Some(Receiver::new(limits(), MsgIds::NONE)), buffer: Vec::new() }
    }

    /// Pass 1: the next bytes.
    pub fn push(&mut self, chunk: &Uint8Array) -> Result<(), JsValue> {
        self.buffer.resize(chunk.length() as usize, 0);
        chunk.copy_to(&mut self.buffer);
        let receiver = self.receiver.as_mut().ok_or("finished")?;
        receiver.push(&self.buffer).map_err(failed)
    }

    /// Pass 2, closure, what commits introduce: the index, in pieces. `mark` is told the name of each stage that ends.
    pub fn finish(&mut self, host: &Host, mark: &Function, index_piece: &Function) -> Result<(), JsValue> {
        let said = |stage: &str| mark.call1(&JsValue::NULL, &stage.into()).map(|_| ());
        let mut resolver = self.receiver.take().ok_or("finished")?.finish().map_err(failed)?;
        self.buffer = Vec::new();
        loop {
            match resolver.step().map_err(failed)? {
                Step::NeedPack { offset, len } => {
                    let call = host.read_pack.call2(&JsValue::NULL, &number(offset), &number(len));
                    resolver.supply_pack(offset, bytes(call)?);
                }
                Step::NeedBase { id } => {
                    let base = host.spill_base(&mut resolver, id)?;
                    resolver.supply_base(id, base);
                }
                Step::SpillWrite { spill, bytes } => host.write(spill, &bytes)?,
                Step::SpillRead { spill, offset, len } => {
                    let arguments = [number(spill), number(offset), number(len)];
                    let [spill, offset_js, len_js]: &[JsValue; 3] = &arguments;
                    resolver
                        .supply_spill(offset, bytes(host.read_spill.call3(&JsValue::NULL, spill, offset_js, len_js))?);
                }
                Step::Done => break,
            }
        }
        said("pass 2")?;
        let pack = resolver.finish();
        pack.check_kinds().map_err(failed)?;
        let outside = pack.outside();
        if let (Some((id, kind)), None) = (outside.first(), &host.base_pack) {
            return Err(failed(format!("missing {kind} {id}")));
        }
        said("closure")?;
        let mut introducer = Introducer::new(pack, &BTreeMap::<ObjectId, ParentCommit>::new());
        while let introduce::Step::NeedTrees(ids) = introducer.step().map_err(failed)? {
            for id in ids {
                introducer.supply_tree(id, b"").map_err(failed)?;
            }
        }
        said("introduced")?;
        for piece in IndexWriter::new(introducer) {
            index_piece.call1(&JsValue::NULL, &Uint8Array::from(&*piece))?;
        }
        said("index")
    }
}

impl Default for Ingest {
    fn default() -> Self {
        Self::new()
    }
}
