/**
 * `node --require compiled.cjs FILE.ts`: runs sources as Jest compiles them.
 * tsx would look at every file of every package as well.
 */
const { transformFileSync } = require("@swc/core");
require("../../bin/lazy-sdk.cjs");

// For each promise Pulumi's SDK notes where it was made.
Error.stackTraceLimit = 0;
require.extensions[".ts"] = (module, filename) => {
  const { code } = transformFileSync(filename, {
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
    module: { type: "commonjs" },
    swcrc: false,
  });
  module._compile(code, filename);
};
