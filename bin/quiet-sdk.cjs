/**
 * Pulumi's SDK does three things in each run of a program that nobody reads: a fourth of the program's time. From here
 * on it does not. Only bin/load.cjs loads this file, and not with RAMPART_DEBUG=1.
 */
const Module = require("node:module");

/**
 * By the files of the SDK: what of their exports is put in the place of the SDK's own. Where files import each other, a
 * first look may find exports that are not there yet.
 */
const QUIET = {
  // Three messages a resource, each a call over gRPC; the CLI shows them with `--debug` only.
  "log/index.js": (log) => (log.debug = () => Promise.resolve()),
  // For each resource the SDK looks up where in the sources it was made, in source maps. It would find places in the
  // bundle, and write them to the state.
  "resource.js": ({ Resource }) => Resource && (Resource.callsites = () => []),
  // Each run starts Node's debugger and waits for it, in case a function is serialised. The SDK starts the debugger
  // all the same once somebody serialises one.
  "runtime/closure/v8Hooks.js": (hooks) => (hooks.isInitializedAsync = () => Promise.resolve()),
};
const FILE = /[\\/]@pulumi[\\/]pulumi[\\/](log[\\/]index|resource|runtime[\\/]closure[\\/]v8Hooks)\.js$/;
/** What is asked for where it may be one of these files. */
const REQUEST = /(?:^|[\\/])(?:log|resource|v8Hooks)(?:[\\/]index)?(?:\.js)?$/;

const load = Module._load;
Module._load = function (request, parent, isMain) {
  const loaded = load.call(this, request, parent, isMain);
  if (!REQUEST.test(request)) return loaded;
  const file = FILE.exec(Module._resolveFilename(request, parent, isMain))?.[1];
  if (file !== undefined) QUIET[`${file.replaceAll("\\", "/")}.js`](loaded);
  return loaded;
};
