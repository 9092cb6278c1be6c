/**
 * Loaded before the Pulumi program (nodeargs in Pulumi.yaml).
 * The program runs as one bundle of its sources as they are.
 *
 * RAMPART_DEBUG=1 keeps the stack traces of errors, and the debug messages of Pulumi's SDK.
 */
const { join, resolve } = require("node:path");

const debug = process.env.RAMPART_DEBUG === "1";
require("./lazy-sdk.cjs");
if (!debug) require("./quiet-sdk.cjs");
const { keepCompiled, requireBundle } = require("./bundle.cjs");

keepCompiled();
const entry = join(resolve(__dirname, ".."), "index.ts");

// For each promise Pulumi's SDK notes where it was made, for nobody to read: a fifth of a preview's time.
if (!debug) Error.stackTraceLimit = 0;
require.extensions[".ts"] = (program, filename) => {
  if (filename !== entry) throw new Error(`${filename}: only ${entry} is loaded as a program`);
  program.exports = requireBundle("program");
};
