/**
 * Loaded before the Pulumi program (nodeargs in Pulumi.yaml).
 * The program runs as one bundle of its sources as they are.
 *
 * RAMPART_DEBUG=1 keeps the stack traces of errors.
 */
const { join, resolve } = require("node:path");

require("./lazy-sdk.cjs");
const { requireBundle } = require("./bundle.cjs");

const entry = join(resolve(__dirname, ".."), "index.ts");

const debug = process.env.RAMPART_DEBUG === "1";
// For each promise Pulumi's SDK notes where it was made, for nobody to read: a fifth of a preview's time.
if (!debug) Error.stackTraceLimit = 0;
require.extensions[".ts"] = (program, filename) => {
  if (filename !== entry) throw new Error(`${filename}: only ${entry} is loaded as a program`);
  // For each resource the SDK looks up where in the sources it was made, in source maps: another tenth. It would find
  // places in the bundle, and write them to the state.
  if (!debug) require("@pulumi/pulumi").Resource.callsites = () => [];
  program.exports = requireBundle("program");
};
