/** The questions that are measured: the documented ones, as the stores of events are asked them, and one for quantiles. */

type Filter = { and: Filter[] } | { compare: { dimension: string; by: string; with: (string | number)[] } };

export interface Question {
  name: string;
  query: {
    filter: Filter;
    dimensions: string[];
    quantiles: boolean;
    order: { by: { measure: string }; direction: "ASC" | "DESC" }[];
    limit: number;
  };
}

export function questions(from_ms: number, to_ms: number): Question[] {
  const is = (dimension: string, value: string | number, by = "eq"): Filter => ({ compare: { dimension, by, with: [value] } });
  const ask = (dimensions: string[], conditions: Filter[], quantiles = false, from = from_ms) => ({
    filter: { and: [is("datetime", from, "geq"), is("datetime", to_ms, "leq"), ...conditions] },
    dimensions,
    quantiles,
    order: [{ by: { measure: "count" }, direction: "DESC" as const }],
    limit: 100,
  });
  const action = is("eventKind", "action");
  return [
    { name: "all events, no groups", query: ask([], []) },
    { name: "operations by repo in a namespace, with averages", query: ask(["repositoryName"], [is("repositoryNamespace", "metrics"), action]) },
    { name: "errors by repo and type", query: ask(["repository", "eventType"], [is("eventKind", "error")]) },
    { name: "pushes by repo", query: ask(["repository"], [action, is("eventType", "push")]) },
    { name: "all quantiles by repo", query: ask(["repository"], [action], true) },
    { name: "all quantiles by hour", query: ask(["datetimeHour"], [action], true) },
    { name: "pushes by repo in the last hour", query: ask(["repository"], [is("eventType", "push")], false, to_ms - 3_600_000) },
  ];
}
