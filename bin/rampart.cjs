#!/usr/bin/env node
// In a clone the sources run as they are, as one bundle. The installed package has them compiled.
const { existsSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { join, resolve } = require("node:path");

// A plan loads the SDK without what only serialised functions need.
require("./lazy-sdk.cjs");

const root = resolve(__dirname, "..");
if (existsSync(join(root, "commands/rampart.ts"))) {
  const { main, program } = require("./bundle.cjs").requireBundle("commands");
  main(process.argv.slice(2), { [join(root, "index.ts")]: program });
} else {
  enableCompileCache?.();
  require("../dist/commands/rampart.js").main(process.argv.slice(2));
}
