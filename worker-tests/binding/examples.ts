/** The programs of a page of the documentation, `fixtures/documentation/`, as files that can be compiled and bundled. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../lib/server.ts";

export type Language = "js" | "ts";

/** What a page leaves to its reader, and what stands there instead. */
type Substitutions = Record<string, string>;

export class Examples {
  readonly #programs: string[];
  readonly #language: Language;
  readonly #folder: string;

  /** Those of a page in one of its two languages; files are written into `folder`. */
  constructor(page: string, language: Language, folder: string) {
    const text = readFileSync(join(projectDir, "fixtures", "documentation", `${page}.md`), "utf8");
    this.#programs = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map(([, program = ""]) => program);
    this.#language = language;
    this.#folder = folder;
  }

  /** Takes the one that holds this text, and writes it with what makes a module of it. */
  take(holding: string, file: string, substitutions: Substitutions = {}, toModule = (program: string) => program): string {
    const at = this.#programs.findIndex((program) => program.includes(holding));
    const [program = assert.fail(`no program holds ${holding}`)] = at < 0 ? [] : this.#programs.splice(at, 1);
    const path = join(this.#folder, `${file}.${this.#language}`);
    writeFileSync(path, toModule(substituted(program, substitutions)));
    return path;
  }

  /** The same of a function, which the module then exports. */
  takeFunction(name: string, substitutions: Substitutions = {}): string {
    return this.take(`function ${name}(`, name, substitutions, (program) => `${program}\nexport default ${name};\n`);
  }

  /** How many have not been taken. */
  get n_left(): number {
    return this.#programs.length;
  }
}

function substituted(program: string, substitutions: Substitutions): string {
  return Object.entries(substitutions).reduce((text, [there, here]) => {
    assert.ok(text.includes(there), `there is no ${there} in ${program}`);
    return text.replaceAll(there, here);
  }, program);
}
