// What must hold of the workflows, whatever happens: the rules that the model is checked against.

import { needsOf, runs, stepRuns } from "./model.mjs";

const isGate = (step) => /^sluicegate\/sluicegate@/.test(step.uses ?? "");
// Puts things in order again; must run when others have failed.
const isRecovery = (step) =>
  isGate(step) && (step.with.step === "rollback" || ["abort", "reconcile"].includes(step.with.command));
// Changes an environment, forward.
const isChange = (step) =>
  isGate(step) && !isRecovery(step) && (step.with.step === "canary-promote" || step.with.command === "apply");
const isUpload = (step) => /^actions\/upload-artifact@/.test(step.uses ?? "");

/** Order of the gates of promote.yml. Each may start only when all before it have succeeded. */
export const ORDER = [
  "staging-preflight",
  "staging-migrate",
  "staging-promote",
  "staging-smoke",
  "production-approval",
  "production-preflight",
  "production-migrate",
  "production-promote",
  "production-smoke",
];

/** Ids of the jobs that change an environment forward. */
export const changingJobs = (workflow) => workflow.jobs.filter((job) => job.steps.some(isChange)).map((job) => job.id);

/**
 * Checks a workflow and returns `{ violations, runs }`: sentences that say what can go wrong, with
 * the first run in which it does, and the number of runs looked at.
 */
export function check(workflow, rules) {
  const violations = new Map();
  const seen = new Set();
  let count = 0;
  const say = (sentence, run) => violations.has(sentence) || violations.set(sentence, story(run));
  const conditions = workflow.jobs.filter((job) => job.needs.length).map((job) => job.condition).join("\n");
  const lineages = /\b(success|failure)\(/.test(conditions) ? ["needs", "ancestors"] : ["needs"];
  const first = workflow.events.filter(({ github }) => github.run_attempt === "1");
  for (const event of conditions.includes("run_attempt") ? workflow.events : first) {
    for (const lineage of lineages) {
      for (const run of runs(workflow, event, lineage)) {
        count += 1;
        for (const rule of rules) rule(run, { workflow, event, say, seen });
      }
    }
  }
  for (const event of workflow.events) {
    for (const job of workflow.jobs) checkSteps(job, event, say);
  }
  for (const sentence of rules.flatMap((rule) => rule.wanted ?? [])) {
    if (!seen.has(sentence)) say(`never: ${sentence}`);
  }
  return { violations, runs: count };
}

const story = (run) =>
  run && Object.entries(run).map(([id, job]) => `${id}: ${job.result}${job.cancelled ? " (run cancelled)" : ""}`).join(", ");

/** Gates come one after the other, none is left out, and if all goes well the last one is reached. */
export function inThisOrder(order) {
  const rule = (run, { say, seen }) => {
    const done = order.findIndex((id) => !(run[id]?.started && run[id].result === "success"));
    const started = order.findLastIndex((id) => run[id]?.started);
    if (done === -1) seen.add("every gate passes");
    else if (started > done) say(`${order[started]} can start although ${order[done]} has not succeeded`, run);
  };
  rule.wanted = ["every gate passes"];
  return rule;
}

/** The job that gives the answer is green exactly when every gate is. */
export function answeredBy(id, gates) {
  const rule = (run, { workflow, event, say, seen }) => {
    const missing = gates.find((gate) => !(run[gate].started && run[gate].result === "success"));
    const job = workflow.jobs.find((one) => one.id === id);
    // A required check that is skipped counts as passed.
    if (missing && !run[id].started) return say(`${id} is skipped although ${missing} has not succeeded`, run);
    if (!run[id].started) return;
    let green = false;
    for (const { result } of stepRuns(job, event, needsOf(job, run))) green ||= result === "success";
    if (green && missing) say(`${id} can be green although ${missing} has not succeeded`, run);
    if (green && !missing) seen.add(`${id} is green`);
  };
  rule.wanted = [`${id} is green`];
  return rule;
}

/** Production is rolled back when it is left unverified, and only then. */
export function rolledBackWhenUnverified(run, { workflow, event, say, seen }) {
  const promote = run["production-promote"];
  const smoke = run["production-smoke"];
  const rollback = run["production-rollback"];
  const isLive = promote.result === "success" || promote.outputs.verdict === "pass";
  const isVerified = smoke.started && smoke.result === "success";
  const isAsBefore = !isLive && promote.outputs.settled === "true";
  const wanted = promote.started && !isVerified && !isAsBefore;
  if (wanted && !rollback.started) say("production can be left unverified without a rollback", run);
  if (rollback.started && isVerified) say("a verified release can be rolled back", run);
  if (rollback.started && isAsBefore) say("production can be rolled back although the promotion has put everything back", run);
  if (rollback.started && promote.result === "skipped") say("production can be rolled back although nothing was promoted", run);
  if (!rollback.started) return;
  seen.add("production is rolled back");

  const job = workflow.jobs.find((one) => one.id === "production-rollback");
  const settle = job.steps.findIndex((step) => step.id === "settle");
  const back = job.steps.findIndex((step) => step.with?.step === "rollback");
  for (const { steps } of stepRuns(job, event, needsOf(job, run))) {
    const stopped = ({ conclusion, outcome }, i) => i < back && (i === settle ? outcome === "cancelled" : !["success", "skipped"].includes(conclusion));
    if (steps.some(stopped)) continue;
    const isSettled = steps[settle].outcome === "success";
    if (isLive && !steps[back].started) say("the live release is not rolled back by the rollback job", run);
    if (!isSettled && !steps[back].started) say("the rollback job stops although nothing was settled", run);
    if (isSettled && steps[back].started) say("the rollback job goes on although everything was settled", run);
  }
}
rolledBackWhenUnverified.wanted = ["production is rolled back"];

// Inside every job, whatever the workflow.
function checkSteps(job, event, say) {
  const about = (text) => say(`${job.id}: ${text}`);
  const promotes = job.steps.findIndex((step) => isChange(step) && step.with.step === "canary-promote");
  // Not `reconcile`: that may finish a promotion, and nobody would verify it.
  const settles = job.steps.findIndex((step) => step.with?.command === "abort");
  if (job.raw["continue-on-error"] !== undefined) about("the job can be green although it failed");
  if (promotes !== -1 && settles < promotes) about("nothing undoes what a promotion leaves half done");
  // The rollback job looks at `needs`, and has a rule of its own.
  if (job.steps.some((step) => step.condition.includes("needs."))) return;
  for (const { steps, result } of stepRuns(job, event, {})) {
    job.steps.forEach((step, index) => {
      const before = steps.slice(0, index).find(({ started, outcome }) => started && outcome !== "success");
      if (isChange(step) && steps[index].started && before) about(`\`${step.name}\` can run although an earlier step failed`);
      if (isGate(step) && !isRecovery(step) && result === "success" && steps[index].outcome !== "success") {
        about(`the job can be green although \`${step.name}\` has not passed`);
      }
      const gateBefore = job.steps.some((other, i) => i < index && isGate(other) && steps[i].started);
      if (isUpload(step) && gateBefore && !steps[index].started) about("receipts and journal can be lost");
    });
    if (promotes !== -1 && settles > promotes && steps[promotes].started) {
      const isSettled = steps[promotes].outputs.settled === "true";
      if (!isSettled && !steps[settles].started) about("a promotion can be left half done");
    }
  }
}
