/**
 * What goes with environment.cjs: packages are loaded by Node.js, once a worker; this repository's own files once a
 * test file, as ever, so that no file sees what another did to them. Their code is compiled once a worker.
 */
const { createRequire } = require("node:module");
const { compileFunction } = require("node:vm");
const { default: Runtime } = require("jest-runtime");
// A package's SDK without what only serialised functions need, as in the program itself.
require("../../bin/lazy-sdk.cjs");

const fromHere = createRequire(__filename);
const SDK = "@pulumi/pulumi";
const OWN = /^[./]|^node:/;
/** The latest code of each file. */
const compiled = new Map();

/**
 * A package; of Pulumi's resources without the place in the sources that made each one, as in the program itself
 * (bin/load.cjs).
 */
function load(name) {
  const loaded = fromHere(name);
  if (name === SDK) loaded.Resource.callsites = () => [];
  return loaded;
}

function compile(source, filename, parameters) {
  const known = compiled.get(filename);
  if (known !== undefined && known.source === source) return known.code;
  const code = compileFunction(source, parameters, { filename });
  compiled.set(filename, { source, code });
  return code;
}

module.exports = class SharedRuntime extends Runtime {
  constructor(...args) {
    super(...args);
    const { cjsLoader } = this;
    const { executor } = cjsLoader ?? {};
    if (typeof executor?.compile !== "function" || typeof cjsLoader.requireModule !== "function")
      throw new Error("test/jest/runtime.cjs does not know this version of Jest: see how its CjsLoader compiles");
    const parameters = executor.injectedModuleParameters;
    executor.compile = (source, filename) => compile(source, filename, parameters);
    const loadOwn = cjsLoader.requireModule.bind(cjsLoader);
    cjsLoader.requireModule = (from, name, options, isRequireActual) =>
      name === undefined || options?.isInternalModule === true || OWN.test(name) || from.includes("/node_modules/")
        ? loadOwn(from, name, options, isRequireActual)
        : load(name);
  }
};
