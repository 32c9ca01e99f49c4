// A model of what GitHub does with a workflow: every way in which a run can go, as far as `needs` and
// `if` decide it. Each job and step that starts may succeed, fail or be cancelled, and the whole run
// may be cancelled at any moment.

import { parse as parseYaml, stringify } from "yaml";
import { holds, parse } from "./github.mjs";

const OUTCOMES = ["success", "failure", "cancelled"];

/** Reads a workflow, given as text or as what is in it, with GitHub's parser, or throws what that says. */
export async function readWorkflow(name, source) {
  const text = typeof source === "string" ? source : stringify(source);
  const { template, errors } = await parse(name, text);
  if (errors.length) throw new Error(`${name}: ${errors.join("; ")}`);
  const yaml = typeof source === "string" ? parseYaml(source) : source;
  const jobs = template.jobs.map((job) => {
    const raw = yaml.jobs[job.id.value];
    return {
      id: job.id.value,
      needs: (job.needs ?? []).map((need) => need.value),
      condition: job.if.expression,
      steps: job.steps.map((step, index) => ({
        ...raw.steps[index],
        key: raw.steps[index].id ?? `#${index}`,
        condition: step.if.expression,
      })),
      raw,
      remember: memory(),
    };
  });
  return { name, yaml, jobs: inOrder(jobs), events: eventsOf(yaml.on, text) };
}

/** A function that works out each answer once: `remember(key, workOut)`. */
function memory() {
  const answers = new Map();
  return (key, workOut) => {
    if (!answers.has(key)) answers.set(key, workOut());
    return answers.get(key);
  };
}

function inOrder(jobs) {
  const ordered = [];
  while (ordered.length < jobs.length) {
    const next = jobs.find((job) => !ordered.includes(job) && job.needs.every((id) => ordered.some((one) => one.id === id)));
    if (!next) throw new Error("jobs need each other in a circle");
    ordered.push(next);
  }
  return ordered;
}

// What `github` and `inputs` can be when the workflow starts, as far as it matters here: each event,
// each choice of an input, and if somebody asks for it, first run and re-run.
function eventsOf(on, text) {
  const names = typeof on === "string" ? [on] : Array.isArray(on) ? on : Object.keys(on);
  const attempts = text.includes("run_attempt") ? ["1", "2"] : ["1"];
  const events = [];
  for (const name of names) {
    for (const inputs of combinations(inputValues(name === "workflow_dispatch" ? on[name]?.inputs : {}))) {
      for (const attempt of attempts) {
        events.push({ github: { event_name: name, ref: "refs/heads/main", run_attempt: attempt }, inputs, vars: {} });
      }
    }
  }
  return events;
}

function inputValues(inputs) {
  return Object.entries(inputs ?? {}).map(([name, input]) => [name, input.options ?? (input.type === "boolean" ? ["true", "false"] : ["", "text"])]);
}

