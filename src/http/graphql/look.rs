//! Looking ahead: how large a query is before it is run, and which parts of a dataset it selects.

use std::collections::{BTreeSet, HashMap};

use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::{ExecutableDocument, Name};

use crate::ops::metrics::By;

/// How deep fields stand in one another and how many there are, once fragments stand where they are used, and how long the longest
/// name is that one is answered under, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) depth: usize,
    pub(super) n_fields: usize,
    pub(super) name_len_max: usize,
}

/// The size of a query. Each fragment is looked at once: one that is used by another twice makes the fields many, and not the work.
pub(super) fn size(document: &ExecutableDocument, set: &SelectionSet) -> Size {
    measure(document, set, &mut HashMap::new())
}

fn measure<'d>(document: &'d ExecutableDocument, set: &'d SelectionSet, known: &mut HashMap<&'d Name, Size>) -> Size {
    let mut all = Size::default();
    for selection in &set.selections {
        let size = match selection {
            Selection::Field(field) => {
                let inside = measure(document, &field.selection_set, known);
                Size {
                    depth: inside.depth + 1,
                    n_fields: inside.n_fields.saturating_add(1),
                    name_len_max: inside.name_len_max.max(field.response_key().len()),
                }
            }
            Selection::InlineFragment(fragment) => measure(document, &fragment.selection_set, known),
            Selection::FragmentSpread(spread) => {
                let name = &spread.fragment_name;
                if !known.contains_key(name) {
                    let fragment = spread.fragment_def(document);
                    let size = fragment.map(|fragment| measure(document, &fragment.selection_set, known));
                    known.insert(name, size.unwrap_or_default());
                }
                known.get(name).copied().unwrap_or_default()
            }
        };
        all.depth = all.depth.max(size.depth);
        all.n_fields = all.n_fields.saturating_add(size.n_fields);
        all.name_len_max = all.name_len_max.max(size.name_len_max);
    }
    all
}

/// What of a dataset is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) dimensions: BTreeSet<By>,
    pub(super) quantiles: bool,
    /// How many values each group has in the answer, at most.
    pub(super) n_values: usize,
}

/// A query with the values of its variables.
#[derive(Clone, Copy)]
pub(super) struct Looking<'d> {
    pub(super) document: &'d ExecutableDocument,
    pub(super) variables: &'d JsonMap,
}

impl Looking<'_> {
    /// What the fields of a dataset that are answered as one select.
    pub(super) fn selected<'s>(self, sets: impl Iterator<Item = &'s SelectionSet>) -> Selected {
        let mut selected = Selected::default();
        for set in sets {
            self.add(set, None, &mut selected);
        }
        selected
    }

    /// Adds what a set of fields selects that stands in the field `block` of a group, or in none.
    fn add(self, set: &SelectionSet, block: Option<&str>, selected: &mut Selected) {
        for selection in set.selections.iter().filter(|selection| self.counts(selection)) {
            match selection {
                Selection::Field(field) if field.selection_set.is_empty() => {
                    selected.n_values += 1;
                    match block {
                        Some("dimensions") => selected.dimensions.extend(By::parse(&field.name)),
                        Some("quantiles") => selected.quantiles = true,
                        _ => {}
                    }
                }
                Selection::Field(field) => {
                    selected.n_values += 1;
                    self.add(&field.selection_set, Some(&field.name), selected);
                }
                Selection::InlineFragment(fragment) => self.add(&fragment.selection_set, block, selected),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = spread.fragment_def(self.document) {
                        self.add(&fragment.selection_set, block, selected);
                    }
                }
            }
        }
    }

    /// Whether `@skip` and `@include` leave it in.
    fn counts(self, selection: &Selection) -> bool {
        let says = |directive: &str| {
            let value = selection.directives().get(directive)?.specified_argument_by_name("if")?;
            match value.as_variable() {
                Some(name) => self.variables.get(name.as_str()).and_then(JsonValue::as_bool),
                None => value.to_bool(),
            }
        };
        says("skip") != Some(true) && says("include") != Some(false)
    }
}
