/** The kinds of histories that are made. */
import type { Shape } from "./history.ts";

const ordinary: Shape = { n_steps: 60, n_pushes: 12, n_files: 0, largest: 3000, n_more_refs: 0, skew: 0, is_packed_as_usual: true };

export const shapes = {
  ordinary,
  /** Files that make packs too long for the catalog's rows. */
  large: { ...ordinary, largest: 400_000 },
  /** The same, packed in odd ways: no deltas, or long chains of them. */
  odd: { ...ordinary, largest: 400_000, is_packed_as_usual: false },
  /** Clocks that are days apart. */
  skewed: { ...ordinary, skew: 1_000_000 },
  long: { ...ordinary, n_steps: 400, n_pushes: 40 },
  refs: { ...ordinary, n_steps: 120, n_more_refs: 10_000 },
  /** A folder of many files; as many pushes as it takes for packs to be merged. */
  tree: { ...ordinary, n_steps: 30, n_pushes: 20, n_files: 20_000 },
} satisfies Record<string, Shape>;

export type ShapeName = keyof typeof shapes;
