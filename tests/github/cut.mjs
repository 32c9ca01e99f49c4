// Makes openapi.json: the part of GitHub's published OpenAPI description that the ledger uses.
//
//   npm pack @octokit/openapi@23.0.2
//   tar xzf octokit-openapi-23.0.2.tgz
//   node tests/github/cut.mjs package > tests/github/openapi.json

import { readFileSync } from "node:fs";
import { join } from "node:path";

const kept = {
  "/repos/{owner}/{repo}/deployments": ["get", "post"],
  "/repos/{owner}/{repo}/deployments/{deployment_id}": ["get"],
  "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses": ["get", "post"],
};
// The description names refusals for some routes only; any route may give them.
const errors = "#/components/schemas/basic-error";
const dropped = new Set(["example", "examples", "externalDocs", "tags", "operationId", "description", "summary"]);

const folder = process.argv[2];
const published = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const source = JSON.parse(readFileSync(join(folder, "generated", "api.github.com.json"), "utf8"));

// Under `properties` and `patternProperties` the keys are names, not keywords.
function plain(value, isNames = false) {
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(
    ([key]) => isNames || !(dropped.has(key) || key.startsWith("x-")),
  );
  return Object.fromEntries(
    entries.map(([key, item]) => [key, plain(item, !isNames && /^(properties|patternProperties)$/.test(key))]),
  );
}

const components = {};
function follow(value) {
  if (value === null || typeof value !== "object") return;
  for (const [key, item] of Object.entries(value)) {
    if (key === "$ref" && typeof item === "string") take(item);
    else follow(item);
  }
}
function take(reference) {
  const [, , section, name] = reference.split("/");
  components[section] ??= {};
  if (name in components[section]) return;
  components[section][name] = plain(source.components[section][name]);
  follow(components[section][name]);
}

const paths = {};
for (const [path, methods] of Object.entries(kept)) {
  paths[path] = {};
  for (const method of methods) {
    paths[path][method] = plain(source.paths[path][method]);
    follow(paths[path][method]);
  }
}
take(errors);

const cut = {
  openapi: source.openapi,
  info: {
    title: source.info.title,
    version: source.info.version,
    license: source.info.license,
    "x-provenance": {
      package: published.name,
      version: published.version,
      file: "generated/api.github.com.json",
      cut: "tests/github/cut.mjs: the routes of deployments and their statuses, without texts and examples",
      notice: readFileSync(join(folder, "LICENSE"), "utf8"),
    },
  },
  paths,
  components,
};
process.stdout.write(`${JSON.stringify(cut, null, 1)}\n`);
