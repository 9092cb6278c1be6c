/**
 * Loaded before the Pulumi program (nodeargs in Pulumi.yaml). The program runs as one bundle, which loads in a fraction of the
 * time that its files take one by one. Nobody can run a stale bundle: its name is a digest of every source file, taken at
 * each run, and of what makes it. Bundles lie in .rampart/cache; a missing one is made.
 *
 * RAMPART_DEBUG=1 keeps the stack traces of errors.
 */
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const { enableCompileCache } = require("node:module");
const { dirname, join, relative, resolve } = require("node:path");

require("./lazy-sdk.cjs");

const root = resolve(__dirname, "..");
const cache = join(root, ".rampart/cache");
const entry = join(root, "index.ts");
/** What the program's files may import. */
const ROOMS = ["components", "config", "engine", "hardening", "resources"];
const SOURCES = /\.(?:ts|json|sh|sql)$/;
const KEPT_BUNDLES = 4;

function sources(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((found) => {
    const path = join(folder, found.name);
    if (found.isDirectory()) return sources(path);
    return SOURCES.test(found.name) ? [path] : [];
  });
}

/** The bundle's file, by what is in it. */
function bundleFile() {
  const files = [
    __filename,
    entry,
    join(root, "package-lock.json"),
    ...ROOMS.flatMap((room) => sources(join(root, room))),
  ];
  const hash = createHash("sha256");
  for (const file of files.sort())
    hash
      .update(`${relative(root, file)}\0`)
      .update(fs.readFileSync(file))
      .update("\0");
  return join(cache, `program-${hash.digest("hex").slice(0, 24)}.cjs`);
}

/** In a bundle all files would share one __dirname; each has to find what lies beside it. */
const ownDirectory = {
  name: "own-directory",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: fs.readFileSync(path, "utf8").replace(/\b__dirname\b/g, () => JSON.stringify(dirname(path))),
      loader: "ts",
    })),
};

async function make(outfile) {
  const options = {
    bundle: true,
    platform: "node",
    format: "cjs",
    packages: "external",
    target: `node${process.versions.node}`,
  };
  const part = `${outfile}.${process.pid}`;
  fs.mkdirSync(cache, { recursive: true });
  await require("esbuild").build({
    ...options,
    entryPoints: [entry],
    outfile: part,
    plugins: [ownDirectory],
    logLevel: "error",
  });
  // Whole or not there: another run may look at the same moment.
  fs.renameSync(part, outfile);
  const bundles = fs.readdirSync(cache).filter((name) => name.startsWith("program-"));
  const age = (name) => fs.statSync(join(cache, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const name of bundles.sort((a, b) => age(b) - age(a)).slice(KEPT_BUNDLES))
    fs.rmSync(join(cache, name), { force: true });
}

if (require.main === module) {
  // What does not compile has been reported by now, with its place.
  make(process.argv[2]).catch((error) => {
    if (!Array.isArray(error.errors)) console.error(error);
    process.exitCode = 1;
  });
} else {
  // For each promise Pulumi's SDK notes where it was made, for nobody to read: a fifth of a preview's time.
  if (process.env.RAMPART_DEBUG !== "1") Error.stackTraceLimit = 0;
  // V8 keeps what it compiled, where Node.js can (from 22.1 on).
  enableCompileCache?.(join(cache, "v8"));
  require.extensions[".ts"] = (program, filename) => {
    if (filename !== entry) throw new Error(`${filename}: only ${entry} is loaded as a program`);
    const bundle = bundleFile();
    // Its own process, as a program is loaded synchronously and a bundle is not made so.
    if (!fs.existsSync(bundle)) {
      const { status } = spawnSync(process.execPath, [__filename, bundle], { stdio: ["ignore", "inherit", "inherit"] });
      if (status !== 0) throw new Error("the program could not be bundled: the message is above");
    }
    program.exports = require(bundle);
  };
}
