/** What a run found, as Markdown. */
import { titleOf } from "./bench.ts";
import type { Book, Figure, Line } from "./book.ts";
import { goals, type Goal } from "./goals.ts";
import type { Requests } from "./measurements/requests.ts";
import { count, megabytes, ratio, seconds, table } from "./table.ts";
import type { TargetName } from "./target.ts";

/** The parts of a report under their titles; those of which nothing was measured are left out. */
export function sections(book: Book, requests: Requests): string {
  const { lines } = book;
  const parts: [title: string, body: string[]][] = [
    ["Goals", goalRows(goals(book, requests))],
    ["Large repository", lineRows(lines.filter(({ subject }) => ["none", "large"].includes(subject.repo) && subject.n_pushes === undefined))],
    ["After small pushes", lineRows(lines.filter(({ subject }) => subject.n_pushes !== undefined))],
    ["Growth", lineRows(lines.filter(({ subject }) => subject.repo.startsWith("×")))],
    ["Requests of our server, each the first since it started", requestRows(requests)],
    ["Memory of our server at its highest", memoryRows(requests)],
  ];
  return parts
    .filter(([, body]) => body.length > 0)
    .map(([title, body]) => `## ${title}\n\n${body.join("\n")}\n`)
    .join("\n");
}

function goalRows(all: Goal[]): string[] {
  const measured = all.filter((goal) => goal.measured !== undefined);
  if (measured.length === 0) return [];
  const rows = measured.map(({ what, measured: found = "", without_floor = "", at_most, is_met }) => [
    what,
    found,
    at_most,
    is_met ? "met" : "**missed**",
    without_floor,
  ]);
  const n_missed = measured.filter(({ is_met }) => !is_met).length;
  return [`${measured.length - n_missed} met, ${n_missed} missed.`, "", table(["", "measured", "at most", "", "without the floor"], rows)];
}

function lineRows(lines: Line[]): string[] {
  if (lines.length === 0) return [];
  const head = ["", "wall", "first byte of PACK", "bytes of pack", "CPU", "CPU of R2", "CPU without R2", "R2 puts · gets"];
  return [table(head, lines.map(lineRow))];
}

function lineRow(line: Line): string[] {
  const { r2_cpu } = line;
  const calls = line.calls();
  const of_target = (target: TargetName, figure: Figure) => line.figure(target, figure);
  const both = (figure: Figure, format: (value: number) => string) =>
    compared(of_target("artifacts", figure), of_target("git http-backend", figure), format);
  if (line.unsupported.has("artifacts") && line.samples.size === 0) return [titleOf(line.subject), "not supported"];
  return [
    titleOf(line.subject),
    line.unsupported.has("artifacts") ? `not supported / ${both("wall", seconds)}` : both("wall", seconds),
    both("first", seconds),
    both("bytes", megabytes),
    both("cpu", seconds),
    r2_cpu === undefined ? "" : seconds(r2_cpu),
    r2_cpu === undefined ? "" : compared(line.cpuWithoutR2(), of_target("git http-backend", "cpu"), seconds),
    calls ? `${count(calls.r2_puts)} · ${count(calls.r2_gets)}` : "",
  ];
}

/** `ours / theirs = ratio`, or the one that is known. */
function compared(ours: number | undefined, theirs: number | undefined, format: (value: number) => string): string {
  if (ours === undefined || theirs === undefined) {
    const known = ours ?? theirs;
    return known === undefined ? "" : format(known);
  }
  return `${format(ours)} / ${format(theirs)} = ${ratio(ours, theirs)}`;
}

function requestRows({ requests }: Requests): string[] {
  if (requests.length === 0) return [];
  const head = ["", "object calls", "R2 puts", "bytes put", "R2 gets", "bytes got", "R2 calls before PACK"];
  const rows = requests.map(({ request, repo, calls, r2_calls_before_pack: before_pack }) => [
    `${request}, ${repo}`,
    count(calls.do_calls),
    count(calls.r2_puts),
    megabytes(calls.r2_put_bytes),
    count(calls.r2_gets),
    megabytes(calls.r2_get_bytes),
    before_pack === undefined ? "" : count(before_pack),
  ]);
  return [table(head, rows)];
}

function memoryRows({ memory }: Requests): string[] {
  if (memory.length === 0) return [];
  const rows = memory.map(({ what, wasm_memory_bytes: wasm, js_buffer_bytes: buffers }) => [
    what,
    megabytes(wasm),
    megabytes(buffers),
    megabytes(wasm + buffers),
  ]);
  return [table(["alone since the Worker started", "wasm memory", "JavaScript buffers", "both"], rows)];
}
