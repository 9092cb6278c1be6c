/**
 * `npm run check`: types and lint rules on one program of TypeScript, and beside them `npm run check:form`. Two
 * programs, tsc and eslint, would each read, bind and check every file. Silent when there is nothing to say;
 * ends with 1 otherwise.
 */
import { spawn } from "node:child_process";
import { ESLint } from "eslint";
import ts from "typescript";

const host = {
  fileExists: ts.sys.fileExists,
  getCurrentDirectory: ts.sys.getCurrentDirectory,
  getCanonicalFileName: (name) => name,
  getNewLine: () => ts.sys.newLine,
};

/** The program of tsconfig.json, with the errors in the configuration itself. */
function compile() {
  const { config, error } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
  if (error !== undefined) return { errors: [error] };
  const { errors, fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const program = ts.createProgram(fileNames, { ...options, noEmit: true });
  return { program, errors: [...errors, ...ts.getPreEmitDiagnostics(program)] };
}

async function lint(program) {
  const eslint = new ESLint({
    overrideConfig: {
      files: ["**/*.ts"],
      languageOptions: { parserOptions: { projectService: false, programs: [program] } },
    },
  });
  const results = await eslint.lintFiles(["."]);
  const formatter = await eslint.loadFormatter("stylish");
  process.stdout.write(await formatter.format(results));
  return results.some(({ errorCount }) => errorCount > 0);
}

/** Whether the form is as it should be; what is not is printed at the end, so that no two tools' lines mix. */
function form() {
  const child = spawn("npm", ["run", "--silent", "check:form"], { stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ok: code === 0, said: Buffer.concat(said) }));
  });
}

const formed = form();
const { program, errors } = compile();
if (errors.length > 0) process.stderr.write(ts.formatDiagnosticsWithColorAndContext(errors, host));
const faulty = program !== undefined && (await lint(program));
const { ok, said } = await formed;
process.stdout.write(said);
process.exitCode = errors.length > 0 || faulty || !ok ? 1 : 0;
