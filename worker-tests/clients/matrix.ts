/** Clients × operations: what was seen, and what README.md says of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../lib/server.ts";
import { operations, type Mark } from "./operations.ts";

/** A row's marks by the names of their columns. */
export type Marks = Map<string, string>;

export class Matrix {
  readonly #seen = new Map<string, { version: string; marks: Marks }[]>();

  /** Begins the row of one client; a row may have several, of different versions. */
  row(row: string, version: string): (operation: string, mark: Mark | "✗") => void {
    const marks: Marks = new Map();
    this.#seen.set(row, [...(this.#seen.get(row) ?? []), { version, marks }]);
    return (operation, mark) => marks.set(operation, mark);
  }

  /** Where the rows that were seen and the table differ, in words. */
  differences(table: Map<string, Marks>): string[] {
    const found: string[] = [];
    for (const [row, clients] of this.#seen) {
      for (const { version, marks } of clients) {
        for (const [operation, mark] of marks) {
          const said = table.get(row)?.get(operation) ?? "nothing";
          if (said !== mark) found.push(`${row}, ${operation}: ${version} shows ${mark}, README.md says ${said}`);
        }
      }
    }
    return found;
  }

  /** The table, as Markdown. */
  text(): string {
    const head = ["client", ...operations.map(({ name }) => name)];
    const rows = [...this.#seen].flatMap(([row, clients]) =>
      clients.map(({ version, marks }) => [`${row} (${version})`, ...operations.map(({ name }) => marks.get(name) ?? "")]),
    );
    return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  }
}

/** The table of README.md whose first column is called `client`; footnotes are left out. */
export function readmeTable(): Map<string, Marks> {
  const lines = readFileSync(join(projectDir, "README.md"), "utf8").split("\n");
  const start = lines.findIndex((line) => line.startsWith("| client |"));
  const length = lines.slice(start).findIndex((line) => !line.startsWith("|"));
  const [head = [], , ...rows] = lines.slice(start, start + length).map(cellsOf);
  return new Map(rows.map(([row = "", ...cells]) => [row, new Map(cells.map((cell, n) => [head[n + 1] ?? "", cell]))]));
}

function cellsOf(line: string): string[] {
  const cells = line.split("|").slice(1, -1);
  return cells.map((cell) => cell.replace(/[¹²³⁴⁵⁶⁷⁸⁹]/g, "").trim());
}
