/**
 * Two thirds of the time that Pulumi's SDK takes to load go to TypeScript and to npm's own library. The SDK wants them
 * to serialise functions, which Rampart never does. From here on they load when something first uses them.
 */
const Module = require("node:module");
const { lazyProperties } = require("./lazy-properties.cjs");

const LATER = /[\\/]@pulumi[\\/]pulumi[\\/]typescript-shim\.js$|[\\/]@npmcli[\\/]arborist[\\/]lib[\\/]index\.js$/;

/** Stands for a module until something is read from it, or it is called or constructed. */
function later(load) {
  let module;
  const real = () => (module ??= load());
  return new Proxy(function unloaded() {}, {
    get: (_target, key) => {
      // What a compiled import asks of every module first; it takes the module itself then, and reads from it later.
      if (key === "__esModule") return true;
      return key === "default" ? (real().default ?? real()) : real()[key];
    },
    has: (_target, key) => key in real(),
    apply: (_target, self, args) => Reflect.apply(real(), self, args),
    construct: (_target, args) => Reflect.construct(real(), args),
  });
}

const load = Module._load;
Module._load = function (request, parent, isMain) {
  if (/[\\/]rpc$/.test(request)) return lazyProperties(load.call(this, request, parent, isMain));
  if (!/typescript-shim|arborist/.test(request)) return load.call(this, request, parent, isMain);
  const file = Module._resolveFilename(request, parent, isMain);
  if (!LATER.test(file)) return load.call(this, request, parent, isMain);
  return later(() => load.call(this, request, parent, isMain));
};
