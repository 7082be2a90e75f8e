/** Curves of what was measured, as one SVG: four panels, two lines in each. */
import type { Book, Figure, Line, Operation } from "./book.ts";
import type { TargetName } from "./target.ts";

const width = 430;
const height = 260;
const margin = { left: 58, right: 28, top: 34, bottom: 46 };
const colors: Record<TargetName, string> = { artifacts: "#d9480f", "git http-backend": "#1864ab" };

interface Point {
  x: number;
  y: number;
  label: string;
}

interface Panel {
  title: string;
  x_title: string;
  lines: Line[];
  x: (line: Line) => number;
  label: (line: Line) => string;
  figure: Figure;
}

export function plot(book: Book): string {
  const of = (operation: Operation, wanted: (line: Line) => boolean) =>
    book.lines.filter((line) => line.subject.operation === operation && wanted(line));
  const after_pushes = (line: Line) => line.subject.repo === "large" && line.subject.n_pushes !== undefined;
  const of_growth = (line: Line) => line.subject.repo.startsWith("×");
  // One more, so that there is a place for none on a scale of logarithms.
  const by_pushes = {
    x_title: "small pushes on top of the first",
    x: ({ subject }: Line) => Math.log10(1 + (subject.n_pushes ?? 0)),
    label: ({ subject }: Line) => String(subject.n_pushes),
  };
  const by_objects = {
    x_title: "objects of the repository",
    x: ({ n_objects }: Line) => n_objects,
    label: ({ n_objects }: Line) => n_objects.toLocaleString("en"),
  };
  const panels: Panel[] = [
    { title: "Full fetch, raw", lines: of("raw-fetch", after_pushes), figure: "wall", ...by_pushes },
    { title: "Fetch of one commit, raw", lines: of("raw-one-commit-fetch", after_pushes), figure: "wall", ...by_pushes },
    { title: "Push", lines: of("push", of_growth), figure: "wall", ...by_objects },
    { title: "Full fetch, raw", lines: of("raw-fetch", of_growth), figure: "wall", ...by_objects },
  ];
  const drawn = panels.filter(({ lines }) => lines.length > 0);
  const parts = drawn.map((panel, n) => `<g transform="translate(${(n % 2) * width} ${Math.floor(n / 2) * height})">${draw(panel)}</g>`);
  const size = { x: 2 * width, y: Math.ceil(drawn.length / 2) * height + 30 };
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.x} ${size.y}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${parts.join("\n")}
${legend(size.y - 12)}
</svg>
`;
}

function draw({ title, x_title, lines, x, label, figure }: Panel): string {
  const series = (Object.keys(colors) as TargetName[]).map((target) => ({ target, points: pointsOf(lines, target, { x, label, figure }) }));
  const all = series.flatMap(({ points }) => points);
  const [x_low, x_high] = [Math.min(...all.map((point) => point.x)), Math.max(...all.map((point) => point.x))];
  const step = tickStep(Math.max(...all.map((point) => point.y)));
  const y_high = step * Math.ceil(Math.max(...all.map((point) => point.y)) / step) || 1;
  const inner = { x: width - margin.left - margin.right, y: height - margin.top - margin.bottom };
  const across = (value: number) => margin.left + (x_high === x_low ? 0.5 : (value - x_low) / (x_high - x_low)) * inner.x;
  const down = (value: number) => margin.top + (1 - value / y_high) * inner.y;
  const parts = [`<text x="${margin.left}" y="20" font-weight="bold">${title}, seconds</text>`];
  for (let tick = 0; tick <= y_high + step / 2; tick += step) {
    parts.push(`<path d="M${margin.left} ${at(down(tick))}H${width - margin.right}" stroke="#ddd"/>`);
    parts.push(`<text x="${margin.left - 6}" y="${at(down(tick) + 4)}" text-anchor="end">${Number(tick.toPrecision(3))}</text>`);
  }
  for (const [place, text] of new Map(all.map((point) => [point.x, point.label]))) {
    parts.push(`<text x="${at(across(place))}" y="${height - margin.bottom + 18}" text-anchor="middle">${text}</text>`);
  }
  parts.push(`<text x="${at(margin.left + inner.x / 2)}" y="${height - 10}" text-anchor="middle" fill="#555">${x_title}</text>`);
  for (const { target, points } of series) {
    const path = points.map((point, n) => `${n === 0 ? "M" : "L"}${at(across(point.x))} ${at(down(point.y))}`).join("");
    parts.push(`<path d="${path}" fill="none" stroke="${colors[target]}" stroke-width="2"/>`);
    parts.push(...points.map((point) => `<circle cx="${at(across(point.x))}" cy="${at(down(point.y))}" r="3" fill="${colors[target]}"/>`));
  }
  return parts.join("\n");
}

function pointsOf(lines: Line[], target: TargetName, { x, label, figure }: Pick<Panel, "x" | "label" | "figure">): Point[] {
  const points = lines.map((line) => ({ x: x(line), y: line.figure(target, figure), label: label(line) }));
  return points.flatMap((point) => (point.y === undefined ? [] : [{ ...point, y: point.y }])).toSorted((a, b) => a.x - b.x);
}

/** 1, 2 or 5 times a power of ten, so that there are some four of it up to `high`. */
function tickStep(high: number): number {
  const power = 10 ** Math.floor(Math.log10(high / 4 || 1));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => high / step <= 5) ?? 10 * power;
}

function legend(y: number): string {
  const names = Object.keys(colors) as TargetName[];
  const entries = names.map((name, n) => {
    const x = margin.left + n * 120;
    return `<circle cx="${x}" cy="${y - 4}" r="4" fill="${colors[name]}"/><text x="${x + 10}" y="${y}">${name}</text>`;
  });
  return entries.join("\n");
}

function at(value: number): string {
  return value.toFixed(1);
}
