/**
 * Makes one bundle of many source files; a bundle loads in a fraction of the time that its files take one by one.
 * Nobody can run a stale bundle: its name is a digest of every source file, taken at each run, and of what makes it.
 * Bundles lie in .rampart/cache; a missing one is made. Where nothing can be written there,
 * the bundle is made for the one run.
 *
 * RAMPART_DEBUG=1: the places in a stack trace are those in the sources.
 */
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const Module = require("node:module");
const { dirname, join, relative, resolve } = require("node:path");

const root = resolve(__dirname, "..");
const cache = join(root, ".rampart/cache");
const debug = process.env.RAMPART_DEBUG === "1";
const SOURCES = /\.(?:ts|json|sh|sql)$/;
const KEPT_BUNDLES = 4;
/** What a bundle may be long, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The bundles by their names: the module that each one stands for, and what its files may import. */
const BUNDLES = {
  program: { contents: 'module.exports = require("./index.ts");', rooms: [] },
  policy: { contents: 'require("./policy/pack.ts");', rooms: ["policy"] },
  // `plan` runs the program too, on the same modules: the schemas are built once.
  commands: {
    contents: 'exports.main = require("./commands/rampart.ts").main;\nexports.program = () => require("./index.ts");',
    rooms: ["commands", "plan", "verify"],
  },
};
const ROOMS = ["components", "config", "engine", "hardening", "resources"];

function sources(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((found) => {
    const path = join(folder, found.name);
    if (found.isDirectory()) return sources(path);
    return SOURCES.test(found.name) ? [path] : [];
  });
}

/** The bundle's file, by what is in it. */
function bundleFile(name) {
  const files = [
    __filename,
    join(root, "index.ts"),
    join(root, "package-lock.json"),
    ...[...ROOMS, ...BUNDLES[name].rooms].flatMap((room) => sources(join(root, room))),
  ];
  // A bundle names the directories that its files lie in: a copy of the clone needs bundles of its own.
  const hash = createHash("sha256").update(`${root}\0${process.version}\0${debug}\0`);
  for (const file of files.sort())
    hash
      .update(`${relative(root, file)}\0`)
      .update(fs.readFileSync(file))
      .update("\0");
  return join(cache, `${name}-${hash.digest("hex").slice(0, 24)}.cjs`);
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

/** The text of a bundle. */
async function bundled(name) {
  const { outputFiles } = await require("esbuild").build({
    bundle: true,
    platform: "node",
    format: "cjs",
    packages: "external",
    target: `node${process.versions.node}`,
    stdin: { contents: BUNDLES[name].contents, resolveDir: root, sourcefile: `${name}.js` },
    // Sources are named from where the bundle lies.
    outfile: join(cache, `${name}.cjs`),
    sourcemap: debug ? "inline" : false,
    plugins: [ownDirectory],
    logLevel: "error",
    write: false,
  });
  return outputFiles[0].text;
}

/**
 * Puts a bundle in the cache for later runs, and takes out old ones. A checkout that nobody may write to has no cache.
 */
function keep(name, file, text) {
  const part = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(cache, { recursive: true });
    // Whole or not there: another run may look at the same moment.
    fs.writeFileSync(part, text);
    fs.renameSync(part, file);
  } catch (error) {
    fs.rmSync(part, { force: true });
    if (["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"].includes(error.code)) return;
    throw error;
  }
  const bundles = fs.readdirSync(cache).filter((other) => other.startsWith(`${name}-`));
  const age = (other) => fs.statSync(join(cache, other), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const other of bundles.sort((a, b) => age(b) - age(a)).slice(KEPT_BUNDLES))
    fs.rmSync(join(cache, other), { force: true });
}

/** What a bundle exports; the bundle is made if it is not there. @throws Error if the sources do not compile */
function requireBundle(name) {
  if (debug) process.setSourceMapsEnabled(true);
  // V8 keeps what it compiled, where Node.js can (from 22.1 on).
  Module.enableCompileCache?.(join(cache, "v8"));
  const file = bundleFile(name);
  if (fs.existsSync(file)) return require(file);
  // Its own process, as a program is loaded synchronously and a bundle is not made so.
  const { status, stdout } = spawnSync(process.execPath, [__filename, name], {
    encoding: "utf8",
    maxBuffer: MAX_BYTES,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`the ${name} could not be bundled: the message is above`);
  keep(name, file, stdout);
  const made = new Module(file, module);
  made.filename = file;
  made.paths = Module._nodeModulePaths(cache);
  made._compile(stdout, file);
  return made.exports;
}

if (require.main === module) {
  bundled(process.argv[2]).then(
    (text) => process.stdout.write(text),
    (error) => {
      // What does not compile has been reported by now, with its place.
      if (!Array.isArray(error.errors)) console.error(error);
      process.exitCode = 1;
    },
  );
}

module.exports = { requireBundle };
