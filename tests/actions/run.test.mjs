// What the action makes of its inputs, and that it gets out of the way of signals.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { executable, NOTING, printed, runAction, scratch, startAction } from "./harness.mjs";

const bin = scratch();
for (const gate of ["preflight-checklist", "migrate-gate", "smoke-test", "canary-promote", "rollback"]) {
  executable(bin, gate, NOTING);
}
const run = (inputs, env) => runAction({ inputs: { step: "smoke-test", "bin-dir": bin, ...inputs }, env });
const arguments_ = async (inputs, env) => (await run(inputs, env)).note?.argv;

test("nothing but the step gives nothing but the binary", async () => {
  assert.deepEqual(await arguments_({}), []);
});

test("every input becomes the option of its name, the command first", async () => {
  const argv = await arguments_({
    step: "migrate-gate",
    command: "check",
    config: "gates.yml",
    environment: "staging",
    service: "web\nworker\n",
    release: "1.2.3",
    require: "a.json\n\nb.json",
    receipt: "out/r.json",
    format: "json",
    only: "one\ntwo",
    skip: "three",
    advisory: "true",
    plan: "true",
    arguments: "-v\n--color\nnever",
  });
  assert.deepEqual(argv, [
    "check",
    "--config=gates.yml",
    "--environment=staging",
    "--service=web",
    "--service=worker",
    "--release=1.2.3",
    "--require=a.json",
    "--require=b.json",
    "--receipt=out/r.json",
    "--format=json",
    "--only=one",
    "--only=two",
    "--skip=three",
    "--advisory",
    "--plan",
    "-v",
    "--color",
    "never",
  ]);
});

test("every gate can be picked", async () => {
  for (const step of ["preflight-checklist", "migrate-gate", "smoke-test", "canary-promote", "rollback"]) {
    assert.equal((await run({ step })).code, 0, step);
  }
});

test("booleans are what YAML calls booleans", async () => {
  for (const yes of ["true", "True", "TRUE"]) assert.deepEqual(await arguments_({ advisory: yes }), ["--advisory"]);
  for (const no of ["false", "False", "FALSE", ""]) assert.deepEqual(await arguments_({ advisory: no, plan: no }), []);
  for (const wrong of ["yes", "1", "tRUE", " true"]) {
    const { code, log, note, outputs } = await run({ plan: wrong });
    assert.deepEqual([code, note, outputs.verdict, outputs["exit-code"]], [2, undefined, "config", "2"], wrong);
    assert.match(log, /^::error title=sluicegate::input `plan` is `.*`, want true or false$/m);
  }
});

const hostile = {
  substitution: "$(touch pwned)`touch pwned`${HOME}",
  quotes: `a'b"c\\d; touch pwned #`,
  spaces: "  a   b * ? [x] ~ ",
  option: "--advisory",
  dash: "-",
  command: "::error::no\n##[error]no",
  newline: "one\ntwo=2\nGITHUB_OUTPUT<<x",
  unicode: "zürich ✓ \u2028",
};
for (const [name, value] of Object.entries(hostile)) {
  test(`a value with ${name} arrives as it is, in one argument`, async () => {
    for (const input of ["config", "environment", "release", "receipt", "format"]) {
      assert.deepEqual(await arguments_({ [input]: value }), [`--${input}=${value}`]);
    }
    assert.ok(!existsSync("pwned"));
  });
  test(`a list with ${name} arrives line by line`, async () => {
    for (const input of ["service", "require", "only", "skip"]) {
      const lines = value.split("\n").map((line) => `--${input}=${line}`);
      assert.deepEqual(await arguments_({ [input]: value }), lines);
    }
    assert.deepEqual(await arguments_({ arguments: value }), value.split("\n"));
  });
}

test("the log of a hostile value holds no workflow command", async () => {
  const { log } = await run({ environment: "a\n::set-output name=x::y\n##[add-mask]b", arguments: "::stop-commands::x" });
  assert.ok(!/^\s*::/m.test(log), log);
  assert.ok(!log.includes("##["), log);
});

test("an unknown step is refused, whatever it is called", async () => {
  for (const step of ["", "deploy", "../../bin/sh", "smoke-test\nrollback", "smoke-test ", "*"]) {
    const { code, log, note, outputs } = await run({ step });
    assert.deepEqual([code, note, outputs.verdict, outputs["exit-code"], outputs.settled], [2, undefined, "config", "2", ""], step);
    assert.match(log, /^::error title=sluicegate::input `step` is /m);
    assert.equal(log.split("\n").filter((line) => line.startsWith("::")).length, 1, log);
  }
});

test("a command that is not one word is refused", async () => {
  for (const command of ["--advisory", "check apply", "check\napply", "Check", "$(id)"]) {
    const { code, note } = await run({ step: "migrate-gate", command });
    assert.deepEqual([code, note], [2, undefined], command);
  }
});

