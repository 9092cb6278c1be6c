#!/usr/bin/env node
// In a clone the sources run as they are: tsx compiles each file as it loads. The installed package has them compiled.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const source = join(__dirname, "../commands/rampart.ts");
const inClone = existsSync(source);
if (inClone) {
  require("tsx/cjs");
  // A plan loads the SDK without what only serialised functions need.
  require("./lazy-sdk.cjs");
}
const { main } = require(inClone ? source : "../dist/commands/rampart.js");
main(process.argv.slice(2));
