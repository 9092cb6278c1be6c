/**
 * `node --require compiled.cjs PROGRAM`: a program of this repository as tests run it. tsx looks at every module of every
 * package on the way; here TypeScript is compiled once for each content of a file, and packages load as they are. What
 * people run is bin/rampart.cjs with tsx: test/commands/bin.test.ts.
 */
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const Module = require("node:module");
const { join, resolve } = require("node:path");

require("../../bin/lazy-sdk.cjs");

const cache = resolve(__dirname, "../../.rampart/cache/compiled");
const options = { loader: "ts", format: "cjs", target: `node${process.versions.node}`, platform: "node" };

function compiled(source) {
  const file = join(cache, `${createHash("sha256").update(JSON.stringify(options)).update(source).digest("hex")}.cjs`);
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    const { code } = require("esbuild").transformSync(source, options);
    fs.mkdirSync(cache, { recursive: true });
    // Whole or not there: another process may look at the same moment.
    fs.writeFileSync(`${file}.${process.pid}`, code);
    fs.renameSync(`${file}.${process.pid}`, file);
    return code;
  }
}

Module._extensions[".ts"] = (module, filename) =>
  module._compile(compiled(fs.readFileSync(filename, "utf8")), filename);

const load = Module._load;
Module._load = function (request, parent, isMain) {
  return request === "tsx/cjs" ? {} : load.call(this, request, parent, isMain);
};