/** Every way to pick one value for each name. */
function combinations(choices) {
  return choices.reduce(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

// Values that outputs of the action can have; a gate may also end before it has said anything.
const OUTPUTS = { verdict: ["", "pass", "fail"], settled: ["", "true", "false"] };

// The outputs of a job (kind "needs") or step (kind "steps") that somebody looks at, with their values.
function outputValues(conditions, declared, kind, id) {
  const used = new RegExp(`${kind}\\.${id}\\.outputs\\.([\\w-]+)`, "g");
  const names = new Set(declared);
  for (const condition of conditions) {
    for (const [, name] of condition.matchAll(used)) names.add(name);
  }
  return [...names].map((name) => [name, OUTPUTS[name] ?? ["", "text"]]);
}

/**
 * Every run of a workflow on an event: yields one object from job id to
 * `{ started, result, outputs, cancelled }`, the last being whether the run was cancelled by then.
 *
 * `lineage` says whose results success() and failure() look at: "needs", as GitHub's documentation has
 * it, or "ancestors", as people see it (actions/runner#2205). A workflow should hold either way. The object is reused: take what you need before asking for the next one.
 */
export function* runs(workflow, event, lineage) {
  const jobs = workflow.jobs;
  const conditions = jobs.flatMap((job) => [job.condition, ...job.steps.map((step) => step.condition)]);
  const outputs = new Map(jobs.map((job) => [job.id, combinations(outputValues(conditions, Object.keys(job.raw.outputs ?? {}), "needs", job.id))]));
  const ancestors = new Map();
  for (const job of jobs) {
    ancestors.set(job.id, [...new Set(job.needs.flatMap((id) => [id, ...ancestors.get(id)]))]);
  }
  const state = {};
  const remember = memory();

  function* from(index, unstarted) {
    if (index === jobs.length) {
      yield state;
      return;
    }
    const job = jobs[index];
    const before = lineage === "ancestors" ? ancestors.get(job.id) : job.needs;
    const needs = needsOf(job, state);
    const wasCancelled = ancestors.get(job.id).some((id) => state[id].cancelled);
    const startsIf = (cancelled) =>
      remember(JSON.stringify([index, cancelled, before.map((id) => state[id].result), needs]), () =>
        holds(job.condition, { ...event, needs }, {
          success: !cancelled && before.every((id) => state[id].result === "success"),
          failure: !cancelled && before.some((id) => state[id].result === "failure"),
          cancelled,
        }),
      );
    const starts = new Map([[true, startsIf(true)], [false, !wasCancelled && startsIf(false)]]);
    // Once cancelled, always cancelled; otherwise it may happen right now. Where that makes no
    // difference, the next job gets the choice.
    const moments = wasCancelled ? [true] : starts.get(true) || starts.get(false) ? [false, true] : [false];
    for (const cancelled of moments) {
      if (!starts.get(cancelled)) {
        state[job.id] = { started: false, result: cancelled ? unstarted : "skipped", outputs: {}, cancelled };
        yield* from(index + 1, unstarted);
        continue;
      }
      // How a job ends that no other one needs makes no difference to the run.
      const results = jobs.some(({ needs: ids }) => ids.includes(job.id)) ? OUTCOMES : ["success"];
      for (const result of results) {
        for (const values of outputs.get(job.id)) {
          state[job.id] = { started: true, result, outputs: values, cancelled };
          yield* from(index + 1, unstarted);
        }
      }
    }
  }
  // GitHub reports a job that a cancelled run never started as skipped or as cancelled.
  for (const unstarted of ["skipped", "cancelled"]) yield* from(0, unstarted);
}

/** The context `needs` of a job in a run. */
export function needsOf(job, run) {
  return Object.fromEntries(job.needs.map((id) => [id, { result: run[id].result, outputs: run[id].outputs }]));
}

/** Every way in which the steps of a job can go, as stepsOf() has it; worked out once for the same `needs`. */
export const stepRuns = (job, event, needs) =>
  job.remember(JSON.stringify([event, needs]), () => [...stepsOf(job, event, needs)]);

/**
 * Every way in which the steps of a job can go: yields `{ steps, result }`, where `steps` has for each
 * step `{ started, outcome, outputs }`. `run: exit 1` can only fail.
 */
function* stepsOf(job, event, needs) {
  const conditions = job.steps.map((step) => step.condition);
  const outputs = job.steps.map((step) => combinations(outputValues(conditions, [], "steps", step.key)));

  function* from(index, done, status) {
    if (index === job.steps.length) {
      yield { steps: done, result: status };
      return;
    }
    const step = job.steps[index];
    const context = Object.fromEntries(
      done.map(({ outcome, conclusion, outputs: values }, i) => [job.steps[i].key, { outcome, conclusion, outputs: values }]),
    );
    const starts = holds(step.condition, { ...event, needs, steps: context }, {
      success: status === "success",
      failure: status === "failure",
      cancelled: status === "cancelled",
    });
    if (!starts) {
      yield* from(index + 1, [...done, { started: false, outcome: "skipped", conclusion: "skipped", outputs: {} }], status);
      return;
    }
    for (const outcome of step.run === "exit 1" ? ["failure"] : OUTCOMES) {
      const forgiven = outcome === "failure" && step["continue-on-error"] === true;
      const conclusion = forgiven ? "success" : outcome;
      const worse = status === "cancelled" || conclusion === "success" ? status : conclusion;
      for (const values of outputs[index]) {
        yield* from(index + 1, [...done, { started: true, outcome, conclusion, outputs: values }], worse);
      }
    }
  }
  yield* from(0, [], "success");
}