test("outputs of the binary are outputs of the action", async () => {
  const { outputs } = await run({});
  assert.deepEqual(outputs, {
    verdict: "pass",
    "exit-code": "0",
    receipt: "r.json",
    "receipt-digest": "sha256:1",
    summary: "3 checks passed",
    passed: "3",
    failed: "0",
    unknown: "0",
    skipped: "1",
    release: "1.2.3",
    "rollback-safe": "yes",
    settled: "true",
  });
});

test("the exit code is the binary's", async () => {
  for (const code of [1, 2, 3, 4]) {
    const folder = scratch();
    executable(folder, "smoke-test", `#!/bin/sh\nexit ${code}\n`);
    assert.equal((await run({ "bin-dir": folder })).code, code);
  }
});

test("the binary gets the token and the job's environment, not our inputs", async () => {
  const { note } = await run({}, { DATABASE_URL: "postgres://x" });
  assert.deepEqual([note.env.GITHUB_TOKEN, note.env.DATABASE_URL], ["the-token", "postgres://x"]);
  assert.deepEqual(Object.keys(note.env).filter((name) => name.startsWith("INPUT_")), []);
  const own = await run({ token: "" }, { GITHUB_TOKEN: "own" });
  assert.equal(own.note.env.GITHUB_TOKEN, "own");
});

test("the binary runs in the working directory, a relative `bin-dir` counts from the workspace", async () => {
  const workspace = scratch();
  mkdirSync(path.join(workspace, "app one"));
  executable(path.join(workspace, "bin"), "smoke-test", NOTING);
  const inputs = { step: "smoke-test", "bin-dir": "bin", "working-directory": "app one" };
  const { code, note } = await runAction({ inputs, cwd: workspace });
  assert.deepEqual([code, path.basename(note.cwd)], [0, "app one"]);
  const missing = await run({ "working-directory": "nowhere" });
  assert.deepEqual([missing.code, missing.note], [2, undefined]);
});

test("what earlier steps left in bash's environment changes nothing", async () => {
  const folder = scratch();
  writeFileSync(path.join(folder, "env"), `touch "${folder}/pwned"\n`);
  const { code, note } = await run(
    { environment: "staging" },
    {
      BASH_ENV: path.join(folder, "env"),
      ENV: path.join(folder, "env"),
      CDPATH: "/",
      SHELLOPTS: "noglob:noexec",
      "BASH_FUNC_cd%%": `() { touch "${folder}/pwned"; }`,
      "BASH_FUNC_option%%": "() { exit 9; }",
    },
  );
  assert.deepEqual([code, note.argv], [0, ["--environment=staging"]]);
  assert.ok(!existsSync(path.join(folder, "pwned")));
});

test("bash becomes the binary", async () => {
  const { child, done } = startAction({ inputs: { step: "smoke-test", "bin-dir": bin } });
  const { note } = await done;
  assert.equal(note.pid, child.pid);
});

// A gate that hears the first signal, needs a moment to put things back, and then says so.
const CAREFUL = `#!${process.execPath}
const fs = require("node:fs");
process.on("SIGINT", () => setTimeout(() => { fs.writeFileSync(process.env.NOTE, '{"settled":true}'); process.exit(1); }, 100));
process.on("SIGTERM", () => process.exit(43));
setTimeout(() => process.exit(44), 20000);
console.log("ready");
`;
// One that has to be told twice.
const DEAF = CAREFUL.replace(/process\.on\("SIGINT".*/, 'process.on("SIGINT", () => console.log("not now"));');

// The runner sends SIGINT, after 7.5 s SIGTERM and after 2.5 s more SIGKILL, all to the entry process
// (actions/runner, ProcessInvoker.cs); here the waits are shorter.
async function cancel(binary, change) {
  const folder = scratch();
  executable(folder, "canary-promote", binary);
  const { child, done } = startAction({ inputs: { step: "canary-promote", "bin-dir": folder }, change });
  await printed(child, "ready");
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const within = (milliseconds) =>
    Promise.race([ended.then(() => true), new Promise((resolve) => setTimeout(resolve, milliseconds, false))]);
  child.kill("SIGINT");
  if (!(await within(750))) child.kill("SIGTERM");
  if (!(await within(250))) child.kill("SIGKILL");
  return done;
}

test("a cancelled job reaches the binary, which has time to put things back", async () => {
  const { code, note } = await cancel(CAREFUL);
  assert.deepEqual([code, note], [1, { settled: true }]);
});

test("a binary that ignores the first signal gets the second", async () => {
  const { code, log } = await cancel(DEAF);
  assert.equal(code, 43);
  assert.match(log, /not now/);
});

test("without `exec` the binary would not hear a cancelled job", async () => {
  // It ends by itself: nobody is left who could end it.
  const orphan = CAREFUL.replace("20000", "1500");
  const { note } = await cancel(orphan, (script) => `${script.replace("exec bash", "bash")}\ntrue\n`);
  assert.equal(note, undefined);
});
