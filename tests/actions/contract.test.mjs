// action.yml, its script and the workflows say the same thing, and the workflows follow the house rules.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse as parseYaml } from "yaml";
import { parse, read, root } from "./github.mjs";

const action = parseYaml(read("action.yml"));
const script = read("action/run.sh");
const workflows = ["workflows", ".github/workflows"].flatMap((folder) =>
  readdirSync(path.join(root, folder)).map((file) => `${folder}/${file}`),
);
const yaml = Object.fromEntries(workflows.map((file) => [file, parseYaml(read(file))]));
const jobs = workflows.flatMap((file) => Object.entries(yaml[file].jobs).map(([id, job]) => ({ at: `${file}: ${id}`, file, id, job })));
const steps = jobs.flatMap(({ at, file, id, job }) =>
  job.steps.map((step, index) => ({ at: `${at}: ${step.name ?? `step ${index + 1}`}`, file, id, job, step })),
);
const ours = steps.filter(({ step }) => /^(sluicegate\/sluicegate@|\.\/$)/.test(step.uses ?? ""));

/** Sentences for the items of which something is not true; all are shown at once. */
const none = (items) => assert.deepEqual(items, []);

test("GitHub's parser accepts every workflow", async () => {
  for (const file of workflows) assert.deepEqual((await parse(file, read(file))).errors, [], file);
});

test("every input has a description and a default, every output a description and a value", () => {
  for (const [name, input] of Object.entries(action.inputs)) {
    assert.match(name, /^[a-z]+(-[a-z]+)*$/);
    assert.ok(input.description, name);
    assert.ok(input.required || input.default !== undefined, name);
  }
  for (const [name, output] of Object.entries(action.outputs)) {
    assert.ok(output.description, name);
    assert.equal(output.value, `\${{ steps.gate.outputs.${name} }}`);
  }
});

test("every input reaches the script through the environment, and the script uses it", () => {
  const [step] = action.runs.steps;
  const expected = Object.fromEntries(
    Object.keys(action.inputs).map((name) => [`INPUT_${name.toUpperCase().replaceAll("-", "_")}`, `\${{ inputs.${name} }}`]),
  );
  assert.deepEqual(step.env, { ...expected, BASH_ENV: "", SHELLOPTS: "" });
  none(Object.keys(expected).filter((name) => !script.includes(`\${${name}:-`)));
});

test("no expression is pasted into a script", () => {
  none(action.runs.steps.filter((step) => step.run?.includes("${{")).map((step) => step.name));
  none(steps.filter(({ step }) => step.run?.includes("${{")).map(({ at }) => at));
});

test("the action runs nothing but its script, and becomes it", () => {
  assert.deepEqual(action.runs.steps.map(({ run }) => run), ['exec bash -p "$GITHUB_ACTION_PATH/action/run.sh"']);
  assert.match(script.trimEnd().split("\n").at(-1), /^exec "\$binary"/);
});

test("workflows use only inputs and outputs that the action has", () => {
  assert.ok(ours.length > 10);
  none(ours.flatMap(({ at, step }) => Object.keys(step.with ?? {}).filter((key) => !(key in action.inputs)).map((key) => `${at}: ${key}`)));
  for (const { at, job, step } of ours.filter(({ step }) => step.id)) {
    const used = JSON.stringify(job).matchAll(new RegExp(`steps\\.${step.id}\\.outputs\\.([\\w-]+)`, "g"));
    none([...used].filter(([, name]) => !(name in action.outputs)).map(([, name]) => `${at}: ${name}`));
  }
});

test("workflows name gates and commands that there are", () => {
  const commands = {
    "preflight-checklist": [undefined],
    "migrate-gate": ["check", "apply", "status"],
    "smoke-test": [undefined],
    "canary-promote": [undefined, "run", "status", "abort", "reconcile"],
    rollback: [undefined, "run", "list"],
  };
  for (const gate of Object.keys(commands)) {
    assert.match(script, new RegExp(`[ |] ${gate}[ )]`));
    assert.match(action.inputs.step.description, new RegExp(gate));
  }
  none(
    ours
      .filter(({ file, step }) => file.startsWith("workflows/") && !commands[step.with.step]?.includes(step.with.command))
      .map(({ at }) => at),
  );
});

test("every action is pinned to a commit, with the version beside it", () => {
  const lines = workflows.flatMap((file) =>
    read(file).split("\n").filter((line) => /^\s*(- )?uses:/.test(line)).map((line) => `${file}: ${line.trim()}`),
  );
  assert.equal(lines.length, steps.filter(({ step }) => step.uses).length);
  const pinned = /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
  none(lines.filter((line) => !pinned.test(line) && !/uses: (sluicegate\/sluicegate@v0|\.\/)$/.test(line)));
});

test("one version of an action everywhere", () => {
  const versions = new Map();
  for (const { step } of steps.filter(({ step }) => step.uses)) {
    const [name, commit] = step.uses.split("@");
    versions.set(name, (versions.get(name) ?? new Set()).add(commit));
  }
  none([...versions].filter(([, commits]) => commits.size > 1).map(([name]) => name));
});

