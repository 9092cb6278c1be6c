/**
 * `npm run check`: every script `check:…` of package.json, side by side. Silent when there is nothing to say;
 * otherwise prints what each of the failed ones has to say, one after the other, and ends with 1.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
const commands = Object.keys(scripts).flatMap((name) => (name.startsWith("check:") ? [scripts[name]] : []));

/**
 * TypeScript and the typed lint rules are Go programs that end before their garbage is worth collecting: collecting it
 * takes a quarter of their time. The limit is for a repository that grew.
 */
const env = { GOGC: "off", GOMEMLIMIT: "2GiB", ...process.env };

/** What a command said, and whether it ended with 0. npm has put the programs of node_modules on the path. */
function run(command) {
  const child = spawn(command, { env, shell: true, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ok: code === 0, said: Buffer.concat(said) }));
  });
}

const faults = (await Promise.all(commands.map(run))).filter(({ ok }) => !ok);
for (const { said } of faults) process.stdout.write(said);
process.exitCode = faults.length > 0 ? 1 : 0;
