// Runs action.yml the way the runner does, without a runner.

import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse as parseYaml } from "yaml";
import { read, root, substitute } from "./github.mjs";

export const scratch = () => mkdtempSync(path.join(tmpdir(), "sluicegate-"));

/** Writes an executable file and returns its path. */
export function executable(folder, name, text) {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

/** A binary that notes its arguments, environment, directory and process in `call.json`, and says pass. */
export const NOTING = `#!${process.execPath}
const fs = require("node:fs");
const note = { argv: process.argv.slice(2), env: process.env, pid: process.pid, cwd: process.cwd() };
fs.writeFileSync(process.env.NOTE, JSON.stringify(note));
fs.appendFileSync(process.env.GITHUB_OUTPUT, [
  "verdict=pass", "exit-code=0", "receipt=r.json", "receipt-digest=sha256:1", "passed=3", "failed=0", "unknown=0",
  "skipped=1", "release=1.2.3", "rollback-safe=yes", "settled=true", "summary<<end", "3 checks passed", "end", "",
].join("\\n"));
`;

/** The file of a step's outputs, read as the runner reads it (actions/runner, FileCommandManager.cs). */
export function readOutputs(text) {
  const outputs = {};
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i];
    if (line === "") continue;
    const [equals, heredoc] = [line.indexOf("="), line.indexOf("<<")];
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      outputs[line.slice(0, equals)] = line.slice(equals + 1);
    } else if (heredoc > 0) {
      const end = lines.indexOf(line.slice(heredoc + 2), i + 1);
      if (end < 0) throw new Error("Matching delimiter not found");
      outputs[line.slice(0, heredoc)] = lines.slice(i + 1, end).join("\n");
      i = end;
    } else throw new Error(`Invalid format '${line}'`);
  }
  return outputs;
}

/**
 * Starts the action. `env` is what the job has in its environment; `change` may alter the script, to
 * see that a test would notice. Returns the process at once and `done`, which resolves to
 * `{ code, signal, log, outputs, note }`.
 */
export function startAction({ inputs = {}, env = {}, change = (script) => script, cwd = scratch() } = {}) {
  const action = parseYaml(read("action.yml"));
  const [step] = action.runs.steps;
  const github = { token: "the-token" };
  const given = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: value = "" }]) => [name, inputs[name] ?? substitute(value, { github })]),
  );
  const temp = scratch();
  const script = path.join(temp, "step.sh");
  writeFileSync(script, change(step.run));
  const output = path.join(temp, "output");
  writeFileSync(output, "");
  const note = path.join(temp, "call.json");
  const mapped = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, substitute(value, { inputs: given })]));
  const child = spawn("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", script], {
    cwd,
    env: {
      PATH: process.env.PATH,
      HOME: temp,
      GITHUB_ACTIONS: "true",
      GITHUB_ACTION_PATH: root,
      GITHUB_OUTPUT: output,
      RUNNER_TEMP: temp,
      NOTE: note,
      ...env,
      ...mapped,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (log += text));
  const done = new Promise((resolve) => {
    child.on("close", (code, signal) => {
      const steps = { gate: { outputs: readOutputs(readFileSync(output, "utf8")) } };
      const outputs = Object.fromEntries(
        Object.entries(action.outputs).map(([name, { value }]) => [name, substitute(value, { steps })]),
      );
      const noted = existsSync(note) ? JSON.parse(readFileSync(note, "utf8")) : undefined;
      resolve({ code, signal, log, outputs, note: noted });
    });
  });
  return { child, done, temp };
}

/** Resolves when the process has printed `text`; rejects when it ends without. */
export const printed = (child, text) =>
  new Promise((resolve, reject) => {
    const look = (data) => String(data).includes(text) && resolve();
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.on("close", () => reject(new Error(`it ended without printing \`${text}\``)));
  });

export const runAction = (options) => startAction(options).done;
