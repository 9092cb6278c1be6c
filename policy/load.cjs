// In a clone the sources run as they are, as one bundle. The installed package has them compiled.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

if (existsSync(join(__dirname, "pack.ts"))) require("../bin/bundle.cjs").requireBundle("policy");
else require("../dist/policy/pack.js");