test("every job has a name, a time limit and its own permissions, each with a reason", () => {
  none(workflows.filter((file) => JSON.stringify(yaml[file].permissions) !== "{}"));
  none(jobs.filter(({ job }) => !job.name).map(({ at }) => at));
  none(jobs.filter(({ job }) => typeof job["timeout-minutes"] !== "number").map(({ at }) => at));
  none(jobs.filter(({ job }) => typeof job.permissions !== "object").map(({ at }) => at));
  none(steps.filter(({ step }) => !step.name).map(({ at }) => at));
  for (const file of workflows) {
    none(read(file).split("\n").filter((line) => /^      [a-z-]+: (read|write)\b/.test(line) && !line.includes(" # ")));
  }
});

test("checkouts leave no token behind", () => {
  const checkouts = steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@"));
  none(checkouts.filter(({ step }) => step.with?.["persist-credentials"] !== false).map(({ at }) => at));
});

test("runs that wait for their turn are not dropped", () => {
  const waits = { "cancel-in-progress": false, queue: "max" };
  const { group, ...lane } = yaml["workflows/promote.yml"].concurrency;
  assert.deepEqual([group, lane], ["promote-main", waits]);
  // Whoever changes an environment is alone there; reading needs no lane.
  const changes = ({ step }) =>
    ["canary-promote", "rollback"].includes(step.with.step) || step.with.command === "apply";
  const changing = ours.filter(({ file }) => file.startsWith("workflows/")).filter(changes);
  assert.equal(changing.length, 10);
  for (const { at, job, step } of changing) {
    assert.deepEqual(job.concurrency, { group: `change-${step.with.environment}`, ...waits }, at);
  }
});

test("a gate runs in the GitHub environment it acts on, and gets no other one's secrets", () => {
  for (const { at, job, step, file } of ours.filter(({ file }) => file.startsWith("workflows/"))) {
    const text = JSON.stringify(step);
    if (file.endsWith("pull-request.yml")) {
      assert.ok(!text.includes("secrets.") && !job.environment, at);
      continue;
    }
    assert.deepEqual(job.environment, { name: step.with.environment, deployment: false }, at);
    if (step.with.environment === "production") assert.ok(!text.includes("secrets.STAGING_"), at);
    if (step.with.environment === "staging") assert.ok(!text.includes("secrets.PRODUCTION_"), at);
  }
});

test("secrets are given to single steps only", () => {
  none(workflows.filter((file) => JSON.stringify(yaml[file].env ?? {}).includes("secrets.")));
  none(jobs.filter(({ job }) => JSON.stringify(job.env ?? {}).includes("secrets.")).map(({ at }) => at));
});

test("receipts are handed from each job to the next", () => {
  const { jobs: chain } = yaml["workflows/promote.yml"];
  const uploads = (job) => job.steps.filter(({ uses }) => uses?.startsWith("actions/upload-artifact@"));
  const downloads = (job) => job.steps.filter(({ uses }) => uses?.startsWith("actions/download-artifact@"));
  for (const [id, job] of Object.entries(chain).filter(([id]) => !["production-approval", "promoted"].includes(id))) {
    assert.deepEqual(uploads(job).map(({ with: to }) => to), [
      { name: `sluicegate-${id}`, path: ".sluicegate", "include-hidden-files": true, overwrite: true },
    ]);
    const [first] = downloads(job);
    if (id === "staging-preflight") assert.equal(first, undefined);
    else {
      const from = job.needs === "production-approval" ? chain["production-approval"].needs : [job.needs].flat()[0];
      assert.deepEqual(first.with, { name: `sluicegate-${from}`, path: ".sluicegate" }, id);
    }
  }
});

test("two steps of a job never write the same receipt", () => {
  for (const { at, job } of jobs) {
    const gates = job.steps.filter(({ uses }) => uses?.startsWith("sluicegate/"));
    const receipts = gates.map(({ with: to }) => to.receipt ?? `.sluicegate/receipts/${to.environment}/${to.step}.json`);
    assert.equal(new Set(receipts).size, receipts.length, at);
  }
});

test("the action belongs to the version of its tree", () => {
  const [, version] = read("Cargo.toml").match(/^\[workspace\.package\]\nversion = "(.*)"$/m);
  assert.equal(read("action/VERSION"), `${version}\n`);
  // What is released for it, if anything, is released whole.
  const entries = read("action/checksums.txt").split("\n").filter((line) => line && !line.startsWith("#"));
  none(entries.filter((line) => !/^[0-9a-f]{64}  sluicegate-\d+\.\d+\.\d+-[\w-]+(\.tar\.gz|\/[\w-]+)$/.test(line)));
  if (entries.length) assert.equal(entries.length, 4 * 6);
});

test("scripts have no command that only newer bash knows", () => {
  // macOS runners have bash 3.2.
  const newer = /\b(mapfile|readarray|declare -A|local -n|declare -n)\b|\$\{\w+(,,|\^\^|@[QEPA])|\|&|&>>|wait -n|printf '%\(/;
  for (const file of readdirSync(path.join(root, "action")).filter((name) => name.endsWith(".sh"))) {
    none(read(`action/${file}`).split("\n").filter((line) => newer.test(line)));
  }
});
