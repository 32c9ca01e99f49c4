// No gate can be skipped: every way a run can go is tried, and so is every way to break the workflow.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parse as parseYaml } from "yaml";
import { read } from "./github.mjs";
import { readWorkflow } from "./model.mjs";
import { answeredBy, changingJobs, check, inThisOrder, ORDER, rolledBackWhenUnverified } from "./promotion.mjs";

const PROMOTION = [inThisOrder(ORDER), answeredBy("promoted", ORDER), rolledBackWhenUnverified];
const PULL_REQUEST = [answeredBy("gates", ["preflight", "migrate-check"])];
const CI = [answeredBy("passed", ["tests", "action"])];

const files = new Map();

async function checked(file, rules, change = () => {}) {
  if (!files.has(file)) files.set(file, parseYaml(read(file)));
  const yaml = structuredClone(files.get(file));
  change(yaml);
  return check(await readWorkflow(file, yaml), rules);
}

for (const [file, rules] of [
  ["workflows/promote.yml", PROMOTION],
  ["workflows/pull-request.yml", PULL_REQUEST],
  ["workflows/rollback.yml", []],
  ["workflows/reconcile.yml", []],
  [".github/workflows/ci.yml", CI],
]) {
  test(`${file} keeps its promises in every run`, async (context) => {
    const { violations, runs } = await checked(file, rules);
    assert.deepEqual(Object.fromEntries(violations), {});
    context.diagnostic(`${runs} runs`);
  });
}

test("every job that changes an environment is in the order that is checked", async () => {
  const workflow = await readWorkflow("workflows/promote.yml", read("workflows/promote.yml"));
  const changing = changingJobs(workflow);
  assert.deepEqual(changing, ["staging-migrate", "staging-promote", "production-migrate", "production-promote"]);
  assert.ok(changing.every((id) => ORDER.includes(id)));
});

// Each mutant: what is broken, how, and what the model must say about it.
const mutants = [];
const mutant = (title, change, complaint, file = "workflows/promote.yml", rules = PROMOTION) =>
  mutants.push({ title, change, complaint, file, rules });

ORDER.slice(1).forEach((id, index) => {
  const before = ORDER[index];
  const started = new RegExp(`${id} can start although`);
  const condition = (text) => (yaml) => (yaml.jobs[id].if = `\${{ ${text} }}`);
  mutant(`${id} runs always`, condition("always()"), started);
  mutant(`${id} runs unless cancelled`, condition("!cancelled()"), started);
  mutant(`${id} runs unless the gate before failed`, condition(`!cancelled() && needs.${before}.result != 'failure'`), started);
  mutant(
    `${id} runs after a skipped gate`,
    condition(`!cancelled() && (needs.${before}.result == 'success' || needs.${before}.result == 'skipped')`),
    // The first gate is never skipped, so nothing can go wrong there.
    index === 0 ? null : started,
  );
  mutant(
    `${id} needs nothing`,
    (yaml) => {
      delete yaml.jobs[id].needs;
      delete yaml.jobs[id].if;
    },
    started,
  );
  mutant(
    `${id} goes on in a run whose gate before was forgiven`,
    (yaml) => (yaml.jobs[before]["continue-on-error"] = true),
    new RegExp(`${before}: the job can be green although it failed`),
  );
});

for (const id of ORDER) {
  mutant(
    `the answer does not ask ${id}`,
    (yaml) => {
      const [refuse] = yaml.jobs.promoted.steps;
      refuse.if = refuse.if.replace(`needs.${id}.result == 'success'`, "true");
      assert.ok(!refuse.if.includes(id));
    },
    // A later gate that has not succeeded gives every other one away, so only the last one is missed.
    id === ORDER.at(-1) ? /promoted can be green/ : null,
  );
}
mutant("the answer is skipped when a gate fails", (yaml) => delete yaml.jobs.promoted.if, /promoted is skipped/);
mutant(
  "the answer only looks for failures",
  (yaml) => (yaml.jobs.promoted.steps[0].if = "${{ contains(needs.*.result, 'failure') }}"),
  /promoted can be green/,
);
mutant("the answer is never green", (yaml) => (yaml.jobs.promoted.steps[0].if = "${{ always() }}"), /never: promoted is green/);
mutant(
  "a gate that can never start",
  (yaml) => (yaml.jobs["production-promote"].needs = []),
  /never: every gate passes/,
);

