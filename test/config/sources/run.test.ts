/** The runner with stand-in programs: small scripts that do what a program of the kind may do. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OUTPUT_LIMIT, runForSecret, withoutSecrets, type Reading } from "../../../config/sources/run";

const SECRET = "q7Zk3v9QmX7Lr2Wp8Tn5";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "rampart-sources-"));
  mkdirSync(join(directory, "bin"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Makes a program of a script, and runs it by its name. */
function run(script: string, words: readonly string[] = [], timeLimitSeconds?: number): Reading {
  const path = join(directory, "bin", "keeper");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const env = { PATH: `${join(directory, "bin")}:/usr/bin:/bin`, PULUMI_CONFIG_PASSPHRASE: "of-the-stack", HOME: "/h" };
  const limit = timeLimitSeconds === undefined ? {} : { timeLimitSeconds };
  return runForSecret(["keeper", ...words], { env, directory, ...limit });
}

const value = (text: string): Reading => ({ kind: "value", value: text });
const why = (reading: Reading): string => (reading.kind === "failed" ? reading.why : `not failed: ${reading.kind}`);

describe("what is printed", () => {
  test("is the secret, without one line break at its end", () => {
    expect(run(`printf '%s' ${SECRET}`)).toEqual(value(SECRET));
    expect(run(`printf '%s\\n' ${SECRET}`)).toEqual(value(SECRET));
    expect(run(`printf '%s\\r\\n' ${SECRET}`)).toEqual(value(SECRET));
    expect(run(`printf '%s\\n\\n' ${SECRET}`)).toEqual(value(`${SECRET}\n`));
    expect(run("printf ' first\\nsecond \\n'")).toEqual(value(" first\nsecond "));
  });

  test("is refused where it is nothing, no text, or without end", () => {
    expect(why(run("true"))).toBe("printed nothing");
    expect(why(run("echo"))).toBe("printed nothing");
    expect(why(run("printf '\\377\\376'"))).toBe("printed something that is no text");
    expect(why(run("printf 'a\\000b'"))).toBe("printed a NUL character, which no secret has");
    expect(why(run("while :; do echo 0123456789abcdef0123456789abcdef; done"))).toBe("printed more than 64 KiB");
    expect(run(`head -c ${OUTPUT_LIMIT} /dev/zero | tr '\\0' a`).kind).toBe("value");
  });
});

describe("a program", () => {
  test("gets its words as they are, no shell's, and no input", () => {
    expect(run('printf "%s|" "$@"; cat', ["$(id)", "a b", "; echo x", "*"])).toEqual(value("$(id)|a b|; echo x|*|"));
  });

  test("gets the environment, without what opens the stack's own secrets", () => {
    expect(run('printf "%s %s" "$HOME" "${PULUMI_CONFIG_PASSPHRASE-none}"')).toEqual(value("/h none"));
  });

  test("is found by a path from the project's directory", () => {
    run(`printf '%s' ${SECRET}`);
    const env = { PATH: "/usr/bin:/bin" };
    expect(runForSecret(["./bin/keeper"], { env, directory })).toEqual(value(SECRET));
  });

  test("that is not there is missing", () => {
    expect(runForSecret(["no-such-program"], { env: { PATH: directory }, directory })).toEqual({ kind: "missing" });
  });

  test("that is no program could not be started", () => {
    writeFileSync(join(directory, "bin", "notes"), "text");
    const env = { PATH: join(directory, "bin") };
    expect(why(runForSecret(["notes"], { env, directory }))).toBe("could not be started (EACCES)");
  });

  test("that hangs is ended, with what it started", () => {
    expect(why(run("sleep 60 & sleep 60", [], 0.2))).toBe("did not end within 0.2 seconds");
  });

  test("that fails says why, and nothing of what it printed", () => {
    const reading = run(`echo ${SECRET}; echo "cannot print ${SECRET}: not logged in" >&2; exit 3`);
    expect(why(reading)).toBe("ended with 3: cannot print (hidden): not logged in");
    expect(why(run("exit 2"))).toBe("ended with 2");
    expect(why(run("kill -9 $$"))).toBe("was ended by SIGKILL");
    expect(JSON.stringify(reading)).not.toContain(SECRET);
  });

  test("that talks much is quoted with its last lines, without control characters", () => {
    const reading = why(run("for i in $(seq 20); do printf 'line %s\\033[2J\\n' $i >&2; done; exit 1"));
    expect(reading).toBe(
      `ended with 1: ${Array.from({ length: 14 }, (_, index) => index + 7)
        .map((line) => `line ${line}\\u001b[2J`)
        .join(" / ")}`,
    );
  });
});

describe("a message", () => {
  test("loses keys, tokens and passwords, and keeps paths and words", () => {
    expect(withoutSecrets("GET https://ana:hunter2@vault.acme.com/v1/secret/data/shop: 403", [])).toBe(
      "GET https://(hidden)@vault.acme.com/v1/secret/data/shop: 403",
    );
    expect(withoutSecrets("token hvs0CAESIJ8f3kq2Lm9Xr7 refused", [])).toBe("token (hidden) refused");
    expect(withoutSecrets("key sk_live_4eC39HqLyjWDarjtT1zdp7dc is revoked", [])).toBe("key (hidden) is revoked");
    expect(withoutSecrets("no file secrets/prod.enc.yaml in /home/ana/acme-shop-infrastructure", [])).toBe(
      "no file secrets/prod.enc.yaml in /home/ana/acme-shop-infrastructure",
    );
  });
});
