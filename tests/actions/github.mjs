// GitHub's own workflow parser and expression evaluator, as three plain functions.

import { buildSync } from "esbuild";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

/** Root of the repository under test. */
export const root = process.env.SLUICEGATE_ROOT ?? path.resolve(here, "../..");

/** Text of a file of the repository. */
export const read = (file) => readFileSync(path.join(root, file), "utf8");

// The packages import JSON in a way that only newer versions of node understand, so they are bundled
// once. Test files run side by side: the rename makes the bundle appear whole.
function bundle() {
  const file = path.join(here, "node_modules/.cache/github.cjs");
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true });
    const unfinished = `${file}.${process.pid}`;
    buildSync({
      stdin: {
        contents: `
          export * from "@actions/workflow-parser";
          export { ErrorPolicy } from "@actions/workflow-parser/model/convert";
          export * from "@actions/expressions";
          export { truthy } from "@actions/expressions/result";`,
        resolveDir: here,
      },
      bundle: true,
      platform: "node",
      format: "cjs",
      outfile: unfinished,
    });
    renameSync(unfinished, file);
  }
  return createRequire(import.meta.url)(file);
}

const github = bundle();
const { data } = github;

/** What GitHub makes of a workflow: `{ template, errors }`, with a message for each thing it refuses. */
export async function parse(name, text) {
  const { context, value } = github.parseWorkflow({ name, content: text }, new github.NoOperationTraceWriter());
  if (!value) return { errors: context.errors.getErrors().map((error) => error.message) };
  const template = await github.convertWorkflowTemplate(context, value, undefined, {
    errorPolicy: github.ErrorPolicy.TryConversion,
  });
  const errors = [
    ...context.errors.getErrors().map((error) => error.message),
    ...(template.errors ?? []).map((error) => error.Message),
  ];
  return { template, errors: [...new Set(errors)] };
}

function toData(value) {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (typeof value === "number") return new data.NumberData(value);
  const dictionary = new data.Dictionary();
  for (const [key, item] of Object.entries(value)) dictionary.add(key, toData(item));
  return dictionary;
}

const parsed = new Map();

/**
 * Value of an expression (without `${{ }}`). `context` holds what it may look at, such as `needs`;
 * `status` holds what success(), failure() and cancelled() answer, where they may be asked.
 */
export function evaluate(expression, context, status = {}) {
  const functions = Object.entries({ ...status, ...("success" in status ? { always: true } : {}) }).map(
    ([name, answer]) => ({ name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(answer) }),
  );
  const key = JSON.stringify([expression, Object.keys(context), functions.map(({ name }) => name)]);
  if (!parsed.has(key)) {
    const { tokens } = new github.Lexer(expression).lex();
    parsed.set(key, new github.Parser(tokens, Object.keys(context), functions).parse());
  }
  const answers = new Map(functions.map((item) => [item.name, item]));
  return new github.Evaluator(parsed.get(key), toData(context), answers).evaluate();
}

/** Whether GitHub takes the value of an expression for true. */
export const holds = (expression, context, status) => github.truthy(evaluate(expression, context, status));

/** A string with its `${{ }}` replaced by their values. */
export function substitute(text, context) {
  return String(text).replace(/\$\{\{(.*?)\}\}/gs, (_, expression) => evaluate(expression, context).coerceString());
}
