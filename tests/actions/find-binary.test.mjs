// Where the binary comes from, and that one which was not verified is never run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import path from "node:path";
import { after, before, test } from "node:test";
import { executable, NOTING, printed, runAction, scratch, startAction } from "./harness.mjs";
import { root } from "./github.mjs";

const GATES = ["preflight-checklist", "migrate-gate", "smoke-test", "canary-promote", "rollback"];
const TARGET = "x86_64-unknown-linux-musl";
const VERSION = "9.8.7";
const NAME = `sluicegate-${VERSION}-${TARGET}`;
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

// The action insists on https, so the stand-in for the release speaks it, with a certificate of its own.
let server;
let origin;
let certificate;
const answers = new Map();
const requests = [];

before(async () => {
  const folder = scratch();
  certificate = path.join(folder, "certificate.pem");
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-keyout", path.join(folder, "key.pem"), "-out", certificate],
  ], { stdio: "pipe" });
  server = createServer({ key: readFileSync(path.join(folder, "key.pem")), cert: readFileSync(certificate) }, (request, response) => {
    requests.push(request.url);
    const answer = answers.get(request.url) ?? { status: 404, body: "<html>not found</html>" };
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `https://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

/** The archive of a release, and the lines that checksums.txt has about it. */
function release(binary = NOTING) {
  const folder = scratch();
  for (const gate of GATES) executable(path.join(folder, NAME), gate, binary);
  execFileSync("tar", ["-czf", "archive.tar.gz", NAME], { cwd: folder });
  const archive = readFileSync(path.join(folder, "archive.tar.gz"));
  const lines = [`${sha256(archive)}  ${NAME}.tar.gz`, ...GATES.map((gate) => `${sha256(binary)}  ${NAME}/${gate}`)];
  return { archive, checksums: `# made by a test\n${lines.join("\n")}\n` };
}

/** Runs smoke-test from a copy of the action that belongs to a release with these checksums. */
async function runReleased({ checksums, archive, answer, env = {}, uname = ["Linux", "x86_64"], tools = {} }) {
  const copy = scratch();
  cpSync(path.join(root, "action"), path.join(copy, "action"), { recursive: true });
  writeFileSync(path.join(copy, "action/VERSION"), `${VERSION}\n`);
  writeFileSync(path.join(copy, "action/checksums.txt"), checksums);
  const url = `/v${VERSION}/${NAME}.tar.gz`;
  answers.clear();
  requests.length = 0;
  if (answer ?? archive) answers.set(url, answer ?? { body: archive });
  const path_ = path.join(copy, "tools");
  executable(path_, "uname", `#!/bin/sh\n[ "$1" = -s ] && echo ${uname[0]} || echo ${uname[1]}\n`);
  for (const [name, text] of Object.entries(tools)) executable(path_, name, text);
  const cache = path.join(copy, "tool-cache");
  const result = await runAction({
    inputs: { step: "smoke-test" },
    env: {
      GITHUB_ACTION_PATH: copy,
      PATH: `${path_}:${process.env.PATH}`,
      RUNNER_TOOL_CACHE: cache,
      SLUICEGATE_DOWNLOAD_URL: origin,
      CURL_CA_BUNDLE: certificate,
      ...env,
    },
  });
  return { ...result, cache: path.join(env.RUNNER_TOOL_CACHE ?? cache, "sluicegate", VERSION, TARGET), url };
}

/** The run was refused with this exit code and message, and nothing was run. */
function refused({ code, note, log, outputs }, wanted, message) {
  assert.deepEqual([code, note], [wanted, undefined], log);
  assert.match(log, message);
  assert.equal(outputs.verdict, wanted === 2 ? "config" : "unknown");
}

test("a released binary is downloaded, verified, kept and run", async () => {
  const { code, note, log, cache, url } = await runReleased(release());
  assert.deepEqual([code, note?.argv, requests], [0, [], [url]], log);
  assert.ok(GATES.every((gate) => existsSync(path.join(cache, gate))));
});

test("the tool cache saves the download", async () => {
  const made = release();
  const kept = scratch();
  await runReleased({ ...made, env: { RUNNER_TOOL_CACHE: kept } });
  const { code } = await runReleased({ ...made, archive: undefined, env: { RUNNER_TOOL_CACHE: kept } });
  assert.deepEqual([code, requests], [0, []]);
});

test("a cached binary that was altered is not run but replaced", async () => {
  const made = release();
  const kept = scratch();
  const { cache } = await runReleased({ ...made, env: { RUNNER_TOOL_CACHE: kept } });
  executable(cache, "smoke-test", "#!/bin/sh\nexit 66\n");
  const { code, note, log } = await runReleased({ ...made, env: { RUNNER_TOOL_CACHE: kept } });
  assert.deepEqual([code, note?.argv], [0, []], log);
  assert.match(log, /^::warning title=sluicegate::the cached smoke-test is not the one that was released/m);
});

test("an archive with another digest is not run, and not kept", async () => {
  const { checksums } = release();
  const result = await runReleased({ checksums, archive: release("#!/bin/sh\nexit 0\n").archive });
  refused(result, 3, /^::error title=sluicegate::digest of https:.* is [0-9a-f]{64}, want [0-9a-f]{64}: it is not the archive that was released/m);
  assert.ok(!existsSync(result.cache));
});

test("a binary with another digest is not run, even in the right archive", async () => {
  const { archive, checksums } = release();
  const wrong = checksums.replace(new RegExp(`[0-9a-f]{64}(?=  ${NAME}/smoke-test)`), "0".repeat(64));
  const result = await runReleased({ archive, checksums: wrong });
  refused(result, 3, /digest of smoke-test in https:.* is not 0{64}/);
  assert.ok(!existsSync(result.cache));
});

test("a missing release is an HTTP failure, not a digest that differs", async () => {
  refused(await runReleased({ checksums: release().checksums }), 3, /could not download https:.*: HTTP status 404/);
});

test("an error page that says 200 is a digest that differs", async () => {
  const answer = { body: "<html>come back later</html>" };
  refused(await runReleased({ checksums: release().checksums, answer }), 3, /it is not the archive that was released/);
});

test("a server that cannot be reached is named as that", async () => {
  const env = { SLUICEGATE_DOWNLOAD_URL: "https://127.0.0.1:9" };
  refused(await runReleased({ ...release(), env }), 3, /could not download https:\/\/127\.0\.0\.1:9\/.*: curl exit code 7/);
});

test("a server with an unknown certificate is not believed", async () => {
  refused(await runReleased({ ...release(), env: { CURL_CA_BUNDLE: "" } }), 3, /curl exit code 60/);
  assert.deepEqual(requests, []);
});

test("nothing is fetched without encryption, not even by redirection", async () => {
  const plain = { SLUICEGATE_DOWNLOAD_URL: origin.replace("https", "http") };
  refused(await runReleased({ ...release(), env: plain }), 3, /curl exit code 1 /);
  const answer = { status: 302, headers: { location: "http://127.0.0.1:9/archive.tar.gz" } };
  refused(await runReleased({ checksums: release().checksums, answer }), 3, /curl exit code 1 /);
});

test("a redirection to another place is followed", async () => {
  const { archive, checksums } = release();
  const result = runReleased({ checksums, answer: { status: 302, headers: { location: "/elsewhere" } } });
  answers.set("/elsewhere", { body: archive });
  assert.equal((await result).code, 0);
});

test("a curl configuration of the user is not read", async () => {
  const home = scratch();
  writeFileSync(path.join(home, ".curlrc"), "insecure\n");
  refused(await runReleased({ ...release(), env: { HOME: home, CURL_CA_BUNDLE: "" } }), 3, /curl exit code 60/);
});

test("the download address follows GITHUB_SERVER_URL", async () => {
  const env = { SLUICEGATE_DOWNLOAD_URL: "", GITHUB_SERVER_URL: origin };
  refused(await runReleased({ ...release(), env }), 3, /HTTP status 404/);
  assert.deepEqual(requests, [`/sluicegate/sluicegate/releases/download/v${VERSION}/${NAME}.tar.gz`]);
});

test("a target that was not released is named, and nothing is fetched", async () => {
  for (const [uname, target] of [
    [["Linux", "aarch64"], "aarch64-unknown-linux-musl"],
    [["Darwin", "arm64"], "aarch64-apple-darwin"],
    [["Darwin", "x86_64"], "x86_64-apple-darwin"],
    [["Linux", "riscv64"], "Linux-riscv64"],
    [["MINGW64_NT", "x86_64"], "MINGW64_NT-x86_64"],
  ]) {
    const result = await runReleased({ ...release(), uname });
    refused(result, 2, new RegExp(`sluicegate ${VERSION} has no binary for ${target}: .*set \`bin-dir\``));
    assert.deepEqual(requests, []);
  }
});

// Notes how it was called, and "builds" a binary.
const CARGO = `#!${process.execPath}
const fs = require("node:fs");
const argv = process.argv.slice(2);
const folder = argv[argv.indexOf("--target-dir") + 1] + "/release";
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(folder + "/smoke-test", ${JSON.stringify(NOTING)}, { mode: 0o755 });
console.log("cargo", argv.slice(0, -1).join(" "), "in", process.cwd());
`;

test("a version that was never released is built from source", async () => {
  for (const checksums of ["", "# nothing yet\n", release().checksums.replaceAll(VERSION, "9.8.6")]) {
    const { code, note, log } = await runReleased({ checksums, tools: { cargo: CARGO }, env: { CARGO_BUILD_TARGET: "wasm" } });
    assert.deepEqual([code, note?.argv, requests], [0, [], []], log);
    assert.match(log, /^cargo build --locked --release --bin smoke-test --target-dir in .*sluicegate-/m);
    assert.ok(!("CARGO_BUILD_TARGET" in note.env) || note.env.CARGO_BUILD_TARGET === "wasm");
  }
});

test("a build that fails is not a verdict", async () => {
  const cargo = "#!/bin/sh\necho 'error: no such thing' >&2\nexit 101\n";
  refused(await runReleased({ checksums: "", tools: { cargo } }), 3, /cargo could not build smoke-test/);
});

test("a job cancelled before its binary was found does not start it any more", async () => {
  const copy = scratch();
  cpSync(path.join(root, "action"), path.join(copy, "action"), { recursive: true });
  writeFileSync(path.join(copy, "action/checksums.txt"), "");
  const slow = CARGO.replace('console.log("cargo"', 'console.log("building"); setTimeout(() => {}, 700); console.log("cargo"');
  executable(path.join(copy, "tools"), "cargo", slow);
  const env = { GITHUB_ACTION_PATH: copy, PATH: `${copy}/tools:${process.env.PATH}` };
  const { child, done } = startAction({ inputs: { step: "smoke-test" }, env });
  await printed(child, "cargo build");
  child.kill("SIGINT");
  const { code, note, log } = await done;
  assert.ok(code !== 0 && note === undefined, log);
});

test("without a release and without cargo the way out is named", async () => {
  const bare = scratch();
  for (const tool of ["bash", "sh", "uname", "dirname", "cat", "grep", "awk"]) {
    const file = execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim();
    executable(bare, tool, `#!/bin/sh\nexec ${file} "$@"\n`);
  }
  refused(await runReleased({ checksums: "", env: { PATH: bare } }), 2, /has no release .* use a released tag, or set `bin-dir`/);
});

test("`bin-dir` comes first, then SLUICEGATE_BIN_DIR", async () => {
  const [first, second] = [scratch(), scratch()];
  executable(first, "smoke-test", "#!/bin/sh\nexit 11\n");
  executable(second, "smoke-test", "#!/bin/sh\nexit 12\n");
  const env = { SLUICEGATE_BIN_DIR: second };
  assert.equal((await runAction({ inputs: { step: "smoke-test", "bin-dir": first }, env })).code, 11);
  assert.equal((await runAction({ inputs: { step: "smoke-test" }, env })).code, 12);
});

test("a `bin-dir` without the binary is refused, not passed over", async () => {
  const empty = scratch();
  mkdirSync(path.join(empty, "rollback"));
  writeFileSync(path.join(empty, "migrate-gate"), "not executable");
  for (const step of ["smoke-test", "rollback", "migrate-gate"]) {
    refused(await runAction({ inputs: { step, "bin-dir": empty } }), 2, /which holds no executable/);
  }
});
