/** The questions that are measured: the documented ones, and some for every event and for quantiles. */

export interface Question {
  name: string;
  query: string;
}

export interface Group {
  count: number;
}

/** The dataset that all ask. */
export const dataset = "artifactsEventsAdaptiveGroups";

const quantiles = "quantiles { durationMsP25 durationMsP50 durationMsP75 durationMsP90 durationMsP95 durationMsP99 durationMsP999 }";

export function questions(from_ms: number, to_ms: number): Question[] {
  const time = (ms: number) => JSON.stringify(new Date(ms).toISOString());
  const ask = (fields: string, conditions: string, from = from_ms) => `{
    viewer {
      accounts(filter: { accountTag: "${"0".repeat(32)}" }) {
        ${dataset}(
          limit: 100
          filter: { datetime_geq: ${time(from)}, datetime_leq: ${time(to_ms)}, ${conditions} }
          orderBy: [count_DESC]
        ) { count ${fields} }
      }
    }
  }`;
  return [
    { name: everything, query: ask("", "") },
    {
      name: "operations by repo in a namespace, with averages",
      query: ask("avg { durationMs } dimensions { repositoryName }", 'repositoryNamespace: "metrics", eventKind: "action"'),
    },
    { name: "errors by repo and type", query: ask("dimensions { repository eventType }", 'eventKind: "error"') },
    { name: "pushes by repo", query: ask("dimensions { repository }", 'eventKind: "action", eventType: "push"') },
    { name: "all quantiles by repo", query: ask(`${quantiles} dimensions { repository }`, 'eventKind: "action"') },
    { name: "all quantiles by hour", query: ask(`${quantiles} dimensions { datetimeHour }`, 'eventKind: "action"') },
    { name: "pushes by repo in the last hour", query: ask("dimensions { repository }", 'eventType: "push"', to_ms - 3_600_000) },
  ];
}

/** The name of the question whose one group counts all events. */
export const everything = "all events, no groups";