const rollbackIf = (text) => (yaml) => (yaml.jobs["production-rollback"].if = `\${{ ${text} }}`);
mutant("rollback only after a failure", rollbackIf("failure()"), /left unverified without a rollback/);
mutant("rollback only when all went well", (yaml) => delete yaml.jobs["production-rollback"].if, /left unverified without a rollback/);
mutant("rollback always", rollbackIf("always()"), /a verified release can be rolled back/);
mutant(
  "rollback only when the smoke test failed",
  rollbackIf("always() && needs.production-smoke.result == 'failure'"),
  /left unverified without a rollback/,
);
mutant(
  "rollback although everything was put back",
  rollbackIf("always() && needs.production-promote.result != 'skipped' && needs.production-smoke.result != 'success'"),
  /although the promotion has put everything back/,
);
mutant(
  "rollback although nothing was promoted",
  rollbackIf("always() && needs.production-smoke.result != 'success'"),
  /although nothing was promoted/,
);

const step = (job, find, change) => (yaml) => change(yaml.jobs[job].steps.find(find));
const recovers = ({ with: inputs }) => inputs?.step === "rollback";
mutant(
  "the rollback job stops at what it could not settle",
  step("production-rollback", ({ id }) => id === "settle", (it) => delete it["continue-on-error"]),
  /stops although nothing was settled/,
);
mutant(
  "the rollback job rolls back what was settled",
  step("production-rollback", recovers, (it) => delete it.if),
  /goes on although everything was settled/,
);
mutant(
  "the rollback job spares a live release",
  step("production-rollback", recovers, (it) => (it.if = "${{ steps.settle.outcome == 'failure' }}")),
  /is not rolled back by the rollback job/,
);

for (const environment of ["staging", "production"]) {
  const applies = ({ with: inputs }) => inputs?.command === "apply";
  const checks = ({ with: inputs }) => inputs?.command === "check";
  const isUpload = ({ uses }) => uses?.startsWith("actions/upload-artifact@");
  mutant(
    `${environment}: migrations are applied unchecked`,
    step(`${environment}-migrate`, applies, (it) => (it.if = "${{ always() }}")),
    /can run although an earlier step failed/,
  );
  mutant(
    `${environment}: the migration check is advisory`,
    step(`${environment}-migrate`, checks, (it) => (it["continue-on-error"] = true)),
    /can run although an earlier step failed/,
  );
  mutant(
    `${environment}: the smoke test is advisory`,
    step(`${environment}-smoke`, ({ with: inputs }) => inputs?.step === "smoke-test", (it) => (it["continue-on-error"] = true)),
    /the job can be green although/,
  );
  mutant(
    `${environment}: a cancelled promotion is not settled`,
    step(`${environment}-promote`, ({ id }) => id === "settle", (it) => (it.if = "${{ failure() }}")),
    /a promotion can be left half done/,
  );
  mutant(
    `${environment}: nothing settles a promotion`,
    (yaml) => (yaml.jobs[`${environment}-promote`].steps = yaml.jobs[`${environment}-promote`].steps.filter(({ id }) => id !== "settle")),
    /nothing undoes/,
  );
  mutant(
    `${environment}: what is left half done may be finished instead of undone`,
    step(`${environment}-promote`, ({ id }) => id === "settle", (it) => (it.with.command = "reconcile")),
    /nothing undoes/,
  );
  mutant(
    `${environment}: the journal is only kept when all went well`,
    step(`${environment}-promote`, isUpload, (it) => delete it.if),
    /receipts and journal can be lost/,
  );
}

mutant("the pull request's answer is skipped", (yaml) => delete yaml.jobs.gates.if, /gates is skipped/, "workflows/pull-request.yml", PULL_REQUEST);
mutant(
  "the pull request's answer does not ask for the migration check",
  (yaml) => (yaml.jobs.gates.steps[0].if = "${{ needs.preflight.result != 'success' }}"),
  /gates can be green/,
  "workflows/pull-request.yml",
  PULL_REQUEST,
);

for (const { title, change, complaint, file, rules } of mutants) {
  test(`${complaint ? "caught" : "harmless"}: ${title}`, async () => {
    const { violations } = await checked(file, rules, change);
    if (complaint === null) return assert.deepEqual(Object.fromEntries(violations), {});
    assert.ok(
      [...violations.keys()].some((sentence) => complaint.test(sentence)),
      `not caught; the model said: ${[...violations.keys()].join("; ") || "nothing"}`,
    );
  });
}
