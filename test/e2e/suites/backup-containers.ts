/** The containers of the backups, each as its workload says, against a Postgres server and no stack around them. */
import { BackupWorld, PASSWORD, type Part } from "../lib/backup-containers";
import { docker, mustDocker } from "../lib/engine";
import { run, until, type RunResult } from "../lib/process";
import { REPOSITORY } from "../lib/pulumi";
import { expect, expectMatch, type Check, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";
import { parseSnapshots } from "../../../commands/shared/snapshots";

/**
 * Roles as a stack has them, and what a dump could get wrong:
 * odd names, forced row security, sequences, partitions, types.
 */
export const SCHEMA = `
CREATE ROLE migrator LOGIN CONNECTION LIMIT 5;
CREATE ROLE app_rw LOGIN CONNECTION LIMIT 50; ALTER ROLE app_rw SET statement_timeout = 30000;
CREATE ROLE app_ro LOGIN; CREATE ROLE reporting NOLOGIN; GRANT reporting TO app_ro;
CREATE ROLE backup LOGIN BYPASSRLS CONNECTION LIMIT 4 PASSWORD '${PASSWORD}';
ALTER ROLE backup SET statement_timeout = 30000;
REVOKE ALL ON DATABASE app, billing FROM PUBLIC;
GRANT CONNECT ON DATABASE app, billing TO migrator, app_rw, app_ro, backup;
ALTER ROLE app_rw IN DATABASE app SET search_path TO app, public; ALTER DATABASE app SET timezone TO 'Europe/Zurich';
\\connect app
CREATE SCHEMA app AUTHORIZATION migrator; GRANT USAGE ON SCHEMA app TO app_rw, app_ro, backup;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA app GRANT SELECT ON TABLES TO backup, app_ro;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app_rw;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA app GRANT SELECT, USAGE ON SEQUENCES TO app_rw;
ALTER DEFAULT PRIVILEGES FOR ROLE migrator IN SCHEMA app GRANT SELECT ON SEQUENCES TO backup;
CREATE EXTENSION pgcrypto; CREATE EXTENSION citext;
SET ROLE migrator;
CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE TABLE app.items (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL,
  kind varchar(10) NOT NULL CHECK (kind IN ('a', 'b')), mood app.mood, at timestamptz DEFAULT now(), amount float8,
  raw bytea, note text);
ALTER TABLE app.items ENABLE ROW LEVEL SECURITY; ALTER TABLE app.items FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON app.items TO app_rw USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid AND kind IN ('a', 'b'));
CREATE TABLE app."Odd ""name"", with	tab and \\ and é" ("select" int, "x" text, " " jsonb);
INSERT INTO app."Odd ""name"", with	tab and \\ and é" VALUES (1, 'x', '{"a": 1}'), (NULL, NULL, NULL),
  (1, 'x', '{"a": 1}');
CREATE TABLE app.nothing (); INSERT INTO app.nothing DEFAULT VALUES;
CREATE TABLE app.parts (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE app.parts_2026 PARTITION OF app.parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO app.parts VALUES (1, '2026-05-05');
CREATE VIEW app.totals WITH (security_invoker = true) AS SELECT kind, count(*) FROM app.items WHERE kind IN ('a')
  GROUP BY kind;
CREATE MATERIALIZED VIEW app.frozen AS SELECT 1 AS one;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.at := now(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON app.items FOR EACH ROW EXECUTE FUNCTION app.touch();
-- A cast of a row to text that its owner made must not be run by the backup's role.
CREATE FUNCTION app.leak(app.nothing) RETURNS text
  LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the cast was used''; END';
CREATE CAST (app.nothing AS text) WITH FUNCTION app.leak(app.nothing) AS ASSIGNMENT;
CREATE SEQUENCE app.down INCREMENT -3 START -1 MINVALUE -1000; SELECT nextval('app.down'), nextval('app.down');
RESET ROLE;
ALTER TABLE app.items NO FORCE ROW LEVEL SECURITY;
INSERT INTO app.items (tenant_id, kind, mood, amount, raw, note) SELECT gen_random_uuid(), 'a', 'ok', random(),
  gen_random_bytes(8), repeat('x', i % 40) FROM generate_series(1, 100000) i;
UPDATE app.items SET note = 'THE-MARKED-ROW' WHERE id = 77; ALTER TABLE app.items FORCE ROW LEVEL SECURITY;
CREATE SCHEMA rampart; GRANT USAGE ON SCHEMA rampart TO backup; CREATE TABLE rampart.guard (a int);
GRANT SELECT ON rampart.guard TO backup;
-- Not in schema rampart, which a restore makes as the stack's file wants it.
CREATE SCHEMA audit; GRANT USAGE ON SCHEMA audit TO backup;
CREATE FUNCTION audit.guard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER audit_guard ON ddl_command_end EXECUTE FUNCTION audit.guard();
\\connect billing
CREATE SCHEMA app AUTHORIZATION migrator; GRANT USAGE ON SCHEMA app TO backup;
CREATE TABLE app.invoices (id int PRIMARY KEY); INSERT INTO app.invoices SELECT generate_series(1, 100);
GRANT SELECT ON app.invoices TO backup;
`;

interface Stored {
  readonly snapshot: string;
  readonly bytes: number;
  readonly added: number;
  readonly epoch: number;
}
interface Drilled {
  readonly ok: boolean;
  readonly error: string;
  readonly databases: readonly {
    readonly database: string;
    readonly tables: number;
    readonly rows: number;
    readonly policies: number;
    readonly roles: number;
  }[];
  readonly differenceCount: number;
  readonly differences: readonly { readonly what: string; readonly name: string }[];
}

let world: BackupWorld | undefined;
const here = (): BackupWorld => {
  if (world === undefined) throw new Error("the containers are not there");
  return world;
};

async function backUp(): Promise<Stored> {
  const result = await here().exec("dump", ["now"]);
  expect(result.code === 0, `${result.output}\n${await here().logs("dump")}\n${await here().logs("store")}`);
  return JSON.parse(result.stdout) as Stored;
}

async function drill(snapshot = "latest"): Promise<Drilled> {
  const result = await here().exec("drill", ["now", snapshot]);
  const drilled = JSON.parse(result.stdout) as Drilled;
  expect(result.code === (drilled.ok ? 0 : 1), `exit code ${result.code} of ${result.stdout}`);
  return drilled;
}

/** The container's health check, asked now, with the grace of a start left behind. */
async function health(part: Part, grace = false): Promise<{ code: number; output: string }> {
  if (!grace) await docker(["exec", here().name(part), "sh", "-c", "echo 1 >/tmp/started"]);
  return here().exec(part, ["health"], 30);
}

/** The ids of all snapshots, the newest last, as `rampart restore` asks for them. */
async function list(): Promise<string[]> {
  const result = await here().exec("store", ["list"]);
  expect(result.code === 0, `list: ${result.output}`);
  return parseSnapshots(result.stdout).map(({ id }) => id);
}

const state = (line: string): Promise<string> => here().inVolume("state", line);

/** Changes bytes in the middle of three packs of dumps and of two of directories; gives how many those are. */
export async function damagePacks(
  world: BackupWorld,
  inRepository?: (line: string) => Promise<unknown>,
): Promise<number> {
  interface Index {
    readonly packs: readonly {
      readonly id: string;
      readonly blobs: readonly { readonly type: string; readonly length: number }[];
    }[];
  }
  const restic = async (...args: readonly string[]): Promise<string> => {
    const result = await world.exec("store", ["restic", ...args]);
    expect(result.code === 0, `restic ${args.join(" ")}: ${result.output}`);
    return result.stdout.trim();
  };
  const packs: Index["packs"][number][] = [];
  for (const index of (await restic("list", "index")).split("\n"))
    packs.push(...(JSON.parse(await restic("cat", "index", index)) as Index).packs);
  const size = (pack: (typeof packs)[number]): number => pack.blobs.reduce((sum, { length }) => sum + length, 0);
  const of = (kind: string): string[] =>
    packs
      .filter(({ blobs }) => blobs.every(({ type }) => type === kind))
      .sort((a, b) => size(b) - size(a))
      .map(({ id }) => id);
  const damaged = [...of("data").slice(0, 3), ...of("tree").slice(0, 2)];
  const flip = damaged.map(
    (id) =>
      `f=data/${id.slice(0, 2)}/${id}; chmod u+w $f; ` +
      "printf XXXX | dd of=$f bs=1 seek=$(($(stat -c %s $f) / 2)) conv=notrunc 2>/dev/null",
  );
  await (inRepository ?? ((line) => world.inVolume("repository", `cd /v && ${line}`)))(flip.join("; "));
  return damaged.length;
}

const start: Check<Context> = {
  name: "start beside a server, without root, without the Docker socket, the store and the drill on no network",
  critical: true,
  run: async ({ images }) => {
    world = new BackupWorld({ prefix: "rampart-e2e-parts", images, databases: ["app", "billing"] });
    await world.create(SCHEMA);
    for (const part of ["dump", "store", "drill"] as const) await world.start(part);
    await until("the store opens its repository", 60, async () => (await here().exec("store", ["health"])).code === 0);
    const networks = await docker([
      "inspect",
      "--format",
      "{{.HostConfig.NetworkMode}} {{.Config.User}}",
      world.name("dump"),
      world.name("store"),
      world.name("drill"),
    ]);
    expect(
      networks.stdout.trim().split("\n").join(", ") === `${world.network} 70:70, none 65534:70, none 70:70`,
      networks.stdout,
    );
  },
};

const CHECKS: readonly Check<Context>[] = [
  start,
  {
    name: "a backup asked for is dumped, stored and checked, and its plain text is gone",
    critical: true,
    run: async () => {
      const stored = await backUp();
      expect(/^[0-9a-f]{64}$/.test(stored.snapshot) && stored.bytes > 100_000, JSON.stringify(stored));
      await until("the dump is deleted", 20, async () => (await here().inVolume("scratch", "ls -A /v")).trim() === "");
      return `${stored.bytes} bytes, ${stored.added} added`;
    },
  },
  {
    name: "a second one stores only what changed",
    run: async () => {
      await here().sql("INSERT INTO app.items (tenant_id, kind) VALUES (gen_random_uuid(), 'b')");
      const stored = await backUp();
      expect(stored.added < stored.bytes / 3, `${stored.added} of ${stored.bytes} bytes were added`);
      return `${stored.added} of ${stored.bytes} bytes added`;
    },
  },
  {
    name: "a restore drill finds every row, policy, role and grant again",
    critical: true,
    // It counts the row that the second backup brought.
    continues: true,
    run: async () => {
      const drilled = await drill();
      expect(drilled.ok, JSON.stringify(drilled, undefined, 1));
      const [app] = drilled.databases;
      expect(
        app?.database === "app" && app.rows === 100_006 && app.policies === 1 && app.roles === 6,
        JSON.stringify(drilled.databases),
      );
      await until(
        "the restored dump is deleted",
        20,
        async () => (await here().inVolume("restored", "ls /v")).trim().split(/\s+/).join() === "cache,tmp",
      );
      expect((await here().inVolume("drill", "ls -A /v")).trim() === "", "the drill's server is still there");
      return JSON.stringify(drilled.databases);
    },
  },
  {
    name: "its containers say healthy, and why",
    run: async () => {
      for (const part of ["dump", "store", "drill"] as const) {
        const { code, output } = await health(part);
        expect(code === 0, output);
        expectMatch(
          output,
          part === "drill" ? /^the restore drill of \S+ passed/ : /^the newest good backup is of \S+, 0 hours ago/,
          part,
        );
      }
    },
  },
  {
    name: "an old backup turns them unhealthy, and one that was missed is made up for at once",
    run: async () => {
      const before = await state("cat /v/store/good /v/dump/since");
      await here().stop("dump");
      await state(
        `e=$(($(date +%s) - 27 * 3600)); sed -i 's/"epoch":[0-9]*/"epoch":'$e'/' /v/store/good; ` +
          "echo $((e - 86400)) >/v/dump/since",
      );
      const store = await health("store");
      expect(store.code === 1, `the store: ${store.output}`);
      expectMatch(store.output, /the newest good backup is of \S+, 27 hours ago: more than 26/, "the store");
      const good = async (): Promise<number> => (JSON.parse(await state("cat /v/store/good")) as Stored).epoch;
      const old = await good();
      await here().start("dump");
      await until("the missed backup is taken", 60, async () => (await good()) > old + 3600);
      expect((await health("store")).code === 0, `${before}: still unhealthy`);
      expectMatch(await here().logs("dump"), /a dump begins \(on schedule\)/, "the log");
    },
  },
  {
    name: "a table that the role cannot read fails the backup by its name, and stores nothing",
    run: async () => {
      const before = await state("cat /v/store/good");
      await here().sql("CREATE TABLE app.unreadable (a int)");
      const result = await here().exec("dump", ["now"]);
      await here().sql("DROP TABLE app.unreadable");
      expect(result.code === 1, result.output);
      expectMatch(result.stdout, /permission denied for table unreadable/, "the answer");
      expect((await state("cat /v/store/good")) === before, "a backup was recorded");
      const { code, output } = await health("dump");
      expect(code === 1, output);
      expectMatch(output, /the last dump failed at \S+: .*unreadable/, "health");
      await backUp();
      expect((await health("dump")).code === 0, "unhealthy after a good backup");
    },
  },
  {
    name: "a changed row, role, policy or checksum fails the drill, which names it",
    run: async () => {
      const wanted: readonly (readonly [string, string, RegExp])[] = [
        [
          "a row",
          "sed -i 's/THE-MARKED-ROW/THE-CHANGED-ROW/; s/THE-CHANGED-ROW/THE-CHANGED-RO/' /v/whole/app.dump",
          /"name":"app.items","what":"rows"/,
        ],
        [
          "a role",
          "sed -i 's/^ALTER ROLE app_rw WITH.*NOBYPASSRLS/& BYPASSRLS/; " +
            "s/NOBYPASSRLS BYPASSRLS/BYPASSRLS/' /v/whole/globals.sql",
          /"name":"app_rw","what":"role"/,
        ],
        ["a policy", "sed -i '/^\\[\"policy\"/s/app_rw/app_ro/' /v/whole/app.manifest", /"what":"policy"/],
        [
          "a checksum",
          'sed -i \'/"rows", "app.invoices"/s/"hash": "[0-9-]*/&1/\' /v/whole/billing.manifest',
          /"name":"app.invoices","what":"rows"/,
        ],
      ];
      await until("no dump waits", 30, async () => (await here().inVolume("scratch", "ls -A /v")).trim() === "");
      await here().stop("store");
      await docker(["exec", here().name("dump"), "touch", "/state/dump/request"]);
      await until("a dump waits", 30, async () => (await here().inVolume("scratch", "ls /v/whole")).includes("epoch"));
      await here().inVolume("scratch", wanted.map(([, change]) => change).join("; "));
      await here().start("store");
      await until(
        "the changed dump is stored",
        60,
        async () => (await here().inVolume("scratch", "ls -A /v")).trim() === "",
      );
      const drilled = await drill();
      // A role is looked at with each database; nothing else may differ.
      expect(!drilled.ok && drilled.differenceCount === wanted.length + 1, JSON.stringify(drilled));
      const differences = drilled.differences.map((one) => JSON.stringify(one));
      for (const [what, , expected] of wanted)
        expect(
          differences.filter((one) => expected.test(one)).length === (what === "a role" ? 2 : 1),
          `${what}: ${differences.join("\n")}`,
        );
      const { code, output } = await health("drill");
      expect(code === 1, output);
      expectMatch(await here().logs("drill"), /RESTORE DRILL FAILED/, "the log");
      await backUp();
      expect((await drill()).ok && (await health("drill")).code === 0, "the next good backup does not pass");
      return `${wanted.map(([what]) => what).join(", ")}: ${drilled.differenceCount} differences`;
    },
  },
  {
    name: "backups beyond what is kept are pruned, and those of the last day are not",
    run: async () => {
      const recent = await list();
      // One that says it is of three days ago.
      await here().stop("store");
      await docker(["exec", here().name("dump"), "touch", "/state/dump/request"]);
      await until("a dump waits", 30, async () => (await here().inVolume("scratch", "ls /v/whole")).includes("epoch"));
      await here().stop("dump");
      await here().inVolume("scratch", "e=$(cat /v/whole/epoch); echo $((e - 259200)) >/v/whole/epoch");
      await state("rm /v/store/good");
      await here().start("store", { keep: { daily: 1, weekly: 0, monthly: 0 } });
      const old = await until("it is stored", 60, async () => (await list()).find((id) => !recent.includes(id)));
      await here().start("dump");
      const stored = await backUp();
      await until("the old one is gone", 30, async () => !(await list()).includes(old));
      const left = await list();
      expect(
        [...recent, stored.snapshot].every((id) => left.includes(id)),
        `${left.join(", ")} are left of ${recent.join(", ")}, ${stored.snapshot} and ${old}`,
      );
      return `${recent.length} of today before, ${left.length} after`;
    },
  },
  {
    name: "whoever lists or reads backups while old ones are pruned waits, and gets them",
    run: async () => {
      const known = await list();
      const prunings = 4;
      let [asked, pruning] = [0, true];
      const prune = async (): Promise<void> => {
        try {
          for (let pruned = 0; pruned < prunings; pruned += 1) {
            const result = await here().exec("store", ["restic", "prune", "--retry-lock", "1m"]);
            expect(result.code === 0, `prune: ${result.output}`);
          }
        } finally {
          pruning = false;
        }
      };
      const ask = async (): Promise<void> => {
        for (; pruning && asked < 100; asked += 1) {
          expect((await list()).length === known.length, "a backup is not listed");
          const read = await here().exec("store", ["cat", known.at(-1) ?? "", "info.json"]);
          expect(read.code === 0 && read.stdout.includes('"databases"'), `cat: ${read.output}`);
        }
      };
      await Promise.all([prune(), ask()]);
      return `${asked} asked during ${prunings}`;
    },
  },
  {
    name: "a wrong password is reported at once, and changes nothing",
    run: async () => {
      const files = (): Promise<string> =>
        here().inVolume("repository", "cd /v && find . -type f | sort | xargs sha256sum | sha256sum");
      const before = await files();
      await here().stop("store");
      await here().secrets("anotherPassword12345");
      await here().start("store");
      try {
        await until("the fault is known", 30, async () => (await health("store", true)).output.includes("password"));
        const { code, output } = await health("store", true);
        expect(code === 1, output);
        expectMatch(
          output,
          /the password does not open the repository \/repository; nothing was changed in it\. .*docs\/backups\.md/,
          "health",
        );
        const backup = await here().exec("dump", ["now"], 60);
        expect(
          backup.code === 1 && backup.stdout.includes("the password does not open the repository"),
          `a backup: ${backup.output}`,
        );
        const drilled = await drill();
        expect(
          !drilled.ok && drilled.error.includes("the password does not open the repository"),
          `a drill: ${drilled.error}`,
        );
        expect((await files()) === before, "the repository changed");
      } finally {
        await here().secrets("aRepositoryPassword123");
        await here().start("store");
      }
      await until("it opens again", 30, async () => (await health("store", true)).code === 0);
    },
  },
  {
    name: "a repository that is gone is not made again",
    run: async () => {
      await here().stop("store");
      await here().inVolume(
        "repository",
        "mkdir /v/.away && mv /v/config /v/data /v/index /v/keys /v/snapshots /v/.away/",
      );
      await here().start("store");
      await until("the fault is known", 30, async () => (await health("store", true)).output.includes("gone"));
      expect((await here().inVolume("repository", "ls /v")).trim().replace("locks", "") === "", "something was made");
      await here().inVolume("repository", "mv /v/.away/* /v/ && rmdir /v/.away");
      await here().start("store");
      await until("it opens again", 30, async () => (await health("store", true)).code === 0);
    },
  },
  {
    name: "a file of the repository that the disk changed is found by the check",
    run: async () => {
      await here().inVolume(
        "repository",
        "cp -a /v/data /v/.good && for f in /v/data/*/*; do chmod u+w $f; " +
          "printf X | dd of=$f bs=1 seek=100 conv=notrunc 2>/dev/null; done",
      );
      await state(`sed -i 's/"readEpoch":[0-9]*/"readEpoch":1/' /v/store/check`);
      // All of it is read at once: it is small.
      const last = (await here().exec("dump", ["now"])).stdout.trim();
      expectMatch(last, /"step":"the check of the repository"/, "the answer");
      const { code, output } = await health("store");
      expect(code === 1, output);
      expectMatch(output, /the check of the repository failed at/, "health");
      const drilled = await drill();
      expect(!drilled.ok, "a drill passed on a broken repository");
      await here().stop("store");
      await here().inVolume(
        "repository",
        "for f in /v/.good/*/*; do cp -a $f /v/data/${f#/v/.good/}; done; rm -rf /v/.good",
      );
      await here().start("store");
      await backUp();
      expect((await health("store")).code === 0 && (await drill()).ok, "still broken after the files are back");
      return `${output.slice(0, 160)}; the drill: ${drilled.error.slice(0, 120)}`;
    },
  },
  {
    name:
      "several damaged packs are repaired by `rampart backup repair`, and what is beyond repair is forgotten " +
      "by name",
    run: async () => {
      const command = (...args: readonly string[]): Promise<RunResult> =>
        run("node", ["bin/rampart.cjs", "backup", "repair", here().settings.stack, ...args], {
          cwd: REPOSITORY,
          timeoutSeconds: 300,
        });
      // Rows that only the backup before the newest has: its part of the dump cannot come back.
      await here().sql(
        "INSERT INTO app.items (tenant_id, kind, raw) SELECT gen_random_uuid(), 'a', gen_random_bytes(1024) " +
          "FROM generate_series(1, 20000)",
      );
      const doomed = await backUp();
      await here().sql("DELETE FROM app.items WHERE length(raw) = 1024");
      await backUp();
      const packs = await damagePacks(here());
      await here().inVolume("restored", "rm -rf /v/cache/*");

      const looked = await command();
      expect(looked.code === 1, looked.output);
      expectMatch(looked.stdout, new RegExp(`Damaged packs \\(${packs}\\):`), "its words");
      expectMatch(looked.stdout, /Nothing was changed\. This would: repair the index/, "its words");
      const repaired = await command("--confirm", here().settings.stack);
      expect(repaired.code === 0, repaired.output);
      expectMatch(
        repaired.stdout,
        new RegExp(`Forgotten, as .*\\n(?: {2}.*\\n)* {2}${doomed.snapshot.slice(0, 8)} {2}`),
        "what is forgotten",
      );
      expectMatch(repaired.stdout, /Every byte of the repository was read again: nothing is damaged\./, "the end");

      const checked = await here().exec("store", ["restic", "check", "--read-data"]);
      expect(checked.code === 0, checked.output);
      expect((await drill()).ok && (await health("store")).code === 0, "not well after the repair");
      expect((await here().inVolume("restored", "ls /v")).includes("repair") === false, "copies of packs are left");
      const again = await command("--confirm", here().settings.stack);
      expect(again.code === 0 && again.stdout.includes("there is nothing to repair"), again.output);
      return `${packs} packs; ${repaired.stdout.trim().split("\n").at(-1) ?? ""}`;
    },
  },
  {
    name: "they stop at once, and a dump that was cut off leaves nothing behind",
    run: async () => {
      for (const part of ["dump", "store", "drill"] as const) {
        const began = Date.now();
        await docker(["stop", "--time", "20", here().name(part)]);
        expect(Date.now() - began < 5000, `${part} took ${Date.now() - began} ms`);
      }
      await here().inVolume(
        "scratch",
        "mkdir /v/123.partial && chown 70:70 /v/123.partial && touch /v/123.partial/app.dump",
      );
      for (const part of ["dump", "store", "drill"] as const) await docker(["start", here().name(part)]);
      await until("it is swept up", 20, async () => (await here().inVolume("scratch", "ls -A /v")).trim() === "");
      await backUp();
    },
  },
  {
    name: "a dump that could take the room that Postgres needs is given up, says so, and leaves nothing",
    run: async () => {
      // The next one needs the same volume, with more room.
      const scratch = async (...options: string[]): Promise<void> => {
        await here().stop("dump", "store");
        await mustDocker(["volume", "rm", here().name("scratch")]);
        await mustDocker(["volume", "create", ...options, here().name("scratch")]);
        await here().inVolume("scratch", "chmod 1777 /v");
        for (const part of ["dump", "store"] as const) await here().start(part);
      };
      const messages: string[] = [];
      for (const [size, expected] of [
        [
          "514m",
          /File too large database app could not be dumped the rest of the dump may take \d+ MiB and has to leave 512 MiB/,
        ],
        ["400m", /a dump may take 1 MiB and has to leave 512 MiB to Postgres, and the disk has 400 MiB free/],
      ] as const) {
        await scratch("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", `o=size=${size}`);
        const result = await here().exec("dump", ["now"]);
        expect(result.code === 1, result.output);
        expectMatch(result.stdout, expected, `with ${size}`);
        expect((await here().inVolume("scratch", "ls -A /v")).trim() === "", "a part of the dump is left");
        messages.push(result.stdout.trim().slice(-200));
      }
      await scratch();
      await backUp();
      return messages.at(0);
    },
  },
  {
    name: "no password is in docker inspect or in a log",
    run: async () => {
      for (const part of ["dump", "store", "drill"]) {
        const text = `${(await docker(["inspect", here().name(part)])).stdout}${await here().logs(part)}`;
        for (const secret of [PASSWORD, "aRepositoryPassword123"])
          expect(!text.includes(secret), `${part} shows a password`);
      }
    },
  },
  {
    name: "and are gone when the test is over",
    run: () => here().remove(),
  },
];

export const backupContainers: Suite<Context> = {
  name: "backup containers",
  stack: "backup containers",
  once: true,
  checks: CHECKS,
};
